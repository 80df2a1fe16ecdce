#include "harness/evaluate/evaluation.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "common/clock.h"
#include "common/file_stamps.h"
#include "common/parallel.h"
#include "common/sha256.h"
#include "datasets/coco_json.h"
#include "datasets/dataset.h"
#include "datasets/holdout.h"
#include "datasets/image_pipeline.h"
#include "datasets/registry.h"
#include "harness/evaluate/image_chunks.h"
#include "harness/model/postprocess.h"
#include "harness/network/memory_account.h"

namespace qyolo::harness {
namespace {

// Where the system grants no thread, in the one that asks for the result.
constexpr auto kAsyncOrDeferred = std::launch::async | std::launch::deferred;

using datasets::Letterboxed;

// The true bytes with what the coded regions take in place of the raw ones, if there are any.
std::optional<std::int64_t> coded_bytes(const metrics::MemoryReport& memory,
                                        const std::vector<LayerError>& layers) {
  std::optional<std::int64_t> regions;
  for (const LayerError& layer : layers) {
    if (layer.coded_region_bytes) regions = regions.value_or(0) + *layer.coded_region_bytes;
  }
  if (!regions) return std::nullopt;
  return memory.true_bytes() - memory.regions / 8 + *regions;
}

}  // namespace

struct Evaluator::State {
  EvaluatorConfig config;
  SourceNetwork source;
  datasets::Dataset dataset;
  std::vector<std::int64_t> category_of_class;
  std::vector<ImageChunk> chunks;
  std::unique_ptr<model::Executor> executor;
  std::string checkpoint_sha256;
  std::string dataset_sha256;
  FileStamps image_stamps;  // since they were hashed
  std::string calibration_sha256;
  std::size_t images_left_out = 0;
  std::optional<Calibration> calibration;             // run when first needed
  std::vector<CalibrationBatch> calibration_batches;  // likewise
  ChunkLoader loader;
  std::vector<std::uint8_t> latency_image;

  bool compares_heads = false;
  std::vector<bool> looked_at;  // of the images, where heads are compared
  std::optional<ReferenceScores> reference;
  // What becomes of the rows of an image that is looked at.
  std::function<void(std::size_t image, std::span<const float> rows)> on_rows;

