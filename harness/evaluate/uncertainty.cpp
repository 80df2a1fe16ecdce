#include "harness/evaluate/uncertainty.h"

#include <algorithm>
#include <string>
#include <utility>

#include "metrics/matched_detections.h"
#include "metrics/verdict.h"

namespace qyolo::harness {
namespace {

OrderedJson difference_json(const std::optional<metrics::Difference>& difference) {
  if (!difference) return nullptr;
  return {{"value", difference->value},
          {"low", difference->low},
          {"high", difference->high},
          {"standard_error", difference->standard_error}};
}

std::string name_of(std::int64_t category_id, const std::vector<Category>& categories) {
  const auto found = std::ranges::find(categories, category_id, &Category::id);
  return found == categories.end() ? std::string() : found->name;
}

}  // namespace

Uncertainty::Uncertainty(const UncertaintyOptions& options, const GroundTruth& truth, int threads)
    : options_(options), truth_(truth), threads_(threads) {}

Result<metrics::ResampledAp> Uncertainty::resample(std::span<const Detection> detections) const {
  metrics::BootstrapOptions options;
  options.resamples = options_.resamples;
  options.seed = options_.seed;
  options.threads = threads_;
  QYOLO_TRY(const auto matched, metrics::match_detections(truth_, detections, threads_));
  return metrics::resample_ap(matched, options);
}

Status Uncertainty::set_baseline(std::span<const Detection> detections) {
  QYOLO_TRY(baseline_, resample(detections));
  return {};
}

Result<metrics::PairedDifference> Uncertainty::compare(std::span<const Detection> detections,
                                                       double tolerance) const {
  QYOLO_TRY(const metrics::ResampledAp network, resample(detections));
  return metrics::paired_difference(*baseline_, network, tolerance);
}

Result<OrderedJson> Uncertainty::of(std::span<const Detection> detections) const {
  QYOLO_TRY(const metrics::PairedDifference compared,
            compare(detections, options_.tolerance * metrics::kPoint));
  OrderedJson classes = OrderedJson::array();
  for (const metrics::ClassDifference& of_class : compared.classes) {
    classes.push_back({{"category_id", id_json(truth_.category_ids, of_class.category_id)},
                       {"name", name_of(of_class.category_id, truth_.categories)},
                       {"objects", of_class.objects},
                       {"images", of_class.object_images},
                       {"delta_AP", difference_json(of_class.ap)}});
  }
  OrderedJson json = {{"resamples", compared.options.resamples},
                      {"seed", compared.options.seed},
                      {"confidence", compared.options.confidence},
                      {"delta_AP", difference_json(compared.ap)},
                      {"delta_AP50", difference_json(compared.ap50)}};
  json["per_class"] = std::move(classes);
  json["p_loss_above_tolerance"] = compared.loss_above_tolerance;
  json["tolerance"] = compared.tolerance;
  json["images"] = compared.images;
  json["effective_images"] = compared.effective_images;
  json["objects"] = compared.objects;
  json["decision"] = metrics::decision_name(metrics::decide(compared));
  json["verdict"] = metrics::verdict(compared);
  return json;
}

}  // namespace qyolo::harness
