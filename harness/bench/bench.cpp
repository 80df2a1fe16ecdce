#include "harness/bench/bench.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <map>
#include <utility>

#include "common/file_stamps.h"
#include "common/sha256.h"
#include "datasets/image_pipeline.h"
#include "harness/host/energy.h"
#include "harness/host/host.h"
#include "harness/host/host_watch.h"
#include "harness/host/interleaved.h"
#include "harness/model/activation_points.h"
#include "harness/network/memory_account.h"
#include "harness/network/quantize_network.h"
#include "harness/quant/activation.h"
#include "harness/quant/packing.h"

namespace qyolo::harness {
namespace {

using engine::Precision;

// Something that is neither flat nor noise.
std::vector<std::uint8_t> synthetic_images(int batch, int height, int width) {
  std::vector<std::uint8_t> rgb;
  rgb.reserve(static_cast<std::size_t>(batch) * 3 * static_cast<std::size_t>(height) *
              static_cast<std::size_t>(width));
  for (int plane = 0; plane < 3 * batch; ++plane) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const double wave = std::sin(0.05 * x + plane) + std::cos(0.031 * y - 0.7 * plane);
        rgb.push_back(static_cast<std::uint8_t>(127.5 + 60 * wave + (x * 7 + y * 13) % 8));
      }
    }
  }
  return rgb;
}

Result<Cell> integer_cell() {
  return read_cell({{"scheme", "symmetric"},
                    {"bits", 8},
                    {"granularity", "filter"},
                    {"keep", "head"},
                    {"activation_bits", 8}},
                   "bench");
}

Result<std::vector<model::ActivationQuantizer>> calibrate(const model::Graph& graph,
                                                          engine::Engine& engine,
                                                          std::span<const std::uint8_t> rgb,
                                                          const BenchCase& what, int height,
                                                          int width) {
  std::map<int, quant::Interval> ranges;
  QYOLO_CHECK_OK(engine.observe(rgb, what.batch, height, width, model::observable_nodes(graph),
                                [&](int node, std::span<const float> values) {
                                  const auto [low, high] = std::ranges::minmax_element(values);
                                  ranges[node] = {*low, *high};
                                }));
  std::vector<model::ActivationQuantizer> quantizers;
  const auto points = model::find_activation_points(
      graph, true, [](const model::ConvNode& conv) { return conv.head; });
  for (const model::ActivationGroup& group : points.groups) {
    quant::Interval range{0, 0};
    for (const int node : group.nodes) {
      if (const auto found = ranges.find(node); found != ranges.end()) {
        range.low = std::min(range.low, found->second.low);
        range.high = std::max(range.high, found->second.high);
      }
    }
    const auto parameters = quant::activation_parameters(range, 8);
    for (const int node : group.nodes)
      quantizers.push_back({node, {parameters.scale, parameters.zero_point, 8}});
  }
  return quantizers;
}

void decode(const PackedWeights& packed, const quant::Shape& shape, const quant::PartBytes& parts,
            std::span<float> out, int threads) {
  const auto tensor = quant::unpack(packed.recipe, shape, parts, packed.regions, threads);
  if (tensor.ok()) quant::dequantize(*tensor, out, threads);
}

// Decoded when its convolution runs. Cannot fail: what is packed was unpacked once before.
model::WeightDecoder decoder(PackedWeights weights, int threads) {
  const auto packed = std::make_shared<const PackedWeights>(std::move(weights));
  return [packed, threads](std::int64_t first, std::span<float> out) {
    const quant::PartBytes parts = packed->parts.bytes();
    const quant::Shape& shape = packed->shape;
    const std::int64_t filter_size = shape.size() / shape.n;
    quant::Shape some = shape;
    some.n = static_cast<std::int64_t>(out.size()) / filter_size;
    const auto taken =
        quant::filters_of(packed->recipe, shape, parts, packed->regions, first, some.n);
    if (taken) return decode(*packed, some, *taken, out, threads);
    std::vector<float> all(static_cast<std::size_t>(shape.size()));
    decode(*packed, shape, parts, all, threads);
    std::copy_n(all.begin() + first * filter_size, out.size(), out.begin());
  };
}

