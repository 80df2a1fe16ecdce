// The entries of an ONNX file's metadata. Beside the description: what a program needs that feeds
// the network, under the names that exporters of detectors commonly use.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "harness/onnx/description.h"

namespace qyolo::harness {

inline constexpr std::string_view kOnnxDescription = "qyolo";
// SHA-256 of the data of all tensors, in the graph's order.
inline constexpr std::string_view kOnnxTensorSum = "tensors_sha256";

[[nodiscard]] std::map<std::string, std::string> onnx_metadata(const OnnxDescription& description,
                                                               const std::string& tensor_sum);

}  // namespace qyolo::harness
