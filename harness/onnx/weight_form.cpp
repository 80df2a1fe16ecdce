#include "harness/onnx/weight_form.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "common/half.h"

namespace qyolo::harness {
namespace {

constexpr std::array<std::string_view, 4> kStorageNames = {"float32", "float16", "int8", "int4"};
constexpr std::string_view kZeroPoints = " zero_points";
constexpr std::string_view kHalfBias = " half_bias";
constexpr std::string_view kGroupPrefix = "group:";

struct IntegerRange {
  int low, high;
};
IntegerRange range_of(WeightStorage storage) {
  return storage == WeightStorage::kInt4 ? IntegerRange{-8, 7} : IntegerRange{-128, 127};
}

bool fits_half(std::span<const float> values) {
  return std::ranges::all_of(values, [](float value) {
    return std::bit_cast<std::uint32_t>(float_from_half(half_from_float(value))) ==
           std::bit_cast<std::uint32_t>(value);
  });
}

// Whether codes are integers that one scale and one zero-point of their group turn into weights.
bool is_uniform(const quant::QuantizedTensor& tensor) {
  const std::string_view scheme = tensor.recipe.scheme->name();
  return (scheme == "affine" || scheme == "symmetric") && tensor.regions.empty();
}

// Why the tensor's codes cannot lie in this storage; "": they can.
std::string obstacle(const quant::QuantizedTensor& tensor, WeightStorage storage) {
  const auto [low, high] = range_of(storage);
  for (const quant::GroupParameters& group : tensor.parameters) {
    if (!std::isnormal(onnx_scale(group))) return "a scale is no normal FP32 number";
    const float zero_point = group.zero_point[0];
    if (zero_point != std::nearbyint(zero_point)) return "a zero-point is no integer";
    if (zero_point < static_cast<float>(low) || zero_point > static_cast<float>(high))
      return fmt::format("a zero-point is outside {} ... {}", low, high);
  }
  return {};
}

bool has_zero_points(const quant::QuantizedTensor& tensor) {
  return std::ranges::any_of(tensor.parameters, [](const quant::GroupParameters& group) {
    return group.zero_point[0] != 0.0F;
  });
}

// Integers of 8 bits, or of 4 bits two a byte, the first in the low half.
std::string integer_bytes(std::span<const std::int8_t> values, WeightStorage storage) {
  if (storage == WeightStorage::kInt8)
    return {reinterpret_cast<const char*>(values.data()), values.size()};
  std::string bytes((values.size() + 1) / 2, '\0');
  for (std::size_t i = 0; i < values.size(); ++i) {
    const unsigned nibble = static_cast<unsigned>(values[i]) & 15U;
    const auto before = static_cast<unsigned char>(bytes[i / 2]);
    bytes[i / 2] = static_cast<char>(before | nibble << (i % 2 * 4));
  }
  return bytes;
}

int integer_at(std::string_view bytes, WeightStorage storage, std::size_t i) {
  if (storage == WeightStorage::kInt8) return static_cast<std::int8_t>(bytes[i]);
  const unsigned nibble = static_cast<unsigned char>(bytes[i / 2]) >> (i % 2 * 4) & 15U;
  return static_cast<int>(nibble ^ 8U) - 8;
}

float float_at(std::string_view bytes, std::size_t i) {
  std::uint32_t word = 0;
  for (std::size_t byte = 0; byte < 4; ++byte)
    word |= std::uint32_t{static_cast<unsigned char>(bytes[4 * i + byte])} << (8 * byte);
  return std::bit_cast<float>(word);
}

}  // namespace

std::string form_text(const WeightForm& form) {
  return fmt::format("{}{}{}", kStorageNames[static_cast<std::size_t>(form.storage)],
                     form.zero_points ? kZeroPoints : "", form.half_bias ? kHalfBias : "");
}

Result<WeightForm> parse_form(std::string_view text) {
  for (std::size_t storage = 0; storage < kStorageNames.size(); ++storage) {
    for (const bool zero_points : {false, true}) {
      for (const bool half_bias : {false, true}) {
        const WeightForm form{static_cast<WeightStorage>(storage), zero_points, half_bias};
        if (zero_points && !form.codes()) continue;
        if (form_text(form) == text) return form;
      }
    }
  }
  return error("'{}' is no way in which weights are stored", text);
}

std::optional<CodeView> code_view(const quant::Recipe& recipe, const quant::Shape& shape,
                                  OnnxTarget target) {
  const std::string& name = recipe.granularity.name();
  const std::int64_t kernel = shape.kh * shape.kw;
  const std::int64_t filter = shape.c * kernel;
  const std::vector<std::int64_t> own = {shape.n, shape.c, shape.kh, shape.kw};
  const auto reshaped = [](std::vector<std::int64_t> dims, std::vector<std::int64_t> scale_dims,
                           std::int64_t axis, std::int64_t block = 0) {
    return CodeView{std::move(dims), std::move(scale_dims), axis, block, 0, false};
  };
  if (name == "layer") return CodeView{own, {}};
  if (name == "filter") return CodeView{own, {shape.n}};
  if (name == "channel") return reshaped({shape.n * shape.c, kernel}, {shape.n * shape.c}, 0);
  if (name == "in-channel") return reshaped({shape.n, shape.c, kernel}, {shape.c}, 1);
  if (name == "shape") return reshaped({shape.n * shape.c, kernel}, {kernel}, 1);
  if (name == "shape-ssl") return reshaped({shape.n, filter}, {filter}, 1);
  if (name == "fshape")
    return reshaped({shape.n, shape.c, kernel}, {shape.n, 1, kernel}, 1, shape.c);
  if (!name.starts_with(kGroupPrefix)) return std::nullopt;
  const std::int64_t pieces = recipe.granularity.group_count(shape) / shape.n;
  if (pieces == 1) return CodeView{own, {shape.n}};
  const std::int64_t group = recipe.granularity.group(shape, 0).size();
  CodeView view = reshaped({shape.n, filter}, {shape.n, pieces}, 1, group);
  if (filter % group != 0 && target != OnnxTarget::kOnnxRuntime) {
    view.row = filter;
    view.dims.back() = pieces * group;
  }
  return view;
}

FormChoice choose_form(const quant::QuantizedTensor* tensor, std::span<const float> weight,
                       std::span<const float> bias, const OnnxOptions& options) {
  const bool small = options.container == OnnxContainer::kInt4;
  const bool half = options.float_bits == 16;
  FormChoice choice;
  choice.form.half_bias = half || (small && fits_half(bias));
  const auto in_floats = [&](std::string reason) {
    const bool exact = small && fits_half(weight);
    choice.form.storage = half || exact ? WeightStorage::kFloat16 : WeightStorage::kFloat32;
    choice.reason = std::move(reason);
    return choice;
  };
  if (tensor == nullptr || options.container == OnnxContainer::kFloat) return in_floats("");
  const std::string text = tensor->recipe.text();
  const auto impossible = [&](std::string_view why) {
    return in_floats(fmt::format("{} in floating point: {}", text, why));
  };
  if (!is_uniform(*tensor)) return impossible("ONNX has no QDQ form of it");
  if (!tensor->corrections.empty()) return impossible("ONNX has no QDQ form of bias correction");
  const auto view = code_view(tensor->recipe, tensor->shape, options.target);
  if (!view) return impossible("ONNX has no QDQ form of it");
  const bool zero_points = has_zero_points(*tensor);
  if (options.target == OnnxTarget::kTensorRt) {
    if (zero_points) return impossible("TensorRT takes no zero-points");
    if (!view->own_axes) return impossible("TensorRT takes scales by filter or by layer");
  }
  choice.form.zero_points = zero_points;
  choice.form.storage = WeightStorage::kInt8;
  std::string why;
  if (small && options.target == OnnxTarget::kTensorRt) {
    why = "TensorRT takes 4-bit weights of matrix multiplications only";
  } else if (small && tensor->recipe.options.bits > 4) {
    why = "codes of over 4 bits";
  } else if (small) {
    why = obstacle(*tensor, WeightStorage::kInt4);
    if (why.empty()) choice.form.storage = WeightStorage::kInt4;
  }
  if (choice.form.storage == WeightStorage::kInt8) {
    if (const std::string worse = obstacle(*tensor, WeightStorage::kInt8); !worse.empty()) {
      choice.form.zero_points = false;
      return impossible(worse);
    }
  }
  if (!why.empty()) choice.reason = fmt::format("{} in 8 bits a code: {}", text, why);
  return choice;
}

float onnx_scale(const quant::GroupParameters& parameters) {
  return static_cast<float>(1.0 / static_cast<double>(parameters.scale[0]));
}

std::string code_bytes(const quant::QuantizedTensor& tensor, WeightStorage storage,
                       const CodeView& view) {
  if (view.row == 0) return integer_bytes(tensor.codes, storage);
  const auto row = static_cast<std::size_t>(view.row);
  const auto padded = static_cast<std::size_t>(view.padded_row());
  const std::size_t rows = tensor.codes.size() / row;
  std::vector<std::int8_t> codes(rows * padded, 0);
  for (std::size_t i = 0; i < rows; ++i)
    std::memcpy(&codes[i * padded], &tensor.codes[i * row], row);
  return integer_bytes(codes, storage);
}

std::string scale_bytes(const quant::QuantizedTensor& tensor) {
  std::vector<float> scales;
  scales.reserve(tensor.parameters.size());
  for (const quant::GroupParameters& group : tensor.parameters) scales.push_back(onnx_scale(group));
  return float_bytes(scales, false);
}

std::string zero_point_bytes(const quant::QuantizedTensor& tensor, WeightStorage storage) {
  std::vector<std::int8_t> zero_points;
  zero_points.reserve(tensor.parameters.size());
  for (const quant::GroupParameters& group : tensor.parameters)
    zero_points.push_back(static_cast<std::int8_t>(group.zero_point[0]));
  return integer_bytes(zero_points, storage);
}

std::string float_bytes(std::span<const float> values, bool half) {
  const std::size_t width = half ? 2 : 4;
  std::string bytes(values.size() * width, '\0');
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint32_t word =
        half ? half_from_float(values[i]) : std::bit_cast<std::uint32_t>(values[i]);
    for (std::size_t byte = 0; byte < width; ++byte)
      bytes[i * width + byte] = static_cast<char>(word >> (8 * byte) & 0xFFU);
  }
  return bytes;
}

