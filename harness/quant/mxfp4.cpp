// mxfp4: OCP Microscaling Formats (MX) v1.0: blocks of 32 weights of E2M1 with a power of two. With
// the range minmax that power is the standard's (6.3): 2^floor(log2 max|r|) over the largest power
// of two that E2M1 has, 4; what lies above 6 of it becomes 6. A range that is searched for may take
// the power above or one below.
#include <algorithm>
#include <cmath>

#include "harness/quant/level_scheme.h"
#include "harness/quant/small_floats.h"

namespace qyolo::quant {
namespace {

constexpr int kLargestExponent = 127;  // of E8M0; the smallest is its negative
constexpr int kExponentOfFour = 2;
// 6 / 4 up to the next power of two: a block up to 8 times the standard's power may be better off
// with the next one.
constexpr double kNextPower = 4.0 / 3;

class Mxfp4 final : public LevelScheme {
 public:
  [[nodiscard]] std::string_view name() const override { return "mxfp4"; }
  [[nodiscard]] std::string_view help() const override {
    return "OCP MX, 4 bits: E2M1, a power of two for every 32 weights (group:32)";
  }
  [[nodiscard]] SchemeLimits limits() const override { return {4, 4, 32}; }
  [[nodiscard]] SchemeStorage storage(const SchemeOptions& /*options*/) const override {
    return {.scales = 1, .scale_bits = 8, .scale_format = ScaleFormat::kE8m0};
  }

 protected:
  [[nodiscard]] std::span<const double> table(const SchemeOptions& /*options*/) const override {
    return kSignedE2m1;
  }
  [[nodiscard]] GroupParameters parameters(double largest, const GroupView& /*group*/,
                                           const SchemeOptions& /*options*/) const override {
    if (largest == 0) return {.scale = {1}};
    const int exponent =
        std::clamp(std::ilogb(largest) - kExponentOfFour, -kLargestExponent, kLargestExponent);
    return {.scale = {std::ldexp(1.0F, exponent)}};
  }
  [[nodiscard]] double widest() const override { return kNextPower; }
};

}  // namespace

const Scheme& mxfp4() {
  static const Mxfp4 scheme;
  return scheme;
}

}  // namespace qyolo::quant
