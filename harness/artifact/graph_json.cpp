#include "harness/artifact/graph_json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

namespace qyolo::artifact {
namespace {

using model::Activation;
using model::ConvNode;
using model::Graph;
using model::HeadLevel;
using model::Node;
using Pair = std::array<int, 2>;
using Operation = decltype(Node::op);

// The limits that checkpoints are held to.
constexpr std::int64_t kMaxChannels = 1 << 16;
constexpr int kMaxKernel = 255;
constexpr std::size_t kMaxNodes = std::size_t{1} << 16;
constexpr int kMaxScale = 8;
constexpr int kMaxStride = 1024;
constexpr std::size_t kMaxLevels = 16, kMaxAnchors = 64, kMaxClasses = 10000;
constexpr std::size_t kMaxStoredConvs = std::size_t{1} << 17;
constexpr std::int64_t kMaxLayer = 1 << 20;
constexpr std::int64_t kMaxStoredValues = std::int64_t{1} << 48;

constexpr std::array kActivations = {
    std::pair{Activation::kIdentity, std::string_view("identity")},
    std::pair{Activation::kSiLU, std::string_view("silu")},
    std::pair{Activation::kLeakyReLU, std::string_view("leaky_relu")},
    std::pair{Activation::kReLU, std::string_view("relu")},
};

// --- writing ---

void write(const ConvNode& conv, OrderedJson& out) {
  out["name"] = conv.name;
  out["type"] = conv.layer_type;
  out["filters"] = conv.filters;
  out["channels"] = conv.channels;
  out["kernel"] = {conv.kernel_h, conv.kernel_w};
  out["stride"] = {conv.stride_h, conv.stride_w};
  out["padding"] = {conv.pad_h, conv.pad_w};
  out["dilation"] = {conv.dilation_h, conv.dilation_w};
  out["groups"] = conv.groups;
  out["activation"] =
      std::ranges::find(kActivations, conv.activation, &decltype(kActivations)::value_type::first)
          ->second;
  out["slope"] = conv.slope;
  out["head"] = conv.head;
}
void write(const model::MaxPoolNode& pool, OrderedJson& out) {
  out["kernel"] = pool.kernel;
  out["stride"] = pool.stride;
  out["padding"] = pool.padding;
}
void write(const model::UpsampleNode& upsample, OrderedJson& out) { out["scale"] = upsample.scale; }
void write(const model::ConcatNode& /*node*/, OrderedJson& /*out*/) {}
void write(const model::AddNode& /*node*/, OrderedJson& /*out*/) {}
void write(const model::ReorgNode& /*node*/, OrderedJson& /*out*/) {}

// --- reading ---

Result<int> small_integer(const JsonObject& object, std::string_view key, std::int64_t low,
                          std::int64_t high) {
  QYOLO_TRY(const std::int64_t value, object.integer(key, low, high));
  return static_cast<int>(value);
}

Result<const Json*> list_of(const JsonObject& object, std::string_view key, std::size_t least,
                            std::size_t most) {
  QYOLO_TRY(const Json* list, object.at(key));
  if (!list->is_array() || list->size() < least || list->size() > most)
    return error("{} is not a list of {} to {} values", object.place_of(key), least, most);
  return list;
}

Result<Pair> pair_of(const JsonObject& object, std::string_view key, int low, int high) {
  QYOLO_TRY(const Json* list, list_of(object, key, 2, 2));
  Pair pair{};
  for (std::size_t i = 0; i < 2; ++i) {
    const Json& value = (*list)[i];
    if (!value.is_number_integer() || value < low || value > high)
      return error("{}: expected two integers from {} to {}", object.place_of(key), low, high);
    pair[i] = value.get<int>();
  }
  return pair;
}

// Text without control characters; that it is UTF-8, the JSON parser has seen to.
bool is_plain(const Json& value) {
  return value.is_string() &&
         std::ranges::none_of(value.get_ref<const std::string&>(), [](char letter) {
           const auto code = static_cast<unsigned char>(letter);
           return code < 0x20 || code == 0x7F;
         });
}

Result<std::string> plain_text(const JsonObject& object, std::string_view key) {
  QYOLO_TRY(const Json* value, object.at(key));
  if (!is_plain(*value)) return error("{}: expected plain text", object.place_of(key));
  return value->get<std::string>();
}

Result<Operation> read_conv(const JsonObject& object) {
  QYOLO_CHECK_OK(
      object.only({"op", "layer", "inputs", "name", "type", "filters", "channels", "kernel",
                   "stride", "padding", "dilation", "groups", "activation", "slope", "head"}));
  ConvNode conv;
  QYOLO_TRY(conv.name, plain_text(object, "name"));
  QYOLO_TRY(conv.layer_type, plain_text(object, "type"));
  QYOLO_TRY(conv.filters, small_integer(object, "filters", 1, kMaxChannels));
  QYOLO_TRY(conv.channels, small_integer(object, "channels", 1, kMaxChannels));
  QYOLO_TRY(conv.groups, small_integer(object, "groups", 1, kMaxChannels));
  QYOLO_TRY(const Pair kernel, pair_of(object, "kernel", 1, kMaxKernel));
  QYOLO_TRY(const Pair stride, pair_of(object, "stride", 1, kMaxKernel));
  QYOLO_TRY(const Pair padding, pair_of(object, "padding", 0, kMaxKernel * kMaxKernel));
  QYOLO_TRY(const Pair dilation, pair_of(object, "dilation", 1, kMaxKernel));
  conv.kernel_h = kernel[0], conv.kernel_w = kernel[1];
  conv.stride_h = stride[0], conv.stride_w = stride[1];
  conv.pad_h = padding[0], conv.pad_w = padding[1];
  conv.dilation_h = dilation[0], conv.dilation_w = dilation[1];
  if (conv.channels % conv.groups != 0 || conv.filters % conv.groups != 0) {
    return error("{}: {} channels and {} filters cannot be split into {} groups", object.place(),
                 conv.channels, conv.filters, conv.groups);
  }
  QYOLO_TRY(const std::string activation, object.string("activation"));
  const auto* found =
      std::ranges::find(kActivations, activation, &decltype(kActivations)::value_type::second);
  if (found == kActivations.end()) {
    return error("{}: expected identity, silu, leaky_relu or relu", object.place_of("activation"));
  }
  conv.activation = found->first;
  QYOLO_TRY(const double slope, object.number("slope"));
  if (std::abs(slope) > static_cast<double>(std::numeric_limits<float>::max()))
    return error("{}: expected a number that FP32 holds", object.place_of("slope"));
  conv.slope = static_cast<float>(slope);
  QYOLO_TRY(conv.head, object.boolean("head"));
  return Operation(std::move(conv));
}

Result<Operation> read_max_pool(const JsonObject& object) {
  QYOLO_CHECK_OK(object.only({"op", "layer", "inputs", "kernel", "stride", "padding"}));
  model::MaxPoolNode pool;
  QYOLO_TRY(pool.kernel, small_integer(object, "kernel", 1, kMaxKernel));
  QYOLO_TRY(pool.stride, small_integer(object, "stride", 1, kMaxKernel));
  QYOLO_TRY(pool.padding, small_integer(object, "padding", 0, pool.kernel / 2));
  return Operation(pool);
}

Result<Operation> read_upsample(const JsonObject& object) {
  QYOLO_CHECK_OK(object.only({"op", "layer", "inputs", "scale"}));
  model::UpsampleNode upsample;
  QYOLO_TRY(upsample.scale, small_integer(object, "scale", 1, kMaxScale));
  return Operation(upsample);
}

template <class Bare>
Result<Operation> read_bare(const JsonObject& object) {
  QYOLO_CHECK_OK(object.only({"op", "layer", "inputs"}));
  return Operation(Bare{});
}

struct OperationKind {
  std::string_view name;  // at the index of its alternative in Node::op
  Result<Operation> (*read)(const JsonObject&);
};
constexpr std::array kOperations = {OperationKind{"conv", read_conv},
                                    OperationKind{"max_pool", read_max_pool},
                                    OperationKind{"concat", read_bare<model::ConcatNode>},
                                    OperationKind{"add", read_bare<model::AddNode>},
                                    OperationKind{"upsample", read_upsample},
                                    OperationKind{"reorg", read_bare<model::ReorgNode>}};
static_assert(kOperations.size() == std::variant_size_v<Operation>);

Result<Node> read_node(const Json& json, const std::string& place, int index) {
  QYOLO_TRY(const JsonObject object, JsonObject::from(json, place));
  QYOLO_TRY(const std::string name, object.string("op"));
  const auto* kind = std::ranges::find(kOperations, name, &OperationKind::name);
  if (kind == kOperations.end())
    return error("{}: expected conv, max_pool, concat, add, upsample or reorg",
                 object.place_of("op"));
  Node node;
  QYOLO_TRY(node.op, kind->read(object));
  QYOLO_TRY(node.layer_index, small_integer(object, "layer", 0, kMaxLayer));
  if (auto* conv = std::get_if<ConvNode>(&node.op)) conv->layer_index = node.layer_index;
  QYOLO_TRY(const Json* inputs, list_of(object, "inputs", 1, kMaxNodes));
  for (const Json& input : *inputs) {
    if (!input.is_number_integer() || input < -1 || input >= index)
      return error("{}: expected indices of earlier nodes", object.place_of("inputs"));
    node.inputs.push_back(input.get<int>());
  }
  return node;
}

Status read_nodes(const JsonObject& root, Graph& graph) {
  QYOLO_TRY(const Json* nodes, list_of(root, "nodes", 1, kMaxNodes));
  for (const Json& json : *nodes) {
    const int index = static_cast<int>(graph.nodes.size());
    QYOLO_TRY(Node node,
              read_node(json, fmt::format("{}[{}]", root.place_of("nodes"), index), index));
    graph.nodes.push_back(std::move(node));
  }
  return {};
}

Result<std::vector<std::array<float, 2>>> read_anchors(const JsonObject& level) {
  QYOLO_TRY(const Json* list, list_of(level, "anchors", 1, kMaxAnchors));
  const auto is_length = [](const Json& value) {
    if (!value.is_number()) return false;
    const auto length = value.get<float>();
    return std::isfinite(length) && length > 0;
  };
  std::vector<std::array<float, 2>> anchors;
  for (const Json& anchor : *list) {
    if (!anchor.is_array() || anchor.size() != 2 || !std::ranges::all_of(anchor, is_length))
      return error("{}: expected pairs of positive numbers", level.place_of("anchors"));
    anchors.push_back({anchor[0].get<float>(), anchor[1].get<float>()});
  }
  return anchors;
}

Result<HeadLevel> read_level(const Json& json, const std::string& place, const Graph& graph) {
  QYOLO_TRY(const JsonObject object, JsonObject::from(json, place));
  QYOLO_CHECK_OK(object.only({"node", "stride", "anchors"}));
  HeadLevel level;
  QYOLO_TRY(level.node,
            small_integer(object, "node", 0, static_cast<std::int64_t>(graph.nodes.size()) - 1));
  QYOLO_TRY(const std::int64_t stride, object.integer("stride", 1, kMaxStride));
  level.stride = static_cast<double>(stride);
  QYOLO_TRY(level.anchors, read_anchors(object));
  const ConvNode* conv = graph.nodes[static_cast<std::size_t>(level.node)].conv();
  const std::size_t filters = level.anchors.size() * (graph.class_names.size() + 5);
  if (conv == nullptr || !conv->head || static_cast<std::size_t>(conv->filters) != filters)
    return error("{}: expected a head convolution of {} filters", object.place_of("node"), filters);
  return level;
}

Status read_head(const JsonObject& root, Graph& graph) {
  QYOLO_TRY(const Json* names, list_of(root, "class_names", 1, kMaxClasses));
  for (const Json& name : *names) {
    if (!is_plain(name)) return error("{}: expected plain texts", root.place_of("class_names"));
    graph.class_names.push_back(name.get<std::string>());
  }
  QYOLO_TRY(const Json* levels, list_of(root, "head", 1, kMaxLevels));
  double largest = 0;
  for (const Json& json : *levels) {
    QYOLO_TRY(
        HeadLevel level,
        read_level(json, fmt::format("{}[{}]", root.place_of("head"), graph.head.size()), graph));
    largest = std::max(largest, level.stride);
    graph.head.push_back(std::move(level));
  }
  const std::size_t anchors = graph.head.front().anchors.size();
  if (std::ranges::any_of(
          graph.head, [&](const HeadLevel& level) { return level.anchors.size() != anchors; })) {
    return error("{}: expected as many anchors in every level", root.place_of("head"));
  }
  QYOLO_TRY(graph.max_stride, small_integer(root, "max_stride", 1, kMaxStride));
  if (graph.max_stride != static_cast<int>(largest))
    return error("{} is {}, but the head's largest stride is {}", root.place_of("max_stride"),
                 graph.max_stride, largest);
  return {};
}

Status read_stored(const JsonObject& root, Graph& graph) {
  QYOLO_TRY(const JsonObject stored, root.object("stored"));
  QYOLO_CHECK_OK(stored.only({"values", "convs"}));
  QYOLO_TRY(graph.stored_values, stored.integer("values", 0, kMaxStoredValues));
  QYOLO_TRY(const Json* convs, list_of(stored, "convs", 0, kMaxStoredConvs));
  for (const Json& conv : *convs) {
    std::array<std::int64_t, 4> shape{};
    bool fits = conv.is_array() && conv.size() == 7 && is_plain(conv[0]) && is_plain(conv[5]) &&
                conv[6].is_number_unsigned() && conv[6] <= kMaxLayer;
    std::int64_t weights = 1;
    for (std::size_t i = 0; fits && i < shape.size(); ++i) {
      const Json& side = conv[i + 1];
      fits = side.is_number_unsigned() && side >= 1 && side <= kMaxStoredValues / weights;
      if (!fits) break;
      shape[i] = side.get<std::int64_t>();
      weights *= shape[i];
    }
    graph.stored_conv_weights += fits ? weights : 0;
    if (!fits || graph.stored_conv_weights > graph.stored_values) {
      return error("{}: expected [name, four sizes, type, layer], of no more weights than 'values'",
                   stored.place_of("convs"));
    }
    graph.stored_convs.push_back({conv[0].get<std::string>(), shape[0], shape[1], shape[2],
                                  shape[3], conv[5].get<std::string>(), conv[6].get<int>()});
  }
  return {};
}

}  // namespace

OrderedJson graph_to_json(const Graph& graph) {
  OrderedJson json = {{"source", graph.source},
                      {"head_type", graph.head_type},
                      {"max_stride", graph.max_stride},
                      {"class_names", graph.class_names}};
  json["nodes"] = OrderedJson::array();
  for (const Node& node : graph.nodes) {
    OrderedJson out = {{"op", kOperations[node.op.index()].name},
                       {"layer", node.layer_index},
                       {"inputs", node.inputs}};
    std::visit([&](const auto& op) { write(op, out); }, node.op);
    json["nodes"].push_back(std::move(out));
  }
  json["head"] = OrderedJson::array();
  for (const HeadLevel& level : graph.head) {
    json["head"].push_back({{"node", level.node},
                            {"stride", static_cast<std::int64_t>(level.stride)},
                            {"anchors", level.anchors}});
  }
  json["stored"] = {{"values", graph.stored_values}, {"convs", OrderedJson::array()}};
  for (const Graph::StoredConv& conv : graph.stored_convs) {
    json["stored"]["convs"].push_back(OrderedJson::array(
        {conv.name, conv.n, conv.c, conv.kh, conv.kw, conv.layer_type, conv.layer_index}));
  }
  return json;
}

Result<Graph> graph_from_json(const Json& json, const std::string& place) {
  QYOLO_TRY(const JsonObject root, JsonObject::from(json, place));
  QYOLO_CHECK_OK(
      root.only({"source", "head_type", "max_stride", "class_names", "nodes", "head", "stored"}));
  Graph graph;
  QYOLO_TRY(graph.source, plain_text(root, "source"));
  QYOLO_TRY(graph.head_type, plain_text(root, "head_type"));
  QYOLO_CHECK_OK(read_nodes(root, graph));
  QYOLO_CHECK_OK(read_head(root, graph));
  QYOLO_CHECK_OK(read_stored(root, graph));
  // Maps of two unlike sizes, so that a network that fits only one is found out.
  for (const auto& [height, width] : {std::pair(4, 5), std::pair(1, 1)}) {
    const auto shapes =
        model::infer_shapes(graph, height * graph.max_stride, width * graph.max_stride);
    if (!shapes.ok()) return error("{}: {}", place, shapes.error().message);
  }
  return graph;
}

}  // namespace qyolo::artifact
