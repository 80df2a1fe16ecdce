// Codes of convolutions' outputs before their activation functions, for runtimes that have integer
// convolutions only between codes. qyolo's own engine needs none, and its cells have none.
//
// A range of 8-bit codes for y, found so that f(y) suffers least: of all [i/100 m, j/100 M] (m and
// M the extremes, 0 included) the one with the smallest expected squared error of f(y^) against
// f(y) over the histogram of y, i and j by turns, as activation_range.h's `mse` looks for it. i is
// large enough that what is cut off below becomes a value within half a step of the codes behind
// the activation function: SiLU's values far below zero are all nearly 0, but there are many of
// them, and if all came out too low a convolution would add that up.
#pragma once

#include <functional>
#include <map>
#include <set>

#include "common/result.h"
#include "harness/evaluate/calibration.h"
#include "harness/evaluate/evaluation.h"
#include "harness/model/graph.h"
#include "harness/quant/activation.h"
#include "harness/quant/activation_histogram.h"

namespace qyolo::harness {

// `step`: the scale of the codes of f(y).
[[nodiscard]] quant::ActivationParameters parameters_before(
    const quant::ActivationHistogram& histogram, const std::function<float(float)>& activation,
    float step);

// The graph with a twin of each of these convolutions behind its nodes, which computes the same but
// for the activation function; nothing reads it. REQUIRES: nodes of convolutions.
struct TwinGraph {
  model::Graph graph;
  std::map<int, int> twin_of;  // by node
};
[[nodiscard]] TwinGraph with_twins(const model::Graph& graph, const std::set<int>& convolutions);

}  // namespace qyolo::harness
