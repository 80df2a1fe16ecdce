// pwlq-fang: the non-overlapping scheme of PWLQ (Fang et al., ECCV 2020, arXiv 2002.00104).
// Centre: signed k bits, step 2p / (2^k - 1). Tails: codes 0 ... 2^(k-1) - 1, step
// (m - p) / (2^(k-1) - 1), and the region's minimum as float offset: p for the positive tail, which
// is stored as the breakpoint, -m for the negative one, which is stored in place of a zero-point.
#include <algorithm>
#include "harness/quant/parameters.h"
#include "harness/quant/piecewise.h"

namespace qyolo::quant {
namespace {

class PwlqFang final : public PiecewiseScheme {
 public:
  [[nodiscard]] std::string_view name() const override { return "pwlq-fang"; }
  [[nodiscard]] std::string_view help() const override {
    return "piecewise linear as in Fang et al. 2020: unsigned tails with a float offset";
  }
  [[nodiscard]] SchemeStorage storage(const SchemeOptions& options) const override {
    return {.scales = 2,
            .zero_points = 1,
            .breakpoints = 1,
            .scale_bits = options.scale_bits,
            .zero_point_bits = options.scale_bits,
            .region_bits = 1};
  }
  [[nodiscard]] CodeLayout code_layout(const SchemeOptions& options) const override {
    const int half = 1 << (options.bits - 1);
    return {.centre = {-half, half - 1}, .tail = {0, half - 1}, .side_bit = true};
  }

  // The offset of the negative tail is a weight, too.
  [[nodiscard]] std::optional<GroupParameters> rescaled(
      const GroupParameters& parameters, double by, const SchemeOptions& options) const override {
    auto scaled = PiecewiseScheme::rescaled(parameters, by, options);
    if (scaled) {
      const double offset = static_cast<double>(parameters.zero_point[0]);
      scaled->zero_point[0] = round_stored(offset * by, options.scale_bits);
    }
    return scaled;
  }

 protected:
  [[nodiscard]] FittedParameters parameters(float breakpoint, double m,
                                            const SchemeOptions& options) const override {
    const double p = static_cast<double>(breakpoint);
    const float offset = std::min(round_stored(-m, options.scale_bits), -breakpoint);
    const double width = -static_cast<double>(offset) - p;
    const Scale centre = symmetric_scale(p, centre_steps(options), options);
    const Scale tail = symmetric_scale(width, tail_steps(options), options);
    return {
        {.scale = {centre.stored, tail.stored}, .zero_point = {offset}, .breakpoint = breakpoint},
        {centre.encoding, tail.encoding}};
  }

  [[nodiscard]] PiecewiseMap map(const GroupParameters& parameters,
                                 const SchemeOptions& options) const override {
    const double half = power_of_two(options.bits - 1);
    const auto tail = [&](float offset) {
      return LinearMap{.scale = static_cast<double>(parameters.scale[1]),
                       .offset = static_cast<double>(offset),
                       .high = tail_steps(options)};
    };
    return {.breakpoint = static_cast<double>(parameters.breakpoint),
            .centre = {.scale = static_cast<double>(parameters.scale[0]),
                       .low = -half,
                       .high = half - 1},
            .positive = tail(parameters.breakpoint),
            .negative = tail(parameters.zero_point[0])};
  }

 private:
  // Steps on half of the centre, and on a tail.
  [[nodiscard]] static double centre_steps(const SchemeOptions& options) {
    return (power_of_two(options.bits) - 1) / 2;
  }
  [[nodiscard]] static double tail_steps(const SchemeOptions& options) {
    return power_of_two(options.bits - 1) - 1;
  }
};

}  // namespace

const Scheme& pwlq_fang() {
  static const PwlqFang scheme;
  return scheme;
}

}  // namespace qyolo::quant
