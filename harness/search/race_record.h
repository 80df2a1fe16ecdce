// A race as results/race_record.h writes it.
#pragma once

#include <string>
#include <string_view>

#include "harness/cell/experiment.h"
#include "harness/search/racing.h"
#include "results/race_record.h"

namespace qyolo::harness {

// "stopped after 27 images, 19.8 points lost (15.0 to 23.1 with 99.9 % confidence)", "within 1
// point ...", "not run".
[[nodiscard]] std::string outcome_of(const RaceEntry& entry);
// REQUIRES: a race of the experiment's cells.
[[nodiscard]] results::RaceRecord race_record(const RaceResult& result,
                                              const Experiment& experiment,
                                              std::string_view precision);

}  // namespace qyolo::harness
