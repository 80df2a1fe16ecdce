#include "harness/cell/experiment.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

#include "common/yaml.h"
#include "harness/cell/cell_flags.h"
#include "harness/cell/cell_options.h"
#include "harness/cell/rule_text.h"

namespace qyolo::harness {
namespace fs = std::filesystem;
namespace {

constexpr std::array<std::string_view, 5> kPaths = {"model", "images", "annotations", "data",
                                                    "split"};
constexpr std::array<std::string_view, 7> kEvaluationKeys = {
    "img", "batch", "rect", "confidence", "iou", "limit", "ignore_class_names"};
constexpr std::array<std::string_view, 2> kCalibrationKeys = {"calibration", "calibration_limit"};
constexpr std::array<std::string_view, 2> kLatencyKeys = {"rounds", "warmup"};
constexpr std::array<std::string_view, 4> kUncertaintyKeys = {"resamples", "seed", "tolerance",
                                                              "margin"};

template <class Keys>
bool contains(const Keys& keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

Status apply_override(Json& document, const Override& change) {
  const std::string& key = change.first;
  Json values = Json::array();
  for (const std::string& text : change.second) values.push_back(value_from_text(text));
  const auto single = [&](Json& target) -> Status {
    if (values.size() != 1)
      return error("--set {}: expected one value, found {}", key, values.size());
    target = values[0];
    return {};
  };
  if (contains(cell_keys(), key) || find_cell_option(key) != nullptr) {
    if (!document.contains("matrix") || !document["matrix"].is_array()) return {};
    for (Json& block : document["matrix"]) {
      if (block.is_object()) block[key] = values;
    }
    return {};
  }
  if (key == "model" || key == "name") return single(document[key]);
  if (key == "images" || key == "annotations") {
    for (const char* other : {"data", "split"}) document["dataset"].erase(other);
    return single(document["dataset"][key]);
  }
  if (key == "data" || key == "split") {
    for (const char* other : {"images", "annotations"}) document["dataset"].erase(other);
    return single(document["dataset"][key]);
  }
  if (contains(kEvaluationKeys, key)) return single(document["evaluation"][key]);
  if (key == "calibration") return single(document["calibration"]["images"]);
  if (key == "calibration_limit") return single(document["calibration"]["limit"]);
  if (contains(kLatencyKeys, key)) return single(document["latency"][key]);
  if (contains(kUncertaintyKeys, key)) return single(document["uncertainty"][key]);
  return error("--set: unknown key '{}', expected one of: name, {}, {}, {}, {}, {}, {}, {}", key,
               fmt::join(kPaths, ", "), fmt::join(kEvaluationKeys, ", "),
               fmt::join(kCalibrationKeys, ", "), fmt::join(kLatencyKeys, ", "),
               fmt::join(kUncertaintyKeys, ", "), fmt::join(cell_keys(), ", "),
               fmt::join(cell_option_names(), ", "));
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
  std::map<std::string, std::size_t> seen;
  for (Cell& cell : all) {
    const auto [at, added] = seen.emplace(cell.as_json().dump(), cells.size());
    if (added) {
      cells.push_back(std::move(cell));
    } else if (std::string& name = cells[at->second].name; name.empty()) {
      name = cell.name;
    } else if (!cell.name.empty() && cell.name != name) {
      return error("{}: '{}' and '{}' are one cell, {}", root.place_of("matrix"), name, cell.name,
                   cell.label());
    }
  }
  std::set<std::string_view> names;
  for (const Cell& cell : cells) {
    if (!cell.name.empty() && !names.insert(cell.name).second)
      return error("{}: two cells are named '{}'", root.place_of("matrix"), cell.name);
  }
  return cells;
}

Result<EvaluationOptions> read_evaluation(const JsonObject& root) {
  EvaluationOptions options;
  if (!root.has("evaluation")) return options;
  QYOLO_TRY(const JsonObject view, root.object("evaluation"));
  QYOLO_CHECK_OK(view.only(
      {"img", "batch", "rect", "confidence", "iou", "limit", "ignore_class_names", "class_map"}));
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
  if (view.has("limit")) {
    QYOLO_TRY(const Json* limit, view.at("limit"));
    QYOLO_TRY(options.limit, image_limit_from(*limit, view.place_of("limit")));
  }
  QYOLO_CHECK_OK(fraction("confidence", options.confidence));
  QYOLO_CHECK_OK(fraction("iou", options.iou));
  QYOLO_CHECK_OK(boolean("rect", options.rect));
  QYOLO_CHECK_OK(boolean("ignore_class_names", options.ignore_class_names));
  if (view.has("class_map")) {
    QYOLO_TRY(const Json* map, view.at("class_map"));
    QYOLO_TRY(options.class_map, class_map_from(*map, view.place_of("class_map")));
  }
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

Result<UncertaintyOptions> read_uncertainty(const JsonObject& root) {
  constexpr std::int64_t kFewest = 100, kMost = 1000000;
  UncertaintyOptions options;
  if (!root.has("uncertainty")) return options;
  QYOLO_TRY(const JsonObject view, root.object("uncertainty"));
  QYOLO_CHECK_OK(view.only({"resamples", "seed", "tolerance", "margin"}));
  if (view.has("resamples")) {
    QYOLO_TRY(const std::int64_t resamples, view.integer("resamples", 0, kMost));
    if (resamples > 0 && resamples < kFewest) {
      return error("{} is {}, expected 0 (no comparison) or {} to {}", view.place_of("resamples"),
                   resamples, kFewest, kMost);
    }
    options.resamples = static_cast<int>(resamples);
  }
  if (view.has("seed")) {
    QYOLO_TRY(const std::int64_t seed, view.integer("seed", 0, INT64_MAX));
    options.seed = static_cast<std::uint64_t>(seed);
  }
  if (view.has("tolerance")) {
    QYOLO_TRY(options.tolerance, view.number("tolerance"));
    if (options.tolerance < 0 || options.tolerance > 100) {
      return error("{} is {}, expected points of AP from 0 to 100", view.place_of("tolerance"),
                   options.tolerance);
    }
  }
  if (view.has("margin")) {
    QYOLO_TRY(options.margin, view.number("margin"));
    if (options.margin < 0 || options.margin > options.tolerance) {
      return error("{} is {}, expected points of AP from 0 to the tolerance, {}",
                   view.place_of("margin"), options.margin, options.tolerance);
    }
  }
  return options;
}

// Relative to the experiment's folder; paths given on the command line are made absolute before.
Result<fs::path> read_path(const JsonObject& object, std::string_view key, const fs::path& folder) {
  QYOLO_TRY(const std::string text, object.string(key));
  if (text.empty()) return error("{} is empty, expected a path", object.place_of(key));
  return (folder / text).lexically_normal();
}

Result<std::optional<CalibrationSet>> read_calibration(const JsonObject& root,
                                                       const fs::path& folder) {
  if (!root.has("calibration")) return std::optional<CalibrationSet>();
  QYOLO_TRY(const JsonObject view, root.object("calibration"));
  QYOLO_CHECK_OK(view.only({"images", "limit"}));
  CalibrationSet set;
  QYOLO_TRY(set.images, read_path(view, "images", folder));
  if (view.has("limit")) {
    QYOLO_TRY(const std::int64_t limit, view.integer("limit", 0, INT32_MAX));
    set.limit = static_cast<int>(limit);
  }
  return std::optional(std::move(set));
}

}  // namespace

OrderedJson EvaluationOptions::as_json() const {
  OrderedJson json = {{"img", image_size},
                      {"batch", batch},
                      {"rect", rect},
                      {"confidence", confidence},
                      {"iou", iou},
                      {"limit", limit.as_json()},
                      {"ignore_class_names", ignore_class_names}};
  if (!class_map.empty()) json["class_map"] = class_map;
  return json;
}

OrderedJson CalibrationSet::as_json() const {
  return {{"images", images.string()}, {"limit", limit}};
}

OrderedJson LatencyOptions::as_json() const { return {{"rounds", rounds}, {"warmup", warmup}}; }

OrderedJson UncertaintyOptions::as_json() const {
  OrderedJson json = {{"resamples", resamples}, {"seed", seed}, {"tolerance", tolerance}};
  if (margin > 0) json["margin"] = margin;
  return json;
}

OrderedJson Experiment::as_json() const {
  OrderedJson json;
  json["name"] = name;
  if (!description.empty()) json["description"] = description;
  json["model"] = model.string();
  if (images.empty()) {
    json["dataset"] = {{"data", annotations.string()}, {"split", split}};
  } else {
    json["dataset"] = {{"images", images.string()}, {"annotations", annotations.string()}};
  }
  json["evaluation"] = evaluation.as_json();
  if (calibration) json["calibration"] = calibration->as_json();
  json["latency"] = latency.as_json();
  json["uncertainty"] = uncertainty.as_json();
  json["cells"] = OrderedJson::array();
  for (const Cell& cell : cells) json["cells"].push_back(cell.named_json());
  return json;
}

OrderedJson experiment_file(const Experiment& experiment, const fs::path& folder) {
  const auto relative = [&](const fs::path& file) {
    return file.empty() ? file
                        : fs::absolute(file).lexically_normal().lexically_proximate(
                              fs::absolute(folder).lexically_normal());
  };
  Experiment moved = experiment;
  moved.model = relative(experiment.model);
  moved.images = relative(experiment.images);
  moved.annotations = relative(experiment.annotations);
  if (moved.calibration) moved.calibration->images = relative(experiment.calibration->images);
  OrderedJson json = moved.as_json();
  json.erase("cells");
  json["matrix"] = OrderedJson::array();
  for (const Cell& cell : experiment.cells) {
    if (!cell.quantized() && cell.name.empty()) continue;
    OrderedJson block = matrix_block(cell);
    if (!cell.name.empty()) block["name"] = cell.name;
    json["matrix"].push_back(std::move(block));
  }
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
    QYOLO_CHECK_OK(root.only({"name", "description", "model", "dataset", "evaluation",
                              "calibration", "latency", "uncertainty", "matrix"}));
    for (const std::string_view key :
         {"dataset", "evaluation", "calibration", "latency", "uncertainty"}) {
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
  QYOLO_CHECK_OK(dataset.only({"images", "annotations", "data", "split"}));
  if (dataset.has("data")) {
    for (const char* key : {"images", "annotations"}) {
      if (dataset.has(key))
        return error("{} goes without {}", dataset.place_of("data"), dataset.place_of(key));
    }
    QYOLO_TRY(experiment.annotations, read_path(dataset, "data", folder));
    if (dataset.has("split")) {
      QYOLO_TRY(experiment.split, dataset.string("split"));
    }
  } else {
    QYOLO_TRY(experiment.images, read_path(dataset, "images", folder));
    QYOLO_TRY(experiment.annotations, read_path(dataset, "annotations", folder));
  }
  QYOLO_TRY(experiment.evaluation, read_evaluation(root));
  QYOLO_TRY(experiment.calibration, read_calibration(root, folder));
  QYOLO_TRY(experiment.latency, read_latency(root));
  QYOLO_TRY(experiment.uncertainty, read_uncertainty(root));
  QYOLO_TRY(experiment.cells, expand_matrix(root));
  for (const Cell& cell : experiment.cells) {
    if (cell.calibrated() && !experiment.calibration) {
      return error(
          "{}: the cell '{}' needs calibration images: "
          "\"calibration\": {{\"images\": FOLDER}} or --calibration FOLDER",
          where, cell.label());
    }
  }
  return experiment;
}

Result<Experiment> load_experiment(const fs::path& file, const std::vector<Override>& overrides) {
  QYOLO_TRY(Json document,
            is_yaml(file) ? read_yaml(file) : read_json(file, DuplicateKeys::kRefused));
  return parse_experiment(std::move(document), file.string(), file.parent_path(), overrides);
}

}  // namespace qyolo::harness
