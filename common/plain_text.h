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
// Columns that valid UTF-8 takes on a terminal: two for each character that Unicode calls wide or
// full-width (East Asian Width, UAX 11), one for every other.
[[nodiscard]] std::size_t columns_of(std::string_view text);
// As many of its first characters as fit into so many columns.
[[nodiscard]] std::string_view first_columns(std::string_view text, std::size_t columns);

}  // namespace qyolo