  // Makes the executor's network that of the cell.
  Result<std::vector<LayerError>> load_network(const Cell& cell,
                                               std::optional<CalibratedActivations>& activations,
                                               RegionSizes regions);
  Result<CalibratedActivations> calibrate(const Cell& cell);
  [[nodiscard]] std::pair<std::vector<Detection>, double> postprocess(
      const ImageChunk& chunk, const std::vector<const Letterboxed*>& images,
      const std::vector<model::HeadOutput>& outputs) const;
  void look_at(const ImageChunk& chunk, const std::vector<model::HeadOutput>& outputs) const;
  // Runs the unquantized network on the images of these chunks that are looked at and of which the
  // reference has no scores.
  Status make_reference(std::span<const std::size_t> indices);
  Status detect(std::span<const std::size_t> indices, const ImageProgress& progress,
                CellPart& part);
};

// Kernels of 16-bit floats have no place where activations could be quantized: integers, or FP32
// that simulates them, have.
Status check_activations(const model::Executor& executor, const Cell& cell) {
  const std::string precision = executor.precision();
  if (!cell.activations || precision == "fp32" || precision == "int8") return {};
  return error(
      "{}: quantized activations are not simulated in {}; expected --precision fp32 (simulated) "
      "or int8 (measured)",
      cell.label(), precision);
}

// The baseline runs in floating point, and so do layers that a rule keeps.
Status check_integers(const SourceNetwork& source, const Cell& cell) {
  if (!cell.quantized()) return {};
  const Artifact* artifact = source.artifact();
  if ((artifact != nullptr && artifact->integers.empty()) || cell.baseline || !cell.activations ||
      cell.activations->bits != 8) {
    return error(
        "{}: integer convolutions take a checkpoint or an ONNX file, symmetric weights and "
        "activation_bits 8",
        cell.label());
  }
  return {};
}

// REQUIRES: cell.activations.
Result<CalibratedActivations> Evaluator::State::calibrate(const Cell& cell) {
  const model::Graph& graph = source.graph();
  if (const Artifact* artifact = source.artifact(); artifact != nullptr && artifact->activations)
    return *artifact->activations;
  if (!config.calibration) {
    return error("{}: activations are quantized after calibration on images; none are given",
                 cell.label());
  }
  if (!calibration) {
    Cell baseline;
    baseline.baseline = true;
    QYOLO_TRY([[maybe_unused]] const auto errors,
              load_weights(source, baseline, *executor, config.threads));
    QYOLO_TRY(calibration, Calibration::run(graph, *executor, *config.calibration, config.options,
                                            config.threads));
  }
  QYOLO_TRY(const std::set<std::string> floating, floating_convolutions(source, cell));
  return calibration->activations(
      graph, *cell.activations,
      [&](const model::ConvNode& conv) { return floating.contains(conv.name); }, config.threads);
}

Result<std::vector<LayerError>> Evaluator::State::load_network(
    const Cell& cell, std::optional<CalibratedActivations>& activations, RegionSizes regions) {
  QYOLO_CHECK_OK(check_activations(*executor, cell));
  if (executor->wants_integer_weights()) QYOLO_CHECK_OK(check_integers(source, cell));
  if (cell.activations) {
    QYOLO_TRY(activations, calibrate(cell));
  }
  QYOLO_CHECK_OK(executor->set_activation_quantizers(
      activations ? activations->quantizers() : std::vector<model::ActivationQuantizer>()));
  return load_weights(source, cell, *executor, config.threads, regions);
}

std::pair<std::vector<Detection>, double> Evaluator::State::postprocess(
    const ImageChunk& chunk, const std::vector<const Letterboxed*>& images,
    const std::vector<model::HeadOutput>& outputs) const {
  const Clock::time_point start = Clock::now();
  model::PostprocessOptions options;
  options.confidence = static_cast<float>(config.options.confidence);
  options.iou = config.options.iou;
  std::vector<Detection> detections;
  look_at(chunk, outputs);
  for (std::size_t i = 0; i < images.size(); ++i) {
    const Letterboxed& image = *images[i];
    const model::Placement placement{image.ratio_y, image.pad_x, image.pad_y, image.image_width,
                                     image.image_height};
    for (const model::Candidate& candidate :
         model::detect(source.graph(), outputs, static_cast<int>(i), options)) {
      const std::int64_t category =
          category_of_class[static_cast<std::size_t>(candidate.class_index)];
      if (category == datasets::kNoCategory) continue;
      Detection detection;
      detection.image_id = dataset.truth.images[chunk.images[i]].id;
      detection.category_id = category;
      detection.bbox = model::to_image(candidate, placement);
      detection.score = static_cast<double>(candidate.score);
      detections.push_back(datasets::rounded(detection));
    }
  }
  return {std::move(detections), seconds_since(start)};
}

void Evaluator::State::look_at(const ImageChunk& chunk,
                               const std::vector<model::HeadOutput>& outputs) const {
  if (!on_rows) return;
  for (std::size_t i = 0; i < chunk.images.size(); ++i) {
    if (looked_at[chunk.images[i]])
      on_rows(chunk.images[i], model::decode_rows(source.graph(), outputs, static_cast<int>(i)));
  }
}

Status Evaluator::State::make_reference(std::span<const std::size_t> indices) {
  const auto lacks = [this](std::size_t chunk) {
    return std::ranges::any_of(chunks[chunk].images, [this](std::size_t image) {
      return looked_at[image] && !reference->has(image);
    });
  };
  if (std::ranges::none_of(indices, lacks)) return {};
  Cell baseline;
  baseline.baseline = true;
  std::optional<CalibratedActivations> none;
  QYOLO_TRY([[maybe_unused]] const auto layers, load_network(baseline, none, RegionSizes::kRaw));
  on_rows = [this](std::size_t image, std::span<const float> rows) {
    reference->keep(image, rows);
  };
  for (const std::size_t index : indices) {
    if (!lacks(index)) continue;
    const ImageChunk& chunk = chunks[index];
    QYOLO_TRY(const LoadedChunk loaded, loader.load(chunk));
    QYOLO_TRY(const auto outputs,
              executor->forward(std::span<const std::uint8_t>(loaded.pixels),
                                static_cast<int>(chunk.images.size()), chunk.height, chunk.width));
    look_at(chunk, outputs);
  }
  on_rows = {};
  return {};
}

// A chunk, and how long loading it took.
using TimedChunk = std::pair<LoadedChunk, double>;

std::future<Result<TimedChunk>> load_async(ChunkLoader& loader, const ImageChunk& chunk) {
  return std::async(kAsyncOrDeferred, [&loader, &chunk]() -> Result<TimedChunk> {
    const Clock::time_point start = Clock::now();
    QYOLO_TRY(LoadedChunk loaded, loader.load(chunk));
    return TimedChunk{std::move(loaded), seconds_since(start)};
  });
}

// Three stages overlap: loading the next chunk, the network, and post-processing the previous one.
Status Evaluator::State::detect(std::span<const std::size_t> indices, const ImageProgress& progress,
                                CellPart& part) {
  std::future<Result<TimedChunk>> next;
  std::future<std::pair<std::vector<Detection>, double>> previous;
  const auto collect = [&] {
    auto [found, spent] = previous.get();
    part.detections.insert(part.detections.end(), found.begin(), found.end());
    part.seconds.postprocess += spent;
  };
  std::size_t done = 0;
  std::size_t total = 0;
  for (const std::size_t index : indices) total += chunks[index].images.size();
  if (!indices.empty()) next = load_async(loader, chunks[indices.front()]);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    Result<TimedChunk> timed = next.get();
    if (!timed.ok()) {
      if (previous.valid()) collect();
      return timed.error();
    }
    if (i + 1 < indices.size()) next = load_async(loader, chunks[indices[i + 1]]);
    LoadedChunk& loaded = timed->first;
    part.seconds.load += timed->second;
    const ImageChunk& chunk = chunks[indices[i]];
    const Clock::time_point start = Clock::now();
    auto outputs =
        executor->forward(std::span<const std::uint8_t>(loaded.pixels),
                          static_cast<int>(chunk.images.size()), chunk.height, chunk.width);
    part.seconds.forward += seconds_since(start);
    if (previous.valid()) collect();
    if (!outputs.ok()) return outputs.error();
    loaded.pixels = {};
    previous = std::async(kAsyncOrDeferred, [this, &chunk, data = std::move(loaded),
                                             raw = std::move(outputs).value()] {
      return postprocess(chunk, data.images, raw);
    });
    done += chunk.images.size();
    if (progress) progress(done, total);
  }
  if (previous.valid()) collect();
  return {};
}

