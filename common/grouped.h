// Large numbers for people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace qyolo {

// 1234567 -> "1,234,567".
[[nodiscard]] inline std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t end = digits.size(); end > 3; end -= 3) digits.insert(end - 3, 1, ',');
  return digits;
}

}  // namespace qyolo
