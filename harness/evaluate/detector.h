// Detection on single images outside any dataset.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/labelled_box.h"
#include "common/result.h"
#include "datasets/image_pipeline.h"
#include "harness/evaluate/evaluation.h"

namespace qyolo::harness {

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
  // The same of a picture in memory; `name` is what errors call it.
  Result<std::vector<LabelledBox>> detect(const datasets::Picture& picture,
                                          const std::string& name);

 private:
  struct State;
  explicit Detector(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace qyolo::harness
