#include "harness/experiment.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "harness/cell_options.h"

namespace qyolo::harness {
namespace fs = std::filesystem;
namespace {

constexpr std::array<std::string_view, 3> kAxes = {"scheme", "granularity", "bits"};
constexpr std::array<std::string_view, 3> kPaths = {"model", "images", "annotations"};
constexpr std::array<std::string_view, 7> kEvaluationKeys = {
    "img", "batch", "rect", "confidence", "iou", "limit", "ignore_class_names"};
constexpr std::array<std::string_view, 2> kLatencyKeys = {"rounds", "warmup"};
constexpr std::size_t kMaxCells = 100000;

template <class Keys>
bool contains(const Keys& keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

Status apply_override(Json& document, const Override& change) {
  const auto& [key, texts] = change;
  Json values = Json::array();
  for (const std::string& text : texts) values.push_back(value_from_text(text));
  const auto single = [&](Json& target) -> Status {
    if (values.size() != 1)
      return error("--set {}: expected one value, found {}", key, values.size());
    target = values[0];
    return {};
  };
  if (contains(kAxes, key) || find_cell_option(key) != nullptr) {
    if (!document.contains("matrix") || !document["matrix"].is_array()) return {};
    for (Json& block : document["matrix"]) {
      if (block.is_object()) block[key] = values;
    }
    return {};
  }
  if (key == "model" || key == "name") return single(document[key]);
  if (key == "images" || key == "annotations") return single(document["dataset"][key]);
  if (contains(kEvaluationKeys, key)) return single(document["evaluation"][key]);
  if (contains(kLatencyKeys, key)) return single(document["latency"][key]);
  return error("--set: unknown key '{}', expected one of: name, {}, {}, {}, {}, {}", key,
               fmt::join(kPaths, ", "), fmt::join(kEvaluationKeys, ", "),
               fmt::join(kLatencyKeys, ", "), fmt::join(kAxes, ", "),
               fmt::join(cell_option_names(), ", "));
}

// A list as it is, a single value as a list of one.
Result<Json> as_list(const Json& value, const std::string& place) {
  if (!value.is_array()) return Json::array({value});
  if (value.empty()) return error("{} is an empty list, expected at least one value", place);
  return value;
}

Result<Cell> make_cell(const std::vector<std::pair<std::string, Json>>& values,
                       const std::string& place) {
  std::string scheme;
  std::string granularity;
  std::int64_t bits = 0;
  quant::SchemeOptions options;
  for (const auto& [key, value] : values) {
    const Json wrapped = {{key, value}};
    QYOLO_TRY(const JsonObject view, JsonObject::from(wrapped, place));
    if (key == "scheme") {
      QYOLO_TRY(scheme, view.string(key));
    } else if (key == "granularity") {
      QYOLO_TRY(granularity, view.string(key));
    } else if (key == "bits") {
      QYOLO_TRY(bits, view.integer(key, 2, 8));
    } else {
      QYOLO_CHECK_OK(find_cell_option(key)->read(view, options));
    }
  }
  Cell cell;
  auto recipe = quant::make_recipe(scheme, static_cast<int>(bits), granularity, options);
  if (!recipe.ok()) return error("{}: {}", place, recipe.error().message);
  cell.recipe = std::move(recipe).value();
  return cell;
}

// The cross product of one block, the first axis slowest.
Status expand_block(const Json& block, const std::string& place, std::vector<Cell>& cells) {
  QYOLO_TRY(const JsonObject view, JsonObject::from(block, place));
  std::vector<std::pair<std::string, Json>> axes;
  for (const std::string_view axis : kAxes) {
    QYOLO_TRY(const Json* value, view.at(axis));
    QYOLO_TRY(Json list, as_list(*value, view.place_of(axis)));
    axes.emplace_back(axis, std::move(list));
  }
  for (const auto& [key, value] : block.items()) {
    if (contains(kAxes, key)) continue;
    if (find_cell_option(key) == nullptr) {
      return error("{}: unknown key '{}', expected one of: {}, {}", place, key,
                   fmt::join(kAxes, ", "), fmt::join(cell_option_names(), ", "));
    }
    QYOLO_TRY(Json list, as_list(value, view.place_of(key)));
    axes.emplace_back(key, std::move(list));
  }
  std::vector<std::size_t> position(axes.size(), 0);
  for (;;) {
    std::vector<std::pair<std::string, Json>> values;
    for (std::size_t i = 0; i < axes.size(); ++i)
      values.emplace_back(axes[i].first, axes[i].second[position[i]]);
    QYOLO_TRY(Cell cell, make_cell(values, place));
    cells.push_back(std::move(cell));
    if (cells.size() > kMaxCells) return error("{}: more than {} cells", place, kMaxCells);
    std::size_t axis = axes.size();
    while (axis > 0 && ++position[axis - 1] == axes[axis - 1].second.size()) position[--axis] = 0;
    if (axis == 0) return {};
  }
}

Result<std::vector<Cell>> expand_matrix(const JsonObject& root) {
  QYOLO_TRY(const Json* matrix, root.at("matrix"));
  if (!matrix->is_array())
    return error("{} is {}, expected a list", root.place_of("matrix"), matrix->type_name());
  std::vector<Cell> all(1);
  all[0].baseline = true;
  for (std::size_t i = 0; i < matrix->size(); ++i) {
    QYOLO_CHECK_OK(
        expand_block((*matrix)[i], fmt::format("{}[{}]", root.place_of("matrix"), i), all));
  }
  std::vector<Cell> cells;
  std::set<std::string> seen;
  for (Cell& cell : all) {
    if (seen.insert(cell.as_json().dump()).second) cells.push_back(std::move(cell));
  }
  return cells;
}

Result<EvaluationOptions> read_evaluation(const JsonObject& root) {
  EvaluationOptions options;
  if (!root.has("evaluation")) return options;
  QYOLO_TRY(const JsonObject view, root.object("evaluation"));
  QYOLO_CHECK_OK(
      view.only({"img", "batch", "rect", "confidence", "iou", "limit", "ignore_class_names"}));
  const auto integer = [&](std::string_view key, std::int64_t low, std::int64_t high,
                           int& out) -> Status {
    if (!view.has(key)) return {};
    QYOLO_TRY(const std::int64_t value, view.integer(key, low, high));
    out = static_cast<int>(value);
    return {};
  };
  const auto fraction = [&](std::string_view key, double& out) -> Status {
    if (!view.has(key)) return {};
    QYOLO_TRY(out, view.number(key));
    if (out < 0 || out > 1)
      return error("{} is {}, expected a number from 0 to 1", view.place_of(key), out);
    return {};
  };
  const auto boolean = [&](std::string_view key, bool& out) -> Status {
    if (!view.has(key)) return {};
    QYOLO_TRY(out, view.boolean(key));
    return {};
  };
  QYOLO_CHECK_OK(integer("img", 32, 8192, options.image_size));
  QYOLO_CHECK_OK(integer("batch", 1, 4096, options.batch));
  QYOLO_CHECK_OK(integer("limit", 0, INT32_MAX, options.limit));
  QYOLO_CHECK_OK(fraction("confidence", options.confidence));
  QYOLO_CHECK_OK(fraction("iou", options.iou));
  QYOLO_CHECK_OK(boolean("rect", options.rect));
  QYOLO_CHECK_OK(boolean("ignore_class_names", options.ignore_class_names));
  return options;
}

Result<LatencyOptions> read_latency(const JsonObject& root) {
  LatencyOptions options;
  if (!root.has("latency")) return options;
  QYOLO_TRY(const JsonObject view, root.object("latency"));
  QYOLO_CHECK_OK(view.only({"rounds", "warmup"}));
  if (view.has("rounds")) {
    QYOLO_TRY(const std::int64_t rounds, view.integer("rounds", 0, 100000));
    options.rounds = static_cast<int>(rounds);
  }
  if (view.has("warmup")) {
    QYOLO_TRY(const std::int64_t warmup, view.integer("warmup", 0, 1000));
    options.warmup = static_cast<int>(warmup);
  }
  return options;
}

// Relative to the experiment's folder; paths given on the command line are made absolute before.
Result<fs::path> read_path(const JsonObject& object, std::string_view key, const fs::path& folder) {
  QYOLO_TRY(const std::string text, object.string(key));
  if (text.empty()) return error("{} is empty, expected a path", object.place_of(key));
  return (folder / text).lexically_normal();
}

}  // namespace

Json value_from_text(const std::string& text) {
  Json parsed = Json::parse(text, nullptr, false);
  return parsed.is_number() || parsed.is_boolean() ? parsed : Json(text);
}

Result<Cell> read_cell(const Json& block, const std::string& place) {
  std::vector<Cell> cells;
  QYOLO_CHECK_OK(expand_block(block, place, cells));
  if (cells.size() != 1) return error("{}: expected one cell, found {}", place, cells.size());
  return std::move(cells.front());
}

std::string Cell::label() const {
  if (baseline) return "FP32";
  std::string text = fmt::format("{} {}-bit {}", recipe.scheme->name(), recipe.options.bits,
                                 recipe.granularity.name());
  const quant::SchemeOptions defaults;
  for (const CellOption& option : cell_options()) {
    const Json value = option.write(recipe.options);
    if (value != option.write(defaults)) {
      text += fmt::format(" {}={}", option.name,
                          value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  return text;
}

OrderedJson Cell::as_json() const {
  OrderedJson json;
  json["label"] = label();
  json["baseline"] = baseline;
  if (baseline) {
    json["scheme"] = "fp32";
    json["bits"] = 32;
    json["granularity"] = nullptr;
    return json;
  }
  json["scheme"] = recipe.scheme->name();
  json["bits"] = recipe.options.bits;
  json["granularity"] = recipe.granularity.name();
  for (const CellOption& option : cell_options()) json[option.name] = option.write(recipe.options);
  return json;
}

OrderedJson EvaluationOptions::as_json() const {
  return {{"img", image_size},
          {"batch", batch},
          {"rect", rect},
          {"confidence", confidence},
          {"iou", iou},
          {"limit", limit},
          {"ignore_class_names", ignore_class_names}};
}

OrderedJson LatencyOptions::as_json() const { return {{"rounds", rounds}, {"warmup", warmup}}; }

OrderedJson Experiment::as_json() const {
  OrderedJson json;
  json["name"] = name;
  if (!description.empty()) json["description"] = description;
  json["model"] = model.string();
  json["dataset"] = {{"images", images.string()}, {"annotations", annotations.string()}};
  json["evaluation"] = evaluation.as_json();
  json["latency"] = latency.as_json();
  json["cells"] = OrderedJson::array();
  for (const Cell& cell : cells) json["cells"].push_back(cell.as_json());
  return json;
}

Result<Override> parse_override(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size()) {
    return error("--set {}: expected key=value or key=v1,v2,...", text);
  }
  Override change{std::string(text.substr(0, equals)), {}};
  std::string_view rest = text.substr(equals + 1);
  for (;;) {
    const auto comma = rest.find(',');
    change.second.emplace_back(rest.substr(0, comma));
    if (comma == std::string_view::npos) return change;
    rest.remove_prefix(comma + 1);
  }
}

Result<Experiment> parse_experiment(Json document, const std::string& where, const fs::path& folder,
                                    const std::vector<Override>& overrides) {
  {
    QYOLO_TRY(const JsonObject root, JsonObject::from(document, where));
    QYOLO_CHECK_OK(
        root.only({"name", "description", "model", "dataset", "evaluation", "latency", "matrix"}));
    for (const std::string_view key : {"dataset", "evaluation", "latency"}) {
      if (!root.has(key)) continue;
      QYOLO_TRY([[maybe_unused]] const JsonObject object, root.object(key));
    }
  }
  for (const Override& change : overrides) QYOLO_CHECK_OK(apply_override(document, change));
  QYOLO_TRY(const JsonObject root, JsonObject::from(document, where));
  Experiment experiment;
  QYOLO_TRY(experiment.name, root.string("name"));
  if (root.has("description")) {
    QYOLO_TRY(experiment.description, root.string("description"));
  }
  QYOLO_TRY(experiment.model, read_path(root, "model", folder));
  QYOLO_TRY(const JsonObject dataset, root.object("dataset"));
  QYOLO_CHECK_OK(dataset.only({"images", "annotations"}));
  QYOLO_TRY(experiment.images, read_path(dataset, "images", folder));
  QYOLO_TRY(experiment.annotations, read_path(dataset, "annotations", folder));
  QYOLO_TRY(experiment.evaluation, read_evaluation(root));
  QYOLO_TRY(experiment.latency, read_latency(root));
  QYOLO_TRY(experiment.cells, expand_matrix(root));
  return experiment;
}

Result<Experiment> load_experiment(const fs::path& file, const std::vector<Override>& overrides) {
  QYOLO_TRY(Json document, read_json(file));
  return parse_experiment(std::move(document), file.string(), file.parent_path(), overrides);
}

}  // namespace qyolo::harness
