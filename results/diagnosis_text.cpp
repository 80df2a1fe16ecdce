#include <algorithm>

#include "results/diagnosis_record.h"
#include "results/text.h"

namespace qyolo::results {
namespace {

constexpr std::size_t kMostConfusions = 10;
constexpr std::size_t kWidestName = 24;

std::string percent(double fraction) { return fraction < 0 ? "-" : fixed(fraction * 100, 1); }

// One line of plain text, shortened, and filled with spaces to `width` code points.
std::string padded(std::string_view name, std::size_t width) {
  std::string text = plain_text(name);
  while (length_of(text) > kWidestName) {
    while ((static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U) text.pop_back();
    text.pop_back();
  }
  const std::size_t length = length_of(text);
  return text + std::string(width > length ? width - length : 0, ' ');
}

std::string errors_text(const DiagnosisRecord& diagnosis) {
  const metrics::TideReport& report = diagnosis.network.errors;
  const metrics::TideReport* baseline = diagnosis.baseline ? &diagnosis.baseline->errors : nullptr;
  std::string text = fmt::format(
      "Errors at IoU 0.5 (TIDE; what fixing one type alone would add to AP50, in "
      "points)\n{:<20}{:>8}{:>8}",
      "", "errors", "+AP50");
  if (baseline != nullptr) text += fmt::format("{:>12}{:>8}", "baseline", "+AP50");
  text += '\n';
  const auto line = [&](std::string_view name, std::int64_t errors, double delta,
                        std::int64_t baseline_errors, double baseline_delta) {
    text += fmt::format("  {:<18}{:>8}{:>8.2f}", name, errors, delta * 100);
    if (baseline != nullptr)
      text += fmt::format("{:>12}{:>8.2f}", baseline_errors, baseline_delta * 100);
    text += '\n';
  };
  const metrics::TideReport none;
  const metrics::TideReport& other = baseline != nullptr ? *baseline : none;
  for (std::size_t type = 0; type < metrics::kErrorTypes; ++type) {
    line(metrics::kErrorTypeNames[type], report.errors[type], report.delta_ap[type],
         other.errors[type], other.delta_ap[type]);
  }
  line("false positives", report.false_positives, report.false_positive_delta_ap,
       other.false_positives, other.false_positive_delta_ap);
  line("false negatives", report.false_negatives, report.false_negative_delta_ap,
       other.false_negatives, other.false_negative_delta_ap);
  return text;
}

std::string best_f1_text(const std::optional<metrics::CurvePoint>& best) {
  if (!best) return fmt::format("{:>8}{:>8}{:>8}{:>8}", "-", "-", "-", "-");
  return fmt::format("{:>8}{:>8}{:>8}{:>8.3f}", percent(best->f1), percent(best->precision),
                     percent(best->recall), best->confidence);
}

std::string classes_text(const DiagnosisRecord& diagnosis) {
  const FindingsRecord& network = diagnosis.network;
  std::size_t width = 8;
  for (const DiagnosedClass& one : diagnosis.classes)
    width = std::max(width, length_of(padded(one.name, 0)));
  std::string text = fmt::format(
      "Classes (percent; the point of best F1 at IoU 0.5)\n  "
      "{}{:>9}{:>7}{:>7}{:>7}{:>7}{:>7}{:>8}{:>8}"
      "{:>8}{:>8}\n",
      padded("", width), "objects", "AP", "AP50", "small", "medium", "large", "best F1", "prec.",
      "recall", "conf.");
  const auto line = [&](std::string_view name, std::int64_t objects, const ClassApRecord& ap,
                        const std::optional<metrics::Curves>& curves) {
    text += fmt::format("  {}{:>9}", padded(name, width), objects);
    for (const double value : {ap.ap, ap.ap50, ap.ap_small, ap.ap_medium, ap.ap_large})
      text += fmt::format("{:>7}", percent(value));
    text += best_f1_text(curves ? curves->best_f1 : std::nullopt) + '\n';
  };
  std::int64_t objects = 0;
  std::size_t absent = 0;
  for (std::size_t k = 0; k < diagnosis.classes.size(); ++k) {
    const DiagnosedClass& one = diagnosis.classes[k];
    objects += one.objects;
    if (one.objects == 0) {
      ++absent;
      continue;
    }
    line(one.name, one.objects, network.per_class[k], network.curves[k]);
  }
  const auto mean = [&](std::size_t i) { return network.metrics.values[i].value_or(-1); };
  line("mean", objects, {mean(0), mean(1), mean(3), mean(4), mean(5)}, network.mean_curves);
  if (absent > 0) text += fmt::format("  {} classes without objects not shown\n", absent);
  return text;
}

std::string confusions_text(const DiagnosisRecord& diagnosis) {
  const metrics::ConfusionMatrix& matrix = diagnosis.network.confusion;
  const auto worst = metrics::worst_confusions(matrix, kMostConfusions);
  std::string text =
      fmt::format("Confusions at confidence {:.3g} and IoU {:g}{}\n", matrix.confidence,
                  matrix.iou_threshold, worst.empty() ? ": none" : "");
  for (const metrics::Confusion& pair : worst) {
    text += fmt::format("  {:>6}  {} taken for {}\n", pair.count,
                        padded(diagnosis.classes[pair.object].name, 0),
                        padded(diagnosis.classes[pair.detected].name, 0));
  }
  std::int64_t invented = 0, missed = 0;
  for (std::size_t k = 0; k < matrix.background(); ++k) {
    invented += matrix.at(matrix.background(), k);
    missed += matrix.at(k, matrix.background());
  }
  return text +
         fmt::format("  {:>6}  objects taken for background\n  {:>6}  detections of background\n",
                     missed, invented);
}

std::string shift_text(const metrics::ConfidenceShift& shift) {
  const metrics::ClassShift& all = shift.all;
  std::string text = fmt::format(
      "Confidence of the same objects, network minus baseline\n"
      "  {} found by both, {} by the baseline only, {} by the network only, {} by neither\n",
      all.both, all.baseline_only, all.network_only, all.neither);
  if (!all.shift) return text;
  text += fmt::format("  mean {:+.4f}, standard deviation {:.4f}; quantiles", all.shift->mean,
                      all.shift->stddev);
  for (std::size_t q = 0; q < metrics::kShiftQuantiles.size(); ++q) {
    text += fmt::format("{} {:g} %: {:+.4f}", q == 0 ? "" : ",", metrics::kShiftQuantiles[q] * 100,
                        all.shift->quantiles[q]);
  }
  return text + '\n';
}

}  // namespace

std::string diagnosis_text(const DiagnosisRecord& diagnosis) {
  const FindingsRecord& network = diagnosis.network;
  std::string text = fmt::format("{}: {} detections on {} images, AP {}, AP50 {}",
                                 plain_text(network.file), network.detections, diagnosis.images,
                                 percent(network.metrics.ap()), percent(network.metrics.ap50()));
  if (diagnosis.baseline) {
    const MetricsRecord& before = diagnosis.baseline->metrics;
    text += fmt::format("; baseline {}: AP {}, AP50 {}", plain_text(diagnosis.baseline->file),
                        percent(before.ap()), percent(before.ap50()));
  }
  text += "\n\n" + errors_text(diagnosis) + '\n' + classes_text(diagnosis) + '\n' +
          confusions_text(diagnosis);
  if (diagnosis.shift) text += '\n' + shift_text(*diagnosis.shift);
  return text;
}

std::string diagnosis_csv(const DiagnosisRecord& diagnosis) {
  std::string text = "category_id,class,objects";
  for (const char* side : {"", "baseline_"}) {
    if (*side != '\0' && !diagnosis.baseline) continue;
    text += fmt::format(",{0}AP,{0}AP50,{0}APsmall,{0}APmedium,{0}APlarge,{0}best_f1", side);
  }
  text += '\n';
  const auto field = [](double value) {
    return value < 0 ? std::string() : fmt::format("{}", value);
  };
  const auto add = [&](const FindingsRecord& findings, std::size_t k) {
    const ClassApRecord& ap = findings.per_class[k];
    for (const double value : {ap.ap, ap.ap50, ap.ap_small, ap.ap_medium, ap.ap_large})
      text += "," + field(value);
    const auto& curves = findings.curves[k];
    text += "," + field(curves && curves->best_f1 ? curves->best_f1->f1 : -1);
  };
  for (std::size_t k = 0; k < diagnosis.classes.size(); ++k) {
    const DiagnosedClass& one = diagnosis.classes[k];
    const std::string id =
        one.category_id.is_string() ? one.category_id.get<std::string>() : one.category_id.dump();
    text += fmt::format("{},{},{}", csv_field(id), csv_field(one.name), one.objects);
    add(diagnosis.network, k);
    if (diagnosis.baseline) add(*diagnosis.baseline, k);
    text += '\n';
  }
  return text;
}

}  // namespace qyolo::results
