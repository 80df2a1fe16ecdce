#include "harness/onnx/model_file.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstddef>
#include <functional>
#include <limits>
#include <set>

#include "harness/model/printable.h"

namespace qyolo::harness {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr std::size_t kMostNodes = 200000, kMostTensors = 100000, kMostEntries = 1000,
                      kMostDims = 16, kMostOperations = 200;
constexpr const char* kTruncated = "the file is truncated, or no ONNX file";

// A field of a message: its number, and its value as a number or as bytes.
struct Field {
  int number = 0;
  bool bytes = false;
  std::uint64_t value = 0;
  std::string_view text;
};
using Visit = std::function<Status(const Field&)>;

// Calls visit for every field. Fails where the bytes are no message.
Status for_each_field(std::string_view message, const Visit& visit) {
  if (message.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    return error("the file is larger than 2 GiB, which no ONNX file of one piece is");
  CodedInputStream input(reinterpret_cast<const std::uint8_t*>(message.data()),
                         static_cast<int>(message.size()));
  while (const std::uint32_t tag = input.ReadTag()) {
    Field field{WireFormatLite::GetTagFieldNumber(tag), false, 0, {}};
    bool read = false;
    std::uint32_t word = 0;
    switch (WireFormatLite::GetTagWireType(tag)) {
      case WireFormatLite::WIRETYPE_VARINT:
        read = input.ReadVarint64(&field.value);
        break;
      case WireFormatLite::WIRETYPE_FIXED64:
        read = input.ReadLittleEndian64(&field.value);
        break;
      case WireFormatLite::WIRETYPE_FIXED32:
        read = input.ReadLittleEndian32(&word);
        field.value = word;
        break;
      case WireFormatLite::WIRETYPE_LENGTH_DELIMITED: {
        if (!input.ReadVarint32(&word)) break;
        const auto start = static_cast<std::size_t>(input.CurrentPosition());
        if (word > message.size() - start) break;
        field.bytes = true;
        field.text = message.substr(start, word);
        read = input.Skip(static_cast<int>(word));
        break;
      }
      default:
        break;
    }
    if (!read) return error("{}", kTruncated);
    QYOLO_CHECK_OK(visit(field));
  }
  if (!input.ConsumedEntireMessage()) return error("{}", kTruncated);
  return {};
}

template <class Value>
Status append(std::vector<Value>& values, Value value, std::size_t most, std::string_view what) {
  if (values.size() >= most) return error("the file has more than {} {}", most, what);
  values.push_back(std::move(value));
  return {};
}

// Dimensions one by one, or packed into bytes.
Status read_dims(const Field& field, std::vector<std::int64_t>& dims) {
  if (!field.bytes)
    return append(dims, static_cast<std::int64_t>(field.value), kMostDims, "dimensions");
  CodedInputStream input(reinterpret_cast<const std::uint8_t*>(field.text.data()),
                         static_cast<int>(field.text.size()));
  while (input.CurrentPosition() < static_cast<int>(field.text.size())) {
    std::uint64_t value = 0;
    if (!input.ReadVarint64(&value)) return error("{}", kTruncated);
    QYOLO_CHECK_OK(append(dims, static_cast<std::int64_t>(value), kMostDims, "dimensions"));
  }
  return {};
}

Result<RawTensor> read_tensor(std::string_view message) {
  RawTensor tensor;
  QYOLO_CHECK_OK(for_each_field(message, [&](const Field& field) -> Status {
    switch (field.number) {
      case 1:
        return read_dims(field, tensor.dims);
      case 2:
        tensor.type = static_cast<std::int64_t>(field.value);
        return {};
      case 8:
        tensor.name = field.text;
        return {};
      case 9:
        tensor.data = field.text;
        return {};
      case 13:
        tensor.elsewhere = true;
        return {};
      case 14:
        tensor.elsewhere = tensor.elsewhere || field.value != 0;
        return {};
      default:
        return {};
    }
  }));
  return tensor;
}

Status read_graph(std::string_view message, RawModel& model) {
  return for_each_field(message, [&](const Field& field) -> Status {
    switch (field.number) {
      case 1:
        return append(model.nodes, field.text, kMostNodes, "nodes");
      case 2:
        return {};
      case 5: {
        QYOLO_TRY(RawTensor tensor, read_tensor(field.text));
        return append(model.tensors, std::move(tensor), kMostTensors, "tensors");
      }
      case 11:
        return append(model.inputs, field.text, kMostEntries, "inputs");
      case 12:
        return append(model.outputs, field.text, kMostEntries, "outputs");
      default:
        model.other_fields = true;
        return {};
    }
  });
}

Result<std::pair<std::string_view, std::string_view>> read_entry(std::string_view message) {
  std::pair<std::string_view, std::string_view> entry;
  QYOLO_CHECK_OK(for_each_field(message, [&](const Field& field) -> Status {
    if (field.number == 1) entry.first = field.text;
    if (field.number == 2) entry.second = field.text;
    return {};
  }));
  return entry;
}

Result<std::pair<std::string_view, std::int64_t>> read_opset(std::string_view message) {
  std::pair<std::string_view, std::int64_t> opset;
  QYOLO_CHECK_OK(for_each_field(message, [&](const Field& field) -> Status {
    if (field.number == 1) opset.first = field.text;
    if (field.number == 2) opset.second = static_cast<std::int64_t>(field.value);
    return {};
  }));
  return opset;
}

}  // namespace

Result<RawModel> parse_onnx_model(std::string_view bytes) {
  RawModel model;
  bool graph = false;
  QYOLO_CHECK_OK(for_each_field(bytes, [&](const Field& field) -> Status {
    switch (field.number) {
      case 1:
        model.ir_version = static_cast<std::int64_t>(field.value);
        return {};
      case 2:
        model.producer = field.text;
        return {};
      case 7:
        if (graph) return error("the file has two graphs");
        graph = true;
        return read_graph(field.text, model);
      case 8: {
        QYOLO_TRY(const auto opset, read_opset(field.text));
        return append(model.opsets, opset, kMostEntries, "sets of operators");
      }
      case 14: {
        QYOLO_TRY(const auto entry, read_entry(field.text));
        if (model.metadata.size() >= kMostEntries)
          return error("the file has more than {} entries of metadata", kMostEntries);
        model.metadata[entry.first] = entry.second;
        return {};
      }
      case 20:
      case 25:
        model.other_fields = true;
        return {};
      default:
        return {};
    }
  }));
  if (!graph || model.ir_version <= 0) return error("{}", kTruncated);
  return model;
}

Result<std::vector<std::string>> operations_of(const RawModel& model) {
  std::set<std::string_view> found;
  for (const std::string_view node : model.nodes) {
    QYOLO_CHECK_OK(for_each_field(node, [&](const Field& field) -> Status {
      if (field.number == 4 && found.size() < kMostOperations) found.insert(field.text);
      return {};
    }));
  }
  std::vector<std::string> names;
  for (const std::string_view name : found)
    names.push_back(model::printable(std::string(name.substr(0, 64))));
  return names;
}

}  // namespace qyolo::harness
