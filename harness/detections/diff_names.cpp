// What reports and contact sheets call things.
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/detections/diff.h"

namespace qyolo::harness {

std::string Diff::class_name(std::int64_t category_id) const {
  const auto found = std::ranges::find(truth.categories, category_id, &Category::id);
  return found == truth.categories.end() || found->name.empty()
             ? fmt::format("class {}", truth.category_ids.text(category_id))
             : found->name;
}

std::string Diff::image_name(std::int64_t image_id) const {
  const auto found = std::ranges::lower_bound(truth.images, image_id, {}, &ImageInfo::id);
  return found == truth.images.end() || found->file_name.empty()
             ? fmt::format("image {}", truth.image_ids.text(image_id))
             : found->file_name;
}

std::string change_text(const metrics::ChangeCounts& counts) {
  std::vector<std::string> parts;
  if (counts.newly_missed > 0) {
    const std::string flips =
        counts.flips > 0 ? fmt::format(" ({} as another class)", counts.flips) : "";
    parts.push_back(fmt::format("{} newly missed{}", counts.newly_missed, flips));
  }
  if (counts.newly_found > 0) parts.push_back(fmt::format("{} newly found", counts.newly_found));
  if (counts.newly_false > 0) parts.push_back(fmt::format("{} newly false", counts.newly_false));
  if (counts.no_longer_false > 0)
    parts.push_back(fmt::format("{} no longer false", counts.no_longer_false));
  return parts.empty() ? "no change" : fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace qyolo::harness
