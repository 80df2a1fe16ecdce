// nvfp4: NVIDIA's FP4 (Blackwell; NVFP4 in Transformer Engine and ModelOpt): blocks of 16 weights
// of E2M1, an E4M3 scale for each, and one FP32 scale t for the tensor, max|r| / (6 * 448): r^ = t
// s_block value. s_block is max|r| of the block over 6 t, rounded to E4M3.
#include <algorithm>
#include <limits>

#include "harness/quant/level_scheme.h"
#include "harness/quant/small_floats.h"

namespace qyolo::quant {
namespace {

constexpr double kLargestValue = 6;

class Nvfp4 final : public LevelScheme {
 public:
  [[nodiscard]] std::string_view name() const override { return "nvfp4"; }
  [[nodiscard]] std::string_view help() const override {
    return "NVIDIA's 4 bits: E2M1, an E4M3 scale for every 16 weights (group:16), an FP32 one";
  }
  [[nodiscard]] SchemeLimits limits() const override { return {4, 4, 16}; }
  [[nodiscard]] SchemeStorage storage(const SchemeOptions& /*options*/) const override {
    return {.scales = 1, .scale_bits = 8, .scale_format = ScaleFormat::kE4m3, .tensor_scales = 1};
  }
  [[nodiscard]] float tensor_scale(float largest) const override {
    if (largest == 0) return 1;
    const double scale =
        static_cast<double>(largest) / (kLargestValue * largest_small_float(kE4m3));
    return std::max(static_cast<float>(scale), std::numeric_limits<float>::denorm_min());
  }

 protected:
  [[nodiscard]] std::span<const double> table(const SchemeOptions& /*options*/) const override {
    return kSignedE2m1;
  }
  [[nodiscard]] GroupParameters parameters(double largest, const GroupView& group,
                                           const SchemeOptions& /*options*/) const override {
    const double tensor = static_cast<double>(group.tensor_scale);
    const int pattern = nearest_pattern(kE4m3, largest / (kLargestValue * tensor));
    const double block = small_float(kE4m3, std::max(pattern, 1));  // above 0
    return {.scale = {static_cast<float>(block), group.tensor_scale}};
  }
  [[nodiscard]] double factor(const GroupParameters& parameters) const override {
    return static_cast<double>(parameters.scale[0]) * static_cast<double>(parameters.scale[1]);
  }
};

}  // namespace

const Scheme& nvfp4() {
  static const Nvfp4 scheme;
  return scheme;
}

}  // namespace qyolo::quant
