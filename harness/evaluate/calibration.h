// Calibration: what a network's activations are on a set of images, and the quantization parameters
// that follow from it.
//
// The images go through the evaluation's own pipeline (letterbox, padding, image size, rect
// batches), so that activations are those of inference. The weights are those of the checkpoint, in
// FP32: quantized weights change activations little, and so one calibration serves every cell. The
// histograms are independent of bits, range method, sharing and kept layers.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/artifact/calibrated_activations.h"
#include "harness/cell/experiment.h"
#include "harness/engine/executor.h"
#include "harness/model/graph.h"
#include "harness/network/calibration_images.h"
#include "harness/quant/activation.h"
#include "harness/quant/activation_histogram.h"

namespace qyolo::harness {

using CalibrationProgress = std::function<void(std::size_t done, std::size_t total)>;

class Calibration {
 public:
  // Runs the network on the images. REQUIRES: an executor of `graph` with the graph's own weights.
  // Fails where an image cannot be read, and where an activation is not finite.
  static Result<Calibration> run(const model::Graph& graph, model::Executor& executor,
                                 const CalibrationSet& set, const EvaluationOptions& options,
                                 int threads, const CalibrationProgress& progress = {});

  // Parameters of every quantized tensor of the graph; `keep` says which convolutions read and
  // compute in floating point (model/activation_points.h).
  [[nodiscard]] CalibratedActivations activations(
      const model::Graph& graph, const quant::ActivationOptions& options,
      const std::function<bool(const model::ConvNode&)>& keep, int threads) const;

  [[nodiscard]] std::size_t image_count() const { return image_count_; }
  // By node, of model::observable_nodes().
  [[nodiscard]] const std::map<int, quant::ActivationHistogram>& histograms() const {
    return histograms_;
  }

 private:
  std::size_t image_count_ = 0;
  std::map<int, quant::ActivationHistogram> histograms_;
};

// The set's images, for calibrated rounding. Fails where one cannot be read.
Result<std::vector<CalibrationBatch>> load_calibration_batches(const CalibrationSet& set,
                                                               const EvaluationOptions& options,
                                                               int max_stride, int threads);

// SHA-256 of the set's images: part of the key of every cell that depends on them.
Result<std::string> calibration_sha256(const CalibrationSet& set, int threads);

}  // namespace qyolo::harness
