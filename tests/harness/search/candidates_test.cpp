#include "harness/search/candidates.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace qyolo::harness {
namespace {

TEST(CandidateRecipes, EverySchemeIsTriedAtEveryWidthAndGranularity) {
  std::multiset<std::string> tried;
  for (const quant::Recipe& recipe : candidate_recipes()) tried.insert(recipe.text());
  for (const quant::Scheme* scheme : quant::all_schemes()) {
    for (int bits = 2; bits <= 8; ++bits) {
      for (const char* granularity : {"layer", "filter", "fshape", "group:128", "group:32"}) {
        const auto recipe = quant::make_recipe(scheme->name(), bits, granularity);
        if (!recipe.ok()) continue;
        EXPECT_EQ(tried.count(recipe->text()), 2U) << recipe->text();  // bias corrected or not
      }
    }
  }
}

TEST(CandidateRecipes, RangesAreByLeastErrorWhereASchemeHasAChoice) {
  for (const quant::Recipe& recipe : candidate_recipes()) {
    const bool all_weights = recipe.scheme->name().starts_with("pwlq");
    EXPECT_EQ(recipe.options.range.kind,
              all_weights ? quant::Range::Kind::kMinMax : quant::Range::Kind::kMse)
        << recipe.text();
    EXPECT_EQ(recipe.options.scale_bits, 16) << recipe.text();
  }
}

}  // namespace
}  // namespace qyolo::harness
