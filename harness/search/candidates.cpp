#include "harness/search/candidates.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "common/parallel.h"
#include "harness/network/memory_account.h"

namespace qyolo::harness {
namespace {

constexpr int kKeptBits = 16;
constexpr int kSampledFilters = 32;
constexpr int kManyBits = 6;

std::int64_t bytes_of(const model::ConvNode& conv, const quant::Recipe* recipe,
                      const LayerError& error) {
  Cell cell;
  if (recipe != nullptr) {
    cell.recipe = *recipe;
  } else {
    cell.rules.push_back({.match = {}, .keep = true, .recipe = {}});
  }
  metrics::LayerStorage storage = storage_of(cell, traits_of(conv));
  storage.coded_region_bytes = error.coded_region_bytes;
  return metrics::account_memory({&storage, 1}, 0, {}, 0).true_bytes();
}

double relative_noise(const quant::WeightError& error) {
  return error.signal > 0 ? error.noise / error.signal : 0;
}

bool smaller(const LayerCandidate& a, const LayerCandidate& b) {
  return std::pair(a.bytes, a.noise) < std::pair(b.bytes, b.noise);
}

// What a recipe is judged by: rounded to nearest; breakpoints that are searched for, which takes
// most of the time, by the better one of two formulas; ranges as they are where there are so many
// codes that a smaller one gains little. Exactly, where regions are coded.
std::vector<quant::Recipe> sketches_of(const quant::Recipe& recipe, bool exactly) {
  std::vector<quant::Recipe> sketches = {rounded_to_nearest(recipe)};
  if (!exactly && recipe.options.bits >= kManyBits)
    sketches.front().options.range.kind = quant::Range::Kind::kMinMax;
  if (!exactly && recipe.scheme->piecewise() &&
      recipe.options.breakpoint == quant::Breakpoint::kSearch) {
    sketches.push_back(sketches.front());
    sketches[0].options.breakpoint = quant::Breakpoint::kGaussianApprox;
    sketches[1].options.breakpoint = quant::Breakpoint::kLaplaceApprox;
  }
  return sketches;
}

// The one of least error that the scheme has.
quant::Range::Kind range_of(const quant::Scheme& scheme, bool nearest) {
  using Kind = quant::Range::Kind;
  for (const Kind kind : {nearest ? Kind::kMse : Kind::kOutput, Kind::kHmse})
    if (scheme.takes(kind) && !(nearest && kind == Kind::kHmse)) return kind;
  return Kind::kMinMax;
}

// Those of the lower convex hull in size and noise; sizes ascending.
template <class Item>
std::vector<Item> lower_hull(std::vector<Item> items) {
  std::ranges::sort(items, [](const Item& a, const Item& b) {
    return std::pair(a.bytes, a.noise) < std::pair(b.bytes, b.noise);
  });
  std::vector<Item> hull;
  for (Item& item : items) {
    if (!hull.empty() && item.noise >= hull.back().noise) continue;
    while (hull.size() >= 2) {
      const Item& a = hull[hull.size() - 2];
      const Item& b = hull.back();
      if ((a.noise - b.noise) * static_cast<double>(item.bytes - a.bytes) >
          (a.noise - item.noise) * static_cast<double>(b.bytes - a.bytes)) {
        break;
      }
      hull.pop_back();
    }
    hull.push_back(std::move(item));
  }
  return hull;
}

// Those that no other beats in both; sizes ascending.
template <class Item>
std::vector<Item> pareto_front(std::vector<Item> items) {
  std::ranges::sort(items, [](const Item& a, const Item& b) {
    return std::pair(a.bytes, a.noise) < std::pair(b.bytes, b.noise);
  });
  std::vector<Item> front;
  for (Item& item : items) {
    if (front.empty() || item.noise < front.back().noise) front.push_back(std::move(item));
  }
  return front;
}

std::vector<UniformCandidate> fronts_of_kinds(std::vector<UniformCandidate> uniform) {
  std::map<std::tuple<std::string_view, int, bool>, std::vector<UniformCandidate>> kinds;
  for (UniformCandidate& candidate : uniform) {
    const quant::Recipe& recipe = candidate.recipe;
    kinds[{recipe.scheme->name(), recipe.options.bits, recipe.options.bias_correction}].push_back(
        std::move(candidate));
  }
  std::vector<UniformCandidate> kept;
  for (auto& [kind, candidates] : kinds)
    std::ranges::move(pareto_front(std::move(candidates)), std::back_inserter(kept));
  std::ranges::sort(kept, {}, &UniformCandidate::bytes);
  return kept;
}

// At most `most`, the first and the last among them, evenly spread; of those that are nearly exact,
// which cost next to nothing whatever they are, the first and the last.
std::vector<LayerCandidate> thin(std::vector<LayerCandidate> items, std::size_t most) {
  const auto exact = std::ranges::find_if(
      items, [](const LayerCandidate& item) { return item.noise <= kNearlyExact; });
  if (items.end() - exact > 2) items.erase(exact + 1, items.end() - 1);
  if (items.size() <= most || most < 2) return items;
  std::vector<LayerCandidate> kept;
  for (std::size_t i = 0; i < most; ++i)
    kept.push_back(std::move(items[i * (items.size() - 1) / (most - 1)]));
  return kept;
}

}  // namespace

std::string LayerCandidate::text() const {
  if (!recipe) return "kept";
  return recipe->text() + (integers ? " A8" : "") +
         (recipe->options.bias_correction ? ", bias corrected" : "");
}

std::vector<quant::Recipe> candidate_recipes(quant::Rounding rounding,
                                             const std::vector<const quant::Scheme*>& schemes,
                                             const std::vector<std::string>& granularities) {
  const bool nearest = rounding == quant::Rounding::kNearest;
  const std::vector<std::string> usual = {"layer", "filter", "fshape", "group:128", "group:32"};
  std::vector<quant::Recipe> recipes;
  for (const quant::Scheme* scheme : schemes.empty() ? quant::all_schemes() : schemes) {
    const quant::SchemeLimits limits = scheme->limits();
    std::vector<std::string> tried = granularities.empty() ? usual : granularities;
    if (limits.block > 0) tried = {fmt::format("group:{}", limits.block)};
    for (const std::string& granularity : tried) {
      const int most_bits = std::min(limits.most_bits, limits.most_searched_bits);
      for (int bits = limits.least_bits; bits <= most_bits; ++bits) {
        for (const bool corrected : {false, true}) {
          if (corrected && !nearest) continue;
          // Options that a scheme has no use for are set all the same: then the recipes of a
          // network differ in little, and its rules are short.
          quant::SchemeOptions options;
          options.rounding = rounding;
          options.range.kind = range_of(*scheme, nearest);
          options.breakpoint = quant::Breakpoint::kSearch;
          options.scale_bits = 16;
          options.integer_zero_points = true;
          options.bias_correction = corrected;
          auto recipe = quant::make_recipe(scheme->name(), bits, granularity, options);
          if (recipe.ok()) recipes.push_back(std::move(recipe).value());
        }
      }
    }
  }
  return recipes;
}

quant::Recipe rounded_to_nearest(const quant::Recipe& recipe) {
  quant::Recipe nearest = recipe;
  nearest.options.rounding = quant::Rounding::kNearest;
  if (nearest.options.range.needs_inputs()) {
    nearest.options.range.kind = nearest.scheme->takes(quant::Range::Kind::kMse)
                                     ? quant::Range::Kind::kMse
                                     : quant::Range::Kind::kMinMax;
  }
  return nearest;
}

model::ConvNode sampled_filters(const model::ConvNode& conv, int most) {
  if (conv.filters <= most || conv.groups != 1) return conv;
  const std::size_t size = conv.weight.size() / static_cast<std::size_t>(conv.filters);
  const auto largest =
      std::ranges::max_element(conv.weight, {}, [](float weight) { return std::abs(weight); });
  std::set<std::size_t> filters = {static_cast<std::size_t>(largest - conv.weight.begin()) / size};
  for (int i = 0; static_cast<int>(filters.size()) < most; ++i)
    filters.insert(static_cast<std::size_t>(i) * static_cast<std::size_t>(conv.filters) /
                   static_cast<std::size_t>(most));
  model::ConvNode sample = conv;
  sample.filters = most;
  sample.weight.clear();
  sample.bias.clear();
  for (const std::size_t filter : filters) {
    const auto begin = conv.weight.begin() + static_cast<std::ptrdiff_t>(filter * size);
    sample.weight.insert(sample.weight.end(), begin, begin + static_cast<std::ptrdiff_t>(size));
    sample.bias.push_back(conv.bias[filter]);
  }
  return sample;
}

std::int64_t bias_bytes(const model::Graph& graph) { return graph.biases() * kKeptBits / 8; }

Result<CandidateSearch> find_candidates(
    SourceNetwork& source, const CandidateOptions& options,
    const std::function<void(std::size_t, std::size_t)>& progress) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  const model::Graph& graph = source.graph();
  const std::vector<int> nodes = graph.conv_nodes();
  const std::vector<quant::Recipe> recipes =
      candidate_recipes(options.rounding, options.schemes, options.granularities);
  std::vector<UniformCandidate> uniform;
  for (const quant::Recipe& recipe : recipes) uniform.push_back({recipe, bias_bytes(graph)});
  CandidateSearch search;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const model::ConvNode& conv = graph.conv(nodes[i]);
    const quant::Shape shape = traits_of(conv).shape;
    const model::ConvNode judged =
        options.coded_regions ? conv : sampled_filters(conv, kSampledFilters);
    std::vector<std::optional<LayerCandidate>> tried(recipes.size());
    QYOLO_TRY(const QuantizedConv kept, quantize_conv(conv, nullptr, kKeptBits, options.threads));
    parallel_for(recipes.size(), options.threads, [&](std::size_t r) {
      for (const quant::Recipe& sketch : sketches_of(recipes[r], options.coded_regions)) {
        const auto made = quantize_conv(judged, &sketch, kKeptBits, 1);
        if (!made.ok()) return;
        const LayerError error = layer_error(
            made->layer, options.coded_regions ? RegionSizes::kCoded : RegionSizes::kRaw);
        const double noise = relative_noise(error.error);
        if (!tried[r] || noise < tried[r]->noise)
          tried[r] = {recipes[r], bytes_of(conv, &recipes[r], error), noise, noise, {}, true};
      }
    });
    search.tried += recipes.size();
    std::vector<LayerCandidate> plain, corrected;
    for (std::size_t r = 0; r < recipes.size(); ++r) {
      uniform[r].noises.push_back(tried[r] ? tried[r]->noise : INFINITY);
      uniform[r].noise += uniform[r].noises.back() / static_cast<double>(nodes.size());
      if (!tried[r]) continue;
      uniform[r].bytes += tried[r]->bytes;
      (recipes[r].options.bias_correction ? corrected : plain).push_back(*tried[r]);
    }
    LayerCandidates layer{i, conv.name, shape.size(), {}};
    // Bias correction gives up some weight error for the mean of the output, so that the two kinds
    // are not to be judged by weight error against each other.
    for (auto* kind : {&plain, &corrected}) {
      auto hull = thin(lower_hull(std::move(*kind)), options.most_per_layer);
      std::ranges::move(hull, std::back_inserter(layer.candidates));
    }
    const LayerError exact = layer_error(kept.layer);
    layer.candidates.push_back({std::nullopt, bytes_of(conv, nullptr, exact), 0, 0, {}, true});
    std::ranges::sort(layer.candidates, smaller);
    search.layers.push_back(std::move(layer));
    if (progress) progress(i + 1, nodes.size());
  }
  std::erase_if(uniform, [](const UniformCandidate& u) { return !std::isfinite(u.noise); });
  search.uniform = fronts_of_kinds(std::move(uniform));
  search.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return search;
}

}  // namespace qyolo::harness
