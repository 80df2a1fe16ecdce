// Several processes share a run: whatever their number, whenever they die, and however often they
// are started, the records are those of one process, byte for byte but for times.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "common/file.h"
#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kCells = 4, kRanges = 4;

// From `from` to the next `to`, which stays.
void cut_out(std::string& text, const std::string& from, const std::string& to) {
  const auto begin = text.find(from);
  if (begin == std::string::npos) return;
  const auto end = text.find(to, begin + from.size());
  text.erase(begin, end - begin);
}

// The lines of a run's records without their times and what follows from them.
std::vector<std::string> lines_of(const fs::path& run) {
  std::vector<std::string> lines;
  std::istringstream file(content_of(run / "records.jsonl"));
  for (std::string line; std::getline(file, line);) {
    cut_out(line, "\"seconds\":{", "}");
    cut_out(line, "\"samples\":", "}");
    cut_out(line, "\"crc32\":", "}");
    lines.push_back(line);
  }
  return lines;
}

std::set<std::string> task_files(const fs::path& run) {
  std::set<std::string> files;
  for (const auto& entry : fs::directory_iterator(run / "tasks")) {
    if (entry.path().extension() == ".task") files.insert(entry.path().filename().string());
  }
  return files;
}

// How often each task was done, from what processes said.
void count_done(const std::string& said, std::map<std::string, int>& times) {
  const std::string mark = ": task ";
  for (auto at = said.find(mark); at != std::string::npos; at = said.find(mark, at + 1))
    ++times[said.substr(at + mark.size(), 32)];
}

class Shards : public ::testing::Test {
 protected:
  Shards() { write_experiment(parts("val/images"), parts("val/annotations.json")); }

  void write_experiment(const std::string& images, const std::string& annotations) {
    const Json weights = {{"scheme", {"affine", "pwlq"}}, {"granularity", "filter"}, {"bits", 4}};
    const Json activations = {
        {"scheme", "symmetric"}, {"granularity", "filter"}, {"bits", 8}, {"activation_bits", 8}};
    std::ofstream(experiment_) << Json{
        {"name", "small"},
        {"model", parts_model()},
        {"dataset", {{"images", images}, {"annotations", annotations}}},
        {"evaluation", {{"img", 64}, {"limit", "first:8"}, {"batch", 2}}},
        {"calibration", {{"images", parts("calib/images")}, {"limit", 2}}},
        {"uncertainty", {{"resamples", 100}}},
        {"latency", {{"rounds", 1}, {"warmup", 0}}},
        {"matrix", Json::array({activations, weights})}};
  }

  [[nodiscard]] std::vector<std::string> run_command(const fs::path& out,
                                                     const std::string& shard = "") const {
    std::vector<std::string> arguments = {
        kQyolo, "run", experiment_.string(), "--out", out.string(), "--threads", "1"};
    if (!shard.empty()) arguments.insert(arguments.end(), {"--task-images", "2", "--shard", shard});
    return arguments;
  }
  [[nodiscard]] ProcessResult shard(const fs::path& run, int index, int count) const {
    return run_process(run_command(run, fmt::format("{}/{}", index, count)));
  }
  [[nodiscard]] fs::path out(const std::string& name) const { return folder_.path() / name; }

  // The lines of one process, accuracy and latency pass.
  const std::vector<std::string>& of_one_process() {
    if (one_process_.empty()) {
      const ProcessResult result = run_process(run_command(out("one")));
      EXPECT_EQ(result.exit_code, 0) << result.err;
      one_process_ = lines_of(out("one"));
    }
    return one_process_;
  }
  std::vector<std::string> accuracy_of_one_process() {
    std::vector<std::string> lines = of_one_process();
    std::erase_if(lines, [](const std::string& line) {
      return line.find("\"kind\":\"accuracy\"") == std::string::npos;
    });
    return lines;
  }

  TemporaryFolder folder_;
  fs::path experiment_ = folder_.path() / "experiment.json";
  std::vector<std::string> one_process_;
};

