// Reading JSON text character by character, without a copy or an index of it; for coco_json*.cpp
// only. What it does not take may still be JSON: then a general parser decides.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "common/coco_types.h"
#include "datasets/coco_json_scan.h"

namespace qyolo::datasets {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads from `at`. Most functions check no bounds, since they stop at the first character that does
// not fit, and none takes the bracket or comma from `end` on (but take_last), whatever the text is.
// REQUIRES: from `end` on, the text has blanks, if any, and a comma or a closing bracket.
class Scanner {
 public:
  Scanner(const char* at, const char* end) : at_(at), end_(end) {}

  [[nodiscard]] const char* at() const { return at_; }

  void skip_blanks() {
    while (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r') ++at_;
  }

  // A character, with blanks around it; not the bracket after `end`.
  bool take(char wanted) {
    skip_blanks();
    if (*at_ != wanted || at_ >= end_) return false;
    ++at_;
    skip_blanks();
    return true;
  }

  // A character, with blanks before it. If that is the bracket after `end`, nothing more may be
  // read.
  bool take_last(char wanted) {
    skip_blanks();
    if (*at_ != wanted) return false;
    ++at_;
    return true;
  }

  bool take_text(std::string_view wanted) {
    for (const char c : wanted) {
      if (*at_ != c) return false;
      ++at_;
    }
    return true;
  }

  bool integer(std::int64_t& out) {
    constexpr std::ptrdiff_t kMostDigits = 18;
    const bool negative = *at_ == '-';
    if (negative) ++at_;
    const char* begin = at_;
    std::int64_t value = 0;
    while (is_digit(*at_) && at_ - begin < kMostDigits) value = value * 10 + (*at_++ - '0');
    if (!is_json_integer(begin) || *at_ == '.' || *at_ == 'e' || *at_ == 'E') return false;
    out = negative ? -value : value;
    return true;
  }

  bool number(double& out) {
    const char* token = at_;
    const bool negative = *at_ == '-';
    if (negative) ++at_;
    const char* begin = at_;
    std::uint64_t digits = 0;
    while (is_digit(*at_)) digits = digits * 10 + static_cast<std::uint64_t>(*at_++ - '0');
    if (!is_json_integer(begin)) return false;
    std::ptrdiff_t count = at_ - begin;
    std::ptrdiff_t decimals = 0;
    if (*at_ == '.') {
      const char* fraction = ++at_;
      while (is_digit(*at_)) digits = digits * 10 + static_cast<std::uint64_t>(*at_++ - '0');
      decimals = at_ - fraction;
      count += decimals;
      if (decimals == 0) return false;
    }
    // Up to 15 digits and the power of ten are exact in a double, so that one division rounds once
    // (Clinger 1990).
    if (count > 15 || *at_ == 'e' || *at_ == 'E') return general_number(token, out);
    const double value = static_cast<double>(static_cast<std::int64_t>(digits)) /
                         kPowersOfTen[static_cast<std::size_t>(decimals)];
    out = negative ? -value : value;
    return true;
  }

  // What a string holds, as written: escapes stay.
  bool string(std::string_view& out) {
    if (*at_ != '"') return false;
    const char* begin = at_ + 1;
    for (const char* quote = begin;; ++quote) {
      if (quote >= end_) return false;
      const void* found = std::memchr(quote, '"', static_cast<std::size_t>(end_ - quote));
      if (found == nullptr) return false;
      quote = static_cast<const char*>(found);
      const char* slash = quote;
      while (slash != begin && slash[-1] == '\\') --slash;
      if ((quote - slash) % 2 != 0) continue;  // the quote is escaped
      out = {begin, quote};
      at_ = quote + 1;
      return true;
    }
  }

  // Any value, of which only brackets and quotes are looked at.
  bool skip_value() {
    std::string_view ignored;
    if (*at_ == '"') return string(ignored);
    return *at_ == '[' || *at_ == '{' ? skip_nested() : skip_scalar();
  }

 private:
  static constexpr std::ptrdiff_t kBlock = 32;

  // Whether one of the next kBlock characters is a bracket or a quote. Without branches, for the
  // compiler to vectorize.
  [[nodiscard]] bool has_structure() const {
    unsigned char found = 0;
    for (std::ptrdiff_t i = 0; i < kBlock; ++i) {
      const auto c = static_cast<unsigned char>(at_[i]);
      const auto folded = static_cast<unsigned char>(c | 0x20);  // '[' becomes '{', ']' becomes '}'
      found = static_cast<unsigned char>(found | (folded == '{') | (folded == '}') | (c == '"'));
    }
    return found != 0;
  }

  bool skip_nested() {
    std::size_t depth = 0;
    std::string_view ignored;
    while (at_ < end_) {
      if (end_ - at_ >= kBlock && !has_structure()) {
        at_ += kBlock;
        continue;
      }
      const char* stop = at_ + std::min(kBlock, end_ - at_);
      while (at_ < stop) {
        const char c = *at_;
        if (c == '"') {
          if (!string(ignored)) return false;
          continue;
        }
        ++at_;
        if (c == '[' || c == '{') ++depth;
        if ((c == ']' || c == '}') && --depth == 0) return true;
      }
    }
    return false;
  }

  // A number, true, false or null; nothing says that it is one.
  bool skip_scalar() {
    const char* begin = at_;
    while (at_ < end_ && std::strchr(",:]}[{\" \t\r\n", *at_) == nullptr) ++at_;
    return at_ != begin;
  }

  static constexpr std::array<double, 16> kPowersOfTen = {
      1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

  // At least one digit since `begin`, and no leading zero.
  [[nodiscard]] bool is_json_integer(const char* begin) const {
    return at_ != begin && (*begin != '0' || at_ - begin == 1) && !is_digit(*at_);
  }

  // `token` begins as a JSON number; at_ is behind its digits.
  bool general_number(const char* token, double& out) {
    while (is_digit(*at_) || *at_ == 'e' || *at_ == 'E' || *at_ == '+' || *at_ == '-') ++at_;
    return parse_json_number({token, at_}, out);
  }

  const char* at_;
  const char* end_;
};

// A box; false if it has a negative side.
inline bool scan_box(Scanner& scanner, BoxXywh& box) {
  if (!scanner.take('[')) return false;
  for (std::size_t i = 0; i < box.size(); ++i) {
    if (i > 0 && !scanner.take(',')) return false;
    if (!scanner.number(box[i])) return false;
  }
  return scanner.take(']') && box[2] >= 0 && box[3] >= 0;
}

}  // namespace qyolo::datasets
