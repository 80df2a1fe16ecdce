// What a checkpoint stores, before fusing: the baseline of memory accountings.
#pragma once

#include <vector>

#include "common/result.h"
#include "harness/model/graph.h"
#include "harness/model/module_record.h"
#include "harness/model/tensor_reader.h"

namespace qyolo::model {

// The network's modules, itself first, each before what it contains, in the file's order; one that
// is there twice comes once. Fails for more of them than any real network has.
Result<std::vector<ModuleRecord>> all_modules(const ModuleRecord& network);

// Whether the module counts among Graph::stored_convs: a convolution with a floating point weight
// of four dimensions.
[[nodiscard]] bool is_stored_conv(const ModuleRecord& module);

// Fills in graph.stored_values, stored_conv_weights and stored_convs from every module of the
// network, used at inference or not. Fails for tensors that do not fit their storages.
Status count_stored_values(Graph& graph, const ModuleRecord& network, const TensorReader& reader);

}  // namespace qyolo::model
