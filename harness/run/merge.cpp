#include "harness/run/merge.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "common/clock.h"
#include "common/file.h"
#include "common/parallel.h"
#include "common/shell.h"
#include "harness/run/baseline_comparison.h"
#include "harness/run/cell_record.h"
#include "harness/run/merge_inputs.h"
#include "harness/run/tasks.h"
#include "metrics/coco_map.h"
#include "results/record.h"
#include "results/task_file.h"

namespace qyolo::harness {
namespace fs = std::filesystem;
namespace {

// By what decides numbers: how many tasks such hosts have done.
using HostTally = std::map<std::vector<std::string>, results::ManifestTaskHost>;

void count_host(const results::TaskHost& host, HostTally& tally) {
  results::ManifestTaskHost& found =
      tally[{host.instructions, host.qyolo, host.executor, host.cpu}];
  found = {host.cpu, host.instructions, host.qyolo, host.executor, found.tasks + 1};
}

// A cell, from the files of its tasks.
struct GatheredCell {
  std::optional<results::TaskFile> failure;       // of the first range that failed
  std::optional<results::AccuracyRecord> record;  // the network, and the tasks' seconds
  std::vector<Detection> detections;
  std::vector<HeadComparison> heads;
  std::vector<std::size_t> images;
  HostTally hosts;
  bool one_network = true;

  void add(results::TaskFile task);
  // Whether every image is there once.
  [[nodiscard]] bool covers(std::size_t count) const;
};

void GatheredCell::add(results::TaskFile task) {
  if (task.failed()) {
    if (!failure) failure = std::move(task);
    return;
  }
  count_host(task.host, hosts);
  const results::SecondsRecord spent = std::exchange(task.record.seconds, {});
  results::SecondsRecord sum;
  if (record) {
    sum = std::exchange(record->seconds, {});
    one_network =
        one_network && results::accuracy_json(*record) == results::accuracy_json(task.record);
  } else {
    record = std::move(task.record);
  }
  record->seconds = {sum.quantize + spent.quantize,
                     sum.load + spent.load,
                     sum.forward + spent.forward,
                     sum.postprocess + spent.postprocess,
                     0,
                     sum.total + spent.total};
  detections.insert(detections.end(), task.detections.begin(), task.detections.end());
  for (const results::TaskHead& head : task.heads)
    heads.push_back({head.kl, head.top, head.changed});
  for (const results::TaskImage& image : task.images) images.push_back(image.image);
}

bool GatheredCell::covers(std::size_t count) const {
  std::vector<bool> seen(count, false);
  for (const std::size_t image : images) {
    if (seen[image]) return false;
    seen[image] = true;
  }
  return images.size() == count;
}

class Merge {
 public:
  Merge(const fs::path& run, const MergeOptions& options, MergeInputs inputs,
        results::RecordStore& store, RunListener& listener)
      : run_(run),
        options_(options),
        inputs_(std::move(inputs)),
        store_(store),
        listener_(listener),
        comparison_(inputs_.uncertainty, inputs_.truth, options.threads, run, listener),
        missing_(inputs_.cells.size()) {}

  Result<MergeSummary> work();
  [[nodiscard]] bool has_news() const { return !lines_.empty(); }
  // All records of the folder, in the order of one process.
  Result<std::string> all_lines() const;
  // With the hosts of the tasks.
  [[nodiscard]] results::Manifest manifest() const;

 private:
  [[nodiscard]] const std::string& key_of(std::size_t cell) const {
    return inputs_.manifest.cells[cell].key;
  }
  [[nodiscard]] std::size_t ranges() const {
    return static_cast<std::size_t>(inputs_.manifest.tasks->ranges);
  }
  [[nodiscard]] std::string task_of(std::size_t cell, std::size_t range) const {
    return task_key(key_of(cell), *inputs_.manifest.tasks, range);
  }
  [[nodiscard]] std::optional<results::AccuracyRecord> finished_record(std::size_t cell) const;
  // Nothing where tasks are missing, or are not what they should be.
  std::optional<GatheredCell> gather(std::size_t cell);
  [[nodiscard]] Result<results::TaskFile> read_task(std::size_t cell, std::size_t range) const;
  Status merge_cell(std::size_t cell, GatheredCell gathered, MergeSummary& summary);
  // Says what is to be said of the tasks' hosts, or refuses them.
  Status judge_hosts() const;
  void name_missing(MergeSummary& summary) const;

