#include "harness/quant/rules.h"

#include <fmt/ranges.h>

#include <re2/re2.h>
#include <algorithm>

namespace qyolo::quant {
namespace {

constexpr std::size_t kMaxText = 1000;

// Weights of the largest group.
std::int64_t group_size(const Granularity& granularity, const Shape& shape) {
  const std::int64_t groups = granularity.group_count(shape);
  return std::max(granularity.group(shape, 0).size(), granularity.group(shape, groups - 1).size());
}

}  // namespace

struct NamePattern::Compiled {
  explicit Compiled(const std::string& pattern) : expression(pattern, quiet()) {}

  static RE2::Options quiet() {
    RE2::Options options;
    options.set_log_errors(false);
    return options;
  }

  RE2 expression;
};

Result<NamePattern> NamePattern::compile(std::string pattern) {
  if (pattern.empty() || pattern.size() > kMaxText)
    return error("the name pattern has {} characters, expected 1 to {}", pattern.size(), kMaxText);
  NamePattern compiled;
  auto expression = std::make_shared<Compiled>(pattern);
  if (!expression->expression.ok()) {
    return error("the name pattern '{}' is no regular expression: {}", pattern,
                 expression->expression.error());
  }
  compiled.compiled_ = std::move(expression);
  compiled.text_ = std::move(pattern);
  return compiled;
}

bool NamePattern::matches(std::string_view name) const {
  if (name.size() > kMaxText) return false;
  return compiled_->expression.Match({name.data(), name.size()}, 0, name.size(), RE2::ANCHOR_BOTH,
                                     nullptr, 0);
}

bool LayerMatch::matches(const LayerTraits& layer, const Granularity& general) const {
  if (kernel && *kernel != std::pair{layer.shape.kh, layer.shape.kw}) return false;
  if (name && !name->matches(layer.name)) return false;
  if (index && (layer.index < index->first || layer.index > index->second)) return false;
  if (type && *type != layer.type) return false;
  if (head && *head != layer.head) return false;
  return !group_size || quant::group_size(general, layer.shape) <= *group_size;
}

std::string LayerMatch::text() const {
  std::vector<std::string> conditions;
  if (kernel) conditions.push_back(fmt::format("{}x{}", kernel->first, kernel->second));
  if (name) conditions.push_back(name->text());
  if (index && index->first == index->second)
    conditions.push_back(fmt::format("layer {}", index->first));
  else if (index)
    conditions.push_back(fmt::format("layers {}-{}", index->first, index->second));
  if (type) conditions.push_back(fmt::format("type {}", *type));
  if (head) conditions.emplace_back(*head ? "head" : "not head");
  if (group_size) conditions.push_back(fmt::format("groups of up to {}", *group_size));
  return conditions.empty() ? "all" : fmt::format("{}", fmt::join(conditions, ", "));
}

const Rule* rule_for(const LayerTraits& layer, const Recipe& general,
                     const std::vector<Rule>& rules) {
  for (const Rule& rule : rules)
    if (rule.match.matches(layer, general.granularity)) return &rule;
  return nullptr;
}

const Recipe* recipe_for(const LayerTraits& layer, const Recipe& general,
                         const std::vector<Rule>& rules) {
  const Rule* rule = rule_for(layer, general, rules);
  if (rule == nullptr) return &general;
  return rule->keep ? nullptr : &rule->recipe;
}

}  // namespace qyolo::quant
