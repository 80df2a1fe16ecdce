// How many of a dataset's images are looked at, and which.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/json.h"
#include "common/result.h"

namespace qyolo {

// As people write it: "0" (all), "60" (a random sample), "60:7" (that of the seed 7), "first:60"
// (those whose paths come first).
struct ImageLimit {
  std::int64_t images = 0;  // 0: all
  bool first = false;       // by path, instead of a sample
  std::uint64_t seed = 1;   // of the sample

  [[nodiscard]] bool all() const { return images == 0; }
  [[nodiscard]] std::string text() const;
  // A number where the text is one, else the text: 0, 60, "60:7", "first:60".
  [[nodiscard]] Json as_json() const;
  // "60 images drawn by seed 1 of 240"; "the first 60 of 240 images"; empty where nothing is left
  // out of `of` images.
  [[nodiscard]] std::string sentence(std::size_t of) const;

  bool operator==(const ImageLimit&) const = default;
};

Result<ImageLimit> parse_image_limit(std::string_view text);
// A number or a text; `place` names it.
Result<ImageLimit> image_limit_from(const Json& json, const std::string& place);

}  // namespace qyolo
