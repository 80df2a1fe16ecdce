// How far a network's head outputs are from a reference's on the same images, without annotations:
// cheap stand-ins for the loss of AP.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/engine/executor.h"
#include "harness/evaluate/head_certainty.h"
#include "harness/model/graph.h"

namespace qyolo::harness {

// Sums over images, so that batches add up; the measures are per image.
struct HeadDivergence {
  double head_noise = 0;  // sum over levels of |y - y0|^2 / |y0|^2, times the images
  double objectness = 0;  // nats
  double classes = 0;     // nats
  double boxes = 0;       // 1 - IoU
  std::int64_t images = 0;
  std::int64_t levels = 0;  // of the head, per image, summed

  // Squared error of the raw head outputs relative to the reference's, the mean of the levels.
  [[nodiscard]] double head_error() const;
  // Kullback-Leibler divergence from the reference's objectness and, for each anchor weighted by
  // its reference objectness, class scores; each score is a Bernoulli distribution of its own, as
  // the network is trained. Nats per image.
  [[nodiscard]] double kl() const;
  // 1 - IoU of each anchor's box with the reference's, weighted by reference objectness: how much
  // overlap the expected objects lose, per image.
  [[nodiscard]] double box_loss() const;
  // kl() + box_loss(): scores and places, each anchor counting as much as the reference believes
  // that an object is there.
  [[nodiscard]] double detection_loss() const { return kl() + box_loss(); }

  HeadDivergence& operator+=(const HeadDivergence& other);
  // Of an effect so many times as large.
  [[nodiscard]] HeadDivergence operator*(double by) const;
};

// The reference's outputs on a batch, decoded once.
class ReferenceHead {
 public:
  // The graph must outlive it.
  ReferenceHead(const model::Graph& graph, std::vector<model::HeadOutput> outputs, int threads = 0);
  // REQUIRES: outputs of the same graph and batch. Values that are not finite make the measures
  // infinite.
  [[nodiscard]] HeadDivergence compare(const std::vector<model::HeadOutput>& outputs) const;

 private:
  const model::Graph& graph_;
  std::vector<model::HeadOutput> outputs_;
  int threads_;
  std::vector<double> signal_;            // of each level
  std::vector<std::vector<float>> rows_;  // of each image, as decode_rows()
};

}  // namespace qyolo::harness