TEST_F(Shards, OfAnyNumberMakeTheRecordsOfOneProcess) {
  for (const int count : {1, 3, 20}) {
    SCOPED_TRACE(count);
    const fs::path run = out(fmt::format("of-{}", count));
    // Backwards: the last one makes the records, whichever that is.
    for (int index = count - 1; index >= 0; --index) {
      const ProcessResult result = shard(run, index, count);
      ASSERT_EQ(result.exit_code, 0) << result.err;
      EXPECT_EQ(fs::exists(run / "records.jsonl"), index == 0);
      EXPECT_EQ(result.out.empty(), index > 0) << result.out;
    }
    EXPECT_EQ(task_files(run).size(), static_cast<std::size_t>(kCells * kRanges));
    EXPECT_EQ(lines_of(run), accuracy_of_one_process());
    EXPECT_EQ(fs::exists(run / "detections"), true);
  }
  for (const auto& entry : fs::directory_iterator(out("one/detections"))) {
    EXPECT_EQ(content_of(entry.path()),
              content_of(out("of-3/detections") / entry.path().filename()));
  }
  // The latency pass is one process' on one host.
  const ProcessResult timed = run_process(run_command(out("of-3")));
  EXPECT_EQ(timed.exit_code, 0) << timed.err;
  EXPECT_THAT(timed.err, HasSubstr("accuracy: finished by an earlier run (4 cells)"));
  EXPECT_EQ(lines_of(out("of-3")), of_one_process());
  // And what is merged stays merged.
  const std::string records = content_of(out("of-3/records.jsonl"));
  EXPECT_EQ(run_process({kQyolo, "merge", out("of-3").string()}).exit_code, 0);
  fs::remove_all(out("of-3/tasks"));
  const ProcessResult again = shard(out("of-3"), 1, 2);
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(task_files(out("of-3")).size(), 0U) << again.err;
  EXPECT_EQ(content_of(out("of-3/records.jsonl")), records);
}

TEST_F(Shards, MergeSaysWhatIsMissingAndHowToMakeIt) {
  const fs::path run = out("run");
  ASSERT_EQ(shard(run, 0, 3).exit_code, 0);
  ASSERT_EQ(shard(run, 2, 3).exit_code, 0);
  const ProcessResult merged = run_process({kQyolo, "merge", run.string()});
  EXPECT_EQ(merged.exit_code, 1) << merged.err;
  EXPECT_THAT(merged.err, HasSubstr("5 of 16 tasks are missing, 4 of 4 cells wait for them: FP32"));
  const std::string mark = "make them by: ";
  const auto at = merged.err.find(mark);
  ASSERT_NE(at, std::string::npos) << merged.err;
  const std::string command =
      merged.err.substr(at + mark.size(), merged.err.find('\n', at) - at - mark.size());
  EXPECT_THAT(command, HasSubstr("--shard 1/3"));
  const ProcessResult made = run_process({"/bin/sh", "-c", command});
  EXPECT_EQ(made.exit_code, 0) << command << made.err;
  EXPECT_EQ(lines_of(run), accuracy_of_one_process());
  // Whole cells are merged before the others are there.
  fs::remove(run / "records.jsonl");
  const auto failed_cells = [&] {
    const ProcessResult partly = run_process({kQyolo, "merge", run.string()});
    EXPECT_EQ(partly.exit_code, 1);
    return lines_of(run).size();
  };
  for (const std::string& name : task_files(run)) {
    fs::rename(run / "tasks" / name, out("away"));
    const std::size_t there = failed_cells();
    EXPECT_TRUE(there == 3 || there == 0) << there;  // 0: without the baseline nothing is compared
    fs::rename(out("away"), run / "tasks" / name);
    fs::remove(run / "records.jsonl");
  }
  EXPECT_EQ(run_process({kQyolo, "merge", run.string()}).exit_code, 0);
  EXPECT_EQ(lines_of(run), accuracy_of_one_process());
}

