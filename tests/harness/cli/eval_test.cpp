#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "datasets/coco_json.h"
#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

double box_iou(const BoxXywh& a, const BoxXywh& b) {
  const double width = std::min(a[0] + a[2], b[0] + b[2]) - std::max(a[0], b[0]);
  const double height = std::min(a[1] + a[3], b[1] + b[3]) - std::max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  return width * height / (a[2] * a[3] + b[2] * b[3] - width * height);
}

using ByImageAndClass = std::map<std::pair<std::int64_t, std::int64_t>, std::vector<Detection>>;

ByImageAndClass group(const std::vector<Detection>& detections) {
  ByImageAndClass groups;
  for (const Detection& d : detections) groups[{d.image_id, d.category_id}].push_back(d);
  return groups;
}

TEST(EvalCommand, Fp32OnPartsEqualsTheOfficialPipeline) {
  QYOLO_NEEDS_SHARED("golden/parts-w025.json");
  const TemporaryFolder folder;
  const auto saved = folder.path() / "detections.json";
  const auto result = qyolo(parts_eval({"--save-detections", saved.string()}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json ours = Json::parse(result.out);
  const Json reference = Json::parse(content_of(shared_dir() / "golden/parts-w025.stats.json"));
  EXPECT_NEAR(ours["AP"].get<double>(), reference["stats"][0].get<double>(), 0.0005);
  EXPECT_NEAR(ours["AP50"].get<double>(), reference["stats"][1].get<double>(), 0.0005);

  const auto found = datasets::read_coco_detections(saved);
  const auto expected = datasets::read_coco_detections(shared_dir() / "golden/parts-w025.json");
  ASSERT_TRUE(found.ok() && expected.ok());
  EXPECT_NEAR(static_cast<double>(found->size()), static_cast<double>(expected->size()),
              0.001 * static_cast<double>(expected->size()));
  // One to one: each of ours may serve once.
  ByImageAndClass candidates = group(*found);
  std::size_t considered = 0;
  std::size_t matched = 0;
  for (const Detection& want : *expected) {
    if (want.score <= 0.01) continue;
    ++considered;
    auto& pool = candidates[{want.image_id, want.category_id}];
    const auto match = std::find_if(pool.begin(), pool.end(), [&](const Detection& have) {
      return std::abs(have.score - want.score) < 0.002 && box_iou(have.bbox, want.bbox) > 0.99;
    });
    if (match == pool.end()) continue;
    ++matched;
    pool.erase(match);
  }
  EXPECT_GT(considered, 1000U);
  EXPECT_GE(static_cast<double>(matched), 0.999 * static_cast<double>(considered))
      << matched << " of " << considered;
}

// The reference quantized the same network by an independent implementation. Low-bit networks
// amplify the last digits of a scale, so that equal weights to 1e-7 can differ in a few boxes;
// hence 0.002.
class QuantizedCell : public ::testing::TestWithParam<int> {};

TEST_P(QuantizedCell, EqualsTheIndependentReference) {
  QYOLO_NEEDS_SHARED("golden/parts-w025.quantized.json");
  const Json reference = Json::parse(content_of(shared_dir() / "golden/parts-w025.quantized.json"));
  const Json& cell = reference["cells"].at(static_cast<std::size_t>(GetParam()));
  const auto result = qyolo(parts_eval({"--scheme", cell["scheme"], "--bits", cell["bits"].dump(),
                                        "--granularity", cell["granularity"]}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json ours = Json::parse(result.out);
  EXPECT_NEAR(ours["sqnr_db"].get<double>(), cell["sqnr_db"].get<double>(), 0.0051);
  EXPECT_NEAR(ours["AP"].get<double>(), cell["AP"].get<double>(), 0.002);
  EXPECT_NEAR(ours["AP50"].get<double>(), cell["AP50"].get<double>(), 0.002);
}

INSTANTIATE_TEST_SUITE_P(All, QuantizedCell, ::testing::Range(0, 13));

TEST(EvalCommand, EightBitActivationsCostLittleAndLeaveTheirRangesBehind) {
  const auto ap_of = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--limit", "first:30", "--calibration", parts("calib/images"),
                             "--calibration-limit", "8"});
    const auto result = qyolo(parts_eval(more));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const Json json = Json::parse(result.out);
    if (json.contains("activations")) {
      EXPECT_EQ(json["activations"]["calibration"]["images"], 8);
      EXPECT_GT(json["activations"]["groups"].size(), 10U);
      for (const Json& group : json["activations"]["groups"]) {
        EXPECT_LE(group["low"], group["high"]);
        EXPECT_GT(group["scale"], 0);
      }
    }
    return json["AP"].get<double>();
  };
  const double reference = ap_of({});
  const double eight = ap_of({"--activation-bits", "8"});
  EXPECT_NEAR(eight, reference, 0.015);
  EXPECT_NE(eight, reference);
  EXPECT_LT(ap_of({"--activation-bits", "4"}), reference - 0.05);
}

TEST(EvalCommand, OneAndTwoThreadsGiveTheSameAp) {
  const auto one = qyolo(parts_eval({"--limit", "first:60", "--threads", "1"}));
  const auto two = qyolo(parts_eval({"--limit", "first:60", "--threads", "2"}));
  ASSERT_EQ(one.exit_code, 0) << one.err;
  ASSERT_EQ(two.exit_code, 0) << two.err;
  EXPECT_NEAR(Json::parse(one.out)["AP"].get<double>(), Json::parse(two.out)["AP"].get<double>(),
              0.00005);
}

TEST(EvalCommand, RectAndSquareInputsDiffer) {
  const auto rect = qyolo(parts_eval({"--limit", "first:20"}));
  const auto square = qyolo(parts_eval({"--limit", "first:20", "--square"}));
  ASSERT_EQ(square.exit_code, 0) << square.err;
  EXPECT_NE(Json::parse(rect.out)["AP"], Json::parse(square.out)["AP"]);
}

TEST(EvalCommand, WhatRanInBf16IsNowhereCalledFp32) {
  const auto json = qyolo(parts_eval({"--limit", "first:2", "--precision", "bf16"}));
  if (json.exit_code != 0) GTEST_SKIP() << json.err;
  EXPECT_EQ(Json::parse(json.out)["label"], "BF16");
  EXPECT_EQ(Json::parse(json.out)["cell"]["label"], "BF16");
  EXPECT_THAT(json.out + json.err, ::testing::Not(::testing::HasSubstr("FP32")));
  const auto cell =
      qyolo(parts_eval({"--limit", "first:2", "--precision", "bf16", "--scheme", "affine"}));
  EXPECT_EQ(Json::parse(cell.out)["label"], "affine 4-bit filter in BF16");
}

TEST(EvalCommand, IntegersAreRefusedWhereNothingIsQuantized) {
  expect_one_sentence(qyolo(parts_eval({"--precision", "int8", "--limit", "first:1"})),
                      "nothing here is computed in integers");
}

TEST(EvalCommand, ADequantizedCheckpointSaysWhatItIs) {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "four.pt").string();
  const auto quantized = qyolo({"quantize", parts_model(), "--scheme", "affine", "--bits", "4",
                                "--granularity", "filter", "--dequantize", file});
  ASSERT_EQ(quantized.exit_code, 0) << quantized.err;
  const auto result =
      qyolo({"eval", "--model", file, "--images", parts("val/images"), "--annotations",
             parts("val/annotations.json"), "--img", "320", "--limit", "first:2", "-o", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out)["label"], "dequantized affine 4-bit filter");
  EXPECT_THAT(result.err, ::testing::HasSubstr("holds dequantized weights (affine 4-bit filter)"));
}

TEST(EvalCommand, ALimitIsASampleThatTheResultNames) {
  const auto sample = qyolo(parts_eval({"--limit", "8:3"}));
  ASSERT_EQ(sample.exit_code, 0) << sample.err;
  const Json json = Json::parse(sample.out);
  EXPECT_EQ(json["limit"], "8:3");
  EXPECT_EQ(json["images"], 8);
  const auto first = qyolo(parts_eval({"--limit", "first:8"}));
  EXPECT_NE(Json::parse(first.out)["AP"], json["AP"]);
  const auto wrong = qyolo(parts_eval({"--limit", "some"}));
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, ::testing::HasSubstr("expected N (a random sample)"));
}

}  // namespace
}  // namespace qyolo::testing
