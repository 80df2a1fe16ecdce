#include "harness/evaluate/before_activation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

namespace qyolo::harness {
namespace {

// The histogram's bins as values, and what the activation function makes of them.
struct Samples {
  std::vector<float> values, activated;
  std::vector<double> counts;
};

Samples samples_of(const quant::ActivationHistogram& histogram,
                   const std::function<float(float)>& activation) {
  Samples samples;
  const quant::Interval extremes = histogram.extremes();
  for (std::size_t i = 0; i < histogram.bins().size(); ++i) {
    if (histogram.bins()[i] == 0) continue;
    const double centre =
        (static_cast<double>(histogram.first_bin()) + static_cast<double>(i) + 0.5) *
        histogram.width();
    samples.values.push_back(static_cast<float>(std::clamp(centre, extremes.low, extremes.high)));
    samples.activated.push_back(activation(samples.values.back()));
    samples.counts.push_back(static_cast<double>(histogram.bins()[i]));
  }
  return samples;
}

double error_of(const Samples& samples, const quant::ActivationParameters& parameters,
                const std::function<float(float)>& activation) {
  std::array<float, 256> decoded{};
  for (int code = 0; code < 256; ++code)
    decoded[static_cast<std::size_t>(code)] =
        activation(parameters.scale * static_cast<float>(code - parameters.zero_point));
  const float inverse = 1.0F / parameters.scale;
  const auto zero_point = static_cast<float>(parameters.zero_point);
  double sum = 0;
  for (std::size_t i = 0; i < samples.values.size(); ++i) {
    const float code =
        std::clamp(std::nearbyint(samples.values[i] * inverse) + zero_point, 0.0F, 255.0F);
    const auto difference = static_cast<double>(decoded[static_cast<std::size_t>(code)]) -
                            static_cast<double>(samples.activated[i]);
    sum += samples.counts[i] * difference * difference;
  }
  return sum;
}

// Whether everything below `end` becomes, by the activation function, nearly what `end` does.
bool cuts_little(const Samples& samples, double end, const std::function<float(float)>& activation,
                 float tolerance) {
  const auto limit = static_cast<float>(end);
  const float activated = activation(limit);
  for (std::size_t i = 0; i < samples.values.size() && samples.values[i] < limit; ++i)
    if (std::abs(samples.activated[i] - activated) > tolerance) return false;
  return true;
}

}  // namespace

quant::ActivationParameters parameters_before(const quant::ActivationHistogram& histogram,
                                              const std::function<float(float)>& activation,
                                              float step) {
  constexpr int kParts = 100;
  const Samples samples = samples_of(histogram, activation);
  const double low = std::min(histogram.extremes().low, 0.0);
  const double high = std::max(histogram.extremes().high, 0.0);
  int best_low = kParts, best_high = kParts;
  int least_low = kParts;
  while (least_low > 0 &&
         cuts_little(samples, low * (least_low - 1) / kParts, activation, step / 2))
    --least_low;
  const auto parameters = [&](int i, int j) {
    return quant::activation_parameters({low * i / kParts, high * j / kParts}, 8);
  };
  double best = error_of(samples, parameters(best_low, best_high), activation);
  const auto search = [&](int& chosen, int least, const auto& with) {
    bool changed = false;
    for (int part = kParts; part >= least; --part) {
      const double found = error_of(samples, with(part), activation);
      if (!(found < best)) continue;
      best = found;
      chosen = part;
      changed = true;
    }
    return changed;
  };
  constexpr int kMostTurns = 10;
  for (int turn = 0; turn < kMostTurns; ++turn) {
    const bool low_moved =
        search(best_low, least_low, [&](int i) { return parameters(i, best_high); });
    const bool high_moved = search(best_high, 0, [&](int j) { return parameters(best_low, j); });
    if (!low_moved && !high_moved) break;
  }
  return parameters(best_low, best_high);
}

TwinGraph with_twins(const model::Graph& graph, const std::set<int>& convolutions) {
  TwinGraph made{graph, {}};
  for (const int node : convolutions) {
    model::Node twin = graph.nodes[static_cast<std::size_t>(node)];
    auto& conv = std::get<model::ConvNode>(twin.op);
    conv.activation = model::Activation::kIdentity;
    conv.name += ".before";
    made.twin_of[node] = static_cast<int>(made.graph.nodes.size());
    made.graph.nodes.push_back(std::move(twin));
  }
  return made;
}

}  // namespace qyolo::harness
