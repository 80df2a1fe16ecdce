#include "harness/onnx/graph_plan.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "harness/artifact/quantized_network.h"
#include "harness/onnx/weight_form.h"

namespace qyolo::harness {
namespace {

using model::Activation;
using onnx::TensorProto;
using Texts = std::vector<std::string>;

std::size_t at(int node) { return static_cast<std::size_t>(node); }

bool has_codes_of_its_input(const model::Node& node) {
  return std::holds_alternative<model::MaxPoolNode>(node.op) ||
         std::holds_alternative<model::UpsampleNode>(node.op) ||
         std::holds_alternative<model::ReorgNode>(node.op);
}

class Planner {
 public:
  explicit Planner(const OnnxDescription& description)
      : description_(description), graph_(description.graph), write_(plan_) {}

  Result<GraphPlan> plan() {
    QYOLO_CHECK_OK(name_nodes());
    QYOLO_CHECK_OK(find_maps());
    const std::vector<int> convs = graph_.conv_nodes();
    for (std::size_t i = 0; i < convs.size(); ++i) conv_of_node_[at(convs[i])] = i;
    plan_input();
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) plan_node(i);
    std::vector<std::string> levels;
    std::vector<model::MapShape> maps;
    for (const model::HeadLevel& level : graph_.head) {
      levels.push_back(values_[at(level.node)]);
      if (!maps_.empty()) maps.push_back(maps_[at(level.node)]);
    }
    plan_head(description_, levels, maps, plan_);
    for (const std::string& name : plan_.tensor_names)
      if (plan_.value_names.contains(name)) plan_.twice = name;
    if (!plan_.twice.empty())
      return error("two values of the network would be named {}", plan_.twice);
    return std::move(plan_);
  }

 private:
  [[nodiscard]] bool targets(OnnxTarget target) const {
    return description_.options.target == target;
  }

  // Names of the nodes are those of their outputs.
  Status name_nodes() {
    const std::size_t count = graph_.nodes.size();
    values_.resize(count);
    types_.resize(count);
    group_of_node_.resize(count);
    conv_of_node_.resize(count);
    std::set<std::string> seen;
    for (std::size_t i = 0; i < count; ++i) {
      const model::Node& node = graph_.nodes[i];
      std::string name = node.conv() != nullptr
                             ? node.conv()->name
                             : fmt::format("model.{}.node_{}", node.layer_index, i);
      if (!seen.insert(name).second) return error("two nodes of the network are named {}", name);
      names_.push_back(std::move(name));
    }
    for (std::size_t k = 0; k < graph_.head.size(); ++k) {
      if (description_.options.head == OnnxHead::kRaw)
        raw_names_[at(graph_.head[k].node)] = fmt::format("head.{}", k);
    }
    if (!description_.activations) return {};
    const std::vector<CalibratedGroup>& groups = description_.activations->calibrated.groups;
    for (std::size_t g = 0; g < groups.size(); ++g)
      for (const int node : groups[g].nodes) group_of_node_[at(node)] = g;
    return {};
  }

  Status find_maps() {
    const OnnxOptions& options = description_.options;
    if (options.height == 0) return {};
    QYOLO_TRY(maps_, model::infer_shapes(graph_, options.height, options.width));
    return {};
  }

  void need_opset(int opset, int ir_version) {
    plan_.opset = std::max(plan_.opset, opset);
    plan_.ir_version = std::max(plan_.ir_version, ir_version);
  }

  void plan_input() {
    const OnnxOptions& options = description_.options;
    plan_.inputs.push_back(value_info(
        "images", TensorProto::FLOAT,
        {{options.batch, "batch"}, {3, ""}, {options.height, "height"}, {options.width, "width"}}));
    input_ = "images";
    if (!description_.activations) return;
    const CalibratedActivations::Input& input = description_.activations->calibrated.input;
    if (!input.quantized) return;
    input_type_ = input.parameters;
    input_ = quantized(input_, "images", input.parameters);
  }

  // The value behind QuantizeLinear and DequantizeLinear. `parameters` is the name of the tensors
  // that hold scale and zero-point.
  std::string quantized(const std::string& value, const std::string& name,
                        const quant::ActivationParameters& parameters) {
    const float scale = parameters.scale;
    const bool is_signed = targets(OnnxTarget::kTensorRt);
    const std::string scale_name = write_.floats(name + ".scale", {}, {scale});
    PlannedTensor zero_point{name + ".zero_point",
                             is_signed ? TensorProto::INT8 : TensorProto::UINT8,
                             {},
                             Payload::kInline,
                             0,
                             {}};
    // With 8 bits, u8 and s8 codes differ by 128.
    zero_point.bytes = std::string(1, static_cast<char>(is_signed ? 0 : parameters.zero_point));
    const std::string zero_point_name = write_.tensor(std::move(zero_point));
    std::string clipped = value;
    if (parameters.bits < 8) {
      const int most = (1 << parameters.bits) - 1;
      const auto end = [&](int code) {
        return scale * static_cast<float>(code - parameters.zero_point);
      };
      clipped = write_.node("Clip",
                            {value, write_.floats(name + ".low", {}, {end(0)}),
                             write_.floats(name + ".high", {}, {end(most)})},
                            value + "/clip");
    }
    const std::string codes =
        write_.node("QuantizeLinear", {clipped, scale_name, zero_point_name}, value + "/codes");
    return write_.node("DequantizeLinear", {codes, scale_name, zero_point_name}, value + "/values");
  }

