#include "harness/engine/byte_convolution.h"

#include <omp.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace qyolo::engine {
namespace {

constexpr std::ptrdiff_t kGroup = MatrixKernel::kByteGroup;

std::ptrdiff_t padded_channels(const model::ConvNode& conv) {
  return divide_up(conv.channels, kGroup) * kGroup;
}
std::ptrdiff_t depth_of(const model::ConvNode& conv) {
  return padded_channels(conv) * conv.kernel_h * conv.kernel_w;
}

// Memory of a thread, kept from one convolution to the next.
std::byte* thread_scratch(std::size_t bytes) {
  thread_local Block block;
  return block.reserve(bytes);
}

class ByteConvolution {
 public:
  ByteConvolution(const MatrixKernel& kernel, const model::ConvNode& conv, const Map& from,
                  const ByteFilters& filters, std::span<const float> scales,
                  std::span<const float> bias, const Map& to, Block& scratch)
      : kernel_(kernel),
        conv_(conv),
        from_(from),
        to_(to),
        filters_(reinterpret_cast<const std::int8_t*>(filters.values.data())),
        channels_(padded_channels(conv)),
        panels_(panels_of(kernel, conv)),
        depth_(depth_of(conv)),
        row_depth_(channels_ * conv.kernel_w),
        row_tiles_(divide_up(to.width, kernel.rows)),
        tiles_(std::ptrdiff_t{to.batch} * to.height * row_tiles_) {
    const auto padded = static_cast<std::size_t>(panels_ * kernel.columns);
    // What codes have beyond their zero point, of all positions: those outside the map have it,
    // too.
    starts_.resize(padded);
    for (std::size_t i = 0; i < padded; ++i) starts_[i] = -from.type.zero_point * filters.sums[i];
    scales_.assign(padded, 0.0F);
    std::ranges::copy(scales, scales_.begin());
    bias_.assign(padded, 0.0F);
    std::ranges::copy(bias, bias_.begin());
    finish_ = finish_of(conv, to.type);
    input_ = static_cast<const std::uint8_t*>(from.data);
    if (channels_ != conv.channels) input_ = with_whole_groups(scratch);
  }

  void run() const {
    // Some tiles share what is read of the filters; few tiles are shared by filters, too.
    const std::ptrdiff_t threads = omp_get_max_threads();
    const std::ptrdiff_t block = std::clamp<std::ptrdiff_t>(tiles_ / (4 * threads), 1, kBlockTiles);
    const std::ptrdiff_t blocks = divide_up(tiles_, block);
#pragma omp parallel for schedule(dynamic)
    for (std::ptrdiff_t i = 0; i < blocks; ++i)
      run_tiles(i * block, std::min((i + 1) * block, tiles_));
  }

 private:
  static constexpr std::ptrdiff_t kBlockTiles = 16;

  // Pixels [x, x + count) of an output row, and their inputs: the first tap of the first, and how
  // far those of the next pixel and of the next row of the kernel are.
  struct Tile {
    std::ptrdiff_t pixel = 0, count = 0;
    const std::uint8_t* data = nullptr;
    std::ptrdiff_t pitch = 0, row_pitch = 0;
  };

  // A copy of the map whose pixels have whole groups of channels.
  const std::uint8_t* with_whole_groups(Block& scratch) const {
    const std::ptrdiff_t rows = std::ptrdiff_t{from_.batch} * from_.height;
    const std::ptrdiff_t row_bytes = from_.width * channels_;
    auto* const copied = reinterpret_cast<std::uint8_t*>(
        scratch.reserve(static_cast<std::size_t>(rows * row_bytes)));
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t row = 0; row < rows; ++row) {
      const std::uint8_t* source =
          static_cast<const std::uint8_t*>(from_.data) + row * from_.width * conv_.channels;
      std::uint8_t* target = copied + row * row_bytes;
      for (std::ptrdiff_t x = 0; x < from_.width; ++x) {
        for (std::ptrdiff_t c = 0; c < channels_; ++c)
          target[c] = c < conv_.channels ? source[c] : std::uint8_t{0};
        source += conv_.channels;
        target += channels_;
      }
    }
    return copied;
  }

  void run_tiles(std::ptrdiff_t first, std::ptrdiff_t last) const {
    const auto sums_bytes =
        static_cast<std::size_t>(kernel_.rows * kernel_.columns) * sizeof(std::int32_t);
    const auto patch_bytes = static_cast<std::size_t>(kernel_.rows * depth_);
    std::byte* const memory =
        thread_scratch(sums_bytes + patch_bytes * static_cast<std::size_t>(last - first));
    auto* const sums = reinterpret_cast<std::int32_t*>(memory);
    auto* patch = reinterpret_cast<std::uint8_t*>(memory + sums_bytes);
    std::array<Tile, kBlockTiles> tiles;
    for (std::ptrdiff_t i = first; i < last; ++i, patch += patch_bytes)
      tiles[static_cast<std::size_t>(i - first)] = tile(i, patch);
    for (std::ptrdiff_t panel = 0; panel < panels_; ++panel) {
      for (std::ptrdiff_t i = first; i < last; ++i) {
        const Tile& tile = tiles[static_cast<std::size_t>(i - first)];
        kernel_.byte_product[static_cast<std::size_t>(tile.count)](
            tile.data, tile.pitch, conv_.kernel_h, tile.row_pitch, row_depth_,
            filters_ + panel * depth_ * kernel_.columns, starts_.data() + panel * kernel_.columns,
            sums);
        finish(panel, tile, sums);
      }
    }
  }

