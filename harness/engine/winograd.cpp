#include "harness/engine/winograd.h"

#include <omp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "harness/engine/row_loop.h"

namespace qyolo::engine {
namespace {

constexpr std::ptrdiff_t kVectorChannels = 16;  // channels are computed so many at a time
constexpr std::ptrdiff_t kLeastChannels = 32;   // below, the transforms cost what products save

// Transformed windows and products of a block of tiles stay in the second-level cache.
constexpr std::ptrdiff_t kBlockBytes = std::ptrdiff_t{1} << 21;
constexpr std::ptrdiff_t kMostTiles = 96;

constexpr std::ptrdiff_t divide_up(std::ptrdiff_t value, std::ptrdiff_t by) {
  return (value + by - 1) / by;
}

std::ptrdiff_t panels_of(const MatrixKernel& kernel, const model::ConvNode& conv) {
  return divide_up(conv.filters, kernel.columns);
}

// One row or column of a filter at the six points, over the products of their distances; of many
// filters at a time, in double precision.
constexpr std::ptrdiff_t kFilters = 16;
using FilterValues = std::array<double, kFilters>;

inline void filter_points(const FilterValues& w0, const FilterValues& w1, const FilterValues& w2,
                          std::array<FilterValues, kWindowSide>& points) {
  constexpr double kRoot2 = 1.4142135623730951;
  for (std::size_t i = 0; i < kFilters; ++i) {
    const double even1 = w0[i] * (-2.0 / 3) + w2[i] * (-1.0 / 3), odd1 = w1[i] * (-kRoot2 / 3);
    const double even2 = w0[i] * (1.0 / 6) + w2[i] * (1.0 / 3), odd2 = w1[i] * (kRoot2 / 6);
    points[0][i] = w0[i];
    points[1][i] = even1 + odd1;
    points[2][i] = even1 - odd1;
    points[3][i] = even2 + odd2;
    points[4][i] = even2 - odd2;
    points[5][i] = w2[i];
  }
}

// The 3 x 3 weights of one channel of kFilters filters, [9][kFilters], become points:
// to[36][kFilters].
QYOLO_ROW_LOOP void transform_weights(const std::array<FilterValues, 9>& w, float* to) {
  std::array<std::array<FilterValues, kWindowSide>, 3> columns;
  for (std::size_t x = 0; x < 3; ++x) filter_points(w[x], w[x + 3], w[x + 6], columns[x]);
  for (std::size_t i = 0; i < kWindowSide; ++i) {
    std::array<FilterValues, kWindowSide> points;
    filter_points(columns[0][i], columns[1][i], columns[2][i], points);
    for (const FilterValues& values : points) {
      for (std::size_t f = 0; f < kFilters; ++f) to[f] = static_cast<float>(values[f]);
      to += kFilters;
    }
  }
}

// Memory of a thread, kept from one convolution to the next.
float* scratch(std::size_t count) {
  thread_local Block block;
  return reinterpret_cast<float*>(block.reserve(count * sizeof(float)));
}

class Winograd {
 public:
  Winograd(const MatrixKernel& kernel, const model::ConvNode& conv, const Map& from,
           const WinogradFilters& filters, std::span<const float> bias, const Map& to)
      : kernel_(kernel),
        conv_(conv),
        from_(from),
        to_(to),
        filters_(reinterpret_cast<const float*>(filters.values.data())),
        channels_(conv.channels),
        panels_(panels_of(kernel, conv)),
        tile_rows_(divide_up(to.height, kTileSide)),
        tile_columns_(divide_up(to.width, kTileSide)),
        tiles_(std::ptrdiff_t{to.batch} * tile_rows_ * tile_columns_) {
    bias_.assign(static_cast<std::size_t>(panels_ * kernel.columns), 0.0F);
    std::ranges::copy(bias, bias_.begin());
    finish_.activation = conv.activation;
    finish_.slope = conv.activation == model::Activation::kLeakyReLU ? conv.slope : 0.0F;
    const std::ptrdiff_t tile_bytes =
        kTilePoints * (channels_ + kernel.columns) * static_cast<std::ptrdiff_t>(sizeof(float));
    const std::ptrdiff_t most =
        std::clamp<std::ptrdiff_t>(kBlockBytes / tile_bytes, 2 * kernel.rows, kMostTiles);
    blocks_ = divide_up(tiles_, most);
    block_tiles_ = divide_up(tiles_, blocks_);
    // Pitches that are no multiple of a page, or all points would fall on the same cache lines.
    window_pitch_ = block_tiles_ * channels_ + kVectorChannels;
    product_pitch_ = block_tiles_ * kernel.columns + kVectorChannels;
  }

  void run() const {
    const std::ptrdiff_t groups = filter_groups(omp_get_max_threads());
    const std::ptrdiff_t jobs = blocks_ * groups;
#pragma omp parallel for schedule(dynamic)
    for (std::ptrdiff_t job = 0; job < jobs; ++job) {
      const std::ptrdiff_t group = job / blocks_;
      run_block(job % blocks_ * block_tiles_, panels_ * group / groups,
                panels_ * (group + 1) / groups);
    }
  }

