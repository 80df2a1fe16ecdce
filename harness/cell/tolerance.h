// An amount of AP that may be lost, as people write it.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

namespace qyolo::harness {

// Points (hundredths) of AP, or percent of the FP32 network's AP.
struct ApAmount {
  double value = 1;
  bool percent = false;

  [[nodiscard]] double fraction(double baseline_ap) const {
    return value / 100 * (percent ? baseline_ap : 1);
  }
  [[nodiscard]] std::string text() const;  // "1 point of AP", "2 % of its AP"
};

// "1pt", "0.5" (points), "2%"; 0 to 100.
Result<ApAmount> parse_ap_amount(std::string_view text);

}  // namespace qyolo::harness
