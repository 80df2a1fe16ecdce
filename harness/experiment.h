// harness/: the runner and everything that touches a network. Experiments expand to cells; the
// evaluator measures one cell; the runner walks the matrix and leaves records.
//
// An experiment file (JSON). Paths are relative to the file's folder.
//   {
//     "name": "demo",
//     "description": "...",                                    optional
//     "model": "../datasets/parts/parts-yolov7-w025.pt",
//     "dataset": {"images": "...", "annotations": "..."},
//     "evaluation": {"img": 640, "batch": 32, "rect": true, "confidence": 0.001, "iou": 0.65,
//                    "limit": 0, "ignore_class_names": false},  optional, defaults shown
//     "latency": {"rounds": 9, "warmup": 1},                    optional; rounds 0: no latency pass
//     "matrix": [{"scheme": ["affine", "pwlq"], "bits": [8, 4], "granularity": ["layer",
//     "filter"]}, ...]
//   }
// Every block of the matrix is the cross product of its lists (a single value is a list of one);
// cell.h says what it may hold.
// The FP32 baseline is always the first cell; a cell that occurs twice is kept once.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "harness/cell.h"

namespace qyolo::harness {

// What decides the accuracy numbers beside the cell.
struct EvaluationOptions {
  int image_size = 640;  // long side, pixels
  int batch = 32;  // rect batches (they fix the padded shapes; inference may use smaller ones)
  bool rect = true;
  double confidence = 0.001;
  double iou = 0.65;  // NMS
  int limit = 0;      // first N images by file name; 0: all
  bool ignore_class_names = false;

  [[nodiscard]] OrderedJson as_json() const;
};

struct LatencyOptions {
  int rounds = 9;  // timed forwards per cell, interleaved over the cells
  int warmup = 1;  // untimed forwards before each timed one of a cell

  [[nodiscard]] OrderedJson as_json() const;
};

struct Experiment {
  std::string name;
  std::string description;
  std::filesystem::path model;
  std::filesystem::path images;
  std::filesystem::path annotations;
  EvaluationOptions evaluation;
  LatencyOptions latency;
  std::vector<Cell> cells;  // the baseline first

  [[nodiscard]] OrderedJson as_json() const;  // as expanded
};

// A change from the command line: "bits" = {"4", "8"}. Keys: those of matrix blocks (replaced in
// every block), of "evaluation" and "latency", and model, images, annotations (one value each).
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
