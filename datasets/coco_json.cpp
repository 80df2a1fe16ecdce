#include "datasets/coco_json.h"

#include <algorithm>
#include <array>
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

Status read_annotation(ondemand::object object, Annotation& annotation, bool& has_area) {
  has_area = false;
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
        has_area = true;
        return read_number(value, "area", annotation.area);
      default:
        return read_flag(value, "iscrowd", annotation.iscrowd);
    }
  };
  QYOLO_CHECK_OK(read_fields(object, kAnnotationKeys, 4, on_field));
  if (!has_area) annotation.area = annotation.bbox[2] * annotation.bbox[3];
  if (!(annotation.area >= 0)) {
    return error("'area' must not be negative, found {}", annotation.area);
  }
  return {};
}

// Where each id is, to look ids up and to find duplicates.
class IdPlaces {
 public:
  template <class Item>
  explicit IdPlaces(const std::vector<Item>& items) {
    for (std::size_t i = 0; i < items.size(); ++i) places_.emplace_back(items[i].id, i);
    std::sort(places_.begin(), places_.end());
  }

  [[nodiscard]] bool has(std::int64_t id) const {
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
  std::vector<std::pair<std::int64_t, std::size_t>> places_;
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
    QYOLO_CHECK_OK(check_ids(truth_, where_));
    if (without_area_ > 0) {
      truth_.warnings.push_back(fmt::format(
          "{}: {} of {} annotations have no area (the first is annotations[{}]); width * height of "
          "the box is used",
          where_, without_area_, truth_.annotations.size(), first_without_area_));
    }
    return std::move(truth_);
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
    without_area_ = 0;
    return each([this](ondemand::object object) {
      bool has_area = false;
      const Status status = read_annotation(object, truth_.annotations.emplace_back(), has_area);
      if (!has_area && without_area_++ == 0) first_without_area_ = truth_.annotations.size() - 1;
      return status;
    });
  }

  std::string where_;
  GroundTruth truth_;
  std::size_t without_area_ = 0;
  std::size_t first_without_area_ = 0;
};

}  // namespace

Result<GroundTruth> parse_coco_annotations(std::string_view json, const std::string& where) {
  const simdjson::padded_string copy(without_byte_order_mark(json));
  return AnnotationFile(where).parse(copy);
}

Result<GroundTruth> read_coco_annotations(const std::filesystem::path& path) {
  QYOLO_TRY(const Content content, Content::open(path));
  const std::string_view json = without_byte_order_mark(content.text());
  if (content.readable_after() < simdjson::SIMDJSON_PADDING) {
    return parse_coco_annotations(json, path.string());
  }
  const simdjson::padded_string_view padded(json.data(), json.size(),
                                            json.size() + simdjson::SIMDJSON_PADDING);
  return AnnotationFile(path.string()).parse(padded);
}

}  // namespace qyolo::datasets
