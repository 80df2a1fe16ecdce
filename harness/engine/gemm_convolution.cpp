#include "harness/engine/gemm_convolution.h"

#include <omp.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

#include "harness/engine/row_loop.h"

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

// Within 2 units in the last place; 0 < result < infinity.
inline float exponential(float x) {
  constexpr float kShift = 12582912.0F;  // 1.5 * 2^23 rounds to an integer
  x = x < -87.0F ? -87.0F : x;
  x = x > 88.0F ? 88.0F : x;
  const float n = (x * 1.44269504F + kShift) - kShift;
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  // The polynomial of Cephes' expf.
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  return p * std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
}

QYOLO_ROW_LOOP void add_bias(const float* __restrict sums, const float* __restrict bias,
                             float* __restrict to, int count) {
  for (int i = 0; i < count; ++i) to[i] = sums[i] + bias[i];
}
QYOLO_ROW_LOOP void scale_and_add_bias(const std::int32_t* __restrict sums,
                                       const float* __restrict scales, const float* __restrict bias,
                                       float* __restrict to, int count) {
  for (int i = 0; i < count; ++i) to[i] = static_cast<float>(sums[i]) * scales[i] + bias[i];
}
QYOLO_ROW_LOOP void silu(float* values, int count) {
  for (int i = 0; i < count; ++i) values[i] = values[i] / (1.0F + exponential(-values[i]));
}
QYOLO_ROW_LOOP void leaky_relu(float* values, float slope, int count) {
  for (int i = 0; i < count; ++i) values[i] = values[i] > 0 ? values[i] : slope * values[i];
}
// As oneDNN rounds: after the zero point is added, half to even.
QYOLO_ROW_LOOP void to_codes(const float* __restrict from, std::uint8_t* __restrict to, int count,
                             float inverse_scale, float zero_point) {
  constexpr float kShift = 12582912.0F;
  for (int i = 0; i < count; ++i) {
    float code = from[i] * inverse_scale + zero_point;
    code = code > 0.0F ? code : 0.0F;
    code = code < 255.0F ? code : 255.0F;
    to[i] = static_cast<std::uint8_t>(static_cast<std::int32_t>((code + kShift) - kShift));
  }
}

void activate(const model::ConvNode& conv, float* values, int count) {
  switch (conv.activation) {
    case model::Activation::kSiLU:
      return silu(values, count);
    case model::Activation::kLeakyReLU:
      return leaky_relu(values, conv.slope, count);
    case model::Activation::kReLU:
      return leaky_relu(values, 0, count);
    case model::Activation::kIdentity:
      return;
  }
}

QYOLO_ROW_LOOP void less_zero_point(const std::uint8_t* __restrict from,
                                    std::int16_t* __restrict to, std::ptrdiff_t count,
                                    std::int16_t zero_point) {
  for (std::ptrdiff_t i = 0; i < count; ++i)
    to[i] = static_cast<std::int16_t>(from[i] - zero_point);
}

void load_channels(const float* from, float* to, std::ptrdiff_t count, int /*zero_point*/) {
  std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(float));
}
void load_channels(const std::uint8_t* from, std::int16_t* to, std::ptrdiff_t count,
                   int zero_point) {
  less_zero_point(from, to, count, static_cast<std::int16_t>(zero_point));
}

enum class Use { kSums, kInputs };

// Memory of a thread, kept from one convolution to the next.
template <class T, Use kUse>
T* scratch(std::size_t count) {
  thread_local std::vector<T> block;
  if (block.size() < count) block.resize(count);
  return block.data();
}

// Float: FP32 maps and panels; otherwise codes and integers.
template <bool kFloat>
class Product {
  using Source = std::conditional_t<kFloat, float, std::uint8_t>;
  using Operand = std::conditional_t<kFloat, float, std::int16_t>;
  using Sum = std::conditional_t<kFloat, float, std::int32_t>;

 public:
  Product(const MatrixKernel& kernel, const model::ConvNode& conv, const Map& from,
          const FilterPanels& panels, std::span<const float> scales, std::span<const float> bias,
          const Map& to)
      : kernel_(kernel),
        conv_(conv),
        from_(from),
        to_(to),
        scales_(scales),
        bias_(bias),
        sizes_(kernel, conv, !kFloat),
        pixels_(std::ptrdiff_t{to.batch} * to.height * to.width),
        pixel_block_(round_up(kPixelBlock, kernel.rows)),
        filter_block_(
            std::min(round_up(kFilterBlock, kernel.columns), sizes_.panels * kernel.columns)),
        pointwise_(kFloat && sizes_.taps == 1 && conv.stride_h == 1 && conv.stride_w == 1 &&
                   conv.pad_h == 0 && conv.pad_w == 0) {
    if constexpr (kFloat) {
      panels_ = panels.floats.data();
    } else {
      panels_ = panels.integers.data();
    }
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
    for (std::ptrdiff_t k = 0; k < sizes_.depth; k += kDepthBlock) {
      const std::ptrdiff_t depth = std::min(kDepthBlock, sizes_.depth - k);
      const Rows operands = rows_of(group, first_pixel, pixels, rows, k, depth);
      for (std::ptrdiff_t filter = first_filter; filter < last_filter; filter += kernel_.columns) {
        const std::ptrdiff_t panel = group * sizes_.panels + filter / kernel_.columns;
        const Operand* const b = panels_ + panel * sizes_.panel_size + k * kernel_.columns;
        for (std::ptrdiff_t row = 0; row < rows; row += kernel_.rows) {
          multiply(operands.data + row * operands.pitch, operands.pitch, b, depth,
                   sums + row * columns + (filter - first_filter), columns);
        }
      }
    }
    for (std::ptrdiff_t row = 0; row < pixels; ++row) {
      finish(sums + row * columns, group, first_pixel + row, first_filter,
             std::min(last_filter, sizes_.filters));
    }
  }

