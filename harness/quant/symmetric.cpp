// symmetric: [-a, a], a = max|r|, on the codes -(2^(k-1) - 1) ... 2^(k-1) - 1, no zero-point (the
// study, arXiv 2407.04943). s = (2^(k-1) - 1) / a.
#include "harness/quant/parameters.h"
#include "harness/quant/uniform.h"

namespace qyolo::quant {
namespace {

class Symmetric final : public UniformScheme {
 public:
  [[nodiscard]] std::string_view name() const override { return "symmetric"; }
  [[nodiscard]] std::string_view help() const override {
    return "uniform over [-a, a], a = max|r|, without a zero-point";
  }
  [[nodiscard]] SchemeStorage storage(const SchemeOptions& options) const override {
    return {.scales = 1, .scale_bits = options.scale_bits};
  }
  [[nodiscard]] CodeLayout code_layout(const SchemeOptions& options) const override {
    const int end = (1 << (options.bits - 1)) - 1;
    return {.centre = {-end, end}};
  }

 protected:
  [[nodiscard]] bool symmetric() const override { return true; }
  [[nodiscard]] FittedParameters parameters(const Interval& range,
                                            const SchemeOptions& options) const override {
    const Scale scale = symmetric_scale(range.high, steps(options), options);
    return {{.scale = {scale.stored}}, {scale.encoding}};
  }
  [[nodiscard]] LinearMap map(const GroupParameters& parameters,
                              const SchemeOptions& options) const override {
    return {.scale = static_cast<double>(parameters.scale[0]),
            .low = -steps(options),
            .high = steps(options)};
  }

 private:
  [[nodiscard]] static double steps(const SchemeOptions& options) {
    return power_of_two(options.bits - 1) - 1;
  }
};

}  // namespace

const Scheme& symmetric() {
  static const Symmetric scheme;
  return scheme;
}

}  // namespace qyolo::quant
