#include "harness/search/sensitivity.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

#include "common/clock.h"
#include "harness/search/kept_proxies.h"
#include "harness/search/proxies.h"
#include "metrics/rank_correlation.h"

namespace qyolo::harness {
namespace {

// The networks to measure: the original, all quantized, each layer alone, all but each.
class Networks {
 public:
  Networks(std::vector<SharedConv> original, std::vector<SharedConv> quantized,
           const std::vector<std::size_t>& convs, bool all_but_each)
      : layers_(convs.size()) {
    networks_.push_back({original, {}});
    networks_.push_back({quantized, {}});
    for (const std::size_t conv : convs) {
      networks_.push_back({original, {}});
      networks_.back().convs[conv] = quantized[conv];
    }
    for (std::size_t i = 0; all_but_each && i < convs.size(); ++i) {
      networks_.push_back({quantized, {}});
      networks_.back().convs[convs[i]] = original[convs[i]];
    }
  }

  [[nodiscard]] const std::vector<SweepNetwork>& all() const { return networks_; }

  // `set` gets the effect and the network that it is of.
  template <class Set>
  void assign(Sensitivity& sensitivity, const Set& set) const {
    set(sensitivity.all, std::size_t{1});
    for (std::size_t i = 0; i < layers_; ++i) {
      set(sensitivity.layers[i].alone, 2 + i);
      if (networks_.size() > 2 + layers_) set(sensitivity.layers[i].but_this, 2 + layers_ + i);
    }
  }

