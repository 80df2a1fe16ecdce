// An experiment: a network, a dataset, and the cells that its matrix expands to.
//
// An experiment file (JSON, or YAML by its name). Paths are relative to the file's folder.
//   {
//     "name": "demo",
//     "description": "...",                                    optional
//     "model": "../datasets/parts/parts-yolov7-w025.pt",
//     "dataset": {"images": "...", "annotations": "..."},       or in the YOLO layout
//                {"data": "data.yaml", "split": "val"}          (split optional)
//     "evaluation": {"img": 640, "batch": 32, "rect": true, "confidence": 0.001, "iou": 0.65,
//                    "limit": 0, "ignore_class_names": false,  limit: N (a random sample),
//                    "N:SEED",
//                                                              "first:N" (by file name), 0: all
//                    "class_map": {"category": "class"}},       optional, defaults shown (no map)
//     "calibration": {"images": "...", "limit": 0},   needed by cells with activation_bits; limit:
//                                                     first N images by file name, 0: all
//     "latency": {"rounds": 9, "warmup": 1},                    optional; rounds 0: no latency pass
//     "uncertainty": {"resamples": 10000, "seed": 1, "tolerance": 1},  optional; resamples 0: none
//     "matrix": [{"scheme": ["affine", "pwlq"], "bits": [8, 4], "granularity": ["layer",
//     "filter"]}, ...]
//   }
// Every block of the matrix is the cross product of its lists (a single value is a list of one);
// cell.h says what it may hold.
// The FP32 baseline is always the first cell; a cell that occurs twice is kept once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/class_rules.h"
#include "common/image_limit.h"
#include "common/json.h"
#include "common/result.h"
#include "harness/cell/cell.h"

namespace qyolo::harness {

// What decides the accuracy numbers beside the cell.
struct EvaluationOptions {
  int image_size = 640;  // long side, pixels
  int batch = 32;  // rect batches (they fix the padded shapes; inference may use smaller ones)
  bool rect = true;
  double confidence = 0.001;
  double iou = 0.65;  // NMS
  ImageLimit limit;   // of the dataset's images
  bool ignore_class_names = false;
  std::map<std::string, std::string> class_map;  // category name -> class name

  [[nodiscard]] ClassRules class_rules() const { return {ignore_class_names, class_map}; }
  [[nodiscard]] OrderedJson as_json() const;
};

// Images that activation ranges come from.
struct CalibrationSet {
  std::filesystem::path images;  // a folder; no annotations are needed
  int limit = 0;                 // first N images by file name; 0: all

  [[nodiscard]] OrderedJson as_json() const;
};

struct LatencyOptions {
  int rounds = 9;  // timed forwards per cell, interleaved over the cells
  int warmup = 1;  // untimed forwards before each timed one of a cell

  [[nodiscard]] OrderedJson as_json() const;
};

// Of the paired bootstrap that compares every cell with the baseline.
struct UncertaintyOptions {
  int resamples = 10000;  // 0: no comparison
  std::uint64_t seed = 1;
  double tolerance = 1;  // loss of AP that is still acceptable, in points
  double margin = 0;     // of safety, taken off the tolerance where it is decided by; points

  [[nodiscard]] OrderedJson as_json() const;
};

struct Experiment {
  std::string name;
  std::string description;
  std::filesystem::path model;
  std::filesystem::path images;
  std::filesystem::path annotations;  // or a data.yaml; then `images` is empty
  std::string split = "val";          // of a data.yaml
  EvaluationOptions evaluation;
  std::optional<CalibrationSet> calibration;
  LatencyOptions latency;
  UncertaintyOptions uncertainty;
  std::vector<Cell> cells;  // the baseline first

  [[nodiscard]] OrderedJson as_json() const;  // as expanded
};

// The experiment as a file in `folder`, which load_experiment() reads: paths relative to the
// folder, a matrix block for each quantized cell.
[[nodiscard]] OrderedJson experiment_file(const Experiment& experiment,
                                          const std::filesystem::path& folder);

// A change from the command line: "bits" = {"4", "8"}. Keys: those of matrix blocks (replaced in
// every block), of "evaluation", "latency" and "uncertainty", and model, images, annotations,
// calibration (its images) and calibration_limit (one value each).
using Override = std::pair<std::string, std::vector<std::string>>;

// "bits=4,8" -> {"bits", {"4", "8"}}.
Result<Override> parse_override(std::string_view text);

// Fails with the place, the offending value and what is allowed.
Result<Experiment> load_experiment(const std::filesystem::path& file,
                                   const std::vector<Override>& overrides = {});
Result<Experiment> parse_experiment(Json document, const std::string& where,
                                    const std::filesystem::path& folder,
                                    const std::vector<Override>& overrides = {});

}  // namespace qyolo::harness
