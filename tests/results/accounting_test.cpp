#include "results/accounting.h"

#include <gmock/gmock.h>

#include "tests/results/fixture.h"

namespace qyolo::results {
namespace {

using testing::accuracy_record;
using testing::Cell;
using ::testing::HasSubstr;
using testing::kAffine;
using testing::kFp32;
using testing::kPwlq;
using testing::manifest_of;
using ::testing::Not;
using testing::run_of;

// 8,000 weights in 50 groups.
OrderedJson layers() {
  return {{{"name", "a"}, {"weights", 6000}, {"groups", 30}},
          {{"name", "b"}, {"weights", 2000}, {"groups", 20}}};
}

OrderedJson affine_record(const Cell& cell) {
  OrderedJson record = accuracy_record(cell, 0.5, 4500);
  record["memory"]["scale_bytes"] = 200;
  record["memory"]["zero_point_bytes"] = 200;
  record["memory"]["ratio_fp16_paper"] = 3.5;
  record["memory"]["ratio_fp16_true"] = 3.625;
  record["weight_error"]["layers"] = layers();
  return record;
}

OrderedJson pwlq_record() {
  OrderedJson record = accuracy_record(kPwlq, 0.5, 8000);
  record["memory"]["scale_bytes"] = 400;
  record["memory"]["zero_point_bytes"] = 400;
  record["memory"]["breakpoint_bytes"] = 200;
  record["memory"]["region_bytes"] = 1000;
  record["memory"]["ratio_fp16_paper"] = 3.25;
  record["memory"]["ratio_fp16_true"] = 2.75;
  record["weight_error"]["layers"] = layers();
  return record;
}

TEST(AccountingNotes, ExplainWithTheRunsOwnNumbers) {
  const auto run =
      run_of(manifest_of({kFp32, kAffine, kPwlq}),
             {accuracy_record(kFp32, 0.7, 5e6), affine_record(kAffine), pwlq_record()});
  const auto notes = accounting_notes(run);
  ASSERT_EQ(notes.size(), 4U);
  EXPECT_EQ(
      notes[2],
      "In this run: affine 4-bit filter keeps 8 bytes of parameters per group and is 3.500× "
      "smaller than FP16 in the paper's accounting, 3.625× in truth; pwlq 4-bit filter keeps 20 "
      "bytes of parameters per group and is 3.250× smaller than FP16 in the paper's "
      "accounting, 2.750× in truth, where each weight takes 1 more bit to say its region, "
      "12.5 % of all bytes.");
}

TEST(AccountingNotes, PreferTheStudysSetting) {
  const Cell eight{"affine", 8, "filter"}, layer{"affine", 4, "layer"},
      other{"symmetric", 4, "filter"};
  std::vector<OrderedJson> records;
  for (const Cell& cell : {eight, layer, other, kAffine}) records.push_back(affine_record(cell));
  const auto run = run_of(manifest_of({eight, layer, other, kAffine}), records);
  EXPECT_THAT(accounting_notes(run).at(2), HasSubstr("In this run: affine 4-bit filter keeps"));
}

TEST(AccountingNotes, SayNothingThatTheRecordsDoNot) {
  OrderedJson record = affine_record(kAffine);
  record["weight_error"]["layers"] = {{{"groups", "many"}}, 7};
  const auto run = run_of(manifest_of({kAffine}), {record});
  EXPECT_THAT(accounting_notes(run).at(2),
              AllOf(HasSubstr("affine 4-bit filter is 3.500×"), Not(HasSubstr("per group"))));
  EXPECT_TRUE(
      accounting_notes(run_of(manifest_of({kFp32}), {accuracy_record(kFp32, 0.7, 5e6)})).empty());
}

}  // namespace
}  // namespace qyolo::results
