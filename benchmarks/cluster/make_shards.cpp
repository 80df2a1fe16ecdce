// Writes the run folder that the shards of a matrix leave, without running a network: what
// benchmarks/cluster/merge.py merges. Detections are those of a problem that make_coco_problem
// made, a little different in each cell; expected.json has the AP of every cell, from the
// detections themselves.
//
//   make_coco_problem --out PROBLEM --detections-per-image 100
//   make_shards --problem PROBLEM --experiment experiments/demo.json --out RUN --tasks 1000
#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/json.h"
#include "common/sha256.h"
#include "datasets/coco_json.h"
#include "datasets/dataset.h"
#include "harness/cell/experiment.h"
#include "harness/run/tasks.h"
#include "metrics/coco_map.h"
#include "results/manifest.h"
#include "results/record.h"
#include "results/task_file.h"

namespace {

namespace fs = std::filesystem;
using namespace qyolo;

struct Options {
  std::string problem, experiment, out;
  std::size_t tasks = 1000;  // at least
};

// Those of one image stand together, images in the order of the annotations.
std::vector<std::vector<Detection>> by_image(const GroundTruth& truth,
                                             const std::vector<Detection>& detections) {
  std::map<std::int64_t, std::size_t> place;
  for (std::size_t i = 0; i < truth.images.size(); ++i) place[truth.images[i].id] = i;
  std::vector<std::vector<Detection>> sorted(truth.images.size());
  for (const Detection& one : detections) sorted[place.at(one.image_id)].push_back(one);
  return sorted;
}

// Other scores in every cell, still of 5 digits.
Detection of_cell(Detection detection, std::size_t cell) {
  detection.score *= 1 - 0.002 * static_cast<double>(cell);
  detection.bbox[0] += 0.01 * static_cast<double>(cell);
  return datasets::rounded(detection);
}

class Shards {
 public:
  explicit Shards(const Options& options) : options_(options) {}

  Status write() {
    const fs::path problem = fs::absolute(options_.problem), out = fs::absolute(options_.out);
    QYOLO_TRY(const harness::Experiment experiment, harness::load_experiment(options_.experiment));
    QYOLO_CHECK_OK(create_folder(harness::task_folder(out)));
    QYOLO_CHECK_OK(place_images(problem));
    QYOLO_TRY(const datasets::Dataset dataset,
              datasets::open_dataset(problem / "images", problem / "annotations.json"));
    truth_ = dataset.truth;
    QYOLO_TRY(const auto detections, datasets::read_coco_detections(problem / "detections.json"));
    sorted_ = by_image(truth_, detections);
    describe(experiment, problem);
    QYOLO_CHECK_OK(results::write_manifest(out, results::manifest_json(manifest_)));
    OrderedJson expected;
    for (std::size_t cell = 0; cell < experiment.cells.size(); ++cell) {
      QYOLO_TRY(const double ap, write_cell(experiment.cells[cell], cell, out));
      expected[manifest_.cells[cell].key] = ap;
    }
    return write_file(out / "expected.json", expected.dump(2));
  }

 private:
  // Merging looks whether they are there, and no further.
  static Status place_images(const fs::path& problem) {
    QYOLO_CHECK_OK(create_folder(problem / "images"));
    QYOLO_TRY(const GroundTruth truth,
              datasets::read_coco_annotations(problem / "annotations.json"));
    for (const ImageInfo& image : truth.images)
      std::ofstream(problem / "images" / image.file_name).put('\0');
    return {};
  }

  void describe(const harness::Experiment& experiment, const fs::path& problem) {
    manifest_.name = "shards";
    manifest_.started = "2026-01-01T00:00:00Z";
    manifest_.experiment = experiment.as_json();
    for (std::size_t i = 0; i < experiment.cells.size(); ++i) {
      manifest_.cells.push_back(
          {sha256_hex("cell " + std::to_string(i)).substr(0, 16), experiment.cells[i].as_json()});
    }
    manifest_.images = (problem / "images").string();
    manifest_.annotations = (problem / "annotations.json").string();
    manifest_.image_count = static_cast<std::int64_t>(truth_.images.size());
    const std::size_t cells = experiment.cells.size();
    const std::size_t ranges = (options_.tasks + cells - 1) / cells;
    manifest_.tasks =
        results::ManifestTasks{static_cast<std::int64_t>(truth_.images.size() / ranges),
                               static_cast<std::int64_t>(ranges),
                               harness::truth_sha256(truth_),
                               std::string(64, '0'),
                               true,
                               "qyolo run " + options_.experiment,
                               fs::current_path().string(),
                               static_cast<std::int64_t>(options_.tasks),
                               {}};
  }

  // As many layers as YOLOv7 has weight tensors, all of them alike.
  [[nodiscard]] results::AccuracyRecord record_of(const harness::Cell& cell,
                                                  std::size_t index) const {
    results::AccuracyRecord record;
    record.identity = {
        manifest_.cells[index].key, cell.as_json(), {cell.quantized(), "fp32", "oneDNN 3.6.0"}};
    record.images = manifest_.image_count;
    record.memory = {{"true_bytes", 1000}};
    record.seconds = {1, 1, 1, 1, 0, 3};
    for (int i = 0; cell.quantized() && i < 105; ++i) {
      record.layers.push_back({"model." + std::to_string(i) + ".conv",
                               {256, 256, 3, 3},
                               589824,
                               256,
                               "affine 4-bit filter",
                               20.0 + i / 7.0,
                               1e-5 / (i + 1)});
    }
    return record;
  }

  Result<double> write_cell(const harness::Cell& cell, std::size_t index, const fs::path& out) {
    const auto ranges = static_cast<std::size_t>(manifest_.tasks->ranges);
    std::vector<Detection> all;
    for (std::size_t range = 0; range < ranges; ++range) {
      results::TaskFile task;
      task.key = harness::task_key(manifest_.cells[index].key, *manifest_.tasks, range);
      task.host = {"node", "Example CPU", "x86_64 avx2", "0.1.0", "", "oneDNN 3.6.0, fp32"};
      task.record = record_of(cell, index);
      const std::size_t end = sorted_.size() * (range + 1) / ranges;
      for (std::size_t image = sorted_.size() * range / ranges; image < end; ++image) {
        task.images.push_back({image, sorted_[image].size()});
        for (const Detection& one : sorted_[image]) task.detections.push_back(of_cell(one, index));
        // One of five images is looked at, as of 5,000.
        if (cell.quantized() && image % 5 == 0) task.heads.push_back({0.01, 10, 1});
      }
      all.insert(all.end(), task.detections.begin(), task.detections.end());
      QYOLO_TRY(const std::string bytes, results::encode_task(task, truth_));
      QYOLO_CHECK_OK(write_file(harness::task_path(out, task.key), bytes));
    }
    QYOLO_TRY(const auto evaluation, metrics::evaluate_coco(truth_, all));
    return evaluation.stats()[0];
  }

  const Options& options_;
  GroundTruth truth_;
  std::vector<std::vector<Detection>> sorted_;
  results::Manifest manifest_;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("make_shards: the run folder that the shards of a matrix leave");
  app.add_option("--problem", options.problem, "Folder of make_coco_problem")->required();
  app.add_option("--experiment", options.experiment, "Its cells are taken")->required();
  app.add_option("--out", options.out, "Run folder")->required();
  app.add_option("--tasks", options.tasks, "At least as many")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const Status status = Shards(options).write();
  if (!status.ok()) {
    fmt::print(stderr, "make_shards: {}\n", status.error().message);
    return 2;
  }
  return 0;
}
