#include "harness/search/recommend.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "common/clock.h"
#include "harness/host/interleaved.h"
#include "harness/network/memory_account.h"
#include "harness/network/weight_store.h"
#include "harness/search/hybrid_cell.h"
#include "harness/search/kept_proxies.h"
#include "harness/search/proxies.h"
#include "harness/search/timed_knapsack.h"
#include "metrics/statistics.h"
#include "metrics/verdict.h"

namespace qyolo::harness {
namespace {

// Networks whose sizes differ by less than this share are not told apart: hybrids, uniform ones.
constexpr double kFinest = 0.012, kFinestUniform = 0.03;
constexpr double kInside = 0.15;          // of a bracket: what is nearer to its ends tells little
constexpr double kFirstBits = 2.5;        // per weight: where the search for a tolerance begins
constexpr std::size_t kMostUniforms = 4;  // tried for a budget
constexpr int kTimedRounds = 9;           // forwards of a network, for its latency
constexpr int kMostTooSlow = 4;           // hybrids of one budget

quant::LayerMatch of_head() {
  quant::LayerMatch match;
  match.head = true;
  return match;
}

class Recommender {
 public:
  Recommender(const ChoiceEvaluators& evaluators, const RecommendOptions& options,
              const RecommendProgress& progress, const OnTried& on_tried)
      : evaluators_(evaluators),
        evaluator_(*evaluators.choice),
        trying_(evaluators.choice.get()),
        confirming_(evaluators.confirmation.get()),
        evaluation_(evaluator_.options()),
        options_(options),
        progress_(progress),
        on_tried_(on_tried) {}

  Result<Recommendation> run() {
    const Clock::time_point start = Clock::now();
    CalibrationSet compared = options_.calibration;
    if (options_.proxy_images > 0 &&
        (compared.limit == 0 || compared.limit > options_.proxy_images))
      compared.limit = options_.proxy_images;
    QYOLO_TRY(meter_, ProxyMeter::open(evaluator_.graph(), evaluator_.executor(), compared,
                                       evaluation_, evaluator_.threads()));
    QYOLO_TRY(kept_, KeptProxies::open(options_.share, evaluator_, compared));
    QYOLO_CHECK_OK(choose_arithmetic());
    QYOLO_TRY(trials_, Trials::open(*trying_, options_.uncertainty, images("FP32"), options_.share,
                                    trying_ == &evaluator_ ? nullptr : &evaluator_));
    result_.images = evaluator_.truth().images.size();
    result_.baseline_ap = trials_->baseline().evaluation.stats()[0];
    result_.baseline_bytes = trials_->baseline().memory.true_bytes();
    if (!(result_.baseline_ap > 0))
      return error("the FP32 network has no AP on these images: nothing can be promised");
    result_.proxy = kCost;
    set_goal();
    trials_->set_tolerance(result_.tolerance);
    QYOLO_TRY(CandidateSearch search,
              find_candidates(evaluator_.source(), candidate_options(), steps("candidates")));
    result_.layers = std::move(search.layers);
    result_.tensors_tried = search.tried;
    result_.candidate_seconds = search.seconds;
    QYOLO_CHECK_OK(check_budget());
    QYOLO_CHECK_OK(measure_costs(evaluator_, options_.rounding, *meter_, *kept_, result_.layers,
                                 images("proxies")));
    if (in_integers()) {
      QYOLO_TRY(search.uniform, add_integer_candidates());
    }
    QYOLO_CHECK_OK(result_.budget ? search_budget() : search_tolerance());
    if (options_.uniform) QYOLO_CHECK_OK(find_uniform(std::move(search.uniform)));
    QYOLO_CHECK_OK(confirm());
    result_.calibration_images = meter_->image_count();
    result_.proxy_work = meter_->work();
    result_.proxy_seconds = meter_->seconds();
    result_.images_run = trials_->images_run();
    result_.images_full = trials_->images_full();
    result_.seconds = seconds_since(start);
    return std::move(result_);
  }

 private:
  // --- the goal ---

