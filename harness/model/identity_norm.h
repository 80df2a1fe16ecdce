// A batch normalization that does nothing, in the numbers that a checkpoint can store.
#pragma once

#include "common/result.h"
#include "harness/model/storage_type.h"

namespace qyolo::model {

struct IdentityNorm {
  float gamma = 1, variance = 1;
};

// Of the numbers that `type` and FP16 (for BF16: BF16 alone) have, the pair whose scale
// gamma / sqrt(variance + eps) is best: 1 in FP32, however the division is written, and within
// 2^-25 of 1 in FP64, so that no FP32 weight changes when the scale is folded into it; among those
// the one with gamma nearest to 1. For the official eps = 1e-3 in FP16 that is 19.96875 and 398.75.
// Where no pair does that, the one whose scale is nearest to 1; fails where even that is off by
// more than 2^-12, the rounding of FP16.
Result<IdentityNorm> identity_norm(const StorageType& type, double eps);

}  // namespace qyolo::model
