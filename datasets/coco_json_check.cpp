// What entries of an annotation file refer to, and what is said of them.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "datasets/coco_json_findings.h"
#include "datasets/id_set.h"

namespace qyolo::datasets {
namespace {

// Which annotations have the id of an earlier one, by place, ascending. Ids are usually small and
// dense; the others are sorted.
std::vector<std::size_t> repeated_ids(const std::vector<Annotation>& annotations) {
  const std::uint64_t dense = std::uint64_t{64} * annotations.size() + 4096;
  std::vector<bool> seen(static_cast<std::size_t>(dense));
  std::vector<std::pair<std::int64_t, std::size_t>> others;
  std::vector<std::size_t> repeated;
  for (std::size_t i = 0; i < annotations.size(); ++i) {
    const std::int64_t id = annotations[i].id;
    if (id == IdNames::kUnknown) continue;  // it has none
    if (static_cast<std::uint64_t>(id) >= dense) {
      others.emplace_back(id, i);
    } else if (auto before = seen[static_cast<std::size_t>(id)]; before) {
      repeated.push_back(i);
    } else {
      before = true;
    }
  }
  std::sort(others.begin(), others.end());
  for (std::size_t i = 1; i < others.size(); ++i) {
    if (others[i].first == others[i - 1].first) repeated.push_back(others[i].second);
  }
  std::sort(repeated.begin(), repeated.end());
  return repeated;
}

class Checker {
 public:
  Checker(WrittenTruth written, std::string_view where)
      : written_(std::move(written)), truth_(written_.truth), where_(where) {}

  TruthFile check() {
    const IdSet images(truth_.images);
    const IdSet categories(truth_.categories);
    total_ = truth_.annotations.size() + written_.unusable.size();
    check_repeated(images, categories);
    leave_out(images, categories);
    add_unusable(images);
    check_annotation_ids();
    fill_areas();
    note_all();
    return {std::move(truth_), written_.findings.take()};
  }

 private:
  [[nodiscard]] std::size_t place_of(std::size_t i) const {
    return written_.places.empty() ? i : written_.places[i];
  }

  // Entries that only repeat an earlier one are left out.
  void check_repeated(const IdSet& images, const IdSet& categories) {
    std::vector<std::size_t> same_image, same_category;
    images.each_repeated([&](std::size_t i, std::size_t first) {
      written_.findings.add(TruthProblem::kImageIdTwice, [&] {
        return fmt::format("images[{}]: id {} is that of images[{}] already", i,
                           truth_.image_ids.text(truth_.images[i].id), first);
      });
      if (truth_.images[i].file_name == truth_.images[first].file_name) same_image.push_back(i);
    });
    categories.each_repeated([&](std::size_t i, std::size_t first) {
      written_.findings.add(TruthProblem::kCategoryIdTwice, [&] {
        return fmt::format("categories[{}]: id {} is that of categories[{}] already", i,
                           truth_.category_ids.text(truth_.categories[i].id), first);
      });
      if (truth_.categories[i].name == truth_.categories[first].name) same_category.push_back(i);
    });
    erase(truth_.images, same_image);
    erase(truth_.categories, same_category);
  }

  template <class Items>
  static void erase(Items& items, std::vector<std::size_t>& places) {
    std::sort(places.begin(), places.end(), std::greater<>());
    for (const std::size_t i : places) items.erase(items.begin() + static_cast<std::ptrdiff_t>(i));
  }

  // Annotations of images and categories that the file does not list, as pycocotools leaves them
  // out.
  void leave_out(const IdSet& images, const IdSet& categories) {
    std::vector<Annotation>& annotations = truth_.annotations;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < annotations.size(); ++i) {
      const Annotation& annotation = annotations[i];
      const bool known_image = images.has(annotation.image_id);
      if (known_image && categories.has(annotation.category_id)) {
        if (kept != i) {
          annotations[kept] = annotation;
          if (written_.places.empty()) {
            moved_.push_back(i);
          } else {
            written_.places[kept] = written_.places[i];
          }
        }
        ++kept;
        continue;
      }
      const TruthProblem problem =
          known_image ? TruthProblem::kUnlistedCategory : TruthProblem::kUnlistedImage;
      written_.findings.add(problem, [&] {
        return known_image
                   ? fmt::format(
                         "annotations[{}]: 'category_id' {} is not the id of one of the "
                         "categories",
                         place_of(i), truth_.category_ids.text(annotation.category_id))
                   : fmt::format(
                         "annotations[{}]: 'image_id' {} is not the id of one of the images",
                         place_of(i), truth_.image_ids.text(annotation.image_id));
      });
    }
    annotations.resize(kept);
  }

  // Of an image that is not listed it does not matter what is wrong with an annotation.
  void add_unusable(const IdSet& images) {
    for (const UnusableAnnotation& one : written_.unusable) {
      const bool known = images.has(one.image_id);
      written_.findings.add(known ? one.problem : TruthProblem::kUnlistedImage, [&] {
        return known ? fmt::format("annotations[{}]: {}", one.place, one.what)
                     : fmt::format(
                           "annotations[{}]: 'image_id' {} is not the id of one of the "
                           "images",
                           one.place, truth_.image_ids.text(one.image_id));
      });
    }
  }