TEST_F(Shards, FilesThatAreNotWhatTheyShouldBeAreRefusedAndMadeAgain) {
  const fs::path run = out("run");
  ASSERT_EQ(shard(run, 0, 1).exit_code, 0);
  const fs::path tasks = run / "tasks";
  const std::set<std::string> names = task_files(run);
  const std::vector<std::string> files(names.begin(), names.end());
  std::string damaged = content_of(tasks / files[0]);
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
  const std::string cut = content_of(tasks / files[1]).substr(0, 700);
  const std::string foreign = "#!/bin/sh\n", stale = content_of(tasks / files[4]);
  std::map<std::string, std::string> before;
  for (const std::string& name : files) before[name] = content_of(tasks / name);
  ASSERT_TRUE(write_file(tasks / files[0], damaged).ok());
  ASSERT_TRUE(write_file(tasks / files[1], cut).ok());
  ASSERT_TRUE(write_file(tasks / files[2], foreign).ok());
  ASSERT_TRUE(write_file(tasks / files[3], stale).ok());
  ASSERT_TRUE(write_file(tasks / files[5], "").ok());
  fs::remove(run / "records.jsonl");

  const ProcessResult merged = run_process({kQyolo, "merge", run.string()});
  EXPECT_EQ(merged.exit_code, 1) << merged.err;
  const ProcessResult again = shard(run, 0, 1);
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("shard 0/1: 16 tasks, 11 of them finished by an earlier run"));
  for (const int i : {0, 1})
    EXPECT_THAT(again.err, HasSubstr(files[i] + " is damaged or cut short"));
  for (const int i : {2, 5}) EXPECT_THAT(again.err, HasSubstr(files[i] + " is no task file"));
  EXPECT_THAT(again.err, HasSubstr(files[3] + " is of the task " + files[4].substr(0, 32)));
  EXPECT_EQ(lines_of(run), accuracy_of_one_process());
  std::map<std::string, int> times;
  count_done(again.err, times);
  EXPECT_EQ(times.size(), 5U) << again.err;
  for (std::size_t i = 6; i < files.size(); ++i)
    EXPECT_EQ(content_of(tasks / files[i]), before[files[i]]) << "was made again";
}

TEST_F(Shards, OfOneIndexAtOnceMakeTheSame) {
  const fs::path run = out("run");
  std::vector<std::thread> processes;
  for (const int index : {0, 0, 0, 1}) {
    processes.emplace_back([this, &run, index] {
      const ProcessResult result = shard(run, index, 2);
      EXPECT_EQ(result.exit_code, 0) << result.err;
    });
  }
  for (std::thread& one : processes) one.join();
  EXPECT_EQ(lines_of(run), accuracy_of_one_process());
  for (const auto& entry : fs::directory_iterator(run / "tasks"))
    EXPECT_EQ(entry.path().extension(), ".task") << entry.path();
}

