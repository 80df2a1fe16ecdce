// The options of a proof of concept as people write them.
#include <fmt/format.h>

#include "harness/poc/poc.h"

namespace qyolo::harness {

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