 private:
  std::size_t layers_;
  std::vector<SweepNetwork> networks_;
};

// Every network against the original, in blocks that are kept where others are to find them.
Result<std::vector<HeadDivergence>> measure_proxies(ProxyMeter& meter, const Networks& networks,
                                                    const Cell& cell, const KeptProxies& kept,
                                                    const ImageProgress& report) {
  constexpr std::size_t kMost = 32;  // networks
  const std::vector<SweepNetwork>& all = networks.all();
  const std::size_t size = kept.on() ? kMost : all.size();
  const std::size_t blocks = (all.size() + size - 1) / size;
  std::vector<HeadDivergence> measured(all.size());
  for (const std::size_t block : kept.order(blocks)) {
    const std::size_t begin = block * size, end = std::min(all.size(), begin + size);
    const std::string text = fmt::format("sensitivity {} networks {} to {} of {}",
                                         cell.as_json().dump(), begin, end, all.size());
    if (const auto found = kept.find(text, end - begin)) {
      for (std::size_t i = begin; i < end; ++i) measured[i] = (*found)[i - begin].divergence;
      continue;
    }
    QYOLO_TRY(const auto some, meter.measure(all.front().convs,
                                             {all.begin() + static_cast<std::ptrdiff_t>(begin),
                                              all.begin() + static_cast<std::ptrdiff_t>(end)},
                                             report));
    std::ranges::copy(some, measured.begin() + static_cast<std::ptrdiff_t>(begin));
    std::vector<KeptProxy> proxies;
    for (const HeadDivergence& divergence : some) proxies.push_back({divergence, 0});
    QYOLO_CHECK_OK(kept.keep(text, proxies));
  }
  return measured;
}

// AP of every network, in one pass over the images.
Result<std::vector<double>> measure_ap(Evaluator& evaluator, const Networks& networks,
                                       const Cell& cell, const std::optional<ShareOptions>& share,
                                       SensitivityCost& cost, const SensitivityProgress& progress) {
  const Clock::time_point start = Clock::now();
  const std::size_t count = networks.all().size();
  Sweep sweep(evaluator.graph(), evaluator.executor(), networks.all());
  std::vector<std::size_t> chunks(evaluator.chunk_count());
  std::iota(chunks.begin(), chunks.end(), std::size_t{0});
  const std::size_t images = evaluator.truth().images.size();
  std::size_t done = 0;
  const auto run = [&](std::span<const std::size_t> some) -> Result<SharedPieces::Detections> {
    SharedPieces::Detections detections(count);
    const auto run_chunk = [&](std::span<const std::uint8_t> rgb, const ImageChunk& chunk,
                               const Evaluator::Postprocess& postprocess) {
      const Status ran =
          sweep.run(rgb, static_cast<int>(chunk.images.size()), chunk.height, chunk.width,
                    [&](std::size_t i, const std::vector<model::HeadOutput>& outputs) {
                      detections[i].push_back(postprocess(outputs));
                      return Status();
                    });
      done += chunk.images.size();
      if (progress) progress("AP", done, images);
      return ran;
    };
    QYOLO_CHECK_OK(evaluator.for_each_chunk(some, run_chunk));
    return detections;
  };
  SharedPieces::Detections detections;
  if (share) {
    SharedPieces pieces(*share, evaluator);
    QYOLO_TRY(detections, pieces.gather(cell, "sensitivity", count, chunks, run));
  } else {
    QYOLO_TRY(detections, run(chunks));
  }
  std::vector<double> ap;
  metrics::CocoParams params;
  params.threads = evaluator.threads();
  for (const auto& of_network : detections) {
    std::vector<Detection> found;
    for (const auto& of_chunk : of_network)
      found.insert(found.end(), of_chunk.begin(), of_chunk.end());
    QYOLO_TRY(const auto evaluation, metrics::evaluate_coco(evaluator.truth(), found, params));
    ap.push_back(evaluation.stats()[0]);
  }
  cost = {static_cast<std::int64_t>(images), sweep.work(), seconds_since(start)};
  return ap;
}

void compare_ranks(Sensitivity& sensitivity) {
  std::vector<double> lost;
  for (const LayerSensitivity& layer : sensitivity.layers)
    lost.push_back(*sensitivity.baseline_ap - *layer.alone.ap);
  const auto add = [&](const char* name, const auto& value) {
    std::vector<double> values;
    for (const LayerSensitivity& layer : sensitivity.layers) values.push_back(value(layer));
    sensitivity.agreement.push_back(
        {name, metrics::spearman(values, lost), metrics::kendall(values, lost)});
  };
  using Layer = const LayerSensitivity&;
  add("head error", [](Layer layer) { return layer.alone.divergence->head_error(); });
  add("KL", [](Layer layer) { return layer.alone.divergence->kl(); });
  add("detection loss", [](Layer layer) { return layer.alone.divergence->detection_loss(); });
  add("weight SQNR, negative", [](Layer layer) { return -layer.sqnr_db; });
}

}  // namespace

Result<Sensitivity> measure_sensitivity(Evaluator& evaluator, const EvaluationOptions& evaluation,
                                        const Cell& cell, const SensitivityOptions& options,
                                        const SensitivityProgress& progress) {
  if (cell.activations) return error("sensitivity is of weights; expected no activation bits");
  if (cell.baseline || evaluator.source().artifact() != nullptr)
    return error("sensitivity needs a scheme, and a checkpoint that is not quantized yet");
  const model::Graph& graph = evaluator.graph();
  const std::vector<int> nodes = graph.conv_nodes();
  WeightStore store(evaluator.source(), evaluator.threads());
  QYOLO_TRY(CellNetwork made, store.network(cell));
  Sensitivity sensitivity;
  sensitivity.cell = cell.label();
  const std::vector<SharedConv> original = store.originals();
  std::vector<std::size_t> convs;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const quant::WeightError error =
        quant::weight_error(original[i]->weight, made.convs[i]->weight);
    // Biases are those of the file, so that nothing but weights differs.
    const bool changed = error.noise > 0;
    made.convs[i] = changed ? std::make_shared<const ConvWeights>(
                                  ConvWeights{made.convs[i]->weight, original[i]->bias})
                            : original[i];
    const quant::Recipe* recipe =
        cell.network.fold ? cell.recipe_for(traits_of(graph.conv(nodes[i]))) : &cell.recipe;
    if (recipe == nullptr) {
      made.convs[i] = original[i];
      continue;
    }
    convs.push_back(i);
    sensitivity.layers.push_back(
        {graph.conv(nodes[i]).name, error.weights, error.sqnr_db(), {}, {}});
  }
  if (convs.empty()) return error("{}: the rules keep every layer", cell.label());
  const Networks networks(std::move(original), std::move(made.convs), convs, options.all_but_each);
  if (options.calibration) {
    QYOLO_TRY(ProxyMeter meter, ProxyMeter::open(graph, evaluator.executor(), *options.calibration,
                                                 evaluation, evaluator.threads()));
    const auto report = [&](std::size_t done, std::size_t total) {
      if (progress) progress("proxies", done, total);
    };
    QYOLO_TRY(const KeptProxies kept,
              KeptProxies::open(options.share, evaluator, *options.calibration));
    QYOLO_TRY(const auto measured, measure_proxies(meter, networks, cell, kept, report));
    networks.assign(sensitivity, [&](LayerEffect& effect, std::size_t network) {
      effect.divergence = measured[network];
    });
    sensitivity.proxy_cost = {static_cast<std::int64_t>(meter.image_count()), meter.work(),
                              meter.seconds()};
  }
  if (options.by_ap) {
    SensitivityCost cost;
    QYOLO_TRY(const auto ap, measure_ap(evaluator, networks, cell, options.share, cost, progress));
    sensitivity.baseline_ap = ap[0];
    networks.assign(sensitivity,
                    [&](LayerEffect& effect, std::size_t network) { effect.ap = ap[network]; });
    sensitivity.ap_cost = cost;
  }
  if (options.by_ap && options.calibration) compare_ranks(sensitivity);
  return sensitivity;
}

}  // namespace qyolo::harness