  static std::string group_name(std::size_t group) { return fmt::format("activations.{}", group); }

  [[nodiscard]] std::string value_of(int node) const {
    return node < 0 ? input_ : values_[at(node)];
  }
  struct CodeType {
    quant::ActivationParameters parameters;
    std::string name;  // of the tensors that hold them
  };
  [[nodiscard]] std::optional<CodeType> type_of(int node) const {
    if (node >= 0) return types_[at(node)];
    return input_type_ ? std::optional(CodeType{*input_type_, "images"}) : std::nullopt;
  }

  void plan_node(std::size_t i) {
    const model::Node& node = graph_.nodes[i];
    const std::string output = raw_names_.contains(i) ? raw_names_[i] : names_[i];
    Texts inputs;
    for (const int source : node.inputs) inputs.push_back(value_of(source));
    std::string value = node.conv() != nullptr ? plan_conv(i, inputs.front(), output)
                                               : plan_operation(node, inputs, output);
    if (const auto group = group_of_node_[i]) {
      types_[i] = {description_.activations->calibrated.groups[*group].parameters,
                   group_name(*group)};
      value = quantized(value, types_[i]->name, types_[i]->parameters);
    } else if (const auto passed = passed_type(node); passed && node.conv() == nullptr) {
      types_[i] = passed;
      // The same values; without it the runtime would compute the node on floats.
      if (targets(OnnxTarget::kOnnxRuntime))
        value = quantized(value, passed->name, passed->parameters);
    }
    values_[i] = std::move(value);
  }

  // Parameters that a node without its own passes through.
  [[nodiscard]] std::optional<CodeType> passed_type(const model::Node& node) const {
    const bool concat = std::holds_alternative<model::ConcatNode>(node.op);
    if (!concat && !has_codes_of_its_input(node)) return std::nullopt;
    const std::optional<CodeType> first = type_of(node.inputs.front());
    if (!first) return std::nullopt;
    for (const int source : node.inputs) {
      const std::optional<CodeType> other = type_of(source);
      if (!other || other->name != first->name) return std::nullopt;
    }
    return first;
  }

  std::string plan_conv(std::size_t i, const std::string& input, const std::string& output) {
    const model::ConvNode& conv = *graph_.nodes[i].conv();
    const std::size_t index = conv_of_node_[i];
    const bool plain = conv.activation == Activation::kIdentity;
    const std::string weight = plan_weight(conv, index);
    const std::string bias = plan_bias(conv, index);
    std::string value =
        write_.node("Conv", {input, weight, bias}, plain ? output : output + "/conv");
    write_.integers("dilations", {conv.dilation_h, conv.dilation_w});
    write_.integer("group", conv.groups);
    write_.integers("kernel_shape", {conv.kernel_h, conv.kernel_w});
    write_.integers("pads", {conv.pad_h, conv.pad_w, conv.pad_h, conv.pad_w});
    write_.integers("strides", {conv.stride_h, conv.stride_w});
    if (description_.activations) {
      const auto before = description_.activations->before.find(static_cast<int>(i));
      if (before != description_.activations->before.end())
        value = quantized(value, conv.name + ".before", before->second);
    }
    switch (conv.activation) {
      case Activation::kIdentity:
        return value;
      case Activation::kReLU:
        return write_.node("Relu", {value}, output);
      case Activation::kLeakyReLU:
        value = write_.node("LeakyRelu", {value}, output);
        write_.number("alpha", conv.slope);
        return value;
      case Activation::kSiLU:
        break;
    }
    const std::string gate = write_.node("Sigmoid", {value}, output + "/sigmoid");
    return write_.node("Mul", {value, gate}, output);
  }

  // A tensor in 16 bits is cast when the network is loaded.
  std::string as_float(PlannedTensor tensor) {
    const bool half = tensor.type == TensorProto::FLOAT16;
    const std::string name = write_.tensor(std::move(tensor));
    if (!half) return name;
    const std::string value = write_.node("Cast", {name}, name + "/float");
    write_.integer("to", TensorProto::FLOAT);
    return value;
  }

