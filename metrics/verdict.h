// What a paired difference means, in words for someone who has never heard of a bootstrap.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "metrics/bootstrap.h"

namespace qyolo::metrics {

inline constexpr double kPoint = 0.01;       // of AP
inline constexpr double kFewestImages = 10;  // effective, that anything is decided on

// Where the loss lies. The one rule of all commands: what is allowed is the tolerance less the
// margin, and the two-sided interval of the difference (95 %, unless it is another) decides.
enum class Decision {
  kWithin,     // the whole interval loses at most what is allowed
  kBeyond,     // the whole interval loses more
  kUndecided,  // it reaches across; or it rests on fewer than ten images
};
[[nodiscard]] Decision decide(const PairedDifference& difference);
// By the interval alone. `allowed`: a loss, as a fraction.
[[nodiscard]] Decision decide(const Difference& difference, double allowed);
// "within", "beyond", "undecided".
[[nodiscard]] std::string_view decision_name(Decision decision);

// One line without a full stop, in points (hundredths) of AP, the interval in brackets. With a
// tolerance of 1 point ("1 point less a margin of 0.1" where there is one), one of:
//   within 1 point: 0.4 points lost (0.2 to 0.9)             the interval is within the tolerance
//   gains 1.3 points (0.2 to 2.4)                            the interval is above 0
//   loses 3.2 points (2.1 to 4.4), more than 1 point         the interval is beyond the tolerance
//   loses 1.1 points (0.8 to 1.4), too close to 1 point to tell
//                                                            and the interval is narrow already
//   not enough images to tell: 0.9 points lost (1.9 lost to 0.1 gained); about 4,200 more for ±0.5
//   no difference                                            on any choice of the images
//   no verdict: the images show no objects                   and likewise for too few images
// Behind all but the last, where they rest on little, caution(): "...; caution: only 24 images".
[[nodiscard]] std::string verdict(const PairedDifference& difference);

// What any verdict is to be taken with care for: fewer than 50 images, or classes with fewer than
// 10 objects; else empty.
[[nodiscard]] std::string caution(const PairedDifference& difference);
inline constexpr std::int64_t kFewImages = 50;
inline constexpr std::int64_t kFewObjects = 10;

// How many images more would narrow the interval of AP to about ±half_width (a fraction): its width
// falls with 1 / sqrt(number of images), so n images with ±w need n * (w / half_width)^2 in all. 0
// where it is as narrow already. REQUIRES: difference.ap has a value, half_width > 0.
[[nodiscard]] std::int64_t more_images_for(const PairedDifference& difference, double half_width);

}  // namespace qyolo::metrics
