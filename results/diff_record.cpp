#include "results/diff_record.h"

#include "results/fields.h"
#include "results/record.h"

namespace qyolo::results {

constexpr std::string_view kDiff = "diff";
constexpr std::string_view kGiven = "given", kBestMeanF1 = "best mean F1";

template <class Fields>
void describe(Fields& fields, Of<Fields, BestF1Record>& best) {
  fields("confidence", best.confidence);
  fields("mean_f1", best.mean_f1);
}

namespace {

template <class Fields, class Sides>
void describe_sides(Fields& fields, Sides& sides) {
  fields("baseline", sides.baseline);
  fields("other", sides.other);
}

// One network's part of the counts.
template <class Fields, class Count>
void describe_side(Fields& fields, const DiffCounts& all, Count& missed, Count& wrong, double f1) {
  fields("missed", missed);
  fields.derived("missed_per_100_images", [&] { return all.per_100_images(missed); });
  fields("false", wrong);
  fields.derived("false_per_100_images", [&] { return all.per_100_images(wrong); });
  fields.derived(
      "f1", [&] { return all.counts.objects > 0 ? std::optional(f1) : std::optional<double>(); });
}

template <class Fields, class Counts>
void describe_counts(Fields& fields, Counts& all) {
  auto& counts = all.counts;
  fields("objects", counts.objects);
  fields.object("baseline", [&](auto& inner) {
    describe_side(inner, all, counts.missed_baseline, counts.false_baseline, counts.f1_baseline());
  });
  fields.object("other", [&](auto& inner) {
    describe_side(inner, all, counts.missed_other, counts.false_other, counts.f1_other());
  });
  fields("newly_missed", counts.newly_missed);
  fields("flips", counts.flips);
  fields("newly_found", counts.newly_found);
  fields("flipped_back", counts.flipped_back);
  fields("wrong_class_changed", counts.wrong_class_changed);
  fields("newly_false", counts.newly_false);
  fields("no_longer_false", counts.no_longer_false);
}

}  // namespace

template <class Fields>
void describe(Fields& fields, Of<Fields, DiffCounts>& counts) {
  describe_counts(fields, counts);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, DiffClassRecord>& one) {
  fields("category_id", one.category_id);
  fields("name", one.name);
  describe_counts(fields, one.counts);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, FlipRecord>& flip) {
  fields("from", flip.from);
  fields("to", flip.to);
  fields("count", flip.count);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, DiffDetectionRecord>& detection) {
  fields("class", detection.class_name);
  fields("score", detection.score);
  fields("bbox", detection.bbox);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, DiffObjectRecord>& object) {
  fields("class", object.class_name);
  fields("bbox", object.bbox);
  describe_sides(fields, object);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, DiffImageRecord>& image) {
  fields("image_id", image.image_id);
  fields("file_name", image.file_name);
  fields("objects", image.objects);
  fields.object("missed", [&](auto& inner) { describe_sides(inner, image.missed); });
  fields.object("false", [&](auto& inner) { describe_sides(inner, image.wrong); });
  fields("newly_missed", image.newly_missed);
  fields("newly_found", image.newly_found);
  fields("newly_false", image.newly_false);
  fields("no_longer_false", image.no_longer_false);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, DiffRecord>& record) {
  describe_sides(fields, record);
  fields("iou", record.iou);
  fields("confidence", record.confidence);
  std::string from(record.confidence_given ? kGiven : kBestMeanF1);
  fields("confidence_from", from);
  fields.derived("image_count", [&] { return record.images.size(); });
  fields.object("mean_f1", [&](auto& inner) { describe_sides(inner, record.mean_f1); });
  fields.object("best_f1", [&](auto& inner) { describe_sides(inner, record.best_f1); });
  fields("total", record.total);
  fields("classes", record.classes);
  fields("flips", record.flips);
  fields("worst_images", record.worst_images);
  fields("images", record.images);
  fields("sheets", record.sheets);
  if constexpr (Fields::kReads) {
    if (from != kGiven && from != kBestMeanF1)
      fields.complain(fields.place_of("confidence_from"), "'given' or 'best mean F1'");
    record.confidence_given = from == kGiven;
    const auto images = static_cast<std::int64_t>(record.images.size());
    record.total.images = images;
    for (DiffClassRecord& one : record.classes) one.counts.images = images;
  }
}

double DiffCounts::per_100_images(std::int64_t count) const {
  return images == 0 ? 0 : static_cast<double>(count) * 100 / static_cast<double>(images);
}

OrderedJson diff_json(const DiffRecord& record) { return document_json(kDiff, kSchema, record); }

Result<DiffRecord> read_diff(const Json& document, const std::string& place) {
  return read_document<DiffRecord>(kDiff, kSchema, document, place);
}

Renderers renderers_of(const DiffRecord& record) {
  return {[&record] { return diff_text(record); }, [&record] { return diff_csv(record); },
          [&record] { return document_text(diff_json(record)); }};
}

}  // namespace qyolo::results
