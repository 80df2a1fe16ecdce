#include "harness/inspect/weight_histogram.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

#include "tests/harness/quant/synthetic_weights.h"

namespace qyolo::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

model::Graph graph_of(std::vector<float> weights, int filters, int channels, int kernel) {
  model::ConvNode conv;
  conv.name = "model.0.conv";
  conv.filters = filters;
  conv.channels = channels;
  conv.kernel_h = conv.kernel_w = kernel;
  conv.weight = std::move(weights);
  conv.bias.resize(static_cast<std::size_t>(filters));
  model::Graph graph;
  graph.nodes.push_back({conv, {-1}, 0});
  return graph;
}

Cell cell_of(std::string_view scheme, int bits, std::string_view granularity,
             const quant::SchemeOptions& options = {}) {
  Cell cell;
  auto recipe = quant::make_recipe(scheme, bits, granularity, options);
  EXPECT_TRUE(recipe.ok()) << recipe.error().message;
  cell.recipe = std::move(recipe).value();
  return cell;
}

plots::WeightHistogram histogram_of(const model::Graph& graph, const Cell& cell,
                                    std::optional<std::int64_t> group = std::nullopt) {
  auto histogram = weight_histogram(graph, cell, "model.0.conv", group);
  if (histogram.ok()) return std::move(histogram).value();
  ADD_FAILURE() << histogram.error().message;
  return {};
}

std::vector<double> values(const plots::WeightHistogram& histogram) {
  std::vector<double> result;
  for (const auto& level : histogram.levels) result.push_back(level.value);
  return result;
}
std::vector<std::int64_t> counts(const plots::WeightHistogram& histogram) {
  std::vector<std::int64_t> result;
  for (const auto& level : histogram.levels) result.push_back(level.weights);
  return result;
}

TEST(WeightHistogram, HasTheLevelsOfAUniformGridUsedOrNot) {
  // s = 3 / (2 - -1) = 1, z = 1 - 2 = -1: codes -2 ... 1 decode to -1, 0, 1, 2.
  const auto graph = graph_of({-1, 0.25F, 0.25F, 2}, 1, 4, 1);
  const auto affine = histogram_of(graph, cell_of("affine", 2, "layer"));
  EXPECT_THAT(values(affine), ElementsAre(-1, 0, 1, 2));
  EXPECT_THAT(counts(affine), ElementsAre(1, 2, 0, 1));
  EXPECT_THAT(affine.breakpoints, IsEmpty());
  EXPECT_EQ(affine.clipped, 0);
  EXPECT_NEAR(affine.sqnr_db.value(), 10 * std::log10(5.125 / 0.125), 1e-9);
  EXPECT_EQ(affine.low, -1);
  EXPECT_EQ(affine.high, 2);
  EXPECT_EQ(affine.cell, "affine 2-bit layer");
  EXPECT_EQ(affine.shape, "[1, 4, 1, 1]");
  EXPECT_EQ(affine.group, "");

  // [-2, 2] on -1, 0, 1: the code -2 belongs to nothing.
  const auto symmetric = histogram_of(graph, cell_of("symmetric", 2, "layer"));
  EXPECT_THAT(values(symmetric), ElementsAre(-2, 0, 2));
  EXPECT_THAT(counts(symmetric), ElementsAre(0, 3, 1));
}

TEST(WeightHistogram, CountsEveryWeightOnce) {
  const auto weights = quant::testing::synthetic_weights(16 * 8 * 9);
  const auto graph = graph_of(weights, 16, 8, 3);
  for (const quant::Scheme* scheme : quant::all_schemes()) {
    for (const char* granularity :
         {"layer", "filter", "channel", "in-channel", "shape", "shape-ssl", "fshape", "group:7"}) {
      for (const int bits : {2, 4, 8}) {
        if (!quant::make_recipe(scheme->name(), bits, granularity).ok()) continue;
        const Cell cell = cell_of(scheme->name(), bits, granularity);
        SCOPED_TRACE(cell.label());
        const auto histogram = histogram_of(graph, cell);
        const auto on_levels = counts(histogram);
        EXPECT_EQ(std::accumulate(histogram.counts.begin(), histogram.counts.end(), 0L),
                  histogram.weights);
        EXPECT_EQ(std::accumulate(on_levels.begin(), on_levels.end(), 0L), histogram.weights);
        EXPECT_EQ(histogram.weights, cell.recipe.granularity.group({16, 8, 3, 3}, 0).size());
        EXPECT_TRUE(
            std::is_sorted(histogram.levels.begin(), histogram.levels.end(),
                           [](const auto& a, const auto& b) { return a.value <= b.value; }));
        const int regions = scheme->piecewise() ? 3 : 1;
        EXPECT_LE(histogram.levels.size(), static_cast<std::size_t>(regions) << bits);
        EXPECT_EQ(histogram.breakpoints.size(), scheme->piecewise() ? 2U : 0U);
        // The values of a codebook do not reach the ends.
        if (scheme->storage(cell.recipe.options).codebook == 0) {
          EXPECT_EQ(histogram.clipped, 0);
        }
      }
    }
  }
}

