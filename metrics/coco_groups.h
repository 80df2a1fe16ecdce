// Items by (class, image): the order in which COCO evaluation visits ground truth and detections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace qyolo::metrics {

// The ascending distinct ids of images or categories; an id's place among them is its index.
class IdIndex {
 public:
  static constexpr std::uint32_t kAbsent = UINT32_MAX;

  // `ids` in any order, duplicates allowed.
  explicit IdIndex(std::vector<std::int64_t> ids);

  [[nodiscard]] const std::vector<std::int64_t>& ids() const { return ids_; }
  [[nodiscard]] std::size_t size() const { return ids_.size(); }
  // kAbsent if the id is unknown.
  [[nodiscard]] std::uint32_t find(std::int64_t id) const;

 private:
  std::vector<std::int64_t> ids_;
  std::vector<std::uint32_t> table_;  // by id - ids_[0], where the ids are dense enough
};

// Of images or categories.
template <class Items>
[[nodiscard]] IdIndex index_of(const Items& items) {
  std::vector<std::int64_t> ids;
  ids.reserve(items.size());
  for (const auto& item : items) ids.push_back(item.id);
  return IdIndex(std::move(ids));
}

// Image and category of each item of a file as indices: kAbsent where unknown.
struct ItemIndices {
  std::vector<std::uint32_t> image;
  std::vector<std::uint32_t> category;
};
template <class Item>
[[nodiscard]] ItemIndices index_items(std::span<const Item> items, const IdIndex& images,
                                      const IdIndex& categories) {
  ItemIndices indices;
  indices.image.reserve(items.size());
  indices.category.reserve(items.size());
  for (const Item& item : items) {
    indices.image.push_back(images.find(item.image_id));
    indices.category.push_back(categories.find(item.category_id));
  }
  return indices;
}

// The items of one class and image: places in the span that ItemGroups::of_class gives.
struct Run {
  std::uint32_t image = 0;  // index
  std::size_t begin = 0, end = 0;
};

// Items of a file class by class, inside a class image by image, inside an image by place in the
// file (and first by category, where all categories are one class).
class ItemGroups {
 public:
  // `image` and `category` of each item as indices; items with an absent one are left out. Where
  // categories are not used, all are class 0.
  // REQUIRES: image.size() == category.size() < 2^32.
  ItemGroups(std::vector<std::uint32_t> image, std::span<const std::uint32_t> category,
             std::size_t images, std::size_t categories, bool use_categories);

  // Places in the file. REQUIRES: k < number of classes.
  [[nodiscard]] std::span<const std::uint32_t> of_class(std::size_t k) const;
  // Those, cut by image; ascending.
  [[nodiscard]] std::vector<Run> runs_of_class(std::size_t k) const;

 private:
  std::vector<std::uint32_t> image_;
  std::vector<std::uint32_t> items_;
  std::vector<std::size_t> class_begin_;
};

}  // namespace qyolo::metrics
