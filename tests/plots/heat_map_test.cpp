#include <gmock/gmock.h>

#include "plots/charts.h"
#include "plots/colour_scale.h"
#include "tests/plots/chart_checks.h"
#include "tests/results/fixture.h"

namespace qyolo::plots {
namespace {

using testing::accuracy_record;
using testing::Cell;
using testing::contains_text;
using testing::expect_sound;
using testing::failed_record;
using ::testing::HasSubstr;
using testing::kAffine;
using testing::kFp32;
using testing::kPwlq;
using testing::manifest_of;
using ::testing::Not;
using testing::rectangles_of;
using testing::run_of;
using ::testing::StartsWith;
using testing::SvgRectangle;
using testing::SvgText;
using testing::texts_of;

// The rectangle whose tooltip starts like that, and the text in it.
SvgRectangle cell_of(const std::string& svg, const std::string& tooltip) {
  for (const SvgRectangle& rectangle : rectangles_of(svg)) {
    if (rectangle.tooltip.rfind(tooltip, 0) == 0) return rectangle;
  }
  ADD_FAILURE() << "no cell '" << tooltip << "'";
  return {};
}
SvgText text_in(const std::string& svg, const SvgRectangle& cell) {
  for (const SvgText& text : texts_of(svg)) {
    if (cell.box.contains(text.box)) return text;
  }
  return {};
}

results::Run study(const std::vector<std::string>& granularities,
                   const std::vector<std::string>& schemes, const std::vector<int>& bits) {
  std::vector<Cell> cells = {kFp32};
  std::vector<OrderedJson> records = {accuracy_record(kFp32, 0.7, 9e6)};
  for (const std::string& granularity : granularities) {
    for (const std::string& scheme : schemes) {
      for (const int count : bits) {
        cells.push_back({scheme, count, granularity});
        const double part = static_cast<double>(records.size() * 37 % 101) / 101;
        records.push_back(accuracy_record(cells.back(), 0.71 - 0.7 * part * part, 1e6));
      }
    }
  }
  return run_of(manifest_of(cells), records);
}

TEST(HeatMap, HasTheLossOfEveryCellInReadableInk) {
  const results::Run run =
      study({"layer", "filter", "fshape"}, {"affine", "symmetric", "pwlq"}, {8, 6, 4, 3});
  const std::string svg = heat_map(run);
  expect_sound(svg);
  std::size_t cells = 0;
  for (const results::Row& row : run.rows) {
    if (row.baseline) continue;
    const SvgRectangle cell =
        cell_of(svg, fmt::format("{} {}-bit {}: AP ", row.scheme, row.bits, row.granularity));
    const SvgText text = text_in(svg, cell);
    EXPECT_EQ(text.text, fmt::format("{:.2f}", (0.7 - *row.ap) * 100)) << cell.tooltip;
    EXPECT_THAT(cell.tooltip,
                HasSubstr(fmt::format("AP {:.2f}, loss {}", *row.ap * 100, text.text)));
    EXPECT_GE(contrast(text.colour, cell.fill), 3.9) << cell.tooltip;
    ++cells;
  }
  EXPECT_EQ(cells, 36U);
  EXPECT_TRUE(contains_text(svg, "small on parts/val, 240 images, against fp32 70.00"));
}

TEST(HeatMap, CellsOfOneSchemeAreALineAndThoseOfOneBitWidthAColumn) {
  const std::string svg = heat_map(study({"layer", "filter"}, {"affine", "pwlq"}, {8, 4}));
  const Box a = cell_of(svg, "affine 4-bit layer").box, b = cell_of(svg, "affine 8-bit layer").box;
  const Box c = cell_of(svg, "pwlq 4-bit layer").box, d = cell_of(svg, "affine 4-bit filter").box;
  EXPECT_EQ(a.top, b.top);
  EXPECT_LT(a.right, b.left) << "bits ascend";
  EXPECT_EQ(a.left, c.left);
  EXPECT_LT(a.bottom, c.top);
  EXPECT_EQ(a.left, d.left);
  EXPECT_LT(c.bottom, d.top);
}

TEST(HeatMap, ColoursAreBoundToTheTolerance) {
  const Cell better{"pwlq", 8, "filter"}, equal{"affine", 8, "filter"};
  const Cell just{"symmetric", 8, "filter"}, over{"symmetric", 4, "filter"};
  const std::string svg =
      heat_map(run_of(manifest_of({kFp32, kAffine, kPwlq, better, equal, just, over}),
                      {accuracy_record(kFp32, 0.5, 9e6), accuracy_record(kAffine, 0.4, 1e6),
                       accuracy_record(kPwlq, 0.48, 1e6), accuracy_record(better, 0.5123, 1e6),
                       accuracy_record(equal, 0.5, 1e6), accuracy_record(just, 0.495, 1e6),
                       accuracy_record(over, 0.4899, 1e6)}));
  expect_sound(svg);
  // A tolerance of 1 point: colours double from there up to 64.
  EXPECT_EQ(cell_of(svg, "affine 4-bit").fill, loss_colour(0.12 + 0.88 * std::log2(10) / 6));
  EXPECT_EQ(cell_of(svg, "pwlq 4-bit").fill, loss_colour(0.12 + 0.88 / 6));
  EXPECT_EQ(cell_of(svg, "affine 8-bit").fill, gain_colour(0.5));
  EXPECT_EQ(cell_of(svg, "symmetric 8-bit").fill, gain_colour(0.25)) << "half the tolerance";
  EXPECT_EQ(cell_of(svg, "symmetric 4-bit").fill, loss_colour(0.12 + 0.88 * std::log2(1.01) / 6))
      << "just beyond";
  const SvgRectangle risen = cell_of(svg, "pwlq 8-bit");
  EXPECT_EQ(risen.fill, gain_colour(1));
  EXPECT_EQ(text_in(svg, risen).text, "-1.23");
  EXPECT_EQ(text_in(svg, cell_of(svg, "affine 8-bit")).text, "0.00");
}

TEST(HeatMap, TheToleranceIsThatOfTheRunsVerdictsLessTheMargin) {
  auto run = run_of(manifest_of({kFp32, kAffine}),
                    {accuracy_record(kFp32, 0.5, 9e6), accuracy_record(kAffine, 0.48, 1e6)});
  EXPECT_THAT(heat_map(run), HasSubstr("Blue: at most 1 is lost, the tolerance"));
  for (results::Row& row : run.rows) {
    row.tolerance = 0.05;
    row.margin = 0.01;
  }
  const std::string svg = heat_map(run);
  expect_sound(svg);
  EXPECT_EQ(cell_of(svg, "affine 4-bit").fill, gain_colour(0.25));
  EXPECT_THAT(svg, HasSubstr("at most 4 is lost, the tolerance of 5 less the margin of 1"));
}

TEST(HeatMap, MarksCellsWithoutAp) {
  const Cell waiting{"affine", 8, "filter"}, risen{"symmetric", 8, "filter"};
  const std::string svg =
      heat_map(run_of(manifest_of({kFp32, kAffine, kPwlq, waiting, risen}),
                      {accuracy_record(kFp32, 0.7, 9e6), accuracy_record(kAffine, 0.5, 1e6),
                       failed_record(kPwlq, "no"), accuracy_record(risen, 0.8, 1e6)}));
  expect_sound(svg);
  EXPECT_EQ(text_in(svg, cell_of(svg, "pwlq 4-bit filter: failed")).text, "failed");
  EXPECT_EQ(text_in(svg, cell_of(svg, "affine 8-bit filter: pending")).text, "pending");
  EXPECT_TRUE(contains_text(svg, "not in the run")) << "pwlq has no 8 bits";
  EXPECT_THAT(svg, HasSubstr("2 of 4 cells not shown: 1 failed, 1 pending."));
}

TEST(HeatMap, NamesLinesByLabelWhereSchemeBitsAndGranularityDoNotTellCellsApart) {
  OrderedJson manifest = manifest_of({kFp32});
  std::vector<OrderedJson> records = {accuracy_record(kFp32, 0.7, 9e6)};
  double ap = 0.6;
  for (const int bits : {4, 8}) {
    for (const char* option : {"", " range=mse", " range=percentile:99"}) {
      Cell cell{"affine", bits, "filter"};
      OrderedJson record = accuracy_record(cell, ap, 1e6);
      OrderedJson json = cell.json();
      json["key"] = record["key"] = fmt::format("k{}{}", bits, option);
      json["label"] = fmt::format("affine {}-bit filter{}", bits, option);
      manifest["cells"].push_back(json);
      records.push_back(record);
      ap -= 0.01;
    }
  }
  const std::string svg = heat_map(run_of(manifest, records));
  expect_sound(svg);
  for (const char* name : {"affine", "affine range=mse", "affine range=percentile:99"})
    EXPECT_TRUE(contains_text(svg, name)) << name;
  const SvgRectangle four = cell_of(svg, "affine 4-bit filter range=mse");
  const SvgRectangle eight = cell_of(svg, "affine 8-bit filter range=mse");
  EXPECT_EQ(four.box.top, eight.box.top);
  EXPECT_EQ(text_in(svg, four).text, "11.00");
  EXPECT_EQ(text_in(svg, eight).text, "14.00");
}

TEST(HeatMap, KeepsCellsWithOneLabelApart) {
  OrderedJson manifest = manifest_of({kFp32});
  std::vector<OrderedJson> records = {accuracy_record(kFp32, 0.7, 9e6)};
  for (int i = 0; i < 3; ++i) {
    OrderedJson record = accuracy_record(kAffine, 0.6, 1e6), json = kAffine.json();
    json["key"] = record["key"] = fmt::format("k{}", i);
    manifest["cells"].push_back(json);
    records.push_back(record);
  }
  const std::string svg = heat_map(run_of(manifest, records));
  expect_sound(svg);
  EXPECT_EQ(testing::count_of(svg, ">10.00</text>"), 3U);
}

TEST(HeatMap, IsSoundFromOneCellToHundreds) {
  const std::vector<std::string> granularities = {"layer", "filter",    "channel", "in-channel",
                                                  "shape", "shape-ssl", "fshape",  "group:64"};
  const std::vector<std::string> schemes = {"affine", "symmetric", "pwlq", "pwlq-fang",
                                            "pwlq-overlap"};
  expect_sound(heat_map(study({"filter"}, {"pwlq"}, {4})));
  expect_sound(heat_map(study({"layer", "filter"}, {"affine", "pwlq"}, {8, 6, 4})));
  expect_sound(heat_map(study(granularities, {"affine", "pwlq"}, {8, 6, 4, 3})));
  expect_sound(heat_map(study(granularities, schemes, {8, 7, 6, 5, 4, 3, 2})));
  std::vector<int> bits(64);
  for (int i = 0; i < 64; ++i) bits[static_cast<std::size_t>(i)] = i + 1;
  expect_sound(heat_map(study({"filter"}, schemes, bits)));
  std::vector<std::string> many;
  for (int i = 0; i < 300; ++i) many.push_back(fmt::format("scheme-{}", i));
  const std::string svg = heat_map(study({"filter"}, many, {4}));
  expect_sound(svg);
  EXPECT_THAT(svg, HasSubstr("180 of 300 cells not shown"));
}

TEST(HeatMap, SurvivesHostileNames) {
  const Cell hostile{"<script>alert(1)</script>\"&" + std::string(300, 'x'), 4,
                     "g\x01\n" + std::string(300, 'W')};
  const std::string svg =
      heat_map(run_of(manifest_of({kFp32, hostile, kAffine}),
                      {accuracy_record(kFp32, 1, 1e6), accuracy_record(hostile, 0, 1e6),
                       accuracy_record(kAffine, 0.6, 1.5e6)}));
  expect_sound(svg);
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_TRUE(contains_text(svg, "100.00"));
}

TEST(HeatMap, OfARunWithoutLossesSaysSo) {
  constexpr std::string_view kEmpty = "No cell of this run has the numbers for this chart yet.";
  for (const results::Run& run :
       {run_of(manifest_of({}), {}),
        run_of(manifest_of({kFp32}), {accuracy_record(kFp32, 0.7, 9e6)}),
        run_of(manifest_of({kFp32, kAffine}), {accuracy_record(kAffine, 0.7, 9e6)}),
        run_of(manifest_of({kFp32, kAffine}), {accuracy_record(kFp32, 0.7, 9e6)})}) {
    expect_sound(heat_map(run));
    EXPECT_TRUE(contains_text(heat_map(run), kEmpty));
  }
}

}  // namespace
}  // namespace qyolo::plots
