// How a convolution's weights and bias lie in an ONNX file.
//
// Codes are behind DequantizeLinear, w = (q - zero_point) * scale, which runtimes have for a whole
// tensor, for the slices along one axis, and (opset 21) for blocks along one axis. What is neither
// on the weights' own four axes is so on another view of the same memory, and reshaped afterwards:
//   layer           [O, I, Kh, Kw], one scale
//   filter          [O, I, Kh, Kw], axis 0
//   channel         [O I, Kh Kw], axis 0
//   in-channel      [O, I, Kh Kw], axis 1
//   shape           [O I, Kh Kw], axis 1
//   shape-ssl       [O, I Kh Kw], axis 1
//   fshape          [O, I, Kh Kw], axis 1, blocks of I
//   group:G         [O, I Kh Kw], axis 1, blocks of G; G >= I Kh Kw: as filter. Where the last
//   block
//                   of a filter is shorter, ONNX Runtime takes it so; for the others rows are
//                   filled up with zeros, and sliced afterwards
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "harness/onnx/options.h"
#include "harness/quant/quantize.h"

namespace qyolo::harness {

enum class WeightStorage { kFloat32, kFloat16, kInt8, kInt4 };

struct WeightForm {
  WeightStorage storage = WeightStorage::kFloat32;
  bool zero_points = false;  // beside codes; else all are 0
  bool half_bias = false;    // biases in 16 bits

  [[nodiscard]] bool codes() const { return storage >= WeightStorage::kInt8; }
  bool operator==(const WeightForm&) const = default;
};

// "float32", "int4 zero_points", "int8 half_bias".
[[nodiscard]] std::string form_text(const WeightForm& form);
Result<WeightForm> parse_form(std::string_view text);

struct CodeView {
  std::vector<std::int64_t> dims;
  std::vector<std::int64_t> scale_dims;  // empty: one for the tensor
  std::int64_t axis = 0;
  std::int64_t block = 0;  // 0: slices along the axis
  std::int64_t row = 0;    // of codes that are weights, of rows that are filled up; else 0
  bool own_axes = true;    // whether `dims` are those of the weights
  [[nodiscard]] std::int64_t padded_row() const { return dims.back(); }
};

// Nothing for a granularity that has no such view. REQUIRES: positive dimensions whose product
// fits.
[[nodiscard]] std::optional<CodeView> code_view(const quant::Recipe& recipe,
                                                const quant::Shape& shape, OnnxTarget target);

// A form, and why it is not the one that the container asks for ("": it is).
struct FormChoice {
  WeightForm form;
  std::string reason;
};
// `tensor`: null of weights that are no codes. Weights are as evaluated.
[[nodiscard]] FormChoice choose_form(const quant::QuantizedTensor* tensor,
                                     std::span<const float> weight, std::span<const float> bias,
                                     const OnnxOptions& options);

// A scale and a zero-point of a group as they lie in the file.
[[nodiscard]] float onnx_scale(const quant::GroupParameters& parameters);

// Bytes as they lie in the file. REQUIRES: a tensor and a form that choose_form() gave it.
[[nodiscard]] std::string code_bytes(const quant::QuantizedTensor& tensor, WeightStorage storage,
                                     const CodeView& view);
[[nodiscard]] std::string scale_bytes(const quant::QuantizedTensor& tensor);
[[nodiscard]] std::string zero_point_bytes(const quant::QuantizedTensor& tensor,
                                           WeightStorage storage);
[[nodiscard]] std::string float_bytes(std::span<const float> values, bool half);

// And back. REQUIRES: bytes of the sizes that form and view call for. Fails on values that are not
// finite, and on scales that are not above 0.
struct StoredCodes {
  std::string_view codes, scales, zero_points;
};
Result<std::vector<float>> decode_codes(const StoredCodes& stored, const WeightForm& form,
                                        const CodeView& view, const quant::Recipe& recipe,
                                        const quant::Shape& shape);
Result<std::vector<float>> decode_floats(std::string_view bytes, bool half);

}  // namespace qyolo::harness
