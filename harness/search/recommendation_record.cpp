#include "harness/cell/cell_flags.h"
#include "harness/search/recommend.h"
#include "metrics/verdict.h"
#include "results/label.h"

namespace qyolo::harness {
namespace {

std::int64_t whole(std::size_t count) { return static_cast<std::int64_t>(count); }

results::TriedRecord tried_record(const Tried& tried) {
  results::TriedRecord record;
  record.name = name_of(tried);
  record.bytes = tried.bytes;
  record.bits_per_weight = tried.bits_per_weight;
  if (tried.trial.result) record.ap = tried.ap();
  record.images = static_cast<std::int64_t>(tried.trial.images);
  if (const auto& ap = tried.trial.difference.ap)
    record.delta_ap = results::IntervalRecord{ap->value, ap->low, ap->high};
  record.holds = tried.holds;
  if (tried.proxy) {
    record.proxy = std::string(proxy_name(*tried.proxy));
    record.cost = tried.cost;
    record.cost_lower_bound = tried.lower_bound;
  }
  record.lossy_classes = tried.lossy_classes;
  record.latency_ms = tried.milliseconds;
  if (tried.too_slow) record.too_slow = true;
  if (tried.trial.result) record.verdict = metrics::verdict(tried.trial.difference);
  if (tried.confirmation) {
    const Confirmation& confirmed = *tried.confirmation;
    results::ConfirmationRecord& to = record.confirmed.emplace();
    to.images = whole(confirmed.images);
    to.baseline_ap = confirmed.baseline_ap;
    to.ap = confirmed.ap;
    if (const auto& ap = confirmed.difference.ap)
      to.delta_ap = results::IntervalRecord{ap->value, ap->low, ap->high};
    to.verdict = metrics::verdict(confirmed.difference);
  }
  record.cell = matrix_block(tried.cell);
  return record;
}

results::LayerCandidatesRecord layer_record(const LayerCandidates& layer) {
  results::LayerCandidatesRecord record{layer.name, layer.weights, std::nullopt, {}};
  for (const LayerCandidate& candidate : layer.candidates) {
    record.candidates.push_back(
        {candidate.text(), candidate.bytes, candidate.noise,
         results::finite_or_none(candidate.divergence.head_error()),
         results::finite_or_none(candidate.divergence.kl()),
         results::finite_or_none(candidate.divergence.detection_loss()),
         candidate.measured ? std::nullopt : std::optional(true),
         candidate.integers ? std::optional(true) : std::nullopt,
         candidate.milliseconds > 0 ? std::optional(candidate.milliseconds) : std::nullopt});
  }
  return record;
}

}  // namespace

Experiment recommended_experiment(const Recommendation& r, const EvaluatorConfig& config) {
  Experiment experiment;
  experiment.name = "recommended";
  experiment.description = "What qyolo recommend found";
  experiment.model = config.model;
  experiment.images = config.images;
  experiment.annotations = config.annotations;
  experiment.split = config.split;
  experiment.evaluation = config.options;
  experiment.calibration = config.calibration;
  experiment.latency.rounds = 0;
  experiment.uncertainty.tolerance = r.budget ? 1 : 100 * r.tolerance;
  if (r.hybrid) experiment.cells.push_back(r.hybrids[*r.hybrid].cell);
  if (r.uniform) experiment.cells.push_back(r.uniforms[*r.uniform].cell);
  return experiment;
}

std::string name_of(const Tried& tried) {
  return tried.proxy ? fmt::format("hybrid by {}", proxy_name(*tried.proxy))
                     : results::shown_label(Json(tried.cell.named_json()), "fp32");
}

results::RecommendationRecord recommendation_record(const Recommendation& r) {
  results::RecommendationRecord record;
  record.images = whole(r.images);
  record.baseline_ap = r.baseline_ap;
  record.baseline_bytes = r.baseline_bytes;
  if (r.budget) {
    record.budget_bytes = r.budget;
  } else {
    record.tolerance = r.tolerance;
    if (r.class_tolerance) record.class_tolerance = r.class_tolerance->text();
  }
  if (r.latency) {
    const LatencyFound& found = *r.latency;
    record.latency = {found.milliseconds,
                      found.input.height,
                      found.input.width,
                      found.threads,
                      std::string(engine::precision_name(found.arithmetic)),
                      {}};
    for (const ArithmeticTimes& one : found.times) {
      record.latency->measured.push_back(
          {std::string(engine::precision_name(one.precision)), one.milliseconds});
    }
  }
  for (const Tried& tried : r.hybrids) record.hybrids_tried.push_back(tried_record(tried));
  for (const Tried& tried : r.uniforms) record.uniforms_tried.push_back(tried_record(tried));
  if (r.hybrid) record.hybrid = record.hybrids_tried[*r.hybrid];
  if (r.uniform) record.uniform = record.uniforms_tried[*r.uniform];
  for (std::size_t i = 0; i < r.layers.size(); ++i) {
    record.layers.push_back(layer_record(r.layers[i]));
    if (r.hybrid) record.layers.back().chosen = r.hybrids[*r.hybrid].choices[i];
  }
  record.work = {whole(r.tensors_tried),
                 whole(r.uniforms_compared),
                 r.candidate_seconds,
                 whole(r.calibration_images),
                 r.proxy_work.forwards,
                 r.proxy_work.macs_run,
                 r.proxy_work.saved_share(),
                 r.proxy_seconds,
                 r.images_run,
                 r.images_full,
                 r.seconds};
  return record;
}

}  // namespace qyolo::harness
