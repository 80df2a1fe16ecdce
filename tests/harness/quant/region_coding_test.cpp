#include "harness/quant/region_coding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "harness/quant/packing.h"
#include "tests/harness/quant/synthetic_weights.h"

namespace qyolo::quant {
namespace {

// Pseudo-random numbers in [0, 1).
class Random {
 public:
  double next() {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<double>(state_ >> 40) / 16777216.0;
  }

 private:
  std::uint64_t state_ = 1;
};

std::vector<std::uint8_t> tails_of_rate(const Shape& shape, double rate) {
  Random random;
  std::vector<std::uint8_t> tails(static_cast<std::size_t>(shape.size()));
  for (auto& tail : tails) tail = random.next() < rate ? 1 : 0;
  return tails;
}

double entropy(double p) {
  return p <= 0 || p >= 1 ? 0 : -p * std::log2(p) - (1 - p) * std::log2(1 - p);
}

double mean(const std::vector<std::uint8_t>& tails) {
  double sum = 0;
  for (const auto tail : tails) sum += tail;
  return sum / static_cast<double>(tails.size());
}

double bits_per_weight(const std::vector<std::byte>& coded, std::size_t weights) {
  return 8.0 * static_cast<double>(coded.size()) / static_cast<double>(weights);
}

TEST(RegionCoding, BitsWithoutStructureCostTheirEntropy) {
  const Shape shape{64, 64, 3, 3};
  const std::vector<std::uint8_t> fields(static_cast<std::size_t>(shape.size()));
  for (const double rate : {0.0, 0.002, 0.02, 0.1, 0.25, 0.5, 0.98, 1.0}) {
    const auto tails = tails_of_rate(shape, rate);
    const auto coded = encode_regions(tails, fields, shape);
    EXPECT_LT(bits_per_weight(coded, tails.size()), 1.05 * entropy(mean(tails)) + 0.005) << rate;
    std::vector<std::uint8_t> decoded(tails.size());
    ASSERT_TRUE(decode_regions(coded, fields, shape, decoded).ok());
    EXPECT_EQ(decoded, tails) << rate;
  }
}

// Half of the filters have no tails, the others 20 %: knowing that is worth 0.14 bits per weight.
TEST(RegionCoding, FiltersOfTheirOwnRatesAreLearnt) {
  const Shape shape{64, 64, 3, 3};
  const std::vector<std::uint8_t> fields(static_cast<std::size_t>(shape.size()));
  auto tails = tails_of_rate(shape, 0.2);
  for (std::size_t i = 0; i < tails.size(); ++i)
    if (i / 576 % 2 == 0) tails[i] = 0;
  EXPECT_LT(bits_per_weight(encode_regions(tails, fields, shape), tails.size()),
            entropy(0.2) / 2 + 0.03);
}

TEST(RegionCoding, FieldsTellAboutRegions) {
  const Shape shape{64, 64, 3, 3};
  std::vector<std::uint8_t> tails = tails_of_rate(shape, 0.3);
  std::vector<std::uint8_t> fields;
  for (const auto tail : tails) fields.push_back(tail != 0 ? 7 : 3);
  EXPECT_LT(bits_per_weight(encode_regions(tails, fields, shape), tails.size()), 0.01);
}

TEST(RegionCoding, AnyShapeComesBack) {
  for (const Shape& shape : {Shape{1, 1, 1, 1}, Shape{1, 1, 1, 3}, Shape{5, 1, 7, 1},
                             Shape{3, 4, 2, 2}, Shape{1, 300, 1, 1}, Shape{300, 1, 1, 1}}) {
    for (const double rate : {0.0, 0.3, 1.0}) {
      const auto tails = tails_of_rate(shape, rate);
      const std::vector<std::uint8_t> fields(tails.size(), 255);
      const auto coded = encode_regions(tails, fields, shape);
      std::vector<std::uint8_t> decoded(tails.size());
      ASSERT_TRUE(decode_regions(coded, fields, shape, decoded).ok());
      EXPECT_EQ(decoded, tails);
    }
  }
}

// The format is what these bytes are: a change of the model makes old files unreadable.
TEST(RegionCoding, BytesStayTheSame) {
  const Shape shape{3, 5, 2, 2};
  const auto tails = tails_of_rate(shape, 0.3);
  std::vector<std::uint8_t> fields;
  for (std::size_t i = 0; i < tails.size(); ++i)
    fields.push_back(static_cast<std::uint8_t>(i % 16));
  std::string hex;
  for (const std::byte byte : encode_regions(tails, fields, shape))
    hex += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  EXPECT_EQ(hex, "1740fb3df1c38017");
}

TEST(RegionCoding, AnythingElseIsRefusedOrAnotherTensorsCoding) {
  const Shape shape{4, 5, 3, 3};
  const auto tails = tails_of_rate(shape, 0.2);
  const std::vector<std::uint8_t> fields(tails.size());
  const auto coded = encode_regions(tails, fields, shape);
  std::vector<std::uint8_t> decoded(tails.size());
  const auto check = [&](const std::vector<std::byte>& damaged) {
    if (!decode_regions(damaged, fields, shape, decoded).ok()) return false;
    EXPECT_EQ(encode_regions(decoded, fields, shape), damaged);
    return true;
  };
  EXPECT_TRUE(check(coded));
  for (std::size_t size = 0; size < coded.size(); ++size)
    check({coded.begin(), coded.begin() + static_cast<std::ptrdiff_t>(size)});
  auto longer = coded;
  longer.push_back(std::byte{1});
  check(longer);
  longer.resize(coded.size() + 1000);
  EXPECT_FALSE(check(longer));
  for (std::size_t bit = 0; bit < coded.size() * 8; ++bit) {
    auto flipped = coded;
    flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    check(flipped);
    if (::testing::Test::HasFailure()) break;
  }
  EXPECT_FALSE(check(std::vector<std::byte>(500, std::byte{0xFF})));
}

}  // namespace
}  // namespace qyolo::quant
