// Markdown for a terminal, or for files that are read as plain text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace qyolo::results {

// Tables wider than `width` characters become several below each other, each beginning with the
// first column; a column that is wider alone stays as it is. With `paragraphs`, text and list items
// are wrapped, too, between words. Code between fences stays as it is.
[[nodiscard]] std::string fit_text(std::string_view markdown, std::size_t width, bool paragraphs);

}  // namespace qyolo::results
