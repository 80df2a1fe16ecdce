// The arithmetic that an executor computes in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace qyolo::engine {

enum class Precision {
  kFp32,
  kBf16,  // maps and weights in bfloat16, sums in FP32
  kInt8,  // u8 maps, s8 weights, sums in 32-bit integers; kept layers in FP32
};

// "fp32", "bf16", "int8".
[[nodiscard]] std::string_view precision_name(Precision precision);
// Fails with the names.
Result<Precision> parse_precision(std::string_view name);
[[nodiscard]] const std::vector<Precision>& all_precisions();
[[nodiscard]] std::vector<std::string> precision_names();

}  // namespace qyolo::engine
