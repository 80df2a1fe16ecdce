// The maps of the unquantized network on calibration images, beside those of the network that is
// being quantized (calibration_walk.h).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "common/result.h"
#include "harness/network/calibration_images.h"

namespace qyolo::harness {

class UnquantizedMaps {
 public:
  // Has run all nodes before `next`, batch by batch, so that no more than one batch's maps are
  // there beside those still to be read. `last_reader`: of the input, then of each node; -1: none.
  // REQUIRES: the graph and the executor outlive it.
  static Result<UnquantizedMaps> start(const model::Graph& graph,
                                       const RoundingCalibration& calibration,
                                       std::span<const int> last_reader, int next);

  // The next node.
  Status run(int node);
  void release(int node);
  [[nodiscard]] model::LayerMap map(int node, std::size_t batch) const {
    return runners_[batch]->map(node, 0);
  }

 private:
  explicit UnquantizedMaps(const model::Graph& graph) : graph_(&graph) {}
  Status run(int node, model::LayerRunner& runner) const;

  const model::Graph* graph_;
  std::vector<std::unique_ptr<model::LayerRunner>> runners_;  // one per batch
};

}  // namespace qyolo::harness
