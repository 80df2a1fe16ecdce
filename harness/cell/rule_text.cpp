#include "harness/cell/rule_text.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "harness/cell/cell_options.h"

namespace qyolo::harness {
namespace {

constexpr std::array<std::string_view, 6> kConditions = {"kernel", "name", "index",
                                                         "type",   "head", "group_size"};
constexpr std::array<std::string_view, 5> kActions = {"keep", "scheme", "bits", "granularity",
                                                      "weights_only"};
constexpr std::int64_t kMaxIndex = 1 << 20;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto comma = text.find(',');
    parts.push_back(trimmed(text.substr(0, comma)));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

// Two whole numbers with `separator` between them.
std::optional<std::pair<std::int64_t, std::int64_t>> number_pair(std::string_view text,
                                                                 char separator) {
  std::int64_t first = 0;
  std::int64_t second = 0;
  const char* const end = text.data() + text.size();
  const auto one = std::from_chars(text.data(), end, first);
  if (one.ec != std::errc() || one.ptr == end || *one.ptr != separator) return std::nullopt;
  const auto two = std::from_chars(one.ptr + 1, end, second);
  if (two.ec != std::errc() || two.ptr != end) return std::nullopt;
  return std::pair{first, second};
}

Json value_of(std::string_view key, std::string_view text) {
  if (key == "index") {
    if (const auto range = number_pair(text, '-')) return {range->first, range->second};
  }
  if (key == "name" || key == "type" || key == "kernel") return Json(std::string(text));
  return value_from_text(std::string(text));
}

Result<std::pair<std::int64_t, std::int64_t>> read_kernel(const JsonObject& rule) {
  QYOLO_TRY(const std::string text, rule.string("kernel"));
  const auto kernel = number_pair(text, 'x');
  if (!kernel || kernel->first < 1 || kernel->second < 1)
    return error("{} is '{}', expected a kernel size such as 1x1", rule.place_of("kernel"), text);
  return *kernel;
}

Result<std::pair<int, int>> read_index(const JsonObject& rule) {
  QYOLO_TRY(const Json* value, rule.at("index"));
  const bool pair = value->is_array() && value->size() == 2;
  const Json ends = pair ? *value : Json{*value, *value};
  std::array<int, 2> read{};
  for (std::size_t i = 0; i < 2; ++i) {
    if (!ends[i].is_number_integer() || ends[i] < 0 || ends[i] > kMaxIndex) {
      return error("{} is {}, expected a layer's index or [first, last]", rule.place_of("index"),
                   value->dump());
    }
    read[i] = ends[i].get<int>();
  }
  return std::pair{read[0], read[1]};
}

Result<quant::LayerMatch> read_match(const JsonObject& rule) {
  quant::LayerMatch match;
  if (rule.has("kernel")) {
    QYOLO_TRY(match.kernel, read_kernel(rule));
  }
  if (rule.has("name")) {
    QYOLO_TRY(std::string pattern, rule.string("name"));
    auto compiled = quant::NamePattern::compile(std::move(pattern));
    if (!compiled.ok()) return error("{}: {}", rule.place_of("name"), compiled.error().message);
    match.name = std::move(compiled).value();
  }
  if (rule.has("index")) {
    QYOLO_TRY(match.index, read_index(rule));
  }
  if (rule.has("type")) {
    QYOLO_TRY(match.type, rule.string("type"));
  }
  if (rule.has("head")) {
    QYOLO_TRY(match.head, rule.boolean("head"));
  }
  if (rule.has("group_size")) {
    QYOLO_TRY(match.group_size, rule.integer("group_size", 1, std::int64_t{1} << 40));
  }
  return match;
}

Result<quant::Recipe> read_recipe(const JsonObject& view, const Json& rule,
                                  const quant::Recipe& general) {
  std::string scheme(general.scheme->name());
  std::string granularity = general.granularity.name();
  std::int64_t bits = general.options.bits;
  if (view.has("scheme")) {
    QYOLO_TRY(scheme, view.string("scheme"));
  }
  if (view.has("granularity")) {
    QYOLO_TRY(granularity, view.string("granularity"));
  }
  if (view.has("bits")) {
    QYOLO_TRY(bits, view.integer("bits", 2, 8));
  }
  CellSettings settings{general.options, {}};
  for (const auto& [key, value] : rule.items()) {
    const CellOption* option = find_cell_option(key);
    if (option != nullptr) QYOLO_CHECK_OK(option->read(view, settings));
  }
  auto recipe = quant::make_recipe(scheme, static_cast<int>(bits), granularity, settings.scheme);
  if (!recipe.ok()) return error("{}: {}", view.place(), recipe.error().message);
  return recipe;
}

Status check_keys(const Json& rule, const std::string& place) {
  for (const auto& [key, value] : rule.items()) {
    const CellOption* option = find_cell_option(key);
    if (std::ranges::count(kConditions, key) > 0 || std::ranges::count(kActions, key) > 0) continue;
    if (option != nullptr && option->scope == CellOption::Scope::kScheme) continue;
    return error("{}: unknown key '{}', expected one of: {}, {}, {}", place, key,
                 fmt::join(kConditions, ", "), fmt::join(kActions, ", "),
                 fmt::join(layer_option_names(), ", "));
  }
  return {};
}

// What the rule's recipe has that the general one has not.
OrderedJson differences(const quant::Rule& rule, const quant::Recipe& general) {
  OrderedJson json = OrderedJson::object();
  if (rule.keep) {
    json["keep"] = true;
    return json;
  }
  const quant::Recipe& recipe = rule.recipe;
  if (recipe.scheme != general.scheme) json["scheme"] = recipe.scheme->name();
  if (recipe.options.bits != general.options.bits) json["bits"] = recipe.options.bits;
  if (recipe.granularity.name() != general.granularity.name())
    json["granularity"] = recipe.granularity.name();
  for (const CellOption& option : cell_options()) {
    if (option.scope != CellOption::Scope::kScheme) continue;
    const Json value = option.write({recipe.options, {}});
    if (value != option.write({general.options, {}})) json[option.name] = value;
  }
  if (rule.weights_only) json["weights_only"] = true;
  return json;
}

}  // namespace

Json value_from_text(const std::string& text) {
  Json parsed = Json::parse(text, nullptr, false);
  return parsed.is_number() || parsed.is_boolean() ? parsed : Json(text);
}

Result<Json> rule_from_text(std::string_view text, const std::string& place) {
  constexpr std::string_view kArrow = "->";
  if (text.starts_with('{')) return parse_json(text, place);
  const auto arrow = text.find(kArrow);
  if (arrow == std::string_view::npos)
    return error("{}: '{}', expected a rule such as 1x1 -> filter", place, text);
  Json rule = Json::object();
  const auto add = [&](std::string_view part, bool condition) -> Status {
    const auto equals = part.find('=');
    std::string key(trimmed(part.substr(0, equals)));
    if (equals != std::string_view::npos) {
      rule[key] = value_of(key, trimmed(part.substr(equals + 1)));
    } else if (condition) {
      if (part == "head")
        rule["head"] = true;
      else if (part != "all")
        rule["kernel"] = std::string(part);
    } else if (part == "keep" || part == "weights_only") {
      rule[std::string(part)] = true;
    } else {
      rule["granularity"] = std::string(part);
    }
    return {};
  };
  for (const std::string_view part : split(text.substr(0, arrow))) QYOLO_CHECK_OK(add(part, true));
  for (const std::string_view part : split(text.substr(arrow + kArrow.size())))
    QYOLO_CHECK_OK(add(part, false));
  return rule;
}

Result<quant::Rule> read_rule(const Json& rule, const std::string& place,
                              const quant::Recipe& general) {
  if (rule.is_string()) {
    QYOLO_TRY(const Json parsed, rule_from_text(rule.get<std::string>(), place));
    return read_rule(parsed, place, general);
  }
  QYOLO_TRY(const JsonObject view, JsonObject::from(rule, place));
  QYOLO_CHECK_OK(check_keys(rule, place));
  quant::Rule read;
  QYOLO_TRY(read.match, read_match(view));
  if (view.has("keep")) {
    QYOLO_TRY(read.keep, view.boolean("keep"));
  }
  if (view.has("weights_only")) {
    QYOLO_TRY(read.weights_only, view.boolean("weights_only"));
  }
  QYOLO_TRY(read.recipe, read_recipe(view, rule, general));
  const quant::Rule quantized{read.match, false, read.recipe, read.weights_only};
  if (read.keep && !differences(quantized, general).empty())
    return error("{}: what is kept in floating point has no scheme, bits, granularity or options",
                 place);
  return read;
}

OrderedJson rule_json(const quant::Rule& rule, const quant::Recipe& general) {
  OrderedJson json = OrderedJson::object();
  const quant::LayerMatch& match = rule.match;
  if (match.kernel)
    json["kernel"] = fmt::format("{}x{}", match.kernel->first, match.kernel->second);
  if (match.name) json["name"] = match.name->text();
  if (match.index) json["index"] = {match.index->first, match.index->second};
  if (match.type) json["type"] = *match.type;
  if (match.head) json["head"] = *match.head;
  if (match.group_size) json["group_size"] = *match.group_size;
  json.update(differences(rule, general));
  return json;
}

std::string rule_text(const quant::Rule& rule, const quant::Recipe& general) {
  OrderedJson json = rule_json(rule, general);
  const std::string action = action_text(rule, general);
  // A rule that changes nothing says so by what the cell has anyway.
  if (action.empty()) json["granularity"] = general.granularity.name();
  const std::string name = rule.match.name ? rule.match.name->text() : std::string();
  if (name.find(',') != std::string::npos || name.find("->") != std::string::npos ||
      trimmed(name) != name)
    return json.dump();
  std::string conditions;
  for (const std::string_view key : kConditions) {
    const auto found = json.find(key);
    if (found == json.end()) continue;
    conditions += conditions.empty() ? "" : ", ";
    if (key == "index") {
      conditions += fmt::format("index={}-{}", (*found)[0].get<int>(), (*found)[1].get<int>());
    } else if (key == "head" && found->get<bool>()) {
      conditions += "head";
    } else {
      conditions +=
          fmt::format("{}={}", key, found->is_string() ? found->get<std::string>() : found->dump());
    }
  }
  return fmt::format("{} -> {}", conditions.empty() ? "all" : conditions,
                     action.empty() ? "granularity=" + general.granularity.name() : action);
}

std::string action_text(const quant::Rule& rule, const quant::Recipe& general) {
  if (rule.keep) return "keep";
  std::vector<std::string> parts;
  const OrderedJson changes = differences(rule, general);
  for (const auto& [key, value] : changes.items()) {
    if (key == "weights_only") {
      parts.push_back(key);
      continue;
    }
    parts.push_back(
        fmt::format("{}={}", key, value.is_string() ? value.get<std::string>() : value.dump()));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

bool only_granularity(const quant::Rule& rule, const quant::Recipe& general) {
  const OrderedJson changes = differences(rule, general);
  return changes.empty() || (changes.size() == 1 && changes.contains("granularity"));
}

}  // namespace qyolo::harness
