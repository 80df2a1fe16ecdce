#include "harness/quant/rules.h"

#include <gtest/gtest.h>

namespace qyolo::quant {
namespace {

LayerTraits layer(const std::string& name, const std::string& type, int index, Shape shape) {
  return {name, type, index, shape};
}

const LayerTraits kFirst = layer("model.0.conv", "Conv", 0, {8, 3, 3, 3});
const LayerTraits kPointwise = layer("model.4.conv", "Conv", 4, {16, 8, 1, 1});
const LayerTraits kHead = layer("model.105.m.0", "IDetect", 105, {39, 64, 1, 1});

Recipe rule_recipe(const char* scheme, int bits, const char* granularity) {
  return make_recipe(scheme, bits, granularity).value();
}

TEST(LayerMatch, AllItsConditionsMustHold) {
  const Granularity filter = Granularity::parse("filter").value();
  LayerMatch match;
  EXPECT_TRUE(match.matches(kFirst, filter));
  match.kernel = {1, 1};
  EXPECT_FALSE(match.matches(kFirst, filter));
  EXPECT_TRUE(match.matches(kPointwise, filter));
  match.type = "Conv";
  EXPECT_TRUE(match.matches(kPointwise, filter));
  EXPECT_FALSE(match.matches(kHead, filter));
  match.index = {0, 3};
  EXPECT_FALSE(match.matches(kPointwise, filter));
  match.index = {4, 4};
  EXPECT_TRUE(match.matches(kPointwise, filter));
}

TEST(LayerMatch, TheHeadIsKnownWithoutItsName) {
  LayerTraits head = kHead;
  head.head = true;
  LayerMatch match;
  match.head = true;
  EXPECT_TRUE(match.matches(head, Granularity()));
  EXPECT_FALSE(match.matches(kFirst, Granularity()));
  match.head = false;
  EXPECT_FALSE(match.matches(head, Granularity()));
  EXPECT_TRUE(match.matches(kFirst, Granularity()));
}

TEST(LayerMatch, KernelSidesAreHeightAndWidth) {
  LayerMatch match;
  match.kernel = {1, 3};
  EXPECT_TRUE(match.matches(layer("a", "Conv", 0, {4, 4, 1, 3}), Granularity()));
  EXPECT_FALSE(match.matches(layer("a", "Conv", 0, {4, 4, 3, 1}), Granularity()));
}

TEST(LayerMatch, GroupSizeIsThatOfTheLargestGroupUnderTheGeneralGranularity) {
  LayerMatch match;
  match.group_size = 1;
  const Granularity channel = Granularity::parse("channel").value();
  EXPECT_TRUE(match.matches(kPointwise, channel));
  EXPECT_FALSE(match.matches(kFirst, channel));
  EXPECT_FALSE(match.matches(kPointwise, Granularity::parse("filter").value()));
  match.group_size = 5;
  // 27 weights of a filter in groups of 5: the last one has 2.
  EXPECT_TRUE(match.matches(kFirst, Granularity::parse("group:5").value()));
  EXPECT_FALSE(match.matches(kFirst, Granularity::parse("group:6").value()));
}

TEST(NamePattern, MustMatchTheWholeName) {
  const NamePattern head = NamePattern::compile("model\\.105\\.m\\..*").value();
  EXPECT_TRUE(head.matches("model.105.m.0"));
  EXPECT_FALSE(head.matches("x.model.105.m.0"));
  EXPECT_FALSE(NamePattern::compile("model.1").value().matches("model.10"));
}

// A matcher that backtracks needs 2^1000 steps here.
TEST(NamePattern, TakesTimeLinearInTheName) {
  const std::string name(999, 'a');
  for (const char* pattern : {"(a*)*b", "(a|aa)+b", "(a+)+(a+)+b", "([a-z]|a)*!"})
    EXPECT_FALSE(NamePattern::compile(pattern).value().matches(name)) << pattern;
}

TEST(NamePattern, WhatIsNoExpressionIsRefused) {
  for (const char* wrong : {"", "(", "[a", "*", "(a)\\1", "(?=a)a", "\xff"})
    EXPECT_FALSE(NamePattern::compile(wrong).ok());
  EXPECT_FALSE(NamePattern::compile(std::string(1001, 'a')).ok());
  EXPECT_FALSE(NamePattern::compile("a*").value().matches(std::string(100000, 'a')));
}

TEST(Rules, TheFirstThatMatchesDecides) {
  const Recipe general = rule_recipe("affine", 4, "channel");
  std::vector<Rule> rules(3);
  rules[0].match.type = "IDetect";
  rules[0].keep = true;
  rules[1].match.kernel = {1, 1};
  rules[1].recipe = rule_recipe("affine", 4, "filter");
  rules[2].recipe = rule_recipe("pwlq", 8, "layer");
  rules[2].match.index = {0, 200};
  EXPECT_EQ(recipe_for(kHead, general, rules), nullptr);
  EXPECT_EQ(recipe_for(kPointwise, general, rules), &rules[1].recipe);
  EXPECT_EQ(recipe_for(kFirst, general, rules), &rules[2].recipe);
  rules.pop_back();
  EXPECT_EQ(recipe_for(kFirst, general, rules), &general);
}

}  // namespace
}  // namespace qyolo::quant
