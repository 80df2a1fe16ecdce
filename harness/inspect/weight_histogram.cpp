#include "harness/inspect/weight_histogram.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <span>
#include <vector>

#include "harness/network/memory_account.h"
#include "harness/network/quantize_network.h"
#include "harness/quant/group_blocks.h"
#include "harness/quant/kernels.h"
#include "harness/quant/quantize.h"

namespace qyolo::harness {
namespace {

using plots::WeightHistogram;
using Levels = std::map<float, std::int64_t>;  // value -> weights on it

Result<const model::ConvNode*> find_layer(const model::Graph& graph, const std::string& name) {
  const model::ConvNode* first = nullptr;
  for (const int index : graph.conv_nodes()) {
    const model::ConvNode* conv = &graph.conv(index);
    if (conv->name == name) return conv;
    if (first == nullptr) first = conv;
  }
  if (first == nullptr) return error("layer '{}': the network has no convolutions", name);
  return error("layer '{}': expected one of the {} convolutions that 'inspect' lists, such as '{}'",
               name, graph.conv_nodes().size(), first->name);
}

Result<std::int64_t> choose_group(const quant::Granularity& granularity, const quant::Shape& shape,
                                  std::optional<std::int64_t> wanted) {
  const std::int64_t count = granularity.group_count(shape);
  if (wanted) {
    if (*wanted >= 0 && *wanted < count) return *wanted;
    return error("group {}: expected 0 to {}, as the layer has {} groups of granularity {}",
                 *wanted, count - 1, count, granularity.name());
  }
  std::int64_t largest = 0;
  for (std::int64_t i = 1; i < count; ++i) {
    if (granularity.group(shape, i).size() > granularity.group(shape, largest).size()) largest = i;
  }
  return largest;
}

std::vector<float> weights_of_group(const std::vector<float>& tensor, const quant::Shape& shape,
                                    const quant::Granularity& granularity, std::int64_t index) {
  const quant::GroupBlock block(shape, granularity, static_cast<std::size_t>(index), 1);
  std::vector<float> copy;
  block.gather(std::span<const float>(tensor), copy);
  const auto weights = block.values(std::span<const float>(tensor), copy, 0);
  return {weights.begin(), weights.end()};
}

// Between 12 and 160 bins, more for more weights.
void count_bins(std::span<const float> weights, WeightHistogram& histogram) {
  const auto [low, high] = std::minmax_element(weights.begin(), weights.end());
  histogram.low = static_cast<double>(*low);
  histogram.high = static_cast<double>(*high);
  const double extent = histogram.high - histogram.low;
  const double rough = std::ceil(2 * std::sqrt(static_cast<double>(weights.size())));
  const auto bins =
      extent > 0 ? static_cast<std::size_t>(std::clamp(rough, 12.0, 160.0)) : std::size_t{1};
  histogram.counts.assign(bins, 0);
  for (const float weight : weights) {
    const double share = extent > 0 ? (static_cast<double>(weight) - histogram.low) / extent : 0;
    const auto bin = static_cast<std::size_t>(share * static_cast<double>(bins));
    ++histogram.counts[std::min(bin, bins - 1)];
  }
}

// One group under a scheme.
class Grid {
 public:
  // `largest`: of the tensor's weights.
  Grid(const quant::Recipe& recipe, std::span<const float> weights, float largest)
      : scheme_(*recipe.scheme),
        options_(recipe.options),
        parameters_(scheme_.fit({weights, {}, scheme_.tensor_scale(largest)}, options_)) {}

  [[nodiscard]] std::vector<double> breakpoints() const {
    if (!scheme_.piecewise()) return {};
    const double p = static_cast<double>(parameters_.breakpoint);
    return p > 0 ? std::vector<double>{-p, p} : std::vector<double>{0};
  }

  // Every value that some weight decodes to. Within a region codes ascend with the weights, so the
  // codes of a region are those between the codes of its ends.
  [[nodiscard]] Levels levels() const {
    constexpr float kMost = std::numeric_limits<float>::max();
    Levels levels;
    if (!scheme_.piecewise()) {
      add_levels(-kMost, kMost, levels);
      return levels;
    }
    const float p = parameters_.breakpoint;
    add_levels(-kMost, std::min(-p, -std::numeric_limits<float>::denorm_min()), levels);
    add_levels(p, kMost, levels);
    const float inside = std::nextafter(p, 0.0F);
    if (p > 0) add_levels(-inside, inside, levels);
    return levels;
  }

  [[nodiscard]] std::vector<float> reconstruct(std::span<const float> weights) const {
    std::vector<std::int8_t> codes(weights.size());
    std::vector<std::uint8_t> regions(scheme_.piecewise() ? weights.size() : 0);
    scheme_.encode(weights, parameters_, options_, codes, regions);
    std::vector<float> decoded(weights.size());
    scheme_.decode(codes, regions, parameters_, options_, decoded);
    return decoded;
  }

