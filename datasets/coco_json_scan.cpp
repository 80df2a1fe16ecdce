#include "datasets/coco_json_scan.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

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
    if (*at_ == 'e' || *at_ == 'E') {
      ++at_;
      if (*at_ == '+' || *at_ == '-') ++at_;
      if (!is_digit(*at_)) return false;
      while (is_digit(*at_)) ++at_;
    }
    const auto [end, code] = std::from_chars(token, at_, out);
    return code == std::errc() && end == at_ && std::isfinite(out);
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

}  // namespace

bool scan_detections(std::string_view objects, std::vector<Detection>& detections) {
  const std::size_t before = detections.size();
  const char* end = objects.data() + objects.size();
  Scanner scanner(objects.data());
  for (;;) {
    Detection detection;
    if (!scan_object(scanner, detection)) break;
    detections.push_back(detection);
    if (scanner.at() == end) return true;
    if (scanner.at() > end || !scanner.take(',')) break;
  }
  detections.resize(before);
  return false;
}

}  // namespace qyolo::datasets
