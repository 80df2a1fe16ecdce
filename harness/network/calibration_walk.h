// The inputs of a network's convolutions on calibration images, layer by layer in the order of
// execution, each from the layers before it as they have been quantized: what calibrated rounding
// works from (quant/calibrated.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/result.h"
#include "harness/engine/executor.h"
#include "harness/model/graph.h"
#include "harness/network/calibration_images.h"
#include "harness/network/unquantized_maps.h"
#include "harness/quant/input_moments.h"

namespace qyolo::harness {

// How much each place of a batch's images counts, in squares of kSide pixels.
struct ObjectWeights {
  static constexpr int kSide = 8;
  int rows = 0, columns = 0;
  std::vector<float> values;  // [image][row][column]
};

// What a walk brings along of the inputs.
enum class WalkDetail {
  kMoments,  // second moments
  kSamples,  // and samples at some positions, for which the unquantized network is run beside, as
             // soon as the maps that both of them hold are not too large for that
};

class CalibrationWalk {
 public:
  // REQUIRES: the graph, the images and their executor outlive it.
  static Result<CalibrationWalk> start(const model::Graph& graph,
                                       const RoundingCalibration& calibration, WalkDetail detail,
                                       int threads);

  // Moments of the inputs of a convolution, one per group of it; positions of the letterbox's
  // padding are left out, of many positions some are taken, and each counts by how much the
  // unquantized network sees there (object_weights.h). Convolutions that read one map
  // alike share them. What samples want is half of the way from the inputs as they are to those
  // that the unquantized network has: all of it would also follow what is noise on the images at
  // hand. Valid until the next call of anything. Fails where an input is not finite. REQUIRES: all
  // convolutions before it have been set.
  Result<std::span<const quant::InputMoments>> inputs(int node);
  // Gives a convolution the weights that what follows is to see.
  Status set(int node, std::span<const float> weights, std::span<const float> bias);

 private:
  // How a convolution reads a map.
  struct Reading {
    int input = 0;
    int kernel_h = 0, kernel_w = 0, stride_h = 0, stride_w = 0, pad_h = 0, pad_w = 0;
    int dilation_h = 0, dilation_w = 0, groups = 0;
    bool operator==(const Reading&) const = default;
  };
  struct Known {
    Reading reading;
    std::vector<quant::InputMoments> moments;
  };
  struct Position {
    std::size_t batch = 0;
    int image = 0, y = 0, x = 0;
  };

  CalibrationWalk(const model::Graph& graph, const RoundingCalibration& calibration, int threads)
      : graph_(graph), calibration_(calibration), threads_(threads) {}

  // The first node from which on the maps that are held are small enough to be there twice.
  [[nodiscard]] Result<int> first_followed() const;

  // Runs what lies between the last convolution and this node.
  Status advance(int node);
  void release_after(int node);
  [[nodiscard]] std::vector<Position> positions(const model::ConvNode& conv, int input,
                                                std::size_t most) const;
  [[nodiscard]] double weight_of(const model::ConvNode& conv, int input,
                                 const Position& position) const;
  [[nodiscard]] quant::InputSamples samples_of(const model::ConvNode& conv, int input, int group,
                                               std::span<const Position> positions,
                                               std::span<const double> roots);
  Result<std::vector<quant::InputMoments>> moments_of(const model::ConvNode& conv,
                                                      const Reading& reading);

  const model::Graph& graph_;
  RoundingCalibration calibration_;
  int threads_;
  std::unique_ptr<model::LayerRunner> runner_;
  WalkDetail detail_ = WalkDetail::kMoments;
  int first_followed_ = 0;
  std::optional<UnquantizedMaps> unquantized_;
  std::vector<ObjectWeights> object_weights_;  // of each batch
  std::vector<int> last_reader_;               // of the input, then of each node; -1: none
  int next_ = 0;                               // the first node that has not been run
  std::vector<Known> known_;
  quant::InputSamples spare_samples_;  // whose memory the next ones take: fresh memory is slow
};

}  // namespace qyolo::harness
