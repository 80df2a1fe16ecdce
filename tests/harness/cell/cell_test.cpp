#include "harness/cell/cell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/cell/rule_text.h"

namespace qyolo::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Json block(const std::string& more = "") {
  return Json::parse(R"({"scheme": "affine", "bits": 4, "granularity": "channel")" + more + "}");
}

Cell cell(const std::string& more = "") { return read_cell(block(more), "test").value(); }

std::string failure(const std::string& more) {
  const auto read = read_cell(block(more), "test");
  return read.ok() ? "no failure" : read.error().message;
}

std::vector<std::string> labels(const std::string& more) {
  std::vector<Cell> cells;
  EXPECT_TRUE(expand_block(block(more), "test", cells).ok());
  std::vector<std::string> texts;
  for (const Cell& each : cells) texts.push_back(each.label());
  return texts;
}

const quant::LayerTraits kPointwise = {"model.4.conv", "Conv", 4, {16, 8, 1, 1}};
const quant::LayerTraits kThree = {"model.0.conv", "Conv", 0, {8, 3, 3, 3}};
const quant::LayerTraits kHead = {"model.105.m.0", "IDetect", 105, {39, 64, 1, 1}};

TEST(Cell, ARuleCombinesGranularities) {
  const Cell combined = cell(R"(, "rules": ["1x1 -> filter"])");
  EXPECT_EQ(combined.granularity(), "1x1 filter, else channel");
  EXPECT_EQ(combined.label(), "affine 4-bit 1x1 filter, else channel");
  EXPECT_EQ(combined.recipe_for(kPointwise)->text(), "affine 4-bit filter");
  EXPECT_EQ(combined.recipe_for(kThree)->text(), "affine 4-bit channel");
}

TEST(Cell, ARuleInheritsWhatItDoesNotSet) {
  const Cell hybrid = cell(
      R"(, "scale_bits": 16, "rules": [{"index": [100, 110], "scheme": "symmetric", "bits": 8}])");
  const quant::Recipe* head = hybrid.recipe_for(kHead);
  EXPECT_EQ(head->text(), "symmetric 8-bit channel");
  EXPECT_EQ(head->options.scale_bits, 16);
  EXPECT_EQ(hybrid.label(),
            "affine 4-bit channel [layers 100-110 -> scheme=symmetric, bits=8] scale_bits=16");
}

TEST(Cell, KeepComesBeforeAllRules) {
  const Cell kept =
      cell(R"(, "keep": "model\\.105\\.m\\..*", "rules": [{"type": "IDetect", "bits": 8}])");
  EXPECT_EQ(kept.recipe_for(kHead), nullptr);
  EXPECT_NE(kept.recipe_for(kThree), nullptr);
  EXPECT_THAT(kept.label(), HasSubstr("[model\\.105\\.m\\..* -> keep]"));
}

TEST(Cell, TheHeadNeedsNoName) {
  quant::LayerTraits head = kHead;
  head.head = true;
  const Cell kept = cell(R"(, "keep": "head")");
  EXPECT_EQ(kept.recipe_for(head), nullptr);
  EXPECT_NE(kept.recipe_for(kHead), nullptr);
  EXPECT_EQ(kept.label(), "affine 4-bit channel [head -> keep]");
  EXPECT_EQ(kept.as_json()["rules"].dump(), R"([{"head":true,"keep":true}])");
  EXPECT_EQ(cell(R"(, "rules": ["head -> bits=8"])").recipe_for(head)->options.bits, 8);
}

TEST(Cell, RulesAreAnAxisWhereTheyAreListsOfLists) {
  EXPECT_THAT(labels(R"(, "rules": [[], ["1x1 -> filter"]])"),
              ElementsAre("affine 4-bit channel", "affine 4-bit 1x1 filter, else channel"));
  EXPECT_THAT(labels(R"(, "rules": ["1x1 -> filter", "3x3 -> shape"])"),
              ElementsAre("affine 4-bit 1x1 filter, 3x3 shape, else channel"));
  EXPECT_THAT(labels(R"(, "rules": {"kernel": "1x1", "keep": true})"),
              ElementsAre("affine 4-bit channel [1x1 -> keep]"));
  EXPECT_THAT(labels(R"(, "rules": [])"), ElementsAre("affine 4-bit channel"));
  EXPECT_THAT(labels(R"(, "keep": ["", "model\\.105.*"], "fold": ["on", "off"])"),
              ElementsAre("affine 4-bit channel", "affine 4-bit channel fold=off",
                          "affine 4-bit channel [model\\.105.* -> keep]",
                          "affine 4-bit channel [model\\.105.* -> keep] fold=off"));
}

