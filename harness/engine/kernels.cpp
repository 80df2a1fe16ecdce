#include "harness/engine/kernels.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <vector>

#include "harness/engine/row_loop.h"

namespace qyolo::engine {

std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<std::uint16_t>(bits >> 16 | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

float from_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

namespace {

using Bf16 = std::uint16_t;

template <class T>
const T* pixel(const Map& map, std::ptrdiff_t row, std::ptrdiff_t x) {
  return static_cast<const T*>(map.data) + (row * map.width + x) * map.pitch;
}
template <class T>
T* mutable_pixel(const Map& map, std::ptrdiff_t row, std::ptrdiff_t x) {
  return static_cast<T*>(map.data) + (row * map.width + x) * map.pitch;
}

// Calls visit with a value of the element's type.
template <class Visit>
void with_element(Element element, const Visit& visit) {
  switch (element) {
    case Element::kF32:
      return visit(float{});
    case Element::kBf16:
      return visit(Bf16{});
    case Element::kU8:
      return visit(std::uint8_t{});
  }
}

// visit(row) for every row of every image.
template <class Visit>
void for_each_row(const Map& map, const Visit& visit) {
  const int rows = map.batch * map.height;
#pragma omp parallel for schedule(static)
  for (int row = 0; row < rows; ++row) visit(row);
}

QYOLO_ROW_LOOP void max_into(float* __restrict to, const float* __restrict from, int count) {
  for (int i = 0; i < count; ++i) to[i] = from[i] > to[i] ? from[i] : to[i];
}
QYOLO_ROW_LOOP void max_into(std::uint8_t* __restrict to, const std::uint8_t* __restrict from,
                             int count) {
  for (int i = 0; i < count; ++i) to[i] = from[i] > to[i] ? from[i] : to[i];
}
QYOLO_ROW_LOOP void max_into(Bf16* __restrict to, const Bf16* __restrict from, int count) {
  // Sign and magnitude as two's complement, which compares as the numbers do.
  const auto ordered = [](Bf16 bits) {
    const auto value = static_cast<std::int16_t>(bits);
    return static_cast<std::int16_t>(value ^ ((value >> 15) & 0x7fff));
  };
  for (int i = 0; i < count; ++i) to[i] = ordered(from[i]) > ordered(to[i]) ? from[i] : to[i];
}

QYOLO_ROW_LOOP void to_bf16_row(const float* __restrict from, Bf16* __restrict to, int count) {
  for (int i = 0; i < count; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(from[i]);
    to[i] = static_cast<Bf16>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
  }
}

QYOLO_ROW_LOOP void from_bf16_row(const Bf16* __restrict from, float* __restrict to, int count) {
  for (int i = 0; i < count; ++i)
    to[i] = std::bit_cast<float>(static_cast<std::uint32_t>(from[i]) << 16);
}

// As model::fake_quantize() has it, and then the code.
QYOLO_ROW_LOOP void to_codes_row(const float* __restrict from, std::uint8_t* __restrict to,
                                 int count, float scale, float zero_point) {
  constexpr float kShift = 12582912.0F;  // 1.5 * 2^23 rounds to an integer, half to even
  for (int i = 0; i < count; ++i) {
    float code = from[i] / scale;
    code = code > -zero_point ? code : -zero_point;
    code = code < 255.0F - zero_point ? code : 255.0F - zero_point;
    to[i] = static_cast<std::uint8_t>(static_cast<int>((code + kShift) - kShift + zero_point));
  }
}

QYOLO_ROW_LOOP void add_row(const float* a, const float* b, float* to, int count) {
  for (int i = 0; i < count; ++i) to[i] = a[i] + b[i];
}

std::array<float, 256> code_values(const MapType& type) {
  std::array<float, 256> values;
  for (int q = 0; q < 256; ++q)
    values[static_cast<std::size_t>(q)] = static_cast<float>(q - type.zero_point) * type.scale;
  return values;
}

std::uint8_t to_code(float value, const MapType& type) {
  std::uint8_t code = 0;
  to_codes_row(&value, &code, 1, type.scale, static_cast<float>(type.zero_point));
  return code;
}

// A pixel's channels as floats: in place where they are, else in `scratch`.
class PixelReader {
 public:
  explicit PixelReader(const Map& map) : map_(map) {
    if (map.type.element == Element::kU8) values_ = code_values(map.type);
  }
  const float* read(std::ptrdiff_t row, std::ptrdiff_t x, float* scratch) const {
    if (map_.type.element == Element::kF32) return pixel<float>(map_, row, x);
    if (map_.type.element == Element::kBf16) {
      from_bf16_row(pixel<Bf16>(map_, row, x), scratch, map_.channels);
    } else {
      const std::uint8_t* codes = pixel<std::uint8_t>(map_, row, x);
      for (int c = 0; c < map_.channels; ++c) scratch[c] = values_[codes[c]];
    }
    return scratch;
  }

 private:
  const Map& map_;
  std::array<float, 256> values_{};
};

void write_pixel(const Map& map, std::ptrdiff_t row, std::ptrdiff_t x, const float* values) {
  if (map.type.element == Element::kF32) {
    std::memcpy(mutable_pixel<float>(map, row, x), values,
                static_cast<std::size_t>(map.channels) * sizeof(float));
  } else if (map.type.element == Element::kBf16) {
    to_bf16_row(values, mutable_pixel<Bf16>(map, row, x), map.channels);
  } else {
    to_codes_row(values, mutable_pixel<std::uint8_t>(map, row, x), map.channels, map.type.scale,
                 static_cast<float>(map.type.zero_point));
  }
}

void copy_bytes(const Map& from, const Map& to) {
  const std::size_t size = size_of(from.type.element);
  const std::size_t bytes = static_cast<std::size_t>(from.channels) * size;
  const auto from_pitch = static_cast<std::size_t>(from.pitch) * size;
  const auto to_pitch = static_cast<std::size_t>(to.pitch) * size;
  for_each_row(from, [&](int row) {
    const auto first = static_cast<std::size_t>(row) * static_cast<std::size_t>(from.width);
    const std::byte* source = static_cast<const std::byte*>(from.data) + first * from_pitch;
    std::byte* target = static_cast<std::byte*>(to.data) + first * to_pitch;
    for (int x = 0; x < from.width; ++x) {
      std::memcpy(target, source, bytes);
      source += from_pitch;
      target += to_pitch;
    }
  });
}

void recode(const Map& from, const Map& to) {
  std::array<std::uint8_t, 256> table;
  const std::array<float, 256> values = code_values(from.type);
  for (std::size_t q = 0; q < 256; ++q) table[q] = to_code(values[q], to.type);
  for_each_row(from, [&](int row) {
    for (int x = 0; x < from.width; ++x) {
      const std::uint8_t* source = pixel<std::uint8_t>(from, row, x);
      std::uint8_t* target = mutable_pixel<std::uint8_t>(to, row, x);
      for (int c = 0; c < from.channels; ++c) target[c] = table[source[c]];
    }
  });
}

// The largest values of the input rows that an output row sees, then of the columns.
template <class T>
void max_pool_rows(const Map& from, const Map& to, int kernel, int stride, int padding) {
  const auto row_size =
      static_cast<std::size_t>(from.width) * static_cast<std::size_t>(from.channels);
  const int rows = to.batch * to.height;
#pragma omp parallel
  {
    std::vector<T> columns(row_size);
#pragma omp for schedule(static)
    for (int row = 0; row < rows; ++row) {
      const int image = row / to.height;
      const int top = row % to.height * stride - padding;
      const int first = std::max(top, 0), last = std::min(top + kernel, from.height);
      for (int y = first; y < last; ++y) {
        const std::ptrdiff_t source = std::ptrdiff_t{image} * from.height + y;
        T* target = columns.data();
        for (int x = 0; x < from.width; ++x, target += from.channels) {
          if (y == first) {
            std::memcpy(target, pixel<T>(from, source, x),
                        static_cast<std::size_t>(from.channels) * sizeof(T));
          } else {
            max_into(target, pixel<T>(from, source, x), from.channels);
          }
        }
      }
      for (int x = 0; x < to.width; ++x) {
        const int left = std::max(x * stride - padding, 0);
        const int right = std::min(x * stride - padding + kernel, from.width);
        T* target = mutable_pixel<T>(to, row, x);
        const T* source = columns.data() + std::ptrdiff_t{left} * from.channels;
        std::memcpy(target, source, static_cast<std::size_t>(from.channels) * sizeof(T));
        for (int i = left + 1; i < right; ++i)
          max_into(target, source += from.channels, from.channels);
      }
    }
  }
}

// Source values are [channels][pixels] and the map's are [pixels][channels]; in tiles, so that both
// sides stay in the cache.
constexpr int kTile = 16;

}  // namespace

void copy(const Map& from, const Map& to) {
  if (from.type == to.type) return copy_bytes(from, to);
  if (from.type.element == Element::kU8 && to.type.element == Element::kU8) return recode(from, to);
  const PixelReader reader(from);
  for_each_row(from, [&](int row) {
    std::vector<float> scratch(static_cast<std::size_t>(from.channels));
    for (int x = 0; x < from.width; ++x)
      write_pixel(to, row, x, reader.read(row, x, scratch.data()));
  });
}

void max_pool(const Map& from, const Map& to, int kernel, int stride, int padding) {
  with_element(from.type.element, [&](auto element) {
    max_pool_rows<decltype(element)>(from, to, kernel, stride, padding);
  });
}

void upsample(const Map& from, const Map& to, int scale) {
  const std::size_t size = size_of(from.type.element);
  with_element(from.type.element, [&](auto element) {
    using T = decltype(element);
    for_each_row(to, [&](int row) {
      const int image = row / to.height;
      const int source = image * from.height + row % to.height / scale;
      for (int x = 0; x < to.width; ++x) {
        std::memcpy(mutable_pixel<T>(to, row, x), pixel<T>(from, source, x / scale),
                    static_cast<std::size_t>(from.channels) * size);
      }
    });
  });
}

void reorg(const Map& from, const Map& to) {
  with_element(from.type.element, [&](auto element) {
    using T = decltype(element);
    for_each_row(to, [&](int row) {
      const int top = row / to.height * from.height + row % to.height * 2;
      for (int x = 0; x < to.width; ++x) {
        T* target = mutable_pixel<T>(to, row, x);
        for (int part = 0; part < 4; ++part, target += from.channels) {
          std::memcpy(target, pixel<T>(from, top + part % 2, 2 * x + part / 2),
                      static_cast<std::size_t>(from.channels) * sizeof(T));
        }
      }
    });
  });
}

void add(const Map& a, const Map& b, const Map& to) {
  const PixelReader read_a(a), read_b(b);
  for_each_row(to, [&](int row) {
    const auto channels = static_cast<std::size_t>(to.channels);
    std::vector<float> scratch(2 * channels);
    for (int x = 0; x < to.width; ++x) {
      const float* left = read_a.read(row, x, scratch.data());
      const float* right = read_b.read(row, x, scratch.data() + channels);
      add_row(left, right, scratch.data(), to.channels);
      write_pixel(to, row, x, scratch.data());
    }
  });
}

void fake_quantize(const Map& map, const model::FakeQuantization& quantization) {
  for_each_row(map, [&](int row) {
    model::fake_quantize(
        {mutable_pixel<float>(map, row, 0),
         static_cast<std::size_t>(map.width) * static_cast<std::size_t>(map.pitch)},
        quantization);
  });
}

namespace {

// from(index) -> the value in the map's element.
template <class T, class From>
void interleave(const Map& to, const From& from) {
  const auto plane = static_cast<std::size_t>(to.height) * static_cast<std::size_t>(to.width);
  for_each_row(to, [&](int row) {
    const auto image = static_cast<std::size_t>(row / to.height);
    const std::size_t first = image * 3 * plane + static_cast<std::size_t>(row % to.height) *
                                                      static_cast<std::size_t>(to.width);
    for (int x = 0; x < to.width; ++x) {
      T* target = mutable_pixel<T>(to, row, x);
      for (std::size_t c = 0; c < 3; ++c)
        target[c] = from(first + c * plane + static_cast<std::size_t>(x));
    }
  });
}

}  // namespace

void load_input(std::span<const std::uint8_t> rgb, const Map& to) {
  std::array<float, 256> values;
  std::array<Bf16, 256> bf16;
  for (std::size_t i = 0; i < 256; ++i) {
    values[i] = static_cast<float>(i) / 255.0F;
    bf16[i] = to_bf16(values[i]);
  }
  switch (to.type.element) {
    case Element::kF32:
      return interleave<float>(to, [&](std::size_t i) { return values[rgb[i]]; });
    case Element::kBf16:
      return interleave<Bf16>(to, [&](std::size_t i) { return bf16[rgb[i]]; });
    case Element::kU8:
      return interleave<std::uint8_t>(to, [&](std::size_t i) { return rgb[i]; });
  }
}

void load_input(std::span<const float> values, const Map& to) {
  switch (to.type.element) {
    case Element::kF32:
      return interleave<float>(to, [&](std::size_t i) { return values[i]; });
    case Element::kBf16:
      return interleave<Bf16>(to, [&](std::size_t i) { return to_bf16(values[i]); });
    case Element::kU8:
      return interleave<std::uint8_t>(to,
                                      [&](std::size_t i) { return to_code(values[i], to.type); });
  }
}

void store_output(const Map& from, std::span<float> values) {
  const int pixels = from.height * from.width;
  const auto size = static_cast<std::size_t>(pixels);
  const int tiles = (pixels + kTile - 1) / kTile;
  const int all = from.batch * tiles;
#pragma omp parallel for schedule(static)
  for (int tile = 0; tile < all; ++tile) {
    const int image = tile / tiles;
    const int first = tile % tiles * kTile, last = std::min(first + kTile, pixels);
    const float* source =
        static_cast<const float*>(from.data) + (std::ptrdiff_t{image} * pixels) * from.pitch;
    float* target = values.data() + static_cast<std::size_t>(image) *
                                        static_cast<std::size_t>(from.channels) * size;
    for (int c = 0; c < from.channels; ++c) {
      for (int i = first; i < last; ++i)
        target[static_cast<std::size_t>(c) * size + static_cast<std::size_t>(i)] =
            source[std::ptrdiff_t{i} * from.pitch + c];
    }
  }
}

}  // namespace qyolo::engine
