#include "harness/run/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/file.h"
#include "common/sha256.h"
#include "harness/artifact/packed_artifact.h"
#include "results/record.h"
#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

using ::testing::HasSubstr;

// Stands in for the network: answers with heads that depend on the weights it was given, or fails
// for chosen ones.
class FakeExecutor final : public model::Executor {
 public:
  FakeExecutor(const model::Graph& graph, bool fail_when_quantized, std::string precision = "fp32")
      : graph_(graph), fail_(fail_when_quantized), precision_(std::move(precision)) {}

  Result<std::vector<model::HeadOutput>> forward(std::span<const std::uint8_t> /*rgb*/, int batch,
                                                 int height, int width) override {
    return answer(batch, height, width);
  }
  Result<std::vector<model::HeadOutput>> forward(std::span<const float> /*input*/, int batch,
                                                 int height, int width) override {
    return answer(batch, height, width);
  }
  void set_weights(int node, std::span<const float> weights) override {
    const auto& conv = std::get<model::ConvNode>(graph_.nodes[static_cast<std::size_t>(node)].op);
    changed_ = changed_ || !std::equal(weights.begin(), weights.end(), conv.weight.begin());
    if (node == graph_.conv_nodes().front()) {
      changed_ = !std::equal(weights.begin(), weights.end(), conv.weight.begin());
    }
  }
  void set_bias(int /*node*/, std::span<const float> /*bias*/) override {}
  [[nodiscard]] std::string description() const override { return "fake"; }
  [[nodiscard]] std::string identity() const override { return "fake"; }
  [[nodiscard]] std::string precision() const override { return precision_; }

 private:
  Result<std::vector<model::HeadOutput>> answer(int batch, int height, int width) const {
    if (fail_ && changed_) return error("the fake network refuses quantized weights");
    std::vector<model::HeadOutput> outputs;
    for (const model::HeadLevel& level : graph_.head) {
      const int stride = static_cast<int>(level.stride);
      model::HeadOutput output;
      output.batch = batch;
      output.channels = static_cast<int>(level.anchors.size() * (5 + graph_.class_names.size()));
      output.height = height / stride;
      output.width = width / stride;
      output.values.assign(
          static_cast<std::size_t>(batch) * static_cast<std::size_t>(output.channels) *
              static_cast<std::size_t>(output.height) * static_cast<std::size_t>(output.width),
          -20.0F);
      outputs.push_back(std::move(output));
    }
    return outputs;
  }

  const model::Graph& graph_;
  bool fail_;
  std::string precision_;
  bool changed_ = false;
};

class Listener final : public RunListener {
 public:
  void on_warning(const std::string& /*text*/) override {}
  void on_pass(const std::string& /*pass*/, std::size_t /*cells*/,
               std::size_t /*skipped*/) override {}
  void on_cell(std::size_t /*index*/, const Cell& /*cell*/) override { ++started; }
  void on_progress(std::size_t /*done*/, std::size_t /*total*/) override {}
  void on_cell_done(std::size_t /*index*/, const Cell& /*cell*/, bool ok,
                    const std::string& summary) override {
    if (!ok) failures.push_back(summary);
  }
  std::size_t started = 0;
  std::vector<std::string> failures;
};

Experiment small_experiment() {
  auto experiment = load_experiment(
      testing::source_dir() / "experiments/demo.json",
      {{"bits", {"4"}}, {"granularity", {"layer"}}, {"limit", {"first:3"}}, {"rounds", {"2"}}});
  EXPECT_TRUE(experiment.ok());
  return std::move(experiment).value();
}

ExecutorFactory fake(bool fail_when_quantized, const std::string& precision = "fp32") {
  return
      [=](const model::Graph& graph, int /*threads*/) -> Result<std::unique_ptr<model::Executor>> {
        return std::unique_ptr<model::Executor>(
            std::make_unique<FakeExecutor>(graph, fail_when_quantized, precision));
      };
}

TEST(Runner, AFailingCellBecomesARecordAndTheOthersGoOn) {
  const testing::TemporaryFolder folder;
  Listener listener;
  const auto summary = run_experiment(small_experiment(), {folder.path(), 2}, fake(true), listener);
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  EXPECT_EQ(summary->cells, 4U);
  EXPECT_EQ(summary->failed, 3U);
  EXPECT_EQ(listener.failures.size(), 3U);
  const auto run = results::read_run(folder.path());
  ASSERT_TRUE(run.ok()) << run.error().message;
  ASSERT_EQ(run->rows.size(), 4U);
  EXPECT_EQ(run->rows[0].status, "ok");
  EXPECT_EQ(run->rows[1].status, "failed");
  EXPECT_THAT(run->rows[1].error, HasSubstr("refuses quantized weights"));
}

