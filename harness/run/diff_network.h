// What a quantization changes in a network's detections: both are run, then compared
// (detections/diff.h).
#pragma once

#include "common/result.h"
#include "harness/detections/diff.h"
#include "harness/evaluate/evaluation.h"
#include "harness/run/run_listener.h"

namespace qyolo::harness {

// Runs the network as it is and as `cell` (not the baseline) on the images of `config`.
Result<Diff> diff_network(const EvaluatorConfig& config, const ExecutorFactory& factory,
                          const Cell& cell, const DiffOptions& options, RunListener& listener);

}  // namespace qyolo::harness
