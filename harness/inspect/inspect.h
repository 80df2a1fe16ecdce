// What a checkpoint or a packed artifact holds: layers, shapes, groups, bytes.
#pragma once

#include <string>

#include "common/json.h"
#include "harness/cell/cell.h"
#include "harness/network/source_network.h"

namespace qyolo::harness {

// {"head", "source", "classes": [...], "strides", "anchors", "weights", "biases", "stored_values",
// "memory", "layers":
// [{"name", "type", "index", "shape", "weights", "recipe", "groups", "bits", "true_bytes", "min",
// "max", "std"}]}; groups and bytes are those of `cell`. Of an artifact also "artifact":
// {"header_bytes", "data_bytes", "regions", "checkpoint_sha256", "qyolo"}.
[[nodiscard]] Result<OrderedJson> inspect_json(SourceNetwork& source, const Cell& cell);
[[nodiscard]] std::string inspect_text(const OrderedJson& inspection);

}  // namespace qyolo::harness
