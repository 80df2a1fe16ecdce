#include "harness/detections/score.h"

#include <gmock/gmock.h>

#include "tests/harness/detections/small_dataset.h"

namespace qyolo::harness {
namespace {

using ::testing::HasSubstr;
class ScoreFiles : public SmallDataset {};

TEST_F(ScoreFiles, HaveTheMetricsAndTheGridTheyAreMeansOf) {
  const auto perfect = score_files(truth_, all_, {});
  ASSERT_TRUE(perfect.ok()) << perfect.error().message;
  const results::ScoreRecord& record = perfect->record;
  EXPECT_EQ(record.images, 2);
  EXPECT_EQ(record.detections, 3);
  ASSERT_TRUE(record.stats && record.metrics);
  EXPECT_EQ((*record.stats)[0], 1);
  EXPECT_EQ((*record.stats)[5], -1);  // no large objects
  EXPECT_EQ(record.metrics->values[5], std::nullopt);
  EXPECT_EQ(record.grid.size(), 4U * 3U);
  ASSERT_EQ(record.per_class.size(), 2U);
  EXPECT_EQ(record.per_class[1].name, "nut");
  const auto worse = score_files(truth_, worse_, {});
  ASSERT_TRUE(worse.ok());
  EXPECT_EQ(worse->record.per_class[0].ap, 0);
  EXPECT_LT(worse->record.per_class[1].ap, 1);
}

TEST_F(ScoreFiles, WithFewMaximaHaveNoStats) {
  metrics::CocoParams params;
  params.max_detections = {10};
  const auto score = score_files(truth_, all_, params);
  ASSERT_TRUE(score.ok());
  EXPECT_FALSE(score->record.stats);
  EXPECT_FALSE(score->record.metrics);
  EXPECT_THAT(results::score_text(score->record), HasSubstr("maxDets= 10 ] = 1.000"));
}

TEST_F(ScoreFiles, ThatDoNotFitAreRefused) {
  const auto other = write(
      "other.json", R"([{"image_id": 7, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 1}])");
  const auto score = score_files(truth_, other, {});
  ASSERT_FALSE(score.ok());
  EXPECT_THAT(score.error().message, HasSubstr("other.json"));
}

TEST_F(ScoreFiles, WriteTheirArrays) {
  const auto score = score_files(truth_, all_, {});
  ASSERT_TRUE(score.ok());
  ASSERT_TRUE(write_arrays(score->evaluation, folder_.path() / "arrays").ok());
  EXPECT_EQ(std::filesystem::file_size(folder_.path() / "arrays/precision.f64"),
            8U * 10 * 101 * 2 * 4 * 3);
  EXPECT_EQ(std::filesystem::file_size(folder_.path() / "arrays/recall.f64"), 8U * 10 * 2 * 4 * 3);
}

}  // namespace
}  // namespace qyolo::harness
