#include "datasets/coco_json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "datasets/coco_json_content.h"
#include "datasets/coco_json_fields.h"

namespace qyolo::datasets {
namespace {

constexpr Keys<4> kImageKeys({"id", "file_name", "width", "height"});
constexpr Keys<2> kCategoryKeys({"id", "name"});
constexpr Keys<6> kAnnotationKeys({"image_id", "category_id", "id", "bbox", "area", "iscrowd"});
constexpr Keys<3> kFileKeys({"images", "annotations", "categories"});

Status read_image(ondemand::object object, ImageInfo& image) {
  return read_fields(object, kImageKeys, 1, [&](std::size_t key, ondemand::value value) -> Status {
    switch (key) {
      case 0:
        return read_integer(value, "id", image.id);
      case 1:
        return read_string(value, "file_name", image.file_name);
      case 2:
        return read_size(value, "width", image.width);
      default:
        return read_size(value, "height", image.height);
    }
  });
}

Status read_category(ondemand::object object, Category& category) {
  return read_fields(object, kCategoryKeys, 2, [&](std::size_t key, ondemand::value value) {
    return key == 0 ? read_integer(value, "id", category.id)
                    : read_string(value, "name", category.name);
  });
}

Status read_annotation(ondemand::object object, Annotation& annotation) {
  annotation.area = kNoArea;
  const auto on_field = [&](std::size_t key, ondemand::value value) -> Status {
    switch (key) {
      case 0:
        return read_integer(value, "image_id", annotation.image_id);
      case 1:
        return read_integer(value, "category_id", annotation.category_id);
      case 2:
        return read_integer(value, "id", annotation.id);
      case 3:
        return read_bbox(value, annotation.bbox);
      case 4:
        return read_number(value, "area", annotation.area);
      default:
        return read_flag(value, "iscrowd", annotation.iscrowd);
    }
  };
  QYOLO_CHECK_OK(read_fields(object, kAnnotationKeys, 4, on_field));
  if (annotation.area < 0) {
    return error("'area' must not be negative, found {}", annotation.area);
  }
  return {};
}

// Which ids there are, and where duplicates are.
class IdPlaces {
 public:
  template <class Item>
  explicit IdPlaces(const std::vector<Item>& items) {
    for (std::size_t i = 0; i < items.size(); ++i) places_.emplace_back(items[i].id, i);
    std::sort(places_.begin(), places_.end());
    if (places_.empty()) return;
    const std::uint64_t range = static_cast<std::uint64_t>(places_.back().first) -
                                static_cast<std::uint64_t>(places_.front().first);
    if (range / kBitsPerId < places_.size()) present_.resize(range + 1);
    for (const auto& place : places_) {
      if (!present_.empty()) present_[offset(place.first)] = true;
    }
  }

  [[nodiscard]] bool has(std::int64_t id) const {
    if (!present_.empty()) return offset(id) < present_.size() && present_[offset(id)];
    const auto found =
        std::lower_bound(places_.begin(), places_.end(), std::pair{id, std::size_t{0}});
    return found != places_.end() && found->first == id;
  }

  Status check_unique(std::string_view where, std::string_view name) const {
    const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
    const auto found = std::adjacent_find(places_.begin(), places_.end(), same);
    if (found == places_.end()) return {};
    return error("{}: {}[{}]: id {} is that of {}[{}] already", where, name, (found + 1)->second,
                 found->first, name, found->second);
  }

 private:
  static constexpr std::uint64_t kBitsPerId = 1024;

  // Of an id below the smallest one: a large number.
  [[nodiscard]] std::size_t offset(std::int64_t id) const {
    return static_cast<std::uint64_t>(id) - static_cast<std::uint64_t>(places_.front().first);
  }

