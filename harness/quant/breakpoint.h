// Where a piecewise-linear scheme puts its breakpoint p in (0, m), m = max|r|: the analytic methods
// of PWLQ (Fang et al., ECCV 2020, arXiv 2002.00104), in units of the weights' standard deviation.
//
// Minimising the expected squared error, with a centre on [-p, p] and tails on [p, m] of as many
// codes each, and the density beyond m neglected, gives
//   g(p) = p - 2m + 2m F(p) + m (2p - m) f(p) = 0
// (F, f: the distribution's CDF and PDF, here with mean 0 and standard deviation 1). On (0, m/2] g
// increases from below zero, so it has at most one root; where it has none, p = m/2.
#pragma once

#include "harness/quant/options.h"

namespace qyolo::quant {

// All REQUIRE m > 0 and return p in (0, m/2].
[[nodiscard]] double gaussian_breakpoint(double m);
[[nodiscard]] double laplace_breakpoint(double m);
// p = ln(0.86143114 m + 0.607901097), p = 0.80304483 sqrt(m) - 0.31667855; limited to m/2, and the
// exact solution where they are not positive.
[[nodiscard]] double gaussian_breakpoint_approximation(double m);
[[nodiscard]] double laplace_breakpoint_approximation(double m);

}  // namespace qyolo::quant
