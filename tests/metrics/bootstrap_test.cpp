#include "metrics/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "metrics/weighted_ap.h"
#include "tests/support/simulated_matches.h"

namespace qyolo::metrics {
namespace {

using ::testing::HasSubstr;

using Weights = std::vector<std::int32_t>;

Weights drawn(std::uint64_t seed, std::uint64_t resample, std::size_t images) {
  Weights weights(images, 0);
  draw_resample(seed, resample, images, weights, 1);
  return weights;
}

ResampledAp resampled(const MatchedDetections& matched, const BootstrapOptions& options) {
  auto result = resample_ap(matched, options);
  EXPECT_TRUE(result.ok()) << result.error().message;
  return std::move(result).value();
}

BootstrapOptions few(int resamples, std::uint64_t seed = 1, int threads = 1) {
  BootstrapOptions options;
  options.resamples = resamples;
  options.seed = seed;
  options.threads = threads;
  return options;
}

TEST(DrawResample, DrawsAsManyImagesAsThereAre) {
  for (const std::size_t images : {1U, 2U, 7U, 1000U}) {
    const Weights weights = drawn(1, 3, images);
    EXPECT_EQ(std::accumulate(weights.begin(), weights.end(), 0), static_cast<int>(images));
  }
}

// The generator as published, written out again.
TEST(DrawResample, IsTheDocumentedGenerator) {
  struct SplitMix {
    std::uint64_t state;
    std::uint64_t next() {
      std::uint64_t z = (state += 0x9e3779b97f4a7c15);
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
      z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
      return z ^ (z >> 31);
    }
  };
  ASSERT_EQ(SplitMix{1234567}.next(), 6457827717110365317U);  // its known first output
  SplitMix seeds{42};
  for (int skip = 0; skip < 5; ++skip) seeds.next();
  SplitMix stream{seeds.next()};
  Weights expected(10, 0);
  for (int j = 0; j < 10; ++j) {
    const double share = std::ldexp(static_cast<double>(stream.next()), -64);
    ++expected[static_cast<std::size_t>(share * 10)];
  }
  EXPECT_EQ(drawn(42, 5, 10), expected);
}

TEST(DrawResample, LeavesOutEachImageAsOftenAsItShould) {
  constexpr std::size_t kImages = 50;
  constexpr int kResamples = 20000;
  std::vector<int> left_out(kImages, 0);
  double squares = 0;
  for (int b = 0; b < kResamples; ++b) {
    const Weights weights = drawn(9, static_cast<std::uint64_t>(b), kImages);
    for (std::size_t i = 0; i < kImages; ++i) {
      left_out[i] += weights[i] == 0 ? 1 : 0;
      squares += weights[i] * weights[i];
    }
  }
  const double expected = std::pow(1 - 1.0 / kImages, kImages);
  for (const int count : left_out) EXPECT_NEAR(count / double{kResamples}, expected, 0.017);
  // The variance of a binomial count of 50 draws at 1/50, plus its mean squared.
  EXPECT_NEAR(squares / (kImages * double{kResamples}), 1 - 1.0 / kImages + 1, 0.006);
}

TEST(ResampleAp, IsApOfTheDrawnImages) {
  const auto matches = testing::simulate_matches({}, 2);
  const ResampledAp result = resampled(matches.baseline, few(130, 5));
  const WeightedAp weighted(matches.baseline, 20);
  for (const std::size_t b : {0U, 1U, 15U, 16U, 127U, 128U, 129U}) {
    auto workspace = weighted.workspace();
    draw_resample(5, b, matches.baseline.image_ids.size(), workspace.weights(), kChoices);
    std::vector<WeightedAp::ClassAp> classes(weighted.classes());
    weighted.evaluate(workspace, classes);
    std::vector<double> ap, ap50;
    for (std::size_t k = 0; k < classes.size(); ++k) {
      EXPECT_EQ(result.resampled_class_ap[k * 130 + b], classes[k].ap[0]);
      ap.push_back(classes[k].ap[0]);
      ap50.push_back(classes[k].ap50[0]);
    }
    EXPECT_EQ(result.resampled_ap[b], mean_ap(ap));
    EXPECT_EQ(result.resampled_ap50[b], mean_ap(ap50));
  }
}

TEST(ResampleAp, DoesNotDependOnTheNumberOfThreads) {
  const auto matches = testing::simulate_matches({}, 2);
  const ResampledAp one = resampled(matches.network, few(1000, 1, 1));
  for (const int threads : {2, 5}) {
    const ResampledAp several = resampled(matches.network, few(1000, 1, threads));
    EXPECT_EQ(several.resampled_ap, one.resampled_ap);
    EXPECT_EQ(several.resampled_ap50, one.resampled_ap50);
    EXPECT_EQ(several.resampled_class_ap, one.resampled_class_ap);
  }
}

TEST(ResampleAp, DependsOnTheSeed) {
  const auto matches = testing::simulate_matches({}, 2);
  EXPECT_NE(resampled(matches.network, few(100, 1)).resampled_ap,
            resampled(matches.network, few(100, 2)).resampled_ap);
}

// Two images, so that an image is drawn 0, 1 or 2 times, with 1/4, 1/2 and 1/4: one has its object
// found, the other has not.
TEST(ResampleAp, OfTwoImagesTakesTheThreePossibleValuesInTheirShares) {
  MatchedDetections matched;
  matched.image_ids = {1, 2};
  matched.classes = {{1, {{0.9, 0, {0x3ff, 0}}}, {{0, 1}, {1, 1}}}};
  const ResampledAp result = resampled(matched, few(40000));
  const double half = 51.0 / 101;
  EXPECT_NEAR(result.ap, half, 1e-12);
  int none = 0, some = 0, all = 0;
  for (const double ap : result.resampled_ap) {
    none += ap == 0 ? 1 : 0;
    some += std::abs(ap - half) < 1e-12 ? 1 : 0;
    all += std::abs(ap - 1) < 1e-12 ? 1 : 0;
  }
  EXPECT_EQ(none + some + all, 40000);
  EXPECT_NEAR(none / 40000.0, 0.25, 0.01);
  EXPECT_NEAR(some / 40000.0, 0.5, 0.01);
}

TEST(ResampleAp, RejectsOptionsOutOfRangeAndNoImages) {
  MatchedDetections matched;
  EXPECT_THAT(resample_ap(matched).error().message, HasSubstr("no images"));
  matched.image_ids = {1};
  EXPECT_THAT(resample_ap(matched, few(99)).error().message, HasSubstr("found 99"));
  EXPECT_THAT(resample_ap(matched, few(1000001)).error().message, HasSubstr("100 to 1000000"));
  for (const double confidence : {0.0, 1.0, std::nan("")}) {
    BootstrapOptions options;
    options.confidence = confidence;
    EXPECT_THAT(resample_ap(matched, options).error().message, HasSubstr("confidence"));
  }
}

// Resamples made up by hand: the statistics of their differences are known.
struct ByHand {
  ResampledAp baseline, network;
  ByHand() {
    for (ResampledAp* side : {&baseline, &network}) {
      side->image_ids.resize(100000);  // so many that intervals need no expansion
      side->category_ids = {1, 2};
      side->objects = {5, 0};
      side->object_images = {4, 0};
      side->options = few(101);
      side->ap = side->ap50 = 0.5;
      side->class_ap = {0.5, -1};
      side->resampled_ap.assign(101, 0.5);
      side->resampled_ap50.assign(101, 0.5);
      side->resampled_class_ap.assign(202, -1);
    }
    network.ap = 0.48;
    // Differences of -0.05, -0.049, ... 0.05, in another order.
    for (int b = 0; b < 101; ++b) {
      network.resampled_ap[static_cast<std::size_t>(b)] = 0.5 + (b * 37 % 101 - 50) * 1e-3;
    }
  }
  [[nodiscard]] PairedDifference compared(double tolerance = 0.01) const {
    auto result = paired_difference(baseline, network, tolerance);
    EXPECT_TRUE(result.ok()) << result.error().message;
    return std::move(result).value();
  }
};

TEST(PairedDifference, IsSummarizedByQuantilesAndSharesOfTheResamples) {
  const PairedDifference compared = ByHand().compared(0.0105);
  ASSERT_TRUE(compared.ap.has_value());
  EXPECT_NEAR(compared.ap->value, -0.02, 1e-12);
  EXPECT_NEAR(compared.ap->low, -0.0475, 1e-6);
  EXPECT_NEAR(compared.ap->high, 0.0475, 1e-6);
  EXPECT_NEAR(compared.ap->standard_error, 1e-3 * std::sqrt(101 * 102 / 12.0), 1e-12);
  EXPECT_EQ(compared.loss_above_tolerance, 40.0 / 101);  // -0.050 to -0.011
  EXPECT_EQ(compared.images, 100000);
  EXPECT_EQ(compared.objects, 5);
  EXPECT_EQ(compared.tolerance, 0.0105);
}

TEST(PairedDifference, OfLessConfidenceIsNarrower) {
  ByHand sides;
  sides.network.options.confidence = 0.8;
  EXPECT_NEAR(sides.compared().ap->low, -0.04, 1e-6);
}

TEST(PairedDifference, LeavesAClassOutOfTheResamplesInWhichItHasNoObject) {
  ByHand sides;
  for (std::size_t b = 0; b < 101; ++b) {
    const bool there = b % 2 == 0;
    sides.baseline.resampled_class_ap[b] = there ? 0.5 : -1;
    sides.network.resampled_class_ap[b] = there ? 0.25 : -1;
  }
  const PairedDifference compared = sides.compared();
  ASSERT_EQ(compared.classes.size(), 2U);
  ASSERT_TRUE(compared.classes[0].ap.has_value());
  EXPECT_EQ(compared.classes[0].ap->low, -0.25);
  EXPECT_EQ(compared.classes[0].ap->high, -0.25);
  EXPECT_EQ(compared.classes[0].objects, 5);
  EXPECT_FALSE(compared.classes[1].ap.has_value());
}

// 10 images: t at 0.975 with 9 degrees of freedom is 2.26216, times sqrt(10 / 9) 2.38452, beyond
// which the normal distribution has 0.8551 %: of 100 steps from -0.05 to 0.05, 0.8551.
TEST(PairedDifference, ReachesFurtherWhereThereAreFewImages) {
  ByHand sides;
  for (ResampledAp* side : {&sides.baseline, &sides.network}) side->image_ids.resize(10);
  const PairedDifference compared = sides.compared();
  EXPECT_NEAR(compared.effective_images, 10, 1e-12);
  EXPECT_NEAR(compared.ap->low, -0.05 + 0.8551e-3, 1e-6);
  EXPECT_NEAR(compared.ap->high, 0.05 - 0.8551e-3, 1e-6);
}

// Two classes that scatter as 2 to 1 and have 11 and 41 images with objects: (4 + 1)^2 /
// (4^2 / 10 + 1^2 / 40) = 15.3846 degrees of freedom.
TEST(PairedDifference, RestsOnAsManyImagesAsTheClassesThatScatter) {
  ByHand sides;
  for (ResampledAp* side : {&sides.baseline, &sides.network}) {
    side->objects = {20, 60};
    side->object_images = {11, 41};
    side->class_ap = {0.5, 0.5};
    side->resampled_class_ap.assign(202, 0.5);
  }
  for (std::size_t b = 0; b < 101; ++b) {
    const double off = (static_cast<double>(b) - 50) * 1e-3;
    sides.network.resampled_class_ap[b] += 2 * off;
    sides.network.resampled_class_ap[101 + b] += off;
  }
  EXPECT_NEAR(sides.compared().effective_images, 16.3846, 1e-3);
}

TEST(PairedDifference, OfAClassThatOneImageShowsIsUnknown) {
  ByHand sides;
  for (ResampledAp* side : {&sides.baseline, &sides.network}) {
    side->object_images = {1, 0};
    side->resampled_class_ap.assign(202, 0.5);
  }
  EXPECT_FALSE(sides.compared().classes[0].ap.has_value());
}

TEST(PairedDifference, OfOneImageIsUnknown) {
  MatchedDetections matched;
  matched.image_ids = {1};
  matched.classes = {{1, {{0.9, 0, {0x3ff, 0}}}, {{0, 1}}}};
  const ResampledAp one = resampled(matched, few(100));
  EXPECT_FALSE(paired_difference(one, one)->ap.has_value());
}

TEST(PairedDifference, OfANetworkFromItselfIsZeroThroughout) {
  const auto matches = testing::simulate_matches({}, 2);
  const ResampledAp network = resampled(matches.network, few(100));
  const auto compared = paired_difference(network, network);
  ASSERT_TRUE(compared.ok());
  EXPECT_EQ(compared->ap->low, 0);
  EXPECT_EQ(compared->ap->high, 0);
  EXPECT_EQ(compared->ap->standard_error, 0);
  EXPECT_EQ(compared->loss_above_tolerance, 0);
}

// What pairing is for: the same images for both.
TEST(PairedDifference, ScattersLessThanWithResamplesOfTheirOwn) {
  const auto matches = testing::simulate_matches({}, 2);
  const ResampledAp baseline = resampled(matches.baseline, few(1000, 1));
  const ResampledAp paired = resampled(matches.network, few(1000, 1));
  ResampledAp unpaired = resampled(matches.network, few(1000, 2));
  unpaired.options.seed = 1;
  EXPECT_LT(paired_difference(baseline, paired)->ap->standard_error,
            0.75 * paired_difference(baseline, unpaired)->ap->standard_error);
}

TEST(PairedDifference, NeedsTheSameImagesAndResamples) {
  ByHand sides;
  EXPECT_THAT(paired_difference(sides.baseline, sides.network, -0.1).error().message,
              HasSubstr("tolerance"));
  sides.network.options.seed = 7;
  EXPECT_THAT(paired_difference(sides.baseline, sides.network).error().message,
              HasSubstr("seed 1 and 7"));
  sides.network.options.seed = 1;
  sides.network.image_ids[2] = 4;
  EXPECT_THAT(paired_difference(sides.baseline, sides.network).error().message,
              HasSubstr("same images"));
}

// Coverage of known differences, short (the long version is benchmarks/bootstrap_coverage.cpp). Of
// 200 intervals that cover with 95 %, fewer than 180 cover in one of 860 seeds, and more than 198
// in one of 2,400. Intervals half as wide would cover about 134 times, twice as wide ones 200
// times.
TEST(Bootstrap, IntervalsCoverTheTrueDifferenceAsOftenAsTheySay) {
  constexpr int kRepetitions = 200;
  testing::SimulatedScenes scenes;
  scenes.images = 150;
  scenes.loss = 0;  // both networks draw from one distribution: the true difference is 0
  int covered = 0;
  for (int i = 0; i < kRepetitions; ++i) {
    const auto matches = testing::simulate_matches(scenes, static_cast<std::uint64_t>(i) + 1);
    const BootstrapOptions options = few(400, static_cast<std::uint64_t>(i) + 1, 0);
    const auto compared = paired_difference(resampled(matches.baseline, options),
                                            resampled(matches.network, options));
    ASSERT_TRUE(compared.ok());
    covered += compared->ap->low <= 0 && compared->ap->high >= 0 ? 1 : 0;
  }
  EXPECT_GE(covered, 180);
  EXPECT_LE(covered, 198);
  RecordProperty("covered", covered);
}

}  // namespace
}  // namespace qyolo::metrics
