// Words for a POSIX shell.
#pragma once

#include <string>
#include <string_view>

namespace qyolo {

// As it is where it is safe, else in single quotes.
[[nodiscard]] std::string shell_quoted(std::string_view word);

}  // namespace qyolo
