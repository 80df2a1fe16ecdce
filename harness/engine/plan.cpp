#include "harness/engine/plan.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "harness/model/activation_points.h"

namespace qyolo::engine {
namespace {

constexpr std::size_t kAlignment = 64;

template <class Op>
bool is(const model::Node& node) {
  return std::holds_alternative<Op>(node.op);
}

// Chooses or copies values, so that its codes are those of its input.
bool passes_codes(const model::Node& node) {
  return is<model::MaxPoolNode>(node) || is<model::UpsampleNode>(node) ||
         is<model::ReorgNode>(node);
}

std::vector<bool> head_nodes(const model::Graph& graph) {
  std::vector<bool> head(graph.nodes.size(), false);
  for (const model::HeadLevel& level : graph.head)
    head[static_cast<std::size_t>(level.node)] = true;
  return head;
}

// A place in a concatenation.
struct Slot {
  std::size_t concat = 0;
  int channel_offset = 0;
};

class Planner {
 public:
  Planner(const model::Graph& graph, const std::vector<model::MapShape>& shapes, int batch,
          const MapTypes& types, bool keep_all)
      : graph_(graph), shapes_(shapes), types_(types), keep_all_(keep_all) {
    plan_.batch = batch;
    head_ = head_nodes(graph);
    find_readers();
  }

  Plan make(const model::MapShape& input) {
    const std::size_t count = graph_.nodes.size();
    plan_.value_of_node.assign(count, -1);
    // Before what is written into them.
    for (std::size_t i = count; i-- > 0;) {
      if (is<model::ConcatNode>(graph_.nodes[i])) own_buffer(i);
    }
    plan_.input = add_value(input, types_.input);
    write_through(plan_.input, input_slots_, 0);
    for (std::size_t i = 0; i < count; ++i) {
      plan_.first_step.push_back(static_cast<int>(plan_.steps.size()));
      add_node(i);
    }
    if (count > 0) plan_.first_step.front() = 0;
    plan_.first_step.push_back(static_cast<int>(plan_.steps.size()));
    find_lifetimes();
    place_buffers();
    return std::move(plan_);
  }

 private:
  // For each node, the concatenations that read it, and how often anything else does.
  void find_readers() {
    slots_.resize(graph_.nodes.size());
    other_readers_.assign(graph_.nodes.size(), 0);
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      int offset = 0;
      for (const int source : graph_.nodes[i].inputs) {
        if (is<model::ConcatNode>(graph_.nodes[i])) {
          (source < 0 ? input_slots_ : slots_[index(source)]).push_back({i, offset});
          offset += source < 0 ? 3 : shapes_[index(source)].channels;
        } else if (source >= 0) {
          ++other_readers_[index(source)];
        }
      }
    }
  }

  static std::size_t index(int i) { return static_cast<std::size_t>(i); }

  int add_buffer(const model::MapShape& shape, Element element) {
    plan_.buffers.push_back({static_cast<std::size_t>(shape.size()) *
                                 static_cast<std::size_t>(plan_.batch) * size_of(element),
                             0});
    return static_cast<int>(plan_.buffers.size()) - 1;
  }

  int add_value(const model::MapShape& shape, const MapType& type) {
    plan_.values.push_back({shape, type, add_buffer(shape, type.element), 0, shape.channels});
    return static_cast<int>(plan_.values.size()) - 1;
  }

  void own_buffer(std::size_t node) {
    plan_.value_of_node[node] = add_value(shapes_[node], types_.nodes[node]);
  }

  // The slot as a map of the concatenation's own type.
  int add_slot(const Slot& slot, const model::MapShape& shape) {
    const Value& whole = plan_.values[index(plan_.value_of_node[slot.concat])];
    const Value part{shape, whole.type, whole.buffer, slot.channel_offset, whole.pitch};
    plan_.values.push_back(part);
    return static_cast<int>(plan_.values.size()) - 1;
  }

