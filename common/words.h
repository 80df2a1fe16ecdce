// Numbers with what they count.
#pragma once

#include <fmt/core.h>

#include <concepts>
#include <string>
#include <string_view>

namespace qyolo {

// "1 image", "240 images"; with a plural of its own "1 class", "8 classes".
[[nodiscard]] std::string counted(std::integral auto count, std::string_view one,
                                  std::string_view several = "") {
  if (count == 1) return fmt::format("1 {}", one);
  return several.empty() ? fmt::format("{} {}s", count, one) : fmt::format("{} {}", count, several);
}

// What a ratio of sizes, other over own, says: "3.92x smaller than FP16"; below 1
// "2.00x as large as FP16", and of 1 to two digits "as large as FP16".
[[nodiscard]] inline std::string size_ratio_text(double ratio, std::string_view other) {
  const std::string text = fmt::format("{:.2f}", ratio);
  if (text == "1.00" || !(ratio > 0)) return fmt::format("as large as {}", other);
  if (ratio > 1) return fmt::format("{}x smaller than {}", text, other);
  return fmt::format("{:.2f}x as large as {}", 1 / ratio, other);
}

}  // namespace qyolo
