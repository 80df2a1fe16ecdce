// Rules: which layers of a network are quantized differently from the rest, or not at all. With
// rules that set the granularity a network gets combined granularities (the study: 1x1 kernels
// filter by filter, the others otherwise); with rules that set scheme or bits it is a hybrid.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.h"
#include "harness/quant/granularity.h"
#include "harness/quant/quantize.h"

namespace qyolo::quant {

// What rules can tell a weight tensor by.
struct LayerTraits {
  std::string name;  // the checkpoint's path: "model.0.conv"
  std::string type;  // the checkpoint's class of the layer: "Conv", "RepConv", "IDetect"
  int index = 0;     // the layer's place in the network: 105 for model.105.m.0
  Shape shape;
  bool head = false;  // an output convolution of the detection head
};

// A regular expression (RE2's syntax: no backreferences, no looking around) that must match the
// whole text. It is matched in time linear in the text, whatever the pattern is.
class NamePattern {
 public:
  static Result<NamePattern> compile(std::string pattern);  // at most 1000 characters
  [[nodiscard]] const std::string& text() const { return text_; }
  // Names over 1000 bytes match nothing.
  [[nodiscard]] bool matches(std::string_view name) const;

 private:
  struct Compiled;
  std::string text_;
  std::shared_ptr<const Compiled> compiled_;
};

// Conditions on a weight tensor; all that are given must hold.
struct LayerMatch {
  std::optional<std::pair<std::int64_t, std::int64_t>> kernel;  // height, width
  std::optional<NamePattern> name;
  std::optional<std::pair<int, int>> index;  // first, last
  std::optional<std::string> type;
  std::optional<bool> head;
  // Weights that share parameters under the granularity that the network has without rules, at
  // most: 1 finds the layers that a granularity cuts into single weights.
  std::optional<std::int64_t> group_size;

  [[nodiscard]] bool matches(const LayerTraits& layer, const Granularity& general) const;
  // "1x1", "model\.105\..*", "layers 0-10, type Conv", "head",
  // "groups of up to 1".
  [[nodiscard]] std::string text() const;
};

struct Rule {
  LayerMatch match;
  bool keep = false;  // stays in floating point; the recipe is not used
  Recipe recipe;
  // Where activations are quantized, the layer's inputs are not (but for other readers): its
  // weights are quantized, and it computes in floating point.
  bool weights_only = false;
};

// The first rule that matches; nullptr: none. The pointer is into the argument.
[[nodiscard]] const Rule* rule_for(const LayerTraits& layer, const Recipe& general,
                                   const std::vector<Rule>& rules);
// The recipe of one weight tensor: that of the first rule that matches, else the general one;
// nullptr where a rule keeps it. The pointer is into the arguments.
[[nodiscard]] const Recipe* recipe_for(const LayerTraits& layer, const Recipe& general,
                                       const std::vector<Rule>& rules);

}  // namespace qyolo::quant
