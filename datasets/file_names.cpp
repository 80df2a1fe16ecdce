#include "datasets/file_names.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace qyolo::datasets {
namespace {

struct Decomposition {
  std::uint16_t code, first, second;  // second 0: none
};

constexpr Decomposition kDecompositions[] = {
#include "datasets/unicode_decompositions.inc"
};

void append_utf8(std::uint32_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

// Unicode, 3.12: conjoining jamo.
bool append_hangul(std::uint32_t code, std::string& out) {
  constexpr std::uint32_t kBase = 0xAC00, kCount = 11172, kVowels = 21, kFinals = 28;
  if (code < kBase || code >= kBase + kCount) return false;
  const std::uint32_t index = code - kBase;
  append_utf8(0x1100 + index / (kVowels * kFinals), out);
  append_utf8(0x1161 + index % (kVowels * kFinals) / kFinals, out);
  if (index % kFinals != 0) append_utf8(0x11A7 + index % kFinals, out);
  return true;
}

void append_decomposed(std::uint32_t code, std::string& out) {
  if (append_hangul(code, out)) return;
  const auto* found = std::lower_bound(
      std::begin(kDecompositions), std::end(kDecompositions), code,
      [](const Decomposition& entry, std::uint32_t wanted) { return entry.code < wanted; });
  if (found == std::end(kDecompositions) || found->code != code) {
    append_utf8(code, out);
    return;
  }
  append_decomposed(found->first, out);
  if (found->second != 0) append_decomposed(found->second, out);
}

// The code point of 2 or 3 bytes at `at`; 0 where there is none (ASCII, 4 bytes, no UTF-8).
std::uint32_t code_at(std::string_view text, std::size_t at, std::size_t& size) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<std::uint8_t>(text[at + i]) : std::uint8_t{0};
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  size = 1;
  if ((byte(0) & 0xE0U) == 0xC0U && continues(1)) {
    size = 2;
    return (byte(0) & 0x1FU) << 6U | (byte(1) & 0x3FU);
  }
  if ((byte(0) & 0xF0U) == 0xE0U && continues(1) && continues(2)) {
    size = 3;
    return (byte(0) & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU);
  }
  return 0;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string decomposed(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  for (std::size_t at = 0, size = 1; at < name.size(); at += size) {
    const std::uint32_t code = code_at(name, at, size);
    if (code == 0) {
      out += name[at];
    } else {
      append_decomposed(code, out);
    }
  }
  return out;
}

std::string with_lower_extension(std::string_view name) {
  std::string out(name);
  const std::size_t point = out.rfind('.');
  if (point == std::string::npos) return out;
  std::transform(out.begin() + static_cast<std::ptrdiff_t>(point), out.end(),
                 out.begin() + static_cast<std::ptrdiff_t>(point), [](char c) {
                   return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
                 });
  return out;
}

std::string percent_decoded(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const int high = name[i] == '%' && i + 2 < name.size() ? hex_digit(name[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(name[i + 2]) : -1;
    if (low < 0) {
      out += name[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

}  // namespace qyolo::datasets
