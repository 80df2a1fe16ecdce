#include "harness/quant/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qyolo::quant {
namespace {

using ::testing::HasSubstr;

TEST(Range, NamesRoundTrip) {
  for (const char* name :
       {"minmax", "mse", "percentile:99.9", "percentile:99.99", "percentile:100"}) {
    const auto range = Range::parse(name);
    ASSERT_TRUE(range.ok()) << name;
    EXPECT_EQ(range->name(), name);
  }
}

TEST(Range, PercentilesOutsideFiftyToHundredAreRefused) {
  for (const char* name : {"percentile:", "percentile:50", "percentile:100.1", "percentile:nan",
                           "percentile:-1", "percentile:99.9%", "percentile:inf"}) {
    const auto range = Range::parse(name);
    ASSERT_FALSE(range.ok()) << name;
    EXPECT_THAT(range.error().message, HasSubstr("50 < P <= 100")) << name;
  }
}

TEST(Range, UnknownNamesListTheKnownOnes) {
  EXPECT_EQ(Range::parse("entropy").error().message,
            "range 'entropy': expected one of minmax, percentile:P, mse, hmse, output");
}

TEST(BreakpointNames, RoundTrip) {
  ASSERT_EQ(all_breakpoints().size(), 5U);
  for (const Choice& choice : all_breakpoints()) {
    const auto method = parse_breakpoint(choice.name);
    ASSERT_TRUE(method.ok()) << choice.name;
    EXPECT_EQ(breakpoint_name(*method), choice.name);
  }
}

TEST(BreakpointNames, UnknownNamesListTheKnownOnes) {
  EXPECT_EQ(parse_breakpoint("cauchy").error().message,
            "breakpoint 'cauchy': expected one of gaussian, laplace, gaussian-approx, "
            "laplace-approx, search");
}

}  // namespace
}  // namespace qyolo::quant