namespace {

// How many images that leaves out.
std::size_t keep_part(datasets::Dataset& dataset, const ImagePart& part) {
  if (!(part.held_out > 0)) return 0;
  const std::vector<bool> held_out = datasets::stratified_holdout(dataset.truth, part.held_out);
  const auto count = static_cast<std::size_t>(std::ranges::count(held_out, true));
  if (count < part.least) return 0;
  datasets::keep_images(dataset, held_out, part.which);
  return held_out.size() - dataset.image_paths.size();
}

// Official files that are not there yet: says in one sentence how to get them.
Status check_present(const EvaluatorConfig& config) {
  for (const std::filesystem::path& path : {config.model, config.images, config.annotations}) {
    std::error_code ignored;
    if (path.empty() || std::filesystem::exists(path, ignored)) continue;
    if (const auto hint = datasets::how_to_get(path))
      return error("{} is missing: {}", path.string(), *hint);
  }
  return {};
}

}  // namespace

Evaluator::Evaluator(std::unique_ptr<State> state) : state_(std::move(state)) {}
Evaluator::~Evaluator() = default;

EvaluatorConfig evaluator_config(const Experiment& experiment, int threads) {
  EvaluatorConfig config;
  config.model = experiment.model;
  config.images = experiment.images;
  config.annotations = experiment.annotations;
  config.split = experiment.split;
  config.options = experiment.evaluation;
  config.calibration = experiment.calibration;
  config.threads = threads;
  return config;
}

