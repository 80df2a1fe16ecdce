#include "harness/detections/diagnosis_charts.h"

#include "plots/diagnosis_charts.h"
#include "plots/texts.h"

namespace qyolo::harness {
namespace {

using plots::ChartTexts;
using plots::say;

std::string file_and_images(const results::DiagnosisRecord& diagnosis, const ChartTexts& texts) {
  return diagnosis.network.file + std::string(texts.list_separator) +
         say(texts.images, diagnosis.images);
}

std::string subtitle(const results::DiagnosisRecord& diagnosis, const ChartTexts& texts) {
  std::string text = file_and_images(diagnosis, texts);
  if (diagnosis.baseline) text += say(texts.against, diagnosis.baseline->file);
  return text;
}

plots::DetectionCurve curve_of(std::string name, const metrics::Curves& curves) {
  const auto values = [](const metrics::CurveValues& from) {
    return std::vector<double>(from.begin(), from.end());
  };
  plots::DetectionCurve curve{std::move(name),
                              values(curves.precision_at_recall),
                              values(curves.precision),
                              values(curves.recall),
                              values(curves.f1),
                              curves.ap50,
                              std::nullopt};
  if (curves.best_f1)
    curve.best_f1 = plots::DetectionCurve::Best{curves.best_f1->confidence, curves.best_f1->f1};
  return curve;
}

plots::DetectionCurveSet curve_set(const results::DiagnosisRecord& diagnosis,
                                   const ChartTexts& texts) {
  plots::DetectionCurveSet set;
  set.subtitle = subtitle(diagnosis, texts);
  const results::FindingsRecord& network = diagnosis.network;
  for (std::size_t k = 0; k < network.curves.size(); ++k) {
    if (network.curves[k])
      set.classes.push_back(curve_of(diagnosis.classes[k].name, *network.curves[k]));
  }
  set.mean = curve_of(std::string(texts.mean), *network.mean_curves);
  if (diagnosis.baseline && diagnosis.baseline->mean_curves)
    set.baseline = curve_of(std::string(texts.baseline), *diagnosis.baseline->mean_curves);
  return set;
}

plots::ConfusionCounts confusion_of(const results::DiagnosisRecord& diagnosis,
                                    const ChartTexts& texts) {
  const metrics::ConfusionMatrix& matrix = diagnosis.network.confusion;
  std::vector<std::string> names;
  for (const results::DiagnosedClass& one : diagnosis.classes) names.push_back(one.name);
  return {file_and_images(diagnosis, texts) +
              say(texts.confusion_setting, matrix.confidence, matrix.iou_threshold),
          names, matrix.counts};
}

plots::ErrorBars errors_of(const results::DiagnosisRecord& diagnosis, const ChartTexts& texts) {
  using Amount = plots::ErrorBars::Amount;
  plots::ErrorBars bars;
  bars.subtitle =
      say(texts.errors_subtitle, subtitle(diagnosis, texts), diagnosis.network.errors.ap50 * 100);
  const auto bar = [&](std::string_view name, auto amount_of) {
    plots::ErrorBars::Bar result{plots::chart_text_named(texts.error_types, name),
                                 amount_of(diagnosis.network.errors), std::nullopt};
    if (diagnosis.baseline) result.baseline = amount_of(diagnosis.baseline->errors);
    return result;
  };
  for (std::size_t type = 0; type < metrics::kErrorTypes; ++type) {
    bars.types.push_back(
        bar(metrics::kErrorTypeNames[type], [type](const metrics::TideReport& report) {
          return Amount{report.errors[type], report.delta_ap[type]};
        }));
  }
  bars.sums.push_back(bar("false positives", [](const metrics::TideReport& report) {
    return Amount{report.false_positives, report.false_positive_delta_ap};
  }));
  bars.sums.push_back(bar("false negatives", [](const metrics::TideReport& report) {
    return Amount{report.false_negatives, report.false_negative_delta_ap};
  }));
  return bars;
}

plots::ScoreShifts shifts_of(const results::DiagnosisRecord& diagnosis, const ChartTexts& texts) {
  const metrics::ConfidenceShift& shift = *diagnosis.shift;
  const auto range = [](std::string name, const metrics::ClassShift& one) {
    return plots::ScoreShifts::Range{std::move(name), one.both, one.shift->mean,
                                     one.shift->quantiles};
  };
  plots::ScoreShifts shifts;
  shifts.subtitle = subtitle(diagnosis, texts);
  for (const metrics::ScorePair& pair : shift.pairs)
    shifts.pairs.push_back({pair.baseline, pair.network});
  if (shift.all.shift) shifts.all = range(std::string(texts.all_classes), shift.all);
  for (std::size_t k = 0; k < shift.classes.size(); ++k) {
    if (shift.classes[k].shift)
      shifts.classes.push_back(range(diagnosis.classes[k].name, shift.classes[k]));
  }
  return shifts;
}

}  // namespace

std::vector<NamedChart> diagnosis_charts(const results::DiagnosisRecord& diagnosis,
                                         const plots::Look& look) {
  if (!diagnosis.network.mean_curves) return {};
  const ChartTexts& texts = plots::texts_of(look.language);
  const plots::DetectionCurveSet curves = curve_set(diagnosis, texts);
  std::vector<NamedChart> charts = {
      {"precision-recall.svg", plots::precision_recall_chart(curves, look)},
      {"confidence-curves.svg", plots::confidence_chart(curves, look)},
      {"confusion-matrix.svg", plots::confusion_chart(confusion_of(diagnosis, texts), look)},
      {"errors.svg", plots::error_chart(errors_of(diagnosis, texts), look)}};
  if (diagnosis.shift)
    charts.push_back(
        {"confidence-shift.svg", plots::confidence_shift_chart(shifts_of(diagnosis, texts), look)});
  return charts;
}

}  // namespace qyolo::harness
