#include <gmock/gmock.h>

#include "common/file.h"
#include "results/record.h"
#include "tests/results/fixture.h"
#include "tests/support/paths.h"

namespace qyolo::results {
namespace {

using testing::accuracy_record;
using ::testing::ElementsAre;
using testing::failed_record;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kAffine;
using testing::kFp32;
using testing::kPwlq;
using testing::latency_record;
using testing::manifest_of;
using ::testing::Optional;
using testing::run_of;
using testing::TemporaryFolder;

std::string error_of(const Result<Run>& run) { return run.ok() ? "no error" : run.error().message; }

TEST(ReadRun, ReadsWhatTheStoreWrote) {
  TemporaryFolder folder;
  {
    auto store = RecordStore::open(folder.path());
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE(store->write_manifest(manifest_of({kFp32, kAffine})).ok());
    ASSERT_TRUE(store->append(accuracy_record(kAffine, 0.5, 2000)).ok());
  }
  const auto run = read_run(folder.path());
  ASSERT_TRUE(run.ok());
  EXPECT_THAT(run->warnings, IsEmpty());
  EXPECT_EQ(run->folder, folder.path());
  EXPECT_EQ(run->name, "demo");
  EXPECT_EQ(run->network, "small");
  EXPECT_EQ(run->dataset, "parts/val");
  EXPECT_THAT(run->images, Optional(240.0));
  ASSERT_EQ(run->rows.size(), 2U);
  EXPECT_EQ(run->rows[0].status, "pending");
  EXPECT_EQ(run->rows[1].status, "ok");
  EXPECT_THAT(run->rows[1].ap, Optional(0.5));
}

TEST(ReadRun, CanReadWhileARunIsWriting) {
  TemporaryFolder folder;
  auto store = RecordStore::open(folder.path());
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE(store->write_manifest(manifest_of({kFp32})).ok());
  EXPECT_EQ(error_of(read_run(folder.path())), "no error");
}

TEST(ReadRun, AFolderWithoutAManifestIsAnError) {
  TemporaryFolder folder;
  EXPECT_EQ(error_of(read_run(folder.path())),
            folder.path().string() + " has no manifest.json, expected the folder of a run");
  EXPECT_EQ(error_of(read_run(folder.path() / "absent")),
            (folder.path() / "absent").string() + " is not a folder, expected the folder of a run");
}

TEST(ReadRun, ARunWithoutRecordsIsPending) {
  TemporaryFolder folder;
  ASSERT_TRUE(write_file(folder.path() / "manifest.json", manifest_of({kFp32, kPwlq}).dump()).ok());
  const auto run = read_run(folder.path());
  ASSERT_TRUE(run.ok());
  ASSERT_EQ(run->rows.size(), 2U);
  EXPECT_EQ(run->rows[1].status, "pending");
}

TEST(ParseRun, RowsAreInTheExperimentsOrderWithBothPassesJoined) {
  const auto run =
      run_of(manifest_of({kFp32, kPwlq, kAffine}),
             {accuracy_record(kAffine, 0.5, 2000), latency_record(kAffine, 12, "simulated"),
              accuracy_record(kPwlq, 0.625, 3000), accuracy_record(kFp32, 0.75, 9000)});
  ASSERT_EQ(run.rows.size(), 3U);
  EXPECT_EQ(run.rows[0].scheme, "fp32");
  EXPECT_EQ(run.rows[1].scheme, "pwlq");
  const Row& row = run.rows[2];
  EXPECT_EQ(row.key, "k-affine-4-filter");
  EXPECT_EQ(row.bits, 4);
  EXPECT_EQ(row.granularity, "filter");
  EXPECT_EQ(row.execution, "simulated");
  EXPECT_THAT(row.latency_median_ms, Optional(12.0));
  EXPECT_THAT(row.latency_p95_ms, Optional(13.0));
  EXPECT_THAT(row.latency_threads, Optional(2.0));
  EXPECT_THAT(row.true_bytes, Optional(2000.0));
  EXPECT_THAT(row.delta_ap, Optional(-0.25));
  EXPECT_EQ(row.ap_large, std::nullopt) << "-1 means that there is no ground truth";
  EXPECT_EQ(row.sqnr_db, std::nullopt);
  EXPECT_EQ(run.baseline(), &run.rows[0]);
}

TEST(ParseRun, TheNewestRecordOfACellWins) {
  const auto run = run_of(manifest_of({kAffine, kPwlq}),
                          {failed_record(kAffine, "no room"), accuracy_record(kPwlq, 0.5, 1),
                           accuracy_record(kAffine, 0.5, 2000), failed_record(kPwlq, "no room")});
  EXPECT_EQ(run.rows[0].status, "ok");
  EXPECT_EQ(run.rows[0].error, "");
  EXPECT_EQ(run.rows[1].status, "failed");
  EXPECT_EQ(run.rows[1].error, "no room");
  EXPECT_EQ(run.rows[1].ap, std::nullopt);
  EXPECT_EQ(run.records.size(), 4U);
}

TEST(ParseRun, AFailedLatencyPassDoesNotHideTheAccuracy) {
  OrderedJson latency = latency_record(kAffine, 12, "simulated");
  latency["status"] = "failed";
  latency["error"] = "too hot";
  const auto run = run_of(manifest_of({kAffine}), {accuracy_record(kAffine, 0.5, 2000), latency});
  EXPECT_EQ(run.rows[0].status, "ok");
  EXPECT_EQ(run.rows[0].latency_error, "too hot");
  EXPECT_THAT(run.rows[0].ap, Optional(0.5));
  EXPECT_EQ(run.rows[0].latency_median_ms, std::nullopt);
}

TEST(ParseRun, ALatencyOnlyRunHasItsStatusFromThere) {
  const auto run = run_of(manifest_of({kAffine}), {latency_record(kAffine, 12, "measured int8")});
  EXPECT_EQ(run.rows[0].status, "ok");
  EXPECT_EQ(run.rows[0].execution, "measured int8");
}

TEST(ParseRun, MalformedLinesAndNumbersBecomeWarningsWithTheirLine) {
  OrderedJson record = accuracy_record(kAffine, 57, 2000);
  record["metrics"]["AP50"] = "high";
  record["memory"]["true_bytes"] = -5;
  const auto run =
      parse_run(manifest_of({kAffine}).dump(), "nonsense\n" + record.dump() + "\n{\"a\"", "run");
  ASSERT_TRUE(run.ok());
  EXPECT_THAT(run->warnings,
              ElementsAre(HasSubstr("run/records.jsonl line 1 is not valid JSON"),
                          "run/records.jsonl line 3 is half-written and was dropped",
                          "records.jsonl line 2: 'AP' is 57.0, expected a number from 0 to 1",
                          "records.jsonl line 2: 'AP50' is \"high\", expected a number from 0 to 1",
                          "records.jsonl line 2: 'true_bytes' is -5, expected a number from 0 to "
                          "1000000000000000"));
  EXPECT_EQ(run->rows[0].ap, std::nullopt);
  EXPECT_EQ(run->rows[0].true_bytes, std::nullopt);
  EXPECT_THAT(run->rows[0].ap75, Optional(0.8));
}

TEST(ParseRun, RecordsOfNoCellAreLeftOutWithAWarning) {
  const auto run = run_of(manifest_of({kAffine}), {accuracy_record(kPwlq, 0.5, 2000)});
  ASSERT_EQ(run.rows.size(), 1U);
  EXPECT_EQ(run.rows[0].status, "pending");
  EXPECT_THAT(run.warnings, ElementsAre(HasSubstr("1 of the records in run belong to no cell")));
}

TEST(ParseRun, WithoutCellsInTheManifestRowsFollowTheRecords) {
  OrderedJson manifest = manifest_of({});
  manifest.erase("cells");
  const auto run =
      run_of(manifest, {accuracy_record(kPwlq, 0.5, 2000), accuracy_record(kFp32, 0.7, 9000),
                        latency_record(kPwlq, 3, "simulated")});
  ASSERT_EQ(run.rows.size(), 2U);
  EXPECT_EQ(run.rows[0].label, "pwlq 4-bit filter");
  EXPECT_THAT(run.rows[0].latency_median_ms, Optional(3.0));
  EXPECT_TRUE(run.rows[1].baseline);
}

TEST(ParseRun, DuplicateAndNamelessCellsAreSkippedWithAWarning) {
  OrderedJson manifest = manifest_of({kAffine, kAffine});
  manifest["cells"].push_back(5);
  const auto run = run_of(manifest, {});
  EXPECT_EQ(run.rows.size(), 1U);
  EXPECT_THAT(run.warnings, ElementsAre("manifest.json: cells[1] has no key of its own; skipped",
                                        "manifest.json: cells[2] has no key of its own; skipped"));
}

TEST(ParseRun, AnUnknownStatusCountsAsFailed) {
  OrderedJson record = accuracy_record(kAffine, 0.5, 2000);
  record["status"] = "great";
  const auto run = run_of(manifest_of({kAffine}), {record});
  EXPECT_EQ(run.rows[0].status, "failed");
  EXPECT_EQ(run.rows[0].ap, std::nullopt);
}

TEST(ParseRun, NewerSchemasAreRefused) {
  EXPECT_EQ(error_of(parse_run("{\"schema\": 7}", "", "run")),
            "run/manifest.json has schema 7, this qyolo knows schemas up to 1: use a newer qyolo");
  OrderedJson record = accuracy_record(kAffine, 0.5, 2000);
  record["schema"] = 2;
  EXPECT_THAT(error_of(parse_run(manifest_of({kAffine}).dump(), record.dump(), "run")),
              HasSubstr("run/records.jsonl line 1 has schema 2"));
}

TEST(ParseRun, AManifestOfOddTypesIsRead) {
  for (const char* manifest :
       {"{}", R"({"name": 5, "cells": {}, "dataset": [], "checkpoint": "x", "host": null})",
        R"({"dataset": {"annotations": "annotations.json", "image_count": "many"}})"}) {
    EXPECT_EQ(error_of(parse_run(manifest, "", "run")), "no error") << manifest;
  }
  EXPECT_EQ(error_of(parse_run("[]", "", "run")), "run/manifest.json is array, expected an object");
}

TEST(Run, FindsTheNewestRecordOfAKindAndKey) {
  OrderedJson older = accuracy_record(kAffine, 0.25, 1), newer = accuracy_record(kAffine, 0.5, 2);
  const auto run = run_of(
      manifest_of({kAffine, kFp32}),
      {older, newer, latency_record(kAffine, 7, "simulated"), accuracy_record(kFp32, 0.75, 3)});
  const Json* record = run.newest("accuracy", "k-affine-4-filter");
  ASSERT_NE(record, nullptr);
  EXPECT_EQ((*record)["metrics"]["AP"], 0.5);
  EXPECT_EQ(run.newest("latency", "k-fp32"), nullptr);
}

}  // namespace
}  // namespace qyolo::results
