#include "harness/quant/packing.h"

#include <atomic>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include "common/half.h"
#include "harness/quant/bit_stream.h"
#include "harness/quant/region_coding.h"
#include "harness/quant/small_floats.h"

namespace qyolo::quant {
namespace {

constexpr int kFieldValues = 256;

std::string_view name_of(Part part) { return kPartNames[static_cast<std::size_t>(part)]; }

std::uint32_t low_bits(std::int64_t value, int width) {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(value) &
                                    ((std::uint64_t{1} << width) - 1));
}

// --- codes and regions ---

std::uint8_t field_of(int code, std::uint8_t region, const CodeLayout& layout, int bits) {
  if (layout.sign_magnitude)
    return static_cast<std::uint8_t>(std::abs(code) | (code < 0 ? 1 << (bits - 1) : 0));
  if (region == kCentre || !layout.side_bit) return static_cast<std::uint8_t>(low_bits(code, bits));
  const std::uint32_t side = region == kNegativeTail ? 1 : 0;
  return static_cast<std::uint8_t>(low_bits(code, bits - 1) | side << (bits - 1));
}

// What a field means in the centre [0] and in a tail [1].
struct Meaning {
  std::int8_t code = 0;
  std::uint8_t region = kCentre;
  bool valid = false;
};
using Meanings = std::array<std::array<Meaning, kFieldValues>, 2>;

Meanings meanings(const CodeLayout& layout, int bits) {
  Meanings found{};
  const auto add = [&](const CodeRange& range, std::uint8_t region) {
    for (int code = range.low; code <= range.high; ++code) {
      found[region == kCentre ? 0 : 1][field_of(code, region, layout, bits)] = {
          static_cast<std::int8_t>(code), region, true};
    }
  };
  add(layout.centre, kCentre);
  add(layout.tail, kPositiveTail);
  if (layout.side_bit) add(layout.tail, kNegativeTail);
  return found;
}

// Turns fields and tail bits into codes and regions, in place. REQUIRES: regions is empty for
// uniform schemes.
Status interpret(QuantizedTensor& tensor, int threads) {
  const Recipe& recipe = tensor.recipe;
  const int bits = recipe.options.bits;
  const Meanings table = meanings(recipe.scheme->code_layout(recipe.options), bits);
  constexpr auto kNone = std::numeric_limits<std::size_t>::max();
  std::atomic<std::size_t> first_bad = kNone;
  const bool piecewise = !tensor.regions.empty();
  for_each_run(tensor.codes.size(), threads, [&](std::size_t first, std::size_t size) {
    for (std::size_t i = first; i < first + size; ++i) {
      const Meaning& meaning =
          table[piecewise ? tensor.regions[i] : 0][static_cast<std::uint8_t>(tensor.codes[i])];
      if (!meaning.valid) {
        std::size_t known = first_bad;
        while (i < known && !first_bad.compare_exchange_weak(known, i)) {
        }
        return;
      }
      tensor.codes[i] = meaning.code;
      if (piecewise) tensor.regions[i] = meaning.region;
    }
  });
  if (first_bad != kNone) {
    return error("the code of weight {} is not one of {} with {} bits", first_bad.load(),
                 recipe.scheme->name(), bits);
  }
  return {};
}

// --- group parameters ---

void write_float(float value, int bits, std::byte* to) {
  const std::uint32_t word =
      bits == 16 ? half_from_float(value) : std::bit_cast<std::uint32_t>(value);
  for (int i = 0; i < bits / 8; ++i) to[i] = static_cast<std::byte>(word >> (8 * i) & 0xFFU);
}

float read_float(const std::byte* from, int bits) {
  std::uint32_t word = 0;
  for (int i = 0; i < bits / 8; ++i) word |= std::to_integer<std::uint32_t>(from[i]) << (8 * i);
  return bits == 16 ? float_from_half(static_cast<std::uint16_t>(word))
                    : std::bit_cast<float>(word);
}

std::vector<std::byte> pack_floats(std::size_t count, int bits, auto&& value) {
  std::vector<std::byte> bytes(count * static_cast<std::size_t>(bits) / 8);
  for (std::size_t i = 0; i < count; ++i)
    write_float(value(i), bits, bytes.data() + i * static_cast<std::size_t>(bits) / 8);
  return bytes;
}

// Fails at the first value that is not finite, or not above `least`.
Status unpack_floats(std::span<const std::byte> bytes, std::size_t count, int bits, Part part,
                     double least, auto&& take) {
  for (std::size_t i = 0; i < count; ++i) {
    const float value = read_float(bytes.data() + i * static_cast<std::size_t>(bits) / 8, bits);
    if (!std::isfinite(value) || !(static_cast<double>(value) > least))
      return error("{}: value {} is {}, expected a finite one{}", name_of(part), i, value,
                   least == 0 ? " above 0" : "");
    take(i, value);
  }
  return {};
}

constexpr double kAny = -std::numeric_limits<double>::infinity();
constexpr int kCorrectionBits = 32;

// Where the parameters of a group lie that are stored `per_group` at a time.
struct Place {
  std::size_t group, slot;
};
Place place(std::size_t index, int per_group) {
  const auto size = static_cast<std::size_t>(per_group);
  return {index / size, index % size};
}
std::size_t count_of(const QuantizedTensor& tensor, int per_group) {
  return tensor.parameters.size() * static_cast<std::size_t>(per_group);
}

// --- scales of one byte ---

constexpr int kE8m0Bias = 127, kE8m0Patterns = 255;  // the last pattern of a byte is no number

std::byte scale_byte(float scale, ScaleFormat format) {
  if (format == ScaleFormat::kE8m0) return static_cast<std::byte>(std::ilogb(scale) + kE8m0Bias);
  return static_cast<std::byte>(nearest_pattern(kE4m3, static_cast<double>(scale)));
}

// Nothing for patterns that are no positive number.
std::optional<float> scale_of_byte(std::byte byte, ScaleFormat format) {
  const int pattern = std::to_integer<int>(byte);
  if (format == ScaleFormat::kE8m0) {
    if (pattern >= kE8m0Patterns) return std::nullopt;
    return std::ldexp(1.0F, pattern - kE8m0Bias);
  }
  if (pattern < 1 || pattern >= kE4m3.patterns) return std::nullopt;
  return static_cast<float>(small_float(kE4m3, pattern));
}

std::vector<std::byte> pack_scales(const QuantizedTensor& tensor, const SchemeStorage& storage) {
  const std::size_t count = count_of(tensor, storage.scales);
  const auto value = [&](std::size_t i) {
    const auto [group, slot] = place(i, storage.scales);
    return tensor.parameters[group].scale[slot];
  };
  if (storage.scale_format == ScaleFormat::kFloat)
    return pack_floats(count, storage.scale_bits, value);
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = scale_byte(value(i), storage.scale_format);
  return bytes;
}

Status unpack_scales(std::span<const std::byte> bytes, const SchemeStorage& storage,
                     QuantizedTensor& tensor) {
  const std::size_t count = count_of(tensor, storage.scales);
  const auto set = [&](std::size_t i, float value) {
    const auto [group, slot] = place(i, storage.scales);
    tensor.parameters[group].scale[slot] = value;
  };
  if (storage.scale_format == ScaleFormat::kFloat)
    return unpack_floats(bytes, count, storage.scale_bits, Part::kScales, 0, set);
  for (std::size_t i = 0; i < count; ++i) {
    const auto scale = scale_of_byte(bytes[i], storage.scale_format);
    if (!scale) {
      return error("{}: byte {} is {}, expected that of a number above 0", name_of(Part::kScales),
                   i, std::to_integer<int>(bytes[i]));
    }
    set(i, *scale);
  }
  return {};
}

Status unpack_codebooks(std::span<const std::byte> bytes, const SchemeStorage& storage,
                        QuantizedTensor& tensor) {
  const auto size = static_cast<std::size_t>(storage.codebook);
  std::vector<float> values(tensor.parameters.size() * size);
  QYOLO_CHECK_OK(unpack_floats(bytes, values.size(), storage.scale_bits, Part::kCodebooks, kAny,
                               [&](std::size_t i, float value) { values[i] = value; }));
  for (std::size_t group = 0; size > 0 && group < tensor.parameters.size(); ++group)
    tensor.parameters[group].codebook = Codebook(std::span(values).subspan(group * size, size));
  return {};
}

// --- zero-points ---

std::vector<std::byte> pack_zero_points(const QuantizedTensor& tensor,
                                        const SchemeStorage& storage) {
  const std::size_t count = count_of(tensor, storage.zero_points);
  const auto value = [&](std::size_t i) {
    const auto [group, slot] = place(i, storage.zero_points);
    return tensor.parameters[group].zero_point[slot];
  };
  const int bits = storage.zero_point_bits;
  if (!storage.integer_zero_points) return pack_floats(count, bits, value);
  std::vector<std::byte> bytes(
      static_cast<std::size_t>(stream_bytes(static_cast<std::int64_t>(count), bits)));
  write_fields(count, bits, bytes, 1,
               [&](std::size_t i) { return low_bits(static_cast<std::int64_t>(value(i)), bits); });
  return bytes;
}

Status unpack_zero_points(std::span<const std::byte> bytes, const SchemeStorage& storage,
                          QuantizedTensor& tensor) {
  const std::size_t count = count_of(tensor, storage.zero_points);
  const auto set = [&](std::size_t i, float value) {
    const auto [group, slot] = place(i, storage.zero_points);
    tensor.parameters[group].zero_point[slot] = value;
  };
  const int bits = storage.zero_point_bits;
  if (!storage.integer_zero_points)
    return unpack_floats(bytes, count, bits, Part::kZeroPoints, kAny, set);
  constexpr std::int64_t kExactIntegers = std::int64_t{1} << 24;
  std::size_t bad = count;
  read_fields(bytes, count, bits, 1, [&](std::size_t i, std::uint32_t field) {
    const std::int64_t beyond = std::int64_t{1} << bits;
    const std::int64_t value = field >> (bits - 1) == 0 ? std::int64_t{field} : field - beyond;
    if (value < -kExactIntegers || value > kExactIntegers) bad = std::min(bad, i);
    set(i, static_cast<float>(value));
  });
  if (bad < count) return error("{}: value {} is beyond 24 bits", name_of(Part::kZeroPoints), bad);
  return {};
}

// --- sizes ---

// The number of weights, if they are no more than the codes' bits allow.
Result<std::int64_t> checked_weights(const Shape& shape, std::span<const std::byte> codes) {
  std::int64_t count = 1;
  const auto most = static_cast<std::int64_t>(codes.size()) * 8;
  for (const std::int64_t size : {shape.n, shape.c, shape.kh, shape.kw}) {
    if (size < 1 || size > most / count) {
      return error("codes: {} bytes do not fit the shape [{}, {}, {}, {}]", codes.size(), shape.n,
                   shape.c, shape.kh, shape.kw);
    }
    count *= size;
  }
  return count;
}

Status check_sizes(const Recipe& recipe, const Shape& shape, const PartBytes& parts,
                   RegionCoding coding) {
  const PartSizes sizes = packed_sizes(recipe, shape);
  for (std::size_t part = 0; part < kParts; ++part) {
    const bool coded = coding == RegionCoding::kEntropy && recipe.scheme->piecewise() &&
                       part == static_cast<std::size_t>(Part::kRegions);
    if (!coded && static_cast<std::int64_t>(parts[part].size()) != sizes[part]) {
      return error("{}: expected {} bytes, found {}", kPartNames[part], sizes[part],
                   parts[part].size());
    }
  }
  return {};
}

}  // namespace

