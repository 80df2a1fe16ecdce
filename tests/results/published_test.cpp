#include "results/published.h"

#include <gmock/gmock.h>

#include "results/tables.h"
#include "tests/results/fixture.h"

namespace qyolo::results {
namespace {

using testing::accuracy_record;
using ::testing::HasSubstr;
using testing::kAffine;
using testing::kFp32;
using testing::manifest_of;
using ::testing::Not;
using testing::run_of;

OrderedJson coco_manifest(double images, int size) {
  OrderedJson manifest = manifest_of({kFp32, kAffine});
  manifest["dataset"] = {{"annotations", "coco/annotations/instances_val2017.json"},
                         {"image_count", images}};
  manifest["experiment"] = {{"evaluation", {{"img", size}}}};
  return manifest;
}

Run run_from(const OrderedJson& manifest) {
  return run_of(manifest, {accuracy_record(kFp32, 0.7, 5e6), accuracy_record(kAffine, 0.5, 7e5)});
}

TEST(Published, EveryResultHasASourceAndANumber) {
  for (const PublishedResult& result : published_results()) {
    EXPECT_FALSE(result.source.empty()) << result.method;
    EXPECT_FALSE(result.network.empty()) << result.method;
    EXPECT_TRUE(result.ap || result.ratio) << result.method;
    EXPECT_EQ(result.ap.has_value(), result.size.has_value()) << result.method;
    for (const auto& figure : {result.ap, result.ap50, result.float_ap})
      EXPECT_TRUE(!figure || (figure->value > 30 && figure->value < 75)) << result.method;
  }
}

TEST(Published, StandsInATableOfItsOwnForCocoVal2017) {
  const ReadingTable table = published_table(run_from(coco_manifest(5000, 640)));
  ASSERT_EQ(table.columns.size(), 10U);
  ASSERT_EQ(table.columns[0].cells.size(), published_results().size());
  for (const TextCell& cell : table.columns[0].cells) EXPECT_EQ(cell.text, "published");
  EXPECT_EQ(table.columns[4].cells[2].text, "51.21");
  EXPECT_EQ(table.columns[5].cells[2].text, "69.7");
  EXPECT_EQ(table.columns[4].cells[4].text, "45.73");
  EXPECT_EQ(table.columns[7].cells[1].text, "1 %");
  EXPECT_EQ(table.columns[8].cells[1].text, "3.86×");
  EXPECT_EQ(table.notes.size(), 1U) << "nothing differs from the published setting";
}

TEST(Published, SaysHowTheRunsSettingDiffers) {
  EXPECT_EQ(published_table(run_from(coco_manifest(80, 320))).notes.at(1),
            "This run has 80 of the 5000 images and is at 320 pixels: its AP does not compare with "
            "these.");
  EXPECT_THAT(published_table(run_from(coco_manifest(5000, 320))).notes.at(1),
              HasSubstr("This run is at 320 pixels"));
}

TEST(Published, OtherDataShowsOnlyTheStudysPairsInOneLine) {
  const ReadingTable table = published_table(run_from(manifest_of({kFp32, kAffine})));
  EXPECT_TRUE(table.columns.empty());
  ASSERT_EQ(table.notes.size(), 1U);
  EXPECT_EQ(table.notes[0],
            "published (arXiv 2407.04943, abstract): 3.92× smaller at 2.5 % loss with uniform "
            "(affine) and 3.86× at 1 % with non-uniform (PWLQ) 4-bit weights. That is the full "
            "YOLOv7, trained on COCO: not this run's network or data.");
}

TEST(Published, CocoVal2017IsKnownByNameOrByItsSize) {
  OrderedJson manifest = manifest_of({kFp32});
  EXPECT_FALSE(is_coco_val2017(run_from(manifest)));
  manifest["name"] = "yolov7-val2017";
  EXPECT_TRUE(is_coco_val2017(run_from(manifest)));
  manifest["name"] = "mine";
  manifest["dataset"]["image_count"] = 5000;
  EXPECT_FALSE(is_coco_val2017(run_from(manifest))) << "any set may have 5,000 images";
  OrderedJson record = accuracy_record(kFp32, 0.7, 5e6);
  for (int i = 0; i < 80; ++i) record["per_class"].push_back({{"category_id", i}});
  EXPECT_TRUE(is_coco_val2017(run_of(manifest, {record})));
  manifest["dataset"]["image_count"] = 4952;
  EXPECT_FALSE(is_coco_val2017(run_of(manifest, {record}))) << "80 classes of something else";
}

TEST(Published, JsonIsMarkedAndCsvHoldsOnlyTheRun) {
  const auto run = run_from(coco_manifest(5000, 640));
  const auto json = parse_json(emit_table(run, TableFormat::kJson), "table");
  ASSERT_TRUE(json.ok());
  const Json& array = (*json)["published"];
  ASSERT_EQ(array.size(), published_results().size());
  for (const Json& result : array) EXPECT_EQ(result["origin"], "published");
  EXPECT_EQ(array[2]["AP"].dump(), "0.5121");
  EXPECT_EQ(array[2]["AP50"].dump(), "0.697");
  EXPECT_EQ(array[0]["loss"].dump(), "0.025");
  EXPECT_EQ(array[0]["ratio_fp16"].dump(), "3.92");
  EXPECT_TRUE(array[0]["AP"].is_null());
  EXPECT_EQ((*json)["rows"].size(), 2U);
  const auto other = run_from(manifest_of({kFp32, kAffine}));
  EXPECT_EQ(Json(published_json(other)).size(), 2U) << "only the study's pairs";
  EXPECT_THAT(emit_table(run, TableFormat::kCsv), Not(HasSubstr("published")));
}

}  // namespace
}  // namespace qyolo::results
