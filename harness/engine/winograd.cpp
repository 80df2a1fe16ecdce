#include "harness/engine/winograd.h"

#include <omp.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <vector>

#include "harness/engine/row_loop.h"

namespace qyolo::engine {
namespace {

constexpr std::ptrdiff_t kVectorChannels = 16;  // channels are computed so many at a time
constexpr std::ptrdiff_t kLeastChannels = 32;   // below, the transforms cost what products save

// Transformed windows and products of a block of tiles stay in the second-level cache.
constexpr std::ptrdiff_t kBlockBytes = std::ptrdiff_t{1} << 21;
constexpr std::ptrdiff_t kMostTiles = 96;

// One row or column of a filter at the six points, over the products of their distances, and at
// +-sqrt(2) twice that, so that all points are of one size; of many filters at a time, in double
// precision.
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
    points[3][i] = 2 * (even2 + odd2);
    points[4][i] = 2 * (even2 - odd2);
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

// Memory of a thread, kept from one convolution to the next, and handed out in pieces.
class Scratch {
 public:
  // REQUIRES: the bytes of all pieces, each rounded up by room_of().
  explicit Scratch(std::size_t bytes) {
    thread_local Block block;
    next_ = block.reserve(bytes);
  }
  template <class T>
  T* piece(std::ptrdiff_t count) {
    auto* const found = reinterpret_cast<T*>(next_);
    next_ += room_of<T>(count);
    return found;
  }
  template <class T>
  static std::size_t room_of(std::ptrdiff_t count) {
    constexpr std::size_t kLine = 64;
    return (static_cast<std::size_t>(count) * sizeof(T) + kLine - 1) / kLine * kLine;
  }

 private:
  std::byte* next_;
};

// The largest magnitude that windows have as 16-bit integers. Sums of `channels` products with the
// filters fit 31 bits (largest_filter_sum()): the more of them windows take, the fewer are left.
// Both are rounded equally well, in relation to their RMS, where windows have a maximum of about 7
// and filters a mean magnitude of 0.8.
float largest_short(std::ptrdiff_t channels) {
  return std::floor(std::min(32767.0F, std::sqrt(1.85e10F / static_cast<float>(channels))));
}

// The largest sum of magnitudes of a filter's channels at one point.
double largest_filter_sum(std::ptrdiff_t channels) {
  constexpr double kLargestSum = 2147483647;
  return std::floor(kLargestSum / static_cast<double>(largest_short(channels)));
}

// Input: the elements of the map: floats, bfloat16 or codes.
template <class Input>
class Winograd {
  static constexpr bool kShorts = !std::is_same_v<Input, float>;
  using Factor = std::conditional_t<kShorts, std::int16_t, float>;
  using Product = std::conditional_t<kShorts, std::int32_t, float>;

