#include "harness/onnx/options.h"

#include <algorithm>
#include <cstddef>

#include "common/spelling.h"

namespace qyolo::harness {
namespace {

constexpr int kMostImages = 65536, kMostPixels = 65536, kMostDetections = 100000;

template <class Choice>
Result<Choice> parse_choice(std::string_view what, std::string_view name,
                            const std::vector<std::string>& names) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end())
    return error("{} '{}': expected one of {}{}", what, name, fmt::join(names, ", "),
                 did_you_mean(name, names));
  return static_cast<Choice>(found - names.begin());
}

}  // namespace

const std::vector<std::string>& onnx_containers() {
  static const std::vector<std::string> names = {"int8", "int4", "float"};
  return names;
}
const std::vector<std::string>& onnx_targets() {
  static const std::vector<std::string> names = {"onnxruntime", "openvino", "tensorrt"};
  return names;
}
const std::vector<std::string>& onnx_heads() {
  static const std::vector<std::string> names = {"raw", "boxes", "detections"};
  return names;
}

std::string_view onnx_name(OnnxContainer container) {
  return onnx_containers()[static_cast<std::size_t>(container)];
}
std::string_view onnx_name(OnnxTarget target) {
  return onnx_targets()[static_cast<std::size_t>(target)];
}
std::string_view onnx_name(OnnxHead head) { return onnx_heads()[static_cast<std::size_t>(head)]; }

Result<OnnxContainer> parse_onnx_container(std::string_view name) {
  return parse_choice<OnnxContainer>("container", name, onnx_containers());
}
Result<OnnxTarget> parse_onnx_target(std::string_view name) {
  return parse_choice<OnnxTarget>("target", name, onnx_targets());
}
Result<OnnxHead> parse_onnx_head(std::string_view name) {
  return parse_choice<OnnxHead>("head", name, onnx_heads());
}

OrderedJson onnx_options_json(const OnnxOptions& options) {
  return {{"container", onnx_name(options.container)},
          {"target", onnx_name(options.target)},
          {"head", onnx_name(options.head)},
          {"batch", options.batch},
          {"height", options.height},
          {"width", options.width},
          {"float_bits", options.float_bits},
          {"confidence", options.confidence},
          {"iou", options.iou},
          {"max_per_class", options.max_per_class}};
}

Result<OnnxOptions> read_onnx_options(const JsonObject& object) {
  QYOLO_CHECK_OK(object.only({"container", "target", "head", "batch", "height", "width",
                              "float_bits", "confidence", "iou", "max_per_class"}));
  OnnxOptions options;
  QYOLO_TRY(const std::string container, object.string("container"));
  QYOLO_TRY(options.container, parse_onnx_container(container));
  QYOLO_TRY(const std::string target, object.string("target"));
  QYOLO_TRY(options.target, parse_onnx_target(target));
  QYOLO_TRY(const std::string head, object.string("head"));
  QYOLO_TRY(options.head, parse_onnx_head(head));
  QYOLO_TRY(const std::int64_t batch, object.integer("batch", 0, kMostImages));
  QYOLO_TRY(const std::int64_t height, object.integer("height", 0, kMostPixels));
  QYOLO_TRY(const std::int64_t width, object.integer("width", 0, kMostPixels));
  QYOLO_TRY(const std::int64_t float_bits, object.integer("float_bits", 16, 32));
  QYOLO_TRY(const std::int64_t most, object.integer("max_per_class", 1, kMostDetections));
  QYOLO_TRY(options.confidence, object.number("confidence"));
  QYOLO_TRY(options.iou, object.number("iou"));
  options.batch = static_cast<int>(batch);
  options.height = static_cast<int>(height);
  options.width = static_cast<int>(width);
  options.float_bits = static_cast<int>(float_bits);
  options.max_per_class = static_cast<int>(most);
  if ((height == 0) != (width == 0) || (float_bits != 16 && float_bits != 32))
    return error("{}: its sizes do not fit together", object.place());
  return options;
}

}  // namespace qyolo::harness