TEST(Runner, InBf16RefusesJustTheCellsThatQuantizeActivations) {
  const testing::TemporaryFolder folder;
  Experiment experiment = small_experiment();
  experiment.calibration = CalibrationSet{testing::source_dir() / "datasets/parts/calib/images", 1};
  Cell cell = experiment.cells.back();
  cell.activations.emplace();
  experiment.cells.insert(experiment.cells.begin() + 1, cell);
  Listener listener;
  const auto summary =
      run_experiment(experiment, {folder.path(), 2}, fake(false, "bf16"), listener);
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  EXPECT_EQ(summary->failed, 1U);
  const auto run = results::read_run(folder.path());
  ASSERT_TRUE(run.ok());
  ASSERT_EQ(run->rows.size(), 5U);
  EXPECT_EQ(run->rows[1].status, "failed");
  EXPECT_THAT(run->rows[1].error, HasSubstr("quantized activations are not simulated in bf16; "
                                            "expected --precision fp32 (simulated) or int8"));
  for (const std::size_t i : {0U, 2U, 3U, 4U}) {
    EXPECT_EQ(run->rows[i].status, "ok") << run->rows[i].label;
    EXPECT_TRUE(run->rows[i].latency_median_ms) << run->rows[i].label;
  }
  EXPECT_EQ(run->rows[0].execution, "measured bf16");
  EXPECT_EQ(run->rows[2].execution, "simulated bf16");
}

TEST(Runner, FailedCellsAreTriedAgainAndFinishedOnesAreNot) {
  const testing::TemporaryFolder folder;
  Listener first;
  ASSERT_TRUE(run_experiment(small_experiment(), {folder.path(), 2}, fake(true), first).ok());
  Listener second;
  const auto summary = run_experiment(small_experiment(), {folder.path(), 2}, fake(false), second);
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  EXPECT_EQ(summary->skipped, 1U);
  EXPECT_EQ(summary->failed, 0U);
  EXPECT_EQ(second.started, 3U);  // the baseline's detections are kept
  const auto run = results::read_run(folder.path());
  ASSERT_TRUE(run.ok());
  for (const results::Row& row : run->rows) {
    EXPECT_EQ(row.status, "ok") << row.label;
    EXPECT_TRUE(row.latency_median_ms.has_value()) << row.label;
  }
}

// The "uncertainty" of each cell's newest accuracy record; null where there is none.
std::vector<Json> uncertainties(const std::filesystem::path& folder) {
  const auto run = results::read_run(folder);
  EXPECT_TRUE(run.ok());
  std::vector<Json> found;
  for (const results::Row& row : run->rows) {
    found.emplace_back();
    for (const Json& record : run->records) {
      if (record["key"] != row.key || record["kind"] != "accuracy") continue;
      found.back() = record.contains("uncertainty") ? record["uncertainty"] : Json();
    }
  }
  return found;
}

constexpr const char* kNoDifference =
    "no difference; caution: only 3 images, 8 classes with fewer than 10 objects";

TEST(Runner, EveryCellIsComparedWithTheBaseline) {
  const testing::TemporaryFolder folder;
  Listener listener;
  ASSERT_TRUE(run_experiment(small_experiment(), {folder.path(), 2}, fake(false), listener).ok());
  const auto found = uncertainties(folder.path());
  ASSERT_EQ(found.size(), 4U);
  EXPECT_TRUE(found[0].is_null());
  for (std::size_t i = 1; i < found.size(); ++i) {
    EXPECT_EQ(found[i]["images"], 3);
    // The fake finds nothing either way.
    EXPECT_EQ(found[i]["verdict"], kNoDifference);
  }
}