  void set_goal() {
    result_.tolerance = options_.tolerance ? options_.tolerance->fraction(result_.baseline_ap) : 1;
    result_.class_tolerance = options_.class_tolerance;
    if (options_.max_bytes) result_.budget = options_.max_bytes;
    if (options_.bits_per_weight) {
      result_.budget = static_cast<std::int64_t>(
          static_cast<double>(evaluator_.graph().conv_weights()) * *options_.bits_per_weight / 8 +
          static_cast<double>(bias_bytes(evaluator_.graph())));
    }
  }

  [[nodiscard]] bool holds(const Tried& tried) const {
    if (result_.budget) return tried.bytes <= *result_.budget;
    return tried.trial.result &&
           metrics::decide(tried.trial.difference) == metrics::Decision::kWithin &&
           tried.lossy_classes.empty();
  }

  // Classes that lose more AP than any one class may, by name, the one that loses most first.
  [[nodiscard]] std::vector<std::string> lossy_classes(const Trial& trial) const {
    if (!options_.class_tolerance || !trial.result) return {};
    const metrics::CocoEvaluation& baseline = trials_->baseline().evaluation;
    std::vector<std::pair<double, std::string>> lossy;
    for (const metrics::ClassDifference& lost : trial.difference.classes) {
      const auto found = std::ranges::find(baseline.category_ids, lost.category_id);
      if (!lost.ap || found == baseline.category_ids.end()) continue;
      const auto k = static_cast<int>(found - baseline.category_ids.begin());
      const double allowed =
          options_.class_tolerance->fraction(baseline.average_precision(-1, 0, 100, k));
      if (-lost.ap->value > allowed)
        lossy.emplace_back(lost.ap->value, category_name(lost.category_id));
    }
    std::ranges::sort(lossy);
    std::vector<std::string> names;
    for (auto& [change, name] : lossy) names.push_back(std::move(name));
    return names;
  }

  [[nodiscard]] std::string category_name(std::int64_t id) const {
    const auto& categories = evaluator_.truth().categories;
    const auto found = std::ranges::find(categories, id, &Category::id);
    return found == categories.end() ? std::to_string(id) : found->name;
  }

  [[nodiscard]] Status check_budget() const {
    std::int64_t smallest = bias_bytes(evaluator_.graph());
    for (const LayerCandidates& layer : result_.layers)
      smallest += std::ranges::min_element(layer.candidates, {}, &LayerCandidate::bytes)->bytes;
    if (result_.budget && smallest > *result_.budget) {
      return error("even the smallest choices take {} bytes, more than {}", smallest,
                   *result_.budget);
    }
    return {};
  }

  // --- the latency ---

  [[nodiscard]] bool in_integers() const {
    return result_.latency && result_.latency->arithmetic == engine::Precision::kInt8;
  }

  // The first arithmetic that keeps the bound, and the evaluators that compute in it.
  Status choose_arithmetic() {
    if (!options_.latency) return {};
    LatencyFound& found = result_.latency.emplace();
    found.milliseconds = options_.latency->milliseconds;
    found.input = evaluator_.latency_input();
    found.threads = evaluator_.threads();
    QYOLO_TRY(MeasuredArithmetics measured,
              options_.latency->measure(found.input, found.threads, steps("latency")));
    found.times = std::move(measured.times);
    found.again = std::move(measured.again);
    const auto keeps = std::ranges::find_if(found.times, [&](const ArithmeticTimes& one) {
      return one.milliseconds <= found.milliseconds;
    });
    if (keeps == found.times.end()) {
      std::string all;
      for (const ArithmeticTimes& one : found.times) {
        all += fmt::format("{}{} {:.4g} ms", all.empty() ? "" : ", ",
                           engine::precision_name(one.precision), one.milliseconds);
      }
      return error("no network keeps {:.4g} ms on this host: an image of {} x {} takes {}",
                   found.milliseconds, found.input.width, found.input.height, all);
    }
    found.arithmetic = keeps->precision;
    if (found.arithmetic == engine::Precision::kFp32) return {};
    QYOLO_TRY(others_, evaluators_.in(found.arithmetic));
    trying_ = others_.choice.get();
    confirming_ = others_.confirmation.get();
    return {};
  }