  void check_annotation_ids() {
    std::vector<Annotation>& annotations = truth_.annotations;
    const auto zero = std::find_if(annotations.begin(), annotations.end(),
                                   [](const Annotation& one) { return one.id == 0; });
    if (zero != annotations.end()) {
      written_.findings.add(TruthProblem::kIdZero,
                            [&] { return fmt::format("annotations[{}]", index_of(zero)); });
    }
    for (const std::size_t i : repeated_ids(annotations)) {
      written_.findings.add(TruthProblem::kIdTwice, [&] {
        return fmt::format("annotations[{}]: id {} is that of an earlier one", index_of(i),
                           truth_.annotation_ids.text(annotations[i].id));
      });
    }
    if (written_.findings.count(TruthProblem::kAnnotationId) == 0) return;
    for (Annotation& one : annotations) {
      if (one.id == IdNames::kUnknown) one.id = 0;
    }
  }

  // Where an annotation that is left stood in its file.
  [[nodiscard]] std::size_t index_of(std::size_t i) const {
    if (!written_.places.empty()) return written_.places[i];
    const std::size_t in_place = truth_.annotations.size() - moved_.size();
    return i < in_place ? i : moved_[i - in_place];
  }
  [[nodiscard]] std::size_t index_of(std::vector<Annotation>::const_iterator at) const {
    return index_of(static_cast<std::size_t>(at - truth_.annotations.begin()));
  }

  // Areas that are absent become those of the boxes.
  void fill_areas() {
    std::size_t count = 0;
    std::size_t first = 0;
    for (std::size_t i = 0; i < truth_.annotations.size(); ++i) {
      Annotation& annotation = truth_.annotations[i];
      if (!std::isnan(annotation.area)) continue;
      annotation.area = annotation.bbox[2] * annotation.bbox[3];
      if (count++ == 0) first = index_of(i);
    }
    if (count == 0) return;
    note(
        "{} of {} annotations have no area (the first is annotations[{}]); width * height of the "
        "box is used",
        count, total_, first);
  }

  template <class... Args>
  void note(fmt::format_string<Args...> format, Args&&... args) {
    truth_.warnings.push_back(
        fmt::format("{}: {}", where_, fmt::format(format, std::forward<Args>(args)...)));
  }

  void note_all() {
    const TruthFindings& found = written_.findings;
    const auto left_out = [&](TruthProblem problem, std::string_view what) {
      if (const std::size_t count = found.count(problem); count > 0)
        note(
            "{} of {} annotations are of {} that the file does not list (the first: {}); they are "
            "left out",
            count, total_, what, found.first(problem));
    };
    left_out(TruthProblem::kUnlistedImage, "images");
    left_out(TruthProblem::kUnlistedCategory, "categories");
    for (const TruthProblem problem :
         {TruthProblem::kImageIdTwice, TruthProblem::kCategoryIdTwice}) {
      if (const std::size_t count = found.count(problem); count > 0)
        note("{} {} have the id of an earlier one (the first: {})", count,
             problem == TruthProblem::kImageIdTwice ? "images" : "categories",
             found.first(problem));
    }
    if (const std::size_t count = found.count(TruthProblem::kAnnotationId); count > 0)
      note(
          "{} of {} annotations have no usable id (the first: {}); that makes no difference here, "
          "but pycocotools does not read the file",
          count, total_, found.first(TruthProblem::kAnnotationId));
    note_differences();
    note_mixed("image", truth_.image_ids);
    note_mixed("category", truth_.category_ids);
  }

  // Where pycocotools gives another number, and why: one sentence.
  void note_differences() {
    if (written_.findings.count(TruthProblem::kAnnotationId) > 0) return;  // it reads nothing
    const bool zero = written_.findings.count(TruthProblem::kIdZero) > 0;
    const std::size_t twice = written_.findings.count(TruthProblem::kIdTwice);
    std::string why;
    if (zero)
      why += fmt::format("{} has the id 0, which pycocotools takes for no match",
                         written_.findings.first(TruthProblem::kIdZero));
    if (twice > 0)
      why += fmt::format(
          "{}{} annotations have the id of another one (the first: {}), in whose "
          "place pycocotools puts the last one of that id",
          zero ? "; " : "", twice, written_.findings.first(TruthProblem::kIdTwice));
    if (!why.empty())
      note("{}: here every object counts, and pycocotools may print another AP", why);
  }

  void note_mixed(std::string_view what, const IdNames& names) {
    if (names.mixed())
      note("some {} ids are written as texts and some as numbers; \"7\" and 7 are the same id",
           what);
  }

  WrittenTruth written_;
  GroundTruth& truth_;
  std::string_view where_;
  std::size_t total_ = 0;           // annotations in the file
  std::vector<std::size_t> moved_;  // places of those that moved, where places are their order
};

}  // namespace

bool refuses(TruthProblem problem) {
  switch (problem) {
    case TruthProblem::kNoObject:
    case TruthProblem::kImageId:
    case TruthProblem::kCategory:
    case TruthProblem::kReference:
    case TruthProblem::kBox:
    case TruthProblem::kArea:
    case TruthProblem::kCrowd:
      return true;
    case TruthProblem::kFileName:
    case TruthProblem::kImageSize:
    case TruthProblem::kImageIdTwice:
    case TruthProblem::kCategoryIdTwice:
    case TruthProblem::kUnlistedImage:
    case TruthProblem::kUnlistedCategory:
    case TruthProblem::kAnnotationId:
    case TruthProblem::kIdZero:
    case TruthProblem::kIdTwice:
      return false;
  }
  return true;
}

TruthFile checked_truth(WrittenTruth written, std::string_view where) {
  return Checker(std::move(written), where).check();
}

}  // namespace qyolo::datasets
