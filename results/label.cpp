#include "results/label.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "common/plain_text.h"
#include "results/record.h"
#include "results/text.h"

namespace qyolo::results {
namespace {

constexpr std::string_view kFp32 = "fp32";
// Of a label that is shown as it is.
constexpr std::size_t kMostRules = 3, kLongest = 90;
// Which layers a rule is about; all else of it is what it does to them.
constexpr std::array<std::string_view, 6> kConditions = {"kernel", "name", "index",
                                                         "type",   "head", "group_size"};

bool is_true(const Json& value) { return value.is_boolean() && value.get<bool>(); }

// " in BF16"; empty for FP32 and where nothing is known.
std::string in_precision(std::string_view precision) {
  return precision.empty() || precision == kFp32 ? "" : " in " + precision_name(precision);
}

// The recipes that its rules and itself give layers, those that are kept aside.
std::size_t recipes_of(const Json& cell) {
  std::set<std::string> recipes = {"{}"};
  const Json& rules = member(cell, "rules");
  if (!rules.is_array()) return recipes.size();
  for (const Json& rule : rules) {
    if (!rule.is_object() || is_true(member(rule, "keep"))) continue;
    Json recipe = rule;
    for (const std::string_view condition : kConditions) recipe.erase(std::string(condition));
    recipe.erase("weights_only");
    recipes.insert(recipe.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  return recipes.size();
}

std::string summary_of(const Json& cell, std::optional<double> bits_per_weight) {
  const std::size_t recipes = recipes_of(cell);
  std::string text = is_true(member(cell, "artifact")) ? "artifact, hybrid of " : "hybrid of ";
  text += fmt::format("{} recipe{}", recipes, recipes == 1 ? "" : "s");
  if (bits_per_weight) text += fmt::format(", {} bits", fixed(*bits_per_weight, 2));
  const Json& activations = member(cell, "activation_bits");
  if (activations.is_number_integer()) text += fmt::format(" A{}", activations.get<int>());
  return text;
}

}  // namespace

std::string precision_name(std::string_view precision) {
  std::string name(precision);
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return name;
}

std::string label_without_precision(std::string_view label, bool baseline) {
  for (const std::string_view precision : {"fp32", "bf16", "fp16", "int8"}) {
    const std::string name = precision_name(precision);
    if (baseline && label == name) return precision_name(kFp32);
    if (label.ends_with(" in " + name)) label.remove_suffix(4 + name.size());
  }
  return std::string(label);
}

std::string full_label(const Json& cell, std::string_view precision) {
  const bool baseline = is_true(member(cell, "baseline"));
  const std::string written = json_text(cell, "label");
  if (precision.empty()) return written;
  const std::string plain = label_without_precision(written, baseline);
  if (baseline && plain == precision_name(kFp32)) return precision_name(precision);
  return plain.empty() ? plain : plain + in_precision(precision);
}

std::string shown_label(const Json& cell, std::string_view precision,
                        std::optional<double> bits_per_weight) {
  std::string name = plain_text(json_text(cell, "name"));
  if (!name.empty()) return name + in_precision(precision);
  std::string full = full_label(cell, precision);
  const Json& rules = member(cell, "rules");
  if (!rules.is_array() || rules.empty()) return full;
  if (rules.size() <= kMostRules && length_of(full) <= kLongest) return full;
  return summary_of(cell, bits_per_weight) + in_precision(precision);
}

std::string cell_name(const Row& row) {
  if (row.scheme.empty() || row.bits == 0 || row.baseline)
    return row.label.empty() ? row.scheme : row.label;
  std::string name = fmt::format("{} {}-bit", row.scheme, row.bits);
  if (!row.granularity.empty()) name += ' ' + row.granularity;
  if (row.activation_bits > 0) name += fmt::format(" A{}", row.activation_bits);
  return name + in_precision(row.precision);
}

std::string label_of(const Row& row) {
  if (!row.shown.empty()) return row.shown;
  return row.label.empty() ? cell_name(row) : row.label;
}

}  // namespace qyolo::results
