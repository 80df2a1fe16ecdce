// What changed, for people and as CSV.
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "results/diff_record.h"
#include "results/render.h"
#include "results/text.h"

namespace qyolo::results {
namespace {

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

std::string class_changes_table(const DiffRecord& record) {
  ReadingTable table;
  for (const char* header :
       {"class", "objects", "missed/100 A", "B", "false/100 A", "B", "newly missed", "flips",
        "newly found", "newly false", "no longer false"})
    table.columns.push_back({header, true, {}});
  table.columns.front().number = false;
  const auto add = [&table](const std::string& name, const DiffCounts& all) {
    const metrics::ChangeCounts& counts = all.counts;
    const auto rate = [&](std::int64_t count) { return fixed(all.per_100_images(count), 1); };
    add_row(table, {name, std::to_string(counts.objects), rate(counts.missed_baseline),
                    rate(counts.missed_other), rate(counts.false_baseline),
                    rate(counts.false_other), std::to_string(counts.newly_missed),
                    std::to_string(counts.flips), std::to_string(counts.newly_found),
                    std::to_string(counts.newly_false), std::to_string(counts.no_longer_false)});
  };
  for (const DiffClassRecord& one : record.classes) add(plain_text(one.name), one.counts);
  add("all", record.total);
  return markdown_table(table);
}

std::string confidence_text(const DiffRecord& record) {
  std::string text =
      fmt::format("Confidence {:.6g}, {}: mean F1 {:.3f} of A, {:.3f} of B.", record.confidence,
                  record.confidence_given ? "as given" : "the best mean F1 of A",
                  record.mean_f1.baseline, record.mean_f1.other);
  const auto add = [&text](const char* side, const BestF1Record& best) {
    text += fmt::format(" {}'s best is {:.3f}, at {:.6g}.", side, best.mean_f1, best.confidence);
  };
  if (record.confidence_given && record.best_f1.baseline) add("A", *record.best_f1.baseline);
  if (record.best_f1.other) add("B", *record.best_f1.other);
  return text;
}

std::string image_changes_text(const DiffImageRecord& image) {
  std::vector<std::string> missed, wrong;
  for (const DiffObjectRecord& object : image.newly_missed)  // "bolt", or "bolt as nut"
    missed.push_back(object.other ? object.class_name + " as " + object.other->class_name
                                  : object.class_name);
  for (const DiffDetectionRecord& one : image.newly_false) wrong.push_back(one.class_name);
  std::vector<std::string> parts;
  if (!missed.empty())
    parts.push_back(fmt::format("{} newly missed ({})", missed.size(), counted_list(missed)));
  if (!wrong.empty())
    parts.push_back(fmt::format("{} newly false ({})", wrong.size(), counted_list(wrong)));
  return plain_text(fmt::format("{}: {}", image.file_name, fmt::join(parts, ", ")));
}

// Empty where no class changed.
std::string flips_text(const DiffRecord& record) {
  constexpr std::size_t kNamed = 8;
  std::string text;
  if (!record.flips.empty()) {
    std::vector<std::string> flips;
    for (std::size_t i = 0; i < std::min(record.flips.size(), kNamed); ++i) {
      const FlipRecord& flip = record.flips[i];
      flips.push_back(fmt::format("{} as {} {}", flip.from, flip.to, flip.count));
    }
    text += plain_text(fmt::format("Most frequent flips: {}.", fmt::join(flips, ", "))) + '\n';
  }
  const metrics::ChangeCounts& total = record.total.counts;
  if (total.flipped_back > 0) {
    text +=
        fmt::format("Newly found objects that A shows as another class: {}.\n", total.flipped_back);
  }
  if (total.wrong_class_changed > 0) {
    text += fmt::format("Objects that A and B show as two different wrong classes: {}.\n",
                        total.wrong_class_changed);
  }
  return text;
}

}  // namespace

std::string diff_text(const DiffRecord& record) {
  std::string text =
      fmt::format("A: {}\nB: {}\n", plain_text(record.baseline), plain_text(record.other));
  text += fmt::format("{} images, {} objects, found at an IoU of {:g} or more.\n{}\n\n",
                      record.images.size(), record.total.counts.objects, record.iou,
                      confidence_text(record));
  text += class_changes_table(record);
  text +=
      "missed/100, false/100: objects missed and false alarms in 100 images; the rest are "
      "counts.\nflips: newly missed objects that B shows as another class.\n";
  text += flips_text(record);
  if (!record.worst_images.empty()) text += "\nImages that changed most:\n";
  for (const std::string& name : record.worst_images) {
    const auto image = std::ranges::find(record.images, name, &DiffImageRecord::file_name);
    if (image != record.images.end()) text += "  " + image_changes_text(*image) + '\n';
  }
  if (!record.sheets.empty()) text += '\n';
  for (const std::string& sheet : record.sheets) text += fmt::format("drawn: {}\n", sheet);
  return text;
}

std::string diff_csv(const DiffRecord& record) {
  std::string text =
      "class,objects,missed_baseline,missed_other,false_baseline,false_other,newly_missed,flips,"
      "newly_found,flipped_back,wrong_class_changed,newly_false,no_longer_false\n";
  const auto add = [&text](const std::string& name, const metrics::ChangeCounts& c) {
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(name), c.objects,
                        c.missed_baseline, c.missed_other, c.false_baseline, c.false_other,
                        c.newly_missed, c.flips, c.newly_found, c.flipped_back,
                        c.wrong_class_changed, c.newly_false, c.no_longer_false);
  };
  for (const DiffClassRecord& one : record.classes) add(one.name, one.counts.counts);
  add("all", record.total.counts);
  return text;
}

}  // namespace qyolo::results
