#include "harness/poc/poc_search.h"

#include <filesystem>
#include <set>
#include <utility>

#include "common/file.h"
#include "harness/cell/cell_flags.h"
#include "harness/search/recommend.h"

namespace qyolo::harness {
namespace {

namespace fs = std::filesystem;

constexpr int kVersion = 1;  // of search.json, and of what the search does

// All that decides what is found.
Json asked_of(const RecommendOptions& options, const Evaluator& evaluator) {
  return {{"version", kVersion},
          {"checkpoint", evaluator.checkpoint_sha256()},
          {"dataset", evaluator.dataset_sha256()},
          {"calibration", evaluator.calibration_sha256()},
          {"evaluation", Json(evaluator.options().as_json())},
          {"executor", evaluator.executor_identity()},
          {"tolerance", options.tolerance->text()},
          {"class_tolerance", options.class_tolerance ? options.class_tolerance->text() : ""},
          {"resamples", options.uncertainty.resamples},
          {"seed", options.uncertainty.seed}};
}

RecommendOptions options_of(const PocOptions& poc, double allowed) {
  RecommendOptions options;
  options.tolerance = ApAmount{100 * allowed, false};
  for (const ClassTolerance& one : poc.class_tolerances)
    if (one.name.empty()) options.class_tolerance = one.amount;
  options.calibration = *poc.evaluation.calibration;
  options.uncertainty = poc.uncertainty;
  return options;
}

Json found_json(const Recommendation& found) {
  Json cells = Json::array();
  const auto add = [&](const Tried& tried) {
    Json one = {{"cell", Json(matrix_block(tried.cell))}};
    if (tried.confirmation) {
      const Confirmation& confirmed = *tried.confirmation;
      one["confirmed"] = {{"images", confirmed.images},
                          {"chosen_on", found.images},
                          {"baseline_AP", confirmed.baseline_ap},
                          {"AP", confirmed.ap}};
      if (const auto& ap = confirmed.difference.ap)
        one["confirmed"]["delta_AP"] = {{"value", ap->value}, {"low", ap->low}, {"high", ap->high}};
    }
    cells.push_back(std::move(one));
  };
  if (found.hybrid) add(found.hybrids[*found.hybrid]);
  if (found.uniform) add(found.uniforms[*found.uniform]);
  return cells;
}

Result<std::vector<SearchedCell>> read_found(const Json& cells, const std::string& place) {
  if (!cells.is_array()) return error("{}: {}, expected a list", place, cells.type_name());
  std::vector<SearchedCell> found;
  for (const Json& entry : cells) {
    QYOLO_TRY(const JsonObject one, JsonObject::from(entry, place));
    SearchedCell cell;
    QYOLO_TRY(const Json* block, one.at("cell"));
    cell.block = *block;
    if (one.has("confirmed")) {
      QYOLO_TRY(const JsonObject confirmed, one.object("confirmed"));
      report::Confirmation& to = cell.confirmation.emplace();
      QYOLO_TRY(to.images, confirmed.integer("images", 1, std::int64_t{1} << 40));
      QYOLO_TRY(to.chosen_on, confirmed.integer("chosen_on", 1, std::int64_t{1} << 40));
      QYOLO_TRY(to.baseline_ap, confirmed.number("baseline_AP"));
      QYOLO_TRY(to.ap, confirmed.number("AP"));
      if (confirmed.has("delta_AP")) {
        QYOLO_TRY(const JsonObject delta, confirmed.object("delta_AP"));
        report::Difference& difference = to.delta.emplace();
        QYOLO_TRY(difference.value, delta.number("value"));
        QYOLO_TRY(difference.low, delta.number("low"));
        QYOLO_TRY(difference.high, delta.number("high"));
      }
    }
    found.push_back(std::move(cell));
  }
  return found;
}

// What an earlier session found of the same; nothing where it looked for something else.
std::optional<std::vector<SearchedCell>> found_before(const fs::path& file, const Json& asked) {
  const auto json = read_json(file);
  if (!json.ok() || member(*json, "asked") != asked) return std::nullopt;
  auto found = read_found(member(*json, "found"), file.string());
  if (!found.ok()) return std::nullopt;
  return std::move(found).value();
}

}  // namespace

Result<std::vector<SearchedCell>> searched_cells(const PocOptions& options,
                                                 const ExecutorFactory& factory, double allowed,
                                                 const Evaluator& evaluator,
                                                 RunListener& listener) {
  const RecommendOptions search = options_of(options, allowed);
  const Json asked = asked_of(search, evaluator);
  const fs::path file = options.out / "search.json";
  if (auto found = found_before(file, asked)) return std::move(*found);
  EvaluatorConfig config = options.evaluation;
  config.image_cache_bytes /= 2;
  QYOLO_TRY(const ChoiceEvaluators evaluators, open_for_choice(config, factory, kHeldOut));
  std::string stage;
  const auto progress = [&](const std::string& name, std::size_t done, std::size_t total) {
    if (name != std::exchange(stage, name)) listener.on_pass("search: " + name, 1, 0);
    listener.on_progress(done, total);
  };
  QYOLO_TRY(const Recommendation found, recommend(evaluators, search, progress));
  const Json cells = found_json(found);
  QYOLO_CHECK_OK(write_file(file, Json{{"asked", asked}, {"found", cells}}.dump(2) + "\n"));
  return read_found(cells, file.string());
}

std::size_t recipes_of(const Cell& cell) {
  std::set<std::string> recipes = {cell.recipe.text()};
  for (const quant::Rule& rule : cell.rules) recipes.insert(rule.keep ? "" : rule.recipe.text());
  return recipes.size();
}

}  // namespace qyolo::harness