Error not_folded(const Cell& cell) {
  return error("{}: weights are decoded layer by layer from the folded network; expected fold on",
               cell.label());
}

// The executor has the artifact's floats; packed ones take their place.
Status keep_packed_artifact(const std::filesystem::path& path, engine::Engine& engine,
                            int threads) {
  QYOLO_TRY(Artifact artifact, load_artifact(path, threads, true));
  if (!artifact.unfused.empty()) return not_folded(artifact.cell);
  for (const int node : artifact.graph.conv_nodes()) {
    const auto packed = artifact.packed.find(artifact.graph.conv(node).name);
    if (packed == artifact.packed.end()) continue;  // kept in floating point
    QYOLO_CHECK_OK(engine.set_weight_decoder(node, decoder(std::move(packed->second), threads)));
  }
  return {};
}

Status keep_packed(SourceNetwork& source, const Cell& cell, engine::Engine& engine, int threads) {
  const std::vector<int> nodes = source.graph().conv_nodes();
  QYOLO_TRY(const QuantizedNetwork network, quantize_network(source, cell, threads));
  if (!network.unfused.empty()) return not_folded(cell);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const QuantizedLayer& layer = network.layers[i];
    engine.set_bias(nodes[i], network.convs[i].bias);
    if (!layer.tensor) {
      engine.set_weights(nodes[i], layer.weights);
      continue;
    }
    PackedWeights packed{layer.tensor->recipe, layer.tensor->shape,
                         quant::pack(*layer.tensor, quant::RegionCoding::kRaw, threads)};
    QYOLO_CHECK_OK(engine.set_weight_decoder(nodes[i], decoder(std::move(packed), threads)));
  }
  return {};
}

// An ONNX file's own codes and activations.
Status load_integers(SourceNetwork& source, const Cell& cell, engine::Engine& engine, int threads) {
  QYOLO_TRY([[maybe_unused]] const auto errors, load_weights(source, cell, engine, threads));
  return engine.set_activation_quantizers(source.artifact()->activations->quantizers());
}

double gflop_of(const model::Graph& graph, const std::vector<model::MapShape>& shapes, int batch) {
  double sum = 0;
  for (const int node : graph.conv_nodes()) {
    const model::ConvNode& conv = graph.conv(node);
    sum += 2e-9 * batch * static_cast<double>(shapes[static_cast<std::size_t>(node)].size()) *
           (conv.channels / conv.groups) * conv.kernel_h * conv.kernel_w;
  }
  return sum;
}

std::int64_t bytes_per_weight(Precision precision) {
  return precision == Precision::kFp32 ? 4 : precision == Precision::kBf16 ? 2 : 1;
}

}  // namespace

Result<std::unique_ptr<BenchNetwork>> BenchNetwork::open(const BenchOptions& options,
                                                         const BenchCase& what) {
  if (what.packed && what.precision == Precision::kInt8)
    return error("packed weights are decoded to floats; expected fp32 or bf16 beside them");
  if (what.packed && options.packed.baseline)
    return error("packed weights are codes; expected another scheme than fp32");
  std::unique_ptr<BenchNetwork> network(new BenchNetwork);
  network->case_ = what;
  QYOLO_TRY(SourceNetwork source, SourceNetwork::open(options.model));
  const model::Graph& graph = source.graph();
  const int height = datasets::on_grid(options.height, graph.max_stride);
  const int width = datasets::on_grid(options.width, graph.max_stride);
  network->height_ = height;
  network->width_ = width;
  network->rgb_ = synthetic_images(what.batch, height, width);
  QYOLO_TRY(const auto shapes, model::infer_shapes(graph, height, width));
  network->gflop_ = gflop_of(graph, shapes, what.batch);
  network->weight_bytes_ = graph.conv_weights() * bytes_per_weight(what.precision);
  QYOLO_TRY(network->engine_,
            engine::make_engine(graph, what.precision, what.threads, options.convolution));
  if (source.artifact() != nullptr) {
    network->cell_ = source.artifact()->cell;
  } else if (what.packed) {
    network->cell_ = options.packed;
  } else {
    network->cell_.baseline = true;
  }
  // Activations are in floating point here, whatever the cell says of them.
  if (what.precision != Precision::kInt8) network->cell_.activations.reset();
  if (what.packed) {
    const Cell& cell = network->cell_;
    QYOLO_TRY(const metrics::MemoryReport memory, account(source, cell));
    network->weight_bytes_ = memory.true_bytes();
    network->coded_regions_ =
        source.artifact() != nullptr && source.artifact()->regions == quant::RegionCoding::kEntropy;
    QYOLO_CHECK_OK(source.artifact() != nullptr
                       ? keep_packed_artifact(options.model, *network->engine_, what.threads)
                       : keep_packed(source, cell, *network->engine_, what.threads));
  }
  if (what.precision == Precision::kInt8 && source.artifact() != nullptr) {
    QYOLO_CHECK_OK(load_integers(source, network->cell_, *network->engine_, what.threads));
  } else if (what.precision == Precision::kInt8) {
    QYOLO_TRY(const auto quantizers,
              calibrate(graph, *network->engine_, network->rgb_, what, height, width));
    QYOLO_TRY(network->cell_, integer_cell());
    QYOLO_TRY([[maybe_unused]] const auto errors,
              load_weights(source, network->cell_, *network->engine_, what.threads));
    QYOLO_CHECK_OK(network->engine_->set_activation_quantizers(quantizers));
  }
  return network;
}

