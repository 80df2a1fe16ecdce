#include "results/compare.h"

#include <gmock/gmock.h>

#include "tests/results/fixture.h"

namespace qyolo::results {
namespace {

using testing::accuracy_record;
using testing::Cell;
using ::testing::ElementsAre;
using testing::failed_record;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kAffine;
using testing::kFp32;
using testing::kPwlq;
using testing::latency_record;
using testing::manifest_of;
using ::testing::Not;
using testing::run_of;
using testing::uncertain_record;

const Cell kEight{"affine", 8, "layer"};

OrderedJson base_manifest(const std::vector<Cell>& cells) {
  OrderedJson manifest = manifest_of(cells);
  manifest["experiment"] = {{"evaluation", {{"img", 320}, {"iou", 0.65}}}};
  return manifest;
}

std::vector<OrderedJson> base_records() {
  return {accuracy_record(kFp32, 0.75, 5420000), accuracy_record(kAffine, 0.5, 725000),
          accuracy_record(kPwlq, 0.625, 973750), latency_record(kFp32, 10, "fp32"),
          latency_record(kPwlq, 16, "simulated")};
}

Run before() { return run_of(base_manifest({kFp32, kAffine, kPwlq}), base_records()); }

// The same cells under other keys, as another checkpoint gives them.
Run with_other_keys(Run run) {
  for (Row& row : run.rows) row.key += "-other";
  for (Json& cell : run.manifest["cells"]) cell["key"] = cell["key"].get<std::string>() + "-other";
  return run;
}

std::vector<std::string> labels(const std::vector<const Row*>& rows) {
  std::vector<std::string> names;
  for (const Row* row : rows) names.push_back(row->label);
  return names;
}

TEST(CompareRuns, ARunIsEqualToItself) {
  const auto a = before(), b = before();
  const auto comparison = compare_runs(a, b);
  ASSERT_TRUE(comparison.ok());
  ASSERT_EQ(comparison->cells.size(), 3U);
  for (const CellPair& cell : comparison->cells) {
    EXPECT_TRUE(cell.same_key);
    EXPECT_EQ(cell.delta_ap, 0);
    EXPECT_EQ(cell.delta_ap50, 0);
    EXPECT_FALSE(cell.lost_more_than(0));
  }
  EXPECT_EQ(comparison->cells[0].latency_ratio, 1);
  EXPECT_FALSE(comparison->cells[1].latency_ratio);
  EXPECT_THAT(comparison->differences, IsEmpty());
  EXPECT_THAT(comparison->latency_notes, IsEmpty());
  EXPECT_THAT(
      emit_comparison(*comparison, TableFormat::kMarkdown),
      HasSubstr("3 cells matched, 3 by key and 0 by label; AP is the same to the last digit "
                "in all 3 that have it twice."));
}

TEST(CompareRuns, DifferencesAreBMinusA) {
  const auto a = before();
  auto records = base_records();
  records.push_back(accuracy_record(kAffine, 0.375, 700000));
  records.back()["metrics"]["AP50"] = 0.95;
  records.push_back(latency_record(kPwlq, 8, "simulated"));
  const auto b = run_of(base_manifest({kFp32, kAffine, kPwlq}), records);
  const auto comparison = compare_runs(a, b);
  ASSERT_TRUE(comparison.ok());
  const CellPair& cell = comparison->cells[1];
  EXPECT_EQ(cell.delta_ap, -0.125);
  EXPECT_NEAR(*cell.delta_ap50, 0.05, 1e-12);
  EXPECT_TRUE(cell.lost_more_than(12.4));
  EXPECT_FALSE(cell.lost_more_than(12.5)) << "not more than that";
  EXPECT_EQ(comparison->cells[2].latency_ratio, 0.5);
}

TEST(CompareRuns, MatchesByLabelWhereKeysDifferAndSaysWhy) {
  const auto a = before();
  OrderedJson manifest = base_manifest({kFp32, kAffine, kPwlq});
  manifest["checkpoint"]["sha256"] = "ffff456789abcdef";
  manifest["experiment"]["evaluation"]["img"] = 640;
  manifest["dataset"]["image_count"] = 24;
  manifest["executor"] = "other kernels";
  const auto b = with_other_keys(run_of(manifest, base_records()));
  const auto comparison = compare_runs(a, b);
  ASSERT_TRUE(comparison.ok());
  EXPECT_EQ(comparison->cells.size(), 3U);
  EXPECT_FALSE(comparison->cells[0].same_key);
  EXPECT_THAT(comparison->differences,
              ElementsAre("checkpoint: 0123456789ab in A, ffff456789ab in B",
                          "images: 240 in A, 24 in B", "evaluation img: 320 in A, 640 in B",
                          "executor: not said in A, other kernels in B"));
}

TEST(CompareRuns, SaysWhichOptionOfACellDiffers) {
  const auto a = before();
  OrderedJson manifest = base_manifest({kAffine});
  manifest["cells"][0]["scale_bits"] = 16;
  const auto b = with_other_keys(run_of(manifest, {accuracy_record(kAffine, 0.5, 1)}));
  const auto comparison = compare_runs(a, b);
  ASSERT_TRUE(comparison.ok());
  EXPECT_THAT(comparison->cells[0].option_differences,
              ElementsAre("scale_bits: not said in A, 16 in B"));
}

TEST(CompareRuns, AKeyWinsOverALabelAndNoCellIsUsedTwice) {
  auto a = before(), b = before();
  b.rows[0].label = a.rows[1].label;  // has the key of a.rows[0]
  a.rows.push_back(a.rows[1]);
  a.rows.back().key = "new";
  const auto comparison = compare_runs(a, b);
  ASSERT_TRUE(comparison.ok());
  ASSERT_EQ(comparison->cells.size(), 3U);
  for (const CellPair& cell : comparison->cells) EXPECT_TRUE(cell.same_key);
  EXPECT_THAT(labels(comparison->only_a), ElementsAre("affine 4-bit filter"));
}

TEST(CompareRuns, CellsOfOneLabelAreMatchedInOrder) {
  auto a = before(), b = with_other_keys(before());
  for (Row& row : a.rows) row.label = "same";
  for (Row& row : b.rows) row.label = "same";
  b.rows.pop_back();
  const auto comparison = compare_runs(a, b);
  ASSERT_TRUE(comparison.ok());
  ASSERT_EQ(comparison->cells.size(), 2U);
  EXPECT_EQ(comparison->cells[0].b, &b.rows[0]);
  EXPECT_EQ(comparison->cells[1].b, &b.rows[1]);
  ASSERT_EQ(comparison->only_a.size(), 1U);
  EXPECT_EQ(comparison->only_a[0], &a.rows[2]);
}

TEST(CompareRuns, ListsWhatOnlyOneRunHas) {
  const auto a = before();
  const auto b = run_of(base_manifest({kEight, kPwlq}), base_records());
  const auto comparison = compare_runs(a, b);
  ASSERT_TRUE(comparison.ok());
  EXPECT_THAT(labels(comparison->only_a), ElementsAre("fp32", "affine 4-bit filter"));
  EXPECT_THAT(labels(comparison->only_b), ElementsAre("affine 8-bit layer"));
  EXPECT_THAT(emit_comparison(*comparison, TableFormat::kMarkdown),
              HasSubstr("## Not compared\n\n- only in A: fp32\n- only in A: affine 4-bit filter\n"
                        "- only in B: affine 8-bit layer\n"));
}

TEST(CompareRuns, NothingInCommonIsAnError) {
  const auto a = before();
  const auto b = run_of(base_manifest({kEight}), {});
  const auto comparison = compare_runs(a, b);
  ASSERT_FALSE(comparison.ok());
  EXPECT_EQ(comparison.error().message,
            "nothing to compare: none of the 3 cells of run has the key or the label of one of the "
            "1 cells of run");
}

TEST(CompareRuns, ACellThatFailsNowHasLost) {
  const auto a = before();
  const auto b = run_of(base_manifest({kAffine}), {failed_record(kAffine, "out of memory")});
  const auto there = compare_runs(a, b);
  ASSERT_TRUE(there.ok());
  EXPECT_TRUE(there->cells[0].lost_more_than(100));
  const auto back = compare_runs(b, a);
  ASSERT_TRUE(back.ok());
  EXPECT_FALSE(back->cells[0].lost_more_than(0));
}

TEST(CompareRuns, NotesThatLatencyWasTakenElsewhereOrOtherwise) {
  const auto a = before();
  OrderedJson manifest = base_manifest({kFp32});
  manifest["host"]["cpu"] = "Other CPU";
  OrderedJson record = latency_record(kFp32, 20, "fp32");
  record["latency"]["threads"] = 4;
  record["latency"]["width"] = 352;
  const auto b = run_of(manifest, {record});
  const auto comparison = compare_runs(a, b);
  ASSERT_TRUE(comparison.ok());
  EXPECT_EQ(comparison->cells[0].latency_ratio, 2);
  EXPECT_THAT(comparison->latency_notes, ElementsAre("host's cpu: Example CPU in A, Other CPU in B",
                                                     "input shape", "threads"));
}

TEST(CompareRuns, ShowsTheIntervalThatARecordHas) {
  const auto a = before();
  auto records = base_records();
  records[1] = uncertain_record(kAffine, 0.75, -0.25, -0.27, -0.22, 725000);
  const auto b = run_of(base_manifest({kFp32, kAffine, kPwlq}), records);
  const auto comparison = compare_runs(a, b);
  ASSERT_TRUE(comparison.ok());
  EXPECT_FALSE(comparison->cells[0].interval_b);
  ASSERT_TRUE(comparison->cells[1].interval_b);
  EXPECT_NEAR(comparison->cells[1].interval_b->first, 0.48, 1e-12);
  EXPECT_NEAR(comparison->cells[1].interval_b->second, 0.53, 1e-12);
  EXPECT_FALSE(comparison->cells[1].interval_a);
  const std::string text = emit_comparison(*comparison, TableFormat::kMarkdown);
  EXPECT_THAT(text, HasSubstr("50.00 (48.0 to 53.0)"));
  EXPECT_THAT(text, HasSubstr("plus the interval of the difference"));
}

TEST(SortCells, PutsTheLargestDifferenceFirst) {
  const auto a = before();
  auto b = before();
  b.rows[0].ap.reset();
  b.rows[1].ap = 0.51;
  b.rows[2].ap = 0.5;
  auto comparison = compare_runs(a, b);
  ASSERT_TRUE(comparison.ok());
  sort_cells(*comparison, parse_compare_order("run").value());
  EXPECT_EQ(comparison->cells[0].a->label, "fp32");
  sort_cells(*comparison, parse_compare_order("ap").value());
  EXPECT_EQ(comparison->cells[0].a->label, "pwlq 4-bit filter");
  EXPECT_EQ(comparison->cells[1].a->label, "affine 4-bit filter");
  EXPECT_EQ(comparison->cells[2].a->label, "fp32");
  EXPECT_EQ(parse_compare_order("size").error().message,
            "the order 'size' is unknown, expected one of: run, ap");
}

Run after() {
  auto records = base_records();
  records.push_back(accuracy_record(kAffine, 0.375, 700000));
  records.push_back(latency_record(kPwlq, 12, "simulated"));
  return run_of(base_manifest({kFp32, kAffine, kPwlq, kEight}), records);
}

TEST(ComparisonTable, IsExactlyThis) {
  const auto a = before(), b = after();
  const auto comparison = compare_runs(a, b);
  ASSERT_TRUE(comparison.ok());
  EXPECT_EQ(emit_comparison(*comparison, TableFormat::kMarkdown), R"(# Comparison

- A: run (demo)
- B: run (demo)

3 cells matched, 3 by key and 0 by label; AP differs in 1 of 3, most in affine 4-bit filter (-12.50 points).

| Cell                | Matched by | AP, A | AP, B |    ΔAP | ΔAP50 | Size A, MB | Size B, MB | Latency, B/A |
|---------------------|------------|------:|------:|-------:|------:|-----------:|-----------:|-------------:|
| fp32                | key        | 75.00 | 75.00 |   0.00 |  0.00 |      5.420 |      5.420 |        1.000 |
| affine 4-bit filter | key        | 50.00 | 37.50 | -12.50 |  0.00 |      0.725 |      0.700 |            – |
| pwlq 4-bit filter   | key        | 62.50 | 62.50 |   0.00 |  0.00 |      0.974 |      0.974 |        0.750 |

- AP in percent; ΔAP and ΔAP50: points, B minus A. Size: true accounting. Latency: ratio of the medians, below 1 where B is faster.
- Matched by key: the same checkpoint, data, evaluation and cell. A difference of AP is nondeterminism, another platform or a change of the program.

## Not compared

- only in B: affine 8-bit layer
)");
}

TEST(ComparisonTable, CsvHasEveryCellOfBothRuns) {
  const auto a = before(), b = after();
  const auto comparison = compare_runs(a, b);
  ASSERT_TRUE(comparison.ok());
  EXPECT_EQ(
      emit_comparison(*comparison, TableFormat::kCsv),
      R"(label,scheme,bits,granularity,match,key_a,key_b,status_a,status_b,AP_a,AP_b,delta_AP,AP_low_a,AP_high_a,AP_low_b,AP_high_b,AP50_a,AP50_b,delta_AP50,true_bytes_a,true_bytes_b,latency_ratio
fp32,fp32,0,,key,k-fp32,k-fp32,ok,ok,0.75,0.75,0,,,,,0.9,0.9,0,5420000,5420000,1
affine 4-bit filter,affine,4,filter,key,k-affine-4-filter,k-affine-4-filter,ok,ok,0.5,0.375,-0.125,,,,,0.9,0.9,0,725000,700000,
pwlq 4-bit filter,pwlq,4,filter,key,k-pwlq-4-filter,k-pwlq-4-filter,ok,ok,0.625,0.625,0,,,,,0.9,0.9,0,973750,973750,0.75
affine 8-bit layer,affine,8,layer,only B,,k-affine-8-layer,,pending,,,,,,,,,,,,,
)");
}

TEST(ComparisonTable, JsonAndLatexSayTheSame) {
  const auto a = before(), b = after();
  const auto comparison = compare_runs(a, b);
  ASSERT_TRUE(comparison.ok());
  const auto json = parse_json(emit_comparison(*comparison, TableFormat::kJson), "comparison");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ((*json)["cells"].size(), 3U);
  EXPECT_EQ((*json)["cells"][1]["delta_AP"], -0.125);
  EXPECT_EQ((*json)["only_b"][0]["label"], "affine 8-bit layer");
  EXPECT_EQ((*json)["only_a"].size(), 0U);
  EXPECT_EQ((*json)["a"]["checkpoint"]["sha256"], "0123456789abcdef");
  const std::string latex = emit_comparison(*comparison, TableFormat::kLatex);
  EXPECT_THAT(latex, HasSubstr("affine 4-bit filter & key & 50.00 & 37.50 & $-12.50$ & 0.00 &"));
  EXPECT_THAT(latex, HasSubstr("only in B: affine 8-bit layer."));
}

TEST(CompareRuns, ManifestsOfAnyShapeAreRead) {
  const auto a = before();
  for (const char* shape : {"null", "7", "[]", "[7, {}]", R"({"key": 7})", R"("text")"}) {
    auto b = before();
    for (const char* key : {"cells", "checkpoint", "dataset", "experiment", "host", "versions"})
      b.manifest[key] = Json::parse(shape);
    const auto comparison = compare_runs(a, b);
    ASSERT_TRUE(comparison.ok()) << shape;
    for (const TableFormat format :
         {TableFormat::kMarkdown, TableFormat::kCsv, TableFormat::kLatex, TableFormat::kJson})
      EXPECT_NE(emit_comparison(*comparison, format), "") << shape;
    EXPECT_NE(emit_table(b, TableFormat::kMarkdown), "") << shape;
  }
}

TEST(ComparisonTable, HostileTextStaysText) {
  auto a = before(), b = before();
  a.rows[1].label = b.rows[1].label = "x|y\n\x1b]0;";
  b.manifest["host"]["cpu"] = "\xff & <b>";
  b.manifest["checkpoint"]["sha256"] = "\xff*";
  const auto comparison = compare_runs(a, b);
  ASSERT_TRUE(comparison.ok());
  for (const TableFormat format : {TableFormat::kMarkdown, TableFormat::kLatex}) {
    const std::string text = emit_comparison(*comparison, format);
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, Not(HasSubstr("\xff")));
  }
  EXPECT_TRUE(parse_json(emit_comparison(*comparison, TableFormat::kJson), "comparison").ok());
}

}  // namespace
}  // namespace qyolo::results
