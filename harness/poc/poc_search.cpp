#include "harness/poc/poc_search.h"

#include <filesystem>
#include <set>
#include <utility>

#include "common/file.h"
#include "harness/search/recommend.h"

namespace qyolo::harness {
namespace {

namespace fs = std::filesystem;

constexpr int kVersion = 2;  // of search.json, and of what the search does

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
  options.share = ShareOptions{poc.out / "search", {}};
  return options;
}

// What an earlier session found of the same; nothing where it looked for something else.
std::optional<results::RecommendationRecord> found_before(const fs::path& file, const Json& asked) {
  const auto json = read_json(file);
  if (!json.ok() || member(*json, "asked") != asked) return std::nullopt;
  auto found = results::read_recommendation(member(*json, "found"), file.string());
  if (!found.ok()) return std::nullopt;
  return std::move(found).value();
}

}  // namespace

Result<results::RecommendationRecord> searched(const PocOptions& options,
                                               const ExecutorFactory& factory, double allowed,
                                               const Evaluator& evaluator, RunListener& listener) {
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
  results::RecommendationRecord record = recommendation_record(found);
  const OrderedJson kept = {{"asked", asked}, {"found", results::recommendation_json(record)}};
  QYOLO_CHECK_OK(write_file(file, kept.dump(2) + "\n"));
  return record;
}

std::size_t recipes_of(const Cell& cell) {
  std::set<std::string> recipes = {cell.recipe.text()};
  for (const quant::Rule& rule : cell.rules) recipes.insert(rule.keep ? "" : rule.recipe.text());
  return recipes.size();
}

}  // namespace qyolo::harness
