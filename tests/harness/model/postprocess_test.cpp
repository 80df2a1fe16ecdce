#include "harness/model/postprocess.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

#include "tests/support/checkpoint_writer.h"

namespace qyolo::model {
namespace {

using ::testing::ElementsAre;
using testing::pseudo_random;

float logit(double probability) {
  return static_cast<float>(std::log(probability / (1 - probability)));
}

// A head of one level, and its raw output for `batch` images: all zeros.
struct Head {
  Graph graph;
  std::vector<HeadOutput> outputs;

  Head(int classes, int height, int width, std::vector<std::array<float, 2>> anchors,
       double stride = 8, int batch = 1) {
    graph.class_names.assign(static_cast<std::size_t>(classes), "thing");
    const int channels = static_cast<int>(anchors.size()) * (classes + 5);
    graph.head = {{0, stride, std::move(anchors)}};
    HeadOutput output{batch, channels, height, width, {}};
    output.values.resize(static_cast<std::size_t>(batch * channels * height * width));
    outputs = {std::move(output)};
  }
  float& raw(int anchor, int output, int row, int column, int image = 0) {
    HeadOutput& level = outputs[0];
    const int channel = anchor * static_cast<int>(graph.class_names.size() + 5) + output;
    return level.values[static_cast<std::size_t>(
        ((image * level.channels + channel) * level.height + row) * level.width + column)];
  }
  void fill(float value) { std::ranges::fill(outputs[0].values, value); }
};

void expect_same(const std::vector<Candidate>& found, const std::vector<Candidate>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].x1, expected[i].x1) << i;
    EXPECT_EQ(found[i].y1, expected[i].y1) << i;
    EXPECT_EQ(found[i].x2, expected[i].x2) << i;
    EXPECT_EQ(found[i].y2, expected[i].y2) << i;
    EXPECT_EQ(found[i].score, expected[i].score) << i;
    EXPECT_EQ(found[i].class_index, expected[i].class_index) << i;
  }
}

// --- decoding ---

TEST(DecodeRows, FollowsTheFormula) {
  Head head(2, 2, 3, {{10, 20}, {30, 40}});
  head.raw(1, 0, 1, 2) = logit(0.75);
  head.raw(1, 1, 1, 2) = logit(0.25);
  head.raw(1, 2, 1, 2) = logit(0.75);
  head.raw(1, 3, 1, 2) = logit(0.25);
  head.raw(1, 4, 1, 2) = logit(0.9);
  head.raw(1, 5, 1, 2) = logit(0.8);
  head.raw(1, 6, 1, 2) = logit(0.1);
  const std::vector<float> rows = decode_rows(head.graph, head.outputs, 0);
  ASSERT_EQ(rows.size(), 2U * 2 * 3 * 7);
  // Zeros: the centre of the cell, the anchor's size, one half for everything.
  EXPECT_THAT(std::vector<float>(rows.begin(), rows.begin() + 7),
              ElementsAre(4, 4, 10, 20, 0.5F, 0.5F, 0.5F));
  // Anchor 1, row 1, column 2 comes last.
  const std::vector<float> expected = {
      (1.5F - 0.5F + 2) * 8, (0.5F - 0.5F + 1) * 8, 2.25F * 30, 0.25F * 40, 0.9F, 0.8F, 0.1F};
  const std::vector<float> last(rows.end() - 7, rows.end());
  for (std::size_t i = 0; i < 7; ++i) EXPECT_NEAR(last[i], expected[i], 1e-4) << i;
}

TEST(DecodeRows, TakesTheImageAskedFor) {
  Head head(2, 1, 1, {{10, 20}}, 8, 2);
  head.raw(0, 4, 0, 0, 1) = 3;
  EXPECT_EQ(decode_rows(head.graph, head.outputs, 0)[4], 0.5F);
  EXPECT_GT(decode_rows(head.graph, head.outputs, 1)[4], 0.9F);
}

// --- thresholds and labels ---

TEST(Detect, ThresholdsAreStrict) {
  Head head(2, 1, 1, {{10, 20}});  // objectness 0.5, scores 0.25
  PostprocessOptions options;
  options.confidence = 0.25F;
  EXPECT_TRUE(detect(head.graph, head.outputs, 0, options).empty());
  options.confidence = std::nextafter(0.25F, 0.0F);
  EXPECT_EQ(detect(head.graph, head.outputs, 0, options).size(), 2U);
  head.raw(0, 5, 0, 0) = 100;  // class score 1: now the objectness decides
  options.confidence = 0.5F;
  EXPECT_TRUE(detect(head.graph, head.outputs, 0, options).empty());
  options.confidence = std::nextafter(0.5F, 0.0F);
  EXPECT_EQ(detect(head.graph, head.outputs, 0, options).size(), 1U);
}