Result<std::unique_ptr<Evaluator>> Evaluator::open(const EvaluatorConfig& config,
                                                   const ExecutorFactory& factory) {
  auto state = std::make_unique<State>();
  State& s = *state;
  s.config = config;
  QYOLO_CHECK_OK(check_present(config));
  FileStamps stamps;
  stamps.add(config.model);
  QYOLO_TRY(s.source, SourceNetwork::open(config.model));
  const model::Graph& graph = s.source.graph();
  QYOLO_TRY(s.dataset, datasets::open_dataset(config.images, config.annotations,
                                              config.options.limit, config.split));
  std::vector<std::string>& warnings = s.dataset.truth.warnings;
  QYOLO_TRY(datasets::ClassMap classes, datasets::map_classes(graph.class_names, s.dataset.truth,
                                                              config.options.class_rules()));
  if (const std::string& cell = s.source.dequantized(); !cell.empty()) {
    warnings.push_back(
        fmt::format("{} holds dequantized weights ({}); what is unquantized here, and what is "
                    "compared with, is "
                    "that network",
                    config.model.string(), cell));
  }
  s.category_of_class = std::move(classes.category_of_class);
  warnings.insert(warnings.end(), classes.notes.begin(), classes.notes.end());
  if (std::string note = datasets::rounding_note(config.options.image_size, graph.max_stride);
      !note.empty())
    warnings.push_back(std::move(note));
  for (const std::filesystem::path& image : s.dataset.image_paths) s.image_stamps.add(image);
  QYOLO_TRY(EvaluatedPortions portions, cut_into_portions(config, graph.max_stride, s.dataset));
  s.config.options.image_size = portions.image_size;
  s.images_left_out = portions.images_left_out;
  s.chunks = std::move(portions.chunks);
  s.loader = std::move(portions.loader);
  QYOLO_TRY(s.checkpoint_sha256, sha256_of_file(config.model));
  QYOLO_TRY(s.dataset_sha256, datasets::dataset_sha256(s.dataset, config.threads));
  if (config.calibration) {
    QYOLO_TRY(s.calibration_sha256,
              harness::calibration_sha256(*config.calibration, config.threads));
  }
  QYOLO_CHECK_OK(stamps.check());
  QYOLO_CHECK_OK(s.dataset.stamps.check());
  QYOLO_TRY(s.executor, factory(graph, config.threads));
  if (config.calibration) {
    s.source.keep_rounded(config.rounded ? config.rounded : std::make_shared<RoundedNetworks>());
    s.source.set_calibrator([&s]() -> Result<RoundingCalibration> {
      if (s.calibration_batches.empty()) {
        QYOLO_TRY(s.calibration_batches,
                  load_calibration_batches(*s.config.calibration, s.config.options,
                                           s.source.graph().max_stride, s.config.threads));
      }
      return RoundingCalibration{s.calibration_batches, s.executor.get()};
    });
  }
  return std::unique_ptr<Evaluator>(new Evaluator(std::move(state)));
}

Result<EvaluatedPortions> cut_into_portions(const EvaluatorConfig& config, int max_stride,
                                            datasets::Dataset& dataset) {
  EvaluatedPortions portions;
  portions.image_size = datasets::on_grid(config.options.image_size, max_stride);
  portions.images_left_out = keep_part(dataset, config.part);
  if (dataset.image_paths.empty())
    return error("{}: no images to evaluate", config.annotations.string());
  QYOLO_TRY(const EvaluatedImages images, examine_images(dataset, config.threads));
  std::vector<std::string>& warnings = dataset.truth.warnings;
  warnings.insert(warnings.end(), images.warnings.begin(), images.warnings.end());
  const datasets::PipelineOptions pipeline{portions.image_size, datasets::grid_of(max_stride),
                                           config.options.batch, config.options.rect};
  portions.chunks = cut_into_chunks(datasets::rect_batches(images.sizes, pipeline));
  portions.loader = {dataset.image_paths, portions.image_size, config.threads,
                     config.image_cache_bytes};
  return portions;
}

