#include "harness/run/shard.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "common/file.h"
#include "harness/host/host.h"
#include "harness/run/baseline_comparison.h"
#include "harness/run/cell_record.h"
#include "harness/run/run_manifest.h"
#include "harness/run/runner.h"
#include "results/manifest.h"
#include "results/record.h"
#include "results/task_file.h"

namespace qyolo::harness {
namespace fs = std::filesystem;
namespace {

class Shard {
 public:
  Shard(const ShardOptions& options, const OpenedExperiment& opened, results::Manifest manifest,
        ImageRanges ranges, RunListener& listener)
      : options_(options),
        evaluator_(*opened.evaluator),
        cells_(opened.experiment.cells),
        manifest_(std::move(manifest)),
        ranges_(std::move(ranges)),
        listener_(listener) {
    const results::VersionsRecord versions = describe_versions();
    mark_recorded(opened.experiment.uncertainty);
    host_ = {host_name(),    describe_host().cpu, describe_instructions(),
             versions.qyolo, versions.git,        evaluator_.executor_description()};
  }

  Result<ShardSummary> run();

 private:
  // A cell's tasks of this shard that are not done yet: ranges.
  struct Share {
    std::size_t cell = 0;
    std::vector<std::size_t> ranges;
  };

  [[nodiscard]] std::string key_of(std::size_t cell, std::size_t range) const {
    return task_key(manifest_.cells[cell].key, *manifest_.tasks, range);
  }
  [[nodiscard]] fs::path path_of(const std::string& key) const {
    return task_path(options_.out, key);
  }
  // Nothing where there is no file.
  [[nodiscard]] std::optional<Result<results::TaskFile>> read(const std::string& key) const;
  [[nodiscard]] bool is_done(const std::string& key) const {
    const auto found = read(key);
    return found && found->ok() && !(*found)->failed();
  }
  // Which cells have all that is wanted in the folder's records.
  void mark_recorded(const UncertaintyOptions& uncertainty);
  // Whether an earlier process did it; warns of a file that is not what it should be.
  bool finished_before(const std::string& key);
  [[nodiscard]] std::vector<Share> share(ShardSummary& summary);
  Status work_on(const Share& share, ShardSummary& summary);
  [[nodiscard]] results::TaskFile task_of(std::size_t cell, std::size_t range, CellPart part,
                                          const CellResult& network) const;
  Status write(const results::TaskFile& task) const;
  // Images of a range, as the listener says it.
  [[nodiscard]] std::string images_text(std::size_t range) const;