  std::string plan_bias(const model::ConvNode& conv, std::size_t index) {
    const bool half = description_.weights[index].half_bias;
    return as_float({conv.name + ".bias",
                     half ? TensorProto::FLOAT16 : TensorProto::FLOAT,
                     {conv.filters},
                     Payload::kBias,
                     index,
                     {}});
  }

  std::string plan_weight(const model::ConvNode& conv, std::size_t index) {
    const WeightForm& form = description_.weights[index];
    const quant::LayerTraits traits = traits_of(conv);
    const quant::Shape& shape = traits.shape;
    if (!form.codes()) {
      return as_float(
          {conv.name + ".weight",
           form.storage == WeightStorage::kFloat16 ? TensorProto::FLOAT16 : TensorProto::FLOAT,
           {shape.n, shape.c, shape.kh, shape.kw},
           Payload::kWeight,
           index,
           {}});
    }
    // There is one, or the form would not be this one.
    const CodeView view =
        *code_view(*description_.cell.recipe_for(traits), shape, description_.options.target);
    const TensorProto::DataType type =
        form.storage == WeightStorage::kInt4 ? TensorProto::INT4 : TensorProto::INT8;
    if (form.storage == WeightStorage::kInt4 || view.block > 0) need_opset(21, 10);
    Texts inputs = {
        write_.tensor({conv.name + ".codes", type, view.dims, Payload::kCodes, index, {}}),
        write_.tensor({conv.name + ".scales",
                       TensorProto::FLOAT,
                       view.scale_dims,
                       Payload::kScales,
                       index,
                       {}})};
    if (form.zero_points) {
      inputs.push_back(write_.tensor(
          {conv.name + ".zero_points", type, view.scale_dims, Payload::kZeroPoints, index, {}}));
    }
    std::string value = write_.node("DequantizeLinear", inputs, conv.name + ".codes/values");
    if (!view.scale_dims.empty()) write_.integer("axis", view.axis);
    if (view.block > 0) write_.integer("block_size", view.block);
    if (view.row > 0) {
      value = write_.node("Slice",
                          {value, write_.int64s("slice.start", {1}, {0}),
                           write_.int64s(fmt::format("slice.end.{}", view.row), {1}, {view.row}),
                           write_.int64s("slice.axis", {1}, {1})},
                          conv.name + ".codes/rows");
    }
    if (view.own_axes) return value;
    return write_.node(
        "Reshape",
        {value, write_.int64s(conv.name + ".shape", {4}, {shape.n, shape.c, shape.kh, shape.kw})},
        conv.name + ".weight");
  }

  std::string plan_operation(const model::Node& node, const Texts& inputs,
                             const std::string& output) {
    if (const auto* pool = std::get_if<model::MaxPoolNode>(&node.op)) {
      std::string value = write_.node("MaxPool", inputs, output);
      write_.integers("kernel_shape", {pool->kernel, pool->kernel});
      write_.integers("pads", {pool->padding, pool->padding, pool->padding, pool->padding});
      write_.integers("strides", {pool->stride, pool->stride});
      return value;
    }
    if (std::holds_alternative<model::ConcatNode>(node.op)) {
      std::string value = write_.node("Concat", inputs, output);
      write_.integer("axis", 1);
      return value;
    }
    if (const auto* upsample = std::get_if<model::UpsampleNode>(&node.op)) {
      const auto factor = static_cast<float>(upsample->scale);
      const std::string scales = write_.floats(fmt::format("resize.scales.{}", upsample->scale),
                                               {4}, {1, 1, factor, factor});
      std::string value = write_.node("Resize", {inputs.front(), "", scales}, output);
      write_.text("coordinate_transformation_mode", "asymmetric");
      write_.text("mode", "nearest");
      write_.text("nearest_mode", "floor");
      return value;
    }
    if (std::holds_alternative<model::ReorgNode>(node.op))
      return plan_reorg(inputs.front(), output);
    return write_.node("Add", inputs, output);
  }

  std::string plan_reorg(const std::string& input, const std::string& output) {
    Texts parts;
    const std::string ends = write_.int64s("reorg.ends", {2}, {INT64_MAX, INT64_MAX});
    const std::string axes = write_.int64s("reorg.axes", {2}, {2, 3});
    const std::string steps = write_.int64s("reorg.steps", {2}, {2, 2});
    for (int part = 0; part < 4; ++part) {
      const std::string starts =
          write_.int64s(fmt::format("reorg.starts.{}", part), {2}, {part % 2, part / 2});
      parts.push_back(write_.node("Slice", {input, starts, ends, axes, steps},
                                  fmt::format("{}/part_{}", output, part)));
    }
    std::string value = write_.node("Concat", parts, output);
    write_.integer("axis", 1);
    return value;
  }