TEST(Detect, EveryClassAboveTheThresholdCounts) {
  Head head(3, 1, 1, {{10, 20}});
  head.raw(0, 5, 0, 0) = logit(0.3);
  head.raw(0, 6, 0, 0) = logit(0.9);
  head.raw(0, 7, 0, 0) = logit(0.1);
  PostprocessOptions options;
  options.confidence = 0.1F;
  const auto all = detect(head.graph, head.outputs, 0, options);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].class_index, 1);
  EXPECT_NEAR(all[0].score, 0.45, 1e-6);
  EXPECT_EQ(all[1].class_index, 0);
  options.multi_label = false;
  const auto best = detect(head.graph, head.outputs, 0, options);
  ASSERT_EQ(best.size(), 1U);
  EXPECT_EQ(best[0].class_index, 1);
}

TEST(Detect, OneClassIsScoredByObjectnessAlone) {
  Head head(1, 1, 1, {{10, 20}});
  head.raw(0, 5, 0, 0) = -50;
  const auto found = detect(head.graph, head.outputs, 0, {});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].score, 0.5F);
}

TEST(Detect, RowsThatAreNotNumbersYieldNothing) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (int output = 0; output < 7; ++output) {
    Head head(2, 1, 1, {{10, 20}});
    head.raw(0, output, 0, 0) = nan;
    const std::size_t expected = output < 5 ? 0 : 1;
    EXPECT_EQ(detect(head.graph, head.outputs, 0, {}).size(), expected) << output;
  }
}

// --- NMS ---

Candidate box(float x, float y, float width, float height, float score, int class_index = 0) {
  return {x, y, x + width, y + height, score, class_index};
}

TEST(NonMaximumSuppression, SuppressesStrictlyAboveTheThreshold) {
  // Intersection 2 x 4, union 4 x 4: IoU exactly one half.
  const std::vector<Candidate> pair = {box(0, 0, 4, 4, 0.5F), box(0, 0, 2, 4, 0.9F)};
  PostprocessOptions options;
  options.iou = 0.5;
  expect_same(non_maximum_suppression(pair, options), {pair[1], pair[0]});
  options.iou = std::nextafter(0.5, 0.0);
  expect_same(non_maximum_suppression(pair, options), {pair[1]});
}

TEST(NonMaximumSuppression, EqualScoresKeepTheirOrder) {
  const std::vector<Candidate> ties = {box(0, 0, 4, 4, 0.5F), box(100, 0, 4, 4, 0.5F),
                                       box(1, 0, 4, 4, 0.5F), box(200, 0, 4, 4, 0.7F)};
  PostprocessOptions options;
  options.iou = 0.5;
  expect_same(non_maximum_suppression(ties, options), {ties[3], ties[0], ties[1]});
}

TEST(NonMaximumSuppression, OrdersManyBoxesAsAStableSortDoes) {
  // Boxes apart, of few different scores: negative ones, both zeros, and positive ones.
  std::vector<Candidate> candidates;
  const std::vector<float> random = pseudo_random(20000, 3);
  for (std::size_t i = 0; i < random.size(); ++i) {
    const float rounded = std::round(random[i] * 20) / 20;
    candidates.push_back(box(static_cast<float>(i % 200) * 10, static_cast<float>(i / 200) * 10, 5,
                             5, i % 2 == 0 && rounded == 0 ? -0.0F : rounded));
  }
  PostprocessOptions options;
  options.max_candidates = 15000;
  options.max_detections = 14000;
  std::vector<Candidate> expected = candidates;
  std::ranges::stable_sort(expected, std::ranges::greater{}, &Candidate::score);
  ASSERT_LT(expected[13999].score, 0);
  expected.resize(14000);
  expect_same(non_maximum_suppression(candidates, options), expected);
  options.max_candidates = 3000;
  expected.resize(3000);
  expect_same(non_maximum_suppression(candidates, options), expected);
}

TEST(NonMaximumSuppression, ASuppressedBoxSuppressesNothing) {
  const std::vector<Candidate> chain = {box(0, 0, 10, 10, 0.9F), box(3, 0, 10, 10, 0.8F),
                                        box(6, 0, 10, 10, 0.7F)};
  PostprocessOptions options;
  options.iou = 0.5;
  expect_same(non_maximum_suppression(chain, options), {chain[0], chain[2]});
}

TEST(NonMaximumSuppression, ClassesDoNotSuppressEachOther) {
  const std::vector<Candidate> pair = {box(0, 0, 4, 4, 0.9F, 3), box(0, 0, 4, 4, 0.5F, 4)};
  expect_same(non_maximum_suppression(pair, {}), pair);
}

TEST(NonMaximumSuppression, LimitsCandidatesAndDetections) {
  std::vector<Candidate> apart;
  for (int i = 0; i < 20; ++i)
    apart.push_back(box(static_cast<float>(10 * i), 0, 4, 4, static_cast<float>(i + 1) / 32));
  PostprocessOptions options;
  options.max_detections = 3;
  expect_same(non_maximum_suppression(apart, options), {apart[19], apart[18], apart[17]});
  options = {};
  options.max_candidates = 2;
  expect_same(non_maximum_suppression(apart, options), {apart[19], apart[18]});
  EXPECT_TRUE(non_maximum_suppression({}, {}).empty());
}

