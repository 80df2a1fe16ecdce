#include "harness/model/identity_norm.h"

#include <gmock/gmock.h>

#include <cmath>
#include <random>

namespace qyolo::model {
namespace {

using ::testing::HasSubstr;

const StorageType& type_of(std::string_view name) { return *find_storage_type(name); }

// Rounded to `bits` significant bits.
double rounded(double value, int bits) {
  const double unit = std::ldexp(1.0, std::ilogb(value) + 1 - bits);
  return std::nearbyint(value / unit) * unit;
}

// How official code, PyTorch and we compute the scale.
void expect_exactly_neutral(const IdentityNorm& norm, double eps) {
  const float deviation = std::sqrt(norm.variance + static_cast<float>(eps));
  EXPECT_EQ(norm.gamma / deviation, 1.0F) << eps;
  EXPECT_EQ(norm.gamma * (1 / deviation), 1.0F) << eps;
  const double scale = norm.gamma / std::sqrt(norm.variance + eps);
  std::mt19937 random(7);
  for (int i = 0; i < 100000; ++i) {
    const float weight = 1 + 0x1p-23F * static_cast<float>(random() & 0x7FFFFFU);
    ASSERT_EQ(static_cast<float>(weight * scale), weight) << eps;
  }
  EXPECT_EQ(static_cast<float>(0x1.FFFFFEp0 * scale), 0x1.FFFFFEp0F) << eps;
}

TEST(IdentityNorm, IsExactForTheOfficialEpsilon) {
  for (const char* type : {"HalfStorage", "FloatStorage", "DoubleStorage"}) {
    const auto norm = identity_norm(type_of(type), 1e-3);
    ASSERT_TRUE(norm.ok()) << norm.error().message;
    EXPECT_EQ(norm->gamma, 19.96875F);
    EXPECT_EQ(norm->variance, 398.75F);
    expect_exactly_neutral(*norm, 1e-3);
  }
}

TEST(IdentityNorm, IsExactForOtherUsualEpsilons) {
  for (const double eps : {1e-5, 1e-4, 1e-2, 1e-6, 0.25, 0.0}) {
    const auto norm = identity_norm(type_of("HalfStorage"), eps);
    ASSERT_TRUE(norm.ok()) << norm.error().message;
    EXPECT_EQ(rounded(norm->gamma, 11), norm->gamma);
    EXPECT_EQ(rounded(norm->variance, 11), norm->variance);
    EXPECT_LE(norm->variance, 65504);
    expect_exactly_neutral(*norm, eps);
  }
}

TEST(IdentityNorm, PrefersOrdinaryNumbers) {
  const auto norm = identity_norm(type_of("HalfStorage"), 0.25);
  ASSERT_TRUE(norm.ok()) << norm.error().message;
  EXPECT_EQ(norm->gamma, 1.0F);
  EXPECT_EQ(norm->variance, 0.75F);
}

TEST(IdentityNorm, UsesNumbersThatBFloat16Has) {
  const auto norm = identity_norm(type_of("BFloat16Storage"), 1e-3);
  ASSERT_TRUE(norm.ok()) << norm.error().message;
  EXPECT_EQ(rounded(norm->gamma, 8), norm->gamma);
  EXPECT_EQ(rounded(norm->variance, 8), norm->variance);
  expect_exactly_neutral(*norm, 1e-3);
}

TEST(IdentityNorm, IsNextToExactWhereNoPairIs) {
  const auto norm = identity_norm(type_of("HalfStorage"), 0.1);
  ASSERT_TRUE(norm.ok()) << norm.error().message;
  EXPECT_NEAR(norm->gamma / std::sqrt(norm->variance + 0.1), 1, 0x1p-22);
}

TEST(IdentityNorm, AnEpsilonBeyondTheTypeIsRefused) {
  const auto norm = identity_norm(type_of("HalfStorage"), 1e12);
  ASSERT_FALSE(norm.ok());
  EXPECT_THAT(norm.error().message, HasSubstr("eps = 1000000000000"));
}

}  // namespace
}  // namespace qyolo::model
