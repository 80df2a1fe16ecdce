// Text in tables and charts: safe in each format, whatever a label holds.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/plain_text.h"
#include "results/label.h"
#include "results/record.h"

namespace qyolo::results {

using qyolo::length_of;
using qyolo::plain_text;

// For a cell or a paragraph of GitHub-flavoured Markdown.
[[nodiscard]] std::string markdown_text(std::string_view text);
// For LaTeX text mode, also at the start of a table row.
[[nodiscard]] std::string latex_text(std::string_view text);
// A field of RFC 4180, quoted where it must be.
[[nodiscard]] std::string csv_field(std::string_view text);

// "12.30"; never "-0.00".
[[nodiscard]] std::string fixed(double value, int decimals);
// A difference of AP (0..1) in points, signed unless it rounds to zero: "+1.20".
[[nodiscard]] std::string points(double difference, int decimals = 2);
// "95 %", of 0.95.
[[nodiscard]] std::string percent_text(double share);
// For what was not measured.
inline constexpr std::string_view kAbsent = "–";

// A decimal unit in which numbers up to `largest` bytes are readable.
struct ByteUnit {
  std::string_view name;
  double bytes = 1;
  int decimals = 0;  // for tables
};
[[nodiscard]] ByteUnit byte_unit(double largest);

// The member's text; empty where `object` is none, or has no such text.
[[nodiscard]] std::string json_text(const Json& object, std::string_view key);

}  // namespace qyolo::results
