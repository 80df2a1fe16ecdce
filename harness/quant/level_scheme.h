// What schemes with a fixed table of values share: code q of a group decodes to factor * table[q -
// lowest code], and weights go to the nearest of these values, half to even codes. The factor comes
// from the largest magnitude of the group, shrunk as SchemeOptions::range says.
#pragma once

#include "harness/quant/scheme.h"

namespace qyolo::quant {

class LevelScheme : public Scheme {
 public:
  [[nodiscard]] bool piecewise() const final { return false; }
  [[nodiscard]] bool takes(Range::Kind /*range*/) const final { return true; }
  [[nodiscard]] SchemeStorage storage(const SchemeOptions& options) const override {
    return {.scales = 1, .scale_bits = options.scale_bits};
  }
  // The codes -n ... n, stored as sign and magnitude.
  [[nodiscard]] CodeLayout code_layout(const SchemeOptions& options) const override;
  [[nodiscard]] FittedParameters fit(const GroupView& group,
                                     const SchemeOptions& options) const final;
  // The full range here is widest() times the largest magnitude.
  [[nodiscard]] FittedParameters fit_shrunk(const GroupView& group, double low_ratio,
                                            double high_ratio,
                                            const SchemeOptions& options) const final;
  [[nodiscard]] std::optional<GroupParameters> rescaled(const GroupParameters& parameters,
                                                        double by,
                                                        const SchemeOptions& options) const final;
  void encode(std::span<const float> weights, const FittedParameters& parameters,
              const SchemeOptions& options, std::span<std::int8_t> codes,
              std::span<std::uint8_t> regions) const final;
  void decode(std::span<const std::int8_t> codes, std::span<const std::uint8_t> regions,
              const GroupParameters& parameters, const SchemeOptions& options,
              std::span<float> weights) const final;

 protected:
  // Ascending, of all codes.
  [[nodiscard]] virtual std::span<const double> table(const SchemeOptions& options) const = 0;
  // For weights up to this magnitude; a table whose largest value is 1 has it as its scale.
  [[nodiscard]] virtual GroupParameters parameters(double largest, const GroupView& group,
                                                   const SchemeOptions& options) const;
  [[nodiscard]] virtual double factor(const GroupParameters& parameters) const;
  // How much more than the largest magnitude a range that is searched for begins with: where scales
  // are so far apart that the next one up may be better.
  [[nodiscard]] virtual double widest() const { return 1; }
};

}  // namespace qyolo::quant
