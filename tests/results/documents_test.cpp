// The contract of the documents that single commands leave: what is written is read again, and
// docs/records.md names every key.
#include "results/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "results/device.h"
#include "results/diagnosis_record.h"
#include "results/diff_record.h"
#include "results/host_record.h"
#include "results/inspection_record.h"
#include "results/metrics_json.h"
#include "results/poc_summary.h"
#include "results/proxy_record.h"
#include "results/race_record.h"
#include "results/recommendation_record.h"
#include "results/scenario_record.h"
#include "results/score_record.h"
#include "results/sensitivity_record.h"
#include "results/timing_record.h"
#include "tests/results/contract.h"

namespace qyolo::results {
namespace {

using ::testing::HasSubstr;

// Of each kind one record in which every member has a value.

SensitivityRecord full_sensitivity() {
  SensitivityRecord record;
  record.cell = "affine 4-bit filter";
  record.baseline_ap = 0.75;
  record.all = {0.5, 0.25, 1.5, 0.125, 1.625};
  record.layers = {{"model.0.conv", 864, 24.5, {0.625, 0.5, 2, 3, 5}, {0.5625, 1, 4, 6, 10}}};
  record.agreement = {{"KL", 0.5, 0.25}};
  record.ap_cost = {240, 16, 1000, 0.5, 2.5};
  record.proxy_cost = {32, 2, 2000, 0.25, 1.5};
  return record;
}

TriedRecord some_tried(const std::string& name) {
  TriedRecord tried;
  tried.name = name;
  tried.bytes = 1000;
  tried.bits_per_weight = 4.5;
  tried.ap = 0.5;
  tried.images = 240;
  tried.delta_ap = {-0.25, -0.5, -0.125};
  tried.holds = true;
  tried.proxy = "KL";
  tried.cost = 1.5;
  tried.cost_lower_bound = 1.25;
  tried.lossy_classes = {"nut"};
  tried.latency_ms = 8.25;
  tried.too_slow = true;
  tried.verdict = "loses 25 points";
  tried.confirmed = ConfirmationRecord{80, 0.75, 0.5, IntervalRecord{-0.25, -0.5, 0}, "loses"};
  tried.cell = "as a matrix spells it";
  return tried;
}

JudgedRecord full_judged() {
  return {"ONNX Runtime 1.32.0", 80, 0.75, 0.5, 92, 86, {{"ONNX Runtime 1.32.0", 1.5}}};
}

RecommendationRecord full_recommendation() {
  RecommendationRecord record;
  record.images = 160;
  record.baseline_ap = 0.75;
  record.baseline_bytes = 4000;
  record.budget_bytes = 1200;
  record.tolerance = 0.0625;
  record.class_tolerance = "3 points of AP";
  record.hybrid = some_tried("hybrid by KL");
  record.uniform = some_tried("pwlq 4-bit filter");
  record.hybrids_tried = {*record.hybrid};
  record.uniforms_tried = {*record.uniform};
  record.layers = {{"model.0.conv",
                    864,
                    0,
                    {{"pwlq 4-bit filter", 432, 0.5, 0.25, 0.125, 0.0625, true, true, 0.75}}}};
  record.latency = LatencyBoundRecord{8.5, 320, 640, 2, "int8", {{"fp32", 12.5}}};
  record.work = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  record.judged = {full_judged()};
  return record;
}

RaceRecord full_race() {
  RaceRecord record;
  record.baseline_ap = 0.75;
  record.tolerance = 2;
  record.winner = "affine 4-bit filter";
  record.images_run = 100;
  record.images_full = 400;
  record.spent_share = 0.25;
  record.cells = {
      {"affine 4-bit filter", 1000, 240, 0.5, IntervalRecord{-0.25, -0.5, 0}, "holds", "ours"}};
  return record;
}

DiffRecord full_diff() {
  const metrics::ChangeCounts counts{10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12};
  const DiffDetectionRecord nut{"nut", 0.5, {1, 2, 3, 4}}, pin{"pin", 0.25, {5, 6, 7, 8}};
  DiffRecord record;
  record.baseline = "fp32.json";
  record.other = "int4.json";
  record.iou = 0.5;
  record.confidence = 0.25;
  record.confidence_given = true;
  record.mean_f1 = {0.75, 0.5};
  record.best_f1 = {BestF1Record{0.25, 0.875}, BestF1Record{0.125, 0.625}};
  record.total = {counts, 1};
  record.classes = {{3, "nut", {counts, 1}}};
  record.flips = {{"nut", "pin", 2}};
  record.worst_images = {"one.png"};
  record.images = {{"scene_1",
                    "one.png",
                    10,
                    {1, 2},
                    {3, 4},
                    {{"nut", {1, 2, 3, 4}, nut, pin}},
                    {{"pin", {5, 6, 7, 8}, pin, nut}},
                    {nut},
                    {pin}}};
  record.sheets = {"sheets/1.jpg"};
  return record;
}

MetricsRecord some_metrics() {
  MetricsRecord metrics;
  for (std::size_t i = 0; i < metrics.values.size(); ++i)
    metrics.values[i] = 0.25 + 0.03125 * static_cast<double>(i);
  return metrics;
}

ScoreRecord full_score() {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  ScoreRecord record;
  record.stats = {0.5, 0.75, 0.5, -1, 0.25, 0.5, 0.5, 0.5, 0.5, -1, 0.5, 0.5};
  record.metrics = some_metrics();
  record.images = 3;
  record.detections = 40;
  record.iou_thresholds = {0.5, 0.75};
  record.areas = {{"all", 0, kNone}};
  record.max_detections = {1, 10, 100};
  record.use_categories = false;
  record.grid = {{"all", 100, 0.5, 0.25, {0.75, std::nullopt}, {0.5, std::nullopt}}};
  record.per_class = {{"nut_3", "nut", 0.5, 0.75, 0.25, 0.125, {{"all", {0.5, 0.25}}}}};
  return record;
}

FindingsRecord some_findings(const std::string& file) {
  FindingsRecord findings;
  findings.file = file;
  findings.detections = 12;
  findings.metrics = some_metrics();
  findings.per_class = {{0.5, 0.75, 0.25, 0.125, -1}};
  metrics::Curves curves;
  curves.ap50 = 0.5;
  curves.best_f1 = metrics::CurvePoint{0.25, 0.5, 0.75, 0.6};
  curves.precision_at_recall.fill(0.5);
  curves.precision.fill(-1);
  curves.recall.fill(0.25);
  curves.f1.fill(0.125);
  findings.mean_curves = curves;
  findings.curves = {curves};
  findings.confusion = {0.25, 0.5, {0}, {5, 1, 2, 0}};
  findings.errors.ap50 = 0.5;
  findings.errors.delta_ap = {0.5, 0.25, 0.125, 0, 1, 2};
  findings.errors.false_positive_delta_ap = 0.75;
  findings.errors.false_negative_delta_ap = 0.625;
  findings.errors.errors = {1, 2, 3, 4, 5, 6};
  findings.errors.false_positives = 7;
  findings.errors.false_negatives = 8;
  findings.errors.classes = {{0, 10, 9, {1, 2, 3, 4, 5, 6}}};
  return findings;
}

DiagnosisRecord full_diagnosis() {
  const metrics::ClassShift shift{
      0, 1, 2, 3, 4, metrics::ShiftSummary{0.5, 0.25, {0.1, 0.2, 0.3, 0.4, 0.5}}};
  DiagnosisRecord record;
  record.images = 3;
  record.classes = {{"nut_3", "nut", 10}};
  record.network = some_findings("int4.json");
  record.baseline = some_findings("fp32.json");
  record.shift = metrics::ConfidenceShift{{{7, 0.5, 0.25}}, shift, {shift}};
  return record;
}

Inspection full_inspection() {
  Inspection inspection;
  inspection.head = "IDetect";
  inspection.source = "ema";
  inspection.classes = {"nut"};
  inspection.strides = {8};
  inspection.anchors = {Json::array({12, 16})};
  inspection.artifact = InspectedArtifact{1, 2, "raw", "cc", "0.1.0"};
  inspection.convolutions = 3;
  inspection.weights = 4;
  inspection.biases = 5;
  inspection.stored_values = 6;
  inspection.stored_conv_weights = 7;
  inspection.cell = {{"label", "affine 4-bit filter"}};
  inspection.cell_label = "affine 4-bit filter";
  inspection.memory = memory_json({});
  inspection.layers = {
      {"model.0.conv", "Conv", 0, {32, 3, 3, 3}, true, 864, 32, "kept", 16, 1728, -0.5, 0.5, 0.25}};
  return inspection;
}

WeightHistogram full_histogram() {
  return {"model.0.conv",
          "[32, 3, 3, 3]",
          "pwlq 4-bit filter",
          "group 3 of 32",
          "a note",
          27,
          -1,
          1,
          {3, 4},
          {{0.5, 2}},
          {0.25},
          1,
          24.5};
}

PocSummary full_poc() {
  return {
      "recommended",
      "It holds.",
      0.0625,
      0.03125,
      5,
      0.75,
      PocNetwork{"hybrid of 5 recipes", "[rule]", 1000, 0.5, IntervalRecord{-0.25, -0.5, 0}, 80,
                 IntervalRecord{-0.125, -0.75, 0.5}},
      PocNetwork{"pwlq 4-bit filter", "[rule]", 2000, 0.5, IntervalRecord{-0.25, -0.5, 0}, {}, {}},
      300,
      OrderedJson::array({1}),
      {full_judged()},
      "runs/poc/report.html"};
}

ScenarioRecord full_scenarios() {
  ScenarioRecord record;
  record.started = "2026-01-01T00:00:00Z";
  record.device = "terminal-7";
  record.model = "net.pt";
  record.model_sha256 = "ab";
  record.height = 320;
  record.width = 640;
  record.host = OrderedJson::array({1});
  record.versions = OrderedJson::array({2});
  record.rows = {
      {"server", "fp32", true, 2, 8, 100, 100, 12.5, 8, QueryLatencyRecord{1, 2, 3, 4},
       ServerRecord{50, true, 7.5, {{7.5, 100, 3, true}}, ServerTrialRecord{7.5, 101, 3.5, true}}}};
  record.left_out = {"int8: not here"};
  return record;
}

// What follows from other members, and texts that stand beside a value.
const std::set<std::string> kDerived = {"stopped",
                                        "missed_per_100_images",
                                        "false_per_100_images",
                                        "image_count",
                                        "iou_threshold",
                                        "recall_grid",
                                        "confidence_grid",
                                        "rows",
                                        "columns",
                                        "foreground_iou",
                                        "background_iou",
                                        "pair",
                                        "/confidence_shift/quantiles"};

template <class Record, class Write, class Read>
void expect_contract(const Record& record, const Write& write, const Read& read,
                     std::set<std::string> derived = kDerived) {
  const OrderedJson written = write(record);
  const auto again = read(written, "document");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(Json(write(*again)).dump(1), Json(written).dump(1));
  const auto as_read = [&](const Json& document) {
    const auto one = read(document, "document");
    return one.ok() ? Json(write(*one)).dump() : one.error().message;
  };
  expect_every_member_is_read(written, as_read, derived);
  expect_every_key_is_documented(written);
}

TEST(Documents, WhatIsWrittenIsReadAgain) {
  expect_contract(full_sensitivity(), sensitivity_json, read_sensitivity);
  expect_contract(full_recommendation(), recommendation_json, read_recommendation);
  expect_contract(full_race(), race_json, read_race);
  expect_contract(full_score(), score_json, read_score);
  expect_contract(full_inspection(), inspection_json, read_inspection);
  expect_contract(full_histogram(), histogram_json, read_histogram);
  expect_contract(full_poc(), poc_json, read_poc);
  const TimingRecord timing{
      "0123abcd", "CPU", 1, 320, 320, 2, {{"BF16", "bf16", true, {1.5, 2.5}, 0.5}}, "why"};
  expect_contract(timing, timing_json, read_timing);
  const ProxyRecord proxies{"0123abcd", {{0.5, 0.25, 0.125, std::nullopt, 0.0625, 16, 48}}};
  expect_contract(proxies, proxy_json, read_proxies);
  expect_contract(full_scenarios(), scenarios_json, read_scenarios, {});
}

TEST(Documents, OfProxiesAreNotBelievedWhenTheyAreDamaged) {
  const ProxyRecord record{"0123abcd", {{0.5, 0.25, 0.125, std::nullopt, 0.0625, 16, 48}}};
  Json document = proxy_json(record);
  const auto read = read_proxies(document, "kept.json");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, record);
  document["networks"][0]["objectness"] = 0.126;
  EXPECT_EQ(read_proxies(document, "kept.json").error().message,
            "kept.json is damaged: its SHA-256 is that of something else");
}

TEST(Documents, OfDetectionsAreReadAgain) {
  std::set<std::string> derived = kDerived;
  for (const char* counts : {"/total", "/classes/0"}) {
    for (const char* side : {"/baseline", "/other"})
      derived.insert(std::string(counts) + side + "/f1");
  }
  expect_contract(full_diff(), diff_json, read_diff, derived);
  expect_contract(full_diagnosis(), diagnosis_json, read_diagnosis);
}

TEST(Documents, HostsAndVersionsAreDocumented) {
  expect_every_key_is_documented(host_json(
      {"CPU", "board", 4, 8, 1 << 30, "performance", "Linux", "6.1", "x86_64", {"avx2"}}));
  expect_every_key_is_documented(versions_json({"0.1.0", "abc", "GCC", "4.6", "2.6.3"}));
}

TEST(Documents, AreShownInOtherFormatsByTheirKind) {
  const auto race = parse_document(race_json(full_race()).dump(), "race.json");
  ASSERT_TRUE(race.ok()) << race.error().message;
  EXPECT_EQ(race->renderers.text(), race_text(full_race()));
  EXPECT_EQ(race->renderers.csv(), race_csv(full_race()));
  EXPECT_THAT(race->renderers.csv(),
              HasSubstr("affine 4-bit filter,1000,240,0.5,-0.25,-0.5,0,holds\n"));
  const auto diff = parse_document(diff_json(full_diff()).dump(), "diff.json");
  ASSERT_TRUE(diff.ok()) << diff.error().message;
  EXPECT_THAT(diff->renderers.text(), HasSubstr("one.png: 1 newly missed (nut as pin)"));
  const auto score = parse_document(score_json(full_score()).dump(), "score.json");
  ASSERT_TRUE(score.ok()) << score.error().message;
  EXPECT_EQ(score->renderers.text(), score_text(full_score()) + class_table(full_score()));
  const auto diagnosis = parse_document(diagnosis_json(full_diagnosis()).dump(), "d.json");
  ASSERT_TRUE(diagnosis.ok()) << diagnosis.error().message;
  EXPECT_EQ(diagnosis->renderers.text(), diagnosis_text(full_diagnosis()));
  EXPECT_THAT(diagnosis->renderers.csv(), HasSubstr("nut_3,nut,10,0.5,0.75,0.25,0.125,,0.6,"));
}

TEST(Documents, OfNoKindAreRefused) {
  EXPECT_THAT(parse_document("{}", "x.json").error().message,
              HasSubstr("no document of a kind that can be shown: sensitivity, recommendation"));
  EXPECT_THAT(parse_document("[1]", "x.json").error().message, HasSubstr("no document"));
  EXPECT_FALSE(parse_document("{", "x.json").ok());
}

TEST(Documents, AreRefusedWithThePlaceOfWhatIsWrong) {
  Json race = race_json(full_race());
  race["cells"][0]["bytes"] = "many";
  EXPECT_EQ(read_race(race, "race.json").error().message,
            "race.json: cells[0]: bytes: expected an integer");
  race = race_json(full_race());
  race["schema"] = 99;
  EXPECT_THAT(read_race(race, "race.json").error().message, HasSubstr("has schema 99"));
  EXPECT_THAT(read_diff(race, "race.json").error().message, HasSubstr("kind 'race', expected"));
  Json recommendation = recommendation_json(full_recommendation());
  recommendation["layers"][0]["chosen"] = 1;
  EXPECT_THAT(read_recommendation(recommendation, "r").error().message,
              HasSubstr("one of the candidates"));
  Json diagnosis = diagnosis_json(full_diagnosis());
  diagnosis["network"]["confusion"]["counts"] = {{1, 2}};
  EXPECT_THAT(read_diagnosis(diagnosis, "d").error().message, HasSubstr("a square of counts"));
  diagnosis = diagnosis_json(full_diagnosis());
  diagnosis["network"]["per_class"] = Json::array();
  EXPECT_THAT(read_diagnosis(diagnosis, "d").error().message, HasSubstr("as many as"));
}

TEST(ScoreText, IsPycocotools) {
  EXPECT_THAT(score_text(full_score()),
              HasSubstr(" Average Precision  (AP) @[ IoU=0.50:0.75 | area=   all | maxDets=100 ] "
                        "= 0.500\n"));
}

TEST(SensitivityText, BeginsWithTheMostSensitiveLayer) {
  SensitivityRecord record = full_sensitivity();
  record.layers.push_back(record.layers.front());
  record.layers.back().name = "model.1.conv";
  record.layers.back().alone.ap = 0.25;
  const std::string text = sensitivity_text(record);
  EXPECT_LT(text.find("model.1.conv"), text.find("model.0.conv"));
  EXPECT_THAT(text, HasSubstr("50.00"));  // points lost
}

// What is not certain to keep the promise is not certain to break it.
TEST(RecommendationText, TellsUndecidedFromWhatDoesNotHold) {
  RecommendationRecord record = full_recommendation();
  record.budget_bytes.reset();
  record.tolerance = 0.25;
  TriedRecord& tried = record.hybrids_tried.front();
  tried.holds = false;
  tried.lossy_classes.clear();
  tried.delta_ap = {-0.25, -0.5, -0.125};
  EXPECT_THAT(recommendation_text(record), HasSubstr("| **too slow** |"));
  tried.too_slow.reset();
  EXPECT_THAT(recommendation_text(record), HasSubstr("| **undecided** |"));
  tried.delta_ap = {-0.5, -0.75, -0.375};
  EXPECT_THAT(recommendation_text(record), HasSubstr("| **does not hold** |"));
}

TEST(InspectionText, HasSchemeBitsAndGranularityOfEveryLayer) {
  Inspection inspection = full_inspection();
  inspection.layers.front().recipe = "pwlq 4-bit filter";
  const std::string text = inspection_text(inspection);
  EXPECT_THAT(text, HasSubstr(" recipe            bits "));
  EXPECT_THAT(text, HasSubstr(" pwlq 4-bit filter "));
  EXPECT_LE(text.find('\n'), 100U);
}

TEST(RecommendationText, SaysWhatWasFoundFirst) {
  const std::string text = recommendation_text(full_recommendation());
  EXPECT_THAT(text,
              HasSubstr("- Hybrid: 0.001 MB (4.500 bits per weight, 4.00x smaller than FP32)"));
  EXPECT_THAT(text, HasSubstr("within the budget"));
  EXPECT_THAT(text, HasSubstr("AP 50.00, ΔAP -25.00 (-50.00 to -12.50)"));
  EXPECT_THAT(text,
              HasSubstr("one image of 640 x 320 on 2 threads: fp32 12.50 ms. At most 8.5 ms"));
  EXPECT_THAT(text, HasSubstr(", 8.25 ms an image"));
  RecommendationRecord none = full_recommendation();
  none.hybrid.reset();
  none.layers[0].chosen.reset();
  EXPECT_THAT(recommendation_text(none), HasSubstr("Hybrid: none was found"));
}

}  // namespace
}  // namespace qyolo::results
