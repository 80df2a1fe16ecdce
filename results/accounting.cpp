#include "results/accounting.h"

#include <fmt/format.h>

#include <algorithm>

#include "results/text.h"

namespace qyolo::results {
namespace {

// Whose numbers serve as an example; the study's setting is preferred.
const Row* example(const Run& run, bool regions) {
  const Row* best = nullptr;
  const auto preference = [](const Row& row) {
    return (row.bits == 4 ? 4 : 0) + (row.granularity == "filter" ? 2 : 0) +
           (row.scheme == "affine" || row.scheme == "pwlq" ? 1 : 0);
  };
  for (const Row& row : run.rows) {
    if (row.baseline || !row.ratio_fp16_paper || !row.ratio_fp16_true || !row.region_bytes)
      continue;
    if ((*row.region_bytes > 0) != regions) continue;
    if (best == nullptr || preference(row) > preference(*best)) best = &row;
  }
  return best;
}

struct Totals {
  double weights = 0, groups = 0;  // of the quantized layers
};

Totals totals_of(const Run& run, const Row& row) {
  Totals totals;
  const Json* record = run.newest("accuracy", row.key);
  if (record == nullptr) return totals;
  const auto error = record->find("weight_error");
  if (error == record->end() || !error->is_object()) return totals;
  const auto layers = error->find("layers");
  if (layers == error->end() || !layers->is_array()) return totals;
  const auto number = [](const Json& layer, const char* key) {
    const auto found = layer.find(key);
    const bool count = found != layer.end() && found->is_number() && *found > 0 && *found < 1e15;
    return count ? found->get<double>() : 0;
  };
  for (const Json& layer : *layers) {
    if (!layer.is_object()) continue;
    totals.weights += number(layer, "weights");
    totals.groups += number(layer, "groups");
  }
  return totals;
}

// "affine 4-bit filter keeps 8 bytes of parameters per group and is 3.717× smaller than FP16 in the
// paper's accounting, 3.815× in truth"
std::string describe(const Run& run, const Row& row) {
  const Totals totals = totals_of(run, row);
  std::string text = label_of(row);
  if (totals.groups > 0 && row.scale_bytes && row.zero_point_bytes && row.breakpoint_bytes) {
    const double bytes = *row.scale_bytes + *row.zero_point_bytes + *row.breakpoint_bytes;
    text += fmt::format(" keeps {:.4g} bytes of parameters per group and", bytes / totals.groups);
  }
  text += fmt::format(" is {:.3f}× smaller than FP16 in the paper's accounting, {:.3f}× in truth",
                      *row.ratio_fp16_paper, *row.ratio_fp16_true);
  if (*row.region_bytes > 0 && totals.weights > 0 && row.true_bytes && *row.true_bytes > 0) {
    text += fmt::format(
        ", where each weight takes {:.3g} more bit to say its region, {:.1f} % of all bytes",
        *row.region_bytes * 8 / totals.weights, *row.region_bytes / *row.true_bytes * 100);
  }
  return text;
}

}  // namespace

std::vector<std::string> accounting_notes(const Run& run) {
  std::vector<std::string> notes;
  const Row* plain = example(run, false);
  const Row* regions = example(run, true);
  if (plain == nullptr && regions == nullptr) return notes;
  notes.emplace_back(
      "The paper's accounting (arXiv 2407.04943, our reading): the checkpoint as stored, batch "
      "norms "
      "not folded. Its convolutions' codes and group parameters plus its other values in FP16, "
      "against all its values in FP16. The bit that says in which region a piecewise-linear weight "
      "lies is not counted.");
  notes.emplace_back(
      "In truth: everything that a decoder of the evaluated network needs, region bits included, "
      "against that network in FP16.");
  std::string here = "In this run: ";
  if (plain != nullptr) here += describe(run, *plain);
  if (plain != nullptr && regions != nullptr) here += "; ";
  if (regions != nullptr) here += describe(run, *regions);
  notes.push_back(here + '.');
  notes.emplace_back(
      "The study's published pair, 3.92× (affine) and 3.86× (PWLQ) at 4 bits, is by our reading "
      "this "
      "accounting of the released YOLOv7 filter by filter with FP32 parameters, 2 per group "
      "(affine) or 5 "
      "(PWLQ): 3.926× and 3.864×. In truth, with its region bits, that PWLQ is about 3.1×.");
  return notes;
}

}  // namespace qyolo::results
