#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

#include "harness/detections/diff.h"
#include "results/reading_table.h"
#include "results/render.h"
#include "results/text.h"

namespace qyolo::harness {
namespace {

using metrics::ChangeCounts;
using metrics::FalseDetection;
using metrics::ImageChanges;
using metrics::SeenObject;

class Table {
 public:
  Table(const Diff& diff, std::vector<const char*> headers) : diff_(diff) {
    for (const char* header : headers) table_.columns.push_back({header, true, {}});
    table_.columns.front().number = false;
  }

  void add(const std::string& name, const ChangeCounts& counts) {
    const auto rate = [this](std::int64_t count) {
      return fmt::format("{:.1f}", diff_.changes.per_100_images(count));
    };
    const std::vector<std::string> cells = {name,
                                            fmt::format("{}", counts.objects),
                                            rate(counts.missed_baseline),
                                            rate(counts.missed_other),
                                            rate(counts.false_baseline),
                                            rate(counts.false_other),
                                            fmt::format("{}", counts.newly_missed),
                                            fmt::format("{}", counts.flips),
                                            fmt::format("{}", counts.newly_found),
                                            fmt::format("{}", counts.newly_false),
                                            fmt::format("{}", counts.no_longer_false)};
    for (std::size_t i = 0; i < cells.size(); ++i)
      table_.columns[i].cells.push_back({cells[i], false});
  }

  [[nodiscard]] std::string text() const { return results::markdown_table(table_); }

