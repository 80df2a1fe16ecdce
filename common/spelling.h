// What somebody probably meant.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qyolo {

// Fewest insertions, deletions, replacements and swaps of neighbours that make one of the other
// (optimal string alignment), case ignored.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

// The name that is nearest to `text`, the first of equally near ones; empty where none is so near
// that it was probably meant: more than a third of its letters differ, or all of them.
[[nodiscard]] std::string_view nearest_name(std::string_view text,
                                            std::span<const std::string_view> names);

// "; did you mean 'filter'?" or nothing, to be put behind a sentence about `text`.
[[nodiscard]] std::string did_you_mean(std::string_view text,
                                       std::span<const std::string_view> names);
template <class Names>
[[nodiscard]] std::string did_you_mean(std::string_view text, const Names& names) {
  const std::vector<std::string_view> views(names.begin(), names.end());
  return did_you_mean(text, std::span<const std::string_view>(views));
}

}  // namespace qyolo
