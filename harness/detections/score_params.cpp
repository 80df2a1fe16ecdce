#include "harness/detections/score_params.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <system_error>

namespace qyolo::harness {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// The whole of `text`, without blanks around it.
template <class Number>
bool parse_number(std::string_view text, Number& out) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return false;
  const char* last = text.data() + text.find_last_not_of(' ') + 1;
  const auto [end, code] = std::from_chars(text.data() + begin, last, out);
  return code == std::errc() && end == last;
}

}  // namespace

Result<std::vector<double>> parse_iou_thresholds(std::string_view text) {
  std::vector<double> thresholds;
  for (const std::string_view part : split(text, ',')) {
    double value = 0;
    if (!parse_number(part, value) || !(value >= 0 && value <= 1)) {
      return error("--iou-thresholds: expected numbers from 0 to 1 (0.5,0.75), found '{}'", part);
    }
    thresholds.push_back(value);
  }
  return thresholds;
}

Result<std::vector<int>> parse_max_detections(std::string_view text) {
  std::vector<int> limits;
  for (const std::string_view part : split(text, ',')) {
    int value = 0;
    if (!parse_number(part, value) || value < 1) {
      return error("--max-dets: expected whole numbers of at least 1 (1,10,100), found '{}'", part);
    }
    limits.push_back(value);
  }
  return limits;
}

Result<std::vector<metrics::AreaRange>> parse_area_ranges(std::string_view text) {
  std::vector<metrics::AreaRange> ranges;
  for (const std::string_view part : split(text, ',')) {
    const std::vector<std::string_view> fields = split(part, ':');
    metrics::AreaRange range;
    if (fields.size() != 3 || fields[0].empty() || !parse_number(fields[1], range.low) ||
        !parse_number(fields[2], range.high) || !(range.low >= 0 && range.low <= range.high)) {
      return error(
          "--areas: expected name:low:high with 0 <= low <= high in pixels^2 (tiny:0:256), found "
          "'{}'",
          part);
    }
    range.name = fields[0];
    if (std::ranges::find(ranges, range.name, &metrics::AreaRange::name) != ranges.end()) {
      return error("--areas: the name '{}' is given twice", range.name);
    }
    ranges.push_back(std::move(range));
  }
  return ranges;
}

}  // namespace qyolo::harness
