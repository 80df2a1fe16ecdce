#include "datasets/coco_json_scan.h"

#include <locale.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <system_error>

#include "datasets/coco_json_scanner.h"

namespace qyolo::datasets {
namespace {

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
  Scanner scanner(objects.data(), end);
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
