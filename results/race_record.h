// The document of `run --race`: which of many cells is the smallest that stays within a tolerance.
// docs/records.md describes every key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "results/interval_record.h"
#include "results/renderers.h"

namespace qyolo::results {

struct RaceCellRecord {
  std::string label;
  std::int64_t bytes = 0;
  std::int64_t images = 0;                 // that it ran on; 0: not run, or failed
  std::optional<double> ap;                // none where it was stopped early
  std::optional<IntervalRecord> delta_ap;  // from the baseline, on these images
  std::string outcome;                     // in words
  std::optional<std::string> name = {};    // for people, where that is no label (label.h)
};

struct RaceRecord {
  double baseline_ap = 0;
  double tolerance = 0;               // points
  std::optional<std::string> winner;  // its label
  std::int64_t images_run = 0;        // all cells, and the baseline
  std::int64_t images_full = 0;       // of evaluating all of them in full
  double spent_share = 0;
  std::vector<RaceCellRecord> cells;  // bytes ascending
};

[[nodiscard]] OrderedJson race_json(const RaceRecord& record);
Result<RaceRecord> read_race(const Json& document, const std::string& place);
[[nodiscard]] std::string race_text(const RaceRecord& record);  // Markdown
[[nodiscard]] std::string race_csv(const RaceRecord& record);   // one line per cell
[[nodiscard]] Renderers renderers_of(const RaceRecord& record);

}  // namespace qyolo::results