  [[nodiscard]] const ArithmeticTimes& times_of(engine::Precision precision) const {
    return *std::ranges::find(result_.latency->times, precision, &ArithmeticTimes::precision);
  }

  // Beside each layer's candidates, which compute in floating point, those that compute in
  // integers; with what each takes. Gives the uniform choices of these.
  Result<std::vector<UniformCandidate>> add_integer_candidates() {
    CandidateOptions options = candidate_options();
    QYOLO_TRY(const quant::Scheme* symmetric, quant::find_scheme("symmetric"));
    options.schemes = {symmetric};
    options.granularities = {"filter"};
    options.coded_regions = false;
    QYOLO_TRY(CandidateSearch search,
              find_candidates(evaluator_.source(), options, steps("candidates")));
    result_.tensors_tried += search.tried;
    result_.candidate_seconds += search.seconds;
    const std::vector<int> nodes = evaluator_.graph().conv_nodes();
    QYOLO_TRY(const std::vector<HeadDivergence> inputs, divergence_of_inputs());
    const ArithmeticTimes &floats = times_of(engine::Precision::kFp32),
                          &integers = times_of(engine::Precision::kInt8);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      std::vector<LayerCandidate>& candidates = result_.layers[i].candidates;
      for (LayerCandidate& candidate : candidates) candidate.milliseconds = floats.convs[i];
      if (evaluator_.graph().conv(nodes[i]).head) continue;
      for (LayerCandidate& candidate : search.layers[i].candidates) {
        if (!candidate.recipe) continue;
        candidate.integers = true;
        candidate.measured = false;
        candidate.milliseconds = integers.convs[i];
        candidates.push_back(std::move(candidate));
      }
      tell_unmeasured(result_.layers[i]);
      for (LayerCandidate& candidate : candidates)
        if (candidate.integers) candidate.divergence = sum(candidate.divergence, inputs[i]);
      std::ranges::stable_sort(candidates, {}, &LayerCandidate::bytes);
    }
    return std::move(search.uniform);
  }

  // Of one network and the same images.
  [[nodiscard]] static HeadDivergence sum(HeadDivergence one, const HeadDivergence& other) {
    const auto images = one.images, levels = one.levels;
    one += other;
    one.images = images;
    one.levels = levels;
    return one;
  }

  // What 8 bits of each layer's inputs come to: with those of all layers but the head it is
  // measured, and divided among the layers by what errors of their weights come to.
  Result<std::vector<HeadDivergence>> divergence_of_inputs() {
    Cell cell;
    cell.baseline = true;
    cell.activations = quant::ActivationOptions();
    cell.rules.push_back({of_head(), true, {}, false});
    QYOLO_TRY(const CalibratedActivations activations, evaluator_.calibrate(cell));
    WeightStore store(evaluator_.source(), evaluator_.threads());
    const std::vector<SharedConv> original = store.originals();
    const std::vector<int> nodes = evaluator_.graph().conv_nodes();
    std::vector<SweepNetwork> networks = {{original, activations.quantizers()}};
    QYOLO_TRY(const auto measured,
              meter_->measure(original, std::move(networks), images("activations")));
    std::vector<double> shares(nodes.size(), 0);
    double all = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (evaluator_.graph().conv(nodes[i]).head) continue;
      all += shares[i] = sensitivity(result_.layers[i]).value_or(0);
    }
    std::vector<HeadDivergence> divided;
    for (const double share : shares)
      divided.push_back(measured.front() *
                        (all > 0 ? share / all : 1 / static_cast<double>(nodes.size())));
    return divided;
  }

  // Milliseconds that the choices of all layers may take together.
  [[nodiscard]] std::optional<double> layers_limit() const {
    if (!in_integers()) return std::nullopt;
    const ArithmeticTimes& integers = times_of(engine::Precision::kInt8);
    double rest = integers.milliseconds;
    for (const double conv : integers.convs) rest -= conv;
    return result_.latency->milliseconds - std::max(0.0, rest) - underestimated_;
  }

