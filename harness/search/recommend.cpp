#include "harness/search/recommend.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "common/clock.h"
#include "harness/network/calibration_walk.h"
#include "harness/network/memory_account.h"
#include "harness/network/weight_store.h"
#include "harness/quant/calibrated.h"
#include "harness/search/hybrid_cell.h"
#include "harness/search/kept_proxies.h"
#include "harness/search/proxies.h"
#include "metrics/verdict.h"

namespace qyolo::harness {
namespace {

// Weights of candidates held at once.
constexpr std::int64_t kWeightBytes = std::int64_t{1} << 30;
// What is measured before it is kept, where it is: an interruption costs at most that.
constexpr std::size_t kKeptLayers = 6;
constexpr int kUnquantizedBits = 16;
// Networks whose sizes differ by less than this share are not told apart: hybrids, uniform ones.
constexpr double kFinest = 0.012, kFinestUniform = 0.03;
constexpr double kInside = 0.15;    // of a bracket: what is nearer to its ends tells little
constexpr double kFirstBits = 2.5;  // per weight: where the search for a tolerance begins
constexpr Proxy kCost = Proxy::kDetectionLoss;
constexpr std::size_t kMostUniforms = 4;  // tried for a budget

class Recommender {
 public:
  Recommender(const ChoiceEvaluators& evaluators, const RecommendOptions& options,
              const RecommendProgress& progress, const OnTried& on_tried)
      : evaluator_(*evaluators.choice),
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
    QYOLO_TRY(trials_,
              Trials::open(evaluator_, options_.uncertainty, images("FP32"), options_.share));
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
    QYOLO_CHECK_OK(measure());
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

  // --- steps 1 and 2 ---

  [[nodiscard]] CandidateOptions candidate_options() const {
    return {options_.coded_regions, options_.most_candidates, options_.rounding,
            evaluator_.threads(), options_.schemes};
  }

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
  [[nodiscard]] static std::optional<quant::Recipe> sketch_of(const LayerCandidate& candidate) {
    std::optional<quant::Recipe> sketch = candidate.recipe;
    using Ranges = quant::Range::Kind;
    if (!sketch) return sketch;
    quant::SchemeOptions& options = sketch->options;
    if (options.rounding == quant::Rounding::kCoordinate) options.rounding = quant::Rounding::kGptq;
    if (options.range.kind == Ranges::kOutput && sketch->scheme->takes(Ranges::kHmse))
      options.range.kind = Ranges::kHmse;
    return sketch;
  }