TEST(Cell, TextAndObjectAreTheSameRule) {
  const auto same = [](const char* text, const char* object) {
    return rule_from_text(text, "test").value() == Json::parse(object);
  };
  EXPECT_TRUE(same("1x1 -> filter", R"({"kernel": "1x1", "granularity": "filter"})"));
  EXPECT_TRUE(same("kernel=3x3, type=Conv->scheme=pwlq,bits=8",
                   R"({"kernel": "3x3", "type": "Conv", "scheme": "pwlq", "bits": 8})"));
  EXPECT_TRUE(same("index=100-105 -> keep", R"({"index": [100, 105], "keep": true})"));
  EXPECT_TRUE(same("index=7 -> group:64", R"({"index": 7, "granularity": "group:64"})"));
  EXPECT_TRUE(same("name=12 -> keep", R"({"name": "12", "keep": true})"));
  EXPECT_TRUE(same("all -> keep", R"({"keep": true})"));
  EXPECT_TRUE(same("head -> bits=8", R"({"head": true, "bits": 8})"));
  EXPECT_TRUE(same("group_size=1 -> filter", R"({"group_size": 1, "granularity": "filter"})"));
}

TEST(Cell, JsonTellsEveryRule) {
  const OrderedJson json =
      cell(R"(, "rules": ["1x1 -> filter", "index=3-5, type=Conv -> bits=8, range=mse"])")
          .as_json();
  EXPECT_EQ(json["granularity"], "1x1 filter, else channel");
  EXPECT_EQ(json["base_granularity"], "channel");
  EXPECT_EQ(json["rules"].dump(), R"([{"kernel":"1x1","granularity":"filter"},)"
                                  R"({"index":[3,5],"type":"Conv","bits":8,"range":"mse"}])");
  EXPECT_FALSE(cell().as_json().contains("rules"));
}

// --- activations ---

Cell floating(const std::string& more) {
  return read_cell(Json::parse(R"({"scheme": "fp32")" + more + "}"), "test").value();
}

TEST(Cell, ActivationsAreOptional) {
  EXPECT_FALSE(cell().activations.has_value());
  EXPECT_FALSE(cell().as_json().contains("activation_bits"));
  const Cell eight = cell(R"(, "activation_bits": 8)");
  EXPECT_EQ(eight.activations, quant::ActivationOptions());
  EXPECT_EQ(eight.label(), "affine 4-bit channel A8");
  EXPECT_EQ(eight.as_json()["activation_range"], "mse");
  const Cell four = cell(
      R"(, "activation_bits": 4, "activation_range": "percentile:99.9", "activation_shared": false)");
  EXPECT_EQ(four.label(),
            "affine 4-bit channel A4 activation_range=percentile:99.9 activation_shared=false");
  EXPECT_EQ(four.as_json()["activation_bits"], 4);
}

TEST(Cell, ARuleCanQuantizeTheWeightsOnly) {
  const Cell some = cell(
      R"(, "activation_bits": 8, "rules": ["index=105 -> bits=8, weights_only", "1x1 -> keep"])");
  EXPECT_EQ(some.label(),
            "affine 4-bit channel A8 [layer 105 -> bits=8, weights_only] [1x1 -> keep]");
  EXPECT_EQ(some.as_json()["rules"][0].dump(),
            R"({"index":[105,105],"bits":8,"weights_only":true})");
  EXPECT_EQ(some.recipe_for(kHead)->options.bits, 8);
  EXPECT_TRUE(some.reads_floats(kHead));
  EXPECT_TRUE(some.reads_floats({"model.5.conv", "Conv", 5, {8, 8, 1, 1}}));
  EXPECT_FALSE(some.reads_floats(kThree));
  EXPECT_EQ(cell_from_json(some.as_json(), "test")->as_json(), some.as_json());
  // Without quantized activations nothing reads them.
  const Cell none = cell(R"(, "rules": ["index=105 -> bits=8, weights_only"])");
  EXPECT_TRUE(none.reads_floats(kThree));
  EXPECT_EQ(none.as_json(), cell(R"(, "rules": ["index=105 -> bits=8"])").as_json());
  EXPECT_THAT(failure(R"(, "rules": [{"keep": true, "weights_only": true}])"),
              HasSubstr("what is kept in floating point has no"));
}

