// nf4: the 16 values of QLoRA's 4-bit NormalFloat (Dettmers et al., arXiv 2305.14314, appendix E),
// times the largest magnitude of the group.
#include <array>

#include "harness/quant/level_scheme.h"

namespace qyolo::quant {
namespace {

constexpr std::array kNormalFloat = {-1.0,
                                     -0.6961928009986877,
                                     -0.5250730514526367,
                                     -0.39491748809814453,
                                     -0.28444138169288635,
                                     -0.18477343022823334,
                                     -0.09105003625154495,
                                     0.0,
                                     0.07958029955625534,
                                     0.16093020141124725,
                                     0.24611230194568634,
                                     0.33791524171829224,
                                     0.44070982933044434,
                                     0.5626170039176941,
                                     0.7229568362236023,
                                     1.0};

class Nf4 final : public LevelScheme {
 public:
  [[nodiscard]] std::string_view name() const override { return "nf4"; }
  [[nodiscard]] std::string_view help() const override {
    return "4 bits: the 16 values of QLoRA's NormalFloat, times the largest magnitude";
  }
  [[nodiscard]] SchemeLimits limits() const override { return {4, 4}; }
  // As published: 0 is -1, 7 is 0, 15 is 1.
  [[nodiscard]] CodeLayout code_layout(const SchemeOptions& /*options*/) const override {
    return {.centre = {0, 15}};
  }

 protected:
  [[nodiscard]] std::span<const double> table(const SchemeOptions& /*options*/) const override {
    return kNormalFloat;
  }
};

}  // namespace

const Scheme& nf4() {
  static const Nf4 scheme;
  return scheme;
}

}  // namespace qyolo::quant
