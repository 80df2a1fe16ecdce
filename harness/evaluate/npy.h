// NumPy's file format (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html), as
// far as tensors go in and out of other programs: C order, little-endian.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace qyolo::harness {

// Replaces what is there. REQUIRES: as many values as the shape says.
Status write_npy(const std::filesystem::path& path, std::span<const std::uint8_t> values,
                 const std::vector<std::int64_t>& shape);

Status write_npy(const std::filesystem::path& path, std::span<const float> values,
                 const std::vector<std::int64_t>& shape);

struct FloatArray {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};
// Fails on other than FP32 in C order, and where the values are not as many as the shape says.
Result<FloatArray> read_npy(const std::filesystem::path& path);
// The same from memory; `name` names the source in errors.
Result<FloatArray> parse_npy(std::string_view content, const std::string& name);

}  // namespace qyolo::harness
