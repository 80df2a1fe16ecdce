// What marks are drawn in on photographs: distinguishable by readers who do not see all colours.
#pragma once

#include <opencv2/core.hpp>

namespace qyolo::harness {

// Blue, green, red.
inline const cv::Scalar kVermillion(0, 94, 213);  // missed
inline const cv::Scalar kBlue(178, 114, 0);       // false
inline const cv::Scalar kWhite(255, 255, 255);

}  // namespace qyolo::harness