TEST(WeightHistogram, HasTheValuesAndTheErrorOfTheQuantizedTensor) {
  const auto weights = quant::testing::synthetic_weights(16 * 8 * 9);
  const auto graph = graph_of(weights, 16, 8, 3);
  for (const quant::Scheme* scheme : quant::all_schemes()) {
    if (!quant::make_recipe(scheme->name(), 4, "filter").ok()) continue;
    const Cell cell = cell_of(scheme->name(), 4, "filter");
    SCOPED_TRACE(cell.label());
    const auto tensor = quant::quantize(weights, {16, 8, 3, 3}, cell.recipe, 1);
    ASSERT_TRUE(tensor.ok());
    std::vector<float> decoded(weights.size());
    quant::dequantize(*tensor, decoded, 1);
    constexpr std::size_t kGroup = 5, kSize = 72;
    const auto histogram = histogram_of(graph, cell, kGroup);
    EXPECT_EQ(histogram.group, "group 5 of 16");
    std::map<double, std::int64_t> expected;
    for (std::size_t i = 0; i < kSize; ++i)
      ++expected[static_cast<double>(decoded[kGroup * kSize + i]) + 0.0];
    std::map<double, std::int64_t> found;
    for (const auto& level : histogram.levels) {
      if (level.weights > 0) found[level.value] = level.weights;
    }
    EXPECT_EQ(found, expected);
    const std::span<const float> all = weights, after = decoded;
    EXPECT_DOUBLE_EQ(histogram.sqnr_db.value(),
                     quant::weight_error(all.subspan(kGroup * kSize, kSize),
                                         after.subspan(kGroup * kSize, kSize))
                         .sqnr_db());
    const double p = static_cast<double>(tensor->parameters[kGroup].breakpoint);
    if (scheme->piecewise()) {
      EXPECT_THAT(histogram.breakpoints, ElementsAre(-p, p));
    }
  }
}

TEST(WeightHistogram, OfAPiecewiseGridHasTheReachableLevelsOnly) {
  // Overlapping, 3 bits, m = 6: tails on -6, -4, -2 ... 6; those within (-p, p) are never used.
  std::vector<float> weights(64);
  for (std::size_t i = 0; i < weights.size(); ++i)
    weights[i] = static_cast<float>(static_cast<int>(i % 8) - 4) / 4;
  weights[0] = 6;
  const auto histogram =
      histogram_of(graph_of(weights, 8, 8, 1), cell_of("pwlq-overlap", 3, "layer"));
  ASSERT_EQ(histogram.breakpoints.size(), 2U);
  const double p = histogram.breakpoints[1];
  ASSERT_GT(p, 1);
  ASSERT_LT(p, 3);
  std::vector<double> expected = {-6, -4, -2, 2, 4, 6};  // p itself rounds to 2
  for (int code = -3; code <= 3; ++code) expected.push_back(code * p / 3);
  std::sort(expected.begin(), expected.end());
  const auto found = values(histogram);
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-6);
}

TEST(WeightHistogram, CountsWhatARangeClips) {
  std::vector<float> weights(100);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i);
  quant::SchemeOptions options;
  options.range = {quant::Range::Kind::kPercentile, 90};
  // Range [9.9, 89.1] in steps of 5.28: levels 10.56 (z = -round(9.9 / 5.28) - 8) to 89.76.
  const auto histogram =
      histogram_of(graph_of(weights, 1, 100, 1), cell_of("affine", 4, "layer", options));
  EXPECT_NEAR(histogram.levels.front().value, 10.56, 1e-4);
  EXPECT_NEAR(histogram.levels.back().value, 89.76, 1e-4);
  EXPECT_EQ(histogram.clipped, 8 + 7) << "below 7.92 and above 92.4";
}

