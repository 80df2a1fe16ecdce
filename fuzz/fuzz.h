// What every target is: a function of bytes that must return, whatever they are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace qyolo::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// The input as two texts: in front of and behind the first zero byte.
inline std::pair<std::string_view, std::string_view> two_texts(const std::uint8_t* data,
                                                               std::size_t size) {
  const std::string_view text = text_of(data, size);
  const std::size_t cut = std::min(text.find('\0'), text.size());
  return {text.substr(0, cut), text.substr(std::min(cut + 1, text.size()))};
}

inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace qyolo::fuzz
