// What a cell is called: by what ran, whatever its spelling says. Tables, charts, reports, progress
// and documents take their names from here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/json.h"

namespace qyolo::results {

struct Row;

// "FP32", "BF16", "INT8": an arithmetic as people write it.
[[nodiscard]] std::string precision_name(std::string_view precision);

// In full, for documents. `cell`: as a cell writes itself (records, manifests); `precision`: that
// of the arithmetic it ran in, "fp32", "bf16", "int8", or empty where that is not known.
//   unquantized            "FP32", "BF16"
//   quantized, in FP32     "affine 4-bit filter", "pwlq 4-bit filter [head -> keep]"
//   in another arithmetic  "affine 4-bit filter in BF16", "symmetric 8-bit filter A8 in INT8"
//   of what is in a file   "artifact affine 4-bit filter", "dequantized affine 4-bit filter"
// Of what this made itself it makes the same.
[[nodiscard]] std::string full_label(const Json& cell, std::string_view precision);

// For people: the name that the experiment gave the cell; else the full label, or where that is
// long because of its rules "hybrid of 12 recipes, 2.75 bits". `bits_per_weight` as recorded.
[[nodiscard]] std::string shown_label(const Json& cell, std::string_view precision,
                                      std::optional<double> bits_per_weight = std::nullopt);

// A full label without the arithmetic, so that cells of runs in different ones can be told to be
// the same; "FP32" for every unquantized one.
[[nodiscard]] std::string label_without_precision(std::string_view label, bool baseline);

// "pwlq 4-bit filter": scheme, bits and granularity alone.
[[nodiscard]] std::string cell_name(const Row& row);
// What a row is called in everything that people read.
[[nodiscard]] std::string label_of(const Row& row);

}  // namespace qyolo::results
