#include "harness/search/race_record.h"

#include "common/words.h"
#include "metrics/verdict.h"
#include "results/label.h"
#include "results/text.h"

namespace qyolo::harness {

std::string outcome_of(const RaceEntry& entry) {
  using results::fixed;
  if (!entry.error.empty()) return "failed: " + entry.error;
  if (!entry.trial) return "not run: a smaller one holds";
  const Trial& trial = *entry.trial;
  if (trial.result) return metrics::verdict(trial.difference);
  const metrics::Difference& ap = *trial.difference.ap;
  return fmt::format("stopped after {}: {} points lost ({} to {} with 99.9 % confidence)",
                     counted(trial.images, "image"), fixed(-100 * ap.value, 1),
                     fixed(-100 * ap.high, 1), fixed(-100 * ap.low, 1));
}

results::RaceRecord race_record(const RaceResult& result, const Experiment& experiment,
                                std::string_view precision) {
  const auto label = [&](std::size_t cell) {
    return results::full_label(Json(experiment.cells[cell].as_json()), precision);
  };
  results::RaceRecord record;
  record.baseline_ap = result.baseline_ap;
  record.tolerance = experiment.uncertainty.tolerance;
  if (result.winner) record.winner = label(result.entries[*result.winner].cell);
  record.images_run = result.images_run;
  record.images_full = result.images_full;
  record.spent_share = result.spent_share();
  for (const RaceEntry& entry : result.entries) {
    results::RaceCellRecord& cell = record.cells.emplace_back();
    cell.label = label(entry.cell);
    std::string shown =
        results::shown_label(Json(experiment.cells[entry.cell].named_json()), precision);
    if (shown != cell.label) cell.name = std::move(shown);
    cell.bytes = entry.bytes;
    cell.outcome = outcome_of(entry);
    if (!entry.trial) continue;
    cell.images = static_cast<std::int64_t>(entry.trial->images);
    if (entry.trial->result) cell.ap = entry.trial->result->evaluation.stats()[0];
    if (const auto& ap = entry.trial->difference.ap)
      cell.delta_ap = results::IntervalRecord{ap->value, ap->low, ap->high};
  }
  return record;
}

}  // namespace qyolo::harness
