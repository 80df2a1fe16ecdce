#include "harness/engine/gemm_convolution.h"

#include <omp.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace qyolo::engine {
namespace {

constexpr std::ptrdiff_t kDepthBlock = 384;   // a panel of it stays in the first-level cache
constexpr std::ptrdiff_t kPixelBlock = 96;    // with a block of depth in the second-level cache
constexpr std::ptrdiff_t kFilterBlock = 256;  // likewise, with the sums of a block of pixels

constexpr std::ptrdiff_t round_up(std::ptrdiff_t value, std::ptrdiff_t step) {
  return (value + step - 1) / step * step;
}

// Sizes of the matrices of one group. Depth runs over the kernel's positions, and of each over the
// channels, filled up to the kernel's group.
struct Sizes {
  Sizes(const MatrixKernel& kernel, const model::ConvNode& conv, bool integer)
      : group(integer ? kernel.group : 1),
        filters(conv.filters / conv.groups),
        channels(conv.channels / conv.groups),
        taps(std::ptrdiff_t{conv.kernel_h} * conv.kernel_w),
        padded_channels(round_up(channels, group)),
        depth(taps * padded_channels),
        panels((filters + kernel.columns - 1) / kernel.columns),
        panel_size(depth * kernel.columns) {}

  std::ptrdiff_t group, filters, channels, taps, padded_channels, depth, panels, panel_size;
};

// visit(where in the panels, where in the weights)
template <class Visit>
void for_each_weight(const MatrixKernel& kernel, const model::ConvNode& conv, const Sizes& sizes,
                     const Visit& visit) {
  std::size_t weight = 0;
  for (std::ptrdiff_t filter = 0; filter < conv.filters; ++filter) {
    const std::ptrdiff_t of_group = filter % sizes.filters;
    const std::ptrdiff_t panel = filter / sizes.filters * sizes.panels + of_group / kernel.columns;
    const std::ptrdiff_t column = of_group % kernel.columns;
    for (std::ptrdiff_t c = 0; c < sizes.channels; ++c) {
      for (std::ptrdiff_t tap = 0; tap < sizes.taps; ++tap, ++weight) {
        const std::ptrdiff_t k = tap * sizes.padded_channels + c;
        const std::ptrdiff_t at = panel * sizes.panel_size +
                                  k / sizes.group * sizes.group * kernel.columns +
                                  column * sizes.group + k % sizes.group;
        visit(static_cast<std::size_t>(at), weight);
      }
    }
  }
}

template <class To, class From>
std::vector<To> pack(const MatrixKernel& kernel, const model::ConvNode& conv, bool integer,
                     std::span<const From> weights) {
  const Sizes sizes(kernel, conv, integer);
  std::vector<To> packed(static_cast<std::size_t>(conv.groups * sizes.panels * sizes.panel_size));
  for_each_weight(kernel, conv, sizes,
                  [&](std::size_t at, std::size_t i) { packed[at] = weights[i]; });
  return packed;
}

enum class Use { kSums, kInputs };

// Memory of a thread, kept from one convolution to the next.
template <class T, Use kUse>
T* scratch(std::size_t count) {
  thread_local std::vector<T> block;
  if (block.size() < count) block.resize(count);
  return block.data();
}

// Pixels of the input as operands: groups of padded channels.
template <class Operand>
struct Input {
  const Operand* data = nullptr;
  std::ptrdiff_t pitch = 0, group_pitch = 0;
};

// Codes less their zero point, in memory of `scratch`. Whole tiles may read beyond the last pixel.
Input<std::int16_t> widened(const MatrixKernel& kernel, const model::ConvNode& conv,
                            const Sizes& sizes, const Map& from, Block& scratch) {
  const std::ptrdiff_t pixels = std::ptrdiff_t{from.batch} * from.height * from.width;
  const std::ptrdiff_t pitch = conv.groups * sizes.padded_channels;
  auto* const data = reinterpret_cast<std::int16_t*>(scratch.reserve(
      static_cast<std::size_t>((pixels + kernel.rows) * pitch) * sizeof(std::int16_t)));
  const bool dense = sizes.padded_channels == sizes.channels && from.pitch == from.channels;
  const std::ptrdiff_t row_pixels = from.width, rows = pixels / from.width;
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t row = 0; row < rows; ++row) {
    const std::uint8_t* source =
        static_cast<const std::uint8_t*>(from.data) + row * row_pixels * from.pitch;
    std::int16_t* target = data + row * row_pixels * pitch;
    if (dense) {
      kernel.widen(source, row_pixels * pitch, from.type.zero_point, target);
      continue;
    }
    for (std::ptrdiff_t x = 0; x < row_pixels; ++x, source += from.pitch) {
      for (std::ptrdiff_t group = 0; group < conv.groups;
           ++group, target += sizes.padded_channels) {
        kernel.widen(source + group * sizes.channels, sizes.channels, from.type.zero_point, target);
        std::fill(target + sizes.channels, target + sizes.padded_channels, std::int16_t{0});
      }
    }
  }
  return {data, pitch, sizes.padded_channels};
}

