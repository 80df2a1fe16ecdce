#pragma once

#include "common/coco_types.h"

// Boxes that do not touch each other.
namespace qyolo::metrics {

inline constexpr BoxXywh kLeft{0, 0, 10, 10};
inline constexpr BoxXywh kMiddle{100, 0, 10, 10};
inline constexpr BoxXywh kRight{200, 0, 10, 10};

}  // namespace qyolo::metrics
