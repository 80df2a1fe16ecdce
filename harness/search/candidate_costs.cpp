#include "harness/search/candidate_costs.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "harness/network/calibration_walk.h"
#include "harness/network/weight_store.h"
#include "harness/quant/calibrated.h"

namespace qyolo::harness {
namespace {

// Weights of candidates held at once.
constexpr std::int64_t kWeightBytes = std::int64_t{1} << 30;
// What is measured before it is kept, where it is: an interruption costs at most that.
constexpr std::size_t kKeptLayers = 6;
constexpr int kUnquantizedBits = 16;

// The inputs that the original network gives to convolutions, which calibrated rounding looks at:
// asked for in ascending order, or from the start again. None with rounding to nearest.
class OriginalInputs {
 public:
  OriginalInputs(Evaluator& evaluator, quant::Rounding rounding)
      : evaluator_(evaluator), on_(rounding != quant::Rounding::kNearest) {}

  // Of the convolution of that place among graph.conv_nodes(); valid until the next call.
  Result<std::span<const quant::InputMoments>> of(std::size_t index) {
    if (!on_) return std::span<const quant::InputMoments>();
    const model::Graph& graph = evaluator_.graph();
    if (!walk_ || index < next_) {
      QYOLO_TRY(const RoundingCalibration calibration, evaluator_.source().calibration());
      QYOLO_TRY(
          CalibrationWalk started,
          CalibrationWalk::start(graph, calibration, WalkDetail::kMoments, evaluator_.threads()));
      walk_.emplace(std::move(started));
      next_ = 0;
    }
    const std::vector<int> nodes = graph.conv_nodes();
    for (; next_ < index; ++next_) {
      const model::ConvNode& conv = graph.conv(nodes[next_]);
      QYOLO_CHECK_OK(walk_->set(nodes[next_], conv.weight, conv.bias));
    }
    return walk_->inputs(nodes[index]);
  }

 private:
  Evaluator& evaluator_;
  bool on_;
  std::optional<CalibrationWalk> walk_;
  std::size_t next_ = 0;  // the first convolution whose weights the walk does not have
};

// How a candidate is made to be measured alone: by the quicker rounding and range of their kinds,
// which tell candidates apart no worse.
std::optional<quant::Recipe> sketch_of(const LayerCandidate& candidate) {
  std::optional<quant::Recipe> sketch = candidate.recipe;
  using Ranges = quant::Range::Kind;
  if (!sketch) return sketch;
  quant::SchemeOptions& options = sketch->options;
  if (options.rounding == quant::Rounding::kCoordinate) options.rounding = quant::Rounding::kGptq;
  if (options.range.kind == Ranges::kOutput && sketch->scheme->takes(Ranges::kHmse))
    options.range.kind = Ranges::kHmse;
  return sketch;
}

class CostMeasurement {
 public:
  CostMeasurement(Evaluator& evaluator, quant::Rounding rounding, ProxyMeter& meter,
                  const KeptProxies& kept, std::vector<LayerCandidates>& layers,
                  const ImageProgress& progress)
      : evaluator_(evaluator),
        rounding_(rounding),
        meter_(meter),
        kept_(kept),
        layers_(layers),
        progress_(progress) {}

  // Measures candidates alone in the network, several layers at a time.
  Status measure() {
    const std::size_t count = layers_.size();
    for (LayerCandidates& layer : layers_) choose_measured(layer);
    WeightStore store(evaluator_.source(), evaluator_.threads());
    const std::vector<SharedConv> original = store.originals();
    OriginalInputs inputs(evaluator_, rounding_);
    const std::vector<std::size_t> order = kept_.order(count);
    const std::size_t most = kept_.on() ? kKeptLayers : count;
    for (std::size_t place = 0; place < count;) {
      std::vector<SweepNetwork> networks;
      std::vector<std::size_t> block;
      std::int64_t bytes = 0;
      for (; place < count && block.size() < most && (block.empty() || bytes < kWeightBytes);
           ++place) {
        if (know(layers_[order[place]])) continue;
        QYOLO_CHECK_OK(add_networks(order[place], original, inputs, networks, bytes));
        block.push_back(order[place]);
      }
      if (block.empty()) continue;
      QYOLO_TRY(const auto measured, meter_.measure(original, std::move(networks), progress_));
      std::size_t at = 0;
      for (const std::size_t index : block) {
        for (LayerCandidate& candidate : layers_[index].candidates)
          if (candidate.measured) candidate.divergence = measured[at++];
        tell_unmeasured(layers_[index]);
        QYOLO_CHECK_OK(keep(layers_[index]));
      }
    }
    for (LayerCandidates& layer : layers_) {
      std::erase_if(layer.candidates, [](const LayerCandidate& candidate) {
        return std::ranges::any_of(all_proxies(), [&](Proxy proxy) {
          return !std::isfinite(value_of(proxy, candidate.divergence));
        });
      });
      if (layer.candidates.empty())
        return error("{}: no way to quantize it gives finite outputs", layer.name);
    }
    return {};
  }