 private:
  // Where there are few blocks of tiles, threads share them by filters, and transform the windows
  // once each.
  [[nodiscard]] std::ptrdiff_t filter_groups(std::ptrdiff_t threads) const {
    std::ptrdiff_t groups = 1;
    while (groups < panels_ && blocks_ * groups < 4 * threads && blocks_ * groups % threads != 0)
      ++groups;
    return groups;
  }

  struct Tile {
    std::ptrdiff_t image, y, x;  // its first output
  };
  [[nodiscard]] Tile tile(std::ptrdiff_t index) const {
    return {index / tile_columns_ / tile_rows_, index / tile_columns_ % tile_rows_ * kTileSide,
            index % tile_columns_ * kTileSide};
  }

  void run_block(std::ptrdiff_t first_tile, std::ptrdiff_t first_panel,
                 std::ptrdiff_t last_panel) const {
    const std::ptrdiff_t tiles = std::min(block_tiles_, tiles_ - first_tile);
    if (tiles <= 0) return;
    float* const windows = scratch(
        static_cast<std::size_t>(kTilePoints * (window_pitch_ + product_pitch_ + channels_) +
                                 kTileSide * kTileSide * kernel_.columns));
    float* const products = windows + kTilePoints * window_pitch_;
    float* const spare = products + kTilePoints * product_pitch_;
    for (std::ptrdiff_t i = 0; i < tiles; ++i) {
      transform(tile(first_tile + i), spare, windows + i * channels_);
    }
    float* const sums = spare + kTilePoints * channels_;
    for (std::ptrdiff_t panel = first_panel; panel < last_panel; ++panel) {
      multiply(panel, tiles, windows, products);
      for (std::ptrdiff_t i = 0; i < tiles; ++i) {
        kernel_.transform_products(products + i * kernel_.columns, product_pitch_, sums);
        finish(panel, tile(first_tile + i), sums);
      }
    }
  }

  // The windows of tiles at the map's edge are filled up with zeros in `padded`.
  void transform(const Tile& tile, float* padded, float* target) const {
    const std::ptrdiff_t top = tile.y - conv_.pad_h, left = tile.x - conv_.pad_w;
    const std::ptrdiff_t row_pitch = from_.width * channels_;
    const float* const image =
        static_cast<const float*>(from_.data) + tile.image * from_.height * row_pitch;
    if (top >= 0 && left >= 0 && top + kWindowSide <= from_.height &&
        left + kWindowSide <= from_.width) {
      return kernel_.transform_window(image + top * row_pitch + left * channels_, row_pitch,
                                      channels_, channels_, target, window_pitch_);
    }
    std::fill_n(padded, kTilePoints * channels_, 0.0F);
    const std::ptrdiff_t first_x = std::max<std::ptrdiff_t>(left, 0);
    const std::ptrdiff_t last_x = std::min<std::ptrdiff_t>(left + kWindowSide, from_.width);
    for (std::ptrdiff_t y = std::max<std::ptrdiff_t>(top, 0);
         y < std::min<std::ptrdiff_t>(top + kWindowSide, from_.height) && first_x < last_x; ++y) {
      std::memcpy(padded + ((y - top) * kWindowSide + first_x - left) * channels_,
                  image + y * row_pitch + first_x * channels_,
                  static_cast<std::size_t>((last_x - first_x) * channels_) * sizeof(float));
    }
    kernel_.transform_window(padded, kWindowSide * channels_, channels_, channels_, target,
                             window_pitch_);
  }

  void multiply(std::ptrdiff_t panel, std::ptrdiff_t tiles, const float* windows,
                float* products) const {
    const std::ptrdiff_t pieces = divide_up(tiles, kernel_.rows);
    const float* filters = filters_ + panel * kTilePoints * channels_ * kernel_.columns;
    for (int point = 0; point < kTilePoints; ++point) {
      for (std::ptrdiff_t piece = 0; piece < pieces; ++piece) {
        const std::ptrdiff_t first = tiles * piece / pieces;
        const std::ptrdiff_t rows = tiles * (piece + 1) / pieces - first;
        kernel_.product[static_cast<std::size_t>(rows)](
            windows + point * window_pitch_ + first * channels_, channels_, filters, channels_,
            products + point * product_pitch_ + first * kernel_.columns, kernel_.columns);
      }
      filters += channels_ * kernel_.columns;
    }
  }

