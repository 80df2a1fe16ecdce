#include "plots/charts.h"

#include <gmock/gmock.h>

#include "plots/labels.h"
#include "tests/plots/chart_checks.h"
#include "tests/results/fixture.h"

namespace qyolo::plots {
namespace {

using results::Run;
using testing::accuracy_record;
using testing::Cell;
using testing::contains_text;
using testing::count_of;
using testing::expect_sound;
using testing::failed_record;
using testing::group;
using ::testing::HasSubstr;
using testing::kAffine;
using testing::kFp32;
using testing::kPwlq;
using testing::manifest_of;
using ::testing::Not;
using testing::run_of;
using testing::uncertain_record;
using testing::well_formed;

// Schemes, bits and granularities as a study has them; AP saturates towards the baseline's.
Run study(const std::vector<std::string>& granularities) {
  std::vector<Cell> cells = {kFp32};
  std::vector<OrderedJson> records = {accuracy_record(kFp32, 0.745, 5420000)};
  int s = 0;
  for (const char* scheme : {"affine", "symmetric", "pwlq"}) {
    for (const int bits : {8, 6, 5, 4, 3}) {
      int g = 0;
      for (const std::string& granularity : granularities) {
        cells.push_back({scheme, bits, granularity});
        const double quality = std::exp2(-bits) * (3.0 - s) * 2 / (1 + g);
        records.push_back(
            accuracy_record(cells.back(), 0.746 / (1 + quality),
                            1350000 * (bits + s / 2) / 8.0 + 40000 * g * g * (1 + s)));
        ++g;
      }
    }
    ++s;
  }
  return run_of(manifest_of(cells), records);
}

TEST(AccuracyAgainstBytes, NoTextOverlapsAnotherOrAMark) {
  expect_sound(accuracy_against_bytes(study({"layer", "filter", "fshape"})));
  expect_sound(accuracy_against_bytes(study(
      {"layer", "filter", "fshape", "channel", "in-channel", "shape", "shape-ssl", "group:64"})));
}

TEST(AccuracyAgainstBytes, HasOneMarkPerCellAndAKeyPerScheme) {
  const std::string svg = accuracy_against_bytes(study({"layer", "filter"}));
  EXPECT_EQ(count_of(group(svg, "marks"), "class=\"mark\""), 30U);
  EXPECT_EQ(count_of(group(svg, "legend"), "class=\"mark\""), 3U);
  for (const char* text : {"affine", "symmetric", "pwlq", "Pareto front", "fp32 74.50",
                           "Accuracy against true size", "small on parts/val, 240 images"})
    EXPECT_TRUE(contains_text(svg, text)) << text;
  EXPECT_THAT(svg, HasSubstr("<title>pwlq 4-bit filter: AP "));
}

TEST(AccuracyAgainstBytes, LabelsTheParetoFrontAndPalesTheRest) {
  const Cell larger{"affine", 8, "layer"};
  const std::string svg = accuracy_against_bytes(
      run_of(manifest_of({kFp32, kAffine, kPwlq, larger}),
             {accuracy_record(kFp32, 0.7, 9e6), accuracy_record(kAffine, 0.5, 1e6),
              accuracy_record(kPwlq, 0.6, 1.2e6), accuracy_record(larger, 0.4, 2e6)}));
  expect_sound(svg);
  EXPECT_TRUE(contains_text(svg, "affine 4 filter"));
  EXPECT_TRUE(contains_text(svg, "pwlq 4 filter"));
  EXPECT_TRUE(contains_text(svg, "affine 8 layer")) << "of few cells all have their names";
  EXPECT_EQ(count_of(group(svg, "marks"), "fill-opacity"), 1U);
  EXPECT_THAT(svg, HasSubstr("Pareto front from small to large: affine 4-bit filter (1.000 MB, AP "
                             "50.00), pwlq 4-bit filter (1.200 MB, AP 60.00)."));
}

TEST(AccuracyAgainstBytes, WhatTheBaselineBeatsIsNotOnTheFront) {
  const std::string svg = accuracy_against_bytes(
      run_of(manifest_of({kFp32, kAffine, kPwlq}),
             {accuracy_record(kFp32, 0.7, 5e6), accuracy_record(kAffine, 0.5, 1e6),
              accuracy_record(kPwlq, 0.6, 6e6)}));
  EXPECT_THAT(svg, HasSubstr("from small to large: affine 4-bit filter (1.000 MB, AP 50.00)."));
}

TEST(Charts, SayHowManyCellsAreNotShown) {
  const Cell waiting{"affine", 3, "layer"};
  const auto run = run_of(manifest_of({kFp32, kAffine, kPwlq, waiting}),
                          {accuracy_record(kFp32, 0.7, 9e6), accuracy_record(kAffine, 0.5, 1e6),
                           failed_record(kPwlq, "no")});
  EXPECT_THAT(testing::words_of(accuracy_against_bytes(run)),
              HasSubstr("2 of 3 cells not shown: 1 failed, 1 pending."));
  EXPECT_TRUE(
      contains_text(accuracy_against_bits(run), "2 of 3 cells not shown: 1 failed, 1 pending."));
}

TEST(Charts, DrawSomethingSensibleForDegenerateRuns) {
  const std::vector<std::pair<const char*, results::Run>> runs = {
      {"no rows", run_of(manifest_of({}), {})},
      {"baseline alone", run_of(manifest_of({kFp32}), {accuracy_record(kFp32, 0.7, 9e6)})},
      {"one row", run_of(manifest_of({kAffine}), {accuracy_record(kAffine, 0.5, 1e6)})},
      {"all failed", run_of(manifest_of({kFp32, kAffine}),
                            {failed_record(kFp32, "no"), failed_record(kAffine, "no")})},
      {"equal AP", run_of(manifest_of({kFp32, kAffine, kPwlq}),
                          {accuracy_record(kFp32, 0.5, 9e6), accuracy_record(kAffine, 0.5, 1e6),
                           accuracy_record(kPwlq, 0.5, 1.1e6)})},
      {"all equal", run_of(manifest_of({kAffine, kPwlq}),
                           {accuracy_record(kAffine, 0.5, 1e6), accuracy_record(kPwlq, 0.5, 1e6)})},
      {"zero", run_of(manifest_of({kAffine}), {accuracy_record(kAffine, 0, 1)})},
      {"perfect", run_of(manifest_of({kAffine}), {accuracy_record(kAffine, 1, 1e15)})},
      {"no bytes", run_of(manifest_of({kAffine}), {accuracy_record(kAffine, 0.5, 0)})}};
  for (const auto& [name, run] : runs) {
    SCOPED_TRACE(name);
    expect_sound(accuracy_against_bytes(run));
    expect_sound(accuracy_against_bits(run));
  }
  constexpr std::string_view kEmpty = "No cell of this run has the numbers for this chart yet.";
  EXPECT_TRUE(contains_text(accuracy_against_bytes(runs[0].second), kEmpty));
  EXPECT_FALSE(contains_text(accuracy_against_bytes(runs[1].second), kEmpty));
  EXPECT_TRUE(contains_text(accuracy_against_bits(runs[3].second), kEmpty));
}

TEST(Charts, SurviveHostileNames) {
  const Cell hostile{"<script>alert(1)</script>\"&" + std::string(300, 'x'), 4,
                     "g\x01\n" + std::string(300, 'y')};
  auto run = run_of(manifest_of({hostile, kAffine}),
                    {accuracy_record(hostile, 0.5, 1e6), accuracy_record(kAffine, 0.6, 1.5e6)});
  run.network = std::string(500, 'W');
  for (const std::string& svg : {accuracy_against_bytes(run), accuracy_against_bits(run)}) {
    expect_sound(svg);
    EXPECT_THAT(svg, Not(HasSubstr("<script")));
  }
}

TEST(Charts, StayBoundedForManyCells) {
  std::vector<Cell> cells;
  std::vector<OrderedJson> records;
  for (int i = 0; i < 400; ++i) {
    cells.push_back({"s" + std::to_string(i % 40), 2 + i % 7, "g" + std::to_string(i % 57)});
    records.push_back(accuracy_record(cells.back(), (i * 37 % 400) / 400.0, 1e6 + i * 1e4));
  }
  const auto run = run_of(manifest_of(cells), records);
  for (const std::string& svg : {accuracy_against_bytes(run), accuracy_against_bits(run)})
    EXPECT_TRUE(well_formed(svg));
}

// The study with intervals of `width` AP around the differences.
Run uncertain_study(double width) {
  std::vector<Cell> cells = {kFp32};
  std::vector<OrderedJson> records = {accuracy_record(kFp32, 0.745, 5420000)};
  for (const char* scheme : {"affine", "symmetric", "pwlq"}) {
    for (const int bits : {8, 6, 5, 4, 3}) {
      for (const char* granularity : {"layer", "filter"}) {
        cells.push_back({scheme, bits, granularity});
        const double loss = std::exp2(1 - bits) * (*scheme == 'p' ? 0.5 : *scheme == 'a' ? 0.9 : 1);
        records.push_back(uncertain_record(
            cells.back(), 0.745, -loss, -loss - width / 2, -loss + width / 2,
            170000.0 * bits + (*scheme == 'p' ? 180000 : 0) + (*granularity == 'l' ? 0 : 40000)));
      }
    }
  }
  return run_of(manifest_of(cells), records);
}

// Lengths of the lines in a chart, in the order drawn.
std::vector<double> heights(const std::string& lines) {
  const auto ends = testing::line_ends_of(lines);
  std::vector<double> found;
  for (std::size_t i = 0; i + 1 < ends.size(); i += 2) {
    EXPECT_EQ(ends[i].x, ends[i + 1].x);
    found.push_back(ends[i].y - ends[i + 1].y);
  }
  return found;
}

TEST(ErrorBars, OfTheBytesChartSpanTheIntervals) {
  const std::string svg = accuracy_against_bytes(uncertain_study(0.04));
  expect_sound(svg);
  const auto bars = heights(group(svg, "error-bars"));
  ASSERT_EQ(bars.size(), 30U);
  for (const double bar : bars) EXPECT_NEAR(bar, bars.front(), 0.03);
  const auto twice = heights(group(accuracy_against_bytes(uncertain_study(0.02)), "error-bars"));
  EXPECT_NEAR(bars.front() / twice.front(), 2, 0.3) << "the axis grows with the bars";
  EXPECT_THAT(svg, HasSubstr("pwlq 8-bit filter: AP 74.11 (72.1 to 76.1), 1.580 MB"));
  EXPECT_THAT(svg, HasSubstr("pwlq 8-bit layer (1.540 MB, AP 74.11, 72.1 to 76.1)"));
  EXPECT_TRUE(contains_text(svg,
                            "Vertical bars: the baseline's AP plus the 95 % interval of the "
                            "difference to it, which is what the number of images leaves open."));
}

TEST(AccuracyAgainstBytes, NumbersCellsWithoutRoomForTheirNamesAndListsThem) {
  const auto run = study({"layer", "filter", "fshape"});
  const std::string svg = accuracy_against_bytes(run);
  std::size_t listed = 0;
  for (const auto& line : testing::texts_of(group(svg, "list")))
    listed += line.text.starts_with("AP ") ? 1 : 0;
  EXPECT_GT(listed, 20U);
  EXPECT_TRUE(contains_text(group(svg, "list"), "1"));
  EXPECT_THAT(svg, HasSubstr("Numbers beside marks are those of the list"));
}

TEST(Charts, AreDrawnInJapaneseAndForPhones) {
  const auto run = study({"layer", "filter", "fshape"});
  const Look phone{Language::kJapanese, 390};
  for (const std::string& svg : {accuracy_against_bytes(run, phone),
                                 accuracy_against_bits(run, phone), heat_map(run, phone)}) {
    expect_sound(svg, 4, 390);
    EXPECT_THAT(svg, HasSubstr("lang=\"ja\" width=\"390\""));
    EXPECT_THAT(svg, Not(HasSubstr("Accuracy")));
  }
  EXPECT_TRUE(contains_text(accuracy_against_bytes(run, phone), "サイズと精度の関係"));
  EXPECT_TRUE(contains_text(accuracy_against_bits(run, phone), "ビット数と精度の関係"));
}

TEST(ErrorBars, AreLinesThatLabelsKeepOff) {
  const std::string svg = accuracy_against_bytes(uncertain_study(0.04));
  const auto ends = testing::line_ends_of(group(svg, "error-bars"));
  std::size_t crossed = 0, texts = 0;
  for (const auto& label : testing::texts_of(group(svg, "labels"))) {
    ++texts;
    for (std::size_t i = 0; i + 1 < ends.size(); i += 2)
      crossed += crosses(ends[i], ends[i + 1], label.box) ? 1 : 0;
  }
  EXPECT_GT(texts, 10U);
  EXPECT_EQ(crossed, 0U);
}

TEST(ErrorBars, OfTheBitsChartAreInItsTooltipsAndDescription) {
  const std::string with = accuracy_against_bits(uncertain_study(0.0404));
  expect_sound(with, 4.5);
  EXPECT_THAT(with, HasSubstr("affine 4-bit filter: AP 63.25 (61.2 to 65.3)"));
  EXPECT_EQ(count_of(with, "Vertical bars: the baseline"), 2U);  // description and footnote
}

TEST(ErrorBars, AreAbsentWhereRecordsHaveNoUncertainty) {
  for (const std::string& svg : {accuracy_against_bytes(study({"layer", "filter"})),
                                 accuracy_against_bits(study({"layer", "filter"}))}) {
    EXPECT_THAT(svg, Not(HasSubstr("Vertical bars")));
    EXPECT_EQ(testing::line_ends_of(group(svg, "error-bars")).size(), 0U);
  }
}

TEST(AccuracyAgainstBits, HasAPanelPerGranularityAndALinePerScheme) {
  const std::string svg = accuracy_against_bits(study({"layer", "filter", "fshape"}));
  EXPECT_EQ(count_of(svg, "<polyline"), 9U);
  EXPECT_EQ(count_of(svg, "class=\"mark\""), 45U + 3U);
  for (const char* text : {"layer", "filter", "fshape", "fp32 74.50", "Bits per code"})
    EXPECT_TRUE(contains_text(svg, text)) << text;
  EXPECT_TRUE(well_formed(svg));
}

}  // namespace
}  // namespace qyolo::plots
