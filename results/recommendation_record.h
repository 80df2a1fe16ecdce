// The document of `recommend`: which recipe each layer gets, what was tried on the way, and what it
// took. docs/records.md describes every key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "results/interval_record.h"
#include "results/judged_record.h"
#include "results/renderers.h"

namespace qyolo::results {

// On images that took no part in the choice.
struct ConfirmationRecord {
  std::int64_t images = 0;
  double baseline_ap = 0, ap = 0;
  std::optional<IntervalRecord> delta_ap;
  std::string verdict;
};

// A network whose AP was measured.
struct TriedRecord {
  std::string name;  // "hybrid by KL", "pwlq 4-bit filter"
  std::int64_t bytes = 0;
  double bits_per_weight = 0;
  std::optional<double> ap;                // none where it was stopped early
  std::int64_t images = 0;                 // that it ran on
  std::optional<IntervalRecord> delta_ap;  // from FP32, on these images
  bool holds = false;                      // the promise
  // Hybrids: the measure that chose it, what it predicts, and the least of any choice of that size.
  std::optional<std::string> proxy;
  std::optional<double> cost, cost_lower_bound;
  std::vector<std::string> lossy_classes;  // that lose more than they may, most lost first
  // Where the latency is bounded: of one image; true: more than it may take, so that AP was not
  // measured.
  std::optional<double> latency_ms;
  std::optional<bool> too_slow;
  std::optional<std::string> verdict;  // of one that was not stopped
  std::optional<ConfirmationRecord> confirmed;
  OrderedJson cell;  // as an experiment's matrix spells it
};

struct LayerCandidateRecord {
  std::string recipe;  // "pwlq 4-bit filter", "kept"
  std::int64_t bytes = 0;
  double weight_noise = 0;  // squared weight error over squared weights
  // Of the network's outputs with this layer alone quantized so; none where not finite.
  std::optional<double> head_error, kl, detection_loss;
  std::optional<bool> estimated;  // true: these are told from the layer's other candidates
  // Where layers are chosen by their latency: true: computed in integers; of its convolution.
  std::optional<bool> integers;
  std::optional<double> latency_ms;

  // By the name of the measure, "head error", "KL", "detection loss"; infinite where there is none.
  [[nodiscard]] double cost(std::string_view proxy) const;
};

struct LayerCandidatesRecord {
  std::string name;
  std::int64_t weights = 0;
  std::optional<std::size_t> chosen;             // by the recommended hybrid; below candidates
  std::vector<LayerCandidateRecord> candidates;  // sizes ascending
};

// What one image may take, and the arithmetic that follows from it.
struct LatencyBoundRecord {
  double at_most_ms = 0;
  std::int64_t height = 0, width = 0;  // of the input, pixels
  std::int64_t threads = 0;
  std::string arithmetic;  // "fp32", "bf16", "int8"
  struct Measured {
    std::string precision;
    double latency_ms = 0;  // the median
  };
  std::vector<Measured> measured;
};

struct RecommendationWork {
  std::int64_t tensors_quantized = 0;
  std::int64_t uniforms_compared = 0;  // by the costs of their layers
  double candidate_seconds = 0;
  std::int64_t calibration_images = 0;
  std::int64_t proxy_forwards = 0, proxy_macs = 0;
  double proxy_macs_saved_share = 0, proxy_seconds = 0;
  std::int64_t images_run = 0, images_full = 0;  // of the networks tried
  double seconds = 0;
};

struct RecommendationRecord {
  std::int64_t images = 0;  // that the choice was made on
  double baseline_ap = 0;
  std::int64_t baseline_bytes = 0;
  // Asked for: one of these.
  std::optional<std::int64_t> budget_bytes;
  std::optional<double> tolerance;                         // of AP, a fraction
  std::optional<std::string> class_tolerance;              // in words
  std::optional<LatencyBoundRecord> latency;               // beside it
  std::optional<TriedRecord> hybrid, uniform;              // recommended
  std::vector<TriedRecord> hybrids_tried, uniforms_tried;  // in the order of the search
  std::vector<LayerCandidatesRecord> layers;
  RecommendationWork work;
  std::vector<JudgedRecord> judged;  // what is recommended, in other runtimes; may be empty
};

[[nodiscard]] OrderedJson recommendation_json(const RecommendationRecord& record);
Result<RecommendationRecord> read_recommendation(const Json& document, const std::string& place);

// Markdown: the verdict first, then what was tried, then layers.
[[nodiscard]] std::string recommendation_text(const RecommendationRecord& record);
// One line per layer with what the hybrid chose, unrounded.
[[nodiscard]] std::string recommendation_csv(const RecommendationRecord& record);
[[nodiscard]] Renderers renderers_of(const RecommendationRecord& record);

}  // namespace qyolo::results
