#include "results/score_record.h"

#include <algorithm>
#include <limits>

#include "results/fields.h"
#include "results/record.h"

namespace qyolo::results {

constexpr std::string_view kScore = "score";

template <class Fields>
void describe(Fields& fields, Of<Fields, ScoreCell>& cell) {
  fields("area", cell.area);
  fields("max_detections", cell.max_detections);
  fields.fraction("AP", cell.ap);
  fields.fraction("AR", cell.ar);
  fields("AP_by_iou", cell.ap_by_iou);
  fields("AR_by_iou", cell.ar_by_iou);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, ScoreArea>& area) {
  fields.fraction("AP", area.ap);
  fields.fraction("AR", area.ar);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, ScoreClass>& one) {
  fields("category_id", one.category_id);
  fields("name", one.name);
  fields.fraction("AP", one.ap);
  fields.fraction("AP50", one.ap50);
  fields.fraction("AP75", one.ap75);
  fields.fraction("AR", one.ar);
  fields.named("areas", one.areas);
}

// In this namespace, where a FieldWriter's and a FieldReader's functions are looked for.
template <class Fields>
void describe(Fields& fields, Of<Fields, metrics::AreaRange>& range) {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  fields("name", range.name);
  std::optional<double> low = finite_or_none(range.low), high = finite_or_none(range.high);
  fields("low", low);
  fields("high", high);
  if constexpr (Fields::kReads) {
    range.low = low.value_or(-kNone);
    range.high = high.value_or(kNone);
  }
}

template <class Fields>
void describe(Fields& fields, Of<Fields, ScoreRecord>& record) {
  fields("stats", record.stats);
  fields.if_any("metrics", record.metrics);
  fields("images", record.images);
  fields("detections", record.detections);
  fields.object("params", [&](auto& inner) {
    inner("iou_thresholds", record.iou_thresholds);
    inner("areas", record.areas);
    inner("max_detections", record.max_detections);
    inner("use_categories", record.use_categories);
  });
  fields("grid", record.grid);
  fields("per_class", record.per_class);
  if constexpr (Fields::kReads) {
    if (record.iou_thresholds.empty() || record.areas.empty() || record.max_detections.empty())
      fields.complain(fields.place_of("params"), "thresholds, area ranges and maxima");
    for (const ScoreCell& cell : record.grid) {
      if (cell.ap_by_iou.size() != record.iou_thresholds.size() ||
          cell.ar_by_iou.size() != record.iou_thresholds.size())
        fields.complain(fields.place_of("grid"), "a number for each threshold");
    }
  }
}

namespace {

std::optional<double> some_fraction(double value) {
  return value < 0 ? std::nullopt : std::optional(value);
}

// The mean over one part of the grid.
struct Mean {
  const metrics::CocoEvaluation& evaluation;
  std::size_t area = 0;
  int max_detections = 0;
  int category = -1;  // all classes

  [[nodiscard]] double precision(double iou = -1) const {
    return evaluation.average_precision(iou, static_cast<int>(area), max_detections, category);
  }
  [[nodiscard]] double recall(double iou = -1) const {
    return evaluation.average_recall(iou, static_cast<int>(area), max_detections, category);
  }
};

// The place of the area range "all"; the first one if there is none of that name.
std::size_t whole_range(const std::vector<metrics::AreaRange>& ranges) {
  const auto found = std::ranges::find(ranges, "all", &metrics::AreaRange::name);
  return found == ranges.end() ? 0 : static_cast<std::size_t>(found - ranges.begin());
}

ScoreClass score_class(const metrics::CocoEvaluation& evaluation, std::size_t k) {
  const metrics::CocoParams& params = evaluation.params;
  const int category = static_cast<int>(k), most = params.max_detections.back();
  const Mean mean{evaluation, whole_range(params.area_ranges), most, category};
  ScoreClass one;
  one.ap = mean.precision();
  one.ap50 = mean.precision(0.5);
  one.ap75 = mean.precision(0.75);
  one.ar = mean.recall();
  for (std::size_t a = 0; a < params.area_ranges.size(); ++a) {
    const Mean part{evaluation, a, most, category};
    one.areas.push_back({params.area_ranges[a].name, {part.precision(), part.recall()}});
  }
  return one;
}

}  // namespace

ScoreRecord score_record(const metrics::CocoEvaluation& evaluation,
                         const std::vector<std::string>& class_names, const IdNames& category_ids) {
  const metrics::CocoParams& params = evaluation.params;
  ScoreRecord record;
  if (params.max_detections.size() >= 3) record.stats = evaluation.stats();
  if (params.max_detections == metrics::CocoParams().max_detections)
    record.metrics = metrics_record(evaluation);
  record.iou_thresholds = params.iou_thresholds;
  record.areas = params.area_ranges;
  record.max_detections = params.max_detections;
  record.use_categories = params.use_categories;
  for (std::size_t a = 0; a < params.area_ranges.size(); ++a) {
    for (const int limit : params.max_detections) {
      const Mean mean{evaluation, a, limit};
      ScoreCell& cell = record.grid.emplace_back();
      cell.area = params.area_ranges[a].name;
      cell.max_detections = limit;
      cell.ap = mean.precision();
      cell.ar = mean.recall();
      for (const double iou : params.iou_thresholds) {
        cell.ap_by_iou.push_back(some_fraction(mean.precision(iou)));
        cell.ar_by_iou.push_back(some_fraction(mean.recall(iou)));
      }
    }
  }
  for (std::size_t k = 0; k < evaluation.category_ids.size(); ++k) {
    ScoreClass& one = record.per_class.emplace_back(score_class(evaluation, k));
    one.category_id = id_json(category_ids, evaluation.category_ids[k]);
    one.name = class_names[k];
  }
  return record;
}

OrderedJson score_json(const ScoreRecord& record) { return document_json(kScore, kSchema, record); }

Result<ScoreRecord> read_score(const Json& document, const std::string& place) {
  return read_document<ScoreRecord>(kScore, kSchema, document, place);
}

Renderers renderers_of(const ScoreRecord& record, bool per_class) {
  return {[&record, per_class] {
            return score_text(record) + (per_class ? class_table(record) : std::string());
          },
          [&record] { return score_csv(record); },
          [&record] { return document_text(score_json(record)); }};
}

}  // namespace qyolo::results