// Float: FP32 maps and panels; otherwise codes and integers.
template <bool kFloat>
class Product {
  using Operand = std::conditional_t<kFloat, float, std::int16_t>;
  using Sum = std::conditional_t<kFloat, float, std::int32_t>;

 public:
  Product(const MatrixKernel& kernel, const model::ConvNode& conv, const Map& from,
          const FilterPanels& panels, std::span<const float> scales, std::span<const float> bias,
          const Map& to, Block& scratch)
      : kernel_(kernel),
        conv_(conv),
        from_(from),
        to_(to),
        sizes_(kernel, conv, !kFloat),
        pixels_(std::ptrdiff_t{to.batch} * to.height * to.width),
        pixel_block_(round_up(kPixelBlock, kernel.rows)),
        filter_block_(
            std::min(round_up(kFilterBlock, kernel.columns), sizes_.panels * kernel.columns)),
        pointwise_(sizes_.taps == 1 && conv.stride_h == 1 && conv.stride_w == 1 &&
                   conv.pad_h == 0 && conv.pad_w == 0) {
    scales_ = by_panel(scales);
    bias_ = by_panel(bias);
    finish_ = finish_of(conv, to.type);
    if constexpr (kFloat) {
      panels_ = panels.floats.data();
      input_ = {static_cast<const float*>(from.data), from.pitch, sizes_.channels};
    } else {
      panels_ = panels.integers.data();
      input_ = widened(kernel, conv, sizes_, from, scratch);
    }
    // A row of the kernel lies in one piece.
    rows_in_one_piece_ =
        conv.groups == 1 && conv.dilation_w == 1 && input_.pitch == sizes_.padded_channels;
    const std::ptrdiff_t kernel_row = conv.kernel_w * sizes_.padded_channels;
    depth_block_ = kernel_row < kDepthBlock ? kDepthBlock / kernel_row * kernel_row : kDepthBlock;
  }

  void run() {
    const std::ptrdiff_t filter_blocks =
        (sizes_.panels * kernel_.columns + filter_block_ - 1) / filter_block_;
    // Small maps: at least some blocks for every thread.
    const std::ptrdiff_t wanted = std::ptrdiff_t{4} * omp_get_max_threads();
    const std::ptrdiff_t even = round_up(
        std::max<std::ptrdiff_t>(pixels_ * filter_blocks * conv_.groups / wanted, 1), kernel_.rows);
    pixel_block_ = std::min(pixel_block_, even);
    const std::ptrdiff_t pixel_blocks = (pixels_ + pixel_block_ - 1) / pixel_block_;
    const std::ptrdiff_t blocks = pixel_blocks * filter_blocks * conv_.groups;
#pragma omp parallel for schedule(dynamic)
    for (std::ptrdiff_t block = 0; block < blocks; ++block) {
      const std::ptrdiff_t group = block % conv_.groups;
      const std::ptrdiff_t filters = block / conv_.groups % filter_blocks * filter_block_;
      run_block(group, block / conv_.groups / filter_blocks * pixel_block_, filters,
                std::min(filters + filter_block_, sizes_.panels * kernel_.columns));
    }
  }

