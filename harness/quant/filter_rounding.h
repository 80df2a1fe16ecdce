// Rounding some filters at once, against the second moments of their inputs (calibrated.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/quant/grids.h"
#include "harness/quant/options.h"
#include "harness/quant/symmetric_matrix.h"

namespace qyolo::quant {

// Damped second moments, and their Cholesky factor, in the order in which weights are rounded.
class RoundingOrder {
 public:
  // `damping`: a share of the mean of the diagonal, added to it. More where that leaves H singular.
  RoundingOrder(const SymmetricMatrix& second, double damping, int threads);

  [[nodiscard]] std::size_t size() const { return order_.size(); }
  // Position among the weights of the j-th column; the last column is rounded first.
  [[nodiscard]] std::size_t weight(std::size_t column) const { return order_[column]; }
  [[nodiscard]] std::vector<std::size_t> weights() const {  // in the order of rounding
    return {order_.rbegin(), order_.rend()};
  }
  // L_jj, and from the second entry on of row j of the ratios: L_ij / L_jj, i > j.
  [[nodiscard]] double pivot(std::size_t column) const { return pivots_[column]; }
  [[nodiscard]] const double* ratios(std::size_t row) const { return factor_.row(row).data(); }
  // Whether H says anything; else all weights count alike, and each goes to its nearest value.
  [[nodiscard]] bool informed() const { return informed_; }
  [[nodiscard]] double ridge() const { return ridge_; }  // what was added to the diagonal

 private:
  std::vector<std::size_t> order_;
  SymmetricMatrix factor_;  // above the diagonal: the ratios
  std::vector<double> pivots_;
  double ridge_ = 0;
  bool informed_ = false;
};

// Filters that are rounded together, one per lane.
inline constexpr std::size_t kLanes8 = 8;

// Weights and their places in the grids of up to kLanes8 filters, [weight][lane].
struct FilterBlock {
  std::size_t filters = 0;
  std::vector<double> targets;          // the weights, or what stands for them
  std::vector<std::uint32_t> slots;     // of each weight's grid
  std::vector<std::uint16_t> places;    // the result, in that grid
  std::array<double, kLanes8> error{};  // e^T H e of the result
};

// REQUIRES: a block of order.size() weights.
void round_filters(const RoundingOrder& order, const Grids& grids, Rounding rounding,
                   FilterBlock& block);
// Passes of coordinate descent from where the block is. `second`: undamped.
void improve_filters(const RoundingOrder& order, const SymmetricMatrix& second, const Grids& grids,
                     FilterBlock& block);

// A group's values change by at most this share at once.
inline constexpr double kMostRescaled = 0.5;

// What the block's codes decode to, [weight][lane]; 0 of lanes without a filter.
[[nodiscard]] std::vector<double> values_of(const Grids& grids, const FilterBlock& block);

// The weights of a filter that each group holds. REQUIRES: as best_factors().
[[nodiscard]] std::vector<std::vector<std::size_t>> weights_of_groups(const FilterBlock& block,
                                                                      std::size_t per_filter);

// Of each group in turn what to multiply its values by for the least error of the filter's outputs,
// the codes staying as they are: one factor per slot. REQUIRES: slots are `per_filter` groups of
// each filter of the block, laid out alike in all of them.
[[nodiscard]] std::vector<double> best_factors(const RoundingOrder& order,
                                               const SymmetricMatrix& second, const Grids& grids,
                                               const FilterBlock& block, std::size_t per_filter);

}  // namespace qyolo::quant
