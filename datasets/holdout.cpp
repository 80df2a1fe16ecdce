#include "datasets/holdout.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace qyolo::datasets {

std::vector<bool> stratified_holdout(const GroundTruth& truth, double fraction) {
  std::map<std::int64_t, std::set<std::int64_t>> images_of_class, classes_of_image;
  std::map<std::int64_t, std::size_t> objects;
  for (const Annotation& annotation : truth.annotations) {
    images_of_class[annotation.category_id].insert(annotation.image_id);
    classes_of_image[annotation.image_id].insert(annotation.category_id);
    ++objects[annotation.image_id];
  }
  // Kind (how many images have its class, the class), objects, place.
  using Key = std::tuple<std::size_t, std::int64_t, std::size_t, std::size_t>;
  std::vector<Key> order;
  for (std::size_t i = 0; i < truth.images.size(); ++i) {
    const std::int64_t id = truth.images[i].id;
    std::pair<std::size_t, std::int64_t> kind{truth.images.size() + 1, 0};  // without objects
    if (const auto found = classes_of_image.find(id); found != classes_of_image.end()) {
      for (const std::int64_t category : found->second)
        kind = std::min(kind, std::pair(images_of_class[category].size(), category));
    }
    const auto counted = objects.find(id);
    order.emplace_back(kind.first, kind.second, counted == objects.end() ? 0 : counted->second, i);
  }
  std::ranges::sort(order);
  std::vector<bool> held_out(order.size(), false);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto before = static_cast<double>(i) * fraction;
    held_out[std::get<3>(order[i])] =
        std::floor(before + fraction + 0.5) > std::floor(before + 0.5);
  }
  return held_out;
}

void keep_images(Dataset& dataset, const std::vector<bool>& marks, bool mark) {
  std::set<std::int64_t> ids;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    if (marks[i] != mark) continue;
    ids.insert(dataset.truth.images[i].id);
    if (kept != i) {
      dataset.truth.images[kept] = std::move(dataset.truth.images[i]);
      dataset.image_paths[kept] = std::move(dataset.image_paths[i]);
    }
    ++kept;
  }
  dataset.truth.images.resize(kept);
  dataset.image_paths.resize(kept);
  std::erase_if(dataset.truth.annotations,
                [&](const Annotation& annotation) { return !ids.contains(annotation.image_id); });
}

}  // namespace qyolo::datasets