  // Times a network before its AP is measured: says whether it is too slow.
  Status time_network(const Cell& cell, std::optional<double> predicted, Tried& tried) {
    if (!result_.latency) return {};
    const LatencyFound& found = *result_.latency;
    if (!in_integers()) {
      tried.milliseconds = times_of(found.arithmetic).milliseconds;
      return {};
    }
    QYOLO_CHECK_OK(trying_->prepare(cell));
    const TimedCases both{found.again ? 2U : 1U, {}, [&](std::size_t i) {
                            return i == 0 ? trying_->time_forward() : found.again(found.arithmetic);
                          }};
    QYOLO_TRY(auto samples, time_interleaved(both, {kTimedRounds, 1}, steps("latency")));
    std::vector<double>& own = samples.front();
    // As long as the first measurement was, whatever the host does meanwhile.
    for (std::size_t round = 0; found.again && round < own.size(); ++round)
      own[round] *= times_of(found.arithmetic).milliseconds / samples.back()[round];
    tried.milliseconds = metrics::quantile(own, 0.5);
    tried.too_slow = *tried.milliseconds > found.milliseconds;
    if (tried.too_slow && predicted)
      underestimated_ = std::max(underestimated_, *tried.milliseconds - *predicted);
    return {};
  }

  // --- steps 1 and 2 ---

  [[nodiscard]] CandidateOptions candidate_options() const {
    return {options_.coded_regions, options_.most_candidates, options_.rounding,
            evaluator_.threads(),   options_.schemes,         {}};
  }

  // --- steps 3 and 4 ---

  [[nodiscard]] Result<TimedKnapsack> knapsack(std::int64_t capacity) const {
    std::vector<std::vector<harness::Choice>> groups;
    for (const LayerCandidates& layer : result_.layers) {
      groups.emplace_back();
      for (const LayerCandidate& candidate : layer.candidates) {
        groups.back().push_back(
            {candidate.bytes, value_of(kCost, candidate.divergence), candidate.milliseconds});
      }
    }
    return TimedKnapsack::make(std::move(groups), capacity, layers_limit());
  }

  // Measures a hybrid, unless that was done. Gives its place in the result.
  Result<std::size_t> try_hybrid(const Selection& selection, double interest) {
    for (std::size_t i = 0; i < result_.hybrids.size(); ++i)
      if (result_.hybrids[i].choices == selection.choices) return i;
    std::vector<LayerChoice> layers;
    for (std::size_t i = 0; i < selection.choices.size(); ++i) {
      const LayerCandidate& chosen = result_.layers[i].candidates[selection.choices[i]];
      layers.push_back({chosen.recipe, chosen.integers});
    }
    QYOLO_TRY(Cell cell, hybrid_cell(evaluator_.graph(), layers));
    if (in_integers() && !cell.activations) {  // for an executor that takes no other cells
      cell.activations = quant::ActivationOptions();
      for (quant::Rule& rule : cell.rules) rule.weights_only = !rule.keep;
      cell.rules.push_back({{}, false, cell.recipe, true});
    }
    Tried tried;
    tried.bytes = selection.size + bias_bytes(evaluator_.graph());
    tried.choices = selection.choices;
    tried.proxy = kCost;
    tried.cost = selection.cost;
    tried.lower_bound = selection.lower_bound;
    std::optional<double> predicted;
    if (const auto limit = layers_limit())
      predicted = selection.milliseconds + result_.latency->milliseconds - *limit - underestimated_;
    QYOLO_CHECK_OK(measure_cell(std::move(cell), interest, predicted, tried));
    result_.hybrids.push_back(std::move(tried));
    if (on_tried_) on_tried_(result_.hybrids.back());
    return result_.hybrids.size() - 1;
  }

  Status measure_cell(Cell cell, double interest, std::optional<double> predicted, Tried& tried) {
    QYOLO_TRY(const metrics::MemoryReport memory, account(evaluator_.source(), cell));
    QYOLO_CHECK_OK(time_network(cell, predicted, tried));
    if (!tried.too_slow) {
      QYOLO_TRY(tried.trial, trials_->run(cell, interest, images("AP")));
    }
    // What the candidates' own sizes say, where a trial was stopped before regions were coded.
    if (!options_.coded_regions) tried.bytes = memory.true_bytes();
    if (options_.coded_regions && tried.trial.result)
      tried.bytes = tried.trial.result->coded_bytes.value_or(memory.true_bytes());
    tried.bits_per_weight = 8 * static_cast<double>(tried.bytes - bias_bytes(evaluator_.graph())) /
                            static_cast<double>(evaluator_.graph().conv_weights());
    tried.cell = std::move(cell);
    tried.lossy_classes = lossy_classes(tried.trial);
    tried.holds = !tried.too_slow && holds(tried);
    return {};
  }

