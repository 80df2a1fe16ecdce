#include "harness/model/activation_points.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <numeric>

namespace qyolo::model {
namespace {

std::size_t at(int node) { return static_cast<std::size_t>(node); }

bool passes_through(const Node& node) {
  return std::holds_alternative<MaxPoolNode>(node.op) ||
         std::holds_alternative<UpsampleNode>(node.op) ||
         std::holds_alternative<ReorgNode>(node.op);
}

std::vector<bool> head_nodes(const Graph& graph) {
  std::vector<bool> head(graph.nodes.size());
  for (const HeadLevel& level : graph.head) head[at(level.node)] = true;
  return head;
}

// The node whose output decides the parameters of this one's: itself, or what it passes through.
int origin(const Graph& graph, int node) {
  while (node >= 0 && passes_through(graph.nodes[at(node)]))
    node = graph.nodes[at(node)].inputs.front();
  return node;
}

class UnionFind {
 public:
  explicit UnionFind(std::size_t size) : parent_(size) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  }
  std::size_t find(std::size_t item) {
    while (parent_[item] != item) item = parent_[item] = parent_[parent_[item]];
    return item;
  }
  // The smaller one represents both.
  void join(std::size_t a, std::size_t b) {
    a = find(a);
    b = find(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<std::size_t> parent_;
};

// Whether each node's output is quantized; the network's input last.
std::vector<bool> quantized_tensors(const Graph& graph,
                                    const std::function<bool(const ConvNode&)>& keep) {
  const std::vector<bool> head = head_nodes(graph);
  std::vector<bool> quantized(graph.nodes.size() + 1);
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    const ConvNode* conv = node.conv();
    if (conv != nullptr ? keep(*conv) : !quantized[i]) continue;
    for (const int input : node.inputs) {
      if (input < 0) {
        quantized.back() = true;
      } else if (!head[at(input)]) {
        quantized[at(input)] = true;
      }
    }
  }
  return quantized;
}

}  // namespace

ActivationPoints find_activation_points(const Graph& graph, bool shared,
                                        const std::function<bool(const ConvNode&)>& keep) {
  const std::size_t count = graph.nodes.size();
  const std::vector<bool> quantized = quantized_tensors(graph, keep);
  UnionFind sets(count);
  std::vector<bool> produces(count);  // whether the node's output is given new codes
  for (std::size_t i = 0; i < count; ++i) {
    const Node& node = graph.nodes[i];
    if (!quantized[i] || passes_through(node)) continue;
    produces[i] = true;
    if (!shared || !std::holds_alternative<ConcatNode>(node.op)) continue;
    std::vector<int> origins;
    for (const int input : node.inputs) origins.push_back(origin(graph, input));
    const auto has_parameters = [&](int source) { return source >= 0 && quantized[at(source)]; };
    if (!std::ranges::all_of(origins, has_parameters)) continue;
    for (const int source : origins) sets.join(i, at(source));
    produces[i] = false;
  }
  ActivationPoints points;
  points.input = quantized.back();
  std::map<std::size_t, ActivationGroup> groups;
  for (std::size_t i = 0; i < count; ++i) {
    if (produces[i]) groups[sets.find(i)].nodes.push_back(static_cast<int>(i));
  }
  for (auto& [first, group] : groups) points.groups.push_back(std::move(group));
  return points;
}

std::vector<int> observable_nodes(const Graph& graph) {
  const std::vector<bool> head = head_nodes(graph);
  std::vector<int> nodes;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!head[i] && !passes_through(graph.nodes[i])) nodes.push_back(static_cast<int>(i));
  }
  return nodes;
}

std::string node_name(const Graph& graph, int node) {
  if (node < 0) return "input";
  const Node& found = graph.nodes[at(node)];
  if (const ConvNode* conv = found.conv()) return conv->name;
  const char* operation = std::holds_alternative<AddNode>(found.op)       ? "add"
                          : std::holds_alternative<ConcatNode>(found.op)  ? "concat"
                          : std::holds_alternative<MaxPoolNode>(found.op) ? "max-pool"
                          : std::holds_alternative<ReorgNode>(found.op)   ? "reorg"
                                                                          : "upsample";
  return fmt::format("model.{} {} (node {})", found.layer_index, operation, node);
}

}  // namespace qyolo::model