 public:
  Winograd(const MatrixKernel& kernel, const model::ConvNode& conv, const Map& from,
           const WinogradFilters& filters, std::span<const float> bias, const Map& to)
      : kernel_(kernel),
        conv_(conv),
        from_(from),
        to_(to),
        filters_(reinterpret_cast<const Factor*>(filters.values.data())),
        filter_scales_(filters.scales.data()),
        channels_(conv.channels),
        panels_(panels_of(kernel, conv)),
        tile_rows_(divide_up(to.height, kTileSide)),
        tile_columns_(divide_up(to.width, kTileSide)),
        tiles_(std::ptrdiff_t{to.batch} * tile_rows_ * tile_columns_),
        largest_(largest_short(conv.channels)) {
    bias_.assign(static_cast<std::size_t>(panels_ * kernel.columns), 0.0F);
    std::ranges::copy(bias, bias_.begin());
    finish_ = finish_of(conv, to.type);
    const std::ptrdiff_t tile_bytes =
        kTilePoints * (channels_ * static_cast<std::ptrdiff_t>(sizeof(Factor)) +
                       kernel.columns * static_cast<std::ptrdiff_t>(sizeof(Product)));
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

  // What a thread works in.
  struct Space {
    Factor* windows;    // [36][tiles][channels], points window_pitch_ apart
    Product* products;  // [36][tiles][columns], points product_pitch_ apart
    Input* padded;      // the window of a tile at the map's edge
    float* points;      // of a window, before they are rounded
    float* scales;      // of tiles
    float* sums;        // of a tile
  };
  [[nodiscard]] Space space() const {
    const std::ptrdiff_t windows = kTilePoints * window_pitch_;
    const std::ptrdiff_t products = kTilePoints * product_pitch_;
    const std::ptrdiff_t window = kTilePoints * channels_;
    const std::ptrdiff_t points = kShorts ? window : 0;
    const std::ptrdiff_t scales = kShorts ? block_tiles_ : 0;
    const std::ptrdiff_t sums = std::ptrdiff_t{kTileSide} * kTileSide * kernel_.columns;
    Scratch scratch(Scratch::room_of<Factor>(windows) + Scratch::room_of<Product>(products) +
                    Scratch::room_of<Input>(window) + Scratch::room_of<float>(points) +
                    Scratch::room_of<float>(scales) + Scratch::room_of<float>(sums));
    Space made{};
    made.windows = scratch.piece<Factor>(windows);
    made.products = scratch.piece<Product>(products);
    made.padded = scratch.piece<Input>(window);
    made.points = scratch.piece<float>(points);
    made.scales = scratch.piece<float>(scales);
    made.sums = scratch.piece<float>(sums);
    return made;
  }

  void run_block(std::ptrdiff_t first_tile, std::ptrdiff_t first_panel,
                 std::ptrdiff_t last_panel) const {
    const std::ptrdiff_t tiles = std::min(block_tiles_, tiles_ - first_tile);
    if (tiles <= 0) return;
    const Space space = this->space();
    for (std::ptrdiff_t i = 0; i < tiles; ++i) transform(tile(first_tile + i), i, space);
    for (std::ptrdiff_t panel = first_panel; panel < last_panel; ++panel) {
      multiply(panel, tiles, space);
      for (std::ptrdiff_t i = 0; i < tiles; ++i) {
        const Product* const products = space.products + i * kernel_.columns;
        if constexpr (kShorts) {
          kernel_.transform_integer_products(products, product_pitch_,
                                             filter_scales_ + panel * kernel_.columns,
                                             space.scales[i], space.sums);
        } else {
          kernel_.transform_products(products, product_pitch_, space.sums);
        }
        finish(panel, tile(first_tile + i), space.sums);
      }
    }
  }

  void transform_window(const Input* window, std::ptrdiff_t row_pitch, std::ptrdiff_t i,
                        const Space& space) const {
    Factor* const target = space.windows + i * channels_;
    if constexpr (kShorts) {
      const auto transform = transform_of_shorts();
      space.scales[i] = from_.type.scale * transform(window, row_pitch, channels_, channels_,
                                                     from_.type.zero_point, largest_, space.points,
                                                     target, window_pitch_);
    } else {
      kernel_.transform_window(window, row_pitch, channels_, channels_, target, window_pitch_);
    }
  }
  [[nodiscard]] auto transform_of_shorts() const {
    if constexpr (std::is_same_v<Input, std::uint8_t>) {
      return kernel_.transform_code_window;
    } else {
      return kernel_.transform_bf16_window;
    }
  }

  // Those of tiles at the map's edge are filled up with zeros.
  void transform(const Tile& tile, std::ptrdiff_t i, const Space& space) const {
    const std::ptrdiff_t top = tile.y - conv_.pad_h, left = tile.x - conv_.pad_w;
    const std::ptrdiff_t row_pitch = from_.width * channels_;
    const Input* const image =
        static_cast<const Input*>(from_.data) + tile.image * from_.height * row_pitch;
    if (top >= 0 && left >= 0 && top + kWindowSide <= from_.height &&
        left + kWindowSide <= from_.width) {
      return transform_window(image + top * row_pitch + left * channels_, row_pitch, i, space);
    }
    std::fill_n(space.padded, kTilePoints * channels_, static_cast<Input>(from_.type.zero_point));
    const std::ptrdiff_t first_x = std::max<std::ptrdiff_t>(left, 0);
    const std::ptrdiff_t last_x = std::min<std::ptrdiff_t>(left + kWindowSide, from_.width);
    for (std::ptrdiff_t y = std::max<std::ptrdiff_t>(top, 0);
         y < std::min<std::ptrdiff_t>(top + kWindowSide, from_.height) && first_x < last_x; ++y) {
      std::memcpy(space.padded + ((y - top) * kWindowSide + first_x - left) * channels_,
                  image + y * row_pitch + first_x * channels_,
                  static_cast<std::size_t>((last_x - first_x) * channels_) * sizeof(Input));
    }
    transform_window(space.padded, kWindowSide * channels_, i, space);
  }

  void multiply(std::ptrdiff_t panel, std::ptrdiff_t tiles, const Space& space) const {
    const std::ptrdiff_t pieces = divide_up(tiles, kernel_.rows);
    const Factor* filters = filters_ + panel * kTilePoints * channels_ * kernel_.columns;
    for (int point = 0; point < kTilePoints; ++point) {
      for (std::ptrdiff_t piece = 0; piece < pieces; ++piece) {
        const std::ptrdiff_t first = tiles * piece / pieces;
        const auto rows = static_cast<std::size_t>(tiles * (piece + 1) / pieces - first);
        product_of(rows)(space.windows + point * window_pitch_ + first * channels_, channels_,
                         filters, channels_,
                         space.products + point * product_pitch_ + first * kernel_.columns,
                         kernel_.columns);
      }
      filters += channels_ * kernel_.columns;
    }
  }

  [[nodiscard]] MatrixKernel::Multiply<Factor, Product> product_of(std::size_t rows) const {
    if constexpr (kShorts) return kernel_.integer_product[rows];
    if constexpr (!kShorts) return kernel_.product[rows];
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
      std::byte* const target =
          static_cast<std::byte*>(to_.data) +
          (pixel * to_.pitch + filter) * static_cast<std::ptrdiff_t>(size_of(to_.type.element));
      kernel_.finish_floats(sums + y * kTileSide * kernel_.columns, kernel_.columns, width, count,
                            finish, target, to_.pitch);
    }
  }

