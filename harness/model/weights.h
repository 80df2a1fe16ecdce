// Reads the weights of a planned graph and folds everything into its convolutions.
#pragma once

#include <span>

#include "common/result.h"
#include "harness/model/graph.h"
#include "harness/model/layers.h"
#include "harness/model/tensor_reader.h"

namespace qyolo::model {

// Fills in weight and bias of every ConvNode. Fails for tensors of the wrong size, for values that
// are not finite, before or after folding, and for more than `max_weights` weights altogether.
Status load_weights(Plan& plan, TensorReader& reader, const StoredWeightHook& before_folding,
                    std::size_t max_weights);

}  // namespace qyolo::model
