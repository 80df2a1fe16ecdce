// The contract of records: what is written is read again, and docs/records.md names every key.
#include "results/cell_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "results/manifest.h"
#include "results/metrics_json.h"
#include "results/tables.h"
#include "tests/results/contract.h"

namespace qyolo::results {
namespace {

using ::testing::HasSubstr;

CellIdentity some_cell() {
  return {"00112233aabbccdd",
          {{"label", "symmetric 8-bit filter A8"},
           {"baseline", false},
           {"scheme", "symmetric"},
           {"bits", 8},
           {"granularity", "filter"},
           {"activation_bits", 8}},
          {false, "int8", "oneDNN 2.6.3"}};
}

UncertaintyRecord some_uncertainty() {
  UncertaintyRecord record;
  metrics::PairedDifference& compared = record.difference;
  compared.options.resamples = 1234;
  compared.options.seed = 7;
  compared.options.confidence = 0.9;
  compared.tolerance = 0.02;
  compared.margin = 0.0078125;
  compared.ap = metrics::Difference{-0.25, -0.5, -0.125, 0.0625};
  compared.ap50 = metrics::Difference{-0.75, -0.875, -0.5, 0.25};
  compared.classes = {{3, 40, 20, metrics::Difference{-0.5, -0.625, -0.375, 0.125}},
                      {4, 1, 1, std::nullopt}};
  compared.loss_above_tolerance = 0.75;
  compared.images = 240;
  compared.objects = 41;
  compared.effective_images = 120.5;
  record.category_ids = {3, "bolt_4"};
  record.class_names = {"nut", "bolt"};
  return record;
}

// Every member has a value of its own.
AccuracyRecord full_accuracy() {
  AccuracyRecord record;
  record.identity = some_cell();
  record.images = 240;
  record.limit = "240:7";
  record.detections = 999;
  record.detections_sha256 = std::string(64, 'e');
  for (std::size_t i = 0; i < record.metrics.size(); ++i)
    record.metrics[i] = 0.5 + 0.03125 * static_cast<double>(i);
  record.per_class = {{3, "nut", 0.25, 0.75}, {"bolt_4", "bolt", std::nullopt, std::nullopt}};
  record.sqnr_db = 24.5;
  record.mse = 0.001953125;
  record.layers = {{"model.0.conv", {32, 3, 3, 3}, 864, 32, "symmetric 8-bit filter", 30.5, 0.25}};
  record.memory = memory_json({}, 77);
  double bytes = 1000;
  for (auto& [key, value] : record.memory.items()) value = bytes++;
  record.activations = ActivationsRecord{32,
                                         std::string(64, 'c'),
                                         ActivationScale{0.5, 3},
                                         {{{"input", "model.0.conv"}, -1.5, 2.5, {0.25, 17}}}};
  record.seconds = {1, 2, 3, 4, 5, 6};
  record.uncertainty = some_uncertainty();
  record.certainty = CertaintyRecord{200, {2.5, 0.125, 2.25, 9.5, 10.5}, 3000, 0.375, 0.03125};
  return record;
}

LatencyRecord full_latency() {
  return {some_cell(),       "oneDNN 2.6.3, int8, 2 threads",  4, 320, 384, 2,
          {4.5, 4.25, 5.75}, "the times are not to be trusted"};
}

Manifest full_manifest() {
  Manifest manifest;
  manifest.name = "demo";
  manifest.precision = "int8";
  manifest.started = "2025-01-02T03:04:05Z";
  manifest.experiment = {{"name", "demo"}};
  manifest.cells = {{some_cell().key, some_cell().cell}};
  manifest.checkpoint = "small.pt";
  manifest.checkpoint_sha256 = "aa";
  manifest.images = "val/images";
  manifest.annotations = "val/annotations.json";
  manifest.dataset_sha256 = "bb";
  manifest.image_count = 240;
  manifest.calibration = {"calib/images", "cc"};
  manifest.host = {{"cpu", "Example CPU"}};
  manifest.threads = 2;
  manifest.versions = {{"qyolo", "0.1.0"}};
  manifest.executor = "oneDNN 2.6.3, int8, 2 threads";
  manifest.tasks =
      ManifestTasks{256,
                    20,
                    "dd",
                    "ee",
                    true,
                    "qyolo run x.json",
                    "/home/x",
                    8,
                    {{"Example CPU", "x86_64 avx2", "0.1.0", "oneDNN 2.6.3, int8, 2 threads", 12}}};
  return manifest;
}

// All that the tables' reader makes of one record, beside a baseline that it was compared with.
std::string row_of(const Json& record) {
  const Json manifest = {{"cells",
                          {{{"key", some_cell().key}, {"label", "x"}},
                           {{"key", "baseline"}, {"label", "FP32"}, {"baseline", true}}}}};
  Json baseline = record;
  baseline["key"] = "baseline";
  baseline["metrics"] = {{"AP", 0.75}, {"AP50", 1}};
  baseline.erase("uncertainty");
  const auto run = parse_run(manifest.dump(), record.dump() + "\n" + baseline.dump() + "\n", "run");
  if (!run.ok()) return run.error().message;
  std::string text = emit_table(*run, TableFormat::kJson);
  for (const std::string& warning : run->warnings) text += warning;
  return text;
}

// What both readers make of an accuracy record, as text.
std::string accuracy_as_read(const Json& record) {
  const auto read = read_accuracy(record, "record");
  return (read.ok() ? Json(accuracy_json(*read)).dump() : read.error().message) + row_of(record);
}

std::string latency_as_read(const Json& record) {
  const auto read = read_latency(record, "record");
  return (read.ok() ? Json(latency_json(*read)).dump() : read.error().message) + row_of(record);
}

std::string manifest_as_read(const Json& manifest) {
  const auto read = read_manifest(manifest, "manifest");
  return read.ok() ? Json(manifest_json(*read)).dump() : read.error().message;
}

// Whose readers are the other readers: the store's, and of the texts that stand beside a value.
const std::set<std::string> kElsewhere = {"/schema", "/latency/unit", "/uncertainty/decision",
                                          "/uncertainty/verdict"};

TEST(Records, WhatIsWrittenIsReadAgain) {
  const Json accuracy = accuracy_json(full_accuracy());
  const auto read = read_accuracy(accuracy, "record");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(Json(accuracy_json(*read)), accuracy);
  const Json latency = latency_json(full_latency());
  const auto timed = read_latency(latency, "record");
  ASSERT_TRUE(timed.ok()) << timed.error().message;
  EXPECT_EQ(Json(latency_json(*timed)), latency);
  const Json manifest = manifest_json(full_manifest());
  const auto about = read_manifest(manifest, "manifest");
  ASSERT_TRUE(about.ok()) << about.error().message;
  EXPECT_EQ(Json(manifest_json(*about)), manifest);
}

TEST(Records, NoMemberIsWrittenThatNobodyReads) {
  expect_every_member_is_read(accuracy_json(full_accuracy()), accuracy_as_read, kElsewhere);
  expect_every_member_is_read(latency_json(full_latency()), latency_as_read, kElsewhere);
  expect_every_member_is_read(manifest_json(full_manifest()), manifest_as_read, kElsewhere);
}

TEST(Records, EveryKeyIsInTheDocumentation) {
  expect_every_key_is_documented(accuracy_json(full_accuracy()));
  expect_every_key_is_documented(latency_json(full_latency()));
  expect_every_key_is_documented(manifest_json(full_manifest()));
  expect_every_key_is_documented(failed_json(kAccuracy, some_cell(), error("out of memory")));
  expect_every_key_is_documented(evaluation_json(full_accuracy(), "oneDNN"));
}

TEST(Records, SayWhatRan) {
  EXPECT_EQ((Execution{false, "fp32", ""}.text()), "measured fp32");
  EXPECT_EQ((Execution{false, "bf16", ""}.text()), "measured bf16");
  EXPECT_EQ((Execution{false, "int8", ""}.text()), "measured int8");
  EXPECT_EQ((Execution{true, "fp32", ""}.text()), "simulated");
  EXPECT_EQ((Execution{true, "bf16", ""}.text()), "simulated bf16");
  const Json record = accuracy_json(full_accuracy());
  EXPECT_EQ(record["execution"].get<std::string>(), "measured int8");
  EXPECT_THAT(row_of(record), HasSubstr(R"("execution": "measured int8")"));
  EXPECT_TRUE(same_execution("fp32", "measured fp32"));
  EXPECT_FALSE(same_execution("measured bf16", "measured fp32"));
}

TEST(Records, OfEarlierVersionsAreRead) {
  Json record = accuracy_json(full_accuracy());
  for (const char* key : {"execution", "precision", "engine", "detections_sha256"})
    record.erase(key);
  record["metrics"]["APs"] = -1;
  record["per_class"][0]["AP"] = -1;
  record["weight_error"]["layers"][0].erase("shape");
  const auto read = read_accuracy(record, "record");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->metrics[3], std::nullopt);
  EXPECT_EQ(read->per_class[0].ap, std::nullopt);
  EXPECT_EQ(read->metrics[0], 0.5);
  Json latency = latency_json(full_latency());
  latency.erase("execution");
  latency["latency"]["execution"] = "simulated";
  EXPECT_TRUE(read_latency(latency, "record")->identity.execution.simulated);
}

TEST(Records, WithoutTheirNumbersAreNotComplete) {
  Json record = accuracy_json(full_accuracy());
  EXPECT_TRUE(is_complete(record, kAccuracy));
  EXPECT_FALSE(is_complete(record, kLatency));
  record["metrics"].erase("AP");
  EXPECT_FALSE(is_complete(record, kAccuracy));
  record["metrics"] = nullptr;
  EXPECT_FALSE(is_complete(record, kAccuracy));
  record.erase("metrics");
  EXPECT_FALSE(is_complete(record, kAccuracy));
  EXPECT_FALSE(read_accuracy(record, "record").ok());
  Json latency = latency_json(full_latency());
  EXPECT_TRUE(is_complete(latency, kLatency));
  latency.erase("latency");
  EXPECT_FALSE(is_complete(latency, kLatency));
}

TEST(Records, OfOtherTypesAreRefusedWithThePlace) {
  Json record = accuracy_json(full_accuracy());
  record["weight_error"]["layers"][0]["groups"] = "many";
  const auto read = read_accuracy(record, "record 7");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().message,
            "record 7: weight_error: layers[0]: 'groups' is \"many\", expected an integer");
  for (const char* hostile : {"null", "7", "[]", "{}", R"({"kind":"accuracy","status":"ok"})"})
    EXPECT_FALSE(read_accuracy(Json::parse(hostile), "record").ok()) << hostile;
}

}  // namespace
}  // namespace qyolo::results
