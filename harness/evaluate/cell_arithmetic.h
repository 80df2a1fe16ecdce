// Whether a cell computes as it is asked to.
#pragma once

#include "common/result.h"
#include "harness/evaluate/evaluation.h"

namespace qyolo::harness {

// Fails where the evaluator's executor computes in integers and the cell has none: it would be
// measured in floating point under an integer's name. `cell`: as Evaluator::resolve() gives it.
Status check_arithmetic(const Evaluator& evaluator, const Cell& cell);

}  // namespace qyolo::harness
