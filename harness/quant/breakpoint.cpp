#include "harness/quant/breakpoint.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace qyolo::quant {
namespace {

struct Gaussian {
  // 2 (1 - F(p))
  static double both_tails(double p) { return std::erfc(p / std::numbers::sqrt2); }
  static double density(double p) {
    return std::exp(-0.5 * p * p) * (0.5 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi);
  }
  static double log_density_slope(double p) { return -p; }
  static double approximation(double m) { return std::log(0.86143114 * m + 0.607901097); }
};

struct Laplace {
  static double both_tails(double p) { return std::exp(-std::numbers::sqrt2 * p); }
  static double density(double p) {
    return 0.5 * std::numbers::sqrt2 * std::exp(-std::numbers::sqrt2 * p);
  }
  static double log_density_slope(double) { return -std::numbers::sqrt2; }
  static double approximation(double m) { return 0.80304483 * std::sqrt(m) - 0.31667855; }
};

struct Equation {
  double value;  // g(p)
  double slope;  // g'(p)
};

template <class Distribution>
Equation evaluate(double m, double p) {
  const double f = Distribution::density(p);
  return {p - m * Distribution::both_tails(p) + m * (2 * p - m) * f,
          1 + m * f * (4 + (2 * p - m) * Distribution::log_density_slope(p))};
}

// Newton's method from the approximation, held inside a bracket that bisection shrinks.
template <class Distribution>
double solve(double m) {
  // A Newton step of this relative size leaves an error of about its square.
  constexpr double kLastStep = 1e-7;
  double low = 0;
  double high = m / 2;
  if (!(evaluate<Distribution>(m, high).value > 0)) return high;
  double p = std::clamp(Distribution::approximation(m), high / 16, high);
  for (int iteration = 0; iteration < 200; ++iteration) {
    const Equation g = evaluate<Distribution>(m, p);
    (g.value < 0 ? low : high) = p;
    const double next = p - g.value / g.slope;
    if (next > low && next < high) {
      if (std::abs(next - p) <= kLastStep * p) return next;
      p = next;
    } else {
      p = low + (high - low) / 2;
    }
  }
  return p;
}

template <class Distribution>
double approximate(double m) {
  const double p = Distribution::approximation(m);
  return p > 0 ? std::min(p, m / 2) : solve<Distribution>(m);
}

}  // namespace

double gaussian_breakpoint(double m) { return solve<Gaussian>(m); }
double laplace_breakpoint(double m) { return solve<Laplace>(m); }
double gaussian_breakpoint_approximation(double m) { return approximate<Gaussian>(m); }
double laplace_breakpoint_approximation(double m) { return approximate<Laplace>(m); }

}  // namespace qyolo::quant
