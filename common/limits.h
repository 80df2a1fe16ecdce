// What a file of strangers may make the program take. Every size is computed and held against its
// limit before anything is allocated; what is beyond ends in one sentence, which names the variable
// of the environment that raises the limit. The bounds of single readers are in SECURITY.md.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/result.h"

namespace qyolo {

// A limit that the environment may set, in its unit.
struct Limit {
  std::string_view variable, unit;
  double standard, least, most;
};
inline constexpr double kMillion = 1e6, kBillion = 1e9;
inline constexpr Limit kMegapixels = {"QYOLO_MAX_MEGAPIXELS", "millions of pixels",
                                      67108864 / kMillion, 1, 2147};
inline constexpr Limit kMapGigabytes = {"QYOLO_MAX_MAP_GIGABYTES", "GB", 8, 1e-6, 1e6};
inline constexpr Limit kFileGigabytes = {"QYOLO_MAX_FILE_GIGABYTES", "GB", 64, 1e-6, 1e6};

// Pixels of one image: 2^26 unless QYOLO_MAX_MEGAPIXELS says otherwise, at most what OpenCV's int
// indices reach. Decoding takes about 3 to 6 bytes per pixel and thread.
[[nodiscard]] std::int64_t most_pixels();
// Maps of one forward: 8 GB or the machine's memory, whichever is less, or
// QYOLO_MAX_MAP_GIGABYTES. A graph of a few kilobytes may ask for any number of maps.
[[nodiscard]] std::int64_t most_map_bytes();
// One file that is mapped: 64 GB, or QYOLO_MAX_FILE_GIGABYTES.
[[nodiscard]] std::int64_t most_file_bytes();

// Fails on a variable that is set to what is no number, or out of its range: it would be believed
// to be in force.
Status check_limits();

}  // namespace qyolo
