// kmeans: every group has a codebook of 2^k values of its own, those of least squared error
// (Stock et al., arXiv 1907.05686, and Kim et al., arXiv 2306.07629, weight the error by the
// inputs, which the range hmse asks for here). The values are the exact optimum, not Lloyd's
// iteration.
#include <algorithm>
#include <array>

#include "harness/quant/optimal_partition.h"
#include "harness/quant/parameters.h"
#include "harness/quant/scheme.h"
#include "harness/quant/small_floats.h"

namespace qyolo::quant {
namespace {

class Kmeans final : public Scheme {
 public:
  [[nodiscard]] std::string_view name() const override { return "kmeans"; }
  [[nodiscard]] std::string_view help() const override {
    return "2 to 4 bits: a codebook for every group, of least squared error";
  }
  [[nodiscard]] SchemeLimits limits() const override { return {2, 4}; }
  [[nodiscard]] SchemeStorage storage(const SchemeOptions& options) const override {
    return {.codebook = 1 << options.bits, .scale_bits = options.scale_bits};
  }
  [[nodiscard]] CodeLayout code_layout(const SchemeOptions& options) const override {
    return {.centre = {0, (1 << options.bits) - 1}};
  }
  [[nodiscard]] bool piecewise() const override { return false; }
  [[nodiscard]] bool takes(Range::Kind range) const override {
    return range == Range::Kind::kMinMax || range == Range::Kind::kHmse;
  }

  [[nodiscard]] FittedParameters fit(const GroupView& group,
                                     const SchemeOptions& options) const override {
    const bool counts = options.range.kind == Range::Kind::kHmse;
    std::vector<float> values;
    for (const double mean :
         cluster_means(group.weights, counts ? group.importance : std::span<const double>(),
                       std::size_t{1} << options.bits)) {
      values.push_back(round_stored(mean, options.scale_bits));
    }
    FittedParameters found;
    found.codebook = Codebook(values);
    return found;
  }

  [[nodiscard]] std::optional<GroupParameters> rescaled(
      const GroupParameters& parameters, double by, const SchemeOptions& options) const override {
    std::vector<float> values;
    for (const float value : parameters.codebook.values())
      values.push_back(round_stored(static_cast<double>(value) * by, options.scale_bits));
    GroupParameters scaled;
    scaled.codebook = Codebook(values);
    return scaled;
  }

  void encode(std::span<const float> weights, const FittedParameters& parameters,
              const SchemeOptions& /*options*/, std::span<std::int8_t> codes,
              std::span<std::uint8_t> /*regions*/) const override {
    const std::span<const float> values = parameters.codebook.values();
    std::array<double, Codebook::kMost> table{};
    std::ranges::copy(values, table.begin());
    const std::span<const double> ascending = std::span(table).first(values.size());
    for (std::size_t i = 0; i < weights.size(); ++i)
      codes[i] =
          static_cast<std::int8_t>(nearest_place(ascending, static_cast<double>(weights[i])));
  }
  void decode(std::span<const std::int8_t> codes, std::span<const std::uint8_t> /*regions*/,
              const GroupParameters& parameters, const SchemeOptions& /*options*/,
              std::span<float> weights) const override {
    const std::span<const float> values = parameters.codebook.values();
    for (std::size_t i = 0; i < codes.size(); ++i)
      weights[i] = values[static_cast<std::size_t>(codes[i])];
  }
};

}  // namespace

const Scheme& kmeans() {
  static const Kmeans scheme;
  return scheme;
}

}  // namespace qyolo::quant
