#include "results/label.h"

#include <gmock/gmock.h>

#include "results/tables.h"
#include "tests/results/fixture.h"

namespace qyolo::results {
namespace {

using testing::accuracy_record;
using testing::Cell;
using ::testing::HasSubstr;
using testing::kAffine;
using testing::kFp32;
using testing::manifest_of;
using ::testing::Not;
using testing::run_of;

Json cell(const std::string& label, bool baseline = false) {
  return {{"label", label}, {"baseline", baseline}};
}

Json hybrid(std::size_t rules) {
  Json json = cell("affine 3-bit filter");
  json["rules"] = Json::array();
  for (std::size_t i = 0; i < rules; ++i) {
    json["label"] = json["label"].get<std::string>() + " [name=model.105.m.0 -> bits=4]";
    json["rules"].push_back({{"name", fmt::format("a{}", i)}, {"bits", 4 + i % 3}});
  }
  return json;
}

TEST(Label, OfAnUnquantizedNetworkIsTheArithmeticThatRan) {
  EXPECT_EQ(full_label(cell("FP32", true), "fp32"), "FP32");
  EXPECT_EQ(full_label(cell("FP32", true), "bf16"), "BF16");
  EXPECT_EQ(full_label(cell("BF16", true), "bf16"), "BF16");
  EXPECT_EQ(full_label(cell("FP32", true), ""), "FP32");  // of earlier versions
}

TEST(Label, OfAQuantizedNetworkSaysAnotherArithmetic) {
  EXPECT_EQ(full_label(cell("affine 4-bit filter"), "fp32"), "affine 4-bit filter");
  EXPECT_EQ(full_label(cell("affine 4-bit filter"), "bf16"), "affine 4-bit filter in BF16");
  EXPECT_EQ(full_label(cell("affine 4-bit filter in BF16"), "bf16"), "affine 4-bit filter in BF16");
  EXPECT_EQ(full_label(cell("symmetric 8-bit filter A8"), "int8"),
            "symmetric 8-bit filter A8 in INT8");
}

TEST(Label, OfADequantizedCheckpointSaysWhatItIs) {
  EXPECT_EQ(full_label(cell("dequantized affine 4-bit filter", true), "fp32"),
            "dequantized affine 4-bit filter");
  EXPECT_EQ(full_label(cell("dequantized affine 4-bit filter", true), "bf16"),
            "dequantized affine 4-bit filter in BF16");
}

TEST(Label, ForPeopleIsTheNameThatTheExperimentGives) {
  Json named = cell("affine 4-bit filter");
  named["name"] = "ours";
  EXPECT_EQ(shown_label(named, "fp32"), "ours");
  EXPECT_EQ(shown_label(named, "bf16"), "ours in BF16");
  EXPECT_EQ(full_label(named, "fp32"), "affine 4-bit filter");
}

TEST(Label, OfALongHybridIsASummaryForPeople) {
  EXPECT_EQ(shown_label(hybrid(1), "fp32"), full_label(hybrid(1), "fp32"));
  EXPECT_EQ(shown_label(hybrid(12), "fp32", 2.7512), "hybrid of 4 recipes, 2.75 bits");
  EXPECT_EQ(shown_label(hybrid(12), "bf16"), "hybrid of 4 recipes in BF16");
  Json kept = hybrid(3);
  kept["rules"].push_back({{"head", true}, {"keep", true}});
  EXPECT_EQ(shown_label(kept, "fp32"), "hybrid of 4 recipes");
}

TEST(Label, WithoutTheArithmeticIsTheSameInEveryRun) {
  EXPECT_EQ(label_without_precision("BF16", true), "FP32");
  EXPECT_EQ(label_without_precision("FP32", true), "FP32");
  EXPECT_EQ(label_without_precision("affine 4-bit filter in BF16", false), "affine 4-bit filter");
}

Run bf16_run() {
  const Cell unquantized{"fp32", 0, "", true};
  OrderedJson manifest = manifest_of({unquantized, kAffine, {"pwlq", 4, "filter"}});
  manifest["precision"] = "bf16";
  OrderedJson baseline = accuracy_record(unquantized, 0.75, 5420000);
  OrderedJson quantized = accuracy_record(kAffine, 0.5, 725000);
  for (OrderedJson* record : {&baseline, &quantized}) (*record)["precision"] = "bf16";
  for (OrderedJson* cell : {&manifest["cells"][0], &baseline["cell"]}) (*cell)["label"] = "FP32";
  return run_of(manifest, {baseline, quantized});
}

TEST(Label, OfARunInBf16IsNowhereFp32) {
  const auto run = bf16_run();
  EXPECT_EQ(run.rows[0].label, "BF16");
  EXPECT_EQ(run.rows[1].label, "affine 4-bit filter in BF16");
  EXPECT_EQ(run.rows[2].label, "pwlq 4-bit filter in BF16");  // pending
  for (const TableFormat format :
       {TableFormat::kMarkdown, TableFormat::kCsv, TableFormat::kLatex, TableFormat::kJson}) {
    const std::string text = emit_table(run, format, TablePart::kMain);
    EXPECT_THAT(text, HasSubstr("BF16"));
    EXPECT_THAT(text, Not(HasSubstr("\"FP32\"")));
    EXPECT_THAT(text, Not(HasSubstr("| FP32 ")));
    EXPECT_THAT(text, Not(HasSubstr(",FP32,")));
  }
}

TEST(Label, OfTwoHybridsThatReadAlikeGetsANumber) {
  OrderedJson manifest = manifest_of({kFp32});
  for (const char* key : {"k-a", "k-b"}) {
    OrderedJson one = hybrid(12);
    one["key"] = key;
    one["rules"][0]["name"] = key;
    manifest["cells"].push_back(one);
  }
  const auto run = run_of(manifest, {accuracy_record(kFp32, 0.75, 5420000)});
  EXPECT_EQ(label_of(run.rows[1]), "hybrid of 4 recipes");
  EXPECT_EQ(label_of(run.rows[2]), "hybrid of 4 recipes (2)");
  EXPECT_THAT(emit_table(run, TableFormat::kMarkdown), Not(HasSubstr("model.105")));
  EXPECT_THAT(emit_table(run, TableFormat::kJson), HasSubstr("model.105"));
}

TEST(Label, OfACellWithOptionsIsShownAlsoWhereItIsTheOnlyOneOfItsKind) {
  OrderedJson manifest = manifest_of({kFp32, kAffine});
  manifest["cells"][1]["label"] = "affine 4-bit filter range=mse";
  const auto run = run_of(manifest, {accuracy_record(kFp32, 0.75, 5420000)});
  EXPECT_THAT(emit_table(run, TableFormat::kMarkdown),
              HasSubstr("| affine 4-bit filter range=mse |"));
}

}  // namespace
}  // namespace qyolo::results
