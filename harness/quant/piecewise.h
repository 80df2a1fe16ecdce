// What piecewise-linear schemes share: a breakpoint p chosen by SchemeOptions::breakpoint, weights
// with |r| < p in the centre, the others in the tail of their sign.
#pragma once

#include "harness/quant/kernels.h"
#include "harness/quant/scheme.h"

namespace qyolo::quant {

class PiecewiseScheme : public Scheme {
 public:
  [[nodiscard]] bool piecewise() const final { return true; }
  [[nodiscard]] bool takes(Range::Kind range) const final { return range == Range::Kind::kMinMax; }
  [[nodiscard]] FittedParameters fit(const GroupView& group,
                                     const SchemeOptions& options) const final;
  [[nodiscard]] std::optional<GroupParameters> rescaled(
      const GroupParameters& parameters, double by, const SchemeOptions& options) const override;
  void encode(std::span<const float> weights, const FittedParameters& parameters,
              const SchemeOptions& options, std::span<std::int8_t> codes,
              std::span<std::uint8_t> regions) const final;
  void decode(std::span<const std::int8_t> codes, std::span<const std::uint8_t> regions,
              const GroupParameters& parameters, const SchemeOptions& options,
              std::span<float> weights) const final;

 protected:
  // For a breakpoint already rounded as stored, and m = max|r|. Rounding may have made p = 0 (all
  // weights are in the tails) or p >= m (at most those with |r| = m are).
  [[nodiscard]] virtual FittedParameters parameters(float breakpoint, double m,
                                                    const SchemeOptions& options) const = 0;
  [[nodiscard]] virtual PiecewiseMap map(const GroupParameters& parameters,
                                         const SchemeOptions& options) const = 0;

 private:
  [[nodiscard]] double search(std::span<const float> weights, double m,
                              const SchemeOptions& options) const;
};

}  // namespace qyolo::quant