// QYOLO_KILLS says how many times.
TEST_F(Shards, LoseNothingWhenTheyAreKilledAtAnyMoment) {
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(shard(out("whole"), 0, 2).exit_code, 0);
  const auto takes = std::chrono::steady_clock::now() - start;
  const char* wanted = std::getenv("QYOLO_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 8;
  std::mt19937 random(2411);
  fs::path run = out("killed-0");
  int killed = 0, whole = 0;
  std::map<std::string, int> times;
  std::map<std::string, std::string> kept;
  for (int i = 0; killed < kills && i < 4 * kills; ++i) {
    const auto after = takes * std::uniform_real_distribution<double>(0, 1.1)(random);
    const auto begun = std::chrono::steady_clock::now();
    const int index = std::uniform_int_distribution<int>(0, 1)(random);
    const ProcessResult result = run_process(run_command(run, fmt::format("{}/2", index)), [&] {
      return std::chrono::steady_clock::now() - begun >= after;
    });
    killed += result.exit_code == -1 ? 1 : 0;
    count_done(result.err, times);
    for (const auto& [name, content] : kept)
      ASSERT_EQ(content_of(run / "tasks" / name), content) << "a finished task was done again";
    if (fs::exists(run / "tasks")) {
      for (const std::string& name : task_files(run)) kept[name] = content_of(run / "tasks" / name);
    }
    if (fs::exists(run / "records.jsonl") && !lines_of(run).empty()) {
      ASSERT_EQ(lines_of(run), accuracy_of_one_process()) << "after kill " << killed;
      for (const auto& [key, count] : times) EXPECT_EQ(count, 1) << key;
      ++whole;
      run = out(fmt::format("killed-{}", whole));
      kept.clear();
      times.clear();
    }
  }
  EXPECT_GT(killed, 0);
  for (const int index : {0, 1}) {
    const ProcessResult result = shard(run, index, 2);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    count_done(result.err, times);
  }
  EXPECT_EQ(lines_of(run), accuracy_of_one_process());
  for (const auto& [key, count] : times) EXPECT_EQ(count, 1) << key;
  std::cout << killed << " processes killed, " << whole + 1 << " runs whole and as one process'\n";
}

TEST_F(Shards, OfHostsWithOtherInstructionsAreNotedAndStrictlyRefused) {
  const fs::path run = out("run");
  ASSERT_EQ(shard(run, 0, 2).exit_code, 0);
  const ProcessResult other = run_process(
      {"/bin/sh", "-c",
       "ONEDNN_MAX_CPU_ISA=SSE41 DNNL_MAX_CPU_ISA=SSE41 " + command_line(run_command(run, "1/2"))});
  ASSERT_EQ(other.exit_code, 0) << other.err;
  EXPECT_THAT(other.err, HasSubstr("hosts with different instruction sets"));
  EXPECT_EQ(Json::parse(content_of(run / "manifest.json"))["tasks"]["hosts"].size(), 2U);
  fs::remove(run / "records.jsonl");
  const ProcessResult strict = run_process({kQyolo, "merge", run.string(), "--strict", "-q"});
  expect_one_sentence(strict, "--strict: tasks are of hosts with different instruction sets");
  EXPECT_TRUE(lines_of(run).empty());
}

TEST_F(Shards, AFailingCellIsTheRecordOfOneProcessAndIsTriedAgain) {
  const fs::path images = out("images");
  fs::create_directories(images);
  for (int i = 1; i <= 8; ++i) {
    const std::string name = fmt::format("{:06}.jpg", i);
    fs::copy(parts("val/images/" + name), images / name);
  }
  // The header still tells the size; the picture behind it is gone.
  const std::string jpeg = content_of(images / "000005.jpg");
  std::ofstream(images / "000005.jpg", std::ios::binary) << jpeg.substr(0, 700);
  write_experiment(images.string(), parts("val/annotations.json"));
  const ProcessResult one = run_process(run_command(out("one")));
  const fs::path run = out("run");
  const ProcessResult first = shard(run, 0, 1);
  EXPECT_EQ(one.exit_code, first.exit_code) << one.err << first.err;
  if (one.exit_code == 2) return;  // such an image is refused from the start
  EXPECT_EQ(first.exit_code, 1) << first.err;
  EXPECT_EQ(lines_of(run), lines_of(out("one")));
  const ProcessResult again = shard(run, 0, 1);
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.err, HasSubstr("000005.jpg"));
}

TEST_F(Shards, TasksOfOtherAnnotationsAreNotMerged) {
  const fs::path annotations = out("annotations.json");
  fs::copy(parts("val/annotations.json"), annotations);
  write_experiment(parts("val/images"), annotations.string());
  const fs::path run = out("run");
  ASSERT_EQ(shard(run, 0, 1).exit_code, 0);
  fs::remove(run / "records.jsonl");
  Json changed = Json::parse(content_of(annotations));
  changed["annotations"][0]["bbox"][0] = 1.0;
  std::ofstream(annotations) << changed;
  expect_one_sentence(run_process({kQyolo, "merge", run.string()}), "it has changed since");
  // Another run of the same folder: none of the old files is its.
  const ProcessResult again = shard(run, 0, 1);
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("is of other tasks and is replaced"));
  EXPECT_THAT(again.err, HasSubstr("shard 0/1: 16 tasks\n"));
}

TEST_F(Shards, AreNamedByTheirScheduler) {
  const fs::path run = out("run");
  const auto by = [&](const std::string& variables) {
    return run_process({"/bin/sh", "-c", variables + " " + command_line(run_command(run, "auto"))});
  };
  const ProcessResult slurm =
      by("SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=2 SLURM_ARRAY_TASK_MIN=1");
  EXPECT_THAT(slurm.err, HasSubstr("shard 0/2: 8 tasks"));
  const ProcessResult kubernetes = by("JOB_COMPLETION_INDEX=1 JOB_COMPLETIONS=2");
  EXPECT_THAT(kubernetes.err, HasSubstr("shard 1/2: 8 tasks"));
  EXPECT_EQ(lines_of(run), accuracy_of_one_process());
  expect_one_sentence(by(""), "--shard auto: neither SLURM_ARRAY_TASK_ID");
}

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

