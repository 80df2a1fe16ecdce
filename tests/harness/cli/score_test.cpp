#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/sha256.h"
#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

TEST(ScoreCommand, ArraysEqualPycocotoolsByteForByte) {
  QYOLO_NEEDS_SHARED("golden/coco80-dets.json");
  const TemporaryFolder folder;
  const auto result = qyolo({"score", (shared_dir() / "data/coco80/annotations.json").string(),
                             (shared_dir() / "golden/coco80-dets.json").string(), "--arrays",
                             folder.path().string(), "-o", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json document = Json::parse(result.out);
  const Json expected = Json::parse(content_of(shared_dir() / "golden/coco80-dets.expected.json"));
  EXPECT_EQ(document["stats"], expected["stats"]);
  for (const char* name : {"precision", "recall", "scores"}) {
    EXPECT_EQ(sha256_hex(content_of(folder.path() / (std::string(name) + ".f64"))),
              expected["sha256"][name])
        << name;
  }
}

TEST(ScoreCommand, PrintsTheFamiliarTwelveLines) {
  QYOLO_NEEDS_SHARED("golden/parts-w025.json");
  const auto result = qyolo(
      {"score", parts("val/annotations.json"), (shared_dir() / "golden/parts-w025.json").string()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            " Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.745\n"
            " Average Precision  (AP) @[ IoU=0.50      | area=   all | maxDets=100 ] = 0.944\n"
            " Average Precision  (AP) @[ IoU=0.75      | area=   all | maxDets=100 ] = 0.851\n"
            " Average Precision  (AP) @[ IoU=0.50:0.95 | area= small | maxDets=100 ] = 0.693\n"
            " Average Precision  (AP) @[ IoU=0.50:0.95 | area=medium | maxDets=100 ] = 0.831\n"
            " Average Precision  (AP) @[ IoU=0.50:0.95 | area= large | maxDets=100 ] = 0.941\n"
            " Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=  1 ] = 0.533\n"
            " Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets= 10 ] = 0.789\n"
            " Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.795\n"
            " Average Recall     (AR) @[ IoU=0.50:0.95 | area= small | maxDets=100 ] = 0.740\n"
            " Average Recall     (AR) @[ IoU=0.50:0.95 | area=medium | maxDets=100 ] = 0.874\n"
            " Average Recall     (AR) @[ IoU=0.50:0.95 | area= large | maxDets=100 ] = 0.956\n");
}

}  // namespace
}  // namespace qyolo::testing
