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
    more.insert(more.end(), {"--limit", "30", "--calibration", parts("calib/images"),
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
  const auto one = qyolo(parts_eval({"--limit", "60", "--threads", "1"}));
  const auto two = qyolo(parts_eval({"--limit", "60", "--threads", "2"}));
  ASSERT_EQ(one.exit_code, 0) << one.err;
  ASSERT_EQ(two.exit_code, 0) << two.err;
  EXPECT_NEAR(Json::parse(one.out)["AP"].get<double>(), Json::parse(two.out)["AP"].get<double>(),
              0.00005);
}

TEST(EvalCommand, RectAndSquareInputsDiffer) {
  const auto rect = qyolo(parts_eval({"--limit", "20"}));
  const auto square = qyolo(parts_eval({"--limit", "20", "--square"}));
  ASSERT_EQ(square.exit_code, 0) << square.err;
  EXPECT_NE(Json::parse(rect.out)["AP"], Json::parse(square.out)["AP"]);
}

}  // namespace
}  // namespace qyolo::testing
