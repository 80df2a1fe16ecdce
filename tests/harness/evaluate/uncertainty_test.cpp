#include "harness/evaluate/uncertainty.h"

#include <gtest/gtest.h>

#include "metrics/coco_map.h"

namespace qyolo::harness {
namespace {

// 60 images with one object each of "nut", every third also with one of "bolt"; "washer" is in
// none.
struct Scenes {
  GroundTruth truth;
  std::vector<Detection> all, fewer;  // finds everything; misses every fourth nut

  Scenes() {
    truth.categories = {{3, "washer"}, {1, "nut"}, {2, "bolt"}};
    for (int i = 0; i < 60; ++i) {
      truth.images.emplace_back().id = i;
      add(i, 1, {10, 10, 20, 20}, i % 4 != 0);
      if (i % 3 == 0) add(i, 2, {50, 50, 20, 20}, true);
    }
  }

  void add(std::int64_t image, std::int64_t category, const BoxXywh& box, bool found_by_both) {
    truth.annotations.push_back({0, image, category, box, box[2] * box[3], false});
    all.push_back({image, category, box, 0.9});
    if (found_by_both) fewer.push_back(all.back());
  }
};

metrics::PairedDifference compare(const Scenes& scenes, const UncertaintyOptions& options) {
  Uncertainty uncertainty(options, scenes.truth, 2);
  EXPECT_FALSE(uncertainty.has_baseline());
  EXPECT_TRUE(uncertainty.set_baseline(scenes.all).ok());
  EXPECT_TRUE(uncertainty.has_baseline());
  auto difference = uncertainty.compare(scenes.fewer);
  EXPECT_TRUE(difference.ok()) << difference.error().message;
  EXPECT_TRUE(uncertainty.is_of_these(*difference));
  EXPECT_FALSE(
      Uncertainty({options.resamples, options.seed, options.tolerance / 2}, scenes.truth, 2)
          .is_of_these(*difference));
  return std::move(difference).value();
}

TEST(Uncertainty, FindsTheDifferenceThatTheEvaluationsHave) {
  const Scenes scenes;
  const metrics::PairedDifference found = compare(scenes, {1000, 7, 2});
  const double baseline = metrics::evaluate_coco(scenes.truth, scenes.all)->stats()[0];
  const double cell = metrics::evaluate_coco(scenes.truth, scenes.fewer)->stats()[0];
  ASSERT_TRUE(found.ap && found.ap50);
  EXPECT_NEAR(found.ap->value, cell - baseline, 1e-12);
  EXPECT_LT(found.ap->low, cell - baseline);
  EXPECT_GT(found.ap->high, cell - baseline);
  EXPECT_GT(found.ap->standard_error, 0);
  EXPECT_NEAR(found.ap50->value, cell - baseline, 1e-12);
  EXPECT_EQ(found.options.resamples, 1000);
  EXPECT_EQ(found.options.seed, 7U);
  EXPECT_EQ(found.options.confidence, 0.95);
  EXPECT_EQ(found.tolerance, 0.02);
  EXPECT_EQ(found.images, 60);
  EXPECT_EQ(found.objects, 80);
  EXPECT_GT(found.loss_above_tolerance, 0.99);
}

TEST(Uncertainty, FindsItForEveryClass) {
  const metrics::PairedDifference found = compare({}, {1000, 1, 1});
  ASSERT_EQ(found.classes.size(), 3U);
  const metrics::ClassDifference& nut = found.classes[0];
  EXPECT_EQ(nut.category_id, 1);
  EXPECT_EQ(nut.objects, 60);
  EXPECT_EQ(nut.object_images, 60);
  EXPECT_LT(nut.ap->high, 0);
  const metrics::ClassDifference& bolt = found.classes[1];
  EXPECT_EQ(bolt.category_id, 2);
  EXPECT_EQ(bolt.objects, 20);
  EXPECT_EQ(bolt.ap->value, 0);
  EXPECT_EQ(found.classes[2].category_id, 3);
  EXPECT_FALSE(found.classes[2].ap.has_value());
}

TEST(Uncertainty, IsTheSameEveryTime) {
  const auto scatter = [](std::uint64_t seed) {
    return compare({}, {1000, static_cast<decltype(UncertaintyOptions::seed)>(seed), 1})
        .ap->standard_error;
  };
  EXPECT_EQ(scatter(1), scatter(1));
  EXPECT_NE(scatter(1), scatter(2));
}

TEST(Uncertainty, OfDetectionsOfAnUnknownImageSaysSo) {
  const Scenes scenes;
  Uncertainty uncertainty({1000, 1, 1}, scenes.truth, 1);
  const Detection stray{999, 1, {0, 0, 1, 1}, 0.5};
  EXPECT_FALSE(uncertainty.set_baseline(std::span(&stray, 1)).ok());
  EXPECT_FALSE(uncertainty.has_baseline());
}

TEST(Uncertainty, IsOffWithoutResamples) {
  const Scenes scenes;
  EXPECT_TRUE(Uncertainty({0, 1, 1}, scenes.truth, 1).off());
  EXPECT_FALSE(Uncertainty({}, scenes.truth, 1).off());
}

}  // namespace
}  // namespace qyolo::harness
