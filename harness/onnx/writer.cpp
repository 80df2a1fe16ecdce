#include "harness/onnx/writer.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstddef>
#include <limits>
#include <string_view>
#include <utility>

#include "common/file.h"
#include "common/sha256.h"
#include "common/version.h"
#include "harness/artifact/quantized_network.h"
#include "harness/onnx/graph_plan.h"
#include "harness/onnx/metadata.h"
#include "harness/onnx/weight_form.h"

namespace qyolo::harness {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;

constexpr int kGraphField = 7, kNodeField = 1, kNameField = 2, kTensorField = 5, kInputField = 11,
              kOutputField = 12, kRawDataField = 9;
constexpr std::int64_t kMostBytes = std::numeric_limits<std::int32_t>::max();

std::uint8_t* as_bytes(char* text) { return reinterpret_cast<std::uint8_t*>(text); }

std::int64_t tag_size(int field) {
  return static_cast<std::int64_t>(
      CodedOutputStream::VarintSize32(static_cast<std::uint32_t>(field) << 3U));
}
// Of a field of so many bytes, with its tag and its length in front.
std::int64_t field_size(int field, std::int64_t bytes) {
  return tag_size(field) +
         static_cast<std::int64_t>(
             CodedOutputStream::VarintSize64(static_cast<std::uint64_t>(bytes))) +
         bytes;
}

// A message in the making.
class Bytes {
 public:
  void reserve(std::int64_t bytes) { text_.reserve(static_cast<std::size_t>(bytes)); }
  void open_field(int field, std::int64_t bytes) {
    char buffer[20];
    std::uint8_t* end = CodedOutputStream::WriteTagToArray(
        WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED),
        as_bytes(buffer));
    end = CodedOutputStream::WriteVarint64ToArray(static_cast<std::uint64_t>(bytes), end);
    text_.append(buffer, static_cast<std::size_t>(end - as_bytes(buffer)));
  }
  void field(int field, std::string_view bytes) {
    open_field(field, static_cast<std::int64_t>(bytes.size()));
    text_ += bytes;
  }
  void raw(std::string_view bytes) { text_ += bytes; }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

// Everything of a tensor but its data, which follows as the last field.
std::string tensor_head(const PlannedTensor& tensor) {
  onnx::TensorProto head;
  for (const std::int64_t size : tensor.dims) head.add_dims(size);
  head.set_data_type(tensor.type);
  head.set_name(tensor.name);
  return head.SerializeAsString();
}

class ModelWriter {
 public:
  ModelWriter(const OnnxNetwork& network, const OnnxDescription& description, GraphPlan plan)
      : network_(network), description_(description), plan_(std::move(plan)) {}

  Result<std::string> file(OnnxReport& report) {
    QYOLO_TRY(const std::int64_t graph, graph_size());
    onnx::ModelProto front;
    front.set_ir_version(plan_.ir_version);
    front.set_producer_name("qyolo");
    front.set_producer_version(kVersion);
    Bytes bytes;
    constexpr std::int64_t kAroundTheGraph = 1 << 20;
    if (graph > kMostBytes - kAroundTheGraph) {
      return error(
          "the ONNX file would have {:.1f} GB; one of a single piece has at most 2 GB: "
          "--container int8 or int4, or --fp16, makes it smaller",
          static_cast<double>(graph) * 1e-9);
    }
    bytes.reserve(graph + kAroundTheGraph);
    bytes.raw(front.SerializeAsString());
    bytes.open_field(kGraphField, graph);
    for (const onnx::NodeProto& node : plan_.nodes)
      bytes.field(kNodeField, node.SerializeAsString());
    bytes.field(kNameField, "yolov7");
    Sha256 sum;
    for (const PlannedTensor& tensor : plan_.tensors) {
      const std::string data = payload(tensor);
      QYOLO_TRY(const std::int64_t planned, bytes_of(tensor));
      if (std::cmp_not_equal(data.size(), planned))
        return error("{} has {} bytes, and its layer calls for {}", tensor.name, data.size(),
                     planned);
      sum.update(data);
      count(tensor, static_cast<std::int64_t>(data.size()), report);
      const std::string head = tensor_head(tensor);
      const auto size = static_cast<std::int64_t>(data.size());
      bytes.open_field(kTensorField,
                       static_cast<std::int64_t>(head.size()) + field_size(kRawDataField, size));
      bytes.raw(head);
      bytes.field(kRawDataField, data);
    }
    for (const onnx::ValueInfoProto& input : plan_.inputs)
      bytes.field(kInputField, input.SerializeAsString());
    for (const onnx::ValueInfoProto& output : plan_.outputs)
      bytes.field(kOutputField, output.SerializeAsString());
    onnx::ModelProto back;
    onnx::OperatorSetIdProto& opset = *back.add_opset_import();
    opset.set_domain("");
    opset.set_version(plan_.opset);
    for (const auto& [key, value] : onnx_metadata(description_, sum.hex())) {
      onnx::StringStringEntryProto& entry = *back.add_metadata_props();
      entry.set_key(key);
      entry.set_value(value);
    }
    bytes.raw(back.SerializeAsString());
    report.opset = plan_.opset;
    report.nodes = plan_.nodes.size();
    std::string file = bytes.take();
    report.file = static_cast<std::int64_t>(file.size());
    return file;
  }

