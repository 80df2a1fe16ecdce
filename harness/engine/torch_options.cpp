#include <algorithm>

#include "harness/engine/torch_executor.h"

namespace qyolo::model {

Result<TorchPrecision> parse_torch_precision(std::string_view name) {
  if (name == "fp32") return TorchPrecision::kFp32;
  if (name == "bf16") return TorchPrecision::kBf16;
  if (name == "fp16") return TorchPrecision::kFp16;
  return error("the engine torch computes in fp32, bf16 or fp16, not in {}", name);
}

Status check_torch_device(std::string_view name) {
  constexpr std::string_view kGpu = "cuda", kNumbered = "cuda:";
  constexpr std::size_t kDigits = 2;
  if (name == "cpu" || name == kGpu) return {};
  const std::string_view number =
      name.starts_with(kNumbered) ? name.substr(kNumbered.size()) : std::string_view();
  if (number.empty() || number.size() > kDigits ||
      !std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; }))
    return error("'{}' is no device, expected cpu, cuda or cuda:N", name);
  return {};
}

}  // namespace qyolo::model
