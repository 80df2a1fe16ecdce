// The general parser of annotation files: whatever is JSON, entry by entry; what is wrong with one
// does not hide the next.
#include <array>
#include <optional>
#include <utility>

#include "datasets/coco_json_fields.h"
#include "datasets/coco_json_findings.h"

namespace qyolo::datasets {
namespace {

constexpr Keys<4> kImageKeys({"id", "file_name", "width", "height"});
constexpr Keys<2> kCategoryKeys({"id", "name"});
constexpr Keys<6> kAnnotationKeys({"image_id", "category_id", "id", "bbox", "area", "iscrowd"});
constexpr Keys<3> kFileKeys({"images", "annotations", "categories"});

Error missing(std::string_view key) { return error("'{}' is missing", key); }

class AnnotationFile {
 public:
  AnnotationFile(std::string where, std::size_t examples)
      : where_(std::move(where)), out_{{}, {}, {}, TruthFindings(examples)} {}

  Result<WrittenTruth> parse(simdjson::padded_string_view json) {
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
    if (!status.ok()) {
      const Error failure = inside ? *inside : at_file(status.error());
      const char* at = nullptr;
      if (!is_syntax_error(failure) || document.current_location().get(at) != simdjson::SUCCESS)
        return failure;
      return error("{}{}", failure.message, line_of({json.data(), json.size()}, at));
    }
    if (!at_end(document)) return at_file(error("has something after the end of its object"));
    return std::move(out_);
  }

 private:
  [[nodiscard]] Error at_file(const Error& what) const {
    return error("{}: {}", where_, what.message);
  }

  void add(TruthProblem problem, std::string_view section, std::size_t index, const Error& what) {
    out_.findings.add(problem,
                      [&] { return fmt::format("{}[{}]: {}", section, index, what.message); });
  }

  Status read_entries(std::size_t key, ondemand::array array) {
    const std::string_view section = kFileKeys.name(key);
    if (key == 0) out_.truth.images.clear();
    if (key == 2) out_.truth.categories.clear();
    if (key == 1) {
      out_.truth.annotations.clear();
      out_.places.clear();
      out_.unusable.clear();
    }
    std::size_t index = 0;
    for (auto element : array) {
      const auto problem = [&](const Error& what) {
        return error("{}: {}[{}]: {}", where_, section, index, what.message);
      };
      ondemand::value value;
      if (const auto code = std::move(element).get(value)) return problem(not_json(code));
      ondemand::object object;
      if (value.get_object().get(object) != simdjson::SUCCESS) {
        add(TruthProblem::kNoObject, section, index,
            error("expected an object, found {}", describe(value)));
      } else if (const Status status = read_entry(key, index, object); !status.ok()) {
        return problem(status.error());
      }
      ++index;
    }
    return {};
  }

  Status read_entry(std::size_t key, std::size_t index, ondemand::object object) {
    if (key == 0) return read_image(index, object);
    if (key == 2) return read_category(index, object);
    return read_annotation(index, object);
  }

  static Status read_named_id(ondemand::value value, std::string_view key, IdNames& names,
                              bool declared, std::int64_t& out) {
    return read_id(
        value, key, out,
        [&](std::string_view text, std::string_view json) {
          return names.add(text, json, declared);
        },
        [&] { names.saw_number(); });
  }

  Status read_image(std::size_t index, ondemand::object object) {
    ImageInfo image;
    Status id = missing("id");
    Status name;
    Status size;
    QYOLO_CHECK_OK(
        read_fields(object, kImageKeys, 0, [&](std::size_t key, ondemand::value value) -> Status {
          if (key == 0) {
            id = read_named_id(value, "id", out_.truth.image_ids, true, image.id);
          } else if (key == 1) {
            name = is_null(value) ? Status() : read_string(value, "file_name", image.file_name);
          } else if (Status read = read_size(value, kImageKeys.name(key),
                                             key == 2 ? image.width : image.height);
                     !read.ok()) {
            size = read;
          }
          return {};
        }));
    if (!name.ok()) add(TruthProblem::kFileName, "images", index, name.error());
    if (!size.ok()) add(TruthProblem::kImageSize, "images", index, size.error());
    if (!id.ok()) {
      add(TruthProblem::kImageId, "images", index, id.error());
      return {};
    }
    out_.truth.images.push_back(std::move(image));
    return {};
  }