  // A layer's candidates as networks in which it alone is quantized.
  Status add_networks(std::size_t index, const std::vector<SharedConv>& original,
                      OriginalInputs& original_inputs, std::vector<SweepNetwork>& networks,
                      std::int64_t& bytes) {
    const model::ConvNode& conv = evaluator_.graph().conv(evaluator_.graph().conv_nodes()[index]);
    QYOLO_TRY(const auto inputs, original_inputs.of(index));
    const auto orders = quant::rounding_orders(inputs, evaluator_.threads());
    for (LayerCandidate& candidate : result_.layers[index].candidates) {
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
    const auto found = kept_->find(text_of(layer), layer.candidates.size());
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
    return kept_->keep(text_of(layer), proxies);
  }

  // Which of a layer's candidates are measured: all that round to nearest; of those that look at
  // their inputs, which are alike, every other one down to where they are nearly exact.
  void choose_measured(LayerCandidates& layer) const {
    if (options_.rounding == quant::Rounding::kNearest) return;
    bool exact = false;
    for (std::size_t i = 0; i < layer.candidates.size(); ++i) {
      LayerCandidate& candidate = layer.candidates[i];
      const bool first_exact = !exact && candidate.recipe && candidate.noise <= kNearlyExact;
      candidate.measured = candidate.recipe && (first_exact || (!exact && i % 2 == 0));
      exact = exact || first_exact;
    }
  }

  // What the others would come to: of two neighbours' cost by the weight error, both by their
  // logarithms; beyond the last one in proportion to it.
  static void tell_rest(LayerCandidates& layer) {
    std::vector<const LayerCandidate*> known;
    for (const LayerCandidate& candidate : layer.candidates)
      if (candidate.measured && candidate.recipe) known.push_back(&candidate);
    std::ranges::sort(known, {}, &LayerCandidate::estimated_noise);
    for (LayerCandidate& candidate : layer.candidates) {
      if (candidate.measured || known.empty()) continue;
      const double noise = candidate.estimated_noise;
      const auto above =
          std::ranges::lower_bound(known, noise, {}, &LayerCandidate::estimated_noise);
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

  // Measures candidates alone in the network, several layers at a time.
  Status measure() {
    const std::size_t count = result_.layers.size();
    for (LayerCandidates& layer : result_.layers) choose_measured(layer);
    WeightStore store(evaluator_.source(), evaluator_.threads());
    std::vector<SharedConv> original;
    for (std::size_t i = 0; i < count; ++i) original.push_back(store.original(i));
    OriginalInputs inputs(evaluator_, options_.rounding);
    const std::vector<std::size_t> order = kept_->order(count);
    const std::size_t most = kept_->on() ? kKeptLayers : count;
    for (std::size_t place = 0; place < count;) {
      std::vector<SweepNetwork> networks;
      std::vector<std::size_t> block;
      std::int64_t bytes = 0;
      for (; place < count && block.size() < most && (block.empty() || bytes < kWeightBytes);
           ++place) {
        if (know(result_.layers[order[place]])) continue;
        QYOLO_CHECK_OK(add_networks(order[place], original, inputs, networks, bytes));
        block.push_back(order[place]);
      }
      if (block.empty()) continue;
      QYOLO_TRY(const auto measured,
                meter_->measure(original, std::move(networks), images("proxies")));
      std::size_t at = 0;
      for (const std::size_t index : block) {
        for (LayerCandidate& candidate : result_.layers[index].candidates)
          if (candidate.measured) candidate.divergence = measured[at++];
        tell_rest(result_.layers[index]);
        QYOLO_CHECK_OK(keep(result_.layers[index]));
      }
    }
    for (LayerCandidates& layer : result_.layers) {
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

  // --- steps 3 and 4 ---

  Result<Knapsack> knapsack(std::int64_t capacity) const {
    std::vector<std::vector<harness::Choice>> groups;
    for (const LayerCandidates& layer : result_.layers) {
      groups.emplace_back();
      for (const LayerCandidate& candidate : layer.candidates)
        groups.back().push_back({candidate.bytes, value_of(kCost, candidate.divergence)});
    }
    return Knapsack::make(std::move(groups), capacity);
  }

  // Measures a hybrid, unless that was done. Gives its place in the result.
  Result<std::size_t> try_hybrid(const Selection& selection, double interest) {
    for (std::size_t i = 0; i < result_.hybrids.size(); ++i)
      if (result_.hybrids[i].choices == selection.choices) return i;
    std::vector<std::optional<quant::Recipe>> recipes;
    for (std::size_t i = 0; i < selection.choices.size(); ++i)
      recipes.push_back(result_.layers[i].candidates[selection.choices[i]].recipe);
    QYOLO_TRY(Cell cell, hybrid_cell(evaluator_.graph(), recipes));
    Tried tried;
    tried.bytes = selection.size + bias_bytes(evaluator_.graph());
    tried.choices = selection.choices;
    tried.proxy = kCost;
    tried.cost = selection.cost;
    tried.lower_bound = selection.lower_bound;
    QYOLO_CHECK_OK(measure_cell(std::move(cell), interest, tried));
    result_.hybrids.push_back(std::move(tried));
    if (on_tried_) on_tried_(result_.hybrids.back());
    return result_.hybrids.size() - 1;
  }

  Status measure_cell(Cell cell, double interest, Tried& tried) {
    QYOLO_TRY(const metrics::MemoryReport memory, account(evaluator_.source(), cell));
    QYOLO_TRY(tried.trial, trials_->run(cell, interest, images("AP")));
    // What the candidates' own sizes say, where a trial was stopped before regions were coded.
    if (!options_.coded_regions) tried.bytes = memory.true_bytes();
    if (options_.coded_regions && tried.trial.result)
      tried.bytes = tried.trial.result->coded_bytes.value_or(memory.true_bytes());
    tried.bits_per_weight = 8 * static_cast<double>(tried.bytes - bias_bytes(evaluator_.graph())) /
                            static_cast<double>(evaluator_.graph().conv_weights());
    tried.cell = std::move(cell);
    tried.lossy_classes = lossy_classes(tried.trial);
    tried.holds = holds(tried);
    return {};
  }

  Status search_budget() {
    const std::int64_t budget = *result_.budget - bias_bytes(evaluator_.graph());
    QYOLO_TRY(result_.hybrid, try_budget(budget, 1));
    return {};
  }

  // The place of the cheapest choice within the budget, of layers alone.
  Result<std::size_t> try_budget(std::int64_t budget, double interest) {
    QYOLO_TRY(const Knapsack solver, knapsack(budget));
    const auto selection = solver.solve(budget);
    if (!selection) {
      return error("even the smallest choices of finite outputs take {} bytes, more than {}",
                   solver.smallest() + bias_bytes(evaluator_.graph()),
                   budget + bias_bytes(evaluator_.graph()));
    }
    return try_hybrid(*selection, interest);
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
    QYOLO_TRY(const Knapsack any, knapsack(capacity));
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
      if (!(tried.cost > 0) || !(loss(tried) > 0)) continue;
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
  [[nodiscard]] std::int64_t next_budget(const Knapsack& solver, Bracket& bracket) const {
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
    Tried tried;
    tried.bytes = candidate.bytes;
    tried.cost = candidate.cost;
    QYOLO_CHECK_OK(measure_cell(std::move(cell), tolerance, tried));
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

  // The sum of what its weights' errors cost in each layer: as much, for its error, as those of the
  // layer's candidates that were measured, on average.
  void predict_costs(std::vector<UniformCandidate>& uniform) const {
    for (std::size_t i = 0; i < result_.layers.size(); ++i) {
      double sum = 0;  // of the logarithms
      int count = 0;
      for (const LayerCandidate& candidate : result_.layers[i].candidates) {
        const double cost = value_of(kCost, candidate.divergence);
        if (!candidate.measured || !(candidate.estimated_noise > 0) || !(cost > 0)) continue;
        sum += std::log(cost / candidate.estimated_noise);
        ++count;
      }
      if (count == 0) continue;
      for (UniformCandidate& candidate : uniform)
        candidate.cost += std::exp(sum / count) * candidate.noises[i];
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
                                              images("confirmation, FP32"), options_.share));
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

  Evaluator& evaluator_;
  Evaluator* confirming_;
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

double Tried::ap() const { return trial.result ? trial.result->evaluation.stats()[0] : 0; }

std::string_view standing_of(const Tried& tried) {
  if (tried.holds) return "holds";
  const auto& ap = tried.trial.difference.ap;
  const bool beyond =
      ap && metrics::decide(*ap, tried.trial.difference.tolerance) == metrics::Decision::kBeyond;
  return beyond || !tried.lossy_classes.empty() ? "does not hold" : "undecided";
}

Result<ChoiceEvaluators> open_for_choice(EvaluatorConfig config, const ExecutorFactory& factory,
                                         double held_out) {
  config.part = {held_out, kLeastConfirming, false};
  if (config.rounded == nullptr) config.rounded = std::make_shared<RoundedNetworks>();
  ChoiceEvaluators evaluators;
  QYOLO_TRY(evaluators.choice, Evaluator::open(config, factory));
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
  return Recommender(evaluators, options, progress, on_tried).run();
}

}  // namespace qyolo::harness