  void add_step(Step::Kind kind, std::size_t node, std::vector<int> inputs, int output) {
    plan_.steps.push_back({kind, static_cast<int>(node), std::move(inputs), output});
  }

  void write_through(int value, const std::vector<Slot>& slots, std::size_t node) {
    const model::MapShape shape = plan_.values[index(value)].shape;
    for (const Slot& slot : slots)
      add_step(Step::Kind::kCopy, node, {value}, add_slot(slot, shape));
  }

  // `value` itself, or its elements as `type` in a new one.
  int converted(int value, const MapType& type, std::size_t node) {
    if (plan_.values[index(value)].type == type) return value;
    const int other = add_value(plan_.values[index(value)].shape, type);
    add_step(Step::Kind::kCopy, node, {value}, other);
    return other;
  }

  [[nodiscard]] int value_of(int source) const {
    return source < 0 ? plan_.input : plan_.value_of_node[index(source)];
  }

  void add_node(std::size_t i) {
    const model::Node& node = graph_.nodes[i];
    std::vector<int> inputs;
    for (const int source : node.inputs) inputs.push_back(value_of(source));
    std::vector<Slot> slots = slots_[i];
    if (node.conv() != nullptr) {
      add_conv(i, inputs[0]);
    } else if (!is<model::ConcatNode>(node)) {
      // Into its only reader, where that is a concatenation.
      const bool direct = !keep_all_ && slots.size() == 1 && other_readers_[i] == 0 && !head_[i] &&
                          !types_.fake_quantized[i] &&
                          types_.nodes[slots[0].concat] == types_.nodes[i];
      if (direct) {
        plan_.value_of_node[i] = add_slot(slots[0], shapes_[i]);
        slots.clear();
      } else {
        own_buffer(i);
      }
      add_step(Step::Kind::kNode, i, std::move(inputs), plan_.value_of_node[i]);
    }
    const int value = plan_.value_of_node[i];
    if (types_.fake_quantized[i]) add_step(Step::Kind::kFakeQuantize, i, {value}, value);
    write_through(value, slots, i);
  }

  void add_conv(std::size_t i, int input) {
    own_buffer(i);
    const int output = plan_.value_of_node[i];
    const MapType& type = types_.nodes[i];
    if (types_.integer[i]) return add_step(Step::Kind::kNode, i, {input}, output);
    input = converted(input, types_.floats, i);
    // A head level may be FP32 beside bfloat16 maps.
    if (type.element != Element::kU8) return add_step(Step::Kind::kNode, i, {input}, output);
    const int floats = add_value(shapes_[i], types_.floats);
    add_step(Step::Kind::kNode, i, {input}, floats);
    add_step(Step::Kind::kCopy, i, {floats}, output);
  }

  void find_lifetimes() {
    const auto touch = [&](int value, int step) {
      Buffer& buffer = plan_.buffers[index(plan_.values[index(value)].buffer)];
      if (buffer.first < 0) buffer.first = step;
      buffer.last = std::max(buffer.last, step);
    };
    touch(plan_.input, 0);
    const int end = static_cast<int>(plan_.steps.size());
    for (int s = 0; s < end; ++s) {
      const Step& step = plan_.steps[index(s)];
      for (const int input : step.inputs) touch(input, s);
      touch(step.output, s);
    }
    for (const model::HeadLevel& level : graph_.head)
      touch(plan_.value_of_node[index(level.node)], end);
    if (!keep_all_) return;
    for (Buffer& buffer : plan_.buffers) buffer.first = 0, buffer.last = end;
  }

