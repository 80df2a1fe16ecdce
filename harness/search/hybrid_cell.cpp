#include "harness/search/hybrid_cell.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "harness/network/quantize_network.h"

namespace qyolo::harness {
namespace {

constexpr std::size_t kLongestPattern = 1000;

bool same(const std::optional<quant::Recipe>& a, const std::optional<quant::Recipe>& b) {
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

// Layers with one recipe.
struct Kind {
  std::optional<quant::Recipe> recipe;
  std::vector<std::size_t> convs;
  std::int64_t weights = 0;
};

std::vector<Kind> kinds_of(const model::Graph& graph,
                           const std::vector<std::optional<quant::Recipe>>& recipes) {
  const std::vector<int> nodes = graph.conv_nodes();
  std::vector<Kind> kinds;
  for (std::size_t i = 0; i < recipes.size(); ++i) {
    auto kind = std::ranges::find_if(
        kinds, [&](const Kind& known) { return same(known.recipe, recipes[i]); });
    if (kind == kinds.end()) kind = kinds.insert(kinds.end(), Kind{recipes[i], {}, 0});
    kind->convs.push_back(i);
    kind->weights += static_cast<std::int64_t>(graph.conv(nodes[i]).weight.size());
  }
  return kinds;
}

}  // namespace

Result<Cell> hybrid_cell(const model::Graph& graph,
                         const std::vector<std::optional<quant::Recipe>>& recipes) {
  std::vector<Kind> kinds = kinds_of(graph, recipes);
  // Most layers: the fewest names in rules.
  std::ranges::stable_sort(kinds, [](const Kind& a, const Kind& b) {
    return std::pair(a.recipe.has_value(), a.convs.size()) >
           std::pair(b.recipe.has_value(), b.convs.size());
  });
  if (kinds.empty() || !kinds.front().recipe) return error("no layer is quantized");
  Cell cell;
  cell.recipe = *kinds.front().recipe;
  const std::vector<int> nodes = graph.conv_nodes();
  for (std::size_t k = 1; k < kinds.size(); ++k) {
    const Kind& kind = kinds[k];
    std::string pattern;
    const auto add_rule = [&]() -> Status {
      quant::Rule rule;
      QYOLO_TRY(rule.match.name, quant::NamePattern::compile(std::move(pattern)));
      rule.keep = !kind.recipe;
      rule.recipe = kind.recipe.value_or(cell.recipe);
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
