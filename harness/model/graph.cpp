#include "harness/model/graph.h"

#include <cstddef>
#include <optional>

namespace qyolo::model {
namespace {

// Official networks stay below 50 values per input pixel; what is far above is not one, and would
// only exhaust memory.
constexpr std::int64_t kMaxValuesPerPixel = 1024;
constexpr std::int64_t kMaxSide = 1 << 16;

// Steps of a window along one side, or 0 if it does not fit.
std::int64_t window_steps(std::int64_t size, int kernel, int stride, int padding, int dilation) {
  const std::int64_t room =
      size + 2 * std::int64_t{padding} - std::int64_t{dilation} * (kernel - 1);
  return room < 1 ? 0 : (room - 1) / stride + 1;
}

// The shape a node makes of its inputs' shapes; nothing if they do not fit it.
class ShapeOf {
 public:
  explicit ShapeOf(std::span<const MapShape> inputs) : inputs_(inputs) {}

  std::optional<MapShape> operator()(const ConvNode& conv) const {
    if (!single() || first().channels != conv.channels) return {};
    return make(
        conv.filters,
        window_steps(first().height, conv.kernel_h, conv.stride_h, conv.pad_h, conv.dilation_h),
        window_steps(first().width, conv.kernel_w, conv.stride_w, conv.pad_w, conv.dilation_w));
  }
  std::optional<MapShape> operator()(const MaxPoolNode& pool) const {
    if (!single()) return {};
    return make(first().channels,
                window_steps(first().height, pool.kernel, pool.stride, pool.padding, 1),
                window_steps(first().width, pool.kernel, pool.stride, pool.padding, 1));
  }
  std::optional<MapShape> operator()(const ConcatNode&) const {
    if (inputs_.empty()) return {};
    std::int64_t channels = 0;
    for (const MapShape& input : inputs_) {
      if (input.height != first().height || input.width != first().width) return {};
      channels += input.channels;
    }
    return make(channels, first().height, first().width);
  }
  std::optional<MapShape> operator()(const AddNode&) const {
    if (inputs_.size() != 2 || inputs_[0] != inputs_[1]) return {};
    return first();
  }
  std::optional<MapShape> operator()(const UpsampleNode& upsample) const {
    if (!single()) return {};
    return make(first().channels, std::int64_t{first().height} * upsample.scale,
                std::int64_t{first().width} * upsample.scale);
  }
  std::optional<MapShape> operator()(const ReorgNode&) const {
    if (!single() || first().height % 2 != 0 || first().width % 2 != 0) return {};
    return make(std::int64_t{first().channels} * 4, first().height / 2, first().width / 2);
  }

 private:
  [[nodiscard]] bool single() const { return inputs_.size() == 1; }
  [[nodiscard]] const MapShape& first() const { return inputs_.front(); }

  static std::optional<MapShape> make(std::int64_t channels, std::int64_t height,
                                      std::int64_t width) {
    if (channels < 1 || height < 1 || width < 1 || channels > kMaxSide || height > kMaxSide ||
        width > kMaxSide) {
      return {};
    }
    return MapShape{static_cast<int>(channels), static_cast<int>(height), static_cast<int>(width)};
  }

  std::span<const MapShape> inputs_;
};

std::string list_shapes(std::span<const MapShape> shapes) {
  std::string text;
  for (const MapShape& shape : shapes) {
    text += fmt::format("{}{} x {} x {}", text.empty() ? "" : ", ", shape.channels, shape.height,
                        shape.width);
  }
  return text;
}

// What layer `node` expects, for the error.
std::string expectation(const Node& node) {
  if (const ConvNode* conv = node.conv()) {
    return fmt::format("the convolution {} expects {} channels", conv->name, conv->channels);
  }
  if (std::holds_alternative<ConcatNode>(node.op))
    return "a concatenation expects maps of one height and width";
  if (std::holds_alternative<AddNode>(node.op)) return "an addition expects two maps of one shape";
  if (std::holds_alternative<ReorgNode>(node.op)) return "a ReOrg expects even sides";
  return "the operation expects one map large enough";
}

}  // namespace

Node without_weights(const Node& node) {
  Node bare = node;
  if (auto* conv = std::get_if<ConvNode>(&bare.op)) {
    // Assigning {} would keep the memory.
    conv->weight = std::vector<float>();
    conv->bias = std::vector<float>();
  }
  return bare;
}

std::vector<int> Graph::conv_nodes() const {
  std::vector<int> indices;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (nodes[i].conv() != nullptr) indices.push_back(static_cast<int>(i));
  return indices;
}

const ConvNode& Graph::conv(int node) const {
  return std::get<ConvNode>(nodes[static_cast<std::size_t>(node)].op);
}

ConvNode& Graph::conv(int node) {
  return std::get<ConvNode>(nodes[static_cast<std::size_t>(node)].op);
}

std::int64_t Graph::conv_weights() const {
  std::int64_t count = 0;
  for (const Node& node : nodes)
    if (const ConvNode* conv = node.conv()) count += static_cast<std::int64_t>(conv->weight.size());
  return count;
}

std::int64_t Graph::biases() const {
  std::int64_t count = 0;
  for (const Node& node : nodes)
    if (const ConvNode* conv = node.conv()) count += static_cast<std::int64_t>(conv->bias.size());
  return count;
}

Result<std::vector<MapShape>> infer_shapes(const Graph& graph, int height, int width) {
  const int step = graph.max_stride;
  if (step < 1 || height < step || width < step || height % step != 0 || width % step != 0 ||
      height > kMaxSide || width > kMaxSide) {
    return error("an input of {} x {} pixels: both sides must be multiples of the stride {}",
                 height, width, step);
  }
  const MapShape input{3, height, width};
  const std::int64_t largest = kMaxValuesPerPixel * height * width;
  std::vector<MapShape> shapes;
  shapes.reserve(graph.nodes.size());
  std::vector<MapShape> inputs;
  for (const Node& node : graph.nodes) {
    inputs.clear();
    for (const int source : node.inputs)
      inputs.push_back(source < 0 ? input : shapes[static_cast<std::size_t>(source)]);
    const std::optional<MapShape> shape = std::visit(ShapeOf(inputs), node.op);
    if (!shape) {
      return error("layer {}: {}, and gets {}", node.layer_index, expectation(node),
                   list_shapes(inputs));
    }
    if (shape->size() > largest)
      return error("layer {}: its output of {} is out of proportion to the input", node.layer_index,
                   list_shapes({&*shape, 1}));
    shapes.push_back(*shape);
  }
  for (const HeadLevel& level : graph.head) {
    const MapShape& shape = shapes[static_cast<std::size_t>(level.node)];
    if (shape.height * level.stride != height || shape.width * level.stride != width) {
      return error("the head's level of stride {} gets a map of {} x {} for an input of {} x {}",
                   level.stride, shape.height, shape.width, height, width);
    }
  }
  return shapes;
}

}  // namespace qyolo::model
