// The weights of the networks that many cells make, each kind of each convolution held once: where
// two cells quantize a convolution alike, they share one object.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/result.h"
#include "harness/cell/cell.h"
#include "harness/network/quantize_network.h"

namespace qyolo::harness {

struct ConvWeights {
  std::vector<float> weight, bias;
};
using SharedConv = std::shared_ptr<const ConvWeights>;

struct CellNetwork {
  std::vector<SharedConv> convs;   // one per graph.conv_nodes()
  std::vector<LayerError> layers;  // as load_weights() gives them
};

// Not for use from several threads at once. The source must outlive it.
class WeightStore {
 public:
  explicit WeightStore(SourceNetwork& source, int threads = 0);

  // Fails as quantize_network().
  Result<CellNetwork> network(const Cell& cell, RegionSizes regions = RegionSizes::kRaw);
  // One convolution of the folded network, by its place among graph.conv_nodes(), as
  // quantize_conv().
  struct Made {
    SharedConv weights;
    LayerError error;
  };
  Result<Made> conv(std::size_t index, const quant::Recipe* recipe, int kept_bits,
                    RegionSizes regions = RegionSizes::kRaw);
  // That convolution as it is in the file.
  SharedConv original(std::size_t index);
  // All of them.
  std::vector<SharedConv> originals();

  [[nodiscard]] std::int64_t bytes() const { return bytes_; }  // of all weights held

 private:
  struct Entry {
    std::optional<quant::Recipe> recipe;  // none: kept
    int kept_bits = 0;
    bool coded = false;  // whether `made` says what coded regions take
    Made made;
  };
  SharedConv hold(std::vector<float> weight, std::vector<float> bias);

  SourceNetwork& source_;
  int threads_;
  std::vector<int> nodes_;
  std::vector<std::vector<Entry>> entries_;        // of each convolution
  std::vector<std::vector<SharedConv>> unfolded_;  // likewise, those of unfused cells
  std::vector<SharedConv> originals_;
  std::int64_t bytes_ = 0;
};

}  // namespace qyolo::harness