  std::vector<std::pair<std::int64_t, std::size_t>> places_;  // ascending
  std::vector<bool> present_;  // by id - the smallest one, where the ids are dense enough
};

Status check_ids(const GroundTruth& truth, std::string_view where) {
  const IdPlaces images(truth.images);
  const IdPlaces categories(truth.categories);
  QYOLO_CHECK_OK(images.check_unique(where, "images"));
  QYOLO_CHECK_OK(categories.check_unique(where, "categories"));
  for (std::size_t i = 0; i < truth.annotations.size(); ++i) {
    const Annotation& annotation = truth.annotations[i];
    if (!images.has(annotation.image_id)) {
      return error("{}: annotations[{}]: 'image_id' {} is not the id of one of the images", where,
                   i, annotation.image_id);
    }
    if (!categories.has(annotation.category_id)) {
      return error("{}: annotations[{}]: 'category_id' {} is not the id of one of the categories",
                   where, i, annotation.category_id);
    }
  }
  return {};
}

// Areas that are absent become those of the boxes.
void fill_areas(GroundTruth& truth, std::string_view where) {
  std::size_t count = 0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < truth.annotations.size(); ++i) {
    Annotation& annotation = truth.annotations[i];
    if (!std::isnan(annotation.area)) continue;
    annotation.area = annotation.bbox[2] * annotation.bbox[3];
    if (count++ == 0) first = i;
  }
  if (count == 0) return;
  truth.warnings.push_back(fmt::format(
      "{}: {} of {} annotations have no area (the first is annotations[{}]); width * height of "
      "the box is used",
      where, count, truth.annotations.size(), first));
}

Result<GroundTruth> checked(GroundTruth truth, std::string_view where) {
  QYOLO_CHECK_OK(check_ids(truth, where));
  fill_areas(truth, where);
  return truth;
}

class AnnotationFile {
 public:
  explicit AnnotationFile(std::string where) : where_(std::move(where)) {}

  Result<GroundTruth> parse(simdjson::padded_string_view json) {
    ondemand::parser parser;
    ondemand::document document;
    ondemand::object object;
    if (const auto code = parser.iterate(json).get(document)) return at_file(not_json(code));
    if (document.get_object().get(object) != simdjson::SUCCESS) {
      return at_file(error("expected an object with images, annotations and categories"));
    }
    std::optional<Error> inside;  // already says where
    const Status status =
        read_fields(object, kFileKeys, 3, [&](std::size_t key, ondemand::value value) -> Status {
          ondemand::array array;
          if (value.get_array().get(array) != simdjson::SUCCESS) {
            return expected(kFileKeys.name(key), "an array", value);
          }
          const Status entries = read_entries(key, array);
          if (!entries.ok()) inside = entries.error();
          return entries;
        });
    if (inside) return *inside;
    if (!status.ok()) return at_file(status.error());
    if (!at_end(document)) return at_file(error("has something after the end of its object"));
    return checked(std::move(truth_), where_);
  }

 private:
  [[nodiscard]] Error at_file(const Error& what) const {
    return error("{}: {}", where_, what.message);
  }

  Status read_entries(std::size_t key, ondemand::array array) {
    const auto each = [&](auto on_object) {
      return read_objects(array, where_, kFileKeys.name(key), 0, on_object);
    };
    if (key == 0) {
      truth_.images.clear();
      return each([this](ondemand::object object) {
        return read_image(object, truth_.images.emplace_back());
      });
    }
    if (key == 2) {
      truth_.categories.clear();
      return each([this](ondemand::object object) {
        return read_category(object, truth_.categories.emplace_back());
      });
    }
    truth_.annotations.clear();
    return each([this](ondemand::object object) {
      return read_annotation(object, truth_.annotations.emplace_back());
    });
  }

  std::string where_;
  GroundTruth truth_;
};

Result<GroundTruth> parse_generally(std::string_view json, const std::string& where) {
  const simdjson::padded_string copy(json);
  return AnnotationFile(where).parse(copy);
}

}  // namespace

Result<GroundTruth> parse_coco_annotations(std::string_view json, const std::string& where,
                                           int threads) {
  json = without_byte_order_mark(json);
  GroundTruth truth;
  if (scan_ground_truth(
          json, threads, [](const char*) {}, truth)) {
    return checked(std::move(truth), where);
  }
  return parse_generally(json, where);
}

Result<GroundTruth> read_coco_annotations(const std::filesystem::path& path, int threads) {
  QYOLO_TRY(Content content, Content::open(path));
  const std::string_view json = without_byte_order_mark(content.text());
  GroundTruth truth;
  const auto release = [&content](const char* at) { content.release_before(at); };
  if (scan_ground_truth(json, threads, release, truth)) {
    return checked(std::move(truth), path.string());
  }
  if (content.readable_after() < simdjson::SIMDJSON_PADDING) {
    return parse_generally(json, path.string());
  }
  const simdjson::padded_string_view padded(json.data(), json.size(),
                                            json.size() + simdjson::SIMDJSON_PADDING);
  return AnnotationFile(path.string()).parse(padded);
}

}  // namespace qyolo::datasets
