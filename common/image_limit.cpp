#include "common/image_limit.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <optional>

namespace qyolo {
namespace {

constexpr std::string_view kFirst = "first:";
constexpr std::uint64_t kMostImages = std::numeric_limits<std::int32_t>::max();
constexpr std::uint64_t kMostSeed = std::numeric_limits<std::int64_t>::max();

// All of `text`, at most `most`.
std::optional<std::uint64_t> number_in(std::string_view text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || value > most)
    return std::nullopt;
  return value;
}

}  // namespace

std::string ImageLimit::text() const {
  if (first && images > 0) return fmt::format("{}{}", kFirst, images);
  const bool usual = images == 0 || seed == ImageLimit().seed;
  return usual ? fmt::format("{}", images) : fmt::format("{}:{}", images, seed);
}

Json ImageLimit::as_json() const {
  const std::string written = text();
  if (written == fmt::format("{}", images)) return images;
  return written;
}

std::string ImageLimit::sentence(std::size_t of) const {
  if (all() || static_cast<std::uint64_t>(images) >= of) return "";
  if (first) return fmt::format("the first {} of {} images", images, of);
  return fmt::format("{} images drawn by seed {} of {}", images, seed, of);
}

Result<ImageLimit> parse_image_limit(std::string_view text) {
  ImageLimit limit;
  std::string_view rest = text;
  limit.first = rest.starts_with(kFirst);
  if (limit.first) rest.remove_prefix(kFirst.size());
  const std::size_t colon = limit.first ? std::string_view::npos : rest.find(':');
  const auto images = number_in(rest.substr(0, colon), kMostImages);
  const auto seed = colon == std::string_view::npos ? std::optional(limit.seed)
                                                    : number_in(rest.substr(colon + 1), kMostSeed);
  if (!images || !seed) {
    return error(
        "'{}' is no number of images; expected N (a random sample), N:SEED, first:N (by file name) "
        "or 0 (all)",
        text);
  }
  limit.images = static_cast<std::int64_t>(*images);
  limit.seed = *seed;
  return limit;
}

Result<ImageLimit> image_limit_from(const Json& json, const std::string& place) {
  const auto parsed = parse_image_limit(json.is_string()           ? json.get<std::string>()
                                        : json.is_number_integer() ? json.dump()
                                                                   : std::string(json.type_name()));
  if (!parsed.ok()) return error("{}: {}", place, parsed.error().message);
  return *parsed;
}

}  // namespace qyolo
