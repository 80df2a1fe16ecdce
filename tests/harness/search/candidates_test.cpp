#include "harness/search/candidates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace qyolo::harness {
namespace {

TEST(CandidateRecipes, EverySchemeIsTriedAtEveryWidthAndGranularity) {
  std::multiset<std::string> tried;
  std::multiset<std::string> calibrated;
  for (const quant::Recipe& recipe : candidate_recipes(quant::Rounding::kNearest))
    tried.insert(recipe.text());
  for (const quant::Recipe& recipe : candidate_recipes(quant::Rounding::kCoordinate))
    calibrated.insert(recipe.text());
  for (const quant::Scheme* scheme : quant::all_schemes()) {
    for (int bits = 2; bits <= scheme->limits().most_searched_bits; ++bits) {
      for (const char* granularity : {"layer", "filter", "fshape", "group:128", "group:32"}) {
        const auto recipe = quant::make_recipe(scheme->name(), bits, granularity);
        if (!recipe.ok()) continue;
        EXPECT_EQ(tried.count(recipe->text()), 2U) << recipe->text();  // bias corrected or not
        EXPECT_EQ(calibrated.count(recipe->text()), 1U) << recipe->text();
      }
    }
  }
}

TEST(CandidateRecipes, OnlyTheSchemesAskedForAreTried) {
  const std::vector<const quant::Scheme*> two = {quant::find_scheme("affine").value(),
                                                 quant::find_scheme("nf4").value()};
  std::set<std::string_view> tried;
  for (const quant::Recipe& recipe : candidate_recipes(quant::Rounding::kNearest, two))
    tried.insert(recipe.scheme->name());
  EXPECT_EQ(tried, (std::set<std::string_view>{"affine", "nf4"}));
}

TEST(CandidateRecipes, RangesAreByLeastErrorWhereASchemeHasAChoice) {
  for (const quant::Recipe& recipe : candidate_recipes(quant::Rounding::kNearest)) {
    const bool all_weights = !recipe.scheme->takes(quant::Range::Kind::kMse);
    EXPECT_EQ(recipe.options.range.kind,
              all_weights ? quant::Range::Kind::kMinMax : quant::Range::Kind::kMse)
        << recipe.text();
    EXPECT_EQ(recipe.options.scale_bits, 16) << recipe.text();
  }
}

TEST(CandidateRecipes, CalibratedOnesHaveNearestOnesBesideThem) {
  for (const quant::Recipe& recipe : candidate_recipes(quant::Rounding::kGptq)) {
    EXPECT_EQ(recipe.options.rounding, quant::Rounding::kGptq) << recipe.text();
    EXPECT_FALSE(recipe.options.bias_correction) << recipe.text();
    const quant::Recipe nearest = rounded_to_nearest(recipe);
    EXPECT_EQ(nearest.text(), recipe.text());
    EXPECT_EQ(nearest.options.rounding, quant::Rounding::kNearest);
    EXPECT_FALSE(nearest.options.range.needs_inputs());
    EXPECT_TRUE(quant::make_recipe(nearest.scheme->name(), nearest.options.bits,
                                   nearest.granularity.name(), nearest.options)
                    .ok());
  }
}

TEST(SampledFilters, TheLargestWeightIsAmongThem) {
  model::ConvNode conv;
  conv.filters = 100;
  conv.channels = 3;
  conv.kernel_h = conv.kernel_w = 1;
  for (int filter = 0; filter < conv.filters; ++filter) {
    for (int channel = 0; channel < 3; ++channel)
      conv.weight.push_back(static_cast<float>(filter) + 0.1F * static_cast<float>(channel));
    conv.bias.push_back(static_cast<float>(filter));
  }
  conv.weight[3 * 77 + 1] = -1000;
  const model::ConvNode sample = sampled_filters(conv, 10);
  EXPECT_EQ(sample.filters, 10);
  ASSERT_EQ(sample.weight.size(), 30U);
  ASSERT_EQ(sample.bias.size(), 10U);
  EXPECT_EQ(std::set<float>(sample.bias.begin(), sample.bias.end()).size(), 10U);
  EXPECT_TRUE(std::ranges::find(sample.bias, 77.0F) != sample.bias.end());
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(sample.weight[3 * i], sample.bias[i]);
  EXPECT_EQ(sampled_filters(conv, 100).weight, conv.weight);
  conv.groups = 2;
  EXPECT_EQ(sampled_filters(conv, 10).filters, 100);
}

}  // namespace
}  // namespace qyolo::harness
