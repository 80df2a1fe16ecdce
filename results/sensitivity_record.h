// The document of `sensitivity`: what each layer of a network loses. docs/records.md describes
// every key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "results/renderers.h"

namespace qyolo::results {

// One network: with a layer alone quantized, or with all but it, or all.
struct LayerEffectRecord {
  std::optional<double> ap;  // fraction; where AP was measured
  // From the original network's outputs, where proxies were measured.
  std::optional<double> head_error, kl, box_loss, detection_loss;
};

struct LayerSensitivityRecord {
  std::string name;
  std::int64_t weights = 0;
  std::optional<double> sqnr_db;  // of its weights; none: exact
  LayerEffectRecord alone, but_this;
};

// Between a proxy and the loss of AP, over the layers quantized alone.
struct RankAgreementRecord {
  std::string proxy;
  std::optional<double> spearman, kendall;
};

struct SensitivityCostRecord {
  std::int64_t images = 0;  // of each network
  std::int64_t forwards = 0;
  std::int64_t macs = 0;
  double macs_saved_share = 0;  // by shared prefixes
  double seconds = 0;
};

struct SensitivityRecord {
  std::string model, dataset;         // names, empty in records of earlier versions
  std::string cell;                   // its label
  std::optional<double> baseline_ap;  // FP32
  LayerEffectRecord all;
  std::vector<LayerSensitivityRecord> layers;  // in network order
  std::vector<RankAgreementRecord> agreement;
  std::optional<SensitivityCostRecord> ap_cost, proxy_cost;

  // Points of AP that the layer alone loses, and that all but it gain on all.
  [[nodiscard]] std::optional<double> lost(const LayerSensitivityRecord& layer) const;
  [[nodiscard]] std::optional<double> gained(const LayerSensitivityRecord& layer) const;
};

[[nodiscard]] OrderedJson sensitivity_json(const SensitivityRecord& record);
Result<SensitivityRecord> read_sensitivity(const Json& document, const std::string& place);

// Markdown, from the most sensitive layer on, by AP where it was measured; CSV in network order.
[[nodiscard]] std::string sensitivity_text(const SensitivityRecord& record);
[[nodiscard]] std::string sensitivity_csv(const SensitivityRecord& record);
[[nodiscard]] Renderers renderers_of(const SensitivityRecord& record);

}  // namespace qyolo::results
