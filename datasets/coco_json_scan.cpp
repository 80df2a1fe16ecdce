#include "datasets/coco_json_scan.h"

#include <locale.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <system_error>

namespace qyolo::datasets {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads from `at`, which stops at the first character that does not fit: at the latest at the comma
// or bracket after the text, which is why no bounds are checked.
class Scanner {
 public:
  explicit Scanner(const char* at) : at_(at) {}

  [[nodiscard]] const char* at() const { return at_; }

  void skip_blanks() {
    while (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r') ++at_;
  }

  // A character, with blanks around it.
  bool take(char wanted) {
    skip_blanks();
    if (*at_ != wanted) return false;
    ++at_;
    skip_blanks();
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

 private:
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
};

bool scan_box(Scanner& scanner, BoxXywh& box) {
  if (!scanner.take('[')) return false;
  for (std::size_t i = 0; i < box.size(); ++i) {
    if (i > 0 && !scanner.take(',')) return false;
    if (!scanner.number(box[i])) return false;
  }
  return scanner.take(']') && box[2] >= 0 && box[3] >= 0;
}

// From a key to behind its value. Returns the key's bit, 0 on failure.
unsigned scan_field(Scanner& scanner, Detection& detection) {
  if (!scanner.take_text("\"")) return 0;
  switch (*scanner.at()) {
    case 'i':
      return scanner.take_text("image_id\"") && scanner.take(':') &&
                     scanner.integer(detection.image_id)
                 ? 1
                 : 0;
    case 'c':
      return scanner.take_text("category_id\"") && scanner.take(':') &&
                     scanner.integer(detection.category_id)
                 ? 2
                 : 0;
    case 'b':
      return scanner.take_text("bbox\"") && scanner.take(':') && scan_box(scanner, detection.bbox)
                 ? 4
                 : 0;
    case 's':
      return scanner.take_text("score\"") && scanner.take(':') && scanner.number(detection.score)
                 ? 8
                 : 0;
    default:
      return 0;
  }
}

bool scan_object(Scanner& scanner, Detection& detection) {
  constexpr unsigned kAllKeys = 15;
  constexpr int kFields = 4;
  if (!scanner.take('{')) return false;
  unsigned seen = 0;
  for (int i = 0; i < kFields; ++i) {
    if (i > 0 && !scanner.take(',')) return false;
    seen |= scan_field(scanner, detection);
  }
  return seen == kAllKeys && scanner.take('}');
}

// Leaves `at` behind the digits; false if there are none.
bool skip_digits(const char*& at, const char* end) {
  const char* begin = at;
  while (at != end && is_digit(*at)) ++at;
  return at != begin;
}

// Whether the token is a number in JSON's grammar (RFC 8259, section 6).
bool is_json_number(std::string_view token) {
  const char* at = token.data();
  const char* end = at + token.size();
  if (at != end && *at == '-') ++at;
  const char* first = at;
  if (!skip_digits(at, end) || (*first == '0' && at - first > 1)) return false;
  if (at != end && *at == '.' && !skip_digits(++at, end)) return false;
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at != end && (*at == '+' || *at == '-')) ++at;
    if (!skip_digits(at, end)) return false;
  }
  return at == end;
}

// For numbers that from_chars finds out of range: infinite, or so small that they become 0.
double out_of_range(std::string_view token) {
  static const locale_t neutral = newlocale(LC_ALL_MASK, "C", nullptr);
  return strtod_l(std::string(token).c_str(), nullptr, neutral);
}

}  // namespace

bool parse_json_number(std::string_view token, double& out) {
  if (!is_json_number(token)) return false;
  const auto [end, code] = std::from_chars(token.data(), token.data() + token.size(), out);
  if (code == std::errc::result_out_of_range) out = out_of_range(token);
  return std::isfinite(out);
}

bool parse_json_integer(std::string_view token, std::int64_t& out) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (!is_json_number(token)) return false;
  const char* last = token.data() + token.size();
  const auto [end, code] = std::from_chars(token.data(), last, out);
  if (code == std::errc() && end == last) return true;
  double number = 0;
  if (!parse_json_number(token, number) || std::trunc(number) != number ||
      std::abs(number) > kExact) {
    return false;
  }
  out = static_cast<std::int64_t>(number);
  return true;
}

bool scan_detections(std::string_view objects, std::vector<Detection>& detections) {
  const std::size_t before = detections.size();
  const char* end = objects.data() + objects.size();
  Scanner scanner(objects.data());
  for (;;) {
    Detection detection;
    if (!scan_object(scanner, detection)) break;
    detections.push_back(detection);
    if (scanner.at() >= end) return true;
    if (!scanner.take(',')) break;
  }
  detections.resize(before);
  return false;
}

}  // namespace qyolo::datasets
