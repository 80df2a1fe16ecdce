// pwlq: the study's piecewise-linear scheme (arXiv 2407.04943). Centre [-p, p]: symmetric, k bits.
// Tails [-m, -p] and [p, m]: affine, k - 1 bits each, with an integer zero-point that may lie
// outside k - 1 bits.
#include "harness/quant/parameters.h"
#include "harness/quant/piecewise.h"

namespace qyolo::quant {
namespace {

class Pwlq final : public PiecewiseScheme {
 public:
  [[nodiscard]] std::string_view name() const override { return "pwlq"; }
  [[nodiscard]] std::string_view help() const override {
    return "piecewise linear: symmetric centre with k bits, affine tails with k - 1 bits";
  }
  [[nodiscard]] SchemeStorage storage(const SchemeOptions& options) const override {
    // p <= m/2 keeps a tail's |z| below 2^k; a searched breakpoint may lie close to m.
    const int integer_bits = options.breakpoint == Breakpoint::kSearch ? 32 : options.bits + 1;
    return {.scales = 2,
            .zero_points = 2,
            .breakpoints = 1,
            .scale_bits = options.scale_bits,
            .zero_point_bits = options.integer_zero_points ? integer_bits : 32,
            .integer_zero_points = options.integer_zero_points,
            .region_bits = 1};
  }
  [[nodiscard]] CodeLayout code_layout(const SchemeOptions& options) const override {
    const int half = 1 << (options.bits - 2);
    return {.centre = {1 - 2 * half, 2 * half - 1}, .tail = {-half, half - 1}, .side_bit = true};
  }

 protected:
  [[nodiscard]] FittedParameters parameters(float breakpoint, double m,
                                            const SchemeOptions& options) const override {
    const double p = static_cast<double>(breakpoint);
    const double end = std::max(p, m);
    const int bits = options.bits - 1;
    const AffineParameters positive = affine_parameters(p, end, bits, options);
    const AffineParameters negative = affine_parameters(-end, -p, bits, options);
    const Scale centre = symmetric_scale(p, centre_steps(options), options);
    return {{.scale = {centre.stored, positive.scale.stored},
             .zero_point = {positive.zero_point, negative.zero_point},
             .breakpoint = breakpoint},
            {centre.encoding, positive.scale.encoding}};
  }

  [[nodiscard]] PiecewiseMap map(const GroupParameters& parameters,
                                 const SchemeOptions& options) const override {
    const double half = power_of_two(options.bits - 2);
    const auto tail = [&](float zero_point) {
      return LinearMap{.scale = static_cast<double>(parameters.scale[1]),
                       .zero_point = static_cast<double>(zero_point),
                       .low = -half,
                       .high = half - 1};
    };
    return {.breakpoint = static_cast<double>(parameters.breakpoint),
            .centre = {.scale = static_cast<double>(parameters.scale[0]),
                       .low = -centre_steps(options),
                       .high = centre_steps(options)},
            .positive = tail(parameters.zero_point[0]),
            .negative = tail(parameters.zero_point[1])};
  }

 private:
  [[nodiscard]] static double centre_steps(const SchemeOptions& options) {
    return power_of_two(options.bits - 1) - 1;
  }
};

}  // namespace

const Scheme& pwlq() {
  static const Pwlq scheme;
  return scheme;
}

}  // namespace qyolo::quant
