#include "harness/search/sweep.h"
#include "common/clock.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <numeric>
#include <unordered_map>
#include <utility>

namespace qyolo::harness {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

bool same(const model::ActivationQuantizer& a, const model::ActivationQuantizer& b) {
  return a.node == b.node && a.map.scale == b.map.scale && a.map.zero_point == b.map.zero_point &&
         a.map.bits == b.map.bits;
}

bool same(const std::vector<model::ActivationQuantizer>& a,
          const std::vector<model::ActivationQuantizer>& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) { return same(x, y); });
}

// Numbers for the sets of quantizers, equal for equal ones.
std::vector<std::size_t> number_quantizer_sets(const std::vector<SweepNetwork>& networks) {
  std::vector<std::size_t> numbers(networks.size());
  for (std::size_t i = 0; i < networks.size(); ++i) {
    std::size_t first = 0;
    while (!same(networks[first].quantizers, networks[i].quantizers)) ++first;
    numbers[i] = first;
  }
  return numbers;
}

// Networks by quantizers, then by what each convolution's weights are, the first convolution first.
std::vector<std::size_t> prefix_order(const std::vector<SweepNetwork>& networks,
                                      const std::vector<std::size_t>& quantizer_sets) {
  std::vector<std::vector<std::size_t>> keys(networks.size());
  std::unordered_map<const ConvWeights*, std::size_t> numbers;  // in the order of appearance
  for (std::size_t i = 0; i < networks.size(); ++i) {
    keys[i].push_back(quantizer_sets[i]);
    for (const SharedConv& conv : networks[i].convs)
      keys[i].push_back(numbers.try_emplace(conv.get(), numbers.size()).first->second);
  }
  std::vector<std::size_t> order(networks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
  return order;
}

}  // namespace

double SweepWork::saved_share() const {
  return macs_full > 0 ? 1 - static_cast<double>(macs_run) / static_cast<double>(macs_full) : 0;
}

SweepWork& SweepWork::operator+=(const SweepWork& other) {
  macs_full += other.macs_full;
  macs_run += other.macs_run;
  forwards += other.forwards;
  resumed += other.resumed;
  return *this;
}

Result<std::vector<std::int64_t>> convolution_macs(const model::Graph& graph, int height,
                                                   int width) {
  QYOLO_TRY(const auto shapes, model::infer_shapes(graph, height, width));
  std::vector<std::int64_t> macs(graph.nodes.size(), 0);
  for (const int node : graph.conv_nodes()) {
    const auto index = static_cast<std::size_t>(node);
    const model::ConvNode& conv = graph.conv(node);
    macs[index] =
        shapes[index].size() * (conv.channels / conv.groups) * conv.kernel_h * conv.kernel_w;
  }
  return macs;
}

Sweep::Sweep(const model::Graph& graph, model::Executor& executor,
             std::vector<SweepNetwork> networks)
    : graph_(graph),
      executor_(executor),
      nodes_(graph.conv_nodes()),
      networks_(std::move(networks)),
      quantizer_sets_(number_quantizer_sets(networks_)),
      loaded_(nodes_.size()),
      loaded_quantizers_(kNone),
      retains_(executor.set_retain(true).ok()) {
  order_ = prefix_order(networks_, quantizer_sets_);
}

Sweep::~Sweep() {
  if (retains_) static_cast<void>(executor_.set_retain(false));
}

Result<std::size_t> Sweep::load(std::size_t network) {
  const SweepNetwork& next = networks_[network];
  std::size_t first = nodes_.size();
  if (loaded_quantizers_ != quantizer_sets_[network]) {
    QYOLO_CHECK_OK(executor_.set_activation_quantizers(next.quantizers));
    loaded_quantizers_ = quantizer_sets_[network];
    first = 0;
  }
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    if (loaded_[i] == next.convs[i]) continue;
    executor_.set_weights(nodes_[i], next.convs[i]->weight);
    executor_.set_bias(nodes_[i], next.convs[i]->bias);
    loaded_[i] = next.convs[i];
    first = std::min(first, i);
  }
  return first;
}

Result<const std::vector<std::int64_t>*> Sweep::macs(int height, int width) {
  const auto [entry, added] = macs_from_.try_emplace({height, width});
  if (added) {
    QYOLO_TRY(const auto macs, convolution_macs(graph_, height, width));
    entry->second.assign(nodes_.size() + 1, 0);
    for (std::size_t i = nodes_.size(); i-- > 0;)
      entry->second[i] = entry->second[i + 1] + macs[static_cast<std::size_t>(nodes_[i])];
  }
  return &entry->second;
}

