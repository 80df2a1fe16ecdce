// pwlq-overlap: PWLQ with overlapping regions (Fang et al., ECCV 2020, arXiv 2002.00104): symmetric
// with k bits on [-p, p] for the centre, and on [-m, m] for the tails, which are one region: the
// code's sign is the side.
#include "harness/quant/parameters.h"
#include "harness/quant/piecewise.h"

namespace qyolo::quant {
namespace {

class PwlqOverlap final : public PiecewiseScheme {
 public:
  [[nodiscard]] std::string_view name() const override { return "pwlq-overlap"; }
  [[nodiscard]] std::string_view help() const override {
    return "piecewise linear, overlapping: symmetric k bits on [-p, p] and on [-m, m]";
  }
  [[nodiscard]] SchemeStorage storage(const SchemeOptions& options) const override {
    return {.scales = 2, .breakpoints = 1, .scale_bits = options.scale_bits, .region_bits = 1};
  }
  [[nodiscard]] CodeLayout code_layout(const SchemeOptions& options) const override {
    const int end = (1 << (options.bits - 1)) - 1;
    return {.centre = {-end, end}, .tail = {-end, end}};
  }

 protected:
  [[nodiscard]] FittedParameters parameters(float breakpoint, double m,
                                            const SchemeOptions& options) const override {
    const Scale centre = symmetric_scale(static_cast<double>(breakpoint), steps(options), options);
    const Scale tails = symmetric_scale(m, steps(options), options);
    return {{.scale = {centre.stored, tails.stored}, .breakpoint = breakpoint},
            {centre.encoding, tails.encoding}};
  }

  [[nodiscard]] PiecewiseMap map(const GroupParameters& parameters,
                                 const SchemeOptions& options) const override {
    const auto region = [&](float scale) {
      return LinearMap{
          .scale = static_cast<double>(scale), .low = -steps(options), .high = steps(options)};
    };
    return {.breakpoint = static_cast<double>(parameters.breakpoint),
            .centre = region(parameters.scale[0]),
            .positive = region(parameters.scale[1]),
            .negative = region(parameters.scale[1]),
            .negative_region = kPositiveTail};
  }

 private:
  [[nodiscard]] static double steps(const SchemeOptions& options) {
    return power_of_two(options.bits - 1) - 1;
  }
};

}  // namespace

const Scheme& pwlq_overlap() {
  static const PwlqOverlap scheme;
  return scheme;
}

}  // namespace qyolo::quant