 private:
  const Diff& diff_;
  results::ReadingTable table_;
};

std::string class_table(const Diff& diff) {
  Table table(diff, {"class", "objects", "missed/100 A", "B", "false/100 A", "B", "newly missed",
                     "flips", "newly found", "newly false", "no longer false"});
  for (const metrics::ClassChanges& one : diff.changes.classes)
    table.add(results::plain_text(diff.class_name(one.category_id)), one.counts);
  table.add("all", diff.changes.total);
  return table.text();
}

std::string confidence_text(const Diff& diff) {
  const metrics::DetectionChanges& changes = diff.changes;
  std::string text = fmt::format("Confidence {:.6g}, {}: mean F1 {:.3f} of A, {:.3f} of B.",
                                 changes.options.confidence,
                                 diff.confidence_given ? "as given" : "the best mean F1 of A",
                                 changes.mean_f1_baseline(), changes.mean_f1_other());
  if (diff.confidence_given && diff.baseline_best) {
    text += fmt::format(" A's best is {:.3f}, at {:.6g}.", diff.baseline_best->mean_f1,
                        diff.baseline_best->confidence);
  }
  if (diff.other_best) {
    text += fmt::format(" B's best is {:.3f}, at {:.6g}.", diff.other_best->mean_f1,
                        diff.other_best->confidence);
  }
  return text;
}

// "bolt, 2 x pin", in order of first appearance.
std::string counted_list(const std::vector<std::string>& items) {
  std::vector<std::pair<std::string, int>> counted;
  for (const std::string& item : items) {
    const auto found = std::ranges::find(counted, item, &std::pair<std::string, int>::first);
    if (found == counted.end()) {
      counted.emplace_back(item, 1);
    } else {
      ++found->second;
    }
  }
  std::vector<std::string> texts;
  for (const auto& [item, times] : counted)
    texts.push_back(times == 1 ? item : fmt::format("{} x {}", times, item));
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string class_of(const Diff& diff, const SeenObject& object) {
  return diff.class_name(diff.truth.annotations[object.annotation].category_id);
}

// "bolt", or "bolt as nut" for a flip.
std::string missed_text(const Diff& diff, const SeenObject& object) {
  const std::string name = class_of(diff, object);
  if (!object.flipped()) return name;
  return name + " as " + diff.class_name(diff.other[*object.other_detection].category_id);
}

std::string image_text(const Diff& diff, const ImageChanges& image) {
  std::vector<std::string> missed, wrong;
  for (const SeenObject& object : image.objects) {
    if (object.newly_missed()) missed.push_back(missed_text(diff, object));
  }
  for (const FalseDetection& one : image.false_detections) {
    if (one.newly_false()) wrong.push_back(diff.class_name(one.category_id));
  }
  std::vector<std::string> parts;
  if (!missed.empty())
    parts.push_back(fmt::format("{} newly missed ({})", missed.size(), counted_list(missed)));
  if (!wrong.empty())
    parts.push_back(fmt::format("{} newly false ({})", wrong.size(), counted_list(wrong)));
  return results::plain_text(
      fmt::format("{}: {}", diff.image_name(image.image_id), fmt::join(parts, ", ")));
}

// Empty where no class changed.
std::string flips_text(const Diff& diff) {
  constexpr std::size_t kNamed = 8;
  const metrics::DetectionChanges& changes = diff.changes;
  std::string text;
  if (!changes.flips.empty()) {
    std::vector<std::string> flips;
    for (std::size_t i = 0; i < std::min(changes.flips.size(), kNamed); ++i) {
      const metrics::Flip& flip = changes.flips[i];
      flips.push_back(fmt::format("{} as {} {}", diff.class_name(flip.from),
                                  diff.class_name(flip.to), flip.count));
    }
    text += results::plain_text(fmt::format("Most frequent flips: {}.", fmt::join(flips, ", ")));
    text += '\n';
  }
  if (changes.total.flipped_back > 0) {
    text += fmt::format("Newly found objects that A shows as another class: {}.\n",
                        changes.total.flipped_back);
  }
  if (changes.total.wrong_class_changed > 0) {
    text += fmt::format("Objects that A and B show as two different wrong classes: {}.\n",
                        changes.total.wrong_class_changed);
  }
  return text;
}

OrderedJson counts_json(const Diff& diff, const ChangeCounts& counts) {
  const auto side = [&](std::int64_t missed, std::int64_t wrong, double f1) {
    return OrderedJson{{"missed", missed},
                       {"missed_per_100_images", diff.changes.per_100_images(missed)},
                       {"false", wrong},
                       {"false_per_100_images", diff.changes.per_100_images(wrong)},
                       {"f1", counts.objects > 0 ? OrderedJson(f1) : OrderedJson(nullptr)}};
  };
  return {{"objects", counts.objects},
          {"baseline", side(counts.missed_baseline, counts.false_baseline, counts.f1_baseline())},
          {"other", side(counts.missed_other, counts.false_other, counts.f1_other())},
          {"newly_missed", counts.newly_missed},
          {"flips", counts.flips},
          {"newly_found", counts.newly_found},
          {"flipped_back", counts.flipped_back},
          {"wrong_class_changed", counts.wrong_class_changed},
          {"newly_false", counts.newly_false},
          {"no_longer_false", counts.no_longer_false}};
}

OrderedJson best_json(const std::optional<metrics::OperatingPoint>& best) {
  if (!best) return nullptr;
  return {{"confidence", best->confidence}, {"mean_f1", best->mean_f1}};
}

OrderedJson detection_json(const Diff& diff, const std::vector<Detection>& file,
                           std::optional<std::uint32_t> place) {
  if (!place) return nullptr;
  const Detection& detection = file[*place];
  return {{"class", diff.class_name(detection.category_id)},
          {"score", detection.score},
          {"bbox", detection.bbox}};
}

OrderedJson object_json(const Diff& diff, const SeenObject& object) {
  return {{"class", class_of(diff, object)},
          {"bbox", diff.truth.annotations[object.annotation].bbox},
          {"baseline", detection_json(diff, diff.baseline, object.baseline_detection)},
          {"other", detection_json(diff, diff.other, object.other_detection)}};
}

OrderedJson image_json(const Diff& diff, const ImageChanges& image) {
  OrderedJson missed = OrderedJson::array(), found = missed, wrong = missed, right = missed;
  for (const SeenObject& object : image.objects) {
    if (object.newly_missed()) missed.push_back(object_json(diff, object));
    if (object.newly_found()) found.push_back(object_json(diff, object));
  }
  for (const FalseDetection& one : image.false_detections) {
    if (one.newly_false()) wrong.push_back(detection_json(diff, diff.other, one.other_detection));
    if (one.no_longer_false())
      right.push_back(detection_json(diff, diff.baseline, one.baseline_detection));
  }
  const ChangeCounts& counts = image.counts;
  OrderedJson json = {
      {"image_id", id_json(diff.truth.image_ids, image.image_id)},
      {"file_name", diff.image_name(image.image_id)},
      {"objects", counts.objects},
      {"missed", {{"baseline", counts.missed_baseline}, {"other", counts.missed_other}}},
      {"false", {{"baseline", counts.false_baseline}, {"other", counts.false_other}}}};
  json["newly_missed"] = std::move(missed);
  json["newly_found"] = std::move(found);
  json["newly_false"] = std::move(wrong);
  json["no_longer_false"] = std::move(right);
  return json;
}

}  // namespace

std::string diff_text(const Diff& diff, std::size_t worst) {
  const metrics::DetectionChanges& changes = diff.changes;
  std::string text = fmt::format("A: {}\nB: {}\n", results::plain_text(diff.baseline_name),
                                 results::plain_text(diff.other_name));
  text += fmt::format("{} images, {} objects, found at an IoU of {:g} or more.\n{}\n\n",
                      changes.images.size(), changes.total.objects, changes.options.iou,
                      confidence_text(diff));
  text += class_table(diff);
  text +=
      "missed/100, false/100: objects missed and false alarms in 100 images; the rest are "
      "counts.\nflips: newly missed objects that B shows as another class.\n";
  text += flips_text(diff);
  const std::vector<std::size_t> images = changes.worst_images(worst);
  if (images.empty()) return text;
  text += "\nImages that changed most:\n";
  for (const std::size_t i : images) text += "  " + image_text(diff, changes.images[i]) + '\n';
  return text;
}

OrderedJson diff_json(const Diff& diff, std::size_t worst) {
  const metrics::DetectionChanges& changes = diff.changes;
  OrderedJson json = {{"baseline", diff.baseline_name},
                      {"other", diff.other_name},
                      {"iou", changes.options.iou},
                      {"confidence", changes.options.confidence},
                      {"confidence_from", diff.confidence_given ? "given" : "best mean F1"},
                      {"image_count", changes.images.size()}};
  json["mean_f1"] = {{"baseline", changes.mean_f1_baseline()}, {"other", changes.mean_f1_other()}};
  json["best_f1"] = {{"baseline", best_json(diff.baseline_best)},
                     {"other", best_json(diff.other_best)}};
  json["total"] = counts_json(diff, changes.total);
  json["classes"] = OrderedJson::array();
  for (const metrics::ClassChanges& one : changes.classes) {
    OrderedJson of_class = {{"category_id", id_json(diff.truth.category_ids, one.category_id)},
                            {"name", diff.class_name(one.category_id)}};
    of_class.update(counts_json(diff, one.counts));
    json["classes"].push_back(std::move(of_class));
  }
  json["flips"] = OrderedJson::array();
  for (const metrics::Flip& flip : changes.flips) {
    json["flips"].push_back({{"from", diff.class_name(flip.from)},
                             {"to", diff.class_name(flip.to)},
                             {"count", flip.count}});
  }
  json["worst_images"] = OrderedJson::array();
  for (const std::size_t i : changes.worst_images(worst))
    json["worst_images"].push_back(diff.image_name(changes.images[i].image_id));
  json["images"] = OrderedJson::array();
  for (const ImageChanges& image : changes.images)
    json["images"].push_back(image_json(diff, image));
  return json;
}

}  // namespace qyolo::harness
