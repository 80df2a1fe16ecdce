#include "metrics/weighted_ap.h"

#include <gtest/gtest.h>

#include <random>

#include "metrics/coco_map.h"
#include "tests/support/simulated_matches.h"

namespace qyolo::metrics {
namespace {

using Generator = std::mt19937_64;

struct DrawnScenes {
  GroundTruth truth;
  std::vector<Detection> detections;
};

double uniform(Generator& generator, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(generator);
}

int draw(Generator& generator, int low, int high) {
  return std::uniform_int_distribution<int>(low, high)(generator);
}

// Crowded images in which most detections overlap something, with so few different scores that most
// are tied, within an image too; crowds, images and classes without objects, and more than 100
// detections of a class in some images.
DrawnScenes random_scenes(Generator& generator, int images, double score_step) {
  DrawnScenes scenes;
  scenes.truth.categories = {{7, "often"}, {3, "seldom"}, {5, "never"}};
  for (int i = 0; i < images; ++i) {
    const std::int64_t image = 1000 - 10 * i;  // places are not ids
    scenes.truth.images.emplace_back().id = image;
    for (const std::int64_t category : {7, 3}) {
      const int objects = category == 7 ? draw(generator, 0, 6) : draw(generator, -3, 2);
      for (int g = 0; g < objects; ++g) {
        const BoxXywh box{uniform(generator, 0, 100), uniform(generator, 0, 100),
                          uniform(generator, 20, 60), uniform(generator, 20, 60)};
        scenes.truth.annotations.push_back(
            {0, image, category, box, box[2] * box[3], draw(generator, 0, 9) == 0});
        for (int d = draw(generator, 0, 3); d > 0; --d) {
          BoxXywh near = box;
          for (double& edge : near) edge += uniform(generator, -6, 6);
          scenes.detections.push_back({image, category, near, uniform(generator, 0.1, 1)});
        }
      }
    }
    for (int d = draw(generator, 0, 8) == 0 ? 120 : draw(generator, 0, 9); d > 0; --d) {
      const BoxXywh box{uniform(generator, 0, 100), uniform(generator, 0, 100),
                        uniform(generator, 5, 90), uniform(generator, 5, 90)};
      scenes.detections.push_back(
          {image, draw(generator, 0, 3) == 0 ? 3 : 7, box, uniform(generator, 0, 0.8)});
    }
    scenes.detections.push_back({image, 5, {0, 0, 1, 1}, 0.5});
  }
  for (Detection& detection : scenes.detections) {
    detection.score = std::round(detection.score / score_step) * score_step;
  }
  return scenes;
}

// The data set in which image i really is there weights[i] times (by ascending id), copies directly
// after one another.
DrawnScenes with_copies(const DrawnScenes& scenes, const std::vector<std::int64_t>& image_ids,
                        const std::vector<std::int32_t>& weights) {
  constexpr std::int64_t kIdsPerImage = 100;
  DrawnScenes copies;
  copies.truth.categories = scenes.truth.categories;
  for (std::size_t i = 0; i < image_ids.size(); ++i) {
    for (std::int32_t copy = 0; copy < weights[i]; ++copy) {
      const std::int64_t id = image_ids[i] * kIdsPerImage + copy;
      copies.truth.images.emplace_back().id = id;
      for (Annotation annotation : scenes.truth.annotations) {
        if (annotation.image_id != image_ids[i]) continue;
        annotation.image_id = id;
        copies.truth.annotations.push_back(annotation);
      }
      for (Detection detection : scenes.detections) {
        if (detection.image_id != image_ids[i]) continue;
        detection.image_id = id;
        copies.detections.push_back(detection);
      }
    }
  }
  return copies;
}

MatchedDetections match(const DrawnScenes& scenes) {
  auto matched = match_detections(scenes.truth, scenes.detections, 1);
  EXPECT_TRUE(matched.ok());
  return std::move(matched).value();
}

using Weights = std::vector<std::int32_t>;

std::vector<WeightedAp::ClassAp> evaluate(const WeightedAp& weighted,
                                          const std::vector<Weights>& choices, int width = 0) {
  WeightedAp::Workspace workspace = weighted.workspace();
  for (std::size_t c = 0; c < choices.size(); ++c) {
    for (std::size_t i = 0; i < choices[c].size(); ++i) {
      workspace.weights()[i * kChoices + c] = choices[c][i];
    }
  }
  std::vector<WeightedAp::ClassAp> results(weighted.classes());
  weighted.evaluate(workspace, results, width);
  return results;
}

std::vector<Weights> random_weights(Generator& generator, std::size_t images, int most) {
  std::vector<Weights> choices(kChoices, Weights(images));
  for (Weights& weights : choices) {
    for (std::int32_t& weight : weights) {
      weight = draw(generator, 0, 2) == 0 ? 0 : draw(generator, 0, most);
    }
  }
  return choices;
}

class WeightedApOfScores : public ::testing::TestWithParam<double> {};

TEST_P(WeightedApOfScores, IsThatOfTheDataSetWithTheImagesReallyDuplicated) {
  constexpr int kMostCopies = 5;
  Generator generator(17);
  CocoParams params;
  params.threads = 1;
  int defined = 0;
  for (int round = 0; round < 12; ++round) {
    const DrawnScenes scenes = random_scenes(generator, draw(generator, 1, 12), GetParam());
    const MatchedDetections matched = match(scenes);
    const auto choices = random_weights(generator, matched.image_ids.size(), kMostCopies);
    const auto results = evaluate(WeightedAp(matched, kMostCopies), choices);
    for (std::size_t c = 0; c < kChoices; ++c) {
      const DrawnScenes copies = with_copies(scenes, matched.image_ids, choices[c]);
      const auto expected = evaluate_coco(copies.truth, copies.detections, params);
      ASSERT_TRUE(expected.ok());
      std::vector<double> ap, ap50;
      for (std::size_t k = 0; k < 3; ++k) {
        const int index = static_cast<int>(k);
        EXPECT_NEAR(results[k].ap[c], expected->average_precision(-1, 0, 100, index), 1e-12);
        EXPECT_NEAR(results[k].ap50[c], expected->average_precision(0.5, 0, 100, index), 1e-12);
        ap.push_back(results[k].ap[c]);
        ap50.push_back(results[k].ap50[c]);
        defined += results[k].ap[c] > 0 ? 1 : 0;
      }
      EXPECT_NEAR(mean_ap(ap), expected->stats()[0], 1e-12);
      EXPECT_NEAR(mean_ap(ap50), expected->stats()[1], 1e-12);
    }
  }
  EXPECT_GT(defined, 200);
}

// Nearly no ties, some, and hardly anything but ties.
INSTANTIATE_TEST_SUITE_P(Steps, WeightedApOfScores, ::testing::Values(1e-9, 0.02, 0.25));

TEST(WeightedAp, OfTheImagesAsTheyAreIsTheEvaluations) {
  Generator generator(5);
  const DrawnScenes scenes = random_scenes(generator, 60, 1e-3);
  const MatchedDetections matched = match(scenes);
  const auto results = evaluate(WeightedAp(matched, 1), {Weights(matched.image_ids.size(), 1)});
  const auto expected = evaluate_coco(scenes.truth, scenes.detections);
  ASSERT_TRUE(expected.ok());
  for (std::size_t k = 0; k < 3; ++k) {
    const int index = static_cast<int>(k);
    EXPECT_NEAR(results[k].ap[0], expected->average_precision(-1, 0, 100, index), 1e-12);
  }
  EXPECT_EQ(results[1].ap[0], -1);  // the class without objects
}

// Recalls k/P that are equal to a threshold r * 0.01 in the reals need not be in double precision:
// 35 of 100 is not recall 0.35 to the evaluation, but 36 of 100 is.
TEST(WeightedAp, RecallThresholdsAreReachedAsInTheEvaluationWhateverTheNumberOfObjects) {
  CocoParams params;
  params.threads = 1;
  for (const int objects : {1, 2, 3, 7, 10, 20, 25, 50, 99, 100, 101, 200, 300}) {
    DrawnScenes scenes;
    scenes.truth.categories = {{1, "one"}};
    scenes.truth.images.emplace_back().id = 1;
    for (int i = 0; i < objects; ++i) {
      // One image per object: more than 100 detections of an image would not count.
      scenes.truth.images.emplace_back().id = i + 1;
      const BoxXywh box{0, 0, 10, 10};
      scenes.truth.annotations.push_back({0, i + 1, 1, box, 100, false});
      if (i % 7 != 6) scenes.detections.push_back({i + 1, 1, box, 1 - i * 1e-3});
      scenes.detections.push_back({i + 1, 1, {50, 50, 5, 5}, 1 - i * 1e-3 - 5e-4});
    }
    const MatchedDetections matched = match(scenes);
    const auto results = evaluate(WeightedAp(matched, 1), {Weights(matched.image_ids.size(), 1)});
    const auto expected = evaluate_coco(scenes.truth, scenes.detections, params);
    ASSERT_TRUE(expected.ok());
    EXPECT_NEAR(results[0].ap[0], expected->stats()[0], 1e-12) << objects << " objects";
  }
}

TEST(WeightedAp, CopiesOfAnImageRankCopyByCopyWhereScoresAreEqual) {
  // In one image, a true positive ties with a false positive that comes after it. Two copies: true,
  // false, true, false. Envelope 1 up to recall 1/2, then 2/3.
  MatchedDetections matched;
  matched.image_ids = {1};
  constexpr Outcome kRight{0x3ff, 0}, kWrong{0, 0x3ff};
  matched.classes = {{1, {{0.5, 0, kRight}, {0.5, 0, kWrong}}, {{0, 1}}}};
  const auto twice = evaluate(WeightedAp(matched, 2), {{2}});
  EXPECT_NEAR(twice[0].ap[0], (51 * 1.0 + 50 * 2 / 3.0) / 101, 1e-12);
  const auto once = evaluate(WeightedAp(matched, 2), {{1}});
  EXPECT_NEAR(once[0].ap[0], 1, 1e-12);
}

TEST(WeightedAp, AnImageThatIsNotChosenHasNoInfluence) {
  MatchedDetections matched;
  matched.image_ids = {1, 2};
  constexpr Outcome kRight{0x3ff, 0}, kWrong{0, 0x3ff};
  matched.classes = {{1, {{0.9, 1, kWrong}, {0.8, 0, kRight}}, {{0, 1}, {1, 3}}}};
  const auto results = evaluate(WeightedAp(matched, 1), {{1, 0}, {0, 1}, {1, 1}, {0, 0}});
  EXPECT_NEAR(results[0].ap[0], 1, 1e-12);
  EXPECT_EQ(results[0].ap[1], 0);
  EXPECT_NEAR(results[0].ap[2], 26 * 0.5 / 101, 1e-12);  // recalls 0 to 0.25
  EXPECT_EQ(results[0].ap[3], -1);                       // no object at all
}

TEST(WeightedAp, DoesNotDependOnTheWidthOfRegisters) {
  testing::SimulatedScenes scenes;
  scenes.images = 200;
  scenes.score_step = 0.01;
  const auto matches = testing::simulate_matches(scenes, 3);
  Generator generator(4);
  const WeightedAp weighted(matches.baseline, 6);
  const auto choices = random_weights(generator, scenes.images, 6);
  const auto narrow = evaluate(weighted, choices, 16);
  EXPECT_EQ(WeightedAp::register_widths().front(), 16);
  for (const int width : WeightedAp::register_widths()) {
    const auto results = evaluate(weighted, choices, width);
    for (std::size_t k = 0; k < narrow.size(); ++k) {
      EXPECT_EQ(results[k].ap, narrow[k].ap) << width << " bytes";
      EXPECT_EQ(results[k].ap50, narrow[k].ap50) << width << " bytes";
    }
  }
}

TEST(MeanAp, LeavesOutClassesWithoutAValue) {
  EXPECT_EQ(mean_ap(std::vector<double>{0.5, -1, 0}), 0.25);
  EXPECT_EQ(mean_ap(std::vector<double>{-1}), -1);
  EXPECT_EQ(mean_ap({}), -1);
}

}  // namespace
}  // namespace qyolo::metrics
