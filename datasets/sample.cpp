#include "datasets/sample.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace qyolo::datasets {
namespace {

constexpr std::uint64_t kSplitMixStep = 0x9e3779b97f4a7c15U;

// Output `index` of SplitMix64 (Steele, Lea & Flood 2014) seeded with `seed`.
std::uint64_t drawn(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t x = seed + (index + 1) * kSplitMixStep;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

// How many images show the class, and the class: of each image its rarest.
using Kind = std::pair<std::size_t, std::int64_t>;

std::vector<Kind> kinds_of(std::span<const std::int64_t> ids,
                           std::span<const Annotation> annotations) {
  std::map<std::int64_t, std::set<std::int64_t>> images_of_class;
  std::unordered_map<std::int64_t, std::set<std::int64_t>> classes_of_image;
  for (const Annotation& annotation : annotations) {
    images_of_class[annotation.category_id].insert(annotation.image_id);
    classes_of_image[annotation.image_id].insert(annotation.category_id);
  }
  std::vector<Kind> kinds;
  for (const std::int64_t id : ids) {
    Kind kind{ids.size() + 1, 0};  // without objects
    if (const auto found = classes_of_image.find(id); found != classes_of_image.end()) {
      for (const std::int64_t category : found->second)
        kind = std::min(kind, Kind(images_of_class[category].size(), category));
    }
    kinds.push_back(kind);
  }
  return kinds;
}

}  // namespace

std::vector<bool> limited_images(std::span<const std::int64_t> ids,
                                 std::span<const Annotation> annotations, const ImageLimit& limit) {
  const std::size_t count = ids.size();
  const auto wanted = static_cast<std::uint64_t>(limit.images);
  std::vector<bool> marks(count, true);
  if (limit.all() || wanted >= count) return marks;
  if (limit.first) {
    std::fill(marks.begin() + limit.images, marks.end(), false);
    return marks;
  }
  const std::vector<Kind> kinds = kinds_of(ids, annotations);
  std::vector<std::tuple<Kind, std::uint64_t, std::size_t>> order;
  for (std::size_t i = 0; i < count; ++i) order.emplace_back(kinds[i], drawn(limit.seed, i), i);
  std::ranges::sort(order);
  // Systematic sampling: image j is taken where start + j * wanted / count passes a whole number.
  // In units of 1 / count, so that exactly `wanted` are.
  const std::uint64_t start = drawn(limit.seed, count) % count;
  for (std::size_t j = 0; j < count; ++j) {
    marks[std::get<2>(order[j])] =
        (start + (j + 1) * wanted) / count > (start + j * wanted) / count;
  }
  return marks;
}

}  // namespace qyolo::datasets
