// The convolutions of a network as a checkpoint stores them, before batch norms, branches and
// implicit knowledge are folded in: what a study of the unfused layout quantizes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/model/graph.h"

namespace qyolo::model {

// One value per channel. gamma and beta are empty where the module has none (then 1 and 0).
struct BatchNorm {
  std::string name;  // the module's path: "model.0.bn"
  std::vector<float> gamma, beta, mean, variance;
  double eps = 0;
};

// A convolution's own tensors, and the batch norm behind it.
struct StoredTensors {
  std::string name;           // the module's path: "model.102.rbr_dense.0"
  std::vector<float> weight;  // [filters, channels / groups, kernel_h, kernel_w]
  std::vector<float> bias;    // empty: none
  std::optional<BatchNorm> norm;
};

// Everything that is folded into one ConvNode.
struct UnfusedConv {
  StoredTensors dense;
  // RepConv's other branches: a 1x1 convolution of the same filters and channels, an identity.
  std::optional<StoredTensors> pointwise;
  std::optional<BatchNorm> identity;
  // IDetect's implicit knowledge, one value per input channel, and one per filter; both or none.
  std::vector<float> implicit_add, implicit_multiply;
};

// Sets the node's weight and bias. REQUIRES: sizes that fit the node. Fails where folding gives a
// NaN or an infinity.
Status fold(const UnfusedConv& unfused, ConvNode& node);

// A graph without weights and biases, and what folds into them: one per graph.conv_nodes().
struct UnfusedNetwork {
  Graph graph;
  std::vector<UnfusedConv> convs;
};

// As load_checkpoint(), without folding.
Result<UnfusedNetwork> load_unfused(const std::filesystem::path& path);

}  // namespace qyolo::model
