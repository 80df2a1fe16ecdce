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

OrderedJson compare(const Scenes& scenes, const UncertaintyOptions& options) {
  Uncertainty uncertainty(options, scenes.truth, 2);
  EXPECT_FALSE(uncertainty.has_baseline());
  EXPECT_TRUE(uncertainty.set_baseline(scenes.all).ok());
  EXPECT_TRUE(uncertainty.has_baseline());
  auto json = uncertainty.of(scenes.fewer);
  EXPECT_TRUE(json.ok()) << json.error().message;
  return std::move(json).value();
}

TEST(Uncertainty, RecordsTheDifferenceThatTheEvaluationsHave) {
  const Scenes scenes;
  const OrderedJson json = compare(scenes, {1000, 7, 2});
  const double baseline = metrics::evaluate_coco(scenes.truth, scenes.all)->stats()[0];
  const double cell = metrics::evaluate_coco(scenes.truth, scenes.fewer)->stats()[0];
  EXPECT_NEAR(json["delta_AP"]["value"].get<double>(), cell - baseline, 1e-12);
  EXPECT_LT(json["delta_AP"]["low"].get<double>(), cell - baseline);
  EXPECT_GT(json["delta_AP"]["high"].get<double>(), cell - baseline);
  EXPECT_GT(json["delta_AP"]["standard_error"].get<double>(), 0);
  EXPECT_NEAR(json["delta_AP50"]["value"].get<double>(), cell - baseline, 1e-12);
  EXPECT_EQ(json["resamples"], 1000);
  EXPECT_EQ(json["seed"], 7);
  EXPECT_EQ(json["confidence"], 0.95);
  EXPECT_EQ(json["tolerance"], 0.02);
  EXPECT_EQ(json["images"], 60);
  EXPECT_EQ(json["objects"], 80);
  EXPECT_GT(json["p_loss_above_tolerance"].get<double>(), 0.99);
  EXPECT_EQ(json["verdict"].get<std::string>().substr(0, 6), "loses ");
  EXPECT_EQ(json["decision"], "beyond");
}

TEST(Uncertainty, RecordsEveryClassByName) {
  const OrderedJson json = compare({}, {1000, 1, 1});
  ASSERT_EQ(json["per_class"].size(), 3U);
  const OrderedJson& nut = json["per_class"][0];
  EXPECT_EQ(nut["name"], "nut");
  EXPECT_EQ(nut["objects"], 60);
  EXPECT_EQ(nut["images"], 60);
  EXPECT_LT(nut["delta_AP"]["high"].get<double>(), 0);
  const OrderedJson& bolt = json["per_class"][1];
  EXPECT_EQ(bolt["name"], "bolt");
  EXPECT_EQ(bolt["objects"], 20);
  EXPECT_EQ(bolt["delta_AP"]["value"], 0);
  EXPECT_EQ(json["per_class"][2]["name"], "washer");
  EXPECT_TRUE(json["per_class"][2]["delta_AP"].is_null());
}

TEST(Uncertainty, IsTheSameEveryTime) {
  EXPECT_EQ(compare({}, {1000, 1, 1}).dump(), compare({}, {1000, 1, 1}).dump());
  EXPECT_NE(compare({}, {1000, 1, 1}).dump(), compare({}, {1000, 2, 1}).dump());
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