  Status search_budget() {
    const std::int64_t budget = *result_.budget - bias_bytes(evaluator_.graph());
    QYOLO_TRY(const std::size_t tried, try_budget(budget, 1));
    if (!result_.hybrids[tried].too_slow) result_.hybrid = tried;
    return {};
  }

  // The place of the cheapest choice within the budget, of layers alone. One that is slower than
  // was predicted makes room, and another one is tried.
  Result<std::size_t> try_budget(std::int64_t budget, double interest) {
    std::optional<std::size_t> tried;
    for (int attempt = 1;; ++attempt) {
      QYOLO_TRY(const TimedKnapsack solver, knapsack(budget));
      const auto selection = solver.solve(budget);
      if (!selection && tried) return *tried;
      if (!selection) {
        const std::string fast = layers_limit()
                                     ? fmt::format(" that take at most {:.4g} ms an image",
                                                   result_.latency->milliseconds)
                                     : std::string();
        return error("even the smallest choices of finite outputs{} take more than {} bytes", fast,
                     budget + bias_bytes(evaluator_.graph()));
      }
      QYOLO_TRY(tried, try_hybrid(*selection, interest));
      if (!result_.hybrids[*tried].too_slow || attempt == kMostTooSlow) return *tried;
    }
  }

  [[nodiscard]] Error error_too_slow() const {
    return error("no choice of layers takes at most {:.4g} ms an image on this host",
                 result_.latency->milliseconds);
  }

  // Budgets of layers alone: the largest that was too small, and the smallest that was enough.
  struct Bracket {
    std::int64_t too_small = 0, enough = 0;
    bool seen_too_small = false, seen_enough = false;
    bool halve = false;  // next
  };

  Status search_tolerance() {
    std::int64_t capacity = 0;
    for (const LayerCandidates& layer : result_.layers)
      capacity += std::ranges::max_element(layer.candidates, {}, &LayerCandidate::bytes)->bytes;
    QYOLO_TRY(const TimedKnapsack any, knapsack(capacity));
    if (any.smallest() > capacity) return error_too_slow();
    const auto guess = static_cast<std::int64_t>(
        kFirstBits / 8 * static_cast<double>(evaluator_.graph().conv_weights()));
    Bracket bracket{any.smallest() - 1, capacity + 1};
    std::int64_t budget = std::clamp(guess, any.smallest(), capacity);
    while (static_cast<int>(result_.hybrids.size()) < options_.most_evaluations) {
      const std::size_t before = result_.hybrids.size();
      QYOLO_TRY(const std::size_t tried, try_budget(budget, result_.tolerance));
      if (result_.hybrids[tried].holds) {
        bracket.enough = budget;
        bracket.seen_enough = true;
      } else {
        bracket.too_small = budget;
        bracket.seen_too_small = true;
      }
      const auto between = static_cast<double>(bracket.enough - bracket.too_small);
      if (between <= std::max(1.0, kFinest * static_cast<double>(bracket.too_small)) ||
          (before == result_.hybrids.size() && bracket.seen_too_small && bracket.seen_enough &&
           between < 2 * kFinest * static_cast<double>(bracket.too_small))) {
        break;
      }
      budget = next_budget(any, bracket);
    }
    for (std::size_t i = 0; i < result_.hybrids.size(); ++i) {
      if (!result_.hybrids[i].holds) continue;
      if (!result_.hybrid || result_.hybrids[i].bytes < result_.hybrids[*result_.hybrid].bytes)
        result_.hybrid = i;
    }
    return {};
  }