  const MatrixKernel& kernel_;
  const model::ConvNode& conv_;
  const Map& from_;
  const Map& to_;
  const Factor* filters_;
  const float* filter_scales_;
  Finish finish_;
  std::vector<float> bias_;
  std::ptrdiff_t channels_, panels_, tile_rows_, tile_columns_, tiles_;
  std::ptrdiff_t blocks_ = 1, block_tiles_ = 0, window_pitch_ = 0, product_pitch_ = 0;
  float largest_;
};

// The filters of one panel at the points of one channel: to[36][kernel.columns].
class PanelPoints {
 public:
  PanelPoints(const MatrixKernel& kernel, const model::ConvNode& conv,
              std::span<const float> weights, std::ptrdiff_t panel)
      : conv_(conv), weights_(weights), columns_(kernel.columns), panel_(panel) {}

  void of_channel(std::ptrdiff_t channel, float* to) const {
    const std::ptrdiff_t filter_size = std::ptrdiff_t{conv_.channels} * 9;
    for (std::ptrdiff_t column = 0; column < columns_; column += kFilters) {
      const std::ptrdiff_t first = panel_ * columns_ + column;
      const std::ptrdiff_t count = std::clamp<std::ptrdiff_t>(conv_.filters - first, 0, kFilters);
      std::array<FilterValues, 9> w{};
      const float* const from = weights_.data() + first * filter_size + channel * 9;
      for (std::ptrdiff_t f = 0; f < count; ++f) {
        for (std::ptrdiff_t tap = 0; tap < 9; ++tap) {
          w[static_cast<std::size_t>(tap)][static_cast<std::size_t>(f)] =
              from[f * filter_size + tap];
        }
      }
      std::array<float, kTilePoints * kFilters> points;
      transform_weights(w, points.data());
      // Panels narrower than kFilters take a part.
      const std::ptrdiff_t taken = std::min(kFilters, columns_ - column);
      for (std::ptrdiff_t point = 0; point < kTilePoints; ++point)
        std::copy_n(points.data() + point * kFilters, taken, to + point * columns_ + column);
    }
  }

