#include "harness/cell/cell.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "common/plain_text.h"
#include "common/spelling.h"
#include "harness/cell/cell_options.h"
#include "harness/cell/rule_text.h"
#include "harness/quant/calibrated.h"

namespace qyolo::harness {
namespace {

constexpr std::size_t kMaxCells = 100000;
constexpr std::size_t kMaxRules = 100000;  // of all cells together

// One value of each axis of a block.
using MatrixChoice = std::vector<std::pair<std::string, Json>>;

bool is_cell_key(std::string_view key) {
  return std::ranges::find(cell_keys(), key) != cell_keys().end();
}

bool holds(const Json& list, bool (Json::*is)() const noexcept) {
  return std::any_of(list.begin(), list.end(), [&](const Json& item) { return (item.*is)(); });
}

// A list as it is, a single value as a list of one. Of rules, a list of lists as it is.
Result<Json> as_list(std::string_view key, const Json& value, const std::string& place) {
  if (key == "rules") {
    if (!value.is_array()) return Json::array({Json::array({value})});
    if (value.empty() || !holds(value, &Json::is_array)) return Json::array({value});
    return value;
  }
  if (!value.is_array()) return Json::array({value});
  if (value.empty()) return error("{} is an empty list, expected at least one value", place);
  return value;
}

constexpr std::string_view kFloatingPoint = "fp32";
constexpr std::string_view kName = "name";
constexpr std::size_t kLongestName = 100;

// What a block calls its only cell; empty where it has no name.
Result<std::string> name_of_block(const Json& block, const std::string& place) {
  QYOLO_TRY(const JsonObject view, JsonObject::from(block, place));
  if (!view.has(kName)) return std::string();
  QYOLO_TRY(std::string name, view.string(kName));
  if (name.empty() || length_of(name) > kLongestName || plain_text(name) != name) {
    return error("{} is no name, expected a line of 1 to {} characters", view.place_of(kName),
                 kLongestName);
  }
  return name;
}

bool only_floating_point(const JsonObject& block) {
  const auto scheme = block.at("scheme");
  return scheme.ok() &&
         (**scheme == Json(kFloatingPoint) || **scheme == Json::array({Json(kFloatingPoint)}));
}

Result<std::vector<std::pair<std::string, Json>>> axes_of(const Json& block,
                                                          const std::string& place) {
  QYOLO_TRY(const JsonObject view, JsonObject::from(block, place));
  std::vector<std::pair<std::string, Json>> axes;
  for (const std::string_view key : cell_keys()) {
    const bool optional =
        key == "keep" || key == "rules" || (key != "scheme" && only_floating_point(view));
    if (optional && !view.has(key)) continue;
    QYOLO_TRY(const Json* value, view.at(key));
    QYOLO_TRY(Json list, as_list(key, *value, view.place_of(key)));
    axes.emplace_back(key, std::move(list));
  }
  for (const auto& [key, value] : block.items()) {
    if (is_cell_key(key) || key == kName) continue;
    if (find_cell_option(key) == nullptr) {
      std::vector<std::string> names(cell_keys().begin(), cell_keys().end());
      names.emplace_back(kName);
      std::ranges::copy(cell_option_names(), std::back_inserter(names));
      return error("{}: unknown key '{}', expected one of: {}{}", place, key,
                   fmt::join(names, ", "), did_you_mean(key, names));
    }
    QYOLO_TRY(Json list, as_list(key, value, view.place_of(key)));
    axes.emplace_back(key, std::move(list));
  }
  return axes;
}

Status read_rules(const Json& list, const std::string& place, Cell& cell) {
  if (!list.is_array()) return error("{} is {}, expected a list of rules", place, list.type_name());
  for (std::size_t i = 0; i < list.size(); ++i) {
    QYOLO_TRY(quant::Rule rule, read_rule(list[i], fmt::format("{}[{}]", place, i), cell.recipe));
    cell.rules.push_back(std::move(rule));
  }
  return {};
}

// Whether an option of activations other than their bits is chosen, and the bits are not.
bool lacks_activation_bits(const MatrixChoice& choice) {
  const auto chosen = [&](const auto& item) {
    const CellOption* option = find_cell_option(item.first);
    return option != nullptr && option->scope == CellOption::Scope::kActivations;
  };
  return std::ranges::any_of(choice, chosen) &&
         std::ranges::find(choice, "activation_bits", &MatrixChoice::value_type::first) ==
             choice.end();
}

Status check_floating_point(const Cell& cell, const std::string& place) {
  for (const quant::Rule& rule : cell.rules) {
    if (rule.keep) continue;
    return error(
        "{}: the rule for '{}' quantizes weights, which the scheme fp32 leaves alone; "
        "expected rules that keep",
        place, rule.match.text());
  }
  return {};
}

Result<Cell> make_cell(const MatrixChoice& choice, const std::string& place) {
  std::string scheme;
  std::string granularity;
  std::string keep;
  std::int64_t bits = 0;
  Json rules = Json::array();
  CellSettings settings;
  for (const auto& [key, value] : choice) {
    const Json wrapped = {{key, value}};
    QYOLO_TRY(const JsonObject view, JsonObject::from(wrapped, place));
    if (key == "scheme") {
      QYOLO_TRY(scheme, view.string(key));
    } else if (key == "granularity") {
      QYOLO_TRY(granularity, view.string(key));
    } else if (key == "bits") {
      QYOLO_TRY(bits, view.integer(key, 2, 8));
    } else if (key == "keep") {
      QYOLO_TRY(keep, view.string(key));
    } else if (key == "rules") {
      rules = value;
    } else {
      QYOLO_CHECK_OK(find_cell_option(key)->read(view, settings));
    }
  }
  Cell cell;
  cell.baseline = scheme == kFloatingPoint;
  if (settings.activation_bits > 0) {
    cell.activations = settings.activations;
    cell.activations->bits = settings.activation_bits;
  } else if (lacks_activation_bits(choice)) {
    return error("{}: activation options need 'activation_bits'", place);
  }
  if (cell.baseline) {
    scheme = "affine";  // not used, but rules are read beside a recipe
    granularity = "layer";
    bits = quant::SchemeOptions().bits;
    settings.scheme = {};
    settings.network = {};
  }
  cell.network = settings.network;
  auto recipe = quant::make_recipe(scheme, static_cast<int>(bits), granularity, settings.scheme);
  if (!recipe.ok()) return error("{}: {}", place, recipe.error().message);
  cell.recipe = std::move(recipe).value();
  if (!keep.empty()) {
    Json rule = {{"keep", true}};
    if (keep == "head") {
      rule["head"] = true;
    } else {
      rule["name"] = keep;
    }
    QYOLO_CHECK_OK(read_rules(Json::array({rule}), place + ": 'keep'", cell));
  }
  QYOLO_CHECK_OK(read_rules(rules, place + ": 'rules'", cell));
  if (!cell.activations)
    for (quant::Rule& rule : cell.rules) rule.weights_only = false;
  if (cell.baseline) {
    QYOLO_CHECK_OK(check_floating_point(cell, place));
    if (!cell.activations) cell.rules.clear();  // the baseline
  }
  return cell;
}

CellSettings settings_of(const Cell& cell) {
  CellSettings settings{.scheme = cell.recipe.options, .network = cell.network};
  if (cell.activations) {
    settings.activation_bits = cell.activations->bits;
    settings.activations = *cell.activations;
  }
  return settings;
}

std::string option_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

const std::vector<std::string_view>& cell_keys() {
  static const std::vector<std::string_view> keys = {"scheme", "granularity", "bits", "keep",
                                                     "rules"};
  return keys;
}

Status expand_block(const Json& block, const std::string& place, std::vector<Cell>& cells) {
  QYOLO_TRY(const auto axes, axes_of(block, place));
  QYOLO_TRY(const std::string name, name_of_block(block, place));
  const bool single =
      std::ranges::all_of(axes, [](const auto& axis) { return axis.second.size() == 1; });
  if (!name.empty() && !single) {
    return error(
        "{}: the name '{}' is that of one cell; the block is several, expected one value "
        "for each key",
        place, name);
  }
  std::vector<std::size_t> position(axes.size(), 0);
  std::size_t rules = 0;
  for (const Cell& cell : cells) rules += cell.rules.size();
  for (;;) {
    MatrixChoice choice;
    for (std::size_t i = 0; i < axes.size(); ++i)
      choice.emplace_back(axes[i].first, axes[i].second[position[i]]);
    QYOLO_TRY(Cell cell, make_cell(choice, place));
    cell.name = name;
    cells.push_back(std::move(cell));
    if (cells.size() > kMaxCells) return error("{}: more than {} cells", place, kMaxCells);
    rules += cells.back().rules.size();
    if (rules > kMaxRules) return error("{}: more than {} rules in all cells", place, kMaxRules);
    std::size_t axis = axes.size();
    while (axis > 0 && ++position[axis - 1] == axes[axis - 1].second.size()) position[--axis] = 0;
    if (axis == 0) return {};
  }
}

Result<Cell> read_cell(const Json& block, const std::string& place) {
  std::vector<Cell> cells;
  QYOLO_CHECK_OK(expand_block(block, place, cells));
  if (cells.size() != 1) return error("{}: expected one cell, found {}", place, cells.size());
  return std::move(cells.front());
}

Result<Cell> cell_from_json(const Json& json, const std::string& place) {
  if (!json.is_object()) return error("{} is {}, expected an object", place, json.type_name());
  Json block = json;
  for (const char* derived : {"label", "baseline", "artifact"}) block.erase(derived);
  if (member(json, "scheme") == kFloatingPoint) {
    block.erase("bits");
    block.erase("granularity");
  }
  if (block.contains("base_granularity")) {
    block["granularity"] = block["base_granularity"];
    block.erase("base_granularity");
  }
  QYOLO_TRY(Cell cell, read_cell(block, place));
  cell.artifact = json.contains("artifact");
  Json written = json;
  if (!written.contains("label")) written["label"] = cell.label();
  if (Json(cell.named_json()) != written)
    return error("{} is not a cell as this version writes it", place);
  return cell;
}

std::string Cell::granularity() const {
  std::string text;
  for (const quant::Rule& rule : rules) {
    if (!only_granularity(rule, recipe)) continue;
    text += fmt::format("{} {}, ", rule.match.text(), rule.recipe.granularity.name());
  }
  return text.empty() ? recipe.granularity.name()
                      : fmt::format("{}else {}", text, recipe.granularity.name());
}

std::string Cell::label() const {
  const std::string as_stored = dequantized.empty() ? "FP32" : "dequantized " + dequantized;
  if (!quantized()) return as_stored;
  std::string text = baseline
                         ? as_stored
                         : fmt::format("{}{} {}-bit {}", artifact ? "artifact " : "",
                                       recipe.scheme->name(), recipe.options.bits, granularity());
  if (activations) text += fmt::format(" A{}", activations->bits);
  for (const quant::Rule& rule : rules) {
    if (only_granularity(rule, recipe)) continue;
    text += fmt::format(" [{} -> {}]", rule.match.text(), action_text(rule, recipe));
  }
  const CellSettings settings = settings_of(*this);
  // The bits are named above.
  const CellSettings defaults{.activation_bits = settings.activation_bits};
  for (const CellOption& option : cell_options()) {
    if (baseline && option.scope != CellOption::Scope::kActivations) continue;
    const Json value = option.write(settings);
    if (value != option.write(defaults))
      text += fmt::format(" {}={}", option.name, option_text(value));
  }
  return text;
}

OrderedJson Cell::as_json() const {
  OrderedJson json;
  json["label"] = label();
  json["baseline"] = !quantized();
  if (artifact) json["artifact"] = true;
  if (baseline) {
    json["scheme"] = kFloatingPoint;
    json["bits"] = 32;
    json["granularity"] = nullptr;
  } else {
    json["scheme"] = recipe.scheme->name();
    json["bits"] = recipe.options.bits;
    json["granularity"] = granularity();
  }
  const CellSettings settings = settings_of(*this);
  for (const CellOption& option : cell_options()) {
    if (baseline && option.scope != CellOption::Scope::kActivations) continue;
    if (Json value = option.write(settings); !value.is_null()) json[option.name] = std::move(value);
  }
  if (!rules.empty()) {
    if (!baseline) json["base_granularity"] = recipe.granularity.name();
    json["rules"] = OrderedJson::array();
    for (const quant::Rule& rule : rules) json["rules"].push_back(rule_json(rule, recipe));
  }
  return json;
}

OrderedJson Cell::named_json() const {
  if (name.empty()) return as_json();
  OrderedJson json = {{"name", name}};
  json.update(as_json());
  return json;
}

bool Cell::rounds_by_inputs() const {
  if (baseline || artifact) return false;
  return quant::needs_inputs(recipe) || std::ranges::any_of(rules, [](const quant::Rule& rule) {
           return !rule.keep && quant::needs_inputs(rule.recipe);
         });
}

bool Cell::calibrated() const { return activations.has_value() || rounds_by_inputs(); }

const quant::Recipe* Cell::recipe_for(const quant::LayerTraits& layer) const {
  return quant::recipe_for(layer, recipe, rules);
}

bool Cell::reads_floats(const quant::LayerTraits& layer) const {
  const quant::Rule* rule = quant::rule_for(layer, recipe, rules);
  return !activations || (rule != nullptr && (rule->keep || rule->weights_only));
}

}  // namespace qyolo::harness
