// What a checkpoint stores, before fusing: the baseline of memory accountings.
#pragma once

#include "common/result.h"
#include "harness/model/graph.h"
#include "harness/model/module_record.h"
#include "harness/model/tensor_reader.h"

namespace qyolo::model {

// Fills in graph.stored_values, stored_conv_weights and stored_convs from every module of the
// network, used at inference or not. Fails for tensors that do not fit their storages.
Status count_stored_values(Graph& graph, const ModuleRecord& network, const TensorReader& reader);

}  // namespace qyolo::model
