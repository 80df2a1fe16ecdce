// Measures how far quantized networks are from the original on calibration images: no annotations
// needed, and where networks differ late, little to compute (sweep.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/result.h"
#include "harness/cell/experiment.h"
#include "harness/engine/executor.h"
#include "harness/evaluate/calibration.h"
#include "harness/evaluate/image_chunks.h"
#include "harness/search/head_divergence.h"
#include "harness/search/sweep.h"

namespace qyolo::harness {

class ProxyMeter {
 public:
  // Decodes the images, through the evaluation's own pipeline, and keeps them in memory. The graph
  // and the executor must outlive the object.
  static Result<ProxyMeter> open(const model::Graph& graph, model::Executor& executor,
                                 const CalibrationSet& set, const EvaluationOptions& options,
                                 int threads);

  // One per network; `progress` counts images. The networks are compared with `reference`, which
  // runs once more for every call.
  Result<std::vector<HeadDivergence>> measure(const std::vector<SharedConv>& reference,
                                              std::vector<SweepNetwork> networks,
                                              const ImageProgress& progress = {});

  [[nodiscard]] std::size_t image_count() const { return image_count_; }
  [[nodiscard]] const SweepWork& work() const { return work_; }  // of all calls so far
  [[nodiscard]] double seconds() const { return seconds_; }      // likewise

 private:
  ProxyMeter(const model::Graph& graph, model::Executor& executor, int threads)
      : graph_(&graph), executor_(&executor), threads_(threads) {}

  const model::Graph* graph_;
  model::Executor* executor_;
  int threads_;
  std::vector<ImageChunk> chunks_;
  std::vector<std::vector<std::uint8_t>> pixels_;  // of each chunk
  std::size_t image_count_ = 0;
  SweepWork work_;
  double seconds_ = 0;
};

}  // namespace qyolo::harness