// What a search found, without what it took.
Json found_by(const ProcessResult& result) {
  EXPECT_EQ(result.exit_code, 0) << result.err;
  Json found = Json::parse(result.out, nullptr, false);
  for (const char* spent : {"cost", "work"}) found.erase(spent);
  return found;
}

// QYOLO_SEARCHES=1: of `recommend`, too, which takes minutes.
TEST_F(Shards, OfASearchGiveTheAnswerOfOneProcess) {
  std::vector<std::string> commands = {"sensitivity"};
  if (std::getenv("QYOLO_SEARCHES") != nullptr) commands.emplace_back("recommend");
  for (const std::string& command : commands) {
    SCOPED_TRACE(command);
    std::vector<std::string> alone = {kQyolo,          command,
                                      "--model",       parts_model(),
                                      "--images",      parts("val/images"),
                                      "--annotations", parts("val/annotations.json"),
                                      "--img",         "128",
                                      "--limit",       "first:40",
                                      "--threads",     "1"};
    if (command == "sensitivity") {
      alone.insert(alone.end(), {"--calibration", parts("calib/images"), "--calibration-limit", "2",
                                 "--alone-only", "--scheme", "affine", "--bits", "4",
                                 "--granularity", "filter", "-o", "json"});
    } else {
      alone.insert(alone.end(), {"--calibration", parts("calib/images"), "--proxy-images", "2",
                                 "--bits-per-weight", "4", "--rounding", "nearest", "--confirm",
                                 "0", "--no-uniform", "--evaluations", "3", "--format", "json"});
    }
    const Json expected = found_by(run_process(alone));
    const fs::path folder = out("shared-" + command);
    std::vector<ProcessResult> results(2);
    std::vector<std::thread> processes;
    for (std::size_t i = 0; i < results.size(); ++i) {
      processes.emplace_back([&, i] {
        std::vector<std::string> arguments = alone;
        arguments.insert(arguments.end(),
                         {"--share", folder.string(), "--shard", fmt::format("{}/2", i)});
        results[i] = run_process(arguments);
      });
    }
    for (std::thread& one : processes) one.join();
    for (const ProcessResult& result : results) EXPECT_EQ(found_by(result), expected);
    // A damaged piece, and a damaged measure, is none.
    const std::set<std::string> files = task_files(folder);
    ASSERT_GE(files.size(), 2U);
    ASSERT_TRUE(write_file(folder / "tasks" / *files.begin(), "qyolo task 1\n").ok());
    const std::vector<fs::path> measures = files_of(folder / "proxies");
    ASSERT_GE(measures.size(), 3U);
    std::string damaged = content_of(measures[1]);
    const std::size_t digit = damaged.find("\"boxes\":") + 12;
    damaged[digit] = damaged[digit] == '1' ? '2' : '1';
    ASSERT_TRUE(write_file(measures[1], damaged).ok());
    alone.insert(alone.end(), {"--share", folder.string()});
    EXPECT_EQ(found_by(run_process(alone)), expected);
    EXPECT_NE(content_of(measures[1]), damaged);
    EXPECT_EQ(files_of(folder / "proxies"), measures);
    // Nothing is left to be measured.
    const ProcessResult again = run_process(alone);
    EXPECT_EQ(found_by(again), expected);
    const Json work = Json::parse(again.out)[command == "recommend" ? "work" : "cost"];
    EXPECT_EQ(command == "recommend" ? work["proxy_forwards"] : work["proxies"]["forwards"], 0);
    EXPECT_EQ(task_files(folder), files);
    EXPECT_GT(fs::file_size(folder / "tasks" / *files.begin()), 500U);
  }
}

TEST_F(Shards, MergeTakesOnlyWhatShardsLeft) {
  ASSERT_FALSE(of_one_process().empty());
  expect_one_sentence(run_process({kQyolo, "merge", out("one").string()}),
                      "is of a run by one process");
  expect_one_sentence(run_process({kQyolo, "merge", out("nothing").string()}), "manifest.json");
}

}  // namespace
}  // namespace qyolo::testing