TEST(Cell, NoActivationBitsMeanNoOtherActivationOption) {
  EXPECT_EQ(cell(R"(, "activation_bits": 0, "activation_range": "entropy")").as_json(),
            cell().as_json());
  EXPECT_EQ(failure(R"(, "activation_range": "mse")"),
            "test: activation options need 'activation_bits'");
  EXPECT_THAT(failure(R"(, "activation_bits": 3)"), HasSubstr("is 3, expected 0 or 4 to 8"));
  EXPECT_THAT(failure(R"(, "activation_bits": 9)"), HasSubstr("9"));
  EXPECT_THAT(failure(R"(, "activation_bits": 8, "activation_range": "kl")"),
              HasSubstr("'kl': expected one of minmax"));
}

TEST(Cell, FloatingPointWeightsCanHaveQuantizedActivations) {
  const Cell plain = floating("");
  EXPECT_FALSE(plain.quantized());
  EXPECT_EQ(plain.label(), "FP32");
  const Cell eight = floating(R"(, "activation_bits": 8, "keep": "model\\.105\\.m\\..*")");
  EXPECT_TRUE(eight.baseline && eight.quantized());
  EXPECT_EQ(eight.label(), "FP32 A8 [model\\.105\\.m\\..* -> keep]");
  EXPECT_EQ(eight.recipe_for(kHead), nullptr);
  const OrderedJson json = eight.as_json();
  EXPECT_EQ(json["scheme"], "fp32");
  EXPECT_EQ(json["baseline"], false);
  EXPECT_EQ(json["activation_bits"], 8);
  EXPECT_FALSE(json.contains("range"));
  EXPECT_EQ(json["rules"].size(), 1U);
}

TEST(Cell, DequantizedWeightsAreNotCalledFp32) {
  Cell cell;
  cell.baseline = true;
  cell.dequantized = "affine 4-bit filter";
  EXPECT_FALSE(cell.quantized());
  EXPECT_EQ(cell.label(), "dequantized affine 4-bit filter");
  EXPECT_EQ(cell.as_json()["label"], "dequantized affine 4-bit filter");
}

TEST(Cell, FloatingPointWeightsTakeOnlyRulesThatKeep) {
  const auto read = read_cell(
      Json::parse(R"({"scheme": "fp32", "activation_bits": 8, "rules": ["1x1 -> bits=8"]})"),
      "test");
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.error().message, HasSubstr("expected rules that keep"));
}

TEST(Cell, WrongRulesAreNamedWithTheirPlace) {
  EXPECT_THAT(failure(R"(, "rules": ["1x1 filter"])"),
              HasSubstr("test: 'rules'[0]: '1x1 filter', expected a rule such as 1x1 -> filter"));
  EXPECT_THAT(failure(R"(, "rules": [{"kernel": "1"}])"),
              HasSubstr("'kernel' is '1', expected a kernel size such as 1x1"));
  EXPECT_THAT(failure(R"(, "rules": [{"kernels": "1x1"}])"), HasSubstr("unknown key 'kernels'"));
  EXPECT_THAT(failure(R"(, "rules": [{"fold": "off"}])"), HasSubstr("unknown key 'fold'"));
  EXPECT_THAT(failure(R"(, "rules": [{"name": "("}])"), HasSubstr("no regular expression"));
  EXPECT_THAT(failure(R"(, "rules": [{"index": [1]}])"), HasSubstr("[first, last]"));
  EXPECT_THAT(failure(R"(, "rules": [{"bits": 9}])"), HasSubstr("expected an integer from 2 to 8"));
  EXPECT_THAT(failure(R"(, "rules": [{"keep": true, "bits": 8}])"),
              HasSubstr("kept in floating point has no scheme"));
  EXPECT_THAT(failure(R"(, "rules": 3)"), HasSubstr("'rules'[0] is number, expected an object"));
  EXPECT_THAT(failure(R"(, "keep": "[")"), HasSubstr("'keep'[0]"));
  EXPECT_THAT(failure(R"(, "fold": "maybe")"), HasSubstr("'maybe', expected on or off"));
  EXPECT_THAT(failure(R"(, "kept_bits": 24)"), HasSubstr("expected 16 or 32"));
}

}  // namespace
}  // namespace qyolo::harness
