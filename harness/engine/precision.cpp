#include "harness/engine/precision.h"

namespace qyolo::engine {

std::string_view precision_name(Precision precision) {
  switch (precision) {
    case Precision::kFp32:
      return "fp32";
    case Precision::kBf16:
      return "bf16";
    case Precision::kInt8:
      return "int8";
  }
  return "";
}

const std::vector<Precision>& all_precisions() {
  static const std::vector<Precision> all = {Precision::kFp32, Precision::kBf16, Precision::kInt8};
  return all;
}

Result<Precision> parse_precision(std::string_view name) {
  for (const Precision precision : all_precisions()) {
    if (name == precision_name(precision)) return precision;
  }
  return error("unknown precision '{}', expected fp32, bf16 or int8", name);
}

std::vector<std::string> precision_names() {
  std::vector<std::string> names;
  for (const Precision precision : all_precisions()) names.emplace_back(precision_name(precision));
  return names;
}

}  // namespace qyolo::engine
