// Parts of the report of a proof of concept, each from the records or by one measurement; for
// poc.cpp and its tests.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "harness/detections/diff.h"
#include "harness/poc/poc.h"
#include "results/cell_record.h"
#include "results/record.h"
#include "results/timing_record.h"

namespace qyolo::harness {

[[nodiscard]] report::DataCheck examine_data(const PocOptions& options,
                                             const std::vector<std::string>& model_classes);

[[nodiscard]] report::Candidate candidate_of(const results::Row& row, report::Stage stage);
// The bits of every convolution's weights under the cell, in network order.
[[nodiscard]] std::vector<report::LayerBits> layer_bits(const model::Graph& graph,
                                                        const Cell& cell);

// Of a loss beside what is allowed (a fraction): within where the whole interval is, beyond where
// none of it is. No loss at all on any choice of images is within.
[[nodiscard]] report::Standing standing_of(const std::optional<report::Difference>& delta,
                                           double allowed);

// From two accuracy records. Classes without a tolerance of their own get the overall one, for
// orientation.
[[nodiscard]] std::vector<report::ClassLoss> class_losses(const results::AccuracyRecord& baseline,
                                                          const results::AccuracyRecord& record,
                                                          const PocOptions& options,
                                                          double overall_tolerance);

// About how many images more would put the interval wholly on one side of -allowed; none where it
// is, or where the loss is so close to it that no number would. Its width falls with
// 1 / sqrt(number of images).
[[nodiscard]] std::optional<std::int64_t> images_to_decide(const report::Difference& delta,
                                                           double allowed, std::int64_t images);

// REQUIRES: report.classes and what was promised.
[[nodiscard]] std::optional<report::Certainty> certainty_of(const results::AccuracyRecord& record,
                                                            const report::PocReport& report);

// Changes, pictures and guideline.
Status describe_objects(const Diff& diff, const PocOptions& options, report::PocReport& report);

// A cell whose forwards are timed.
struct TimedCell {
  std::string name;
  std::string key;
  Cell cell;
  std::optional<double> ap;
};
// The cells and the options' networks of lower precision, all of them interleaved: as an earlier
// session kept it in the run's folder, or measured now, kept there, and the cells' as latency
// records in the store. Nothing where no rounds are wanted.
Result<std::optional<results::TimingRecord>> timed_together(const PocOptions& options,
                                                            std::span<const TimedCell> cells,
                                                            Evaluator& evaluator,
                                                            results::RecordStore& store,
                                                            RunListener& listener);
// One row for each network, and the setting they were measured in.
void add_latency(const results::TimingRecord& record, report::PocReport& report);

[[nodiscard]] report::Energy measure_energy(Evaluator& evaluator, const Cell& baseline);
// Computed ones, and what this process has taken at most so far.
[[nodiscard]] std::vector<report::MemoryRow> memory_rows(const report::PocReport& report);

void describe_environment(const results::Run& run, report::PocReport& report);
// `block`: the chosen cell's, or null.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> reproduce_commands(
    const PocOptions& options, const Json& block, bool needs_calibration);

}  // namespace qyolo::harness
