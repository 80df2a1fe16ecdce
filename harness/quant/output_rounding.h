// Rounding some filters at once for the least error of their layer's outputs, behind its
// activation, on samples of its inputs: what calibrated rounding ends with (calibrated.h).
//
// Second moments (filter_rounding.h) count an error of the sum that a filter makes alike wherever
// it is made. An activation does not: SiLU and ReLU swallow what changes sums far below zero, where
// most of a map lies. Here biases, codes and scales are moved, one after the other, to what is best
// for
//   sum over positions of count ((f(y) - f(y*))^2 + leak (y - y*)^2)
// with f the activation, y the sums of the rounded filter, and y* those that are wanted there.
// Gauss-Newton: in each pass f is taken as linear about the sums at its beginning, so that a weight
// knows by one sum over positions where it should be. As in AdaRound (Nagel et al., arXiv
// 2004.10568) the outputs behind the activation are what counts; there by gradients, here by
// coordinate descent on the codes themselves.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "harness/quant/filter_rounding.h"
#include "harness/quant/grids.h"
#include "harness/quant/input_samples.h"

namespace qyolo::quant {

// What follows the sums that a convolution's filters make.
struct Activation {
  enum class Kind { kIdentity, kSiLU, kLeakyReLU, kReLU, kSigmoid };
  Kind kind = Kind::kIdentity;
  float slope = 0;  // leaky ReLU's, below zero
};

class OutputRounding {
 public:
  using PerFilter = std::array<double, kLanes8>;

  // `block`: its targets are the unrounded filters. `bias`: theirs.
  // REQUIRES: `samples` outlives it, and has positions.
  OutputRounding(const InputSamples& samples, const Activation& activation,
                 const FilterBlock& block, std::span<const float> bias);
  ~OutputRounding();
  OutputRounding(const OutputRounding&) = delete;
  OutputRounding& operator=(const OutputRounding&) = delete;

  // Before rounding: moves the block's targets, and what the biases change by, to where the outputs
  // are nearer to those wanted.
  void relax(FilterBlock& block);

  // Begins with the codes of the block, and biases changed by this.
  void begin(const Grids& grids, const FilterBlock& block, const PerFilter& bias_change);
  // Moves the biases, then each weight in turn to the value that is best while all others stay.
  void pass(const RoundingOrder& order, const Grids& grids, FilterBlock& block);
  // As best_factors(). Follows no change: follow() does.
  [[nodiscard]] std::vector<double> best_factors(const Grids& grids, const FilterBlock& block,
                                                 std::size_t per_filter);

  // The grids have changed, and the block's values from these with them.
  void follow(std::span<const double> before, const Grids& grids, const FilterBlock& block);

  // The sum above, of each filter, and what its bias has changed by, since the last begin(), pass()
  // or relax().
  [[nodiscard]] const PerFilter& loss() const { return loss_; }
  [[nodiscard]] const PerFilter& bias_change() const { return bias_change_; }

 private:
  using Map = std::vector<float>;  // [position][lane]
  struct Maps {
    Map wanted, wanted_outputs;  // sums, and what the activation makes of them
    Map sums;
    Map slopes, curvatures;  // half the derivatives of the loss by the sums
    Map slopes_left, along;  // of best_factors()
  };
  // Those that this thread used last: blocks of a layer are many, and fresh memory is slow.
  static Maps& spare_maps();

  // From the sums as they are: the loss, and how it changes with them.
  void linearize();
  void move_biases();
  // Of each of these weights in turn calls move(place of weight and lane, slope, curvature, ridge),
  // which returns what it adds to that weight: half the first derivative of the loss, and of the
  // second with the ridge, which is the damping in units of the weights' mean curvature.
  template <class Move>
  void move_weights(std::span<const std::size_t> weights, double damping, const Move& move);
  [[nodiscard]] float bias(std::size_t lane) const {
    return bias_[lane] + static_cast<float>(bias_change_[lane]);
  }
  // along = what the group's weights make of the sums
  void sum_group(const Grids& grids, const FilterBlock& block, std::span<const std::size_t> weights,
                 Map& along) const;
  // sums_ = the biases + inputs times value(place of weight and lane)
  template <class Value>
  void make_sums(const std::vector<float>& inputs, const FilterBlock& block, const Value& value,
                 Map& sums) const;
  // sums += inputs times value(place of weight and lane), of these weights
  template <class Value>
  void add_weights(const std::vector<float>& inputs, std::span<const std::size_t> weights,
                   std::size_t filters, const Value& value, Map& sums) const;

  const InputSamples& samples_;
  Activation activation_;
  std::array<float, kLanes8> bias_{};
  PerFilter bias_change_{}, loss_{};
  Maps maps_;
};

}  // namespace qyolo::quant