  // The cost at which the loss is expected to be what the tolerance leaves after the interval's
  // width, by the costs and losses of those tried so far; nothing where these say nothing.
  [[nodiscard]] std::optional<double> wanted_cost(const std::vector<Tried>& all) const {
    const Tried* nearest = nullptr;
    const auto loss = [](const Tried& tried) {
      return tried.trial.difference.ap ? -tried.trial.difference.ap->value : 1.0;
    };
    for (const Tried& tried : all) {
      if (tried.too_slow || !(tried.cost > 0) || !(loss(tried) > 0)) continue;
      if (nearest == nullptr || std::abs(std::log(loss(tried) / result_.tolerance)) <
                                    std::abs(std::log(loss(*nearest) / result_.tolerance))) {
        nearest = &tried;
      }
    }
    if (nearest == nullptr || !(result_.tolerance > 0)) return std::nullopt;
    const metrics::Difference& ap = *nearest->trial.difference.ap;
    const double margin = std::min(result_.tolerance / 2, (ap.high - ap.low) / 2);
    // Of one loss, which has its own error, half the way (of logarithms).
    return nearest->cost * std::sqrt((result_.tolerance - margin) / loss(*nearest));
  }

  // Where the wanted cost is, where that is well inside the bracket, and half way (of logarithms)
  // in turns with it.
  [[nodiscard]] std::int64_t next_budget(const TimedKnapsack& solver, Bracket& bracket) const {
    const auto& [too_small, enough, seen_too_small, seen_enough, halve] = bracket;
    const auto middle = static_cast<std::int64_t>(
        std::sqrt(static_cast<double>(too_small) * static_cast<double>(enough)));
    const std::optional<double> wanted = wanted_cost(result_.hybrids);
    const bool both = seen_too_small && seen_enough;
    if (!wanted || (both && halve)) {
      bracket.halve = false;
      return middle;
    }
    bracket.halve = true;
    // The smallest budget of at most that cost.
    std::int64_t low = too_small, high = enough;
    while (high - low > std::max<std::int64_t>(1, solver.unit())) {
      const std::int64_t at = low + (high - low) / 2;
      const auto selection = solver.solve(at);
      (selection && selection->cost <= *wanted ? high : low) = at;
    }
    const auto margin = static_cast<std::int64_t>(
        both ? kInside * static_cast<double>(enough - too_small)
             : 2 * kFinest * static_cast<double>(seen_enough ? enough : too_small));
    const std::int64_t least = seen_too_small ? too_small + margin : too_small + 1;
    const std::int64_t most = seen_enough ? enough - margin : enough - 1;
    return least < most ? std::clamp(high, least, most) : middle;
  }

  // --- one recipe for all layers ---

  Result<Tried*> try_uniform(const UniformCandidate& candidate, double tolerance) {
    Cell cell;
    cell.recipe = candidate.recipe;
    if (in_integers()) {
      cell.activations = quant::ActivationOptions();
      cell.rules.push_back({of_head(), false, candidate.recipe, true});
      cell.name = candidate.recipe.text() + " A8, head in floating point";
    }
    Tried tried;
    tried.bytes = candidate.bytes;
    tried.cost = candidate.cost;
    QYOLO_CHECK_OK(measure_cell(std::move(cell), tolerance, std::nullopt, tried));
    result_.uniforms.push_back(std::move(tried));
    if (on_tried_) on_tried_(result_.uniforms.back());
    return &result_.uniforms.back();
  }

  Status find_uniform(std::vector<UniformCandidate> candidates) {
    if (result_.budget)
      std::erase_if(candidates,
                    [&](const auto& uniform) { return uniform.bytes > *result_.budget; });
    predict_costs(candidates);
    result_.uniforms_compared = candidates.size();
    return result_.budget ? uniform_for_budget(candidates) : uniform_for_tolerance(candidates);
  }

  // What an error of the layer's weights costs, for its size: as much as those of the layer's
  // candidates that were measured, on average. Nothing where none was.
  [[nodiscard]] static std::optional<double> sensitivity(const LayerCandidates& layer) {
    double sum = 0;  // of the logarithms
    int count = 0;
    for (const LayerCandidate& candidate : layer.candidates) {
      const double cost = value_of(kCost, candidate.divergence);
      if (!candidate.measured || !(candidate.estimated_noise > 0) || !(cost > 0)) continue;
      sum += std::log(cost / candidate.estimated_noise);
      ++count;
    }
    if (count == 0) return std::nullopt;
    return std::exp(sum / count);
  }

