#include "results/diagnosis_record.h"

#include <numeric>

#include "results/fields.h"
#include "results/record.h"

namespace qyolo::results {

constexpr std::string_view kDiagnosis = "diagnosis";
constexpr double kIou = 0.5, kBackgroundIou = 0.1;

template <class Fields>
void describe(Fields& fields, Of<Fields, ClassApRecord>& one) {
  fields.fraction("AP", one.ap);
  fields.fraction("AP50", one.ap50);
  fields.fraction("APsmall", one.ap_small);
  fields.fraction("APmedium", one.ap_medium);
  fields.fraction("APlarge", one.ap_large);
}

// Types of metrics/ are described here, where a FieldWriter's functions are looked for.
template <class Fields>
void describe(Fields& fields, Of<Fields, metrics::CurvePoint>& point) {
  fields("confidence", point.confidence);
  fields("precision", point.precision);
  fields("recall", point.recall);
  fields("f1", point.f1);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, metrics::Curves>& curves) {
  fields("AP50", curves.ap50);
  fields("best_f1", curves.best_f1);
  fields("precision_at_recall", curves.precision_at_recall);
  fields.fractions("precision", curves.precision);
  fields("recall", curves.recall);
  fields("f1", curves.f1);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, metrics::ConfusionMatrix>& matrix) {
  fields("confidence", matrix.confidence);
  fields("iou_threshold", matrix.iou_threshold);
  fields.derived("rows", [] { return "class of the object, then background"; });
  fields.derived("columns", [] { return "class of the detection, then background"; });
  std::vector<std::vector<std::int64_t>> rows;
  if constexpr (!Fields::kReads) {
    for (std::size_t object = 0; object <= matrix.background(); ++object) {
      auto& row = rows.emplace_back();
      for (std::size_t detected = 0; detected <= matrix.background(); ++detected)
        row.push_back(matrix.at(object, detected));
    }
  }
  fields("counts", rows);
  if constexpr (Fields::kReads) {
    if (rows.empty()) return fields.complain(fields.place_of("counts"), "a square of counts");
    matrix.category_ids.resize(rows.size() - 1);
    std::iota(matrix.category_ids.begin(), matrix.category_ids.end(), 0);
    matrix.counts.clear();
    for (const auto& row : rows) {
      if (row.size() != rows.size())
        return fields.complain(fields.place_of("counts"), "a square of counts");
      matrix.counts.insert(matrix.counts.end(), row.begin(), row.end());
    }
  }
}

template <class Fields>
void describe(Fields& fields, Of<Fields, metrics::TideClass>& one) {
  fields("objects", one.objects);
  fields("true_positives", one.true_positives);
  for (std::size_t type = 0; type < metrics::kErrorTypes; ++type)
    fields(metrics::kErrorTypeNames[type], one.errors[type]);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, metrics::TideReport>& report) {
  const auto amount = [](auto& inner, auto& errors, auto& delta) {
    inner("errors", errors);
    inner("delta_AP50", delta);
  };
  fields.derived("foreground_iou", [] { return kIou; });
  fields.derived("background_iou", [] { return kBackgroundIou; });
  fields.fraction("AP50", report.ap50);
  fields.object("types", [&](auto& types) {
    for (std::size_t type = 0; type < metrics::kErrorTypes; ++type) {
      types.object(metrics::kErrorTypeNames[type],
                   [&](auto& inner) { amount(inner, report.errors[type], report.delta_ap[type]); });
    }
  });
  fields.object("false_positives", [&](auto& inner) {
    amount(inner, report.false_positives, report.false_positive_delta_ap);
  });
  fields.object("false_negatives", [&](auto& inner) {
    amount(inner, report.false_negatives, report.false_negative_delta_ap);
  });
  fields("classes", report.classes);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, FindingsRecord>& findings) {
  const auto grid = [] {
    std::vector<double> values;
    for (std::size_t i = 0; i < metrics::kCurvePoints; ++i)
      values.push_back(static_cast<double>(i) / 100);
    return values;
  };
  fields("file", findings.file);
  fields("detections", findings.detections);
  fields("metrics", findings.metrics);
  fields("per_class", findings.per_class);
  fields.object("curves", [&](auto& inner) {
    inner.derived("iou_threshold", [] { return kIou; });
    inner.derived("recall_grid", grid);
    inner.derived("confidence_grid", grid);
    inner("mean", findings.mean_curves);
    inner("classes", findings.curves);
  });
  fields("confusion", findings.confusion);
  fields("errors", findings.errors);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, metrics::ClassShift>& shift) {
  fields("both", shift.both);
  fields("baseline_only", shift.baseline_only);
  fields("network_only", shift.network_only);
  fields("neither", shift.neither);
  std::optional<double> mean, stddev;
  std::optional<std::array<double, metrics::kShiftQuantiles.size()>> quantiles;
  if (shift.shift) {
    mean = shift.shift->mean;
    stddev = shift.shift->stddev;
    quantiles = shift.shift->quantiles;
  }
  fields("mean", mean);
  fields("stddev", stddev);
  fields("quantiles", quantiles);
  if constexpr (Fields::kReads) {
    if (mean && stddev && quantiles) shift.shift = {*mean, *stddev, *quantiles};
  }
}

template <class Fields>
void describe(Fields& fields, Of<Fields, metrics::ConfidenceShift>& shift) {
  fields.derived("iou_threshold", [] { return kIou; });
  fields.derived("quantiles", [] { return metrics::kShiftQuantiles; });
  fields("all", shift.all);
  fields("classes", shift.classes);
  fields.derived("pair", [] {
    return std::array{"place in annotations", "baseline score", "network score"};
  });
  std::vector<OrderedJson> pairs;
  if constexpr (!Fields::kReads) {
    for (const metrics::ScorePair& pair : shift.pairs)
      pairs.push_back(OrderedJson::array({pair.object, pair.baseline, pair.network}));
  }
  fields("pairs", pairs);
  if constexpr (Fields::kReads) {
    shift.pairs.clear();
    for (const OrderedJson& pair : pairs) {
      if (!pair.is_array() || pair.size() != 3 || !pair[0].is_number_unsigned() ||
          !std::in_range<std::uint32_t>(pair[0].get<std::uint64_t>()) || !pair[1].is_number() ||
          !pair[2].is_number())
        return fields.complain(fields.place_of("pairs"), "a place and two scores each");
      shift.pairs.push_back(
          {pair[0].get<std::uint32_t>(), pair[1].get<double>(), pair[2].get<double>()});
    }
  }
}

template <class Fields>
void describe(Fields& fields, Of<Fields, DiagnosedClass>& one) {
  fields("category_id", one.category_id);
  fields("name", one.name);
  fields("objects", one.objects);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, DiagnosisRecord>& record) {
  fields("images", record.images);
  fields("classes", record.classes);
  fields("network", record.network);
  fields("baseline", record.baseline);
  fields("confidence_shift", record.shift);
  if constexpr (Fields::kReads) {
    const std::size_t classes = record.classes.size();
    const auto fits = [classes](const FindingsRecord& findings) {
      return findings.per_class.size() == classes && findings.curves.size() == classes &&
             findings.errors.classes.size() == classes &&
             findings.confusion.background() == classes;
    };
    if (!fits(record.network) || (record.baseline && !fits(*record.baseline)) ||
        (record.shift && record.shift->classes.size() != classes))
      fields.complain(fields.place_of("classes"), "as many as there are numbers of classes");
  }
}

OrderedJson diagnosis_json(const DiagnosisRecord& record) {
  return document_json(kDiagnosis, kSchema, record);
}

Result<DiagnosisRecord> read_diagnosis(const Json& document, const std::string& place) {
  return read_document<DiagnosisRecord>(kDiagnosis, kSchema, document, place);
}

Renderers renderers_of(const DiagnosisRecord& record) {
  return {[&record] { return diagnosis_text(record); }, [&record] { return diagnosis_csv(record); },
          [&record] { return document_text(diagnosis_json(record)); }};
}

}  // namespace qyolo::results
