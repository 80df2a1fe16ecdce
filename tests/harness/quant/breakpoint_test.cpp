#include "harness/quant/breakpoint.h"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

namespace qyolo::quant {
namespace {

// m and p in standard deviations: the check values of the specification.
TEST(Breakpoint, GaussianAgreesWithThePublishedValues) {
  for (const auto& [m, p] : {std::pair{1.0, 0.5},
                             {2.0, 0.8824},
                             {3.0, 1.1583},
                             {5.0, 1.5889},
                             {10.0, 2.2096},
                             {20.0, 2.7507}}) {
    EXPECT_NEAR(gaussian_breakpoint(m), p, 5e-5) << "m = " << m;
  }
}

// Roots of g found by SciPy's brentq with SciPy's erf.
TEST(Breakpoint, SolutionsAgreeWithAnIndependentRootFinder) {
  for (const auto& [m, p] : {std::pair{1.35, 0.6748388104},
                             {2.0, 0.8823591711},
                             {5.0, 1.5889326610},
                             {20.0, 2.7507047859},
                             {100.0, 3.7166602745}}) {
    EXPECT_NEAR(gaussian_breakpoint(m), p, 1e-9) << "m = " << m;
  }
  for (const auto& [m, p] : {std::pair{0.99, 0.4935797175},
                             {1.0, 0.4971106192},
                             {2.0, 0.8090297716},
                             {5.0, 1.4865133754},
                             {20.0, 3.0230227664}}) {
    EXPECT_NEAR(laplace_breakpoint(m), p, 1e-9) << "m = " << m;
  }
}

TEST(Breakpoint, WithoutARootItIsHalfTheRange) {
  EXPECT_EQ(gaussian_breakpoint(1.348), 0.674);
  EXPECT_LT(gaussian_breakpoint(1.36), 0.68);
  EXPECT_EQ(laplace_breakpoint(0.98), 0.49);  // sqrt(2) ln 2 = 0.98026
  EXPECT_LT(laplace_breakpoint(0.981), 0.4905);
}

TEST(Breakpoint, ApproximationsAreTheirFormulas) {
  EXPECT_DOUBLE_EQ(gaussian_breakpoint_approximation(5), std::log(0.86143114 * 5 + 0.607901097));
  EXPECT_DOUBLE_EQ(laplace_breakpoint_approximation(5), 0.80304483 * std::sqrt(5) - 0.31667855);
}

TEST(Breakpoint, ApproximationsStayWithinHalfTheRange) {
  EXPECT_GT(0.80304483 * std::sqrt(0.5) - 0.31667855, 0.25);
  EXPECT_EQ(laplace_breakpoint_approximation(0.5), 0.25);
}

TEST(Breakpoint, ApproximationsThatAreNotPositiveGiveWayToTheSolver) {
  EXPECT_EQ(gaussian_breakpoint_approximation(0.4), gaussian_breakpoint(0.4));
  EXPECT_EQ(laplace_breakpoint_approximation(0.1), laplace_breakpoint(0.1));
}

TEST(Breakpoint, ExtremeRatiosStayInsideTheRange) {
  for (double m = 1e-30; m < 1e30; m *= 7) {
    for (const auto method :
         {gaussian_breakpoint, laplace_breakpoint, gaussian_breakpoint_approximation,
          laplace_breakpoint_approximation}) {
      const double p = method(m);
      EXPECT_GT(p, 0) << "m = " << m;
      EXPECT_LE(p, m / 2) << "m = " << m;
    }
  }
}

}  // namespace
}  // namespace qyolo::quant