Status Sweep::run(std::span<const std::uint8_t> rgb, int batch, int height, int width,
                  const std::vector<bool>& marked, const OnOutputs& on_outputs) {
  QYOLO_TRY(const std::vector<std::int64_t>* macs_from, macs(height, width));
  bool started = false;
  for (const std::size_t network : order_) {
    if (!marked[network]) continue;
    QYOLO_TRY(const std::size_t changed, load(network));
    const bool resumes = started && retains_;
    // A network equal to the one before it runs its last convolution again, for its outputs.
    const std::size_t first = resumes ? std::min(changed, nodes_.size() - 1) : 0;
    auto outputs =
        resumes ? executor_.resume(nodes_[first]) : executor_.forward(rgb, batch, height, width);
    if (!outputs.ok()) return outputs.error();
    started = true;
    work_.macs_full += batch * macs_from->front();
    work_.macs_run += batch * (*macs_from)[first];
    ++work_.forwards;
    if (resumes && first > 0) ++work_.resumed;
    QYOLO_CHECK_OK(on_outputs(network, std::move(outputs).value()));
  }
  return {};
}

Status Sweep::run(std::span<const std::uint8_t> rgb, int batch, int height, int width,
                  const OnOutputs& on_outputs) {
  return run(rgb, batch, height, width, std::vector<bool>(networks_.size(), true), on_outputs);
}

namespace {

// Cells that are quantized already, and what becomes of them.
struct Group {
  std::vector<std::size_t> cells;  // indices of all cells
  std::vector<SweepNetwork> networks;
  std::vector<std::vector<LayerError>> layers;
  std::vector<std::optional<CalibratedActivations>> activations;
  std::vector<double> seconds;
};

Status run_group(Evaluator& evaluator, std::span<const Cell> cells, Group group,
                 const ImageProgress& progress, SweptCells& swept) {
  if (group.cells.empty()) return {};
  const std::size_t count = group.cells.size();
  std::vector<std::vector<Detection>> detections(count);
  Sweep sweep(evaluator.graph(), evaluator.executor(), std::move(group.networks));
  std::size_t done = 0;
  std::vector<std::size_t> chunks(evaluator.chunk_count());
  std::iota(chunks.begin(), chunks.end(), std::size_t{0});
  QYOLO_CHECK_OK(evaluator.for_each_chunk(
      chunks,
      [&](std::span<const std::uint8_t> rgb, const ImageChunk& chunk,
          const Evaluator::Postprocess& postprocess) -> Status {
        // Post-processing of one network overlaps with the next one's forward.
        std::future<void> previous;
        const auto finish = [&] {
          if (previous.valid()) previous.get();
        };
        const Status ran = sweep.run(
            rgb, static_cast<int>(chunk.images.size()), chunk.height, chunk.width,
            [&](std::size_t network, std::vector<model::HeadOutput> outputs) -> Status {
              finish();
              previous = std::async(std::launch::async, [&, network, raw = std::move(outputs)] {
                const auto found = postprocess(raw);
                detections[network].insert(detections[network].end(), found.begin(), found.end());
              });
              return {};
            });
        finish();
        done += chunk.images.size();
        if (progress) progress(done, evaluator.truth().images.size());
        return ran;
      }));
  swept.work += sweep.work();
  ++swept.passes;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t cell = group.cells[i];
    auto result =
        evaluator.measured(cells[cell], std::move(group.layers[i]), std::move(detections[i]));
    if (result.ok()) {
      result->activations = std::move(group.activations[i]);
      result->seconds.quantize = group.seconds[i];
      result->seconds.total = result->seconds.quantize + result->seconds.metric;
    }
    swept.results[cell] = std::move(result);
  }
  return {};
}

}  // namespace

Result<SweptCells> evaluate_all(Evaluator& evaluator, std::span<const Cell> cells,
                                const ImageProgress& progress, std::int64_t weight_bytes) {
  SweptCells swept;
  swept.results.assign(cells.size(), Result<CellResult>(Error{}));
  Group group;
  auto store = std::make_unique<WeightStore>(evaluator.source(), evaluator.threads());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Clock::time_point start = Clock::now();
    std::optional<CalibratedActivations> activations;
    if (cells[i].activations) {
      auto calibrated = evaluator.calibrate(cells[i]);
      if (!calibrated.ok()) {
        swept.results[i] = calibrated.error();
        continue;
      }
      activations = std::move(calibrated).value();
    }
    auto network = store->network(cells[i], RegionSizes::kCoded);
    if (!network.ok()) {
      swept.results[i] = network.error();
      continue;
    }
    group.cells.push_back(i);
    group.networks.push_back(
        {std::move(network->convs),
         activations ? activations->quantizers() : std::vector<model::ActivationQuantizer>()});
    group.layers.push_back(std::move(network->layers));
    group.activations.push_back(std::move(activations));
    group.seconds.push_back(seconds_since(start));
    if (store->bytes() < weight_bytes) continue;
    QYOLO_CHECK_OK(run_group(evaluator, cells, std::move(group), progress, swept));
    group = {};
    store = std::make_unique<WeightStore>(evaluator.source(), evaluator.threads());
  }
  QYOLO_CHECK_OK(run_group(evaluator, cells, std::move(group), progress, swept));
  return swept;
}

}  // namespace qyolo::harness
