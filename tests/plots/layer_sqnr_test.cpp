#include <gmock/gmock.h>

#include "plots/charts.h"
#include "tests/plots/chart_checks.h"
#include "tests/results/fixture.h"

namespace qyolo::plots {
namespace {

using testing::accuracy_record;
using testing::Cell;
using testing::contains_text;
using testing::expect_sound;
using ::testing::HasSubstr;
using testing::kFp32;
using testing::manifest_of;
using ::testing::Not;
using testing::rectangles_of;
using testing::run_of;
using testing::SvgRectangle;

OrderedJson layer(const std::string& name, const OrderedJson& sqnr, int kernel = 3) {
  return {{"name", name},    {"shape", {8, 4, kernel, kernel}},   {"weights", 288}, {"groups", 8},
          {"sqnr_db", sqnr}, {"mse", sqnr.is_null() ? 0.0 : 0.25}};
}

OrderedJson record_of(const Cell& cell, const std::vector<OrderedJson>& layers) {
  OrderedJson record = accuracy_record(cell, 0.5, 1e6);
  record["weight_error"] = {{"sqnr_db", 12.5}, {"mse", 0.25}, {"layers", layers}};
  return record;
}

std::vector<OrderedJson> network(std::size_t count, double from) {
  std::vector<OrderedJson> layers;
  for (std::size_t i = 0; i < count; ++i) {
    layers.push_back(layer(fmt::format("model.{}.conv", i),
                           from + static_cast<double>(i * 7 % 11) / 4, i % 3 == 0 ? 3 : 1));
  }
  return layers;
}

// The bars of the panels, from the top.
std::vector<SvgRectangle> bars_of(const std::string& svg, const std::string& name) {
  std::vector<SvgRectangle> bars;
  for (const SvgRectangle& rectangle : rectangles_of(svg)) {
    if (rectangle.tooltip.rfind(name, 0) == 0) bars.push_back(rectangle);
  }
  return bars;
}

TEST(LayerSqnr, HasABarPerLayerAndGranularityAsHighAsItsSqnr) {
  const Cell coarse{"pwlq", 4, "layer"}, fine{"pwlq", 4, "filter"};
  const std::string svg = layer_sqnr(
      run_of(manifest_of({kFp32, coarse, fine}),
             {record_of(coarse, {layer("a", 10), layer("b", 5, 1), layer("c", -2.5)}),
              record_of(fine, {layer("a", 20), layer("b", nullptr, 1), layer("c", 12.5)})}));
  expect_sound(svg, 4);
  const auto a = bars_of(svg, "a "), b = bars_of(svg, "b "), c = bars_of(svg, "c ");
  ASSERT_EQ(a.size(), 2U);
  ASSERT_EQ(b.size(), 2U);
  ASSERT_EQ(c.size(), 2U);
  EXPECT_EQ(a[0].tooltip, "a [8, 4, 3, 3]: 10.00 dB, 288 weights in 8 groups");
  EXPECT_EQ(b[1].tooltip, "b [8, 4, 1, 1]: exact, 288 weights in 8 groups");
  const double per_db = a[0].box.height() / 10;
  EXPECT_NEAR(b[0].box.height(), 5 * per_db, 0.02);
  EXPECT_NEAR(a[1].box.height(), 20 * per_db, 0.02);
  EXPECT_NEAR(c[0].box.height(), 2.5 * per_db, 0.02);
  EXPECT_NEAR(c[0].box.top, a[0].box.bottom, 0.02) << "below zero hangs down";
  EXPECT_LT(a[0].box.right, b[0].box.left);
  EXPECT_LT(b[0].box.right, c[0].box.left);
  EXPECT_EQ(a[0].box.left, a[1].box.left);
  EXPECT_LT(a[0].box.bottom, a[1].box.top);
  EXPECT_NE(a[0].fill, b[0].fill) << "1x1 layers";
  EXPECT_EQ(a[0].fill, c[0].fill);
  EXPECT_GT(b[1].box.height(), a[1].box.height()) << "exact";
  EXPECT_NE(b[1].fill, b[0].fill);
  EXPECT_EQ(testing::count_of(svg, "class=\"mark\""), 3U + 1U) << "legend and one exact layer";
  for (const char* text : {"layer", "filter", "1x1 layers", "exact, no error", "a", "b", "c",
                           "12.50 dB over all weights, lowest -2.50 in c",
                           "12.50 dB over all weights, lowest 12.50 in c, 1 of 3 layers exact"})
    EXPECT_TRUE(contains_text(svg, text)) << text;
}

TEST(LayerSqnr, IsReadableForALargeNetwork) {
  std::vector<Cell> cells = {kFp32};
  std::vector<OrderedJson> records;
  for (const char* granularity :
       {"layer", "filter", "channel", "in-channel", "shape", "shape-ssl", "fshape", "group:64"}) {
    cells.push_back({"pwlq", 4, granularity});
    records.push_back(record_of(cells.back(), network(92, 10)));
  }
  const std::string svg = layer_sqnr(run_of(manifest_of(cells), records));
  expect_sound(svg, 4);
  std::size_t bars = 0, names = 0;
  for (const SvgRectangle& bar : rectangles_of(svg)) {
    if (bar.tooltip.empty()) continue;
    ++bars;
    EXPECT_GE(bar.box.width(), 5);
  }
  EXPECT_EQ(bars, 8U * 92U);
  for (const auto& text : testing::texts_of(svg)) {
    if (text.text.rfind("model.", 0) == 0) ++names;
  }
  EXPECT_GE(names, 8U);
  EXPECT_TRUE(contains_text(svg, "Layers in network order, one of 10 named"));
}

TEST(LayerSqnr, ShowsThePairWithMostGranularitiesThenTheFewestBits) {
  const std::vector<Cell> cells = {{"affine", 3, "layer"},  {"affine", 8, "layer"},
                                   {"affine", 8, "filter"}, {"pwlq", 4, "layer"},
                                   {"pwlq", 4, "filter"},   {"symmetric", 4, "filter"}};
  std::vector<OrderedJson> records;
  for (const Cell& cell : cells) records.push_back(record_of(cell, network(3, cell.bits)));
  const results::Run run = run_of(manifest_of(cells), records);
  EXPECT_TRUE(contains_text(layer_sqnr(run),
                            "small, pwlq 4-bit (default: most granularities, then fewest bits)"));
  EXPECT_TRUE(contains_text(layer_sqnr(run, {"affine", 3}), "small, affine 3-bit"));
  EXPECT_TRUE(contains_text(layer_sqnr(run, {"affine", std::nullopt}),
                            "small, affine 8-bit (default: most granularities, then fewest bits)"));
  EXPECT_EQ(bars_of(layer_sqnr(run, {"affine", 8}), "model.0.conv").size(), 2U);
  EXPECT_THAT(layer_sqnr(run, {"affine", 5}), HasSubstr("No cell of this run has the numbers"));
}

TEST(LayerSqnr, PlotsRecordsWithoutShapes) {
  const Cell cell{"pwlq", 4, "layer"};
  std::vector<OrderedJson> layers = network(4, 3);
  for (OrderedJson& entry : layers) entry.erase("shape");
  const std::string svg = layer_sqnr(run_of(manifest_of({cell}), {record_of(cell, layers)}));
  expect_sound(svg);
  EXPECT_FALSE(contains_text(svg, "1x1 layers"));
  EXPECT_EQ(bars_of(svg, "model.1.conv: 4.75 dB").size(), 1U);
}

TEST(LayerSqnr, KeepsTheOrderWhereACellLacksLayers) {
  const Cell some{"pwlq", 4, "layer"}, all{"pwlq", 4, "filter"};
  std::vector<OrderedJson> fewer = network(5, 3);
  fewer.erase(fewer.begin() + 4);
  const std::string svg = layer_sqnr(
      run_of(manifest_of({some, all}), {record_of(some, fewer), record_of(all, network(5, 6))}));
  expect_sound(svg);
  const auto last = bars_of(svg, "model.4.conv");
  ASSERT_EQ(last.size(), 1U);
  EXPECT_GT(last[0].box.left, bars_of(svg, "model.3.conv")[1].box.right);
  EXPECT_TRUE(contains_text(svg, "No bar: the cell has no error of that layer."));
}

TEST(LayerSqnr, SurvivesHostileRecords) {
  const Cell cell{"<pwlq>" + std::string(300, 'x'), 4, "g\n" + std::string(300, 'W')};
  const std::string name = "<script>&\"" + std::string(400, 'm');
  std::vector<OrderedJson> layers = {layer(name, 1e15),
                                     layer(name, 3),
                                     layer("", -1e15),
                                     layer("text", "many"),
                                     layer("far", 1e300),
                                     {{"name", 7}, {"sqnr_db", 3}},
                                     {{"name", "none"}},
                                     3,
                                     nullptr};
  layers.push_back(layer("shape", 2));
  layers.back()["shape"] = {1, -1, "x"};
  const std::string svg = layer_sqnr(run_of(manifest_of({cell}), {record_of(cell, layers)}));
  expect_sound(svg);
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_TRUE(bars_of(svg, "text").empty());
  EXPECT_TRUE(bars_of(svg, "far").empty());
  EXPECT_EQ(bars_of(svg, "shape: 2.00 dB").size(), 1U);
}

TEST(LayerSqnr, StaysBounded) {
  std::vector<Cell> cells;
  std::vector<OrderedJson> records;
  for (int i = 0; i < 14; ++i) {
    cells.push_back({"pwlq", 4, fmt::format("g{}", i)});
    records.push_back(record_of(cells.back(), network(900, 10)));
  }
  const std::string svg = layer_sqnr(run_of(manifest_of(cells), records));
  EXPECT_TRUE(testing::well_formed(svg));
  EXPECT_TRUE(contains_text(svg, "100 of 900 layers not shown. 2 of 14 cells not shown."));
}

TEST(LayerSqnr, OfARunWithoutLayersSaysSo) {
  const Cell cell{"pwlq", 4, "layer"};
  for (const results::Run& run : {run_of(manifest_of({}), {}), run_of(manifest_of({cell}), {}),
                                  run_of(manifest_of({cell}), {accuracy_record(cell, 0.5, 1e6)}),
                                  run_of(manifest_of({cell}), {record_of(cell, {})})}) {
    expect_sound(layer_sqnr(run));
    EXPECT_THAT(layer_sqnr(run), HasSubstr("No cell of this run has the numbers"));
  }
  const results::Run exact =
      run_of(manifest_of({cell}), {record_of(cell, {layer("a", nullptr), layer("b", nullptr)})});
  expect_sound(layer_sqnr(exact));
  EXPECT_EQ(bars_of(layer_sqnr(exact), "a [8, 4, 3, 3]: exact").size(), 1U);
}

}  // namespace
}  // namespace qyolo::plots