 private:
  // REQUIRES: both ends in one region.
  void add_levels(float low, float high, Levels& levels) const {
    const std::array<float, 2> ends = {low, high};
    std::array<std::int8_t, 2> codes{};
    std::array<std::uint8_t, 2> regions{};
    const bool piecewise = scheme_.piecewise();
    scheme_.encode(ends, parameters_, options_, codes,
                   piecewise ? std::span<std::uint8_t>(regions) : std::span<std::uint8_t>());
    std::vector<std::int8_t> all;
    for (int code = codes[0]; code <= codes[1]; ++code)
      all.push_back(static_cast<std::int8_t>(code));
    const std::vector<std::uint8_t> region(piecewise ? all.size() : 0, regions[0]);
    std::vector<float> values(all.size());
    scheme_.decode(all, region, parameters_, options_, values);
    for (const float value : values) levels.try_emplace(value, 0);
  }

  const quant::Scheme& scheme_;
  const quant::SchemeOptions& options_;
  quant::FittedParameters parameters_;
};

// Weights that an unlimited grid would have put on a level beyond the ends.
std::int64_t count_clipped(std::span<const float> weights,
                           const std::vector<WeightHistogram::Level>& levels) {
  constexpr double kHalf = 0.5 * (1 + 1e-6);
  const std::size_t last = levels.size() - 1;
  const double below = last == 0 ? 0 : levels[1].value - levels[0].value;
  const double above = last == 0 ? 0 : levels[last].value - levels[last - 1].value;
  const double low = levels[0].value - kHalf * below, high = levels[last].value + kHalf * above;
  return std::count_if(weights.begin(), weights.end(), [&](float weight) {
    const double value = static_cast<double>(weight);
    return value < low || value > high;
  });
}

void lay_grid(const quant::Recipe& recipe, std::span<const float> weights, float largest,
              WeightHistogram& histogram) {
  const Grid grid(recipe, weights, largest);
  Levels levels = grid.levels();
  const std::vector<float> decoded = grid.reconstruct(weights);
  for (const float value : decoded) ++levels[value];
  for (const auto& [value, count] : levels)
    histogram.levels.push_back({static_cast<double>(value) + 0.0, count});  // no -0
  histogram.breakpoints = grid.breakpoints();
  histogram.clipped = count_clipped(weights, histogram.levels);
  const double sqnr = quant::weight_error(weights, decoded).sqnr_db();
  if (std::isfinite(sqnr)) histogram.sqnr_db = sqnr;
}

}  // namespace

Result<WeightHistogram> weight_histogram(const model::Graph& graph, const Cell& cell,
                                         const std::string& layer,
                                         std::optional<std::int64_t> group) {
  QYOLO_TRY(const model::ConvNode* conv, find_layer(graph, layer));
  if (!cell.baseline && !cell.network.fold)
    return error("the histogram shows a layer as it runs, expected fold=on");
  QYOLO_CHECK_OK(check_rules(graph, cell));
  const quant::LayerTraits traits = traits_of(*conv);
  const quant::Shape& shape = traits.shape;
  const quant::Recipe* recipe = cell.baseline ? nullptr : cell.recipe_for(traits);
  WeightHistogram histogram;
  histogram.layer = conv->name;
  histogram.shape = fmt::format("[{}, {}, {}, {}]", shape.n, shape.c, shape.kh, shape.kw);
  histogram.cell = cell.label();
  if (recipe == nullptr) {
    if (group)
      return error("group {}: floating-point weights have no groups, expected a scheme", *group);
    histogram.weights = shape.size();
    count_bins(conv->weight, histogram);
    return histogram;
  }
  // Refuses weights that the scheme cannot take.
  const auto tensor = quant::quantize(conv->weight, shape, *recipe);
  if (!tensor.ok()) return error("{}: {}", conv->name, tensor.error().message);
  const quant::Granularity& granularity = recipe->granularity;
  QYOLO_TRY(const std::int64_t index, choose_group(granularity, shape, group));
  const std::int64_t count = granularity.group_count(shape);
  if (count > 1) histogram.group = fmt::format("group {} of {}", index, count);
  const std::vector<float> weights = weights_of_group(conv->weight, shape, granularity, index);
  histogram.weights = static_cast<std::int64_t>(weights.size());
  count_bins(weights, histogram);
  lay_grid(*recipe, weights, quant::largest_magnitude(conv->weight), histogram);
  if (recipe->options.bias_correction)
    histogram.note = "Grid and SQNR are those before bias correction.";
  return histogram;
}

}  // namespace qyolo::harness
