#include <cmath>

#include "harness/detections/diagnosis.h"
#include "results/metrics_json.h"

namespace qyolo::harness {
namespace {

using metrics::ClassShift;
using metrics::Curves;

OrderedJson point_json(const std::optional<metrics::CurvePoint>& point) {
  if (!point) return nullptr;
  return {{"confidence", point->confidence},
          {"precision", point->precision},
          {"recall", point->recall},
          {"f1", point->f1}};
}

OrderedJson curves_json(const std::optional<Curves>& curves) {
  if (!curves) return nullptr;
  OrderedJson precision = OrderedJson::array();
  for (const double value : curves->precision) precision.push_back(results::defined(value));
  return {{"AP50", curves->ap50},
          {"best_f1", point_json(curves->best_f1)},
          {"precision_at_recall", curves->precision_at_recall},
          {"precision", std::move(precision)},
          {"recall", curves->recall},
          {"f1", curves->f1}};
}

OrderedJson grid_json() {
  OrderedJson grid = OrderedJson::array();
  for (std::size_t i = 0; i < metrics::kCurvePoints; ++i)
    grid.push_back(static_cast<double>(i) / 100);
  return grid;
}

OrderedJson all_curves_json(const Findings& findings) {
  OrderedJson classes = OrderedJson::array();
  for (const metrics::ClassCurves& one : findings.curves.classes)
    classes.push_back(curves_json(one.curves));
  return {{"iou_threshold", 0.5},
          {"recall_grid", grid_json()},
          {"confidence_grid", grid_json()},
          {"mean", curves_json(findings.curves.mean)},
          {"classes", std::move(classes)}};
}

OrderedJson class_ap_json(const Findings& findings) {
  OrderedJson classes = OrderedJson::array();
  const metrics::CocoEvaluation& evaluation = findings.evaluation;
  for (std::size_t k = 0; k < evaluation.category_ids.size(); ++k) {
    const auto ap = [&](double iou, int area) {
      return results::defined(evaluation.average_precision(iou, area, 100, static_cast<int>(k)));
    };
    classes.push_back({{"AP", ap(-1, 0)},
                       {"AP50", ap(0.5, 0)},
                       {"APsmall", ap(-1, 1)},
                       {"APmedium", ap(-1, 2)},
                       {"APlarge", ap(-1, 3)}});
  }
  return classes;
}

OrderedJson confusion_json(const metrics::ConfusionMatrix& matrix) {
  OrderedJson rows = OrderedJson::array();
  for (std::size_t object = 0; object <= matrix.background(); ++object) {
    OrderedJson row = OrderedJson::array();
    for (std::size_t detected = 0; detected <= matrix.background(); ++detected)
      row.push_back(matrix.at(object, detected));
    rows.push_back(std::move(row));
  }
  return {{"confidence", matrix.confidence},
          {"iou_threshold", matrix.iou_threshold},
          {"rows", "class of the object, then background"},
          {"columns", "class of the detection, then background"},
          {"counts", std::move(rows)}};
}

OrderedJson errors_json(const metrics::TideReport& report) {
  OrderedJson types = OrderedJson::object(), classes = OrderedJson::array();
  for (std::size_t type = 0; type < metrics::kErrorTypes; ++type) {
    types[std::string(metrics::kErrorTypeNames[type])] = {{"errors", report.errors[type]},
                                                          {"delta_AP50", report.delta_ap[type]}};
  }
  for (const metrics::TideClass& one : report.classes) {
    OrderedJson entry = {{"objects", one.objects}, {"true_positives", one.true_positives}};
    for (std::size_t type = 0; type < metrics::kErrorTypes; ++type)
      entry[std::string(metrics::kErrorTypeNames[type])] = one.errors[type];
    classes.push_back(std::move(entry));
  }
  return {{"foreground_iou", 0.5},
          {"background_iou", 0.1},
          {"AP50", results::defined(report.ap50)},
          {"types", std::move(types)},
          {"false_positives",
           {{"errors", report.false_positives}, {"delta_AP50", report.false_positive_delta_ap}}},
          {"false_negatives",
           {{"errors", report.false_negatives}, {"delta_AP50", report.false_negative_delta_ap}}},
          {"classes", std::move(classes)}};
}

OrderedJson findings_json(const Findings& findings) {
  return {{"file", findings.file},
          {"detections", findings.detections},
          {"metrics", results::metrics_json(findings.evaluation)},
          {"per_class", class_ap_json(findings)},
          {"curves", all_curves_json(findings)},
          {"confusion", confusion_json(findings.confusion)},
          {"errors", errors_json(findings.errors)}};
}

OrderedJson shift_json(const ClassShift& shift) {
  OrderedJson json = {{"both", shift.both},
                      {"baseline_only", shift.baseline_only},
                      {"network_only", shift.network_only},
                      {"neither", shift.neither},
                      {"mean", nullptr},
                      {"stddev", nullptr},
                      {"quantiles", nullptr}};
  if (!shift.shift) return json;
  json["mean"] = shift.shift->mean;
  json["stddev"] = shift.shift->stddev;
  json["quantiles"] = shift.shift->quantiles;
  return json;
}

OrderedJson shifts_json(const metrics::ConfidenceShift& shift) {
  OrderedJson classes = OrderedJson::array(), pairs = OrderedJson::array();
  for (const ClassShift& one : shift.classes) classes.push_back(shift_json(one));
  for (const metrics::ScorePair& pair : shift.pairs)
    pairs.push_back(OrderedJson::array({pair.object, pair.baseline, pair.network}));
  return {{"iou_threshold", 0.5},
          {"quantiles", metrics::kShiftQuantiles},
          {"all", shift_json(shift.all)},
          {"classes", std::move(classes)},
          {"pair", {"place in annotations", "baseline score", "network score"}},
          {"pairs", std::move(pairs)}};
}

}  // namespace

OrderedJson diagnosis_json(const Diagnosis& diagnosis) {
  OrderedJson classes = OrderedJson::array();
  for (std::size_t k = 0; k < diagnosis.class_names.size(); ++k) {
    classes.push_back({{"category_id", id_json(diagnosis.category_ids,
                                               diagnosis.network.evaluation.category_ids[k])},
                       {"name", diagnosis.class_names[k]},
                       {"objects", diagnosis.network.curves.classes[k].objects}});
  }
  return {{"images", diagnosis.images},
          {"classes", std::move(classes)},
          {"network", findings_json(diagnosis.network)},
          {"baseline", diagnosis.baseline ? findings_json(*diagnosis.baseline) : OrderedJson()},
          {"confidence_shift", diagnosis.shift ? shifts_json(*diagnosis.shift) : OrderedJson()}};
}

}  // namespace qyolo::harness