const model::Graph& Evaluator::graph() const { return state_->source.graph(); }
Cell Evaluator::resolve(const Cell& cell) const { return state_->source.resolve(cell); }
const EvaluationOptions& Evaluator::options() const { return state_->config.options; }
const std::filesystem::path& Evaluator::images_folder() const {
  return state_->dataset.images_folder;
}
const GroundTruth& Evaluator::truth() const { return state_->dataset.truth; }
std::size_t Evaluator::images_left_out() const { return state_->images_left_out; }
std::string Evaluator::checkpoint_sha256() const { return state_->checkpoint_sha256; }
std::string Evaluator::dataset_sha256() const { return state_->dataset_sha256; }
std::string Evaluator::calibration_sha256() const { return state_->calibration_sha256; }
std::size_t Evaluator::calibration_images() const {
  return state_->calibration ? state_->calibration->image_count() : 0;
}
std::string Evaluator::executor_description() const { return state_->executor->description(); }
std::string Evaluator::engine() const { return state_->executor->engine(); }
std::string Evaluator::precision() const { return state_->executor->precision(); }
std::string Evaluator::precision_of(const Cell& cell) const {
  // Only quantized cells have integer weights.
  if (state_->executor->wants_integer_weights() && !cell.quantized()) return "fp32";
  return state_->executor->precision();
}
bool Evaluator::simulates(const Cell& cell) const {
  return cell.quantized() && !state_->executor->wants_integer_weights() &&
         !state_->executor->recorded();
}
std::string Evaluator::executor_identity() const { return state_->executor->identity(); }

void Evaluator::compare_heads() {
  State& s = *state_;
  if (s.source.artifact() != nullptr || s.compares_heads) return;
  s.compares_heads = true;
  s.looked_at = images_looked_at(s.dataset.image_paths.size());
  s.reference.emplace(s.dataset.image_paths.size(), s.source.graph().class_names.size());
}

bool Evaluator::compares_heads() const { return state_->compares_heads; }

namespace {

// What a cell's network is before any image is seen.
Result<CellResult> network_result(SourceNetwork& source, const Cell& cell,
                                  std::vector<LayerError> layers) {
  CellResult result;
  result.layers = std::move(layers);
  for (const LayerError& layer : result.layers) result.weight_error += layer.error;
  QYOLO_TRY(result.memory, account(source, cell));
  result.coded_bytes = coded_bytes(result.memory, result.layers);
  return result;
}

}  // namespace

Status Evaluator::evaluate_parts(const Cell& cell, const Parts& parts,
                                 const ImageProgress& progress) {
  State& s = *state_;
  std::optional<CellResult> network;
  const bool compares = s.compares_heads && cell.quantized();
  const bool keeps = s.compares_heads && !cell.quantized();
  for (std::size_t i = 0; i < parts.chunks.size(); ++i) {
    if (!parts.wanted(i)) continue;
    const Clock::time_point start = Clock::now();
    CellPart part;
    if (!network) {
      // Of all parts at once, because it takes a network of its own.
      if (compares) {
        std::vector<std::size_t> all;
        for (std::size_t k = i; k < parts.chunks.size(); ++k)
          all.insert(all.end(), parts.chunks[k].begin(), parts.chunks[k].end());
        const Status made = s.make_reference(all);
        s.on_rows = {};
        QYOLO_CHECK_OK(made);
      }
      std::optional<CalibratedActivations> activations;
      QYOLO_TRY(auto layers, s.load_network(cell, activations, RegionSizes::kCoded));
      part.seconds.quantize = seconds_since(start);
      QYOLO_TRY(network, network_result(s.source, cell, std::move(layers)));
      network->activations = std::move(activations);
    }
    if (compares) {
      s.on_rows = [&](std::size_t image, std::span<const float> rows) {
        part.heads.push_back(s.reference->compare(image, rows));
      };
    } else if (keeps) {
      s.on_rows = [&s](std::size_t image, std::span<const float> rows) {
        s.reference->keep(image, rows);
      };
    }
    const Status detected = s.detect(parts.chunks[i], progress, part);
    s.on_rows = {};
    QYOLO_CHECK_OK(detected);
    QYOLO_CHECK_OK(s.image_stamps.check());
    part.seconds.total = seconds_since(start);
    QYOLO_CHECK_OK(parts.done(i, std::move(part), *network));
  }
  return {};
}

