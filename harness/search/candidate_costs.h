// What each candidate of each layer costs: alone in the network, on calibration images, against the
// original network's head outputs. Of those that round by their inputs, which are alike, some are
// measured and the others told from these.
#pragma once

#include <string_view>
#include <vector>

#include "common/result.h"
#include "harness/evaluate/evaluation.h"
#include "harness/search/candidates.h"
#include "harness/search/kept_proxies.h"
#include "harness/search/proxies.h"

namespace qyolo::harness {

// Measures of how far a network is from the original.
enum class Proxy { kHeadError, kKl, kDetectionLoss };
[[nodiscard]] const std::vector<Proxy>& all_proxies();
[[nodiscard]] std::string_view proxy_name(Proxy proxy);  // "head error", "KL", "detection loss"
[[nodiscard]] double value_of(Proxy proxy, const HeadDivergence& divergence);

// The one that choices are made by.
inline constexpr Proxy kCost = Proxy::kDetectionLoss;

// The divergences of all candidates, rounded so; removes candidates whose outputs are not finite.
// Fails where a layer has no others. `progress` counts images.
Status measure_costs(Evaluator& evaluator, quant::Rounding rounding, ProxyMeter& meter,
                     const KeptProxies& kept, std::vector<LayerCandidates>& layers,
                     const ImageProgress& progress = {});

// What candidates that are not measured would come to, told from the layer's others.
void tell_unmeasured(LayerCandidates& layer);

}  // namespace qyolo::harness
