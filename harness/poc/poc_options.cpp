// The options of a proof of concept as people write them.
#include <fmt/format.h>

#include <charconv>

#include "harness/poc/poc.h"

namespace qyolo::harness {

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
        "'{}' is no amount of AP, expected points from 0 to 100, as 1pt, or percent, as "
        "2%",
        text);
  }
  return amount;
}

Result<ClassTolerance> parse_class_tolerance(std::string_view text) {
  const auto equals = text.rfind('=');
  ClassTolerance tolerance;
  if (equals != std::string_view::npos) {
    tolerance.name = text.substr(0, equals);
    if (tolerance.name.empty()) return error("'{}' names no class, expected class=2pt", text);
    text.remove_prefix(equals + 1);
  }
  QYOLO_TRY(tolerance.amount, parse_ap_amount(text));
  return tolerance;
}

}  // namespace qyolo::harness
