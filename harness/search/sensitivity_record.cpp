#include "harness/search/sensitivity.h"
#include "plots/charts.h"
#include "results/fields.h"

namespace qyolo::harness {
namespace {

using results::finite_or_none;

results::LayerEffectRecord effect_record(const LayerEffect& effect) {
  results::LayerEffectRecord record;
  record.ap = effect.ap;
  if (!effect.divergence) return record;
  record.head_error = finite_or_none(effect.divergence->head_error());
  record.kl = finite_or_none(effect.divergence->kl());
  record.box_loss = finite_or_none(effect.divergence->box_loss());
  record.detection_loss = finite_or_none(effect.divergence->detection_loss());
  return record;
}

std::optional<results::SensitivityCostRecord> cost_record(
    const std::optional<SensitivityCost>& cost) {
  if (!cost) return std::nullopt;
  return results::SensitivityCostRecord{cost->images, cost->work.forwards, cost->work.macs_run,
                                        cost->work.saved_share(), cost->seconds};
}

}  // namespace

results::SensitivityRecord sensitivity_record(const Sensitivity& measured) {
  results::SensitivityRecord record;
  record.cell = measured.cell;
  record.baseline_ap = measured.baseline_ap;
  record.all = effect_record(measured.all);
  for (const LayerSensitivity& layer : measured.layers) {
    record.layers.push_back({layer.name, layer.weights, finite_or_none(layer.sqnr_db),
                             effect_record(layer.alone), effect_record(layer.but_this)});
  }
  for (const RankAgreement& agreement : measured.agreement)
    record.agreement.push_back({agreement.proxy, agreement.spearman, agreement.kendall});
  record.ap_cost = cost_record(measured.ap_cost);
  record.proxy_cost = cost_record(measured.proxy_cost);
  return record;
}

std::vector<std::pair<std::string, std::string>> sensitivity_charts(
    const results::SensitivityRecord& record) {
  using Layer = const results::LayerSensitivityRecord&;
  std::vector<std::pair<std::string, std::string>> charts;
  const auto add = [&](const char* file, const char* measure, const auto& alone,
                       const auto& but_this) {
    plots::SensitivityBars bars{record.cell, measure, {}};
    for (Layer layer : record.layers)
      bars.bars.push_back({layer.name, alone(layer), but_this(layer)});
    charts.emplace_back(file, plots::sensitivity_chart(bars));
  };
  const auto none = [](Layer) { return std::optional<double>(); };
  if (record.baseline_ap) {
    add(
        "sensitivity-ap.svg", "AP lost, points",
        [&](Layer layer) { return record.lost(layer).value_or(0); },
        [&](Layer layer) { return record.gained(layer); });
  }
  if (record.proxy_cost) {
    add(
        "sensitivity-head-error.svg", "relative squared error of the head, %",
        [](Layer layer) { return 100 * layer.alone.head_error.value_or(0); }, none);
    add(
        "sensitivity-kl.svg", "KL divergence of the scores, nats per image",
        [](Layer layer) { return layer.alone.kl.value_or(0); }, none);
  }
  return charts;
}

}  // namespace qyolo::harness