  Tile tile(std::ptrdiff_t index, std::uint8_t* patch) const {
    const std::ptrdiff_t row = index / row_tiles_, part = index % row_tiles_;
    const std::ptrdiff_t x = to_.width * part / row_tiles_;
    const std::ptrdiff_t image = row / to_.height;
    Tile made;
    made.pixel = row * to_.width + x;
    made.count = to_.width * (part + 1) / row_tiles_ - x;
    const std::ptrdiff_t map_row = from_.width * channels_;
    const std::ptrdiff_t top = row % to_.height * conv_.stride_h - conv_.pad_h;
    const std::ptrdiff_t left = x * conv_.stride_w - conv_.pad_w;
    const std::ptrdiff_t bottom = top + std::ptrdiff_t{conv_.kernel_h - 1} * conv_.dilation_h;
    const std::ptrdiff_t right = left + (made.count - 1) * conv_.stride_w + conv_.kernel_w;
    const std::uint8_t* const map = input_ + image * from_.height * map_row;
    if (top >= 0 && left >= 0 && bottom < from_.height && right <= from_.width) {
      made.data = map + top * map_row + left * channels_;
      made.pitch = conv_.stride_w * channels_;
      made.row_pitch = conv_.dilation_h * map_row;
      return made;
    }
    made.data = patch;
    made.pitch = depth_;
    made.row_pitch = row_depth_;
    for (std::ptrdiff_t i = 0; i < made.count; ++i) {
      for (int row_of_kernel = 0; row_of_kernel < conv_.kernel_h; ++row_of_kernel) {
        copy_row(map, top + std::ptrdiff_t{row_of_kernel} * conv_.dilation_h,
                 left + i * conv_.stride_w, patch);
        patch += row_depth_;
      }
    }
    return made;
  }

  // One row of the kernel, with the zero point where it is outside of the map.
  void copy_row(const std::uint8_t* map, std::ptrdiff_t y, std::ptrdiff_t x,
                std::uint8_t* to) const {
    std::memset(to, from_.type.zero_point, static_cast<std::size_t>(row_depth_));
    if (y < 0 || y >= from_.height) return;
    const std::ptrdiff_t first = std::max<std::ptrdiff_t>(x, 0);
    const std::ptrdiff_t last = std::min<std::ptrdiff_t>(x + conv_.kernel_w, from_.width);
    if (first >= last) return;
    std::memcpy(to + (first - x) * channels_, map + (y * from_.width + first) * channels_,
                static_cast<std::size_t>((last - first) * channels_));
  }

  void finish(std::ptrdiff_t panel, const Tile& tile, const std::int32_t* sums) const {
    const std::ptrdiff_t filter = panel * kernel_.columns;
    const std::ptrdiff_t count = std::min<std::ptrdiff_t>(kernel_.columns, conv_.filters - filter);
    Finish finish = finish_;
    finish.scales = scales_.data() + filter;
    finish.bias = bias_.data() + filter;
    std::byte* const target =
        static_cast<std::byte*>(to_.data) +
        (tile.pixel * to_.pitch + filter) * static_cast<std::ptrdiff_t>(size_of(to_.type.element));
    kernel_.finish_integers(sums, kernel_.columns, tile.count, count, finish, target, to_.pitch);
  }

  const MatrixKernel& kernel_;
  const model::ConvNode& conv_;
  const Map& from_;
  const Map& to_;
  const std::int8_t* filters_;
  std::ptrdiff_t channels_, panels_, depth_, row_depth_, row_tiles_, tiles_;
  const std::uint8_t* input_ = nullptr;
  std::vector<std::int32_t> starts_;
  std::vector<float> scales_, bias_;
  Finish finish_;
};

}  // namespace

bool suits_bytes(const MatrixKernel& kernel, const model::ConvNode& conv) {
  constexpr std::ptrdiff_t kMostDepth = 32768;  // of products up to 255 x 128, and of a zero point
  return kernel.byte_product[1] != nullptr && conv.groups == 1 && conv.dilation_w == 1 &&
         depth_of(conv) <= kMostDepth;
}

ByteFilters pack_bytes(const MatrixKernel& kernel, const model::ConvNode& conv,
                       std::span<const std::int8_t> codes) {
  ByteFilters made;
  const std::ptrdiff_t panels = panels_of(kernel, conv), depth = depth_of(conv);
  const std::ptrdiff_t taps = std::ptrdiff_t{conv.kernel_h} * conv.kernel_w;
  const auto bytes = static_cast<std::size_t>(panels * depth * kernel.columns);
  auto* const values = reinterpret_cast<std::int8_t*>(made.values.reserve(bytes));
  std::fill_n(values, bytes, std::int8_t{0});
  made.sums.assign(static_cast<std::size_t>(panels * kernel.columns), 0);
  std::size_t i = 0;
  for (std::ptrdiff_t filter = 0; filter < conv.filters; ++filter) {
    std::int8_t* const panel = values + filter / kernel.columns * depth * kernel.columns;
    for (std::ptrdiff_t c = 0; c < conv.channels; ++c) {
      for (std::ptrdiff_t tap = 0; tap < taps; ++tap, ++i) {
        const std::ptrdiff_t k = tap * padded_channels(conv) + c;
        panel[k / kGroup * kGroup * kernel.columns + filter % kernel.columns * kGroup +
              k % kGroup] = codes[i];
        made.sums[static_cast<std::size_t>(filter)] += codes[i];
      }
    }
  }
  return made;
}

void byte_convolve(const MatrixKernel& kernel, const model::ConvNode& conv, const Map& from,
                   const ByteFilters& filters, std::span<const float> scales,
                   std::span<const float> bias, const Map& to, Block& scratch) {
  ByteConvolution(kernel, conv, from, filters, scales, bias, to, scratch).run();
}

}  // namespace qyolo::engine
