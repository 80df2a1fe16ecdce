// The ways to quantize each layer that are worth measuring: of all schemes, widths and
// granularities those that no other beats in both size and weight error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/network/quantize_network.h"
#include "harness/network/weight_store.h"
#include "harness/search/head_divergence.h"

namespace qyolo::harness {

// Squared weight error over squared weights that next to nothing comes of: some 6 bits.
inline constexpr double kNearlyExact = 5e-4;

struct LayerCandidate {
  std::optional<quant::Recipe> recipe;  // none: kept in 16-bit floating point
  std::int64_t bytes = 0;               // true accounting; with its regions as they are asked for
  double noise = 0;                     // squared weight error over squared weights
  double estimated_noise = 0;           // that of some filters, rounded to nearest
  HeadDivergence divergence;            // of the network with this layer alone quantized so
  bool measured = true;                 // that; else told from those of like candidates
  bool integers = false;                // computed on codes of 8 bits, weights and inputs
  double milliseconds = 0;              // of one image, where the latency is bounded

  [[nodiscard]] std::string text()
      const;  // "pwlq 4-bit filter", "symmetric 4-bit filter A8", "kept"
};

struct LayerCandidates {
  std::size_t conv = 0;  // its place among graph.conv_nodes()
  std::string name;
  std::int64_t weights = 0;
  std::vector<LayerCandidate> candidates;  // sizes ascending
};

// One recipe for the whole network.
struct UniformCandidate {
  quant::Recipe recipe;
  std::int64_t bytes = 0;           // of the whole network, as LayerCandidate
  double noise = 0;                 // estimated, the mean of the layers
  std::vector<double> noises = {};  // of each layer
  double cost = 0;                  // of the network with all layers quantized so; not found here
};

struct CandidateSearch {
  std::vector<LayerCandidates> layers;  // one per graph.conv_nodes()
  // Not beaten in both size and error by another of the same scheme, width and bias correction:
  // across these, weight error does not say which network is better. Sizes ascending.
  std::vector<UniformCandidate> uniform;
  std::size_t tried = 0;  // tensors quantized
  double seconds = 0;
};

struct CandidateOptions {
  bool coded_regions = false;       // sizes with region bits entropy-coded
  std::size_t most_per_layer = 10;  // kept for measuring; of those of some 6 bits and more two
  // How candidates round; they are told apart by their errors when rounded to nearest.
  quant::Rounding rounding = quant::Rounding::kNearest;
  int threads = 0;
  std::vector<const quant::Scheme*> schemes;  // empty: all
  std::vector<std::string> granularities;     // empty: all that are tried
};

// What is tried: every scheme (of these; none: of all) at 2 to 8 bits, layer, filter, fshape,
// group:128 and group:32 (likewise), ranges (where a scheme does not cover all weights) and
// breakpoints by least squared error, 16-bit scales and integer zero-points. Rounded to nearest,
// with and without bias correction; with calibrated rounding, which corrects biases by itself,
// ranges are those of least output error.
[[nodiscard]] std::vector<quant::Recipe> candidate_recipes(
    quant::Rounding rounding, const std::vector<const quant::Scheme*>& schemes = {},
    const std::vector<std::string>& granularities = {});

// The same without calibration images: to nearest, ranges of least squared weight error.
[[nodiscard]] quant::Recipe rounded_to_nearest(const quant::Recipe& recipe);

// A layer's filters that weight errors are estimated on: at most `most`, evenly spread, the one
// with the largest weight among them. Of grouped convolutions all.
[[nodiscard]] model::ConvNode sampled_filters(const model::ConvNode& conv, int most);

// Recipes that a layer cannot take (weights too large for 16-bit scales) are left out for it.
// Errors are those of at most 32 filters, with breakpoints by formulas, and from 6 bits on with
// whole ranges, unless regions are coded.
Result<CandidateSearch> find_candidates(
    SourceNetwork& source, const CandidateOptions& options,
    const std::function<void(std::size_t, std::size_t)>& progress = {});

// Bytes of what is no conv weight in the folded network, in 16 bits.
[[nodiscard]] std::int64_t bias_bytes(const model::Graph& graph);

}  // namespace qyolo::harness
