#include "python/coco_data.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "datasets/coco_json.h"
#include "python/python_values.h"

namespace qyolo::python {
namespace {

constexpr double kLargestId = 9007199254740992;  // 2^53: a double holds every integer up to it

Results matched(const Annotations& annotations, GivenDetections given,
                datasets::DetectionNames names, const std::string& name, int threads) {
  nb::gil_scoped_release release;
  return {value_or_raise(datasets::match_results(annotations.truth, annotations.name,
                                                 std::move(given.detections), std::move(names),
                                                 name, threads)),
          std::move(given.areas), std::move(given.ids), name};
}

Result<std::int64_t> id_of(double value, std::size_t row, const char* what,
                           const std::string& name) {
  if (value == std::floor(value) && std::abs(value) <= kLargestId)
    return static_cast<std::int64_t>(value);
  return error("{}: row {}: the {} id must be a whole number, found {}", name, row, what, value);
}

Result<std::vector<Detection>> detections_of_rows(const ResultRows& rows, const std::string& name) {
  const std::size_t count = rows.shape(0);
  std::vector<Detection> detections(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double* row = rows.data() + i * 7;
    Detection& detection = detections[i];
    QYOLO_TRY(detection.image_id, id_of(row[0], i, "image", name));
    QYOLO_TRY(detection.category_id, id_of(row[6], i, "category", name));
    std::copy_n(row + 1, 4, detection.bbox.begin());
    detection.score = row[5];
    if (!std::all_of(row + 1, row + 6, [](double value) { return std::isfinite(value); }))
      return error("{}: row {} has a box or a score that is not finite", name, i);
    if (row[3] < 0 || row[4] < 0) {
      return error(
          "{}: row {}: a box must have a width and height that are not negative, found {} and {}",
          name, i, row[3], row[4]);
    }
  }
  return detections;
}

std::vector<std::int64_t> image_ids(const Annotations& self) {
  std::vector<std::int64_t> ids;
  for (const ImageInfo& image : self.truth.images) ids.push_back(image.id);
  return ids;
}

std::vector<std::int64_t> category_ids(const Annotations& self) {
  std::vector<std::int64_t> ids;
  for (const Category& category : self.truth.categories) ids.push_back(category.id);
  return ids;
}

}  // namespace

Annotations read_annotations(const std::string& path, int threads) {
  nb::gil_scoped_release release;
  return {value_or_raise(datasets::read_coco_annotations(path, threads)), path};
}

Annotations annotations_of(const nb::list& images, const nb::list& categories,
                           const nb::list& annotations, const std::string& name, int threads) {
  const std::string text = annotation_text(images, categories, annotations);
  nb::gil_scoped_release release;
  return {value_or_raise(datasets::parse_coco_annotations(text, name, threads)), name};
}

Results read_results(const std::string& path, const Annotations& annotations, int threads) {
  nb::gil_scoped_release release;
  return {
      value_or_raise(datasets::read_results_of(annotations.truth, annotations.name, path, threads)),
      {},
      {},
      path};
}

Results results_of_list(const nb::list& list, const Annotations& annotations,
                        const std::string& name, bool own, int threads) {
  datasets::DetectionNames names = datasets::ids_to_read_with(annotations.truth);
  GivenDetections given = value_or_raise(detections_of(list, own, names, name));
  if (own)
    return {{std::move(given.detections), std::move(names), {}},
            std::move(given.areas),
            std::move(given.ids),
            name};
  return matched(annotations, std::move(given), std::move(names), name, threads);
}

Results results_of_rows(const ResultRows& rows, const Areas& areas, const Annotations& annotations,
                        const std::string& name, int threads) {
  if (areas.shape(0) != rows.shape(0)) throw nb::value_error("one area is expected for each row");
  GivenDetections given;
  given.detections = value_or_raise(detections_of_rows(rows, name));
  given.areas.assign(areas.data(), areas.data() + areas.shape(0));
  return matched(annotations, std::move(given), datasets::ids_to_read_with(annotations.truth), name,
                 threads);
}

void add_coco_data(nb::module_& module) {
  nb::class_<Annotations>(module, "Annotations")
      .def_static("read", &read_annotations, nb::arg("path"), nb::arg("threads") = 0)
      .def_static("of", &annotations_of, nb::arg("images"), nb::arg("categories"),
                  nb::arg("annotations"), nb::arg("name"), nb::arg("threads") = 0)
      .def_prop_ro(
          "image_ids",
          [](const Annotations& self) { return python_ids(image_ids(self), self.truth.image_ids); })
      .def_prop_ro("category_ids",
                   [](const Annotations& self) {
                     return python_ids(category_ids(self), self.truth.category_ids);
                   })
      .def_prop_ro("plain_ids",
                   [](const Annotations& self) {
                     return !self.truth.image_ids.has_codes() &&
                            !self.truth.category_ids.has_codes();
                   })
      .def_prop_ro("warnings", [](const Annotations& self) { return self.truth.warnings; });
  nb::class_<Results>(module, "Results")
      .def_static("read", &read_results, nb::arg("path"), nb::arg("annotations"),
                  nb::arg("threads") = 0)
      .def_static("of_list", &results_of_list, nb::arg("list"), nb::arg("annotations"),
                  nb::arg("name"), nb::arg("own"), nb::arg("threads") = 0)
      .def_static("of_rows", &results_of_rows, nb::arg("rows"), nb::arg("areas"),
                  nb::arg("annotations"), nb::arg("name"), nb::arg("threads") = 0)
      .def_prop_ro("image_ids",
                   [](const Results& self) {
                     std::vector<std::int64_t> ids;
                     for (const Detection& detection : self.file.detections)
                       ids.push_back(detection.image_id);
                     return python_ids(ids, self.file.names.images);
                   })
      .def("__len__", [](const Results& self) { return self.file.detections.size(); })
      .def_prop_ro("warnings", [](const Results& self) { return self.file.warnings; });
}

}  // namespace qyolo::python
