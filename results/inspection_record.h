// The documents of `inspect`: what is in a model, and the weights of one of its layers.
// docs/records.md describes every key.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "metrics/memory.h"
#include "results/renderers.h"

namespace qyolo::results {

struct InspectedLayer {
  std::string name, type;
  int index = 0;
  std::array<std::int64_t, 4> shape{};  // [n, c, kh, kw]
  bool head = false;
  std::int64_t weights = 0, groups = 0;
  std::string recipe;  // "pwlq 4-bit filter", "kept"
  int bits = 0;
  std::int64_t true_bytes = 0;
  double min = 0, max = 0, std = 0;  // of the weights
};

struct InspectedArtifact {
  std::int64_t header_bytes = 0, data_bytes = 0;
  std::string regions;  // "raw", "entropy"
  std::string checkpoint_sha256, qyolo;
};

struct Inspection {
  std::string head, source;
  std::vector<std::string> classes;
  std::vector<double> strides;
  std::vector<Json> anchors;                  // of each level
  std::optional<InspectedArtifact> artifact;  // where the model is one
  // After folding, and as the file stores them.
  std::int64_t convolutions = 0, weights = 0, biases = 0;
  std::int64_t stored_values = 0, stored_conv_weights = 0;
  OrderedJson cell;  // as records spell cells
  std::string cell_label;
  OrderedJson memory;  // memory_json()
  std::vector<InspectedLayer> layers;
};

[[nodiscard]] OrderedJson inspection_json(const Inspection& inspection);
Result<Inspection> read_inspection(const Json& document, const std::string& place);
[[nodiscard]] std::string inspection_text(const Inspection& inspection);
[[nodiscard]] std::string inspection_csv(const Inspection& inspection);  // one line per layer
[[nodiscard]] Renderers renderers_of(const Inspection& inspection);

// The weights of one layer or group, and the grid that a scheme lays over them; values are in the
// weights' unit.
struct WeightHistogram {
  std::string layer;  // "model.0.conv"
  std::string shape;  // "[32, 3, 3, 3]"
  std::string cell;   // "pwlq 4-bit filter", "FP32"
  std::string group;  // "group 3 of 32"; empty: the whole layer
  std::string note;   // what the numbers leave out; may be empty
  std::int64_t weights = 0;
  double low = 0, high = 0;  // smallest and largest weight
  // Bins of equal width from low to high; the last one includes high.
  std::vector<std::int64_t> counts;

  struct Level {
    double value = 0;
    std::int64_t weights = 0;  // decoded to it
  };
  std::vector<Level> levels;        // all that a weight can be decoded to, ascending; FP32: none
  std::vector<double> breakpoints;  // ascending; uniform schemes: none
  std::int64_t clipped = 0;         // weights more than half a step beyond the outermost levels
  std::optional<double> sqnr_db;    // none: exact
};

[[nodiscard]] OrderedJson histogram_json(const WeightHistogram& histogram);
[[nodiscard]] std::string histogram_text(const WeightHistogram& histogram);  // one line
[[nodiscard]] std::string histogram_csv(const WeightHistogram& histogram);   // one line per bin
Result<WeightHistogram> read_histogram(const Json& document, const std::string& place);
[[nodiscard]] Renderers renderers_of(const WeightHistogram& histogram);

}  // namespace qyolo::results
