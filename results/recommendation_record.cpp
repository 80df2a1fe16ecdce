#include "results/recommendation_record.h"

#include <cmath>

#include "results/fields.h"
#include "results/record.h"

namespace qyolo::results {

constexpr std::string_view kRecommendation = "recommendation";

template <class Fields>
void describe(Fields& fields, Of<Fields, ConfirmationRecord>& confirmed) {
  fields("images", confirmed.images);
  fields("baseline_AP", confirmed.baseline_ap);
  fields("AP", confirmed.ap);
  fields("delta_AP", confirmed.delta_ap);
  fields("verdict", confirmed.verdict);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, TriedRecord>& tried) {
  fields("name", tried.name);
  fields("bytes", tried.bytes);
  fields("bits_per_weight", tried.bits_per_weight);
  fields("AP", tried.ap);
  fields("images", tried.images);
  fields.derived("stopped", [&] { return !tried.ap.has_value(); });
  fields("delta_AP", tried.delta_ap);
  fields("holds", tried.holds);
  fields.if_any("proxy", tried.proxy);
  fields.if_any("cost", tried.cost);
  fields.if_any("cost_lower_bound", tried.cost_lower_bound);
  fields.if_any("lossy_classes", tried.lossy_classes);
  fields.if_any("latency_ms", tried.latency_ms);
  fields.if_any("too_slow", tried.too_slow);
  fields.if_any("verdict", tried.verdict);
  fields.if_any("confirmed", tried.confirmed);
  fields("cell", tried.cell);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, LayerCandidateRecord>& candidate) {
  fields("recipe", candidate.recipe);
  fields("bytes", candidate.bytes);
  fields("weight_noise", candidate.weight_noise);
  fields("head_error", candidate.head_error);
  fields("kl", candidate.kl);
  fields("detection_loss", candidate.detection_loss);
  fields.if_any("estimated", candidate.estimated);
  fields.if_any("integers", candidate.integers);
  fields.if_any("latency_ms", candidate.latency_ms);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, LatencyBoundRecord::Measured>& measured) {
  fields("precision", measured.precision);
  fields("latency_ms", measured.latency_ms);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, LatencyBoundRecord>& latency) {
  fields("at_most_ms", latency.at_most_ms);
  fields("height", latency.height);
  fields("width", latency.width);
  fields("threads", latency.threads);
  fields("arithmetic", latency.arithmetic);
  fields("measured", latency.measured);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, LayerCandidatesRecord>& layer) {
  fields("name", layer.name);
  fields("weights", layer.weights);
  fields.if_any("chosen", layer.chosen);
  fields("candidates", layer.candidates);
  if constexpr (Fields::kReads) {
    if (layer.chosen && *layer.chosen >= layer.candidates.size())
      fields.complain(fields.place_of("chosen"), "one of the candidates");
  }
}

template <class Fields>
void describe(Fields& fields, Of<Fields, RecommendationWork>& work) {
  fields("tensors_quantized", work.tensors_quantized);
  fields("uniforms_compared", work.uniforms_compared);
  fields("candidate_seconds", work.candidate_seconds);
  fields("calibration_images", work.calibration_images);
  fields("proxy_forwards", work.proxy_forwards);
  fields("proxy_macs", work.proxy_macs);
  fields("proxy_macs_saved_share", work.proxy_macs_saved_share);
  fields("proxy_seconds", work.proxy_seconds);
  fields("images_run", work.images_run);
  fields("images_full", work.images_full);
  fields("seconds", work.seconds);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, RecommendationRecord>& record) {
  fields("images", record.images);
  fields.object("baseline", [&](auto& inner) {
    inner("AP", record.baseline_ap);
    inner("bytes", record.baseline_bytes);
  });
  fields.if_any("budget_bytes", record.budget_bytes);
  fields.if_any("tolerance", record.tolerance);
  fields.if_any("class_tolerance", record.class_tolerance);
  fields.if_any("latency", record.latency);
  fields("hybrid", record.hybrid);
  fields("uniform", record.uniform);
  fields("hybrids_tried", record.hybrids_tried);
  fields("uniforms_tried", record.uniforms_tried);
  fields("layers", record.layers);
  fields("work", record.work);
  fields.if_any("judged", record.judged);
  if constexpr (Fields::kReads) {
    if (!record.budget_bytes && !record.tolerance)
      fields.complain(fields.place_of("tolerance"), "a number, or budget_bytes");
  }
}

double LayerCandidateRecord::cost(std::string_view proxy) const {
  const std::optional<double>& value = proxy == "head error" ? head_error
                                       : proxy == "KL"       ? kl
                                                             : detection_loss;
  return value.value_or(HUGE_VAL);
}

OrderedJson recommendation_json(const RecommendationRecord& record) {
  return document_json(kRecommendation, kSchema, record);
}

Result<RecommendationRecord> read_recommendation(const Json& document, const std::string& place) {
  return read_document<RecommendationRecord>(kRecommendation, kSchema, document, place);
}

Renderers renderers_of(const RecommendationRecord& record) {
  return {[&record] { return recommendation_text(record); },
          [&record] { return recommendation_csv(record); },
          [&record] { return document_text(recommendation_json(record)); }};
}

}  // namespace qyolo::results
