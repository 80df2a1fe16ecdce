#include "harness/cell/tolerance.h"

#include <fmt/core.h>

#include <charconv>

namespace qyolo::harness {

std::string ApAmount::text() const {
  const char* unit = percent ? "% of its AP" : value == 1 ? "point of AP" : "points of AP";
  return fmt::format("{:g} {}", value, unit);
}

Result<ApAmount> parse_ap_amount(std::string_view text) {
  ApAmount amount;
  std::string_view number = text;
  if (number.ends_with('%')) {
    amount.percent = true;
    number.remove_suffix(1);
  } else if (number.ends_with("pt")) {
    number.remove_suffix(2);
  }
  const char* end = number.data() + number.size();
  const auto [at, code] = std::from_chars(number.data(), end, amount.value);
  if (code != std::errc() || at != end || !(amount.value >= 0 && amount.value <= 100)) {
    return error(
        "'{}' is no amount of AP, expected points from 0 to 100, as 1pt, or percent, as 2%", text);
  }
  return amount;
}

}  // namespace qyolo::harness
