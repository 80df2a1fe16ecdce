// affine: [min r, max r] on all 2^k codes, with a zero-point (the study, arXiv 2407.04943).
// s = (2^k - 1) / (max - min), z = -round(min s) - 2^(k-1).
#include "harness/quant/parameters.h"
#include "harness/quant/uniform.h"

namespace qyolo::quant {
namespace {

class Affine final : public UniformScheme {
 public:
  [[nodiscard]] std::string_view name() const override { return "affine"; }
  [[nodiscard]] std::string_view help() const override {
    return "uniform over [min, max], with a zero-point";
  }
  [[nodiscard]] SchemeStorage storage(const SchemeOptions& options) const override {
    // A range that contains 0 has its zero-point among the codes; another may put it anywhere.
    const int integer_bits = options.include_zero ? options.bits : 32;
    return {.scales = 1,
            .zero_points = 1,
            .scale_bits = options.scale_bits,
            .zero_point_bits = options.integer_zero_points ? integer_bits : 32,
            .integer_zero_points = options.integer_zero_points};
  }
  [[nodiscard]] CodeLayout code_layout(const SchemeOptions& options) const override {
    const int half = 1 << (options.bits - 1);
    return {.centre = {-half, half - 1}};
  }

 protected:
  [[nodiscard]] bool symmetric() const override { return false; }
  [[nodiscard]] FittedParameters parameters(const Interval& range,
                                            const SchemeOptions& options) const override {
    const AffineParameters found = affine_parameters(range.low, range.high, options.bits, options);
    return {{.scale = {found.scale.stored}, .zero_point = {found.zero_point}},
            {found.scale.encoding}};
  }
  [[nodiscard]] LinearMap map(const GroupParameters& parameters,
                              const SchemeOptions& options) const override {
    const double half = power_of_two(options.bits - 1);
    return {.scale = static_cast<double>(parameters.scale[0]),
            .zero_point = static_cast<double>(parameters.zero_point[0]),
            .low = -half,
            .high = half - 1};
  }
};

}  // namespace

const Scheme& affine() {
  static const Affine scheme;
  return scheme;
}

}  // namespace qyolo::quant
