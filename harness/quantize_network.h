// Quantizes a network as a cell says: which tensors there are, how each is encoded, and the network
// that comes out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/result.h"
#include "harness/calibration_walk.h"
#include "harness/cell.h"
#include "harness/model/executor.h"
#include "harness/model/graph.h"
#include "harness/model/unfused.h"
#include "harness/packed_artifact.h"
#include "harness/quant/quantize.h"

namespace qyolo::harness {

// A checkpoint's network in both layouts: folded, as it runs, and (read when first needed) as
// stored. Or that of a packed artifact, which is told by its content; it has one cell only, its
// own.
class SourceNetwork {
 public:
  static Result<SourceNetwork> open(const std::filesystem::path& model);

  [[nodiscard]] const model::Graph& graph() const { return graph_; }
  // nullptr for a checkpoint; its graph and unfused convolutions are those of this object.
  [[nodiscard]] const Artifact* artifact() const { return artifact_ ? &*artifact_ : nullptr; }
  // The cell that the network as it is in the file belongs to: for the baseline, an artifact's own.
  [[nodiscard]] Cell resolve(const Cell& cell) const;
  // Fails for a cell that would quantize an artifact again.
  [[nodiscard]] Status check(const Cell& cell) const;
  // Where the calibration images come from that cells with calibrated rounding need. What it gives
  // must outlive the object.
  void set_calibrator(RoundingCalibrator calibrator) { calibrator_ = std::move(calibrator); }
  // Fails without one.
  Result<RoundingCalibration> calibration() const;
  // One per graph().conv_nodes(). Valid while the object lives and is not moved.
  Result<const std::vector<model::UnfusedConv>*> unfused();

 private:
  std::filesystem::path path_;
  model::Graph graph_;
  std::vector<model::UnfusedConv> unfused_;
  std::optional<Artifact> artifact_;
  RoundingCalibrator calibrator_;
};

[[nodiscard]] quant::LayerTraits traits_of(const model::ConvNode& conv);
[[nodiscard]] quant::LayerTraits traits_of(const model::Graph& graph,
                                           const model::Graph::StoredConv& conv);

// The weight tensors of a convolution in the unfused layout, in the order of
// QuantizedNetwork::layers.
struct StoredTraits {
  quant::LayerTraits dense;
  std::optional<quant::LayerTraits> pointwise;
};
[[nodiscard]] StoredTraits stored_traits(const model::ConvNode& node,
                                         const model::UnfusedConv& unfused);

// One weight tensor: of a convolution, or in the unfused layout of a stored one.
struct QuantizedLayer {
  quant::LayerTraits traits;
  std::optional<quant::QuantizedTensor> tensor;  // nullopt: a rule keeps it
  std::vector<float> weights;                    // as evaluated
  quant::WeightError error;                      // 0 of a kept one
};

struct QuantizedNetwork {
  std::vector<QuantizedLayer> layers;
  // What runs, one per graph.conv_nodes(). Without `unfused`, the weights are those of `layers`
  // (and empty here).
  struct Conv {
    std::vector<float> weight, bias;
  };
  std::vector<Conv> convs;
  // Unfused layout only, one per graph.conv_nodes(): what is folded, as stored beside the codes
  // (norms rounded to NetworkOptions::kept_bits), without the conv weights, which are those of
  // `layers`: for each, the dense one, then the pointwise one if there is one.
  std::vector<model::UnfusedConv> unfused;

  [[nodiscard]] std::span<const float> weight(std::size_t conv) const {
    return unfused.empty() ? layers[conv].weights : convs[conv].weight;
  }
};

// Fails on a rule that fits no weight tensor of the network: it would silently do nothing. (Whether
// groups are small enough for it is not looked at.)
Status check_rules(const model::Graph& graph, const Cell& cell);

// An error names the layer. REQUIRES: not the baseline.
Result<QuantizedNetwork> quantize_network(SourceNetwork& source, const Cell& cell, int threads);

// One convolution of the folded network; without a recipe it is kept, in the width that
// NetworkOptions::kept_bits says. The bias is rounded to that in any case.
struct QuantizedConv {
  QuantizedLayer layer;
  std::vector<float> bias;
};
// `inputs`: for a recipe that needs them (quant/calibrated.h); the bias then also takes up what the
// weights' errors change the outputs by on average.
Result<QuantizedConv> quantize_conv(const model::ConvNode& conv, const quant::Recipe* recipe,
                                    int kept_bits, int threads,
                                    std::span<const quant::InputMoments> inputs = {});

// Names of the graph's convolutions that compute in floating point: those that a rule keeps (in the
// unfused layout, all of whose stored tensors are kept). With floating-point weights likewise.
Result<std::set<std::string>> kept_convolutions(SourceNetwork& source, const Cell& cell);

struct LayerError {
  std::string name;
  quant::Shape shape;
  std::int64_t groups = 0;  // 0: kept in floating point
  std::string recipe;       // "affine 4-bit filter", "kept"
  quant::WeightError error;
  // Of its regions, entropy-coded; of piecewise-linear tensors, where it was asked for.
  std::optional<std::int64_t> coded_region_bytes{};
};

enum class RegionSizes { kRaw, kCoded };

// Of one tensor; kCoded packs its regions on one thread.
[[nodiscard]] LayerError layer_error(const QuantizedLayer& layer,
                                     RegionSizes regions = RegionSizes::kRaw);

// Gives the executor the network that the cell makes. One entry per weight tensor; none for the
// baseline and for artifacts, whose network is that of the graph. kCoded also entropy-codes the
// regions, to know what they take: seconds for a large network.
Result<std::vector<LayerError>> load_weights(SourceNetwork& source, const Cell& cell,
                                             model::Executor& executor, int threads,
                                             RegionSizes regions = RegionSizes::kRaw);

}  // namespace qyolo::harness