  Status read_category(std::size_t index, ondemand::object object) {
    Category category;
    Status id = missing("id");
    Status name = missing("name");
    QYOLO_CHECK_OK(read_fields(
        object, kCategoryKeys, 0, [&](std::size_t key, ondemand::value value) -> Status {
          if (key == 0) {
            id = read_named_id(value, "id", out_.truth.category_ids, true, category.id);
          } else {
            name = read_string(value, "name", category.name);
          }
          return {};
        }));
    for (const Status* read : {&id, &name}) {
      if (read->ok()) continue;
      add(TruthProblem::kCategory, "categories", index, read->error());
      return {};
    }
    out_.truth.categories.push_back(std::move(category));
    return {};
  }

  Status read_annotation(std::size_t index, ondemand::object object) {
    Annotation annotation;
    annotation.area = kNoArea;
    Status image = missing("image_id");
    Status category = missing("category_id");
    Status id = missing("id");
    Status box = missing("bbox");
    Status area;
    Status crowd;
    GroundTruth& truth = out_.truth;
    const auto on_field = [&](std::size_t key, ondemand::value value) -> Status {
      switch (key) {
        case 0:
          image = read_named_id(value, "image_id", truth.image_ids, false, annotation.image_id);
          break;
        case 1:
          category = read_named_id(value, "category_id", truth.category_ids, false,
                                   annotation.category_id);
          break;
        case 2:
          id = read_named_id(value, "id", truth.annotation_ids, true, annotation.id);
          break;
        case 3:
          box = read_bbox(value, annotation.bbox);
          break;
        case 4:
          annotation.area = kNoArea;
          area = read_number_or_null(value, "area", annotation.area);
          break;
        default:
          crowd = read_flag(value, "iscrowd", annotation.iscrowd);
      }
      return {};
    };
    QYOLO_CHECK_OK(read_fields(object, kAnnotationKeys, 0, on_field));
    if (area.ok() && annotation.area < 0)
      area = error("'area' must not be negative, found {}", annotation.area);
    if (!id.ok()) {
      annotation.id = IdNames::kUnknown;
      add(TruthProblem::kAnnotationId, "annotations", index, id.error());
    }
    const std::pair<TruthProblem, const Status*> read[] = {{TruthProblem::kReference, &image},
                                                           {TruthProblem::kReference, &category},
                                                           {TruthProblem::kBox, &box},
                                                           {TruthProblem::kArea, &area},
                                                           {TruthProblem::kCrowd, &crowd}};
    for (const auto& [problem, status] : read) {
      if (status->ok()) continue;
      if (image.ok()) {
        out_.unusable.push_back({problem, index, annotation.image_id, status->error().message});
      } else {
        add(problem, "annotations", index, status->error());
      }
      return {};
    }
    truth.annotations.push_back(annotation);
    out_.places.push_back(index);
    return {};
  }

  std::string where_;
  WrittenTruth out_;
};

// The codes of texts ascend as the texts do.
void order_names(WrittenTruth& written) {
  GroundTruth& truth = written.truth;
  const auto renumber = [](const std::vector<std::int64_t>& codes, std::int64_t& id) {
    if (IdNames::is_code(id) && IdNames::place_of(id) < codes.size())
      id = codes[IdNames::place_of(id)];
  };
  if (truth.image_ids.has_codes()) {
    const auto codes = truth.image_ids.sort();
    for (ImageInfo& image : truth.images) renumber(codes, image.id);
    for (Annotation& annotation : truth.annotations) renumber(codes, annotation.image_id);
    for (UnusableAnnotation& one : written.unusable) renumber(codes, one.image_id);
  }
  if (truth.category_ids.has_codes()) {
    const auto codes = truth.category_ids.sort();
    for (Category& category : truth.categories) renumber(codes, category.id);
    for (Annotation& annotation : truth.annotations) renumber(codes, annotation.category_id);
  }
}

}  // namespace

Result<WrittenTruth> parse_written_truth(std::string_view padded_json, std::size_t capacity,
                                         const std::string& where, std::size_t examples) {
  const simdjson::padded_string_view view(padded_json.data(), padded_json.size(), capacity);
  QYOLO_TRY(WrittenTruth written, AnnotationFile(where, examples).parse(view));
  order_names(written);
  return written;
}

}  // namespace qyolo::datasets
