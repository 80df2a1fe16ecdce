// The roadmap of a proof of concept, as its report names it.
#pragma once

#include <cstddef>

namespace qyolo::report {

// The steps of the roadmap, in the order in which they are taken.
enum class Stage {
  kBaseline,
  kAffine,
  kCalibrated,  // rounded on calibration images
  kPiecewise,
  kFiner,
  kMoreBits,
  kSearched,  // layer by layer
  kActivations
};
inline constexpr std::size_t kStages = 8;

}  // namespace qyolo::report