TEST(WeightHistogram, BinsCoverTheWeightsAndTheLastOneIncludesTheLargest) {
  const auto histogram =
      histogram_of(graph_of({0, 1, 1, 5, 12}, 1, 5, 1), cell_of("affine", 8, "layer"));
  EXPECT_THAT(histogram.counts, ElementsAre(1, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1));
}

TEST(WeightHistogram, OfOneValueIsExact) {
  const auto histogram =
      histogram_of(graph_of({0.25F, 0.25F}, 1, 2, 1), cell_of("affine", 4, "layer"));
  EXPECT_THAT(histogram.counts, ElementsAre(2));
  EXPECT_FALSE(histogram.sqnr_db);
  EXPECT_EQ(histogram.clipped, 0);
  const auto zero = histogram_of(graph_of({0, 0}, 1, 2, 1), cell_of("pwlq", 4, "layer"));
  EXPECT_EQ(zero.breakpoints, std::vector<double>{0});
  EXPECT_FALSE(zero.sqnr_db);
}

TEST(WeightHistogram, TakesTheFirstOfTheLargestGroups) {
  std::vector<float> weights(18);
  std::iota(weights.begin(), weights.end(), 0.0F);
  const auto graph = graph_of(weights, 2, 9, 1);
  EXPECT_EQ(histogram_of(graph, cell_of("affine", 4, "group:4")).group, "group 0 of 6");
  const auto last = histogram_of(graph, cell_of("affine", 4, "group:4"), 5);
  EXPECT_EQ(last.weights, 1);
  EXPECT_EQ(last.low, 17);
  const auto strided = histogram_of(graph, cell_of("affine", 4, "in-channel"), 3);
  EXPECT_EQ(strided.weights, 2);
  EXPECT_EQ(strided.low, 3);
  EXPECT_EQ(strided.high, 12);
}

TEST(WeightHistogram, OfTheBaselineIsTheWholeLayerWithoutAGrid) {
  Cell baseline;
  baseline.baseline = true;
  const auto histogram = histogram_of(graph_of({1, 2, 3, 4}, 2, 2, 1), baseline);
  EXPECT_EQ(histogram.weights, 4);
  EXPECT_THAT(histogram.levels, IsEmpty());
  EXPECT_EQ(histogram.cell, "FP32");
}

TEST(WeightHistogram, RefusesInOneSentence) {
  const auto graph = graph_of({1, 2, 3, 4}, 2, 2, 1);
  const Cell cell = cell_of("affine", 4, "filter");
  EXPECT_EQ(weight_histogram(graph, cell, "model.7").error().message,
            "layer 'model.7': expected one of the 1 convolutions that 'inspect' lists, such as "
            "'model.0.conv'");
  for (const std::int64_t group : {-1, 2}) {
    EXPECT_EQ(weight_histogram(graph, cell, "model.0.conv", group).error().message,
              fmt::format("group {}: expected 0 to 1, as the layer has 2 groups of granularity "
                          "filter",
                          group));
  }
  Cell baseline;
  baseline.baseline = true;
  EXPECT_THAT(weight_histogram(graph, baseline, "model.0.conv", 0).error().message,
              HasSubstr("expected a scheme"));
  quant::SchemeOptions half;
  half.scale_bits = 16;
  EXPECT_THAT(weight_histogram(graph_of({1e6F}, 1, 1, 1), cell_of("affine", 4, "layer", half),
                               "model.0.conv")
                  .error()
                  .message,
              HasSubstr("model.0.conv: weight [0, 0, 0, 0]"));
  EXPECT_THAT(weight_histogram({}, cell, "a").error().message, HasSubstr("no convolutions"));
}

TEST(HistogramJson, HasTheNumbers) {
  const auto histogram =
      histogram_of(graph_of({-1, 0.25F, 0.25F, 2}, 1, 4, 1), cell_of("affine", 2, "layer"));
  const OrderedJson json = results::histogram_json(histogram);
  EXPECT_EQ(json["levels"].dump(), R"([{"value":-1.0,"weights":1},{"value":0.0,"weights":2},)"
                                   R"({"value":1.0,"weights":0},{"value":2.0,"weights":1}])");
  EXPECT_EQ(json["weights"], 4);
  EXPECT_EQ(json["clipped"], 0);
  EXPECT_EQ(json["counts"].size(), 12U);
}

}  // namespace
}  // namespace qyolo::harness
