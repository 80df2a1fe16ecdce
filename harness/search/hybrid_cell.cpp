#include "harness/search/hybrid_cell.h"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "harness/network/quantize_network.h"

namespace qyolo::harness {
namespace {

constexpr std::size_t kLongestPattern = 1000;

bool same(const LayerChoice& one, const LayerChoice& other) {
  const auto &a = one.recipe, &b = other.recipe;
  if (one.integers != other.integers) return false;
  if (!a || !b) return !a && !b;
  return a->scheme == b->scheme && a->options == b->options &&
         a->granularity.name() == b->granularity.name();
}

// Matches that name and no other.
std::string pattern_of(std::string_view name) {
  std::string pattern;
  for (const char c : name) {
    if (std::string_view("^$\\.*+?()[]{}|").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

// Layers of one choice.
struct Kind {
  LayerChoice choice;
  std::vector<std::size_t> convs;
  std::int64_t weights = 0;
};

std::vector<Kind> kinds_of(const model::Graph& graph, const std::vector<LayerChoice>& layers) {
  const std::vector<int> nodes = graph.conv_nodes();
  std::vector<Kind> kinds;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    auto kind = std::ranges::find_if(
        kinds, [&](const Kind& known) { return same(known.choice, layers[i]); });
    if (kind == kinds.end()) kind = kinds.insert(kinds.end(), Kind{layers[i], {}, 0});
    kind->convs.push_back(i);
    kind->weights += static_cast<std::int64_t>(graph.conv(nodes[i]).weight.size());
  }
  return kinds;
}

}  // namespace

Result<Cell> hybrid_cell(const model::Graph& graph, const std::vector<LayerChoice>& layers) {
  std::vector<Kind> kinds = kinds_of(graph, layers);
  // Integers, which the cell as a whole has wherever some layer does; then most layers: the fewest
  // names in rules.
  std::ranges::stable_sort(kinds, std::greater(), [](const Kind& kind) {
    return std::tuple(kind.choice.recipe.has_value(), kind.choice.integers, kind.convs.size());
  });
  if (kinds.empty() || !kinds.front().choice.recipe) return error("no layer is quantized");
  Cell cell;
  cell.recipe = *kinds.front().choice.recipe;
  if (kinds.front().choice.integers) cell.activations = quant::ActivationOptions();
  const std::vector<int> nodes = graph.conv_nodes();
  for (std::size_t k = 1; k < kinds.size(); ++k) {
    const Kind& kind = kinds[k];
    std::string pattern;
    const auto add_rule = [&]() -> Status {
      quant::Rule rule;
      QYOLO_TRY(rule.match.name, quant::NamePattern::compile(std::move(pattern)));
      rule.keep = !kind.choice.recipe;
      rule.recipe = kind.choice.recipe.value_or(cell.recipe);
      rule.weights_only = cell.activations && !rule.keep && !kind.choice.integers;
      cell.rules.push_back(std::move(rule));
      pattern.clear();
      return {};
    };
    for (const std::size_t conv : kind.convs) {
      const std::string name = pattern_of(graph.conv(nodes[conv]).name);
      if (!pattern.empty() && pattern.size() + 1 + name.size() > kLongestPattern)
        QYOLO_CHECK_OK(add_rule());
      pattern += (pattern.empty() ? "" : "|") + name;
    }
    QYOLO_CHECK_OK(add_rule());
  }
  return cell;
}

}  // namespace qyolo::harness
