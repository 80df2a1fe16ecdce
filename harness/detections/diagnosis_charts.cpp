#include "harness/detections/diagnosis_charts.h"

#include "plots/diagnosis_charts.h"

namespace qyolo::harness {
namespace {

std::string subtitle(const results::DiagnosisRecord& diagnosis) {
  std::string text = fmt::format("{}, {} images", diagnosis.network.file, diagnosis.images);
  if (diagnosis.baseline) text += ", against " + diagnosis.baseline->file;
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

plots::DetectionCurveSet curve_set(const results::DiagnosisRecord& diagnosis) {
  plots::DetectionCurveSet set;
  set.subtitle = subtitle(diagnosis);
  const results::FindingsRecord& network = diagnosis.network;
  for (std::size_t k = 0; k < network.curves.size(); ++k) {
    if (network.curves[k])
      set.classes.push_back(curve_of(diagnosis.classes[k].name, *network.curves[k]));
  }
  set.mean = curve_of("mean", *network.mean_curves);
  if (diagnosis.baseline && diagnosis.baseline->mean_curves)
    set.baseline = curve_of("baseline", *diagnosis.baseline->mean_curves);
  return set;
}

plots::ConfusionCounts confusion_of(const results::DiagnosisRecord& diagnosis) {
  const metrics::ConfusionMatrix& matrix = diagnosis.network.confusion;
  std::vector<std::string> names;
  for (const results::DiagnosedClass& one : diagnosis.classes) names.push_back(one.name);
  return {
      fmt::format("{}, {} images, confidence of at least {:.3g}, IoU {:g}", diagnosis.network.file,
                  diagnosis.images, matrix.confidence, matrix.iou_threshold),
      names, matrix.counts};
}

plots::ErrorBars errors_of(const results::DiagnosisRecord& diagnosis) {
  using Amount = plots::ErrorBars::Amount;
  plots::ErrorBars bars;
  bars.subtitle =
      fmt::format("{}; AP50 {:.1f}", subtitle(diagnosis), diagnosis.network.errors.ap50 * 100);
  const auto bar = [&](std::string name, auto amount_of) {
    plots::ErrorBars::Bar result{std::move(name), amount_of(diagnosis.network.errors),
                                 std::nullopt};
    if (diagnosis.baseline) result.baseline = amount_of(diagnosis.baseline->errors);
    return result;
  };
  for (std::size_t type = 0; type < metrics::kErrorTypes; ++type) {
    bars.types.push_back(
        bar(std::string(metrics::kErrorTypeNames[type]), [type](const metrics::TideReport& report) {
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

plots::ScoreShifts shifts_of(const results::DiagnosisRecord& diagnosis) {
  const metrics::ConfidenceShift& shift = *diagnosis.shift;
  const auto range = [](std::string name, const metrics::ClassShift& one) {
    return plots::ScoreShifts::Range{std::move(name), one.both, one.shift->mean,
                                     one.shift->quantiles};
  };
  plots::ScoreShifts shifts;
  shifts.subtitle = subtitle(diagnosis);
  for (const metrics::ScorePair& pair : shift.pairs)
    shifts.pairs.push_back({pair.baseline, pair.network});
  if (shift.all.shift) shifts.all = range("all classes", shift.all);
  for (std::size_t k = 0; k < shift.classes.size(); ++k) {
    if (shift.classes[k].shift)
      shifts.classes.push_back(range(diagnosis.classes[k].name, shift.classes[k]));
  }
  return shifts;
}

}  // namespace

std::vector<NamedChart> diagnosis_charts(const results::DiagnosisRecord& diagnosis) {
  if (!diagnosis.network.mean_curves) return {};
  const plots::DetectionCurveSet curves = curve_set(diagnosis);
  std::vector<NamedChart> charts = {
      {"precision-recall.svg", plots::precision_recall_chart(curves)},
      {"confidence-curves.svg", plots::confidence_chart(curves)},
      {"confusion-matrix.svg", plots::confusion_chart(confusion_of(diagnosis))},
      {"errors.svg", plots::error_chart(errors_of(diagnosis))}};
  if (diagnosis.shift)
    charts.push_back({"confidence-shift.svg", plots::confidence_shift_chart(shifts_of(diagnosis))});
  return charts;
}

}  // namespace qyolo::harness
