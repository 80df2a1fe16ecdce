#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <span>

#include "datasets/dataset.h"

namespace qyolo::datasets {
namespace {

std::string listed(std::span<const std::string> names) {
  constexpr std::size_t kShown = 10;
  const std::string shown =
      fmt::format("{}", fmt::join(names.first(std::min(names.size(), kShown)), ", "));
  return names.size() <= kShown ? shown : fmt::format("{}, ... ({} in all)", shown, names.size());
}

}  // namespace

Result<std::vector<std::int64_t>> map_classes(const std::vector<std::string>& model_names,
                                              const std::vector<Category>& categories,
                                              bool ignore_names) {
  std::vector<Category> sorted = categories;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Category& a, const Category& b) { return a.id < b.id; });
  std::vector<std::int64_t> ids;
  std::vector<std::string> names;
  for (const Category& category : sorted) {
    if (!ids.empty() && ids.back() == category.id) {
      return error("the category id {} is used by '{}' and by '{}', expected distinct ids",
                   category.id, names.back(), category.name);
    }
    ids.push_back(category.id);
    names.push_back(category.name);
  }
  if (model_names.size() != names.size()) {
    return error("the model has {} classes ({}) and the annotations have {} categories ({})",
                 model_names.size(), listed(model_names), names.size(), listed(names));
  }
  const auto [in_model, in_data] =
      std::mismatch(model_names.begin(), model_names.end(), names.begin());
  if (!ignore_names && in_model != model_names.end()) {
    const auto k = in_model - model_names.begin();
    return error(
        "class {} is '{}' in the model but '{}' (category id {}) in the annotations; "
        "model: {}; annotations: {}",
        k, *in_model, *in_data, ids[static_cast<std::size_t>(k)], listed(model_names),
        listed(names));
  }
  return ids;
}

}  // namespace qyolo::datasets
