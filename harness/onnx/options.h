// harness/onnx/: a network as an ONNX file that other runtimes take, and back. Weights that are
// quantized lie in the file as codes behind DequantizeLinear; activations that are have
// QuantizeLinear and DequantizeLinear around them (QDQ), which runtimes turn into integer kernels.
//
// How a network is to be written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/json.h"
#include "common/result.h"

namespace qyolo::harness {

// What codes lie in.
enum class OnnxContainer {
  kInt8,   // 8 bits each, whatever the cell's: what runtimes have integer convolutions for
  kInt4,   // codes of up to 4 bits in 4 bits, larger ones in 8: small files (opset 21)
  kFloat,  // reconstructed weights in floating point: every runtime
};
// Whose legal forms are used.
enum class OnnxTarget { kOnnxRuntime, kOpenVino, kTensorRt };
// What the graph gives.
enum class OnnxHead {
  kRaw,         // the head's convolutions: one [batch, anchors * (5 + classes), ny, nx] per level
  kBoxes,       // [batch, rows, 5 + classes] as model::decode_rows() has it
  kDetections,  // [detections, 7] after NonMaxSuppression: image, x1, y1, x2, y2, class, score
};

// "int8", "int4", "float"; "onnxruntime", "openvino", "tensorrt"; "raw", "boxes", "detections".
[[nodiscard]] std::string_view onnx_name(OnnxContainer container);
[[nodiscard]] std::string_view onnx_name(OnnxTarget target);
[[nodiscard]] std::string_view onnx_name(OnnxHead head);
[[nodiscard]] const std::vector<std::string>& onnx_containers();
[[nodiscard]] const std::vector<std::string>& onnx_targets();
[[nodiscard]] const std::vector<std::string>& onnx_heads();

struct OnnxOptions {
  OnnxContainer container = OnnxContainer::kInt8;
  OnnxTarget target = OnnxTarget::kOnnxRuntime;
  OnnxHead head = OnnxHead::kBoxes;
  // Of the input; 0: any.
  int batch = 1;
  int height = 640, width = 640;  // both 0 or neither
  // Width of weights and biases that are no codes. In 32 bits nothing is lost; container kInt4
  // stores in 16 what these hold exactly.
  int float_bits = 32;
  // kDetections.
  double confidence = 0.25, iou = 0.45;
  int max_per_class = 300;

  bool operator==(const OnnxOptions&) const = default;
};

// Names as above. Fail with what is allowed.
Result<OnnxContainer> parse_onnx_container(std::string_view name);
Result<OnnxTarget> parse_onnx_target(std::string_view name);
Result<OnnxHead> parse_onnx_head(std::string_view name);

[[nodiscard]] OrderedJson onnx_options_json(const OnnxOptions& options);
Result<OnnxOptions> read_onnx_options(const JsonObject& object);

}  // namespace qyolo::harness