Result<CellResult> Evaluator::evaluate(const Cell& cell, const ImageProgress& progress) {
  const Clock::time_point start = Clock::now();
  Parts whole;
  whole.chunks.resize(1);
  for (std::size_t i = 0; i < chunk_count(); ++i) whole.chunks.front().push_back(i);
  whole.wanted = [](std::size_t) { return true; };
  CellResult result;
  std::vector<HeadComparison> heads;
  whole.done = [&](std::size_t, CellPart part, const CellResult& network) -> Status {
    result = network;
    result.detections = std::move(part.detections);
    result.seconds = part.seconds;
    heads = std::move(part.heads);
    return {};
  };
  QYOLO_CHECK_OK(evaluate_parts(cell, whole, progress));
  const Clock::time_point detected = Clock::now();
  metrics::CocoParams params;
  params.threads = state_->config.threads;
  QYOLO_TRY(result.evaluation, metrics::evaluate_coco(truth(), result.detections, params));
  result.seconds.metric = seconds_since(detected);
  if (compares_heads() && cell.quantized()) result.certainty = summarize(heads);
  result.seconds.total = seconds_since(start);
  return result;
}

Result<CellResult> Evaluator::measured(const Cell& cell, std::vector<LayerError> layers,
                                       std::vector<Detection> detections) {
  State& s = *state_;
  QYOLO_TRY(CellResult result, network_result(s.source, cell, std::move(layers)));
  result.detections = std::move(detections);
  const Clock::time_point start = Clock::now();
  metrics::CocoParams params;
  params.threads = s.config.threads;
  QYOLO_TRY(result.evaluation, metrics::evaluate_coco(s.dataset.truth, result.detections, params));
  result.seconds.metric = seconds_since(start);
  return result;
}

SourceNetwork& Evaluator::source() { return state_->source; }
model::Executor& Evaluator::executor() { return *state_->executor; }
std::size_t Evaluator::chunk_count() const { return state_->chunks.size(); }
const ImageChunk& Evaluator::chunk(std::size_t index) const { return state_->chunks[index]; }

Result<std::vector<LayerError>> Evaluator::load(const Cell& cell) {
  std::optional<CalibratedActivations> activations;
  return state_->load_network(cell, activations, RegionSizes::kCoded);
}

Result<CalibratedActivations> Evaluator::calibrate(const Cell& cell) {
  return state_->calibrate(cell);
}

Status Evaluator::for_each_chunk(std::span<const std::size_t> chunks, const ChunkRunner& run) {
  State& s = *state_;
  std::future<Result<TimedChunk>> next;
  if (!chunks.empty()) next = load_async(s.loader, s.chunks[chunks.front()]);
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const Result<TimedChunk> timed = next.get();
    if (!timed.ok()) return timed.error();
    if (i + 1 < chunks.size()) next = load_async(s.loader, s.chunks[chunks[i + 1]]);
    const ImageChunk& chunk = s.chunks[chunks[i]];
    const LoadedChunk& loaded = timed->first;
    QYOLO_CHECK_OK(run(loaded.pixels, chunk, [&](const std::vector<model::HeadOutput>& outputs) {
      return s.postprocess(chunk, loaded.images, outputs).first;
    }));
  }
  return s.image_stamps.check();
}

Status Evaluator::prepare(const Cell& cell) {
  State& s = *state_;
  std::optional<CalibratedActivations> activations;
  QYOLO_TRY([[maybe_unused]] const auto errors,
            s.load_network(cell, activations, RegionSizes::kRaw));
  if (!s.latency_image.empty()) return {};
  ImageChunk first = s.chunks.front();
  first.images.resize(1);
  QYOLO_TRY(LoadedChunk loaded, s.loader.load(first));
  s.latency_image = std::move(loaded.pixels);
  return {};
}

Result<double> Evaluator::time_forward() {
  const LatencyInput input = latency_input();
  const Clock::time_point start = Clock::now();
  QYOLO_TRY([[maybe_unused]] const auto outputs,
            state_->executor->forward(std::span<const std::uint8_t>(state_->latency_image), 1,
                                      input.height, input.width));
  return seconds_since(start) * 1e3;
}

int Evaluator::threads() const {
  return state_->config.threads > 0 ? state_->config.threads : default_threads();
}

LatencyInput Evaluator::latency_input() const {
  return {state_->chunks.front().height, state_->chunks.front().width};
}

}  // namespace qyolo::harness