  void finish(std::ptrdiff_t panel, const Tile& tile, const float* sums) const {
    const std::ptrdiff_t filter = panel * kernel_.columns;
    const std::ptrdiff_t count = std::min<std::ptrdiff_t>(kernel_.columns, conv_.filters - filter);
    const std::ptrdiff_t width = std::min<std::ptrdiff_t>(kTileSide, to_.width - tile.x);
    const std::ptrdiff_t last = std::min<std::ptrdiff_t>(kTileSide, to_.height - tile.y);
    Finish finish = finish_;
    finish.bias = bias_.data() + filter;
    for (std::ptrdiff_t y = 0; y < last; ++y) {
      const std::ptrdiff_t pixel = (tile.image * to_.height + tile.y + y) * to_.width + tile.x;
      float* const target = static_cast<float*>(to_.data) + pixel * to_.pitch + filter;
      kernel_.finish_floats(sums + y * kTileSide * kernel_.columns, kernel_.columns, width, count,
                            finish, target, to_.pitch);
    }
  }

  const MatrixKernel& kernel_;
  const model::ConvNode& conv_;
  const Map& from_;
  const Map& to_;
  const float* filters_;
  Finish finish_;
  std::vector<float> bias_;
  std::ptrdiff_t channels_, panels_, tile_rows_, tile_columns_, tiles_;
  std::ptrdiff_t blocks_ = 1, block_tiles_ = 0, window_pitch_ = 0, product_pitch_ = 0;
};

}  // namespace

bool suits_winograd(const model::ConvNode& conv, int height, int width) {
  const bool possible = conv.kernel_h == 3 && conv.kernel_w == 3 && conv.stride_h == 1 &&
                        conv.stride_w == 1 && conv.dilation_h == 1 && conv.dilation_w == 1 &&
                        conv.groups == 1 && conv.channels >= kLeastChannels &&
                        conv.channels % kVectorChannels == 0 && conv.filters >= kLeastChannels;
  if (!possible) return false;
  // Operations per pair of channel and filter. What the transforms cost is shared by all channels;
  // a byte of filters that no cache keeps costs as much as so many operations (of two cores with
  // AVX-512: 460 GFLOP/s, 20 GB/s).
  constexpr double kOfTransforms = 48, kOperationsOfByte = 23, kKeptBytes = 8e6;
  constexpr double kPointBytes = kTilePoints * sizeof(float);
  const double pixels = static_cast<double>(height) * width;
  const double tiles =
      static_cast<double>(divide_up(height, kTileSide) * divide_up(width, kTileSide));
  const double filter_bytes = kPointBytes * conv.channels * conv.filters;
  const double direct = 2.0 * 9 * pixels;
  const double winograd = (1 + kOfTransforms / conv.channels) * 2.0 * kTilePoints * tiles +
                          (filter_bytes > kKeptBytes ? kOperationsOfByte * kPointBytes : 0.0);
  return 1.2 * winograd < direct;
}

std::size_t winograd_filter_bytes(const MatrixKernel& kernel, const model::ConvNode& conv) {
  return static_cast<std::size_t>(panels_of(kernel, conv) * kTilePoints * conv.channels *
                                  kernel.columns) *
         sizeof(float);
}

WinogradFilters transform_filters(const MatrixKernel& kernel, const model::ConvNode& conv,
                                  std::span<const float> weights) {
  WinogradFilters filters;
  auto* const values =
      reinterpret_cast<float*>(filters.values.reserve(winograd_filter_bytes(kernel, conv)));
  const std::ptrdiff_t panels = panels_of(kernel, conv), channels = conv.channels;
  const std::ptrdiff_t columns = kernel.columns, filter_size = channels * 9;
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t panel = 0; panel < panels; ++panel) {
    for (std::ptrdiff_t c = 0; c < channels; ++c) {
      for (std::ptrdiff_t column = 0; column < columns; column += kFilters) {
        const std::ptrdiff_t first = panel * columns + column;
        const std::ptrdiff_t count = std::clamp<std::ptrdiff_t>(conv.filters - first, 0, kFilters);
        std::array<FilterValues, 9> w{};
        const float* const from = weights.data() + first * filter_size + c * 9;
        for (std::ptrdiff_t f = 0; f < count; ++f) {
          for (std::ptrdiff_t tap = 0; tap < 9; ++tap) {
            w[static_cast<std::size_t>(tap)][static_cast<std::size_t>(f)] =
                from[f * filter_size + tap];
          }
        }
        float* const target = values + (panel * kTilePoints * channels + c) * columns + column;
        std::array<float, kTilePoints * kFilters> points;
        transform_weights(w, points.data());
        // Panels narrower than kFilters take a part.
        const std::ptrdiff_t taken = std::min(kFilters, columns - column);
        for (std::ptrdiff_t point = 0; point < kTilePoints; ++point)
          std::copy_n(points.data() + point * kFilters, taken, target + point * channels * columns);
      }
    }
  }
  return filters;
}

void winograd_convolve(const MatrixKernel& kernel, const model::ConvNode& conv, const Map& from,
                       const WinogradFilters& filters, std::span<const float> bias, const Map& to) {
  Winograd(kernel, conv, from, filters, bias, to).run();
}

}  // namespace qyolo::engine
