#include "harness/search/race_report.h"

#include "metrics/verdict.h"
#include "results/render.h"
#include "results/text.h"

namespace qyolo::harness {
namespace {

using results::fixed;

}  // namespace

std::string outcome_of(const RaceEntry& entry) {
  if (!entry.error.empty()) return "failed: " + entry.error;
  if (!entry.trial) return "not run: a smaller one holds";
  const Trial& trial = *entry.trial;
  if (trial.result) return metrics::verdict(trial.difference);
  const metrics::Difference& ap = *trial.difference.ap;
  return fmt::format("stopped after {} images: {} points lost ({} to {})", trial.images,
                     fixed(-100 * ap.value, 1), fixed(-100 * ap.high, 1), fixed(-100 * ap.low, 1));
}

std::string race_text(const RaceResult& result, const Experiment& experiment) {
  results::ReadingTable table;
  table.columns = {{"Cell", false, {}},
                   {"Size, MB", true, {}},
                   {"Images", true, {}},
                   {"AP", true, {}},
                   {"Outcome", false, {}}};
  for (std::size_t i = 0; i < result.entries.size(); ++i) {
    const RaceEntry& entry = result.entries[i];
    const bool won = result.winner == i;
    auto add = [&, column = std::size_t{0}](std::string text) mutable {
      table.columns[column++].cells.push_back({std::move(text), won});
    };
    add(results::markdown_text(experiment.cells[entry.cell].label()));
    add(fixed(static_cast<double>(entry.bytes) / 1e6, 3));
    add(entry.trial ? std::to_string(entry.trial->images) : "0");
    add(entry.trial && entry.trial->result
            ? fixed(100 * entry.trial->result->evaluation.stats()[0], 2)
            : std::string(results::kAbsent));
    add(outcome_of(entry));
  }
  std::string text = results::markdown_table(table) + "\n";
  text += result.winner
              ? fmt::format("Smallest that is certain to stay within {} of AP {}: {}.\n",
                            fmt::format("{:g} point{}", experiment.uncertainty.tolerance,
                                        experiment.uncertainty.tolerance == 1 ? "" : "s"),
                            fixed(100 * result.baseline_ap, 2),
                            results::markdown_text(
                                experiment.cells[result.entries[*result.winner].cell].label()))
              : std::string("No cell is certain to stay within the tolerance.\n");
  text += fmt::format("Image evaluations: {} of the {} that evaluating every cell takes ({} %).\n",
                      result.images_run, result.images_full, fixed(100 * result.spent_share(), 1));
  return text;
}

OrderedJson race_json(const RaceResult& result, const Experiment& experiment) {
  OrderedJson json;
  json["baseline_AP"] = result.baseline_ap;
  json["tolerance"] = experiment.uncertainty.tolerance;
  json["winner"] = result.winner
                       ? OrderedJson(experiment.cells[result.entries[*result.winner].cell].label())
                       : OrderedJson();
  json["images_run"] = result.images_run;
  json["images_full"] = result.images_full;
  json["spent_share"] = result.spent_share();
  json["cells"] = OrderedJson::array();
  for (const RaceEntry& entry : result.entries) {
    OrderedJson cell = {{"label", experiment.cells[entry.cell].label()}, {"bytes", entry.bytes}};
    cell["images"] = entry.trial ? entry.trial->images : 0;
    if (entry.trial) {
      cell["AP"] = entry.trial->result ? OrderedJson(entry.trial->result->evaluation.stats()[0])
                                       : OrderedJson();
      if (const auto& ap = entry.trial->difference.ap)
        cell["delta_AP"] = {{"value", ap->value}, {"low", ap->low}, {"high", ap->high}};
    }
    cell["outcome"] = outcome_of(entry);
    json["cells"].push_back(std::move(cell));
  }
  return json;
}

}  // namespace qyolo::harness
