// fp8-e4m3 and fp8-e5m2: OCP 8-bit Floating Point (OFP8) v1.0. The stored scale is the magnitude
// that the format's largest number (448, 57344) stands for; codes are its patterns.
#include "harness/quant/level_scheme.h"
#include "harness/quant/small_floats.h"

namespace qyolo::quant {
namespace {

class Fp8 final : public LevelScheme {
 public:
  Fp8(const SmallFloat& format, std::string_view name, std::string_view help)
      : name_(name), help_(help), values_(normalized_small_floats(format)) {}
  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::string_view help() const override { return help_; }
  [[nodiscard]] SchemeLimits limits() const override { return {8, 8}; }

 protected:
  [[nodiscard]] std::span<const double> table(const SchemeOptions& /*options*/) const override {
    return values_;
  }

 private:
  std::string_view name_, help_;
  std::vector<double> values_;
};

}  // namespace

const Scheme& fp8_e4m3() {
  static const Fp8 scheme(kE4m3, "fp8-e4m3",
                          "8-bit floating point, three bits behind the leading one");
  return scheme;
}

const Scheme& fp8_e5m2() {
  static const Fp8 scheme(kE5m2, "fp8-e5m2",
                          "8-bit floating point, two bits behind the leading one");
  return scheme;
}

}  // namespace qyolo::quant
