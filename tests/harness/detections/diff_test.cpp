#include "harness/detections/diff.h"

#include <gmock/gmock.h>

#include "tests/harness/detections/small_dataset.h"

namespace qyolo::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
class DiffFiles : public SmallDataset {};

TEST_F(DiffFiles, AreARecordOfWhatChangedObjectByObject) {
  const auto diff = diff_files(truth_, all_, worse_, {}, {});
  ASSERT_TRUE(diff.ok()) << diff.error().message;
  const results::DiffRecord record = diff_record(*diff, 1);
  EXPECT_FALSE(record.confidence_given);
  EXPECT_EQ(record.total.counts.objects, 3);
  EXPECT_EQ(record.total.counts.newly_missed, 2);
  EXPECT_EQ(record.total.counts.flips, 1);
  EXPECT_EQ(record.total.per_100_images(record.total.counts.missed_other), 100);
  ASSERT_EQ(record.flips.size(), 1U);
  EXPECT_EQ(record.flips[0].from, "washer");
  EXPECT_EQ(record.flips[0].to, "nut");
  ASSERT_EQ(record.images.size(), 2U);
  const results::DiffImageRecord& one = record.images[0];
  EXPECT_EQ(one.file_name, "one.png");
  ASSERT_EQ(one.newly_missed.size(), 1U);
  ASSERT_TRUE(one.newly_missed[0].other);
  EXPECT_EQ(one.newly_missed[0].other->class_name, "nut");
  EXPECT_THAT(record.images[1].newly_missed[0].other.has_value(), false);
  EXPECT_THAT(record.worst_images, ElementsAre("one.png"));
}

TEST_F(DiffFiles, OfFirstImagesLeaveTheOthersOut) {
  const auto diff = diff_files(truth_, all_, worse_, {.images = 1, .first = true}, {});
  ASSERT_TRUE(diff.ok()) << diff.error().message;
  EXPECT_EQ(diff->changes.images.size(), 1U);
}

TEST_F(DiffFiles, WithoutABestConfidenceNeedOne) {
  const auto nothing = write("nothing.json", "[]");
  const auto diff = diff_files(truth_, nothing, worse_, {}, {});
  ASSERT_FALSE(diff.ok());
  EXPECT_THAT(diff.error().message, HasSubstr("--conf gives one"));
  DiffOptions options;
  options.confidence = 0.5;
  EXPECT_TRUE(diff_files(truth_, nothing, worse_, {}, options).ok());
}

TEST(ChangeText, NamesWhatThereIs) {
  metrics::ChangeCounts counts;
  EXPECT_EQ(change_text(counts), "no change");
  counts.newly_missed = 3;
  counts.flips = 1;
  counts.newly_false = 2;
  EXPECT_EQ(change_text(counts), "3 newly missed (1 as another class), 2 newly false");
}

}  // namespace
}  // namespace qyolo::harness
