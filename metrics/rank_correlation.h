// How well two measurements of the same things agree on their order.
#pragma once

#include <optional>
#include <span>

namespace qyolo::metrics {

// Spearman's rho: Pearson's correlation of the ranks, equal values getting their mean rank. None
// for fewer than two pairs, or where one side is constant.
// REQUIRES: spans of one size, finite values.
[[nodiscard]] std::optional<double> spearman(std::span<const double> a, std::span<const double> b);

// Kendall's tau-b: pairs in the same order minus pairs in opposite order, over the geometric mean
// of the numbers of pairs that each side does not tie (Kendall 1945). Otherwise as spearman().
[[nodiscard]] std::optional<double> kendall(std::span<const double> a, std::span<const double> b);

}  // namespace qyolo::metrics