std::string_view region_coding_name(RegionCoding coding) {
  return coding == RegionCoding::kRaw ? "raw" : "entropy";
}

Result<RegionCoding> parse_region_coding(std::string_view name) {
  for (const RegionCoding coding : {RegionCoding::kRaw, RegionCoding::kEntropy})
    if (name == region_coding_name(coding)) return coding;
  return error("regions '{}': expected raw or entropy", name);
}

PartBytes PackedTensor::bytes() const {
  PartBytes views;
  for (std::size_t part = 0; part < kParts; ++part) views[part] = parts[part];
  return views;
}

PartSizes packed_sizes(const Recipe& recipe, const Shape& shape) {
  const StorageBits bits = storage_bits(recipe, shape);
  return {stream_bytes(bits.codes, 1),       stream_bytes(bits.regions, 1),
          stream_bytes(bits.scales, 1),      stream_bytes(bits.zero_points, 1),
          stream_bytes(bits.breakpoints, 1), stream_bytes(bits.corrections, 1),
          stream_bytes(bits.codebooks, 1),   stream_bytes(bits.tensor_scale, 1)};
}

PackedTensor pack(const QuantizedTensor& tensor, RegionCoding coding, int threads) {
  const Recipe& recipe = tensor.recipe;
  const int bits = recipe.options.bits;
  const SchemeStorage storage = recipe.scheme->storage(recipe.options);
  const CodeLayout layout = recipe.scheme->code_layout(recipe.options);
  const std::size_t weights = tensor.codes.size();
  const bool piecewise = recipe.scheme->piecewise();
  const auto region = [&](std::size_t i) { return piecewise ? tensor.regions[i] : kCentre; };
  const auto field = [&](std::size_t i) {
    return field_of(tensor.codes[i], region(i), layout, bits);
  };
  const auto tail = [&](std::size_t i) { return tensor.regions[i] == kCentre ? 0U : 1U; };

  PackedTensor packed;
  const auto part = [&](Part which) -> std::vector<std::byte>& {
    return packed.parts[static_cast<std::size_t>(which)];
  };
  const auto stream = [&](Part which, int width, auto&& value) {
    part(which).resize(
        static_cast<std::size_t>(stream_bytes(static_cast<std::int64_t>(weights), width)));
    write_fields(weights, width, part(which), threads, value);
  };
  stream(Part::kCodes, bits, field);
  if (piecewise && coding == RegionCoding::kRaw) {
    stream(Part::kRegions, 1, tail);
  } else if (piecewise) {
    std::vector<std::uint8_t> fields(weights), tails(weights);
    for (std::size_t i = 0; i < weights; ++i) {
      fields[i] = field(i);
      tails[i] = static_cast<std::uint8_t>(tail(i));
    }
    part(Part::kRegions) = encode_regions(tails, fields, tensor.shape);
  }
  part(Part::kScales) = pack_scales(tensor, storage);
  if (storage.zero_points > 0) part(Part::kZeroPoints) = pack_zero_points(tensor, storage);
  part(Part::kBreakpoints) =
      pack_floats(count_of(tensor, storage.breakpoints), storage.scale_bits,
                  [&](std::size_t group) { return tensor.parameters[group].breakpoint; });
  part(Part::kCorrections) =
      pack_floats(2 * tensor.corrections.size(), kCorrectionBits, [&](std::size_t i) {
        const FilterCorrection& correction = tensor.corrections[i / 2];
        return i % 2 == 0 ? correction.gain : correction.offset;
      });
  part(Part::kCodebooks) =
      pack_floats(count_of(tensor, storage.codebook), storage.scale_bits, [&](std::size_t i) {
        const auto [group, slot] = place(i, storage.codebook);
        return tensor.parameters[group].codebook.values()[slot];
      });
  if (storage.tensor_scales > 0) {
    const auto shared = static_cast<std::size_t>(storage.scales);
    part(Part::kTensorScale) =
        pack_floats(1, 32, [&](std::size_t) { return tensor.parameters[0].scale[shared]; });
  }
  return packed;
}

