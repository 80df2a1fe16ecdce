// python/: the Python package's extension module, qyolo._native: what the package's own Python
// files are a thin layer over. Nothing that comes from Python is trusted: whatever a list,
// dictionary or array holds ends in values that were checked, or in one ValueError.
//
// Python objects as JSON texts and as detections.
#pragma once

#include <nanobind/nanobind.h>

#include <string>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"
#include "datasets/coco_json.h"

namespace qyolo::python {

namespace nb = nanobind;

// Of a value, or ValueError with the error's sentence.
template <class T>
T value_or_raise(Result<T> result) {
  if (!result.ok()) throw nb::value_error(result.error().message.c_str());
  return std::move(result).value();
}
void raise_unless_ok(const Status& status);

// An annotation file's text with what evaluation needs of these dictionaries, so that the one
// reader of annotation files judges them (datasets/coco_json.h). A key that is absent stays absent;
// what JSON cannot say becomes what Python's json.dump writes (NaN, Infinity) or null, which that
// reader refuses where a number is expected. Categories without a name are called by their id.
std::string annotation_text(const nb::list& images, const nb::list& categories,
                            const nb::list& annotations);

struct GivenDetections {
  std::vector<Detection> detections;
  std::vector<double> areas;      // of each; empty where the first brings none
  std::vector<std::int64_t> ids;  // likewise
};

// Dictionaries with image_id, category_id, bbox and score; with `own`, also id and area, where the
// first has them. Ids of images and categories as `names` (of the annotations) has them. Fails with
// the first that is not such a thing; `where` is what they are called.
Result<GivenDetections> detections_of(const nb::list& list, bool own,
                                      datasets::DetectionNames& names, const std::string& where);

// The id that a Python number or text is; IdNames::kUnknown where it is none that `names` knows.
std::int64_t find_id(nb::handle value, const IdNames& names);

// How Python writes ids: numbers, or what JSON has of them.
nb::list python_ids(const std::vector<std::int64_t>& ids, const IdNames& names);

}  // namespace qyolo::python