 private:
  // A layer's candidates as networks in which it alone is quantized.
  Status add_networks(std::size_t index, const std::vector<SharedConv>& original,
                      OriginalInputs& original_inputs, std::vector<SweepNetwork>& networks,
                      std::int64_t& bytes) {
    const model::ConvNode& conv = evaluator_.graph().conv(evaluator_.graph().conv_nodes()[index]);
    QYOLO_TRY(const auto inputs, original_inputs.of(index));
    const auto orders = quant::rounding_orders(inputs, evaluator_.threads());
    for (LayerCandidate& candidate : layers_[index].candidates) {
      if (!candidate.measured) continue;
      const std::optional<quant::Recipe> sketch = sketch_of(candidate);
      const quant::Recipe* recipe = sketch ? &*sketch : nullptr;
      QYOLO_TRY(QuantizedConv made,
                quantize_conv(conv, recipe, kUnquantizedBits, evaluator_.threads(),
                              recipe != nullptr ? inputs : decltype(inputs)(), orders));
      const quant::WeightError& error = made.layer.error;
      candidate.noise = error.signal > 0 ? error.noise / error.signal : 0;
      bytes +=
          static_cast<std::int64_t>(sizeof(float) * (made.layer.weights.size() + made.bias.size()));
      networks.push_back({original, {}});
      networks.back().convs[index] = std::make_shared<const ConvWeights>(
          ConvWeights{std::move(made.layer.weights), std::move(made.bias)});
    }
    return {};
  }

  [[nodiscard]] static std::string text_of(const LayerCandidates& layer) {
    std::string text = "layer " + layer.name;
    for (const LayerCandidate& candidate : layer.candidates) {
      Cell cell;
      cell.baseline = !candidate.recipe;
      if (candidate.recipe) cell.recipe = *candidate.recipe;
      text += "\n" + (cell.baseline ? "kept" : cell.as_json().dump());
    }
    return text;
  }

  [[nodiscard]] bool know(LayerCandidates& layer) const {
    const auto found = kept_.find(text_of(layer), layer.candidates.size());
    if (!found) return false;
    for (std::size_t i = 0; i < layer.candidates.size(); ++i) {
      layer.candidates[i].divergence = (*found)[i].divergence;
      layer.candidates[i].noise = (*found)[i].weight_noise;
    }
    return true;
  }

  Status keep(const LayerCandidates& layer) const {
    std::vector<KeptProxy> proxies;
    for (const LayerCandidate& candidate : layer.candidates)
      proxies.push_back({candidate.divergence, candidate.noise});
    return kept_.keep(text_of(layer), proxies);
  }

  // Which of a layer's candidates are measured: all that round to nearest; of those that look at
  // their inputs, which are alike, every other one down to where they are nearly exact.
  void choose_measured(LayerCandidates& layer) const {
    if (rounding_ == quant::Rounding::kNearest) return;
    bool exact = false;
    for (std::size_t i = 0; i < layer.candidates.size(); ++i) {
      LayerCandidate& candidate = layer.candidates[i];
      const bool first_exact = !exact && candidate.recipe && candidate.noise <= kNearlyExact;
      candidate.measured = candidate.recipe && (first_exact || (!exact && i % 2 == 0));
      exact = exact || first_exact;
    }
  }

  Evaluator& evaluator_;
  quant::Rounding rounding_;
  ProxyMeter& meter_;
  const KeptProxies& kept_;
  std::vector<LayerCandidates>& layers_;
  const ImageProgress& progress_;
};

}  // namespace

const std::vector<Proxy>& all_proxies() {
  static const std::vector<Proxy> proxies = {Proxy::kHeadError, Proxy::kKl, Proxy::kDetectionLoss};
  return proxies;
}

std::string_view proxy_name(Proxy proxy) {
  switch (proxy) {
    case Proxy::kHeadError:
      return "head error";
    case Proxy::kKl:
      return "KL";
    case Proxy::kDetectionLoss:
      return "detection loss";
  }
  return "";
}

double value_of(Proxy proxy, const HeadDivergence& divergence) {
  switch (proxy) {
    case Proxy::kHeadError:
      return divergence.head_error();
    case Proxy::kKl:
      return divergence.kl();
    case Proxy::kDetectionLoss:
      return divergence.detection_loss();
  }
  return 0;
}

// What the others would come to: of two neighbours' cost by the weight error, both by their
// logarithms; beyond the last one in proportion to it.
void tell_unmeasured(LayerCandidates& layer) {
  std::vector<const LayerCandidate*> known;
  for (const LayerCandidate& candidate : layer.candidates)
    if (candidate.measured && candidate.recipe) known.push_back(&candidate);
  std::ranges::sort(known, {}, &LayerCandidate::estimated_noise);
  for (LayerCandidate& candidate : layer.candidates) {
    if (candidate.measured || known.empty()) continue;
    const double noise = candidate.estimated_noise;
    const auto above = std::ranges::lower_bound(known, noise, {}, &LayerCandidate::estimated_noise);
    const LayerCandidate& near = above == known.end() ? *known.back() : **above;
    const double ratio = near.estimated_noise > 0 ? noise / near.estimated_noise : 0;
    double by = ratio;
    if (above != known.begin() && above != known.end()) {
      const LayerCandidate& below = **(above - 1);
      const double step = near.estimated_noise / below.estimated_noise;
      const double costs = value_of(kCost, near.divergence) / value_of(kCost, below.divergence);
      if (step > 1 && costs > 0 && std::isfinite(costs))
        by = std::pow(ratio, std::log(costs) / std::log(step));
    }
    if (noise > 0) {
      candidate.divergence = near.divergence * by;
    } else {
      candidate.divergence = HeadDivergence();
      candidate.divergence.images = near.divergence.images;
      candidate.divergence.levels = near.divergence.levels;
    }
    candidate.noise = near.noise * ratio;
  }
}

Status measure_costs(Evaluator& evaluator, quant::Rounding rounding, ProxyMeter& meter,
                     const KeptProxies& kept, std::vector<LayerCandidates>& layers,
                     const ImageProgress& progress) {
  return CostMeasurement(evaluator, rounding, meter, kept, layers, progress).measure();
}

}  // namespace qyolo::harness