 private:
  const model::ConvNode& conv_;
  std::span<const float> weights_;
  std::ptrdiff_t columns_, panel_;
};

// values[36][channels][columns]
void fill_floats(const PanelPoints& panel, std::ptrdiff_t channels, std::ptrdiff_t columns,
                 float* values) {
  std::vector<float> points(static_cast<std::size_t>(kTilePoints * columns));
  for (std::ptrdiff_t c = 0; c < channels; ++c) {
    panel.of_channel(c, points.data());
    for (std::ptrdiff_t point = 0; point < kTilePoints; ++point) {
      std::copy_n(points.data() + point * columns, columns,
                  values + (point * channels + c) * columns);
    }
  }
}

// values[36][channels / group][columns][group], scales[columns]
void fill_shorts(const PanelPoints& panel, std::ptrdiff_t channels, std::ptrdiff_t columns,
                 std::ptrdiff_t group, std::int16_t* values, float* scales) {
  const auto count = static_cast<std::size_t>(kTilePoints * columns);
  std::vector<float> points(count), largest(count, 0.0F);
  std::vector<double> sums(count, 0.0);
  for (std::ptrdiff_t c = 0; c < channels; ++c) {
    panel.of_channel(c, points.data());
    for (std::size_t i = 0; i < count; ++i) {
      const float magnitude = std::abs(points[i]);
      largest[i] = std::max(largest[i], magnitude);
      sums[i] += double{magnitude};
    }
  }
  // Rounding adds at most a half for each channel; scales are rounded, too.
  const double room = 0.999999 * largest_filter_sum(channels) - 0.5 * static_cast<double>(channels);
  std::vector<float> inverse(static_cast<std::size_t>(columns), 0.0F);
  for (std::size_t column = 0; column < inverse.size(); ++column) {
    double scale = 0;
    for (std::size_t i = column; i < count; i += inverse.size())
      scale = std::max({scale, double{largest[i]} / 32766, sums[i] / room});
    scales[column] = static_cast<float>(scale);
    if (scales[column] > 1e-30F) inverse[column] = 1.0F / scales[column];
  }
  for (std::ptrdiff_t c = 0; c < channels; ++c) {
    panel.of_channel(c, points.data());
    for (std::ptrdiff_t point = 0; point < kTilePoints; ++point) {
      for (std::ptrdiff_t column = 0; column < columns; ++column) {
        const std::ptrdiff_t at =
            (point * channels + c / group * group) * columns + column * group + c % group;
        const float value = points[static_cast<std::size_t>(point * columns + column)];
        values[at] = static_cast<std::int16_t>(
            std::nearbyint(value * inverse[static_cast<std::size_t>(column)]));
      }
    }
  }
}

}  // namespace

bool suits_winograd(const model::ConvNode& conv, Element maps, int height, int width) {
  const bool possible = conv.kernel_h == 3 && conv.kernel_w == 3 && conv.stride_h == 1 &&
                        conv.stride_w == 1 && conv.dilation_h == 1 && conv.dilation_w == 1 &&
                        conv.groups == 1 && conv.channels >= kLeastChannels &&
                        conv.channels % kVectorChannels == 0 && conv.filters >= kLeastChannels;
  if (!possible) return false;
  // In operations of FP32 per pair of channel and filter. Those of 16 bits take half as long, those
  // of 8 bits a quarter. Transforms of windows are shared by all filters, those of products by all
  // channels, as is what direct sums of 8 and 16 bits become at last. A byte of filters that no
  // cache keeps costs as much as so many operations. All as measured on two cores with AVX-512.
  const bool shorts = maps != Element::kF32;
  const double operation = shorts ? 0.5 : 1.0;
  const double direct_operation = maps == Element::kU8 ? 0.25 : operation;
  const double channels = conv.channels, filters = conv.filters;
  const double transforms = shorts ? 12 / filters + 12 / channels : 48 / channels;
  const double finish = shorts ? 5 / channels : 0.0;
  const double operations_of_byte = shorts ? 6 : 23;
  constexpr double kKeptBytes = 8e6;
  const double point_bytes =
      kTilePoints * static_cast<double>(shorts ? sizeof(std::int16_t) : sizeof(float));
  const double pixels = static_cast<double>(height) * width;
  const double tiles =
      static_cast<double>(divide_up(height, kTileSide) * divide_up(width, kTileSide));
  const double direct = (direct_operation + finish) * 2.0 * 9 * pixels;
  const double winograd =
      (operation + transforms) * 2.0 * kTilePoints * tiles +
      (point_bytes * channels * filters > kKeptBytes ? operations_of_byte * point_bytes : 0.0);
  return 1.2 * winograd < direct;
}

std::size_t winograd_filter_bytes(const MatrixKernel& kernel, const model::ConvNode& conv,
                                  Element maps) {
  return static_cast<std::size_t>(panels_of(kernel, conv) * kTilePoints * conv.channels *
                                  kernel.columns) *
         (maps == Element::kF32 ? sizeof(float) : sizeof(std::int16_t));
}

WinogradFilters transform_filters(const MatrixKernel& kernel, const model::ConvNode& conv,
                                  Element maps, std::span<const float> weights) {
  WinogradFilters filters;
  std::byte* const values = filters.values.reserve(winograd_filter_bytes(kernel, conv, maps));
  const std::ptrdiff_t panels = panels_of(kernel, conv), channels = conv.channels;
  const std::ptrdiff_t columns = kernel.columns, panel_size = kTilePoints * channels * columns;
  const bool shorts = maps != Element::kF32;
  if (shorts) filters.scales.resize(static_cast<std::size_t>(panels * columns));
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t panel = 0; panel < panels; ++panel) {
    const PanelPoints points(kernel, conv, weights, panel);
    if (shorts) {
      fill_shorts(points, channels, columns, kernel.group,
                  reinterpret_cast<std::int16_t*>(values) + panel * panel_size,
                  filters.scales.data() + panel * columns);
    } else {
      fill_floats(points, channels, columns, reinterpret_cast<float*>(values) + panel * panel_size);
    }
  }
  return filters;
}

void winograd_convolve(const MatrixKernel& kernel, const model::ConvNode& conv, const Map& from,
                       const WinogradFilters& filters, std::span<const float> bias, const Map& to) {
  switch (from.type.element) {
    case Element::kF32:
      return Winograd<float>(kernel, conv, from, filters, bias, to).run();
    case Element::kBf16:
      return Winograd<std::uint16_t>(kernel, conv, from, filters, bias, to).run();
    case Element::kU8:
      return Winograd<std::uint8_t>(kernel, conv, from, filters, bias, to).run();
  }
}

}  // namespace qyolo::engine
