// Reads the weights of a planned graph.
#pragma once

#include <cstddef>
#include <functional>

#include "common/result.h"
#include "harness/model/layers.h"
#include "harness/model/tensor_reader.h"
#include "harness/model/unfused.h"

namespace qyolo::model {

// Calls take(node, unfused) for every ConvNode in order. Fails for tensors of the wrong size, for
// values that are not finite, and for more than `max_weights` weights altogether.
using UnfusedSink = std::function<Status(ConvNode& node, UnfusedConv unfused)>;
Status read_weights(Plan& plan, TensorReader& reader, std::size_t max_weights,
                    const UnfusedSink& take);

}  // namespace qyolo::model
