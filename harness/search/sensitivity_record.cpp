#include "harness/search/sensitivity.h"
#include "plots/charts.h"
#include "plots/texts.h"
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

namespace {

// "parts-yolov7-w025 on parts/val", the cell, and on how many images.
std::string subtitle_of(const results::SensitivityRecord& record,
                        const std::optional<results::SensitivityCostRecord>& cost,
                        const plots::ChartTexts& texts) {
  std::string what = record.model;
  if (!record.dataset.empty())
    what += what.empty() ? record.dataset : plots::say(texts.on_data, record.dataset);
  if (what.empty()) return record.cell;
  return plots::say(texts.sensitivity_measured_on, what, record.cell, cost ? cost->images : 0);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> sensitivity_charts(
    const results::SensitivityRecord& record, const plots::Look& look) {
  using Layer = const results::LayerSensitivityRecord&;
  using Measure = plots::SensitivityBars::Measure;
  const plots::ChartTexts& texts = plots::texts_of(look.language);
  std::vector<std::pair<std::string, std::string>> charts;
  const auto add = [&](const char* file, Measure measure, const auto& cost, const auto& alone,
                       const auto& but_this) {
    plots::SensitivityBars bars{subtitle_of(record, cost, texts), measure, {}};
    for (Layer layer : record.layers)
      bars.bars.push_back({layer.name, alone(layer), but_this(layer)});
    charts.emplace_back(file, plots::sensitivity_chart(bars, look));
  };
  const auto none = [](Layer) { return std::optional<double>(); };
  if (record.baseline_ap) {
    add(
        "sensitivity-ap.svg", Measure::kAp, record.ap_cost,
        [&](Layer layer) { return record.lost(layer).value_or(0); },
        [&](Layer layer) { return record.gained(layer); });
  }
  if (record.proxy_cost) {
    add(
        "sensitivity-head-error.svg", Measure::kHeadError, record.proxy_cost,
        [](Layer layer) { return 100 * layer.alone.head_error.value_or(0); }, none);
    add(
        "sensitivity-kl.svg", Measure::kKl, record.proxy_cost,
        [](Layer layer) { return layer.alone.kl.value_or(0); }, none);
  }
  return charts;
}

}  // namespace qyolo::harness
