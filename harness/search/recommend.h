// Finds how to quantize each layer of a network so that a promise holds: at most so much AP lost,
// in as few bytes as possible; or as much AP as possible, in at most so many bytes.
//
//  1. Candidates: of all schemes, widths and granularities those that are worth measuring, layer by
//     layer (candidates.h).
//  2. Costs: each candidate alone in the network, on calibration images, against the original
//     network's head outputs (proxies.h). The cost of a network is taken as the sum of its layers'.
//  3. Solver: the cheapest choice within a budget (knapsack.h).
//  4. Verification: AP is measured, with the paired interval of its difference from FP32; for a
//     tolerance the budget is moved along the solver's curve until the smallest network is found
//     whose promise holds. Networks that clearly do not hold it are stopped early (racing.h).
// Beside it the best uniform choice: one recipe for all layers, which is simpler to roll out. Its
// cost is predicted from its layers' weight errors, each as the errors of 2 cost in that layer, and
// the most promising are verified as in 4.
//
// With a bound of the latency the first arithmetic of FP32, BF16 and INT8 is taken whose network
// keeps it. INT8 is chosen layer by layer: symmetric weights by filter computed in integers, or any
// other recipe computed in floating point, by what the layer's convolution takes in each
// (timed_knapsack.h); the head stays in floating point. A hybrid is timed beside the network that
// is all integers, and its latency is what it takes for each of that one's milliseconds. What 8
// bits of a layer's inputs cost is told from the layer's sensitivity to errors of its weights, so
// that all layers together come to what is measured. Networks are timed before their AP is
// measured, and AP is that of their arithmetic.
//
// Choosing among networks by AP on some images, and stating the winner's interval on the same
// images, favours it: some are held out from the choice, and say what it is worth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "harness/bench/arithmetic_times.h"
#include "harness/cell/experiment.h"
#include "harness/cell/tolerance.h"
#include "harness/engine/precision.h"
#include "harness/evaluate/evaluation.h"
#include "harness/search/candidate_costs.h"
#include "harness/search/candidates.h"
#include "harness/search/knapsack.h"
#include "harness/search/racing.h"
#include "harness/search/sweep.h"
#include "results/recommendation_record.h"

namespace qyolo::harness {

struct LatencyBound {
  double milliseconds = 0;  // that one image may take: one forward of batch 1 at the median
  // Times the network on an input of that size, as time_arithmetics() does.
  std::function<Result<MeasuredArithmetics>(
      const LatencyInput& input, int threads,
      const std::function<void(std::size_t done, std::size_t total)>& progress)>
      measure;
};

struct RecommendOptions {
  // One of the three.
  std::optional<ApAmount> tolerance;
  std::optional<std::int64_t> max_bytes;
  // All that is stored for the conv weights, over their number.
  std::optional<double> bits_per_weight;
  // With a tolerance: no class may lose more AP than that, as measured.
  std::optional<ApAmount> class_tolerance;
  // Beside it. Needs evaluators of other arithmetics (ChoiceEvaluators::in).
  std::optional<LatencyBound> latency;

  CalibrationSet calibration;
  // Of what is quantized. Calibrated rounding needs an evaluator whose configuration names the
  // calibration set.
  quant::Rounding rounding = quant::Rounding::kCoordinate;
  UncertaintyOptions uncertainty;             // its tolerance is not looked at
  std::vector<const quant::Scheme*> schemes;  // that layers may be quantized by; empty: all
  bool coded_regions = false;
  bool uniform = true;  // look for the best uniform choice, too
  // Of the calibration set's images, those that networks are compared on; 0: all. (Rounding takes
  // all of them.)
  int proxy_images = 16;
  std::size_t most_candidates = 10;  // per layer; rounded to nearest, with bias correction as many
  int most_evaluations = 16;         // of hybrids
  // Where what is measured is kept, for a later run of the same search, and for several processes
  // that run it at once and share the proxies and the images of its trials.
  std::optional<ShareOptions> share;
};

// How a network does on images that took no part in its choice.
struct Confirmation {
  std::size_t images = 0;
  double baseline_ap = 0, ap = 0;
  metrics::PairedDifference difference;  // from FP32, judged by the same tolerance
};

// A network whose AP was measured.
struct Tried {
  Cell cell;
  std::int64_t bytes = 0;
  double bits_per_weight = 0;        // all that is stored for the conv weights, kept ones as well
  std::vector<std::size_t> choices;  // hybrids: a candidate of each layer
  std::vector<std::string> lossy_classes;  // that lose more than they may, most lost first
  std::optional<Proxy> proxy;              // hybrids: what chose it
  double cost = 0;                         // predicted, in the unit of the proxy
  double lower_bound = 0;                  // of the cost of any choice of that budget
  std::optional<double> milliseconds;      // of one image, where the latency is bounded
  bool too_slow = false;                   // and so its AP was not measured
  Trial trial;
  bool holds = false;                        // the promise
  std::optional<Confirmation> confirmation;  // of what is recommended, and of hybrids that hold