  const OnnxDescription& description_;
  const model::Graph& graph_;
  GraphPlan plan_;
  PlanWriter write_;
  std::vector<model::MapShape> maps_;  // empty: any size
  std::vector<std::string> names_;     // of the nodes
  std::map<std::size_t, std::string> raw_names_;
  std::vector<std::string> values_;             // what readers of a node's output read
  std::vector<std::optional<CodeType>> types_;  // likewise, where that is codes
  std::vector<std::optional<std::size_t>> group_of_node_;
  std::vector<std::size_t> conv_of_node_;
  std::string input_;
  std::optional<quant::ActivationParameters> input_type_;
};

}  // namespace

Result<std::int64_t> bytes_of(const PlannedTensor& tensor) {
  constexpr std::int64_t kMost = std::int64_t{1} << 40;
  std::int64_t values = 1;
  for (const std::int64_t size : tensor.dims) {
    if (size < 0 || (size > 0 && values > kMost / size))
      return error("the tensor {} is larger than any file", tensor.name);
    values *= size;
  }
  switch (tensor.type) {
    case TensorProto::INT64:
      return values * 8;
    case TensorProto::FLOAT:
      return values * 4;
    case TensorProto::FLOAT16:
      return values * 2;
    case TensorProto::INT4:
      return (values + 1) / 2;
    default:
      return values;
  }
}

Result<GraphPlan> make_graph_plan(const OnnxDescription& description) {
  return Planner(description).plan();
}

std::string PlanWriter::node(std::string_view operation, const std::vector<std::string>& inputs,
                             std::string output) {
  onnx::NodeProto& made = plan_.nodes.emplace_back();
  for (const std::string& input : inputs) made.add_input(input);
  made.set_name(output);
  made.set_op_type(std::string(operation));
  this->output(output);
  return output;
}

void PlanWriter::output(std::string name) {
  if (!plan_.value_names.insert(name).second) plan_.twice = name;
  plan_.nodes.back().add_output(std::move(name));
}

onnx::AttributeProto& PlanWriter::attribute(std::string_view name) {
  onnx::AttributeProto& made = *plan_.nodes.back().add_attribute();
  made.set_name(std::string(name));
  return made;
}

void PlanWriter::integers(std::string_view name, const std::vector<std::int64_t>& values) {
  onnx::AttributeProto& made = attribute(name);
  made.set_type(onnx::AttributeProto::INTS);
  for (const std::int64_t value : values) made.add_ints(value);
}

void PlanWriter::integer(std::string_view name, std::int64_t value) {
  onnx::AttributeProto& made = attribute(name);
  made.set_type(onnx::AttributeProto::INT);
  made.set_i(value);
}

void PlanWriter::number(std::string_view name, float value) {
  onnx::AttributeProto& made = attribute(name);
  made.set_type(onnx::AttributeProto::FLOAT);
  made.set_f(value);
}

void PlanWriter::text(std::string_view name, std::string_view value) {
  onnx::AttributeProto& made = attribute(name);
  made.set_type(onnx::AttributeProto::STRING);
  made.set_s(std::string(value));
}

std::string PlanWriter::tensor(PlannedTensor tensor) {
  std::string name = tensor.name;
  if (plan_.tensor_names.insert(name).second) plan_.tensors.push_back(std::move(tensor));
  return name;
}

std::string PlanWriter::floats(std::string name, std::vector<std::int64_t> dims,
                               const std::vector<float>& values) {
  return tensor({std::move(name), TensorProto::FLOAT, std::move(dims), Payload::kInline, 0,
                 float_bytes(values, false)});
}

std::string PlanWriter::int64s(std::string name, std::vector<std::int64_t> dims,
                               const std::vector<std::int64_t>& values) {
  std::string bytes;
  for (const std::int64_t value : values) {
    for (int shift = 0; shift < 64; shift += 8)
      bytes.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xFFU));
  }
  return tensor({std::move(name), TensorProto::INT64, std::move(dims), Payload::kInline, 0,
                 std::move(bytes)});
}

onnx::ValueInfoProto value_info(std::string name, onnx::TensorProto::DataType type,
                                const std::vector<PlannedDimension>& dims) {
  onnx::ValueInfoProto made;
  made.set_name(std::move(name));
  onnx::TypeProto::Tensor& tensor = *made.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type);
  onnx::TensorShapeProto& shape = *tensor.mutable_shape();
  for (const PlannedDimension& dim : dims) {
    onnx::TensorShapeProto::Dimension& one = *shape.add_dim();
    if (dim.size > 0) {
      one.set_dim_value(dim.size);
    } else {
      one.set_dim_param(dim.name);
    }
  }
  return made;
}

}  // namespace qyolo::harness
