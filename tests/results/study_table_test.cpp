#include "results/study_table.h"

#include <gmock/gmock.h>

#include "results/render.h"
#include "tests/results/fixture.h"

namespace qyolo::results {
namespace {

using testing::accuracy_record;
using testing::Cell;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kFp32;
using testing::manifest_of;
using testing::run_of;

// The floating-point cell with AP 0.8, and `cells` in order with the APs 0.01, 0.02, ...
Run run_with(const std::vector<Cell>& cells) {
  std::vector<Cell> all = {kFp32};
  all.insert(all.end(), cells.begin(), cells.end());
  std::vector<OrderedJson> records = {accuracy_record(kFp32, 0.8, 5e6)};
  for (std::size_t i = 0; i < cells.size(); ++i)
    records.push_back(accuracy_record(cells[i], 0.01 * static_cast<double>(i + 1), 7e5));
  return run_of(manifest_of(all), records);
}

std::vector<std::string> headings(const Run& run) {
  std::vector<std::string> names;
  for (const StudyTable& study : study_tables(run)) names.push_back(study.heading);
  return names;
}

std::vector<std::string> column(const ReadingTable& table, std::size_t index) {
  std::vector<std::string> texts;
  for (const TextCell& cell : table.columns.at(index).cells) texts.push_back(cell.text);
  return texts;
}

TEST(StudyTable, CrossesSchemesWithGranularities) {
  const auto run = run_with({{"affine", 4, "layer"},
                             {"affine", 4, "1x1 filter, else channel"},
                             {"pwlq", 4, "layer"},
                             {"pwlq", 4, "filter"}});
  const auto tables = study_tables(run);
  ASSERT_EQ(tables.size(), 1U);
  EXPECT_EQ(
      markdown_table(tables[0].table),
      R"(| Granularity              | affine, AP |      affine, ΔAP | affine, paper / true | pwlq, AP |        pwlq, ΔAP | pwlq, paper / true |
|--------------------------|-----------:|-----------------:|---------------------:|---------:|-----------------:|-------------------:|
| layer                    |       1.00 | -79.00 (-98.8 %) |      3.926× / 3.750× |     3.00 | -77.00 (-96.2 %) |    3.926× / 3.750× |
| 1x1 filter, else channel |       2.00 | -78.00 (-97.5 %) |      3.926× / 3.750× |        – |                – |                  – |
| filter                   |          – |                – |                    – | **4.00** | -76.00 (-95.0 %) |    3.926× / 3.750× |
)");
  EXPECT_THAT(tables[0].table.notes.at(0), HasSubstr("ΔAP: points of difference to fp32 (80.00)"));
}

TEST(StudyTable, FourBitsComeFirstAndCarryTheNotes) {
  const auto run = run_with({{"affine", 8, "layer"},
                             {"affine", 3, "layer"},
                             {"affine", 4, "layer"},
                             {"affine", 1, "layer"}});
  EXPECT_THAT(headings(run),
              ElementsAre("Schemes by granularity, 4 bits", "Schemes by granularity, 8 bits",
                          "Schemes by granularity, 3 bits", "Schemes by granularity, 1 bit"));
  const auto tables = study_tables(run);
  EXPECT_FALSE(tables[0].table.notes.empty());
  EXPECT_TRUE(tables[1].table.notes.empty());
}

TEST(StudyTable, FiveSchemesAreTwoTablesOverTheSameGranularities) {
  std::vector<Cell> cells;
  for (const char* scheme : {"a", "b", "c", "d", "e"}) cells.push_back({scheme, 4, "filter"});
  cells.push_back({"e", 4, "layer"});
  const auto run = run_with(cells);
  EXPECT_THAT(headings(run), ElementsAre("Schemes by granularity, 4 bits: a, b, c",
                                         "Schemes by granularity, 4 bits: d, e"));
  const auto tables = study_tables(run);
  EXPECT_EQ(tables[0].table.columns.size(), 1U + 3U * 3U);
  EXPECT_THAT(column(tables[0].table, 0), ElementsAre("filter", "layer"));
  EXPECT_THAT(column(tables[1].table, 0), ElementsAre("filter", "layer"));
  EXPECT_FALSE(tables[0].table.columns[7].cells[0].bold) << "bold is of the bit width";
  EXPECT_TRUE(tables[1].table.columns[4].cells[1].bold);
}

TEST(StudyTable, CellsThatDifferInOtherOptionsHaveRowsOfTheirOwn) {
  auto run = run_with({{"affine", 4, "filter"}, {"pwlq", 4, "filter"}, {"symmetric", 4, "filter"}});
  run.rows[1].shown = "affine 4-bit filter";
  run.rows[2].shown = "pwlq 4-bit filter breakpoint=laplace";
  run.rows[3].shown = "mine";
  Row twin = run.rows[2];
  twin.shown = "pwlq 4-bit filter";
  run.rows.push_back(twin);
  twin.shown = "head kept";
  run.rows.push_back(twin);
  run.rows.push_back(twin);  // not even the label differs
  const auto tables = study_tables(run);
  ASSERT_EQ(tables.size(), 1U);
  EXPECT_THAT(column(tables[0].table, 0),
              ElementsAre("filter", "filter breakpoint=laplace", "filter: mine",
                          "filter: head kept", "filter: head kept (2)"));
  EXPECT_THAT(column(tables[0].table, 7), ElementsAre("–", "–", "3.00", "–", "–"));
}

TEST(StudyTable, SaysWhatFailedAndDoesNotBoastWithOneCell) {
  auto run = run_with({{"affine", 4, "filter"}, {"affine", 4, "layer"}, {"affine", 2, "layer"}});
  for (const std::size_t i : {2U, 3U}) {
    run.rows[i] = {};
    run.rows[i].scheme = "affine";
    run.rows[i].granularity = "layer";
    run.rows[i].bits = i == 2U ? 4 : 2;
    run.rows[i].status = "failed";
  }
  const auto tables = study_tables(run);
  ASSERT_EQ(tables.size(), 1U) << "no table for a bit width without a result";
  EXPECT_THAT(column(tables[0].table, 1), ElementsAre("1.00", "failed"));
  EXPECT_FALSE(tables[0].table.columns[1].cells[0].bold);
}

TEST(StudyTable, AGainIsPositiveAndZeroHasNoSign) {
  auto run = run_with({{"affine", 4, "filter"}, {"affine", 4, "layer"}});
  run.rows[1].ap = 0.80004;
  run.rows[2].ap = 0.9;
  EXPECT_THAT(column(study_tables(run)[0].table, 2),
              ElementsAre("0.00 (0.0 %)", "+10.00 (+12.5 %)"));
}

TEST(StudyTable, WithoutABaselineThereIsNoLoss) {
  auto run = run_with({{"affine", 4, "filter"}});
  run.rows[0].ap.reset();
  const auto tables = study_tables(run);
  EXPECT_EQ(tables[0].table.columns.size(), 3U);
  EXPECT_THAT(tables[0].table.notes.at(0), ::testing::Not(HasSubstr("loss")));
}

TEST(StudyTable, FloatingPointAloneHasNone) { EXPECT_TRUE(study_tables(run_with({})).empty()); }

}  // namespace
}  // namespace qyolo::results
