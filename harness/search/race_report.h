// A race for people and as JSON.
#pragma once

#include <string>

#include "common/json.h"
#include "harness/cell/experiment.h"
#include "harness/search/racing.h"

namespace qyolo::harness {

// "stopped after 27 images, 19.8 points lost (15.0 to 23.1)", "within 1 point ...", "not run".
[[nodiscard]] std::string outcome_of(const RaceEntry& entry);
// REQUIRES of both: a race of the experiment's cells.
[[nodiscard]] std::string race_text(const RaceResult& result, const Experiment& experiment);
[[nodiscard]] OrderedJson race_json(const RaceResult& result, const Experiment& experiment);

}  // namespace qyolo::harness
