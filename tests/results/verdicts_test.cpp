#include "results/verdicts.h"

#include <gmock/gmock.h>

#include "results/tables.h"
#include "tests/results/fixture.h"

namespace qyolo::results {
namespace {

using testing::accuracy_record;
using testing::Cell;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kAffine;
using testing::kFp32;
using testing::kPwlq;
using testing::manifest_of;
using ::testing::Not;
using testing::run_of;
using testing::uncertain_record;

const Cell kEight{"affine", 8, "filter"};
const Cell kSix{"pwlq", 6, "layer"};
const Cell kFive{"pwlq", 5, "layer"};

Run study() {
  return run_of(manifest_of({kFp32, kEight, kSix, kFive, kAffine}),
                {accuracy_record(kFp32, 0.75, 5420000),
                 uncertain_record(kEight, 0.75, -0.001, -0.004, 0.002, 1300000),
                 uncertain_record(kSix, 0.75, -0.004, -0.008, 0.001, 1144000),
                 uncertain_record(kFive, 0.75, -0.009, -0.02, 0.002, 900000),
                 uncertain_record(kAffine, 0.75, -0.1975, -0.21, -0.186, 725000)});
}

TEST(Verdicts, TheShortAnswerNamesWhatIsCertainTheSmallestAndWhatIsNot) {
  EXPECT_THAT(verdicts_of(study()).answers,
              ElementsAre("Certain (by the 95 % interval) to stay within 1 point, 2 of 4 cells: "
                          "affine 8-bit filter, pwlq 6-bit layer.",
                          "Smallest within 1 point: pwlq 6-bit layer, 1.14 MB.",
                          "Undecided, more images would tell, 1 of 4 cells: pwlq 5-bit layer.",
                          "Certain to lose more than 1 point: 1 of 4 cells."));
}

TEST(Verdicts, EveryComparedCellHasALineAndTheBaselineHasNone) {
  const Verdicts verdicts = verdicts_of(study());
  EXPECT_THAT(
      verdicts.cells,
      ElementsAre("affine 8-bit filter: within 1 point: 0.1 points lost (0.4 lost to 0.2 gained)",
                  "pwlq 6-bit layer: within 1 point: 0.4 points lost (0.8 lost to 0.1 gained)",
                  "pwlq 5-bit layer: not enough images to tell: 0.9 points lost (2.0 lost to 0.2 "
                  "gained); about 920 more for ±0.5",
                  "affine 4-bit filter: loses 19.8 points (18.6 to 21.0), more than 1 point"));
  EXPECT_THAT(verdicts.explanation, HasSubstr("95 times out of 100"));
}

TEST(Verdicts, SayThatNothingIsCertain) {
  const auto run = run_of(manifest_of({kFp32, kFive}),
                          {accuracy_record(kFp32, 0.75, 5420000),
                           uncertain_record(kFive, 0.75, -0.009, -0.02, 0.002, 900000)});
  EXPECT_THAT(verdicts_of(run).answers,
              ElementsAre("No cell is certain (by the 95 % interval) to stay within 1 point.",
                          "Undecided, more images would tell, 1 of 1 cell: pwlq 5-bit layer."));
}

TEST(Verdicts, TolerancesThatDifferAreNotMixedUp) {
  auto half = uncertain_record(kEight, 0.75, -0.001, -0.004, 0.002, 1300000);
  half["uncertainty"]["tolerance"] = 0.005;
  const auto run = run_of(manifest_of({kFp32, kEight, kSix}),
                          {accuracy_record(kFp32, 0.75, 5420000), half,
                           uncertain_record(kSix, 0.75, -0.004, -0.008, 0.001, 1144000)});
  EXPECT_EQ(verdicts_of(run).answers.at(1),
            "Smallest within the tolerance: pwlq 6-bit layer, 1.14 MB.");
}

TEST(Verdicts, WithoutAToleranceAreAboutAnyLoss) {
  auto run = study();
  for (Row& row : run.rows) row.tolerance = 0;
  const auto answers = verdicts_of(run).answers;
  EXPECT_EQ(answers.at(1), "Smallest without a loss: pwlq 6-bit layer, 1.14 MB.");
  EXPECT_EQ(answers.at(3), "Certain to lose: 1 of 4 cells.");
}

TEST(Verdicts, AreAbsentWhereNoRecordHasAnUncertainty) {
  const auto run = run_of(manifest_of({kFp32, kAffine}), {accuracy_record(kFp32, 0.75, 5420000),
                                                          accuracy_record(kAffine, 0.5, 725000)});
  EXPECT_THAT(verdicts_of(run).answers, IsEmpty());
  EXPECT_EQ(verdicts_of(run).explanation, "");
  EXPECT_THAT(emit_table(run, TableFormat::kMarkdown), Not(HasSubstr("Verdicts")));
}

TEST(Verdicts, AreASectionOfMarkdownAndOfLatex) {
  const std::string markdown = emit_table(study(), TableFormat::kMarkdown, TablePart::kVerdicts);
  EXPECT_THAT(markdown,
              HasSubstr("\n## Verdicts\n\nCertain (by the 95 % interval) to stay within 1 point"));
  EXPECT_THAT(markdown, HasSubstr(".\n\nThe range in brackets is"));
  EXPECT_THAT(markdown, HasSubstr(".\n\n- affine 8-bit filter: within 1 point: 0.1 points lost"));
  EXPECT_THAT(markdown, Not(HasSubstr("Granularity")));
  const std::string latex = emit_table(study(), TableFormat::kLatex, TablePart::kVerdicts);
  EXPECT_THAT(latex, HasSubstr("\\subsection*{Verdicts}\nCertain (by the 95 \\% interval)"));
  EXPECT_THAT(latex, HasSubstr("\\begin{itemize}\n\\item affine 8-bit filter: within 1 point"));
  EXPECT_THAT(latex, HasSubstr("points (18.6 to 21.0), more than 1 point\n\\end{itemize}\n"));
}

TEST(Uncertainty, TheTableShowsTheIntervalOfTheDifference) {
  const std::string text = emit_table(study(), TableFormat::kMarkdown, TablePart::kMain);
  EXPECT_THAT(text, HasSubstr("| 55.25 | -19.75 (-21.0 to -18.6) |"));
  EXPECT_THAT(text, HasSubstr("|    -0.10 (-0.4 to +0.2) |"));
  EXPECT_THAT(text,
              HasSubstr("; ΔAP: points of difference to fp32, in brackets its 95 % interval."));
  EXPECT_THAT(emit_table(study(), TableFormat::kLatex, TablePart::kMain),
              HasSubstr("& $-19.75$ ($-21.0$ to $-18.6$) &"));
}

TEST(Uncertainty, TheStudyTableShowsTheIntervalOfTheDifference) {
  const std::string text = emit_table(study(), TableFormat::kMarkdown, TablePart::kStudy);
  EXPECT_THAT(text, HasSubstr("-19.75 (-21.0 to -18.6; -26.3 %)"));
  EXPECT_THAT(text, HasSubstr("in brackets its 95 % interval, and in percent of it"));
}

TEST(Uncertainty, RowsHoldItsNumbers) {
  const auto document = Json::parse(emit_table(study(), TableFormat::kJson));
  const Json& row = document["rows"][4];
  EXPECT_EQ(row["delta_AP_low"], -0.21);
  EXPECT_EQ(row["delta_AP_high"], -0.186);
  EXPECT_NEAR(row["delta_AP_standard_error"].get<double>(), 0.006, 1e-12);
  EXPECT_EQ(row["delta_AP50_low"], -0.3);
  EXPECT_EQ(row["p_loss_above_tolerance"], 0.5);
  EXPECT_EQ(row["tolerance"], 0.01);
  EXPECT_EQ(row["confidence"], 0.95);
  EXPECT_EQ(row["effective_images"], 120.5);
  EXPECT_EQ(row["objects"], 700);
  EXPECT_EQ(row["decision"], "beyond");
  EXPECT_EQ(row["verdict"].get<std::string>(),
            "loses 19.8 points (18.6 to 21.0), more than 1 point");
  EXPECT_TRUE(document["rows"][0]["delta_AP_low"].is_null());
}

TEST(Uncertainty, AnIntervalOfApIsTheBaselinesPlusThatOfTheDifference) {
  const auto run = study();
  const auto interval = run.rows[4].ap_interval();
  ASSERT_TRUE(interval);
  EXPECT_NEAR(interval->first, 0.54, 1e-12);
  EXPECT_NEAR(interval->second, 0.564, 1e-12);
  EXPECT_FALSE(run.rows[0].ap_interval());
}

TEST(Uncertainty, OfADifferenceToAnotherBaselineIsLeftOut) {
  auto record = uncertain_record(kAffine, 0.7, -0.1975, -0.21, -0.186, 725000);
  const auto run =
      run_of(manifest_of({kFp32, kAffine}), {accuracy_record(kFp32, 0.75, 5420000), record});
  EXPECT_FALSE(run.rows[1].delta_ap_low);
  EXPECT_FALSE(run.rows[1].tolerance);
  EXPECT_EQ(run.rows[1].verdict, "");
  EXPECT_THAT(run.warnings, ElementsAre(HasSubstr("to another baseline")));
}

TEST(Uncertainty, WithoutAnIntervalIsRefused) {
  for (const char* key : {"low", "high"}) {
    auto record = uncertain_record(kAffine, 0.75, -0.1975, -0.21, -0.186, 725000);
    record["uncertainty"]["delta_AP"].erase(key);
    const auto run =
        run_of(manifest_of({kFp32, kAffine}), {accuracy_record(kFp32, 0.75, 5420000), record});
    EXPECT_FALSE(run.rows[1].ap_interval());
    EXPECT_EQ(run.rows[1].decision, "");
    EXPECT_THAT(run.warnings, ElementsAre(HasSubstr("expected 'low' and 'high' above it")));
  }
}

TEST(CodedRegions, HaveAColumnAndAFootnoteWhereARowHasThem) {
  auto record = accuracy_record(kPwlq, 0.6, 973750);
  const auto without =
      run_of(manifest_of({kFp32, kPwlq}), {accuracy_record(kFp32, 0.75, 5420000), record});
  record["memory"]["coded_bytes"] = 882000;
  const auto with =
      run_of(manifest_of({kFp32, kPwlq}), {accuracy_record(kFp32, 0.75, 5420000), record});
  EXPECT_THAT(emit_table(without, TableFormat::kMarkdown), Not(HasSubstr("coded")));
  const std::string text = emit_table(with, TableFormat::kMarkdown);
  EXPECT_THAT(text, HasSubstr("| Size, MB | Size coded, MB |"));
  EXPECT_THAT(text, HasSubstr("|    0.974 |          0.882 |"));
  EXPECT_THAT(text, HasSubstr("entropy-coded, as qyolo quantize --regions entropy writes them."));
}

}  // namespace
}  // namespace qyolo::results
