#include "harness/network/unquantized_maps.h"

#include <utility>

namespace qyolo::harness {

Result<UnquantizedMaps> UnquantizedMaps::start(const model::Graph& graph,
                                               const RoundingCalibration& calibration,
                                               std::span<const int> last_reader, int next) {
  UnquantizedMaps maps(graph);
  for (const CalibrationBatch& batch : calibration.batches) {
    QYOLO_TRY(auto runner, calibration.executor->layer_runner());
    QYOLO_CHECK_OK(runner->add_batch(batch.rgb, static_cast<int>(batch.images.size()), batch.height,
                                     batch.width));
    for (int node = 0; node < next; ++node) {
      const auto reader_of = [&](int of) { return last_reader[static_cast<std::size_t>(of + 1)]; };
      if (reader_of(node) >= 0) QYOLO_CHECK_OK(maps.run(node, *runner));
      for (const int input : graph.nodes[static_cast<std::size_t>(node)].inputs) {
        if (reader_of(input) == node) runner->release(input);
      }
    }
    maps.runners_.push_back(std::move(runner));
  }
  return maps;
}

Status UnquantizedMaps::run(int node, model::LayerRunner& runner) const {
  const model::ConvNode* conv = graph_->nodes[static_cast<std::size_t>(node)].conv();
  if (conv == nullptr) return runner.run(node, {}, {});
  return runner.run(node, conv->weight, conv->bias);
}

Status UnquantizedMaps::run(int node) {
  for (const auto& runner : runners_) QYOLO_CHECK_OK(run(node, *runner));
  return {};
}

void UnquantizedMaps::release(int node) {
  for (const auto& runner : runners_) runner->release(node);
}

}  // namespace qyolo::harness