  const fs::path& run_;
  const MergeOptions& options_;
  MergeInputs inputs_;
  results::RecordStore& store_;
  RunListener& listener_;
  BaselineComparison comparison_;
  std::vector<std::set<std::size_t>> missing_;  // ranges of each cell
  std::map<std::size_t, std::string> lines_;    // of cells merged now
  std::set<std::size_t> kept_;                  // cells whose records stay
  HostTally hosts_;
  std::vector<std::string> several_networks_;  // labels of cells
};

std::optional<results::AccuracyRecord> Merge::finished_record(std::size_t cell) const {
  const Json* record = store_.newest(results::kAccuracy, key_of(cell));
  if (record == nullptr) return std::nullopt;
  auto read = results::read_accuracy(*record, "the record of " + inputs_.cells[cell].label());
  if (!read.ok() || !comparison_.is_finished(*read, inputs_.cells[cell].quantized()))
    return std::nullopt;
  return std::move(read).value();
}

Result<results::TaskFile> Merge::read_task(std::size_t cell, std::size_t range) const {
  const std::string key = task_of(cell, range);
  const fs::path path = task_path(run_, key);
  QYOLO_TRY(const std::string bytes, read_file(path));
  QYOLO_TRY(results::TaskFile task, results::decode_task(bytes, key, inputs_.truth, path.string()));
  if (task.record.identity.key != key_of(cell)) {
    return error("{} is of the cell {}, expected {}", path.string(), task.record.identity.key,
                 key_of(cell));
  }
  return task;
}

std::optional<GatheredCell> Merge::gather(std::size_t cell) {
  std::error_code code;
  for (std::size_t range = 0; range < ranges(); ++range) {
    if (!fs::exists(task_path(run_, task_of(cell, range)), code)) missing_[cell].insert(range);
  }
  if (!missing_[cell].empty()) return std::nullopt;
  std::vector<std::optional<Result<results::TaskFile>>> tasks(ranges());
  parallel_for(ranges(), options_.threads,
               [&](std::size_t range) { tasks[range] = read_task(cell, range); });
  GatheredCell gathered;
  for (std::size_t range = 0; range < ranges(); ++range) {
    Result<results::TaskFile>& task = *tasks[range];
    if (!task.ok()) {
      listener_.on_warning(task.error().message + "; the task has to be done again");
      missing_[cell].insert(range);
      continue;
    }
    gathered.add(std::move(task).value());
    tasks[range].reset();
  }
  if (!missing_[cell].empty()) return std::nullopt;
  if (!gathered.failure && !gathered.covers(inputs_.truth.images.size())) {
    listener_.on_warning(
        fmt::format("the tasks of {} do not have every image once; they have to be done again",
                    inputs_.cells[cell].label()));
    for (std::size_t range = 0; range < ranges(); ++range) missing_[cell].insert(range);
    return std::nullopt;
  }
  return gathered;
}

Status Merge::merge_cell(std::size_t index, GatheredCell gathered, MergeSummary& summary) {
  const Cell& cell = inputs_.cells[index];
  listener_.on_cell(index, cell);
  if (gathered.failure) {
    const results::TaskFile& task = *gathered.failure;
    lines_[index] = results::record_line(
        results::failed_json(results::kAccuracy, task.record.identity, Error{task.error}));
    ++summary.failed;
    listener_.on_cell_done(index, cell, false, task.error);
    return {};
  }
  for (auto& [key, host] : gathered.hosts) {
    results::ManifestTaskHost& found = hosts_[key];
    host.tasks += found.tasks;
    found = host;
  }
  if (!gathered.one_network) several_networks_.push_back(cell.label());
  results::AccuracyRecord& record = *gathered.record;
  const Clock::time_point start = Clock::now();
  metrics::CocoParams params;
  params.threads = options_.threads;
  QYOLO_TRY(const auto evaluation,
            metrics::evaluate_coco(inputs_.truth, gathered.detections, params));
  record.seconds.metric = seconds_since(start);
  record.seconds.total += record.seconds.metric;
  record.detections = static_cast<std::int64_t>(gathered.detections.size());
  results::set_metrics(evaluation, inputs_.truth, record);
  if (inputs_.manifest.tasks->heads && cell.quantized()) {
    if (const auto certainty = summarize(gathered.heads))
      record.certainty = certainty_record(*certainty);
  }
  std::string said = fmt::format("AP {:.4f}", evaluation.stats()[0]);
  if (!cell.quantized()) {
    QYOLO_CHECK_OK(comparison_.keep(gathered.detections, record));
    if (!comparison_.off()) comparison_.set_baseline(gathered.detections);
  } else if (comparison_.has_baseline()) {
    if (const std::string verdict = comparison_.compare(gathered.detections, record);
        !verdict.empty())
      said += ", " + verdict;
  }
  lines_[index] = results::record_line(results::accuracy_json(record));
  listener_.on_cell_done(index, cell, true, said);
  return {};
}

Result<MergeSummary> Merge::work() {
  MergeSummary summary;
  summary.cells = inputs_.cells.size();
  summary.tasks = summary.cells * ranges();
  std::optional<results::AccuracyRecord> baseline;
  for (std::size_t cell = 0; cell < inputs_.cells.size(); ++cell) {
    auto record = finished_record(cell);
    if (!record) continue;
    kept_.insert(cell);
    if (!inputs_.cells[cell].quantized()) baseline = std::move(record);
  }
  summary.finished = kept_.size();
  listener_.on_pass("merge", summary.cells, summary.finished);
  if (baseline && !comparison_.off() && summary.finished < summary.cells) {
    if (const auto detections = comparison_.kept(*baseline)) comparison_.set_baseline(*detections);
  }
  bool waits = false;  // for the baseline
  for (std::size_t cell = 0; cell < inputs_.cells.size(); ++cell) {
    if (kept_.contains(cell)) continue;
    const bool quantized = inputs_.cells[cell].quantized();
    std::optional<GatheredCell> gathered;
    if (!waits || !quantized) {
      gathered = gather(cell);
    } else {
      std::error_code code;
      for (std::size_t range = 0; range < ranges(); ++range) {
        if (!fs::exists(task_path(run_, task_of(cell, range)), code)) missing_[cell].insert(range);
      }
    }
    if (gathered) {
      QYOLO_CHECK_OK(merge_cell(cell, std::move(*gathered), summary));
    } else {
      summary.waiting.push_back(inputs_.cells[cell].label());
      waits = waits || (!quantized && !comparison_.off());
    }
  }
  name_missing(summary);
  QYOLO_CHECK_OK(judge_hosts());
  return summary;
}

Status Merge::judge_hosts() const {
  std::map<std::string, std::int64_t> instructions, versions;
  for (const auto& [key, host] : hosts_) {
    instructions[host.instructions] += host.tasks;
    versions["qyolo " + host.qyolo] += host.tasks;
  }
  std::vector<std::string> notes;
  const auto note = [&](const std::map<std::string, std::int64_t>& kinds, const char* what) {
    if (kinds.size() < 2) return;
    std::string list;
    for (const auto& [name, tasks] : kinds)
      list += fmt::format("{}{} ({} tasks)", list.empty() ? "" : "; ", name, tasks);
    notes.push_back(
        fmt::format("tasks are of hosts with {}, the last digits may differ: {}", what, list));
  };
  note(instructions, "different instruction sets");
  note(versions, "different versions");
  for (const std::string& label : several_networks_)
    notes.push_back(label + " was not quantized to the same network by all of its tasks");
  if (options_.strict && (instructions.size() > 1 || !several_networks_.empty()))
    return error("--strict: {}", notes.front());
  for (const std::string& one : notes) listener_.on_warning(one);
  return {};
}

void Merge::name_missing(MergeSummary& summary) const {
  const results::ManifestTasks& tasks = *inputs_.manifest.tasks;
  const auto count = static_cast<std::size_t>(tasks.shards);
  std::set<std::size_t> shards;
  std::size_t place = 0;
  for (const std::size_t cell : task_order(inputs_.cells)) {
    for (std::size_t range = 0; range < ranges(); ++range, ++place) {
      if (!missing_[cell].contains(range)) continue;
      ++summary.missing;
      shards.insert(place % count);
    }
  }
  constexpr std::size_t kMostCommands = 4;
  const auto command = [&](std::size_t index, std::size_t of) {
    summary.commands.push_back(fmt::format("cd {} && {} --shard {}/{}", shell_quoted(tasks.folder),
                                           tasks.command, index, of));
  };
  if (shards.size() > kMostCommands) return command(0, 1);
  for (const std::size_t shard : shards) command(shard, count);
}

results::Manifest Merge::manifest() const {
  results::Manifest manifest = inputs_.manifest;
  HostTally all = hosts_;
  // Those of cells that were merged before.
  if (!kept_.empty()) {
    for (const results::ManifestTaskHost& host : manifest.tasks->hosts) {
      results::ManifestTaskHost& found =
          all[{host.instructions, host.qyolo, host.executor, host.cpu}];
      found = {host.cpu, host.instructions, host.qyolo, host.executor, found.tasks + host.tasks};
    }
  }
  manifest.tasks->hosts.clear();
  for (const auto& [key, host] : all) manifest.tasks->hosts.push_back(host);
  return manifest;
}

Result<std::string> Merge::all_lines() const {
  const std::string place = (run_ / "records.jsonl").string();
  QYOLO_TRY(const std::string content, read_file(place));
  QYOLO_TRY(const results::RecordLines read, results::parse_records(content, place));
  std::vector<std::string> texts;
  for (std::size_t begin = 0; begin < content.size();) {
    const std::size_t end = std::min(content.find('\n', begin), content.size());
    texts.push_back(content.substr(begin, end - begin) + '\n');
    begin = end + 1;
  }
  std::map<std::string, std::size_t> cell_of;
  for (std::size_t cell = 0; cell < inputs_.cells.size(); ++cell) cell_of[key_of(cell)] = cell;
  std::map<std::size_t, std::string> of_cells = lines_;
  std::string others;
  for (std::size_t i = 0; i < read.records.size(); ++i) {
    const std::string& text = texts[read.lines[i] - 1];
    const auto cell = cell_of.find(read.records[i].at("key").get<std::string>());
    if (read.records[i].at("kind") != Json(results::kAccuracy) || cell == cell_of.end() ||
        !(kept_.contains(cell->second) || lines_.contains(cell->second))) {
      others += text;
    } else if (kept_.contains(cell->second)) {
      of_cells[cell->second] = text;  // the newest one
    }
  }
  std::string all;
  for (const auto& [cell, text] : of_cells) all += text;
  return all + others;
}

}  // namespace

Result<MergeSummary> merge_run(const fs::path& run, const MergeOptions& options,
                               RunListener& listener) {
  QYOLO_TRY(MergeInputs inputs, open_merge_inputs(run));
  QYOLO_TRY(results::RecordStore store, results::RecordStore::open(run));
  for (const std::string& warning : store.warnings()) listener.on_warning(warning);
  Merge merge(run, options, std::move(inputs), store, listener);
  QYOLO_TRY(MergeSummary summary, merge.work());
  if (!merge.has_news()) return summary;
  QYOLO_TRY(const std::string lines, merge.all_lines());
  QYOLO_CHECK_OK(store.write_manifest(results::manifest_json(merge.manifest())));
  QYOLO_CHECK_OK(std::move(store).replace(lines));
  return summary;
}

}  // namespace qyolo::harness
