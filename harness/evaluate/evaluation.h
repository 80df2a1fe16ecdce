// Evaluates one network on one dataset, cell after cell: quantize, run, COCO mAP, weight error,
// bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"
#include "harness/cell/experiment.h"
#include "harness/engine/executor.h"
#include "harness/evaluate/calibration.h"
#include "harness/evaluate/head_certainty.h"
#include "harness/evaluate/image_chunks.h"
#include "harness/model/graph.h"
#include "harness/network/quantize_network.h"
#include "metrics/coco_map.h"
#include "metrics/memory.h"

namespace qyolo::harness {

// How an executor is made: the fast engine, or the reference.
using ExecutorFactory =
    std::function<Result<std::unique_ptr<model::Executor>>(const model::Graph& graph, int threads)>;

// Wall-clock seconds of the stages of one cell.
struct StageSeconds {
  double quantize = 0;
  double load = 0;  // decoding and letterboxing images (0 where the cache has them)
  double forward = 0;
  double postprocess = 0;
  double metric = 0;
  double total = 0;  // of the cell; less than the sum, since stages overlap
};

struct CellResult {
  metrics::CocoEvaluation evaluation;
  std::vector<Detection> detections;  // rounded as the official results file, in evaluation order
  quant::WeightError weight_error;    // all quantized layers
  std::vector<LayerError> layers;
  metrics::MemoryReport memory;
  // With regions entropy-coded; of cells that have piecewise-linear tensors, but not of artifacts.
  std::optional<std::int64_t> coded_bytes;
  std::optional<CalibratedActivations> activations;
  std::optional<HeadCertainty> certainty;  // of quantized cells, see compare_heads()
  StageSeconds seconds;
};

// What running a cell on some of the images gives.
struct CellPart {
  std::vector<Detection> detections;  // as a CellResult's
  std::vector<HeadComparison> heads;  // of the images that are looked at, see compare_heads()
  StageSeconds seconds;               // `quantize` of the first part only, no `metric`
};

// Some of a dataset's images (datasets/holdout.h): those that are held out, or the others.
struct ImagePart {
  double held_out = 0;    // the fraction; 0: none
  std::size_t least = 0;  // with fewer held out than that, none is
  bool which = false;     // true: evaluate those that are held out
};

struct EvaluatorConfig {
  std::filesystem::path model;
  std::filesystem::path images;
  std::filesystem::path annotations;  // or a data.yaml; then `images` is empty
  std::string split = "val";          // of a data.yaml
  EvaluationOptions options;
  ImagePart part;
  std::optional<CalibrationSet> calibration;  // for cells that are calibrated
  int threads = 0;
  std::int64_t image_cache_bytes = std::int64_t{2} << 30;  // letterboxed images kept between cells
  // Where networks that calibrated rounding made are kept, shared with other evaluators of the same
  // checkpoint and calibration set; none: each keeps its own.
  std::shared_ptr<RoundedNetworks> rounded;
};

// A dataset's images as the network takes them, in the order of evaluation.
struct EvaluatedPortions {
  int image_size = 0;               // one that the network takes
  std::size_t images_left_out = 0;  // that the configuration's part leaves out
  std::vector<ImageChunk> chunks;
  ChunkLoader loader;
};
// Removes from the dataset what is left out, and adds to its warnings what is to be said of its
// images. Fails where there are none, or one cannot be read.
Result<EvaluatedPortions> cut_into_portions(const EvaluatorConfig& config, int max_stride,
                                            datasets::Dataset& dataset);

// What an experiment evaluates on.
[[nodiscard]] EvaluatorConfig evaluator_config(const Experiment& experiment, int threads);

// Images done so far and in all, of one cell.
using ImageProgress = std::function<void(std::size_t done, std::size_t total)>;

// Latency samples of one cell, in milliseconds, and the input they were taken on.
struct LatencyInput {
  int height = 0;
  int width = 0;
};

class Evaluator {
 public:
  static Result<std::unique_ptr<Evaluator>> open(const EvaluatorConfig& config,
                                                 const ExecutorFactory& factory);
  ~Evaluator();

