#include "harness/run/cell_record.h"

#include "results/fields.h"
#include "results/label.h"
#include "results/metrics_json.h"

namespace qyolo::harness {
namespace {

using results::finite_or_none;

results::ActivationScale scale_of(const quant::ActivationParameters& parameters) {
  return {static_cast<double>(parameters.scale), parameters.zero_point};
}

results::ActivationsRecord activations_of(const CalibratedActivations& activations,
                                          const Evaluator& evaluator) {
  results::ActivationsRecord record;
  record.calibration_images = static_cast<std::int64_t>(evaluator.calibration_images());
  record.calibration_sha256 = evaluator.calibration_sha256();
  if (activations.input.quantized) record.input = scale_of(activations.input.parameters);
  for (const CalibratedGroup& group : activations.groups) {
    results::ActivationGroupRecord& one = record.groups.emplace_back();
    for (const int node : group.nodes)
      one.tensors.push_back(model::node_name(evaluator.graph(), node));
    one.low = group.range.low;
    one.high = group.range.high;
    one.parameters = scale_of(group.parameters);
  }
  return record;
}

}  // namespace

OrderedJson cell_json(const Cell& cell, const Evaluator& evaluator) {
  OrderedJson json = cell.named_json();
  json["label"] = results::full_label(Json(json), evaluator.precision_of(cell));
  return json;
}

results::CellIdentity identity_of(const std::string& key, const Cell& cell,
                                  const Evaluator& evaluator) {
  return {key,
          cell_json(cell, evaluator),
          {evaluator.simulates(cell), evaluator.precision_of(cell), evaluator.engine()}};
}

results::AccuracyRecord network_record(const std::string& key, const Cell& cell,
                                       const Evaluator& evaluator, const CellResult& result) {
  results::AccuracyRecord record;
  record.identity = identity_of(key, cell, evaluator);
  record.images = static_cast<std::int64_t>(evaluator.truth().images.size());
  if (const ImageLimit& limit = evaluator.options().limit; !limit.all())
    record.limit = limit.first ? limit.text() : fmt::format("{}:{}", limit.images, limit.seed);
  record.sqnr_db = finite_or_none(result.weight_error.sqnr_db());
  record.mse = result.weight_error.mse();
  for (const LayerError& layer : result.layers) {
    record.layers.push_back({layer.name,
                             {layer.shape.n, layer.shape.c, layer.shape.kh, layer.shape.kw},
                             layer.error.weights,
                             layer.groups,
                             layer.recipe,
                             finite_or_none(layer.error.sqnr_db()),
                             layer.error.mse()});
  }
  record.memory = results::memory_json(result.memory, result.coded_bytes);
  if (result.activations) record.activations = activations_of(*result.activations, evaluator);
  return record;
}

results::SecondsRecord seconds_record(const StageSeconds& s) {
  return {s.quantize, s.load, s.forward, s.postprocess, s.metric, s.total};
}

results::CertaintyRecord certainty_record(const HeadCertainty& c) {
  return {c.images,
          {c.kl, c.kl_standard_error, c.kl_median, c.kl_p999, c.kl_max},
          c.top,
          c.changed,
          c.changed_standard_error};
}

results::AccuracyRecord accuracy_record(const std::string& key, const Cell& cell,
                                        const Evaluator& evaluator, const CellResult& result) {
  results::AccuracyRecord record = network_record(key, cell, evaluator, result);
  record.detections = static_cast<std::int64_t>(result.detections.size());
  results::set_metrics(result.evaluation, evaluator.truth(), record);
  if (result.certainty) record.certainty = certainty_record(*result.certainty);
  record.seconds = seconds_record(result.seconds);
  return record;
}

results::LatencyRecord latency_record(const std::string& key, const Cell& cell,
                                      const Evaluator& evaluator,
                                      std::span<const double> milliseconds) {
  results::LatencyRecord record;
  record.identity = identity_of(key, cell, evaluator);
  record.executor = evaluator.executor_description();
  const LatencyInput input = evaluator.latency_input();
  record.height = input.height;
  record.width = input.width;
  record.threads = evaluator.threads();
  record.milliseconds.assign(milliseconds.begin(), milliseconds.end());
  return record;
}

}  // namespace qyolo::harness
