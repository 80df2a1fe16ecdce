// What `merge`, and `run` as the last shard, say of tasks that are not there.
#pragma once

#include "harness/run/merge.h"

namespace qyolo::cli {

// Nothing where none is missing; else how many, which cells wait, and what makes them.
void say_missing(const harness::MergeSummary& summary);

}  // namespace qyolo::cli
