// Which images of a dataset a limit leaves.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/coco_types.h"
#include "common/image_limit.h"

namespace qyolo::datasets {

// One mark per image of `ids` (in path order): whether it is looked at. A sample is stratified:
// images are of one kind where their rarest class is the same (those without objects are a kind of
// their own), and each kind gives its share, to one image. Every image is as likely as any other; a
// seed's sample is the same everywhere.
[[nodiscard]] std::vector<bool> limited_images(std::span<const std::int64_t> ids,
                                               std::span<const Annotation> annotations,
                                               const ImageLimit& limit);

}  // namespace qyolo::datasets
