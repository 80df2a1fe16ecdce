#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "common/file.h"
#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// A few cells on a few images, so that it takes seconds.
std::vector<std::string> small_run(const fs::path& out, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = {
      "run",     (source_dir() / "experiments/demo.json").string(),
      "--set",   "bits=4,8",
      "--set",   "granularity=filter",
      "--set",   "rounds=2",
      "--limit", "first:8",
      "--out",   out.string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::size_t lines_in(const fs::path& file) {
  const std::string text = content_of(file);
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// key -> metrics of every accuracy record.
std::map<std::string, Json> accuracy_of(const fs::path& out) {
  std::map<std::string, Json> found;
  std::istringstream lines(content_of(out / "records.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const Json record = Json::parse(line);
    if (record["kind"] != "accuracy") continue;
    EXPECT_EQ(found.count(record["key"]), 0U) << "a finished cell was run again";
    found[record["key"]] = record["metrics"];
  }
  return found;
}

TEST(RunCommand, AKilledRunResumesAndEndsWithTheSameNumbers) {
  const TemporaryFolder folder;
  const fs::path whole = folder.path() / "whole";
  const fs::path killed = folder.path() / "killed";
  const auto uninterrupted = qyolo(small_run(whole));
  ASSERT_EQ(uninterrupted.exit_code, 0) << uninterrupted.err;

  const auto first =
      qyolo(small_run(killed), [&] { return lines_in(killed / "records.jsonl") >= 3; });
  ASSERT_EQ(first.exit_code, -1) << "the run ended before it could be killed: " << first.err;
  const std::size_t kept = accuracy_of(killed).size();
  ASSERT_GE(kept, 3U);
  ASSERT_LT(kept, 7U);
  { std::ofstream(killed / "records.jsonl", std::ios::app) << R"({"schema": 1, "kind": "accu)"; }

  const auto second = qyolo(small_run(killed));
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.err, HasSubstr("7 cells, " + std::to_string(kept) +
                                    " of them finished by an earlier run"));
  EXPECT_THAT(second.err, HasSubstr("warning: "));
  EXPECT_EQ(accuracy_of(killed), accuracy_of(whole));
}

TEST(RunCommand, TheNameOfAnExperimentIsNoPath) {
  const TemporaryFolder folder;
  Json experiment = Json::parse(content_of(source_dir() / "experiments/demo.json"));
  for (const char* key : {"images", "annotations"})
    experiment["dataset"][key] =
        parts(key == std::string("images") ? "val/images" : "val/annotations.json");
  experiment["model"] = parts_model();
  for (const char* name : {"../x", "/tmp/x", "a/b", "..", "."}) {
    experiment["name"] = name;
    const fs::path file = folder.path() / "named.json";
    ASSERT_TRUE(write_file(file, experiment.dump()).ok());
    expect_one_sentence(qyolo({"run", file.string(), "--limit", "first:1"}), "is no folder's");
  }
}

TEST(RunCommand, ASecondRunFindsEverythingFinished) {
  const TemporaryFolder folder;
  ASSERT_EQ(qyolo(small_run(folder.path() / "run", {"--threads", "2"})).exit_code, 0);
  const std::string records = content_of(folder.path() / "run/records.jsonl");
  const auto again = qyolo(small_run(folder.path() / "run"));
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(content_of(folder.path() / "run/records.jsonl"), records);
}

TEST(RunCommand, RecordsManifestTablesAndChartsAgree) {
  const TemporaryFolder folder;
  const fs::path out = folder.path() / "run";
  const auto run = qyolo(small_run(out, {"-o", "json"}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const Json manifest = Json::parse(content_of(out / "manifest.json"));
  EXPECT_EQ(manifest["cells"].size(), 7U);
  for (const char* key : {"experiment", "checkpoint", "dataset", "host", "versions", "started"}) {
    EXPECT_TRUE(manifest.contains(key)) << key;
  }
  std::size_t latencies = 0;
  std::istringstream lines(content_of(out / "records.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const Json record = Json::parse(line);
    EXPECT_EQ(record["status"], "ok");
    EXPECT_EQ(record["execution"], record["cell"]["baseline"] ? "measured fp32" : "simulated");
    if (record["kind"] != "latency") continue;
    ++latencies;
    EXPECT_EQ(record["latency"]["samples"].size(), 2U);
  }
  EXPECT_EQ(latencies, 7U);

  const auto json = qyolo({"tables", out.string(), "-o", "json"});
  EXPECT_EQ(json.out, run.out);
  const auto csv = qyolo({"tables", out.string(), "-o", "csv"});
  EXPECT_EQ(std::count(csv.out.begin(), csv.out.end(), '\n'), 8) << csv.out;
  EXPECT_EQ(qyolo({"tables", out.string(), "-o", "tex"}).exit_code, 0);
  EXPECT_EQ(qyolo({"tables", out.string(), "-o", "xml"}).exit_code, 2);

  const auto charts = qyolo({"plot", out.string()});
  ASSERT_EQ(charts.exit_code, 0) << charts.err;
  std::istringstream paths(charts.out);
  int drawn = 0;
  for (std::string path; std::getline(paths, path); ++drawn) {
    EXPECT_THAT(content_of(path), HasSubstr("<svg")) << path;
  }
  EXPECT_GE(drawn, 2);
}

TEST(RunCommand, AnUndecodableImageFailsItsCellsButKeepsTheRun) {
  const TemporaryFolder folder;
  const fs::path images = folder.path() / "images";
  fs::create_directories(images);
  for (const char* name : {"000001.jpg", "000002.jpg", "000003.jpg"}) {
    fs::copy(parts(std::string("val/images/") + name), images / name);
  }
  // The header still tells the size; the picture behind it is gone.
  const std::string jpeg = content_of(images / "000002.jpg");
  { std::ofstream(images / "000002.jpg", std::ios::binary) << jpeg.substr(0, 400); }
  Json truth = Json::parse(content_of(parts("val/annotations.json")));
  Json kept = Json::array();
  for (int i = 0; i < 3; ++i) kept.push_back(truth["images"][static_cast<std::size_t>(i)]);
  truth["images"] = kept;
  Json annotations = Json::array();
  for (const Json& a : truth["annotations"]) {
    if (a["image_id"] <= 3) annotations.push_back(a);
  }
  truth["annotations"] = annotations;
  { std::ofstream(folder.path() / "truth.json") << truth.dump(); }
  const auto result =
      qyolo(small_run(folder.path() / "run", {"--images", images.string(), "--annotations",
                                              (folder.path() / "truth.json").string()}));
  EXPECT_TRUE(result.exit_code == 1 || result.exit_code == 2) << result.err;
  EXPECT_THAT(result.err, HasSubstr("000002.jpg"));
}

}  // namespace
}  // namespace qyolo::testing
