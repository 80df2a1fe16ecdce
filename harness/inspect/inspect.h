// What a checkpoint or a packed artifact holds: layers, shapes, groups, bytes.
#pragma once

#include "common/result.h"
#include "harness/cell/cell.h"
#include "harness/network/source_network.h"
#include "results/inspection_record.h"

namespace qyolo::harness {

// Groups and bytes are those of `cell`.
Result<results::Inspection> inspect(SourceNetwork& source, const Cell& cell);

}  // namespace qyolo::harness
