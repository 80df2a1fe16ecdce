// What a run is about and with what it is made, as its manifest says it.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "common/result.h"
#include "harness/cell/experiment.h"
#include "harness/evaluate/evaluation.h"
#include "results/manifest.h"

namespace qyolo::harness {

// `cells` in place of the experiment's.
[[nodiscard]] results::Manifest describe_run(const Experiment& experiment,
                                             const Evaluator& evaluator,
                                             std::span<const Cell> cells,
                                             const std::string& started);

// A run folder's manifest. Fails where there is none.
Result<results::Manifest> manifest_in(const std::filesystem::path& run);

}  // namespace qyolo::harness