  void multiply(const Operand* a, std::ptrdiff_t a_pitch, const Operand* b, std::ptrdiff_t depth,
                Sum* tile, std::ptrdiff_t tile_pitch) const {
    if constexpr (kFloat) {
      kernel_.floats(a, a_pitch, b, depth, tile, tile_pitch);
    } else {
      kernel_.integers(a, a_pitch, b, depth, tile, tile_pitch);
    }
  }

  [[nodiscard]] const Source* pixel(std::ptrdiff_t group, std::ptrdiff_t index) const {
    return static_cast<const Source*>(from_.data) + index * from_.pitch + group * sizes_.channels;
  }

  // Depth [k, k + depth) of the pixels' inputs: in place where they lie so, else copied.
  Rows rows_of(std::ptrdiff_t group, std::ptrdiff_t first_pixel, std::ptrdiff_t pixels,
               std::ptrdiff_t rows, std::ptrdiff_t k, std::ptrdiff_t depth) const {
    if constexpr (kFloat) {
      if (pointwise_ && pixels == rows) return {pixel(group, first_pixel) + k, from_.pitch};
    }
    Operand* const copied =
        scratch<Operand, Use::kInputs>(static_cast<std::size_t>(pixel_block_ * kDepthBlock));
    for (std::ptrdiff_t row = 0; row < pixels; ++row)
      copy_inputs(group, first_pixel + row, k, depth, copied + row * depth);
    std::fill_n(copied + pixels * depth, (rows - pixels) * depth, Operand{0});
    return {copied, depth};
  }

  void copy_inputs(std::ptrdiff_t group, std::ptrdiff_t output, std::ptrdiff_t k,
                   std::ptrdiff_t depth, Operand* to) const {
    const std::ptrdiff_t x = output % to_.width, y = output / to_.width % to_.height;
    const std::ptrdiff_t image = output / to_.width / to_.height;
    const std::ptrdiff_t end = k + depth;
    while (k < end) {
      const std::ptrdiff_t tap = k / sizes_.padded_channels;
      const std::ptrdiff_t first = k % sizes_.padded_channels;
      const std::ptrdiff_t count = std::min(sizes_.padded_channels - first, end - k);
      const std::ptrdiff_t from_y =
          y * conv_.stride_h - conv_.pad_h + tap / conv_.kernel_w * conv_.dilation_h;
      const std::ptrdiff_t from_x =
          x * conv_.stride_w - conv_.pad_w + tap % conv_.kernel_w * conv_.dilation_w;
      const bool inside =
          from_y >= 0 && from_y < from_.height && from_x >= 0 && from_x < from_.width;
      const std::ptrdiff_t known =
          inside ? std::clamp<std::ptrdiff_t>(sizes_.channels - first, 0, count) : 0;
      if (known > 0) {
        load_channels(pixel(group, (image * from_.height + from_y) * from_.width + from_x) + first,
                      to, known, from_.type.zero_point);
      }
      std::fill(to + known, to + count, Operand{0});
      to += count;
      k += count;
    }
  }

  // Sums of filters [first, last) of the group become the output pixel's values.
  void finish(const Sum* sums, std::ptrdiff_t group, std::ptrdiff_t output, std::ptrdiff_t first,
              std::ptrdiff_t last) const {
    constexpr int kPiece = 256;
    float piece[kPiece];
    for (; first < last; first += kPiece, sums += kPiece) {
      const int count = static_cast<int>(std::min<std::ptrdiff_t>(kPiece, last - first));
      const std::ptrdiff_t filter = group * sizes_.filters + first;
      const std::ptrdiff_t at = output * to_.pitch + filter;
      const bool codes = to_.type.element == Element::kU8;
      float* const values = codes ? piece : static_cast<float*>(to_.data) + at;
      if constexpr (kFloat) {
        add_bias(sums, bias_.data() + filter, values, count);
      } else {
        scale_and_add_bias(sums, scales_.data() + filter, bias_.data() + filter, values, count);
      }
      activate(conv_, values, count);
      if (codes) {
        to_codes(values, static_cast<std::uint8_t*>(to_.data) + at, count, 1.0F / to_.type.scale,
                 static_cast<float>(to_.type.zero_point));
      }
    }
  }

  const MatrixKernel& kernel_;
  const model::ConvNode& conv_;
  const Map& from_;
  const Map& to_;
  std::span<const float> scales_, bias_;
  Sizes sizes_;
  const Operand* panels_ = nullptr;
  std::ptrdiff_t pixels_, pixel_block_, filter_block_;
  bool pointwise_;
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
              std::span<const float> bias, const Map& to) {
  if (panels.integers.empty()) {
    Product<true>(kernel, conv, from, panels, scales, bias, to).run();
  } else {
    Product<false>(kernel, conv, from, panels, scales, bias, to).run();
  }
}

}  // namespace qyolo::engine