  [[nodiscard]] double ap() const;  // 0 where the trial was stopped
};

// What the latency was bounded by, and the arithmetic that follows from it.
struct LatencyFound {
  double milliseconds = 0;  // at most
  LatencyInput input;
  int threads = 0;
  std::vector<ArithmeticTimes> times;
  std::function<Result<double>(engine::Precision)> again;  // of MeasuredArithmetics
  engine::Precision arithmetic = engine::Precision::kFp32;
};

struct Recommendation {
  std::size_t images = 0;  // that the choice was made on
  double baseline_ap = 0;
  std::int64_t baseline_bytes = 0;
  double tolerance = 0;                // fraction of AP; 1 for a budget
  std::optional<std::int64_t> budget;  // bytes
  std::optional<ApAmount> class_tolerance;
  std::optional<LatencyFound> latency;
  std::vector<LayerCandidates> layers;
  std::optional<Proxy> proxy;         // what costs are
  std::vector<Tried> hybrids;         // in the order of the search
  std::optional<std::size_t> hybrid;  // the one recommended
  std::vector<Tried> uniforms;
  std::optional<std::size_t> uniform;

  // What it took.
  std::size_t tensors_tried = 0;
  std::size_t uniforms_compared = 0;  // by predicted cost
  double candidate_seconds = 0;
  std::size_t calibration_images = 0;
  SweepWork proxy_work;
  double proxy_seconds = 0;
  std::int64_t images_run = 0, images_full = 0;  // of the trials
  double seconds = 0;
};

// Told what happens; `stage` names it, done and total count its steps.
using RecommendProgress =
    std::function<void(const std::string& stage, std::size_t done, std::size_t total)>;
using OnTried = std::function<void(const Tried& tried)>;

// An evaluator of the images to choose on, and one of those to confirm on, in FP32.
struct ChoiceEvaluators {
  std::unique_ptr<Evaluator> choice;
  std::unique_ptr<Evaluator> confirmation;  // none: nothing is held out, or too few would be
  // The same in another arithmetic.
  std::function<Result<ChoiceEvaluators>(engine::Precision)> in;
};
inline constexpr double kHeldOut = 1.0 / 3;          // unless it is said otherwise
inline constexpr std::size_t kLeastConfirming = 50;  // images
// Holds out that fraction of the dataset's images; 0: none. `in`: executors of other arithmetics;
// none: there are none.
using ExecutorsIn = std::function<Result<ExecutorFactory>(engine::Precision)>;
Result<ChoiceEvaluators> open_for_choice(EvaluatorConfig config, const ExecutorFactory& factory,
                                         double held_out, const ExecutorsIn& in = {});

Result<Recommendation> recommend(const ChoiceEvaluators& evaluators,
                                 const RecommendOptions& options,
                                 const RecommendProgress& progress = {},
                                 const OnTried& on_tried = {});

// What was found, to be run: on the data of `config`, without the latency pass.
[[nodiscard]] Experiment recommended_experiment(const Recommendation& recommendation,
                                                const EvaluatorConfig& config);

// "hybrid by KL", "pwlq 4-bit filter".
[[nodiscard]] std::string name_of(const Tried& tried);
// "holds"; else "does not hold" or "undecided", by the rule of metrics/verdict.h.
[[nodiscard]] std::string_view standing_of(const Tried& tried);
// All that was measured, as results/recommendation_record.h writes it: what was tried, and every
// candidate of every layer.
[[nodiscard]] results::RecommendationRecord recommendation_record(
    const Recommendation& recommendation);

}  // namespace qyolo::harness