Result<QuantizedTensor> unpack(const Recipe& recipe, const Shape& shape, const PartBytes& parts,
                               RegionCoding coding, int threads) {
  const auto part = [&](Part which) { return parts[static_cast<std::size_t>(which)]; };
  QYOLO_TRY(const std::int64_t count, checked_weights(shape, part(Part::kCodes)));
  QYOLO_CHECK_OK(check_sizes(recipe, shape, parts, coding));
  const auto weights = static_cast<std::size_t>(count);
  const int bits = recipe.options.bits;
  const SchemeStorage storage = recipe.scheme->storage(recipe.options);
  const bool piecewise = recipe.scheme->piecewise();
  const bool raw = piecewise && coding == RegionCoding::kRaw;
  const bool padded = storage.zero_points > 0 && storage.integer_zero_points;

  QuantizedTensor tensor{recipe, shape, {}, {}, {}, {}};
  tensor.parameters.resize(static_cast<std::size_t>(recipe.granularity.group_count(shape)));
  if (!ends_in_zeros(part(Part::kCodes), weights, bits) ||
      (raw && !ends_in_zeros(part(Part::kRegions), weights, 1)) ||
      (padded && !ends_in_zeros(part(Part::kZeroPoints), count_of(tensor, storage.zero_points),
                                storage.zero_point_bits))) {
    return error("the unused bits of a last byte are not 0");
  }

  tensor.codes.resize(weights);
  read_fields(part(Part::kCodes), weights, bits, threads, [&](std::size_t i, std::uint32_t field) {
    tensor.codes[i] = static_cast<std::int8_t>(field);
  });
  if (piecewise) tensor.regions.resize(weights);
  if (raw) {
    read_fields(part(Part::kRegions), weights, 1, threads, [&](std::size_t i, std::uint32_t tail) {
      tensor.regions[i] = static_cast<std::uint8_t>(tail);
    });
  } else if (piecewise) {
    const std::span<const std::uint8_t> fields(
        reinterpret_cast<const std::uint8_t*>(tensor.codes.data()), weights);
    QYOLO_CHECK_OK(decode_regions(part(Part::kRegions), fields, shape, tensor.regions));
  }
  QYOLO_CHECK_OK(interpret(tensor, threads));

  QYOLO_CHECK_OK(unpack_scales(part(Part::kScales), storage, tensor));
  if (storage.zero_points > 0)
    QYOLO_CHECK_OK(unpack_zero_points(part(Part::kZeroPoints), storage, tensor));
  QYOLO_CHECK_OK(unpack_floats(
      part(Part::kBreakpoints), count_of(tensor, storage.breakpoints), storage.scale_bits,
      Part::kBreakpoints, kAny,
      [&](std::size_t group, float value) { tensor.parameters[group].breakpoint = value; }));
  QYOLO_CHECK_OK(unpack_codebooks(part(Part::kCodebooks), storage, tensor));
  if (storage.tensor_scales > 0) {
    const auto share = [&](std::size_t, float value) {
      for (GroupParameters& group : tensor.parameters)
        group.scale[static_cast<std::size_t>(storage.scales)] = value;
    };
    QYOLO_CHECK_OK(unpack_floats(part(Part::kTensorScale), 1, 32, Part::kTensorScale, 0, share));
  }
  if (recipe.options.bias_correction) {
    tensor.corrections.resize(static_cast<std::size_t>(shape.n));
    QYOLO_CHECK_OK(unpack_floats(part(Part::kCorrections), 2 * tensor.corrections.size(),
                                 kCorrectionBits, Part::kCorrections, kAny,
                                 [&](std::size_t i, float value) {
                                   FilterCorrection& correction = tensor.corrections[i / 2];
                                   (i % 2 == 0 ? correction.gain : correction.offset) = value;
                                 }));
  }
  return tensor;
}