Result<std::vector<float>> decode_codes(const StoredCodes& stored, const WeightForm& form,
                                        const CodeView& view, const quant::Recipe& recipe,
                                        const quant::Shape& shape) {
  std::vector<float> weights(static_cast<std::size_t>(shape.size()));
  const auto row = static_cast<std::size_t>(view.row);
  const auto place = [&](std::size_t i) {
    return row == 0 ? i : i / row * static_cast<std::size_t>(view.padded_row()) + i % row;
  };
  const std::int64_t groups = recipe.granularity.group_count(shape);
  for (std::int64_t g = 0; g < groups; ++g) {
    const auto at = static_cast<std::size_t>(g);
    const float scale = float_at(stored.scales, at);
    if (!std::isfinite(scale) || scale <= 0)
      return error("a scale is {}, expected one above 0", scale);
    const int zero_point = form.zero_points ? integer_at(stored.zero_points, form.storage, at) : 0;
    const quant::Group group = recipe.granularity.group(shape, g);
    for (std::int64_t i = 0; i < group.outer; ++i) {
      for (std::int64_t j = 0; j < group.inner; ++j) {
        const auto position = static_cast<std::size_t>(group.offset + i * group.stride_outer +
                                                       j * group.stride_inner);
        const int code = integer_at(stored.codes, form.storage, place(position));
        weights[position] = static_cast<float>(code - zero_point) * scale;
        if (!std::isfinite(weights[position])) return error("a weight is not finite");
      }
    }
  }
  return weights;
}

Result<std::vector<float>> decode_floats(std::string_view bytes, bool half) {
  const std::size_t width = half ? 2 : 4;
  std::vector<float> values(bytes.size() / width);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (half) {
      const auto low = static_cast<unsigned char>(bytes[2 * i]);
      const auto high = static_cast<unsigned char>(bytes[2 * i + 1]);
      values[i] = float_from_half(static_cast<std::uint16_t>(low | high << 8));
    } else {
      values[i] = float_at(bytes, i);
    }
    if (!std::isfinite(values[i])) return error("there is a NaN or an infinity");
  }
  return values;
}

}  // namespace qyolo::harness