TEST(Runner, CellsOfAResumedRunAreComparedWithTheBaselinesKeptDetections) {
  const testing::TemporaryFolder folder;
  Listener first, second, third;
  Experiment experiment = small_experiment();
  ASSERT_TRUE(run_experiment(experiment, {folder.path(), 2}, fake(true), first).ok());
  ASSERT_TRUE(run_experiment(experiment, {folder.path(), 2}, fake(false), second).ok());
  EXPECT_EQ(second.started, 3U);
  const auto found = uncertainties(folder.path());
  for (std::size_t i = 1; i < found.size(); ++i) EXPECT_EQ(found[i]["verdict"], kNoDifference);
  const auto records = results::read_run(folder.path())->records.size();
  ASSERT_TRUE(run_experiment(experiment, {folder.path(), 2}, fake(false), third).ok());
  EXPECT_EQ(third.started, 0U);  // nothing is missing, so nothing is compared
  EXPECT_EQ(results::read_run(folder.path())->records.size(), records);
}

// Detections that are not those of the record, whoever put them there.
TEST(Runner, KeptDetectionsThatAreNotTheRecordsAreMadeAgain) {
  for (const bool removed : {true, false}) {
    const testing::TemporaryFolder folder;
    Listener first, second;
    const Experiment experiment = small_experiment();
    ASSERT_TRUE(run_experiment(experiment, {folder.path(), 2}, fake(true), first).ok());
    const std::string key = results::read_run(folder.path())->rows.at(0).key;
    const std::filesystem::path file = folder.path() / "detections" / (key + ".json");
    ASSERT_TRUE(std::filesystem::exists(file));
    if (removed) {
      std::filesystem::remove(file);
    } else {
      ASSERT_TRUE(write_file(file, "[ ]").ok());
    }
    ASSERT_TRUE(run_experiment(experiment, {folder.path(), 2}, fake(false), second).ok());
    EXPECT_EQ(second.started, 4U);
    const auto run = results::read_run(folder.path());
    const Json* record = run->newest("accuracy", key);
    EXPECT_EQ(sha256_of_file(file).value(), record->at("detections_sha256").get<std::string>());
  }
}

TEST(Runner, ARecordWithoutMetricsIsNotFinished) {
  const testing::TemporaryFolder folder;
  Listener first, second;
  const Experiment experiment = small_experiment();
  ASSERT_TRUE(run_experiment(experiment, {folder.path(), 2}, fake(false), first).ok());
  const results::Row row = results::read_run(folder.path())->rows.at(2);
  {
    auto store = results::RecordStore::open(folder.path());
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE(
        store->append({{"schema", 1}, {"kind", "accuracy"}, {"key", row.key}, {"status", "ok"}})
            .ok());
  }
  const auto summary = run_experiment(experiment, {folder.path(), 2}, fake(false), second);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->skipped, 3U);
  EXPECT_EQ(second.started, 1U);
}

TEST(Runner, AnotherToleranceOrSeedMakesTheVerdictsAgain) {
  const testing::TemporaryFolder folder;
  Listener listener;
  Experiment experiment = small_experiment();
  ASSERT_TRUE(run_experiment(experiment, {folder.path(), 2}, fake(false), listener).ok());
  experiment.uncertainty.tolerance = 2;
  experiment.uncertainty.seed = 9;
  experiment.uncertainty.resamples = 200;
  Listener again, nothing;
  ASSERT_TRUE(run_experiment(experiment, {folder.path(), 2}, fake(false), again).ok());
  EXPECT_EQ(again.started, 3U);
  const auto found = uncertainties(folder.path());
  for (std::size_t i = 1; i < found.size(); ++i) {
    EXPECT_EQ(found[i]["tolerance"].get<double>(), 0.02);
    EXPECT_EQ(found[i]["seed"].get<int>(), 9);
    EXPECT_EQ(found[i]["resamples"].get<int>(), 200);
  }
  ASSERT_TRUE(run_experiment(experiment, {folder.path(), 2}, fake(false), nothing).ok());
  EXPECT_EQ(nothing.started, 0U);
}

TEST(Runner, WithoutResamplesNothingIsCompared) {
  const testing::TemporaryFolder folder;
  Listener first, second;
  Experiment experiment = small_experiment();
  experiment.uncertainty.resamples = 0;
  ASSERT_TRUE(run_experiment(experiment, {folder.path(), 2}, fake(true), first).ok());
  ASSERT_TRUE(run_experiment(experiment, {folder.path(), 2}, fake(false), second).ok());
  EXPECT_EQ(second.started, 3U);
  for (const Json& found : uncertainties(folder.path())) EXPECT_TRUE(found.is_null());
}

// "memory" of each cell's newest accuracy record.
std::vector<Json> memories(const std::filesystem::path& folder) {
  const auto run = results::read_run(folder);
  EXPECT_TRUE(run.ok());
  std::vector<Json> found;
  for (const results::Row& row : run->rows)
    found.push_back(run->newest("accuracy", row.key)->at("memory"));
  return found;
}