  // The sum of what its weights' errors cost in each layer.
  void predict_costs(std::vector<UniformCandidate>& uniform) const {
    for (std::size_t i = 0; i < result_.layers.size(); ++i) {
      const std::optional<double> cost = sensitivity(result_.layers[i]);
      if (!cost) continue;
      for (UniformCandidate& candidate : uniform) candidate.cost += *cost * candidate.noises[i];
    }
  }

  // Of those that no smaller one is expected to beat the smallest that holds, where the wanted cost
  // is and by halving in turns.
  Status uniform_for_tolerance(const std::vector<UniformCandidate>& candidates) {
    std::vector<const UniformCandidate*> chain;
    for (const UniformCandidate& candidate : candidates)
      if (chain.empty() || candidate.cost < chain.back()->cost) chain.push_back(&candidate);
    std::set<std::size_t> seen;
    const auto holds_at = [&](std::size_t place) -> Result<bool> {
      if (!seen.insert(place).second) return false;  // one that held is where the steps begin
      QYOLO_TRY(const Tried* tried, try_uniform(*chain[place], result_.tolerance));
      if (tried->holds) result_.uniform = result_.uniforms.size() - 1;
      return tried->holds;
    };
    std::size_t below = 0,
                from = chain.size();  // what lies below is too small, from there on holds
    const auto told_apart = [&] {
      return from == chain.size() ||
             static_cast<double>(chain[from]->bytes) >
                 static_cast<double>(chain[below]->bytes) * (1 + kFinestUniform);
    };
    for (int step = 0; below < from && told_apart(); ++step) {
      std::size_t next = below + (from - below) / 2;
      const auto wanted =
          wanted_cost(result_.uniforms.empty() ? result_.hybrids : result_.uniforms);
      if (wanted && (step < 2 || step % 2 == 0)) {
        const auto first = chain.begin() + static_cast<std::ptrdiff_t>(below);
        const auto last = chain.begin() + static_cast<std::ptrdiff_t>(from - 1);
        next = static_cast<std::size_t>(
            std::find_if(first, last,
                         [&](const auto* candidate) { return candidate->cost <= *wanted; }) -
            chain.begin());
      }
      QYOLO_TRY(const bool holds, holds_at(next));
      (holds ? from : below) = holds ? next : next + 1;
    }
    return {};
  }

  // The best of each scheme and width, the best one first.
  [[nodiscard]] static std::vector<UniformCandidate> promising(
      const std::vector<UniformCandidate>& candidates) {
    std::map<std::pair<std::string_view, int>, const UniformCandidate*> best;
    for (const UniformCandidate& candidate : candidates) {
      auto& of_kind = best[{candidate.recipe.scheme->name(), candidate.recipe.options.bits}];
      if (of_kind == nullptr || candidate.cost < of_kind->cost) of_kind = &candidate;
    }
    std::vector<UniformCandidate> chosen;
    for (const auto& [kind, candidate] : best) chosen.push_back(*candidate);
    std::ranges::sort(chosen, {}, &UniformCandidate::cost);
    if (chosen.size() > kMostUniforms) chosen.resize(kMostUniforms);
    return chosen;
  }

  Status uniform_for_budget(const std::vector<UniformCandidate>& candidates) {
    double best_loss = 1;
    for (const UniformCandidate& candidate : promising(candidates)) {
      QYOLO_TRY(const Tried* tried, try_uniform(candidate, best_loss));
      if (!tried->holds || !tried->trial.result) continue;
      const double loss = result_.baseline_ap - tried->ap();
      if (result_.uniform && loss >= best_loss) continue;
      best_loss = std::max(0.0, loss);
      result_.uniform = result_.uniforms.size() - 1;
    }
    return {};
  }

  // --- on images that took no part: what is recommended, and hybrids that hold as well ---