 private:
  Result<std::int64_t> graph_size() const {
    std::int64_t size = field_size(kNameField, std::string_view("yolov7").size());
    for (const onnx::NodeProto& node : plan_.nodes)
      size += field_size(kNodeField, static_cast<std::int64_t>(node.ByteSizeLong()));
    for (const PlannedTensor& tensor : plan_.tensors) {
      QYOLO_TRY(const std::int64_t data, bytes_of(tensor));
      size += field_size(kTensorField, static_cast<std::int64_t>(tensor_head(tensor).size()) +
                                           field_size(kRawDataField, data));
    }
    for (const onnx::ValueInfoProto& input : plan_.inputs)
      size += field_size(kInputField, static_cast<std::int64_t>(input.ByteSizeLong()));
    for (const onnx::ValueInfoProto& output : plan_.outputs)
      size += field_size(kOutputField, static_cast<std::int64_t>(output.ByteSizeLong()));
    return size;
  }

  [[nodiscard]] std::string payload(const PlannedTensor& tensor) const {
    if (tensor.payload == Payload::kInline) return tensor.bytes;
    const OnnxConv& conv = network_.convs[tensor.conv];
    const WeightStorage storage = description_.weights[tensor.conv].storage;
    switch (tensor.payload) {
      case Payload::kCodes: {
        const auto view =
            code_view(conv.codes->recipe, conv.codes->shape, description_.options.target);
        return code_bytes(*conv.codes, storage, *view);
      }
      case Payload::kScales:
        return scale_bytes(*conv.codes);
      case Payload::kZeroPoints:
        return zero_point_bytes(*conv.codes, storage);
      case Payload::kWeight:
        return float_bytes(conv.weight, tensor.type == onnx::TensorProto::FLOAT16);
      default:
        return float_bytes(conv.bias, tensor.type == onnx::TensorProto::FLOAT16);
    }
  }

  static void count(const PlannedTensor& tensor, std::int64_t bytes, OnnxReport& report) {
    switch (tensor.payload) {
      case Payload::kCodes:
        report.codes += bytes;
        break;
      case Payload::kScales:
        report.scales += bytes;
        break;
      case Payload::kZeroPoints:
        report.zero_points += bytes;
        break;
      case Payload::kWeight:
        report.weights += bytes;
        break;
      case Payload::kBias:
        report.biases += bytes;
        break;
      case Payload::kInline:
        report.constants += bytes;
        break;
    }
  }

  const OnnxNetwork& network_;
  const OnnxDescription& description_;
  GraphPlan plan_;
};

model::Graph without_floats(const model::Graph& graph) {
  model::Graph copy;
  for (const model::Node& node : graph.nodes) copy.nodes.push_back(model::without_weights(node));
  copy.head = graph.head;
  copy.class_names = graph.class_names;
  copy.max_stride = graph.max_stride;
  copy.source = graph.source;
  copy.head_type = graph.head_type;
  copy.stored_values = graph.stored_values;
  copy.stored_conv_weights = graph.stored_conv_weights;
  copy.stored_convs = graph.stored_convs;
  return copy;
}

}  // namespace

Result<OnnxReport> write_onnx(const std::filesystem::path& path, const OnnxNetwork& network,
                              const OnnxOptions& options) {
  OnnxDescription description;
  description.qyolo_version = kVersion;
  description.checkpoint_sha256 = network.checkpoint_sha256;
  description.cell = network.cell;
  description.options = options;
  description.activations = network.activations;
  description.graph = without_floats(network.graph);
  OnnxReport report;
  for (const OnnxConv& conv : network.convs) {
    const FormChoice choice = choose_form(conv.codes, conv.weight, conv.bias, options);
    description.weights.push_back(choice.form);
    ++report.tensors[form_text({choice.form.storage, false, false})];
    if (!choice.reason.empty()) ++report.changes[choice.reason];
  }
  QYOLO_TRY(GraphPlan plan, make_graph_plan(description));
  QYOLO_TRY(const std::string file,
            ModelWriter(network, description, std::move(plan)).file(report));
  QYOLO_CHECK_OK(write_file(path, file));
  return report;
}

}  // namespace qyolo::harness