TEST(Runner, CodedBytesAreThoseOfTheArtifactWithEntropyCodedRegions) {
  const testing::TemporaryFolder folder;
  Listener listener;
  Experiment experiment = small_experiment();
  const std::size_t pwlq = experiment.cells.size() - 1;
  ASSERT_TRUE(experiment.cells[pwlq].recipe.text().starts_with("pwlq"));
  for (const bool fold : {true, false}) {
    experiment.cells[pwlq].network.fold = fold;
    ASSERT_TRUE(run_experiment(experiment, {folder.path(), 2}, fake(false), listener).ok());
    const Json memory = memories(folder.path())[pwlq];

    SourceNetwork source = SourceNetwork::open(experiment.model).value();
    const QuantizedNetwork network = quantize_network(source, experiment.cells[pwlq], 2).value();
    const ArtifactSizes sizes = write_artifact(folder.path() / "pwlq.safetensors",
                                               {source.graph(), experiment.cells[pwlq], "0"},
                                               network, quant::RegionCoding::kEntropy, 2)
                                    .value();
    EXPECT_EQ(memory["coded_bytes"], sizes.data) << fold;
    EXPECT_LT(memory["coded_bytes"], memory["true_bytes"]);
  }
  // Uniform cells have no regions.
  for (std::size_t i = 0; i < pwlq; ++i)
    EXPECT_FALSE(memories(folder.path())[i].contains("coded_bytes")) << i;
}

TEST(Runner, WhatDecidesTheNumbersDecidesTheKey) {
  const auto key_of_first = [](const Experiment& experiment) {
    const testing::TemporaryFolder folder;
    Listener listener;
    EXPECT_TRUE(run_experiment(experiment, {folder.path(), 2}, fake(false), listener).ok());
    const auto run = results::read_run(folder.path());
    EXPECT_TRUE(run.ok());
    return run->rows.at(1).key;
  };
  Experiment experiment = small_experiment();
  experiment.cells.resize(2);
  const std::string key = key_of_first(experiment);
  EXPECT_EQ(key_of_first(experiment), key);
  experiment.latency.rounds = 1;
  experiment.uncertainty.seed = 2;
  EXPECT_EQ(key_of_first(experiment), key);
  experiment.evaluation.iou = 0.6;
  EXPECT_NE(key_of_first(experiment), key);
  experiment = small_experiment();
  experiment.cells.resize(2);
  experiment.cells[1].recipe.options.bits = 5;
  EXPECT_NE(key_of_first(experiment), key);
}

TEST(Runner, TheCalibrationSetIsPartOfTheKeysThatDependOnIt) {
  const auto keys = [](int calibration_images) {
    Experiment experiment = small_experiment();
    experiment.cells.resize(2);
    experiment.cells.push_back(experiment.cells[1]);
    experiment.cells[2].activations = quant::ActivationOptions();
    experiment.calibration =
        CalibrationSet{testing::source_dir() / "datasets/parts/calib/images", calibration_images};
    const testing::TemporaryFolder folder;
    Listener listener;
    EXPECT_TRUE(run_experiment(experiment, {folder.path(), 2}, fake(false), listener).ok());
    // The fake network cannot be observed.
    EXPECT_EQ(listener.failures, std::vector<std::string>{"fake cannot observe activations"});
    const auto run = results::read_run(folder.path());
    std::vector<std::string> found;
    for (const results::Row& row : run->rows) found.push_back(row.key);
    EXPECT_EQ(run->rows.at(2).activation_bits, 8);
    return found;
  };
  const auto three = keys(3), four = keys(4);
  ASSERT_EQ(three.size(), 3U);
  EXPECT_EQ(three[0], four[0]);
  EXPECT_EQ(three[1], four[1]);
  EXPECT_NE(three[2], four[2]);
}

TEST(Runner, TwoRunsIntoOneFolderAreRefused) {
  const testing::TemporaryFolder folder;
  const auto held = results::RecordStore::open(folder.path());
  ASSERT_TRUE(held.ok());
  Listener listener;
  const auto summary =
      run_experiment(small_experiment(), {folder.path(), 2}, fake(false), listener);
  ASSERT_FALSE(summary.ok());
  EXPECT_THAT(summary.error().message, HasSubstr(folder.path().string()));
}

}  // namespace
}  // namespace qyolo::harness