  const ShardOptions& options_;
  Evaluator& evaluator_;
  const std::vector<Cell>& cells_;
  results::Manifest manifest_;
  ImageRanges ranges_;
  RunListener& listener_;
  results::TaskHost host_;
  std::vector<bool> recorded_;
};

void Shard::mark_recorded(const UncertaintyOptions& uncertainty) {
  recorded_.assign(cells_.size(), false);
  const auto content = read_file(options_.out / "records.jsonl");
  if (!content.ok()) return;
  const auto lines = results::parse_records(*content, "records.jsonl");
  if (!lines.ok()) return;
  const BaselineComparison comparison(uncertainty, evaluator_.truth(), options_.threads,
                                      options_.out, listener_);
  for (const Json& record : lines->records) {
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      if (member(record, "key") != Json(manifest_.cells[i].key)) continue;
      const auto read = results::read_accuracy(record, "record");
      if (read.ok()) recorded_[i] = comparison.is_finished(*read, cells_[i].quantized());
    }
  }
}

std::optional<Result<results::TaskFile>> Shard::read(const std::string& key) const {
  const fs::path path = path_of(key);
  std::error_code code;
  if (!fs::exists(path, code)) return std::nullopt;
  const auto bytes = read_file(path);
  if (!bytes.ok()) return bytes.error();
  return results::decode_task(*bytes, key, evaluator_.truth(), path.string());
}

bool Shard::finished_before(const std::string& key) {
  const auto found = read(key);
  if (!found) return false;
  if (!found->ok()) {
    listener_.on_warning(found->error().message + "; the task is done again");
    return false;
  }
  return !(*found)->failed();
}

std::vector<Shard::Share> Shard::share(ShardSummary& summary) {
  std::vector<Share> shares;
  std::size_t place = 0;
  for (const std::size_t cell : task_order(cells_)) {
    Share one{cell, {}};
    for (std::size_t range = 0; range < ranges_.chunks.size(); ++range, ++place) {
      if (place % options_.shard.count != options_.shard.index) continue;
      ++summary.tasks;
      if (recorded_[cell] || finished_before(key_of(cell, range))) {
        ++summary.finished;
      } else {
        one.ranges.push_back(range);
      }
    }
    if (!one.ranges.empty()) shares.push_back(std::move(one));
  }
  summary.of_all = place;
  return shares;
}

std::string Shard::images_text(std::size_t range) const {
  std::size_t before = 0, count = 0;
  for (std::size_t i = 0; i <= range; ++i) {
    before += count;
    count = 0;
    for (const std::size_t chunk : ranges_.chunks[i])
      count += evaluator_.chunk(chunk).images.size();
  }
  return fmt::format("images {} to {} of {}", before + 1, before + count,
                     evaluator_.truth().images.size());
}

results::TaskFile Shard::task_of(std::size_t cell, std::size_t range, CellPart part,
                                 const CellResult& network) const {
  results::TaskFile task;
  task.key = key_of(cell, range);
  task.host = host_;
  task.record = network_record(manifest_.cells[cell].key, cells_[cell], evaluator_, network);
  task.record.seconds = seconds_record(part.seconds);
  std::size_t at = 0;
  for (const std::size_t chunk : ranges_.chunks[range]) {
    for (const std::size_t image : evaluator_.chunk(chunk).images) {
      const std::int64_t id = evaluator_.truth().images[image].id;
      const std::size_t first = at;
      while (at < part.detections.size() && part.detections[at].image_id == id) ++at;
      task.images.push_back({image, at - first});
    }
  }
  task.detections = std::move(part.detections);
  for (const HeadComparison& head : part.heads)
    task.heads.push_back({head.kl, head.top, head.changed});
  return task;
}

Status Shard::write(const results::TaskFile& task) const {
  QYOLO_TRY(const std::string bytes, results::encode_task(task, evaluator_.truth()));
  return write_file(path_of(task.key), bytes);
}

Status Shard::work_on(const Share& share, ShardSummary& summary) {
  const Cell& cell = cells_[share.cell];
  listener_.on_cell(share.cell, cell);
  Evaluator::Parts parts;
  for (const std::size_t range : share.ranges) parts.chunks.push_back(ranges_.chunks[range]);
  std::size_t current = 0;
  // Another process of the same shard may have come first.
  parts.wanted = [&](std::size_t part) {
    current = part;
    const bool done = is_done(key_of(share.cell, share.ranges[part]));
    if (done) {
      listener_.on_cell_done(share.cell, cell, true,
                             images_text(share.ranges[part]) + ": done by another process");
    }
    return !done;
  };
  Status written;
  parts.done = [&](std::size_t part, CellPart result, const CellResult& network) -> Status {
    const std::size_t range = share.ranges[part];
    const results::TaskFile task = task_of(share.cell, range, std::move(result), network);
    written = write(task);
    QYOLO_CHECK_OK(written);
    listener_.on_cell_done(share.cell, cell, true,
                           fmt::format("{}: task {}", images_text(range), task.key));
    return {};
  };
  const Status status = evaluator_.evaluate_parts(
      cell, parts,
      [&](std::size_t done, std::size_t total) { listener_.on_progress(done, total); });
  QYOLO_CHECK_OK(written);
  if (status.ok()) return {};
  // The cell has failed, whatever its other images would give.
  for (std::size_t part = current; part < share.ranges.size(); ++part) {
    results::TaskFile task;
    task.key = key_of(share.cell, share.ranges[part]);
    if (is_done(task.key)) continue;
    task.error = status.error().message;
    task.host = host_;
    task.record.identity = identity_of(manifest_.cells[share.cell].key, cell, evaluator_);
    QYOLO_CHECK_OK(write(task));
    ++summary.failed;
    listener_.on_cell_done(share.cell, cell, false, task.error);
  }
  return {};
}

Result<ShardSummary> Shard::run() {
  ShardSummary summary;
  const std::vector<Share> shares = share(summary);
  listener_.on_tasks("shard " + options_.shard.text(), summary.tasks, summary.finished);
  for (const Share& one : shares) QYOLO_CHECK_OK(work_on(one, summary));
  std::error_code code;
  for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
    if (recorded_[cell]) continue;
    for (std::size_t range = 0; range < ranges_.chunks.size(); ++range)
      summary.missing += fs::exists(path_of(key_of(cell, range)), code) ? 0 : 1;
  }
  return summary;
}

}  // namespace

Result<ShardSummary> run_shard(const Experiment& experiment, const ShardOptions& options,
                               const ExecutorFactory& factory, RunListener& listener) {
  QYOLO_CHECK_OK(create_folder(task_folder(options.out)));
  QYOLO_CHECK_OK(results::check_run_folder(options.out));
  QYOLO_TRY(const OpenedExperiment opened,
            open_experiment(experiment, options.threads, factory, listener));
  const Experiment& resolved = opened.experiment;
  if (resolved.uncertainty.resamples > 0) opened.evaluator->compare_heads();
  ImageRanges ranges = cut_into_ranges(*opened.evaluator, options.task_images);
  results::Manifest manifest =
      describe_run(resolved, *opened.evaluator, resolved.cells, timestamp());
  std::error_code code;
  manifest.tasks = results::ManifestTasks{options.task_images,
                                          static_cast<std::int64_t>(ranges.chunks.size()),
                                          truth_sha256(opened.evaluator->truth()),
                                          ranges.cut,
                                          opened.evaluator->compares_heads(),
                                          options.command,
                                          fs::current_path(code).string(),
                                          static_cast<std::int64_t>(options.shard.count),
                                          {}};
  // The first one's stays, so that it says when the run started.
  if (const auto before = manifest_in(options.out);
      !before.ok() || !same_tasks(*before, manifest)) {
    if (before.ok() && before->tasks) {
      listener.on_warning(fmt::format(
          "{} is of other tasks and is replaced: these are of another experiment, other inputs, or "
          "have another number of images",
          (options.out / "manifest.json").string()));
    }
    QYOLO_CHECK_OK(results::write_manifest(options.out, results::manifest_json(manifest)));
  }
  return Shard(options, opened, std::move(manifest), std::move(ranges), listener).run();
}

}  // namespace qyolo::harness