// The published pipeline, step by step and without any of detect()'s shortcuts: every row decoded,
// every pair compared, all classes in one pass.
std::vector<Candidate> reference_detect(const Head& head, int image,
                                        const PostprocessOptions& options) {
  const std::vector<float> rows = decode_rows(head.graph, head.outputs, image);
  const std::size_t classes = head.graph.class_names.size();
  std::vector<Candidate> candidates;
  for (std::size_t row = 0; row < rows.size(); row += classes + 5) {
    const float* r = rows.data() + row;
    if (!(r[4] > options.confidence)) continue;
    for (std::size_t k = 0; k < classes; ++k) {
      const float score = r[5 + k] * r[4];
      if (!(score > options.confidence)) continue;
      candidates.push_back({r[0] - r[2] / 2, r[1] - r[3] / 2, r[0] + r[2] / 2, r[1] + r[3] / 2,
                            score, static_cast<int>(k)});
    }
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  if (candidates.size() > static_cast<std::size_t>(options.max_candidates))
    candidates.resize(static_cast<std::size_t>(options.max_candidates));
  std::vector<Candidate> moved = candidates;
  for (Candidate& candidate : moved) {
    const float offset = static_cast<float>(candidate.class_index) * 4096.0F;
    for (float* side : {&candidate.x1, &candidate.y1, &candidate.x2, &candidate.y2})
      *side += offset;
  }
  std::vector<bool> gone(moved.size(), false);
  std::vector<Candidate> kept;
  for (std::size_t i = 0; i < moved.size(); ++i) {
    if (gone[i]) continue;
    if (kept.size() < static_cast<std::size_t>(options.max_detections))
      kept.push_back(candidates[i]);
    const float own_area = (moved[i].x2 - moved[i].x1) * (moved[i].y2 - moved[i].y1);
    for (std::size_t j = i + 1; j < moved.size(); ++j) {
      const float width =
          std::max(0.0F, std::min(moved[i].x2, moved[j].x2) - std::max(moved[i].x1, moved[j].x1));
      const float height =
          std::max(0.0F, std::min(moved[i].y2, moved[j].y2) - std::max(moved[i].y1, moved[j].y1));
      const float area = (moved[j].x2 - moved[j].x1) * (moved[j].y2 - moved[j].y1);
      const float iou = width * height / (own_area + area - width * height);
      if (static_cast<double>(iou) > options.iou) gone[j] = true;
    }
  }
  return kept;
}

void expect_reference_result(Head head, const PostprocessOptions& options) {
  std::vector<float>& values = head.outputs[0].values;
  values = pseudo_random(values.size(), 7);
  for (float& value : values) value *= 6;
  const auto expected = reference_detect(head, 0, options);
  ASSERT_GT(expected.size(), 20U);
  expect_same(detect(head.graph, head.outputs, 0, options), expected);
}

TEST(Detect, EqualsTheStepByStepPipeline) {
  expect_reference_result(Head(3, 12, 16, {{30, 40}, {90, 60}}), {});
}

TEST(Detect, EqualsItWhereTheCandidateLimitBites) {
  PostprocessOptions options;
  options.max_candidates = 500;
  options.max_detections = 60;
  expect_reference_result(Head(3, 12, 16, {{30, 40}, {90, 60}}), options);
}

TEST(Detect, EqualsItForManyClassesWhereOffsetsRound) {
  PostprocessOptions options;
  options.confidence = 0.3F;
  expect_reference_result(Head(300, 4, 4, {{30, 40}}), options);
}

TEST(Detect, EqualsItWhereBoxesAreLargerThanTheOffset) {
  PostprocessOptions options;
  options.iou = 0.1;
  options.confidence = 0.3F;
  expect_reference_result(Head(4, 8, 8, {{3000, 3000}, {5000, 4000}}, 64), options);
}

// --- back to the image ---

TEST(ToImage, UndoesTheLetterbox) {
  // A 1280 x 960 image at half size, with 16 pixels of padding left and 8.5 above.
  const Placement placement{0.5, 16, 8.5, 1280, 960};
  EXPECT_THAT(to_image({26, 18.5F, 46, 28.5F, 1, 0}, placement), ElementsAre(20, 20, 40, 20));
}

TEST(ToImage, ClampsToTheImage) {
  const Placement placement{0.5, 16, 8.5, 1280, 960};
  EXPECT_THAT(to_image({-100, -100, 5000, 5000, 1, 0}, placement), ElementsAre(0, 0, 1280, 960));
  EXPECT_THAT(to_image({-100, 18.5F, -50, 28.5F, 1, 0}, placement), ElementsAre(0, 20, 0, 20));
}

}  // namespace
}  // namespace qyolo::model