 private:
  // A value of each filter, as the panels have the filters.
  std::vector<float> by_panel(std::span<const float> values) const {
    const std::ptrdiff_t padded = sizes_.panels * kernel_.columns;
    std::vector<float> all(values.empty() ? 0 : static_cast<std::size_t>(conv_.groups * padded));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto filter = static_cast<std::ptrdiff_t>(i);
      all[static_cast<std::size_t>(filter / sizes_.filters * padded + filter % sizes_.filters)] =
          values[i];
    }
    return all;
  }

  // The operands of one row, as they lie, from depth `first` on, and how far the next row's are.
  struct Rows {
    const Operand* data;
    std::ptrdiff_t pitch;
  };

  void run_block(std::ptrdiff_t group, std::ptrdiff_t first_pixel, std::ptrdiff_t first_filter,
                 std::ptrdiff_t last_filter) const {
    const std::ptrdiff_t pixels = std::min(pixel_block_, pixels_ - first_pixel);
    const std::ptrdiff_t rows = round_up(pixels, kernel_.rows);
    const std::ptrdiff_t columns = last_filter - first_filter;
    Sum* const sums =
        scratch<Sum, Use::kSums>(static_cast<std::size_t>(pixel_block_ * filter_block_));
    std::fill_n(sums, rows * columns, Sum{0});
    for (std::ptrdiff_t k = 0; k < sizes_.depth; k += depth_block_) {
      const std::ptrdiff_t depth = std::min(depth_block_, sizes_.depth - k);
      const Rows operands = rows_of(group, first_pixel, pixels, rows, k, depth);
      for (std::ptrdiff_t filter = first_filter; filter < last_filter; filter += kernel_.columns) {
        const std::ptrdiff_t panel = group * sizes_.panels + filter / kernel_.columns;
        const Operand* const b = panels_ + panel * sizes_.panel_size + k * kernel_.columns;
        const auto multiply = multiply_for(sizes_.filters - filter);
        for (std::ptrdiff_t row = 0; row < rows; row += kernel_.rows) {
          multiply(operands.data + row * operands.pitch, operands.pitch, b, depth,
                   sums + row * columns + (filter - first_filter), columns);
        }
      }
    }
    finish(sums, columns, group, first_pixel, pixels, first_filter,
           std::min(last_filter, sizes_.filters));
  }

  [[nodiscard]] MatrixKernel::Multiply<Operand, Sum> multiply_for(std::ptrdiff_t filters) const {
    const bool half = 2 * filters <= kernel_.columns;
    if constexpr (kFloat) return half ? kernel_.multiply_half_floats : kernel_.multiply_floats;
    if constexpr (!kFloat) return half ? kernel_.multiply_half_integers : kernel_.multiply_integers;
  }

  // Depth [k, k + depth) of the pixels' inputs: in place where they lie so, else copied.
  Rows rows_of(std::ptrdiff_t group, std::ptrdiff_t first_pixel, std::ptrdiff_t pixels,
               std::ptrdiff_t rows, std::ptrdiff_t k, std::ptrdiff_t depth) const {
    if (pointwise_ && (!kFloat || pixels == rows)) {
      return {input_.data + first_pixel * input_.pitch + group * input_.group_pitch + k,
              input_.pitch};
    }
    Operand* const copied =
        scratch<Operand, Use::kInputs>(static_cast<std::size_t>(pixel_block_ * kDepthBlock));
    if (rows_in_one_piece_) {
      copy_kernel_rows(first_pixel, pixels, k, depth, copied);
    } else {
      copy_taps(group, first_pixel, pixels, k, depth, copied);
    }
    std::fill_n(copied + pixels * depth, (rows - pixels) * depth, Operand{0});
    return {copied, depth};
  }

  // visit(image, y, x) of the input at the kernel's first position, which may be outside, of every
  // output pixel.
  template <class Visit>
  void for_each_place(std::ptrdiff_t first_pixel, std::ptrdiff_t pixels, const Visit& visit) const {
    std::ptrdiff_t x = first_pixel % to_.width, y = first_pixel / to_.width % to_.height;
    std::ptrdiff_t image = first_pixel / to_.width / to_.height;
    for (std::ptrdiff_t i = 0; i < pixels; ++i) {
      visit(image, y * conv_.stride_h - conv_.pad_h, x * conv_.stride_w - conv_.pad_w);
      if (++x < to_.width) continue;
      x = 0;
      if (++y < to_.height) continue;
      y = 0;
      ++image;
    }
  }

  void copy_kernel_rows(std::ptrdiff_t first_pixel, std::ptrdiff_t pixels, std::ptrdiff_t k,
                        std::ptrdiff_t depth, Operand* copied) const {
    const std::ptrdiff_t kernel_row = conv_.kernel_w * input_.pitch;
    const std::ptrdiff_t map_row = from_.width * input_.pitch;
    for (std::ptrdiff_t at = 0; at < depth;) {
      const std::ptrdiff_t i = (k + at) / kernel_row, within = (k + at) % kernel_row;
      const std::ptrdiff_t count = std::min(kernel_row - within, depth - at);
      Operand* to = copied + at;
      for_each_place(first_pixel, pixels, [&](auto image, auto top, auto left) {
        const std::ptrdiff_t y = top + i * conv_.dilation_h;
        const std::ptrdiff_t start = left * input_.pitch + within;
        if (y < 0 || y >= from_.height) {
          std::fill_n(to, count, Operand{0});
        } else {
          copy_within(input_.data + (image * from_.height + y) * map_row, map_row, start, count,
                      to);
        }
        to += depth;
      });
      at += count;
    }
  }

  // source[start, start + count) of a row, and zeros where that is left or right of the row.
  static void copy_within(const Operand* source, std::ptrdiff_t size, std::ptrdiff_t start,
                          std::ptrdiff_t count, Operand* to) {
    if (start >= 0 && start + count <= size) {
      std::memcpy(to, source + start, static_cast<std::size_t>(count) * sizeof(Operand));
      return;
    }
    const std::ptrdiff_t first = std::clamp<std::ptrdiff_t>(-start, 0, count);
    const std::ptrdiff_t last = std::clamp(size - start, first, count);
    std::fill_n(to, first, Operand{0});
    std::copy(source + start + first, source + start + last, to + first);
    std::fill_n(to + last, count - last, Operand{0});
  }

  void copy_taps(std::ptrdiff_t group, std::ptrdiff_t first_pixel, std::ptrdiff_t pixels,
                 std::ptrdiff_t k, std::ptrdiff_t depth, Operand* copied) const {
    for (std::ptrdiff_t at = 0; at < depth;) {
      const std::ptrdiff_t tap = (k + at) / sizes_.padded_channels;
      const std::ptrdiff_t first = (k + at) % sizes_.padded_channels;
      const std::ptrdiff_t count = std::min(sizes_.padded_channels - first, depth - at);
      Operand* to = copied + at;
      for_each_place(first_pixel, pixels, [&](auto image, auto top, auto left) {
        const std::ptrdiff_t y = top + tap / conv_.kernel_w * conv_.dilation_h;
        const std::ptrdiff_t x = left + tap % conv_.kernel_w * conv_.dilation_w;
        if (y < 0 || y >= from_.height || x < 0 || x >= from_.width) {
          std::fill_n(to, count, Operand{0});
        } else {
          const std::ptrdiff_t pixel = (image * from_.height + y) * from_.width + x;
          std::memcpy(to, input_.data + pixel * input_.pitch + group * input_.group_pitch + first,
                      static_cast<std::size_t>(count) * sizeof(Operand));
        }
        to += depth;
      });
      at += count;
    }
  }

  // Sums of filters [first, last) of the group become the output pixels' values.
  void finish(const Sum* sums, std::ptrdiff_t columns, std::ptrdiff_t group,
              std::ptrdiff_t first_pixel, std::ptrdiff_t pixels, std::ptrdiff_t first,
              std::ptrdiff_t last) const {
    const std::ptrdiff_t filter = group * sizes_.filters + first;
    Finish finish = finish_;
    const std::ptrdiff_t panel = group * sizes_.panels * kernel_.columns + first;
    finish.bias = bias_.data() + panel;
    finish.scales = scales_.data() + panel;
    const std::ptrdiff_t at = first_pixel * to_.pitch + filter;
    void* const to = static_cast<std::byte*>(to_.data) +
                     at * static_cast<std::ptrdiff_t>(size_of(to_.type.element));
    if constexpr (kFloat) {
      kernel_.finish_floats(sums, columns, pixels, last - first, finish, to, to_.pitch);
    } else {
      kernel_.finish_integers(sums, columns, pixels, last - first, finish, to, to_.pitch);
    }
  }

  const MatrixKernel& kernel_;
  const model::ConvNode& conv_;
  const Map& from_;
  const Map& to_;
  Sizes sizes_;
  Finish finish_;
  std::vector<float> scales_, bias_;
  const Operand* panels_ = nullptr;
  Input<Operand> input_;
  std::ptrdiff_t pixels_, pixel_block_, filter_block_, depth_block_ = 0;
  bool pointwise_, rows_in_one_piece_ = false;
};

}  // namespace

