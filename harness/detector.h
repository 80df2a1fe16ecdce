// Detection on single images outside any dataset, and pictures with the boxes drawn in.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"
#include "harness/evaluation.h"

namespace qyolo::harness {

struct LabelledBox {
  BoxXywh bbox{};  // pixels of the image
  double score = 0;
  int class_index = 0;
  std::string name;
};

struct DetectorOptions {
  int image_size = 640;
  double confidence = 0.25;
  double iou = 0.45;
  int threads = 0;
};

class Detector {
 public:
  static Result<std::unique_ptr<Detector>> open(const std::filesystem::path& model,
                                                const Cell& cell, const DetectorOptions& options,
                                                const ExecutorFactory& factory);
  ~Detector();

  // Of an image size that the network does not take; empty: none.
  [[nodiscard]] const std::string& warning() const;

  // Highest score first.
  Result<std::vector<LabelledBox>> detect(const std::filesystem::path& image);

 private:
  struct State;
  explicit Detector(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Writes a copy of the image with boxes, names and scores; the format follows `out`'s extension.
Status draw_boxes(const std::filesystem::path& image, const std::vector<LabelledBox>& boxes,
                  const std::filesystem::path& out);

}  // namespace qyolo::harness
