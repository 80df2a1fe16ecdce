// Which layers of a network can be quantized, and which cannot: each convolution quantized alone,
// and all but each, under one cell; measured by AP, by proxies on calibration images, or both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/evaluate/evaluation.h"
#include "harness/run/shared_pieces.h"
#include "harness/search/head_divergence.h"
#include "harness/search/sweep.h"
#include "plots/look.h"
#include "results/sensitivity_record.h"

namespace qyolo::harness {

// One network: with a layer alone quantized, or with all but it, or all.
struct LayerEffect {
  std::optional<double> ap;                  // fraction; where AP was measured
  std::optional<HeadDivergence> divergence;  // from the original network; where proxies were
};

struct LayerSensitivity {
  std::string name;
  std::int64_t weights = 0;
  double sqnr_db = 0;  // of its weights under the cell; infinite if exact
  LayerEffect alone;
  LayerEffect but_this;
};

// Between a proxy and the loss of AP, over the layers quantized alone.
struct RankAgreement {
  std::string proxy;
  std::optional<double> spearman, kendall;
};

struct SensitivityOptions {
  bool by_ap = true;
  std::optional<CalibrationSet> calibration;  // for proxies; none: no proxies
  bool all_but_each = true;
  std::optional<ShareOptions> share;  // what is measured, with other processes and later runs
};

// Cost of one way to measure.
struct SensitivityCost {
  std::int64_t images = 0;  // of each network
  SweepWork work;
  double seconds = 0;
};

struct Sensitivity {
  std::string cell;                      // its label
  std::optional<double> baseline_ap;     // FP32
  LayerEffect all;                       // all layers quantized
  std::vector<LayerSensitivity> layers;  // that the cell quantizes, in network order
  std::vector<RankAgreement> agreement;  // where both were measured
  std::optional<SensitivityCost> ap_cost, proxy_cost;
};

using SensitivityProgress =
    std::function<void(const std::string& stage, std::size_t done, std::size_t total)>;

// Biases stay as they are in the file. Fails on cells that quantize activations, and where the cell
// quantizes nothing.
Result<Sensitivity> measure_sensitivity(Evaluator& evaluator, const EvaluationOptions& evaluation,
                                        const Cell& cell, const SensitivityOptions& options,
                                        const SensitivityProgress& progress = {});

// As results/sensitivity_record.h writes it.
[[nodiscard]] results::SensitivityRecord sensitivity_record(const Sensitivity& sensitivity);
// SVG charts, by file name: one for each measure.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> sensitivity_charts(
    const results::SensitivityRecord& record, const plots::Look& look = {});

}  // namespace qyolo::harness
