#include "metrics/coco_groups.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace qyolo::metrics {
namespace {

// A stable counting sort of items by key[item] < keys. Returns where each key begins.
std::vector<std::size_t> sort_by(std::vector<std::uint32_t>& items,
                                 std::span<const std::uint32_t> key, std::size_t keys) {
  std::vector<std::size_t> begin(keys + 1, 0);
  for (const std::uint32_t item : items) ++begin[key[item] + 1];
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  std::vector<std::size_t> next = begin;
  std::vector<std::uint32_t> sorted(items.size());
  for (const std::uint32_t item : items) sorted[next[key[item]]++] = item;
  items.swap(sorted);
  return begin;
}

std::vector<std::uint32_t> present_items(std::span<const std::uint32_t> image,
                                         std::span<const std::uint32_t> category) {
  std::vector<std::uint32_t> items;
  items.reserve(image.size());
  for (std::size_t i = 0; i < image.size(); ++i) {
    if (image[i] != IdIndex::kAbsent && category[i] != IdIndex::kAbsent) {
      items.push_back(static_cast<std::uint32_t>(i));
    }
  }
  return items;
}

}  // namespace

IdIndex::IdIndex(std::vector<std::int64_t> ids) : ids_(std::move(ids)) {
  constexpr std::uint64_t kTableEntriesPerId = 128;
  constexpr std::uint64_t kSmallTable = 1024;
  std::sort(ids_.begin(), ids_.end());
  ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());
  if (ids_.empty()) return;
  const std::uint64_t range =
      static_cast<std::uint64_t>(ids_.back()) - static_cast<std::uint64_t>(ids_.front());
  if (range >= kTableEntriesPerId * ids_.size() + kSmallTable) return;
  table_.assign(range + 1, kAbsent);
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    table_[static_cast<std::size_t>(ids_[i] - ids_.front())] = static_cast<std::uint32_t>(i);
  }
}

std::uint32_t IdIndex::find(std::int64_t id) const {
  if (ids_.empty() || id < ids_.front() || id > ids_.back()) return kAbsent;
  if (!table_.empty()) return table_[static_cast<std::size_t>(id - ids_.front())];
  const auto found = std::lower_bound(ids_.begin(), ids_.end(), id);
  return *found == id ? static_cast<std::uint32_t>(found - ids_.begin()) : kAbsent;
}

ItemGroups::ItemGroups(std::vector<std::uint32_t> image, std::span<const std::uint32_t> category,
                       std::size_t images, std::size_t categories, bool use_categories)
    : image_(std::move(image)), items_(present_items(image_, category)) {
  if (use_categories) {
    sort_by(items_, image_, images);
    class_begin_ = sort_by(items_, category, categories);
  } else {
    sort_by(items_, category, categories);
    sort_by(items_, image_, images);
    class_begin_ = {0, items_.size()};
  }
}

std::span<const std::uint32_t> ItemGroups::of_class(std::size_t k) const {
  return std::span(items_).subspan(class_begin_[k], class_begin_[k + 1] - class_begin_[k]);
}

std::vector<Run> ItemGroups::runs_of_class(std::size_t k) const {
  const std::span<const std::uint32_t> items = of_class(k);
  std::vector<Run> runs;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::uint32_t image = image_[items[i]];
    if (runs.empty() || runs.back().image != image) runs.push_back({image, i, i});
    ++runs.back().end;
  }
  return runs;
}

}  // namespace qyolo::metrics
