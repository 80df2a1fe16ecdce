#include "harness/detections/diagnosis.h"

#include <gmock/gmock.h>

#include "harness/detections/diagnosis_charts.h"
#include "tests/harness/detections/small_dataset.h"

namespace qyolo::harness {
namespace {

using ::testing::HasSubstr;
class DiagnoseFiles : public SmallDataset {};

TEST_F(DiagnoseFiles, SayWhatIsBehindTheAp) {
  const auto diagnosis = diagnose_files(truth_, worse_, all_, {});
  ASSERT_TRUE(diagnosis.ok()) << diagnosis.error().message;
  const results::DiagnosisRecord& record = diagnosis->record;
  EXPECT_EQ(record.images, 2);
  ASSERT_EQ(record.classes.size(), 2U);
  EXPECT_EQ(record.classes[0].name, "washer");
  EXPECT_EQ(record.classes[0].objects, 2);
  EXPECT_EQ(record.network.per_class[0].ap, 0);
  EXPECT_EQ(record.network.confusion.at(0, 1), 1);  // a washer taken for a nut
  EXPECT_EQ(record.network.errors.errors[0], 1);    // classification
  ASSERT_TRUE(record.baseline && record.shift);
  EXPECT_EQ(record.baseline->metrics.ap(), 1);
  EXPECT_EQ(record.shift->all.both, 1);
  EXPECT_EQ(record.shift->all.baseline_only, 2);
  EXPECT_THAT(results::diagnosis_text(record), HasSubstr("washer taken for nut"));
  EXPECT_EQ(diagnosis_charts(record).size(), 5U);
}

TEST_F(DiagnoseFiles, CountAtTheGivenConfidence) {
  DiagnosisOptions options;
  options.confidence = 0.85;
  const auto diagnosis = diagnose_files(truth_, worse_, {}, options);
  ASSERT_TRUE(diagnosis.ok()) << diagnosis.error().message;
  EXPECT_EQ(diagnosis->record.network.confusion.confidence, 0.85);
  EXPECT_EQ(diagnosis->record.network.confusion.at(1, 1), 0);  // 0.8 is below
  EXPECT_FALSE(diagnosis->record.shift);
}

TEST_F(DiagnoseFiles, WithoutObjectsHaveNoCharts) {
  const auto empty = write("empty.json", R"({"images": [{"id": 1, "file_name": "one.png"}],
      "categories": [{"id": 1, "name": "washer"}], "annotations": []})");
  const auto diagnosis = diagnose_files(empty, write("none.json", "[]"), {}, {});
  ASSERT_TRUE(diagnosis.ok()) << diagnosis.error().message;
  EXPECT_TRUE(diagnosis_charts(diagnosis->record).empty());
}

}  // namespace
}  // namespace qyolo::harness