  [[nodiscard]] const model::Graph& graph() const;
  // As they count: the image size is one that the network takes.
  [[nodiscard]] const EvaluationOptions& options() const;
  [[nodiscard]] const std::filesystem::path& images_folder() const;
  // Its warnings are what is to be said of the data and of how it is evaluated.
  [[nodiscard]] const GroundTruth& truth() const;
  // See SourceNetwork::resolve().
  [[nodiscard]] Cell resolve(const Cell& cell) const;
  // Images of the dataset that the configuration's part leaves out.
  [[nodiscard]] std::size_t images_left_out() const;
  [[nodiscard]] std::string checkpoint_sha256() const;
  [[nodiscard]] std::string dataset_sha256() const;
  // Of the calibration set's images; empty without one.
  [[nodiscard]] std::string calibration_sha256() const;
  [[nodiscard]] std::size_t calibration_images() const;  // 0 before the first cell that needs them
  [[nodiscard]] std::string executor_description() const;
  [[nodiscard]] std::string engine() const;     // "oneDNN 2.6.3"
  [[nodiscard]] std::string precision() const;  // of the executor: "fp32", "bf16", "int8"
  // What the cell computes in here: "fp32", "bf16", "int8"; and whether its quantization is
  // simulated: quantized values in floating-point kernels.
  [[nodiscard]] std::string precision_of(const Cell& cell) const;
  [[nodiscard]] bool simulates(const Cell& cell) const;
  // What of the executor decides the numbers (its precision, not its thread count): part of the
  // key.
  [[nodiscard]] std::string executor_identity() const;

  // From now on evaluate() compares the head's scores of quantized cells with those of the
  // unquantized network, on all images or on many. Those are kept from when it is evaluated, or it
  // runs once more. Artifacts bring no unquantized network, and are not compared.
  void compare_heads();

  // Fails where the cell cannot be quantized or an image cannot be read; other cells are not
  // affected.
  Result<CellResult> evaluate(const Cell& cell, const ImageProgress& progress = {});

  // The same in parts, each made of whole chunks (below), of those that `wanted` says yes to when
  // their turn comes: the network is quantized once, `done` is told each part. Of `network` what
  // does not depend on images counts. Stops with the first failure, also of `done`.
  struct Parts {
    std::vector<std::vector<std::size_t>> chunks;
    std::function<bool(std::size_t part)> wanted;
    std::function<Status(std::size_t part, CellPart result, const CellResult& network)> done;
  };
  Status evaluate_parts(const Cell& cell, const Parts& parts, const ImageProgress& progress = {});

  // For those who run the network on the images themselves (search/sweep.h, search/racing.h).
  // Chunks are in the order of evaluation.
  [[nodiscard]] SourceNetwork& source();
  [[nodiscard]] model::Executor& executor();
  [[nodiscard]] std::size_t chunk_count() const;
  [[nodiscard]] const ImageChunk& chunk(std::size_t index) const;
  // Detections of a chunk's images from its head outputs, as evaluate() makes them. Thread-safe;
  // valid during the call that it is given to.
  using Postprocess = std::function<std::vector<Detection>(const std::vector<model::HeadOutput>&)>;
  using ChunkRunner = std::function<Status(std::span<const std::uint8_t> rgb,
                                           const ImageChunk& chunk, const Postprocess&)>;
  // These chunks, the next one being loaded while `run` works.
  Status for_each_chunk(std::span<const std::size_t> chunks, const ChunkRunner& run);
  // Whether evaluate() compares heads.
  [[nodiscard]] bool compares_heads() const;
  // Makes the executor's network that of `cell`.
  Result<std::vector<LayerError>> load(const Cell& cell);
  // Activations of a cell that quantizes them; may run the network on the calibration set.
  Result<CalibratedActivations> calibrate(const Cell& cell);
  // What evaluate() makes of a cell's layers and detections; of the seconds only `metric`.
  Result<CellResult> measured(const Cell& cell, std::vector<LayerError> layers,
                              std::vector<Detection> detections);

  // Makes the network that of `cell` without evaluating it; for timing.
  Status prepare(const Cell& cell);
  // One forward of batch 1 on the first image (network only: no decoding, no NMS); milliseconds.
  Result<double> time_forward();
  [[nodiscard]] LatencyInput latency_input() const;
  [[nodiscard]] int threads() const;  // as used, never 0

 private:
  struct State;
  explicit Evaluator(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace qyolo::harness
