#include "common/limits.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>

namespace qyolo {
namespace {

// What the environment sets; none where it sets nothing that is in the limit's range.
std::optional<double> given(const Limit& limit) {
  const char* text = std::getenv(std::string(limit.variable).c_str());
  if (text == nullptr || *text == '\0') return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  if (*end != '\0' || !(value >= limit.least && value <= limit.most)) return std::nullopt;
  return value;
}

std::int64_t counted_in(const Limit& limit, double unit) {
  return std::llround(given(limit).value_or(limit.standard) * unit);
}

}  // namespace

std::int64_t most_pixels() {
  static const std::int64_t most = counted_in(kMegapixels, kMillion);
  return most;
}

std::int64_t most_map_bytes() {
  static const std::int64_t most = [] {
    const std::int64_t bytes = counted_in(kMapGigabytes, kBillion);
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGE_SIZE);
    if (given(kMapGigabytes) || pages <= 0 || page <= 0) return bytes;
    return std::min(bytes, std::int64_t{pages} * page);
  }();
  return most;
}

std::int64_t most_file_bytes() {
  static const std::int64_t most = counted_in(kFileGigabytes, kBillion);
  return most;
}

Status check_limits() {
  for (const Limit& limit : std::array{kMegapixels, kMapGigabytes, kFileGigabytes}) {
    const char* text = std::getenv(std::string(limit.variable).c_str());
    if (text == nullptr || *text == '\0' || given(limit)) continue;
    return error("{}={}: expected {} from {} to {}", limit.variable, text, limit.unit, limit.least,
                 limit.most);
  }
  return {};
}

}  // namespace qyolo
