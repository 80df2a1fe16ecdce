// A network's memory under a cell, before anything is quantized: only shapes and group counts
// matter.
#pragma once

#include "common/result.h"
#include "harness/cell/cell.h"
#include "harness/network/source_network.h"
#include "metrics/memory.h"

namespace qyolo::harness {

[[nodiscard]] metrics::LayerStorage storage_of(const Cell& cell, const quant::LayerTraits& layer);
// Reads the unfused layout where the cell quantizes that.
[[nodiscard]] Result<metrics::MemoryReport> account(SourceNetwork& source, const Cell& cell);

}  // namespace qyolo::harness
