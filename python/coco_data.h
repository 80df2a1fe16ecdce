// Annotations and detections as the Python package holds them: read once, never changed.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/coco_types.h"
#include "datasets/results_file.h"

namespace qyolo::python {

struct Annotations {
  GroundTruth truth;
  std::string name;  // what messages call them
};

struct Results {
  datasets::ResultsFile file;
  std::vector<double> areas;      // of each detection; empty: of their boxes
  std::vector<std::int64_t> ids;  // of each detection; empty: 1, 2, 3, ...
  std::string name;
};

// Rows of image id, x, y, width, height, score, category id: pycocotools' array of results.
using ResultRows = nanobind::ndarray<const double, nanobind::shape<-1, 7>, nanobind::c_contig,
                                     nanobind::device::cpu>;
using Areas =
    nanobind::ndarray<const double, nanobind::shape<-1>, nanobind::c_contig, nanobind::device::cpu>;

// Without the GIL while a file is read. ValueError with the reader's sentence.
Annotations read_annotations(const std::string& path, int threads);
Annotations annotations_of(const nanobind::list& images, const nanobind::list& categories,
                           const nanobind::list& annotations, const std::string& name, int threads);
Results read_results(const std::string& path, const Annotations& annotations, int threads);
// `own`: of a COCO's own dictionaries: they are judged by the area and called by the id that they
// bring, and may be of images that the annotations do not list, as pycocotools has it.
Results results_of_list(const nanobind::list& list, const Annotations& annotations,
                        const std::string& name, bool own, int threads);
// `areas`: one for each row.
Results results_of_rows(const ResultRows& rows, const Areas& areas, const Annotations& annotations,
                        const std::string& name, int threads);

// Adds both classes to the module.
void add_coco_data(nanobind::module_& module);

}  // namespace qyolo::python
