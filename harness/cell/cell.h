// A cell of an experiment's matrix: one way to quantize the network.
//
// As JSON (one block of an experiment's matrix; there, each value but those inside a rule may be a
// list, and the block is the cross product of its lists):
//   {"scheme": "affine", "bits": 4, "granularity": "channel",
//    "keep": "head", "name": "ours",
//    "rules": ["1x1 -> filter", {"index": [0, 10], "scheme": "pwlq", "bits": 8}],
//    "fold": "on", "kept_bits": 16, and the options of quant::SchemeOptions,
//    "activation_bits": 8, "activation_range": "mse", "activation_shared": true}
// Rules are tried in order, the first that matches a weight tensor decides. A rule has
//   conditions  "kernel": "1x1", "name": a regular expression for the whole name, "index": 105 or
//               [first, last], "type": "RepConv", "head": true (the detection head's output
//               convolutions), "group_size": G (under the cell's granularity the tensor's groups
//               have at most G weights); none: every tensor
//   and either  "keep": true, or what replaces the cell's own choice: "scheme", "bits",
//               "granularity", scheme options; beside these "weights_only": true, where activations
//               are quantized: the layer's weights are, its inputs are not
// or is a text: "1x1 -> filter", "name=model\\.0\\..*, type=Conv -> scheme=pwlq, bits=8",
// "head -> bits=8", "index=100-105 -> keep". A cell's own "keep" is "head" or a regular expression
// for whole names: a rule that keeps these, before all others. With "activation_bits" (4 to 8; 0 or
// absent: none) activations are quantized, too, which needs the experiment's calibration set; a
// kept layer, and one of which only the weights are quantized, reads floating point where it is the
// only reader (model/activation_points.h). The
// scheme "fp32" (no bits, no granularity; rules can only keep) leaves the weights as they are. In a
// matrix "rules" is one list of rules, or a list of such lists: one cell for each. A "name" is what
// tables and charts call the cell; of a block that is one cell.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "harness/cell/network_options.h"
#include "harness/quant/activation.h"
#include "harness/quant/rules.h"

namespace qyolo::harness {

struct Cell {
  // Weights in floating point as in the checkpoint: of everything else only the activations, and
  // which layers are kept, are looked at.
  bool baseline = false;
  bool artifact = false;  // what a packed artifact was made with, and the only cell it has
  // Of a baseline whose checkpoint holds dequantized weights: what these were quantized as.
  std::string dequantized;
  std::string name;  // that the experiment gives it; no part of what it is
  quant::Recipe recipe;
  std::vector<quant::Rule> rules;
  NetworkOptions network;
  std::optional<quant::ActivationOptions> activations;  // nullopt: floating point

  // Whether anything is quantized.
  [[nodiscard]] bool quantized() const { return !baseline || activations.has_value(); }
  // What it is, in full: "affine 4-bit filter", "pwlq 4-bit 1x1 filter, else channel fold=off",
  // "FP32", "symmetric 8-bit filter A8", "dequantized affine 4-bit filter". What people read is
  // made of it and of what ran by results/label.h.
  [[nodiscard]] std::string label() const;
  // "filter", or with rules that set nothing but the granularity "1x1 filter, else channel".
  [[nodiscard]] std::string granularity() const;
  // Normalised: options at their default are written too; without the name.
  [[nodiscard]] OrderedJson as_json() const;
  // With the name, if there is one.
  [[nodiscard]] OrderedJson named_json() const;

  // Whether weights or activations depend on calibration images.
  [[nodiscard]] bool calibrated() const;
  // Whether weights do.
  [[nodiscard]] bool rounds_by_inputs() const;
  // How a weight tensor is quantized; nullptr: kept in floating point.
  [[nodiscard]] const quant::Recipe* recipe_for(const quant::LayerTraits& layer) const;
  // Whether a convolution computes in floating point on what nothing else needs codes of.
  [[nodiscard]] bool reads_floats(const quant::LayerTraits& layer) const;
};

// The cross product of a matrix block, the first axis slowest. Appends to `cells`.
Status expand_block(const Json& block, const std::string& place, std::vector<Cell>& cells);

// One cell from single values.
Result<Cell> read_cell(const Json& block, const std::string& place);

// The inverse of Cell::named_json(), with its label or without one.
Result<Cell> cell_from_json(const Json& json, const std::string& place);

// Keys of a block that are no option: "scheme", "granularity", "bits", "keep", "rules".
[[nodiscard]] const std::vector<std::string_view>& cell_keys();

}  // namespace qyolo::harness
