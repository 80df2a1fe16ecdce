#include "harness/bench.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <utility>

#include "common/parallel.h"
#include "harness/memory_account.h"
#include "harness/model/activation_points.h"
#include "harness/quant/activation.h"
#include "harness/quant/packing.h"
#include "harness/quantize_network.h"
#include "metrics/statistics.h"

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

// Decoded when its convolution runs. Cannot fail: what is packed was unpacked once before.
model::WeightDecoder decoder(PackedWeights weights, int threads) {
  const auto packed = std::make_shared<const PackedWeights>(std::move(weights));
  return [packed, threads](std::span<float> out) {
    const auto tensor = quant::unpack(packed->recipe, packed->shape, packed->parts.bytes(),
                                      packed->regions, threads);
    if (tensor.ok()) quant::dequantize(*tensor, out, threads);
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

double median(const std::vector<double>& samples) { return metrics::summarize(samples).median; }

}  // namespace

std::string bench_case_name(const BenchCase& what) {
  return fmt::format("{}{}", engine::precision_name(what.precision), what.packed ? " packed" : "");
}

Result<std::unique_ptr<BenchNetwork>> BenchNetwork::open(const BenchOptions& options,
                                                         const BenchCase& what) {
  if (what.packed && what.precision == Precision::kInt8)
    return error("packed weights are decoded to floats; expected fp32 or bf16 beside them");
  if (what.packed && options.packed.baseline)
    return error("packed weights are codes; expected another scheme than fp32");
  std::unique_ptr<BenchNetwork> network(new BenchNetwork);
  network->case_ = what;
  network->height_ = options.height;
  network->width_ = options.width;
  network->rgb_ = synthetic_images(what.batch, options.height, options.width);
  QYOLO_TRY(SourceNetwork source, SourceNetwork::open(options.model));
  const model::Graph& graph = source.graph();
  QYOLO_TRY(const auto shapes, model::infer_shapes(graph, options.height, options.width));
  network->gflop_ = gflop_of(graph, shapes, what.batch);
  network->weight_bytes_ = graph.conv_weights() * bytes_per_weight(what.precision);
  QYOLO_TRY(network->engine_, engine::make_engine(graph, what.precision, what.threads));
  if (what.packed) {
    const Cell cell = source.artifact() != nullptr ? source.artifact()->cell : options.packed;
    QYOLO_TRY(const metrics::MemoryReport memory, account(source, cell));
    network->weight_bytes_ = memory.true_bytes();
    QYOLO_CHECK_OK(source.artifact() != nullptr
                       ? keep_packed_artifact(options.model, *network->engine_, what.threads)
                       : keep_packed(source, cell, *network->engine_, what.threads));
  }
  if (what.precision == Precision::kInt8) {
    QYOLO_TRY(const auto quantizers, calibrate(graph, *network->engine_, network->rgb_, what,
                                               options.height, options.width));
    QYOLO_TRY(const Cell cell, integer_cell());
    QYOLO_TRY([[maybe_unused]] const auto errors,
              load_weights(source, cell, *network->engine_, what.threads));
    QYOLO_CHECK_OK(network->engine_->set_activation_quantizers(quantizers));
  }
  return network;
}

Result<double> BenchNetwork::time_forward() {
  const auto start = std::chrono::steady_clock::now();
  QYOLO_TRY([[maybe_unused]] const auto outputs,
            engine_->forward(std::span<const std::uint8_t>(rgb_), case_.batch, height_, width_));
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

Result<std::vector<engine::StepTime>> BenchNetwork::profile() {
  return engine_->profile(rgb_, case_.batch, height_, width_);
}

ResidentMemory resident_memory() {
  ResidentMemory memory;
  std::ifstream status("/proc/self/status");
  for (std::string key; status >> key;) {
    std::int64_t* const target = key == "VmHWM:"   ? &memory.peak
                                 : key == "VmRSS:" ? &memory.now
                                                   : nullptr;
    if (target == nullptr) continue;
    status >> *target;
    *target *= 1024;
  }
  return memory;
}

void reset_peak_memory() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
}

Result<BenchReport> run_bench(const BenchOptions& options, const std::vector<BenchCase>& cases,
                              const MeasureMemory& memory, const BenchProgress& progress) {
  BenchReport report;
  std::vector<std::unique_ptr<BenchNetwork>> networks;
  std::map<std::pair<Precision, int>, double> peaks;
  for (const BenchCase& what : cases) {
    const std::pair key(what.precision, what.threads);
    if (!peaks.contains(key)) {
      const auto peak = engine::measure_peak_gflops(what.precision, what.threads);
      if (!peak.ok()) {
        report.unsupported.push_back(
            fmt::format("{}: {}", bench_case_name(what), peak.error().message));
        continue;
      }
      peaks[key] = *peak;
    }
    progress(fmt::format("preparing {}", bench_case_name(what)));
    BenchRow row;
    row.what = what;
    row.peak_gflops = peaks[key];
    // First, while this process holds little else.
    QYOLO_TRY(row.peak_rss, memory(what));
    report.rows.push_back(std::move(row));
  }
  for (BenchRow& row : report.rows) {
    QYOLO_TRY(auto network, BenchNetwork::open(options, row.what));
    row.gflop = network->gflop();
    row.weight_bytes = network->weight_bytes();
    row.note = network->note();
    networks.push_back(std::move(network));
  }
  for (int round = 0; round < options.rounds; ++round) {
    progress(fmt::format("round {} of {}", round + 1, options.rounds));
    for (std::size_t i = 0; i < networks.size(); ++i) {
      // Another one begins in every round.
      const std::size_t at = (i + static_cast<std::size_t>(round)) % networks.size();
      for (int j = 0; j < options.warmup; ++j) {
        QYOLO_TRY([[maybe_unused]] const double untimed, networks[at]->time_forward());
      }
      QYOLO_TRY(const double spent, networks[at]->time_forward());
      report.rows[at].milliseconds.push_back(spent);
    }
  }
  // The host's reach may change while it gets warm: the better of before and after.
  for (BenchRow& row : report.rows) {
    const auto peak = engine::measure_peak_gflops(row.what.precision, row.what.threads);
    if (peak.ok()) row.peak_gflops = std::max(*row.peak_gflops, *peak);
  }
  return report;
}

OrderedJson bench_json(const BenchReport& report, const BenchOptions& options) {
  OrderedJson json;
  json["model"] = options.model.string();
  json["height"] = options.height;
  json["width"] = options.width;
  json["rounds"] = options.rounds;
  json["warmup"] = options.warmup;
  json["onednn"] = engine::onednn_version();
  json["rows"] = OrderedJson::array();
  for (const BenchRow& row : report.rows) {
    const metrics::Summary summary = metrics::summarize(row.milliseconds);
    OrderedJson entry;
    entry["precision"] = engine::precision_name(row.what.precision);
    entry["weights"] = row.what.packed ? "packed" : "plain";
    entry["batch"] = row.what.batch;
    entry["threads"] = row.what.threads;
    entry["median_ms"] = summary.median;
    entry["min_ms"] = summary.min;
    entry["q25_ms"] = metrics::quantile(row.milliseconds, 0.25);
    entry["q75_ms"] = metrics::quantile(row.milliseconds, 0.75);
    entry["samples_ms"] = row.milliseconds;
    entry["gflop"] = row.gflop;
    entry["gflops"] = row.gflop / summary.median * 1e3;
    entry["peak_gflops"] = row.peak_gflops ? OrderedJson(*row.peak_gflops) : OrderedJson();
    entry["weight_bytes"] = row.weight_bytes;
    entry["peak_rss_bytes"] = row.peak_rss ? OrderedJson(*row.peak_rss) : OrderedJson();
    if (!row.note.empty()) entry["note"] = row.note;
    json["rows"].push_back(std::move(entry));
  }
  json["unsupported"] = report.unsupported;
  return json;
}

std::string bench_markdown(const BenchReport& report) {
  std::string text =
      "| precision | batch | threads | median ms | quartiles | min | images/s | x first | GFLOP/s "
      "| "
      "of GEMM | weights MB | peak RSS MB |\n"
      "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
  for (const BenchRow& row : report.rows) {
    const metrics::Summary summary = metrics::summarize(row.milliseconds);
    const double rate = row.gflop / summary.median * 1e3;
    const double per_image = summary.median / row.what.batch;
    const double first = median(report.rows.front().milliseconds) / report.rows.front().what.batch;
    text += fmt::format(
        "| {} | {} | {} | {:.1f} | {:.1f} – {:.1f} | {:.1f} | {:.2f} | {:.2f} | {:.0f} | {} | "
        "{:.1f} | {} |\n",
        bench_case_name(row.what), row.what.batch, row.what.threads, summary.median,
        metrics::quantile(row.milliseconds, 0.25), metrics::quantile(row.milliseconds, 0.75),
        summary.min, 1e3 / per_image, first / per_image, rate,
        row.peak_gflops ? fmt::format("{:.0f} %", 100 * rate / *row.peak_gflops) : "–",
        static_cast<double>(row.weight_bytes) / 1e6,
        row.peak_rss ? fmt::format("{:.1f}", static_cast<double>(*row.peak_rss) / 1e6) : "–");
  }
  std::set<std::string> notes;
  for (const BenchRow& row : report.rows) {
    if (row.note.empty()) continue;
    notes.insert(fmt::format("{}: {}", engine::precision_name(row.what.precision), row.note));
  }
  for (const std::string& note : notes) text += fmt::format("\n{}\n", note);
  for (const std::string& reason : report.unsupported)
    text += fmt::format("\nLeft out: {}\n", reason);
  return text;
}

std::string profile_markdown(const std::vector<engine::StepTime>& steps) {
  constexpr std::size_t kSlowest = 20;
  std::map<std::string, engine::StepTime> operations;
  double total = 0;
  for (const engine::StepTime& step : steps) {
    engine::StepTime& sum = operations[step.operation];
    sum.milliseconds += step.milliseconds;
    sum.gflop += step.gflop;
    ++sum.node;  // how many
    total += step.milliseconds;
  }
  const auto rate = [](const engine::StepTime& step) {
    return step.gflop > 0 ? fmt::format("{:.0f}", step.gflop / step.milliseconds * 1e3)
                          : std::string("–");
  };
  std::string text =
      "| operation | steps | ms | share | GFLOP | GFLOP/s |\n|---|--:|--:|--:|--:|--:|\n";
  for (const auto& [name, sum] : operations) {
    text += fmt::format("| {} | {} | {:.2f} | {:.1f} % | {:.2f} | {} |\n", name, sum.node,
                        sum.milliseconds, 100 * sum.milliseconds / total, sum.gflop, rate(sum));
  }
  std::vector<engine::StepTime> slowest = steps;
  std::ranges::stable_sort(slowest, std::greater{}, &engine::StepTime::milliseconds);
  slowest.resize(std::min(slowest.size(), kSlowest));
  text += "\n| layer | operation | ms | share | GFLOP/s | kernel |\n|---|---|--:|--:|--:|---|\n";
  for (const engine::StepTime& step : slowest) {
    text +=
        fmt::format("| {} | {} | {:.2f} | {:.1f} % | {} | {} |\n", step.name, step.operation,
                    step.milliseconds, 100 * step.milliseconds / total, rate(step), step.kernel);
  }
  return text;
}

}  // namespace qyolo::harness
