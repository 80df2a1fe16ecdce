#include "results/judged_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/json.h"

namespace qyolo::results {
namespace {

using ::testing::HasSubstr;

// As scripts/judge --json prints it.
const char* const kReport = R"({
 "network": "net.onnx", "runtime": "ONNX Runtime 1.32.0", "cell": "artifact symmetric 8-bit filter",
 "images": 240, "ap": 0.7501, "qyolo_ap": 0.7498, "difference": 0.0003,
 "changes": {"newly_missed": 1}, "convolutions": {"QLinearConv": 86, "Conv": 6},
 "integer_convolutions": 86,
 "milliseconds": {"ONNX Runtime 1.32.0": [9.5, 9.1, 9.9], "qyolo fp32": [12.0], "qyolo int8": [5, 6]}})";

TEST(JudgedRecord, IsReadFromTheJudgesReport) {
  const auto judged = parse_judged(kReport);
  ASSERT_TRUE(judged.ok()) << judged.error().message;
  EXPECT_EQ(judged->runtime, "ONNX Runtime 1.32.0");
  EXPECT_EQ(judged->images, 240);
  EXPECT_EQ(judged->convolutions, 92);
  EXPECT_EQ(judged->integer_convolutions, 86);
  EXPECT_EQ(judged->median(), 9.5);
  EXPECT_EQ(judged->own_medians(), "qyolo fp32 12.0 ms, qyolo int8 5.5 ms");
  EXPECT_EQ(judged_text({*judged}),
            "- ONNX Runtime 1.32.0: AP 75.01, here 74.98, on 240 square inputs; 86 of 92 "
            "convolutions on integers; 9.5 ms, qyolo fp32 12.0 ms, qyolo int8 5.5 ms\n");
}

TEST(JudgedRecord, WithoutTimingSaysNothingOfIt) {
  Json report = Json::parse(kReport);
  report["milliseconds"] = Json::object();
  const auto judged = parse_judged(report.dump());
  ASSERT_TRUE(judged.ok());
  EXPECT_FALSE(judged->median());
  EXPECT_THAT(judged_text({*judged}), HasSubstr("86 of 92 convolutions on integers\n"));
}

TEST(JudgedRecord, AnotherDocumentIsRefused) {
  EXPECT_FALSE(parse_judged("").ok());
  EXPECT_FALSE(parse_judged("{}").ok());
  for (const char* key : {"runtime", "images", "ap", "qyolo_ap", "convolutions",
                          "integer_convolutions", "milliseconds"}) {
    Json report = Json::parse(kReport);
    report[key] = Json::array({"x"});
    EXPECT_FALSE(parse_judged(report.dump()).ok()) << key;
  }
}

}  // namespace
}  // namespace qyolo::results
