// What uniform schemes share: one linear map over a range chosen by SchemeOptions::range.
#pragma once

#include "harness/quant/kernels.h"
#include "harness/quant/range.h"
#include "harness/quant/scheme.h"

namespace qyolo::quant {

class UniformScheme : public Scheme {
 public:
  [[nodiscard]] bool piecewise() const final { return false; }
  [[nodiscard]] bool takes(Range::Kind /*range*/) const final { return true; }
  [[nodiscard]] FittedParameters fit(const GroupView& group,
                                     const SchemeOptions& options) const final;
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
  // Whether ranges are [-a, a].
  [[nodiscard]] virtual bool symmetric() const = 0;
  [[nodiscard]] virtual FittedParameters parameters(const Interval& range,
                                                    const SchemeOptions& options) const = 0;
  [[nodiscard]] virtual LinearMap map(const GroupParameters& parameters,
                                      const SchemeOptions& options) const = 0;
};

}  // namespace qyolo::quant
