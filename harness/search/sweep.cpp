#include "harness/search/sweep.h"

#include <algorithm>
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
    const std::size_t quantizers = loaded_quantizers_;
    QYOLO_TRY(const std::size_t changed, load(network));
    // Other quantizers make other maps.
    const bool resumes = started && retains_ && quantizers == loaded_quantizers_;
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

}  // namespace qyolo::harness
