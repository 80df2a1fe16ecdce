#include "metrics/confidence_shift.h"

#include "metrics/statistics.h"

namespace qyolo::metrics {
namespace {

std::optional<ShiftSummary> summary_of(const std::vector<double>& shifts) {
  if (shifts.empty()) return std::nullopt;
  const Summary summary = summarize(shifts);
  ShiftSummary result{summary.mean, summary.stddev, {}};
  for (std::size_t q = 0; q < kShiftQuantiles.size(); ++q)
    result.quantiles[q] = quantile(shifts, kShiftQuantiles[q]);
  return result;
}

void add(ClassShift& counts, bool in_baseline, bool in_network) {
  ++(in_baseline ? (in_network ? counts.both : counts.baseline_only)
                 : (in_network ? counts.network_only : counts.neither));
}

}  // namespace

ConfidenceShift confidence_shift(std::span<const Detection> baseline,
                                 const Assignment& baseline_assignment,
                                 std::span<const Detection> network,
                                 const Assignment& network_assignment) {
  ConfidenceShift result;
  result.all.category_id = -1;
  for (const std::int64_t id : baseline_assignment.category_ids)
    result.classes.push_back({id, 0, 0, 0, 0, std::nullopt});
  std::vector<double> shifts;
  std::vector<std::vector<double>> class_shifts(result.classes.size());
  for (std::uint32_t g = 0; g < baseline_assignment.finder_of.size(); ++g) {
    const std::uint32_t k = baseline_assignment.class_of_object[g];
    if (k == Assignment::kNone) continue;
    const std::uint32_t a = baseline_assignment.finder_of[g], b = network_assignment.finder_of[g];
    for (ClassShift* counts : {&result.all, &result.classes[k]})
      add(*counts, a != Assignment::kNone, b != Assignment::kNone);
    if (a == Assignment::kNone || b == Assignment::kNone) continue;
    result.pairs.push_back({g, baseline[a].score, network[b].score});
    shifts.push_back(result.pairs.back().shift());
    class_shifts[k].push_back(result.pairs.back().shift());
  }
  result.all.shift = summary_of(shifts);
  for (std::size_t k = 0; k < class_shifts.size(); ++k)
    result.classes[k].shift = summary_of(class_shifts[k]);
  return result;
}

}  // namespace qyolo::metrics
