// Text from files in output of one's own.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace qyolo {

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

// One line of valid UTF-8: control characters and line ends become spaces, invalid bytes and
// non-characters U+FFFD.
[[nodiscard]] std::string plain_text(std::string_view text);
// Number of code points.
[[nodiscard]] std::size_t length_of(std::string_view text);

}  // namespace qyolo
