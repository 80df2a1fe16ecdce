// The graph of an ONNX file: every node, every tensor with its type and dimensions, inputs and
// outputs. It follows from the description alone; the floats and codes come later. So the writer
// knows the file's size before it has made it, and the reader what has to be in it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "harness/onnx/description.h"
#include "harness/onnx/onnx.pb.h"

namespace qyolo::harness {

// What a tensor holds: bytes of its own, or what belongs to a convolution.
enum class Payload { kInline, kWeight, kCodes, kScales, kZeroPoints, kBias };

struct PlannedTensor {
  std::string name;
  onnx::TensorProto::DataType type = onnx::TensorProto::FLOAT;
  std::vector<std::int64_t> dims;
  Payload payload = Payload::kInline;
  std::size_t conv = 0;  // of graph.conv_nodes()
  std::string bytes;     // kInline
};

// Of its raw data. Fails where that is no number of bytes that a file could have.
Result<std::int64_t> bytes_of(const PlannedTensor& tensor);

struct GraphPlan {
  std::vector<onnx::NodeProto> nodes;  // in the order of execution
  std::vector<PlannedTensor> tensors;  // each once
  std::set<std::string> tensor_names, value_names;
  std::string twice;  // a value that two nodes would make; "": none
  std::vector<onnx::ValueInfoProto> inputs, outputs;
  int opset = 13;
  int ir_version = 7;
};

// Fails where two convolutions have one name, and on sizes that the graph does not take.
Result<GraphPlan> make_graph_plan(const OnnxDescription& description);

// Appends nodes and tensors to a plan.
class PlanWriter {
 public:
  explicit PlanWriter(GraphPlan& plan) : plan_(plan) {}

  // Appends a node whose only output is `output`, which is also its name; returns that. Attributes
  // are added to the plan's last node.
  std::string node(std::string_view operation, const std::vector<std::string>& inputs,
                   std::string output);
  // One more output of the last node.
  void output(std::string name);
  void integers(std::string_view name, const std::vector<std::int64_t>& values);
  void integer(std::string_view name, std::int64_t value);
  void number(std::string_view name, float value);
  void text(std::string_view name, std::string_view value);

  // Appends a tensor, unless one of that name is there; returns its name.
  std::string tensor(PlannedTensor tensor);
  std::string floats(std::string name, std::vector<std::int64_t> dims,
                     const std::vector<float>& values);
  std::string int64s(std::string name, std::vector<std::int64_t> dims,
                     const std::vector<std::int64_t>& values);

 private:
  onnx::AttributeProto& attribute(std::string_view name);

  GraphPlan& plan_;
};

// A dimension of an input or output: a number, or (0) a name.
struct PlannedDimension {
  std::int64_t size = 0;
  std::string name;
};
[[nodiscard]] onnx::ValueInfoProto value_info(std::string name, onnx::TensorProto::DataType type,
                                              const std::vector<PlannedDimension>& dims);

// Appends what makes of the head's convolutions (the values `levels`) what the options ask for, and
// the plan's outputs. `maps`: of each level, where the options fix the image size.
void plan_head(const OnnxDescription& description, const std::vector<std::string>& levels,
               const std::vector<model::MapShape>& maps, GraphPlan& plan);

}  // namespace qyolo::harness
