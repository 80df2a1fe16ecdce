// File names that mean the same to a person and differ in their bytes.
#pragma once

#include <string>
#include <string_view>

namespace qyolo::datasets {

// Every letter with its marks as single code points (Unicode's canonical decomposition, NFD), as
// macOS stores names; other systems keep them composed (NFC). Two names that differ only in that
// are equal afterwards. Bytes that are no UTF-8 stay. The order of several marks is not changed:
// both forms have the same one.
[[nodiscard]] std::string decomposed(std::string_view name);

// The name with its extension (behind the last '.') in lower case.
[[nodiscard]] std::string with_lower_extension(std::string_view name);

// "%20" as the byte it means; what is no such escape stays.
[[nodiscard]] std::string percent_decoded(std::string_view name);

}  // namespace qyolo::datasets