  Status confirm() {
    if (confirming_ == nullptr || !(result_.hybrid || result_.uniform)) return {};
    QYOLO_TRY(const auto trials, Trials::open(*confirming_, options_.uncertainty,
                                              images("confirmation, FP32"), options_.share,
                                              evaluators_.confirmation.get() == confirming_
                                                  ? nullptr
                                                  : evaluators_.confirmation.get()));
    trials->set_tolerance(result_.tolerance);
    const auto confirm_one = [&](Tried& tried) -> Status {
      QYOLO_TRY(const Trial trial, trials->run(tried.cell, 1, images("confirmation")));
      tried.confirmation = {confirming_->truth().images.size(),
                            trials->baseline().evaluation.stats()[0],
                            trial.result->evaluation.stats()[0], trial.difference};
      return {};
    };
    for (std::size_t i = 0; i < result_.hybrids.size(); ++i)
      if (i == result_.hybrid || result_.hybrids[i].holds)
        QYOLO_CHECK_OK(confirm_one(result_.hybrids[i]));
    if (result_.uniform) QYOLO_CHECK_OK(confirm_one(result_.uniforms[*result_.uniform]));
    return {};
  }

  [[nodiscard]] ImageProgress images(const std::string& stage) const { return steps(stage); }
  [[nodiscard]] std::function<void(std::size_t, std::size_t)> steps(
      const std::string& stage) const {
    return [this, stage](std::size_t done, std::size_t total) {
      if (progress_) progress_(stage, done, total);
    };
  }

  const ChoiceEvaluators& evaluators_;
  Evaluator& evaluator_;     // in FP32
  ChoiceEvaluators others_;  // in the arithmetic that keeps the latency, where it is another one
  Evaluator* trying_;        // of these
  Evaluator* confirming_;
  double underestimated_ = 0;  // milliseconds, at most, of hybrids so far
  const EvaluationOptions& evaluation_;
  const RecommendOptions& options_;
  const RecommendProgress& progress_;
  const OnTried& on_tried_;
  std::unique_ptr<Trials> trials_;
  std::optional<ProxyMeter> meter_;
  std::optional<KeptProxies> kept_;
  Recommendation result_;
};

}  // namespace

double Tried::ap() const { return trial.result ? trial.result->evaluation.stats()[0] : 0; }

std::string_view standing_of(const Tried& tried) {
  if (tried.holds) return "holds";
  if (tried.too_slow) return "too slow";
  const auto& ap = tried.trial.difference.ap;
  const bool beyond =
      ap && metrics::decide(*ap, tried.trial.difference.tolerance) == metrics::Decision::kBeyond;
  return beyond || !tried.lossy_classes.empty() ? "does not hold" : "undecided";
}

Result<ChoiceEvaluators> open_for_choice(EvaluatorConfig config, const ExecutorFactory& factory,
                                         double held_out, const ExecutorsIn& in) {
  config.part = {held_out, kLeastConfirming, false};
  if (config.rounded == nullptr) config.rounded = std::make_shared<RoundedNetworks>();
  ChoiceEvaluators evaluators;
  QYOLO_TRY(evaluators.choice, Evaluator::open(config, factory));
  if (in) {
    evaluators.in = [=](engine::Precision precision) -> Result<ChoiceEvaluators> {
      QYOLO_TRY(const ExecutorFactory other, in(precision));
      return open_for_choice(config, other, held_out);
    };
  }
  if (evaluators.choice->images_left_out() > 0) {
    config.part.which = true;
    QYOLO_TRY(evaluators.confirmation, Evaluator::open(config, factory));
  }
  return evaluators;
}

Result<Recommendation> recommend(const ChoiceEvaluators& evaluators,
                                 const RecommendOptions& options, const RecommendProgress& progress,
                                 const OnTried& on_tried) {
  const int goals =
      (options.tolerance ? 1 : 0) + (options.max_bytes ? 1 : 0) + (options.bits_per_weight ? 1 : 0);
  if (goals != 1) {
    return error("{} goals, expected one: a tolerance, a number of bytes, or bits per weight",
                 goals);
  }
  if (evaluators.choice->source().artifact() != nullptr)
    return error("the model is a file of one network; expected the checkpoint it was made from");
  if (options.latency && !evaluators.in)
    return error("the latency is bounded where the engine has several arithmetics");
  return Recommender(evaluators, options, progress, on_tried).run();
}

}  // namespace qyolo::harness