Result<std::vector<model::HeadOutput>> BenchNetwork::forward(std::span<const float> input) {
  return engine_->forward(input, case_.batch, height_, width_);
}

Result<double> BenchNetwork::time_forward() { return time_forward(case_.batch); }

Result<double> BenchNetwork::time_forward(int images) {
  const auto start = std::chrono::steady_clock::now();
  const std::size_t size =
      rgb_.size() / static_cast<std::size_t>(case_.batch) * static_cast<std::size_t>(images);
  QYOLO_TRY(
      [[maybe_unused]] const auto outputs,
      engine_->forward(std::span<const std::uint8_t>(rgb_).first(size), images, height_, width_));
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

Result<std::vector<engine::StepTime>> BenchNetwork::profile() {
  return engine_->profile(rgb_, case_.batch, height_, width_);
}

namespace {

constexpr const char* kSyntheticImage = "synthetic image";
constexpr const char* kOwnRanges = "the ONNX file";

// What a case became: its network, and what is known of it so far.
struct PreparedCase {
  BenchCase what;
  results::DeviceRow row;
  std::unique_ptr<BenchNetwork> network;
};

// What of a model's file decides which cases it has.
struct ModelContents {
  bool onnx = false;
  bool integers = false;  // codes and activations that integer convolutions compute with
};

Result<results::DeviceModel> describe_model(const BenchOptions& options, ModelContents& contents) {
  FileStamps stamps;
  stamps.add(options.model);
  QYOLO_TRY(const SourceNetwork source, SourceNetwork::open(options.model));
  results::DeviceModel model;
  model.path = options.model.string();
  QYOLO_TRY(model.sha256, sha256_of_file(options.model));
  QYOLO_CHECK_OK(stamps.check());
  model.checkpoint_sha256 = model.sha256;
  if (const Artifact* artifact = source.artifact(); artifact != nullptr) {
    contents = {artifact->onnx, !artifact->integers.empty()};
    model.artifact = true;
    model.checkpoint_sha256 = artifact->checkpoint_sha256;
    model.cell = artifact->cell.as_json();
  }
  return model;
}

results::DeviceRow device_row_of(const BenchCase& what) {
  results::DeviceRow row;
  row.precision = engine::precision_name(what.precision);
  row.packed = what.packed;
  row.batch = what.batch;
  row.threads = what.threads;
  if (what.precision == Precision::kInt8) row.calibration = kSyntheticImage;
  return row;
}

Status open_network(const BenchOptions& options, PreparedCase& one) {
  QYOLO_TRY(one.network, BenchNetwork::open(options, one.what));
  one.row.cell = one.network->cell().as_json();
  one.row.coded_regions = one.network->coded_regions();
  one.row.gflop = one.network->gflop();
  one.row.weight_bytes = one.network->weight_bytes();
  one.row.note = one.network->note();
  return {};
}

Status time_cases(const BenchOptions& options, std::vector<PreparedCase>& cases,
                  const BenchProgress& progress) {
  std::size_t begun = 0;
  const auto say_round = [&](std::size_t) -> Status {
    if (begun % cases.size() == 0)
      progress(fmt::format("round {} of {}", begun / cases.size() + 1, options.rounds));
    ++begun;
    return {};
  };
  const TimedCases timed{cases.size(), say_round,
                         [&](std::size_t i) { return cases[i].network->time_forward(); }};
  const HostWatch watch;
  QYOLO_TRY(auto samples, time_interleaved(timed, {options.rounds, options.warmup}));
  if (const std::string doubt = watch.warning(samples); !doubt.empty())
    progress("warning: " + doubt);
  for (std::size_t i = 0; i < cases.size(); ++i) cases[i].row.milliseconds = std::move(samples[i]);
  return {};
}

Status find_kernels(PreparedCase& one) {
  QYOLO_TRY(const auto steps, one.network->profile());
  std::map<std::string, int> count;
  for (const engine::StepTime& step : steps) {
    if (!step.kernel.empty()) ++count[step.kernel];
  }
  for (const auto& [name, convolutions] : count) one.row.kernels.push_back({name, convolutions});
  std::ranges::stable_sort(one.row.kernels, std::greater{}, &results::DeviceKernel::convolutions);
  return {};
}

// Each case by itself: what they take is not to be told apart otherwise.
results::DeviceEnergySource energy_of_cases(std::vector<PreparedCase>& cases,
                                            const BenchProgress& progress) {
  results::DeviceEnergySource source;
  auto meter = EnergyMeter::open();
  if (!meter.ok()) {
    source.reason = meter.error().message;
    return source;
  }
  const EnergySource& from = meter->source();
  source = {"", from.name, from.method, from.covers, from.interval_ms};
  for (PreparedCase& one : cases) {
    progress(fmt::format("energy of {}", bench_case_name(one.what)));
    const auto spent = energy_of_forwards(*meter, [&] { return one.network->time_forward(); });
    if (!spent.ok()) {
      one.row.energy_reason = spent.error().message;
      continue;
    }
    const std::int64_t images = std::int64_t{spent->forwards} * one.what.batch;
    one.row.energy = results::DeviceEnergy{
        spent->reading.joules * 1e3 / static_cast<double>(images), spent->reading.joules,
        spent->reading.seconds, images, static_cast<std::int64_t>(spent->reading.readings)};
  }
  return source;
}

// Why the case cannot run here; nullopt: it can.
std::optional<std::string> impossible(const BenchCase& what, const results::DeviceModel& model,
                                      const ModelContents& contents) {
  if (what.precision == Precision::kInt8 && model.artifact && !contents.integers)
    return "an artifact's weights are no integers to compute with; bench its checkpoint";
  if (what.packed && contents.onnx)
    return "an ONNX file's weights are not kept packed; bench its checkpoint";
  return std::nullopt;
}

OrderedJson versions_with_engine() {
  results::VersionsRecord versions = describe_versions();
  versions.onednn = engine::onednn_version();
  return results::versions_json(versions);
}

}  // namespace

Result<results::ScenarioRecord> run_scenarios(const BenchOptions& options,
                                              const std::vector<BenchCase>& cases,
                                              const std::vector<Scenario>& scenarios,
                                              const ScenarioOptions& how,
                                              const BenchProgress& progress) {
  results::ScenarioRecord record;
  record.started = timestamp();
  record.device = options.device.empty() ? host_name() : options.device;
  ModelContents contents;
  QYOLO_TRY(const results::DeviceModel model, describe_model(options, contents));
  record.model = model.path;
  record.model_sha256 = model.sha256;
  record.host = results::host_json(describe_host());
  record.versions = versions_with_engine();
  for (BenchCase what : cases) {
    const auto leave_out = [&](const std::string& reason) {
      record.left_out.push_back(fmt::format("{}: {}", bench_case_name(what), reason));
    };
    if (const auto reason = impossible(what, model, contents)) {
      leave_out(*reason);
      continue;
    }
    if (const auto peak = engine::measure_peak_gflops(what.precision, what.threads); !peak.ok()) {
      leave_out(peak.error().message);
      continue;
    }
    what.batch = how.batch;
    QYOLO_TRY(const auto network, BenchNetwork::open(options, what));
    record.height = network->height();
    record.width = network->width();
    const QueryTarget target =
        on_this_clock([&](int images) { return network->time_forward(images); });
    for (const Scenario scenario : scenarios) {
      progress(fmt::format("{}, {}", bench_case_name(what),
                           scenario_names()[static_cast<std::size_t>(scenario)]));
      QYOLO_TRY(results::ScenarioRow row, run_scenario(scenario, how, target));
      row.precision = engine::precision_name(what.precision);
      row.packed = what.packed;
      row.threads = what.threads;
      record.rows.push_back(std::move(row));
    }
  }
  if (record.rows.empty())
    return error("nothing can be measured here: {}", fmt::join(record.left_out, "; "));
  return record;
}

Result<results::Device> run_bench(const BenchOptions& options, const std::vector<BenchCase>& cases,
                                  const MeasureMemory& memory, const BenchProgress& progress) {
  results::Device device;
  device.started = timestamp();
  device.name = options.device.empty() ? host_name() : options.device;
  // What is wrong with the file is said before anything is measured.
  ModelContents contents;
  QYOLO_TRY(device.model, describe_model(options, contents));
  device.host = results::host_json(describe_host());
  device.versions = versions_with_engine();
  device.height = options.height;
  device.width = options.width;
  device.rounds = options.rounds;
  device.warmup = options.warmup;

  std::vector<PreparedCase> prepared;
  std::map<std::pair<Precision, int>, double> peaks;
  for (const BenchCase& what : cases) {
    const auto leave_out = [&](const std::string& reason) {
      std::string text = fmt::format("{}: {}", bench_case_name(what), reason);
      if (std::ranges::find(device.unsupported, text) == device.unsupported.end())
        device.unsupported.push_back(std::move(text));
    };
    if (const auto reason = impossible(what, device.model, contents)) {
      leave_out(*reason);
      continue;
    }
    const std::pair key(what.precision, what.threads);
    if (!peaks.contains(key)) {
      const auto peak = engine::measure_peak_gflops(what.precision, what.threads);
      if (!peak.ok()) {
        leave_out(peak.error().message);
        continue;
      }
      peaks[key] = *peak;
    }
    progress(fmt::format("preparing {}", bench_case_name(what)));
    PreparedCase one{what, device_row_of(what), nullptr};
    if (contents.onnx && what.precision == Precision::kInt8) one.row.calibration = kOwnRanges;
    one.row.peak_gflops = peaks[key];
    // First, while this process holds little else.
    QYOLO_TRY(one.row.peak_rss, memory(what));
    prepared.push_back(std::move(one));
  }
  if (prepared.empty())
    return error("nothing can be measured here: {}", fmt::join(device.unsupported, "; "));
  for (PreparedCase& one : prepared) QYOLO_CHECK_OK(open_network(options, one));
  device.height = prepared.front().network->height();
  device.width = prepared.front().network->width();
  if (device.height != options.height || device.width != options.width)
    progress(fmt::format("warning: {} x {} is no multiple of the network's grid; {} x {} is used",
                         options.height, options.width, device.height, device.width));
  QYOLO_CHECK_OK(time_cases(options, prepared, progress));
  // The host's reach may change while it gets warm: the better of before and after.
  for (PreparedCase& one : prepared) {
    const auto peak = engine::measure_peak_gflops(one.what.precision, one.what.threads);
    if (peak.ok()) one.row.peak_gflops = std::max(*one.row.peak_gflops, *peak);
  }
  device.energy.reason = "not asked for";
  if (options.energy) device.energy = energy_of_cases(prepared, progress);
  for (PreparedCase& one : prepared) {
    if (options.kernels) QYOLO_CHECK_OK(find_kernels(one));
    device.rows.push_back(std::move(one.row));
  }
  return device;
}

}  // namespace qyolo::harness