  // Largest first, each at the lowest place that is free while it is needed.
  void place_buffers() {
    std::vector<std::size_t> order(plan_.buffers.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::greater{},
                             [&](std::size_t i) { return plan_.buffers[i].bytes; });
    std::vector<std::size_t> placed;  // by offset
    for (const std::size_t i : order) {
      Buffer& buffer = plan_.buffers[i];
      if (buffer.first < 0) continue;
      std::size_t offset = 0;
      for (const std::size_t other : placed) {
        const Buffer& before = plan_.buffers[other];
        if (before.last < buffer.first || buffer.last < before.first) continue;
        if (offset + buffer.bytes <= before.offset) break;
        offset = std::max(offset, before.offset + before.bytes);
        offset = (offset + kAlignment - 1) / kAlignment * kAlignment;
      }
      buffer.offset = offset;
      const auto place = std::ranges::upper_bound(
          placed, offset, {}, [&](std::size_t other) { return plan_.buffers[other].offset; });
      placed.insert(place, i);
      plan_.block_bytes = std::max(plan_.block_bytes, offset + buffer.bytes);
    }
  }

  const model::Graph& graph_;
  const std::vector<model::MapShape>& shapes_;
  const MapTypes& types_;
  bool keep_all_;
  std::vector<bool> head_;
  std::vector<std::vector<Slot>> slots_;  // by node
  std::vector<Slot> input_slots_;
  std::vector<int> other_readers_;
  Plan plan_;
};

}  // namespace

std::size_t size_of(Element element) {
  switch (element) {
    case Element::kF32:
      return 4;
    case Element::kBf16:
      return 2;
    case Element::kU8:
      return 1;
  }
  return 0;
}

MapTypes float_types(const model::Graph& graph, Element floats,
                     const std::vector<model::ActivationQuantizer>& quantizers) {
  const std::size_t count = graph.nodes.size();
  MapTypes types{.input = {floats},
                 .nodes = std::vector<MapType>(count, MapType{floats}),
                 .floats = {floats},
                 .integer = std::vector<bool>(count, false),
                 .fake_quantized = std::vector<bool>(count, false)};
  for (const model::ActivationQuantizer& quantizer : quantizers) {
    if (quantizer.node >= 0) types.fake_quantized[static_cast<std::size_t>(quantizer.node)] = true;
  }
  for (const model::HeadLevel& level : graph.head)
    types.nodes[static_cast<std::size_t>(level.node)] = {Element::kF32};
  return types;
}

Result<MapTypes> integer_types(const model::Graph& graph, std::vector<bool> integer,
                               const std::vector<model::ActivationQuantizer>& quantizers) {
  MapTypes types = float_types(graph, Element::kF32, {});
  std::vector<bool> own_codes(graph.nodes.size(), false);
  for (const model::ActivationQuantizer& quantizer : quantizers) {
    if (quantizer.map.bits != 8) {
      return error("the integer engine works on activations of 8 bits, not of {}",
                   quantizer.map.bits);
    }
    if (quantizer.node < 0) continue;  // of 8 bits: pixels as they are
    const auto node = static_cast<std::size_t>(quantizer.node);
    own_codes[node] = true;
    types.nodes[node] = {Element::kU8, quantizer.map.scale, quantizer.map.zero_point};
  }
  const auto type_of = [&](int source) -> const MapType& {
    return source < 0 ? types.input : types.nodes[static_cast<std::size_t>(source)];
  };
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const model::Node& node = graph.nodes[i];
    if (integer[i] && node.inputs[0] < 0) types.input = {Element::kU8, 1.0F / 255.0F, 0};
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const model::Node& node = graph.nodes[i];
    if (integer[i] && type_of(node.inputs[0]).element != Element::kU8) {
      return error("{} has integer weights, and its input is not quantized",
                   model::node_name(graph, static_cast<int>(i)));
    }
    if (own_codes[i]) continue;
    const MapType& first = type_of(node.inputs[0]);
    const bool shared =
        is<model::ConcatNode>(node) &&
        std::ranges::all_of(node.inputs, [&](int source) { return type_of(source) == first; });
    if (passes_codes(node) || shared) types.nodes[i] = first;
  }
  types.integer = std::move(integer);
  return types;
}

Plan make_plan(const model::Graph& graph, const std::vector<model::MapShape>& shapes,
               const model::MapShape& input, int batch, const MapTypes& types, bool keep_all) {
  return Planner(graph, shapes, batch, types, keep_all).make(input);
}

}  // namespace qyolo::engine
