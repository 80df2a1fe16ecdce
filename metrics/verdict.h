// What a paired difference means, in words for someone who has never heard of a bootstrap.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "metrics/bootstrap.h"

namespace qyolo::metrics {

inline constexpr double kPoint = 0.01;  // of AP

// Where the loss lies, with the confidence of the interval.
enum class Decision {
  kWithin,     // at most the tolerance, or no loss at all
  kBeyond,     // more than the tolerance
  kUndecided,  // either
};
[[nodiscard]] Decision decide(const PairedDifference& difference);
// "within", "beyond", "undecided".
[[nodiscard]] std::string_view decision_name(Decision decision);

// One line without a full stop, in points (hundredths) of AP. With a tolerance of 1 point, one of:
//   within 1 point with 97 % certainty (0.4 points lost)    at most `confidence` certain of less:
//   not
//                                                            said; the certainty is the share of
//                                                            resamples that lose no more
//   gains 1.3 points (0.2 to 2.4)                            the interval is above 0
//   loses 3.2 points (2.1 to 4.4), more than 1 point         the interval is beyond the tolerance
//   loses 1.1 points (0.8 to 1.4), too close to 1 point to tell
//                                                            and the interval is narrow already
//   not enough images to tell: 0.9 points lost (1.9 lost to 0.1 gained); about 4,200 more for ±0.5
//   no difference                                            on any choice of the images
//   no verdict: the images show no objects                   and likewise for too few images
[[nodiscard]] std::string verdict(const PairedDifference& difference);

// How many images more would narrow the interval of AP to about ±half_width (a fraction): its width
// falls with 1 / sqrt(number of images), so n images with ±w need n * (w / half_width)^2 in all. 0
// where it is as narrow already. REQUIRES: difference.ap has a value, half_width > 0.
[[nodiscard]] std::int64_t more_images_for(const PairedDifference& difference, double half_width);

}  // namespace qyolo::metrics
