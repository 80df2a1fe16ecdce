#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "datasets/dataset.h"

namespace qyolo::datasets {
namespace {

std::string listed(std::span<const std::string> names) {
  constexpr std::size_t kShown = 10;
  const std::string shown =
      fmt::format("{}", fmt::join(names.first(std::min(names.size(), kShown)), ", "));
  return names.size() <= kShown ? shown : fmt::format("{}, ... ({} in all)", shown, names.size());
}

std::vector<Category> by_ascending_id(const std::vector<Category>& categories) {
  std::vector<Category> sorted = categories;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Category& a, const Category& b) { return a.id < b.id; });
  return sorted;
}

std::vector<std::string> names_in(const std::vector<Category>& categories) {
  std::vector<std::string> names;
  for (const Category& category : categories) names.push_back(category.name);
  return names;
}

class Pairing {
 public:
  Pairing(const std::vector<std::string>& classes, const GroundTruth& truth,
          const ClassRules& rules)
      : classes_(classes),
        truth_(truth),
        rules_(rules),
        sorted_(by_ascending_id(truth.categories)) {
    map_.category_of_class.assign(classes.size(), kNoCategory);
    for (const Annotation& annotation : truth.annotations)
      annotated_.insert(annotation.category_id);
  }

  ClassMap pair() {
    check_ids();
    check_rules();
    if (!map_.problems.empty()) return std::move(map_);
    if (rules_.by_order && !all_names_match()) {
      pair_by_order();
    } else {
      pair_by_name();
    }
    return std::move(map_);
  }

 private:
  [[nodiscard]] bool is_annotated(const Category& category) const {
    return annotated_.contains(category.id);
  }
  [[nodiscard]] std::string called(const Category& category) const {
    return fmt::format("{} (id {})", category.name, truth_.category_ids.text(category.id));
  }

  [[nodiscard]] std::string class_of(const Category& category) const {
    const auto found = rules_.class_of_category.find(category.name);
    return found == rules_.class_of_category.end() ? category.name : found->second;
  }

  void check_ids() {
    for (std::size_t i = 1; i < sorted_.size(); ++i) {
      if (sorted_[i].id != sorted_[i - 1].id) continue;
      map_.problems.push_back(fmt::format(
          "the category id {} is used by '{}' and by '{}', expected distinct ids",
          truth_.category_ids.text(sorted_[i].id), sorted_[i - 1].name, sorted_[i].name));
    }
  }

  void check_rules() {
    const std::vector<std::string> names = names_in(sorted_);
    for (const auto& [category, of_class] : rules_.class_of_category) {
      if (std::ranges::find(names, category) == names.end()) {
        map_.problems.push_back(fmt::format(
            "the class map names the category '{}', which the annotations do not have: {}",
            category, listed(names)));
      }
      if (std::ranges::find(classes_, of_class) == classes_.end()) {
        map_.problems.push_back(
            fmt::format("the class map names the class '{}', which the model does not have: {}",
                        of_class, listed(classes_)));
      }
    }
  }

  [[nodiscard]] bool all_names_match() const {
    std::set<std::string> of_categories;
    for (const Category& category : sorted_) of_categories.insert(class_of(category));
    return !classes_.empty() && std::ranges::all_of(classes_, [&](const std::string& name) {
      return of_categories.contains(name);
    });
  }

  void pair_by_order() {
    std::vector<Category> used = sorted_;
    if (used.size() != classes_.size()) {
      std::erase_if(used, [this](const Category& category) { return !is_annotated(category); });
      if (used.size() != classes_.size()) {
        map_.problems.push_back(fmt::format(
            "the model has {} classes ({}) and the annotations have {} categories ({})",
            classes_.size(), listed(classes_), sorted_.size(), listed(names_in(sorted_))));
        return;
      }
      map_.notes.push_back(fmt::format(
          "the model has {} classes, the annotations have {} categories; classes are paired by "
          "order with the {} that have annotations",
          classes_.size(), sorted_.size(), used.size()));
    }
    for (std::size_t k = 0; k < used.size(); ++k) map_.category_of_class[k] = used[k].id;
  }

  void pair_by_name() {
    for (std::size_t k = 0; k < classes_.size(); ++k) pair_class(k);
    for (const Category& category : sorted_) {
      if (std::ranges::find(classes_, class_of(category)) != classes_.end()) continue;
      (is_annotated(category) ? map_.unknown : map_.unused).push_back(called(category));
    }
    const auto note = [&](const std::vector<std::string>& names, std::string_view what) {
      if (!names.empty())
        map_.notes.push_back(fmt::format("{} {}: {}", names.size(), what, listed(names)));
    };
    note(map_.unused, map_.unused.size() == 1
                          ? "category has no annotation and is no class of the network"
                          : "categories have no annotation and are no classes of the network");
    note(map_.missing, map_.missing.size() == 1
                           ? "class of the network is no category of the annotations"
                           : "classes of the network are no categories of the annotations");
  }

  void pair_class(std::size_t k) {
    std::vector<const Category*> candidates;
    for (const Category& category : sorted_) {
      if (class_of(category) == classes_[k]) candidates.push_back(&category);
    }
    if (std::ranges::count(classes_, classes_[k]) > 1 && !candidates.empty()) {
      map_.problems.push_back(
          fmt::format("the model has several classes called '{}'; --ignore-class-names pairs by "
                      "order",
                      classes_[k]));
      return;
    }
    if (candidates.empty()) {
      map_.missing.push_back(classes_[k]);
      return;
    }
    std::vector<const Category*> annotated;
    for (const Category* category : candidates) {
      if (is_annotated(*category)) annotated.push_back(category);
    }
    if (annotated.size() > 1) {
      map_.problems.push_back(
          fmt::format("the annotated categories {} and {} are both the class '{}', expected one",
                      called(*annotated[0]), called(*annotated[1]), classes_[k]));
      return;
    }
    const Category* chosen = annotated.empty() ? candidates.front() : annotated.front();
    map_.category_of_class[k] = chosen->id;
    if (candidates.size() > 1) {
      map_.notes.push_back(fmt::format("{} categories are called '{}'; {} counts{}",
                                       candidates.size(), classes_[k], called(*chosen),
                                       annotated.empty() ? "" : ", the one with annotations"));
    }
  }

  const std::vector<std::string>& classes_;
  const GroundTruth& truth_;
  const ClassRules& rules_;
  std::vector<Category> sorted_;
  std::set<std::int64_t> annotated_;
  ClassMap map_;
};

}  // namespace

ClassMap pair_classes(const std::vector<std::string>& model_names, const GroundTruth& truth,
                      const ClassRules& rules) {
  return Pairing(model_names, truth, rules).pair();
}

Result<ClassMap> map_classes(const std::vector<std::string>& model_names, const GroundTruth& truth,
                             const ClassRules& rules) {
  ClassMap map = pair_classes(model_names, truth, rules);
  if (!map.problems.empty()) return error("{}", map.problems.front());
  if (!map.unknown.empty()) {
    return error(
        "{} annotated {} no class of the network: {}; model: {}; annotations: {}; --class-map FILE "
        "says which class a category is, --ignore-class-names pairs by order",
        map.unknown.size(), map.unknown.size() == 1 ? "category is" : "categories are",
        listed(map.unknown), listed(model_names),
        listed(names_in(by_ascending_id(truth.categories))));
  }
  return map;
}

}  // namespace qyolo::datasets
