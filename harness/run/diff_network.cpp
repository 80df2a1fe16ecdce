#include "harness/run/diff_network.h"

#include <utility>
#include <vector>

#include "harness/run/cell_record.h"
#include "results/label.h"

namespace qyolo::harness {

Result<Diff> diff_network(const EvaluatorConfig& config, const ExecutorFactory& factory,
                          const Cell& cell, const DiffOptions& options, RunListener& listener) {
  if (!cell.quantized())
    return error(
        "the unquantized network has nothing to be compared with but itself; --scheme names a "
        "quantization");
  QYOLO_TRY(const auto evaluator, Evaluator::open(config, factory));
  Cell baseline;
  baseline.baseline = true;
  const std::vector<Cell> cells = {evaluator->resolve(baseline), evaluator->resolve(cell)};
  if (evaluator->source().artifact() != nullptr) {
    return error(
        "{} holds one network ({}), and diff runs two; give it the checkpoint it was made from, or "
        "the two results files of `qyolo eval --save-detections`",
        config.model.string(), cells[0].label());
  }
  Diff diff;
  diff.truth = evaluator->truth();
  diff.images = evaluator->images_folder();
  diff.warnings = std::move(diff.truth.warnings);
  const auto name = [&](const Cell& one) {
    return results::shown_label(Json(cell_json(one, *evaluator)), evaluator->precision_of(one));
  };
  diff.baseline_name = name(cells[0]);
  diff.other_name = name(cells[1]);
  listener.on_pass("diff", cells.size(), 0);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    listener.on_cell(i, cells[i]);
    QYOLO_TRY(CellResult result,
              evaluator->evaluate(cells[i], [&](std::size_t done, std::size_t total) {
                listener.on_progress(done, total);
              }));
    listener.on_cell_done(i, cells[i], true,
                          fmt::format("AP {:.2f}", 100 * result.evaluation.stats()[0]));
    (i == 0 ? diff.baseline : diff.other) = std::move(result.detections);
  }
  return compare_detections(std::move(diff), options);
}

}  // namespace qyolo::harness