std::optional<PartBytes> filters_of(const Recipe& recipe, const Shape& shape,
                                    const PartBytes& parts, RegionCoding coding, std::int64_t first,
                                    std::int64_t count) {
  const Granularity::OfFilters groups = recipe.granularity.of_filters(shape);
  if (coding != RegionCoding::kRaw || groups == Granularity::OfFilters::kNeither)
    return std::nullopt;
  const auto shared = [&](std::size_t part) {
    if (part == static_cast<std::size_t>(Part::kTensorScale)) return true;
    const bool of_groups = part == static_cast<std::size_t>(Part::kScales) ||
                           part == static_cast<std::size_t>(Part::kZeroPoints) ||
                           part == static_cast<std::size_t>(Part::kBreakpoints) ||
                           part == static_cast<std::size_t>(Part::kCodebooks);
    return of_groups && groups == Granularity::OfFilters::kShared;
  };
  const auto sizes_of = [&](std::int64_t filters) {
    return filters == 0 ? PartSizes{}
                        : packed_sizes(recipe, {filters, shape.c, shape.kh, shape.kw});
  };
  const PartSizes before = sizes_of(first), taken = sizes_of(count);
  PartBytes some = parts;
  for (std::size_t part = 0; part < kParts; ++part) {
    if (shared(part)) continue;
    some[part] = parts[part].subspan(static_cast<std::size_t>(before[part]),
                                     static_cast<std::size_t>(taken[part]));
  }
  return some;
}

}  // namespace qyolo::quant
