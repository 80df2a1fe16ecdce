// Reads the ONNX files that write_onnx() writes.
//
// A file is believed as far as it is what qyolo would write: its description (description.h) says
// which graph has to be in it, and every node, tensor and dimension is compared with that. So a
// graph that somebody has changed is refused, whatever its metadata says.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "common/result.h"
#include "harness/artifact/packed_artifact.h"

namespace qyolo::harness {

// Whether the file is to be read as ONNX: by its name (.onnx), or because it begins as such files
// do. False if it cannot be read.
[[nodiscard]] bool is_onnx(const std::filesystem::path& path);

// The weights are those that other runtimes compute with: (q - zero_point) * scale in FP32.
// Refuses, in one sentence, what qyolo has not written, and what is damaged.
Result<Artifact> load_onnx(const std::filesystem::path& path);
// The same from memory; `name` names the source in errors.
Result<Artifact> load_onnx(std::span<const std::byte> bytes, const std::string& name);

}  // namespace qyolo::harness