FilterPanels pack_filters(const MatrixKernel& kernel, const model::ConvNode& conv,
                          std::span<const float> weights) {
  return {pack<float>(kernel, conv, false, weights), {}};
}

FilterPanels pack_filters(const MatrixKernel& kernel, const model::ConvNode& conv,
                          std::span<const std::int8_t> codes) {
  return {{}, pack<std::int16_t>(kernel, conv, true, codes)};
}

std::vector<float> unpack_filters(const MatrixKernel& kernel, const model::ConvNode& conv,
                                  const FilterPanels& panels) {
  std::vector<float> weights(static_cast<std::size_t>(conv.filters) *
                             static_cast<std::size_t>(conv.channels / conv.groups) *
                             static_cast<std::size_t>(conv.kernel_h * conv.kernel_w));
  for_each_weight(kernel, conv, Sizes(kernel, conv, false),
                  [&](std::size_t at, std::size_t i) { weights[i] = panels.floats[at]; });
  return weights;
}

void convolve(const MatrixKernel& kernel, const model::ConvNode& conv, const Map& from,
              const FilterPanels& panels, std::span<const float> scales,
              std::span<const float> bias, const Map& to, Block& scratch) {
  if (panels.integers.empty()) {
    Product<true>(kernel, conv, from, panels, scales, bias, to, scratch).run();
  } else {
    Product<false>(kernel, conv, from, panels, scales, bias, to, scratch).run();
  }
}

}  // namespace qyolo::engine
