// harness/artifact/: quantized networks as files: the container, the graph as JSON, and the packed
// artifact made of both. No LibTorch.
//
// The safetensors container (https://github.com/huggingface/safetensors): 8 bytes, little-endian,
// with the length of a JSON header; the header, {"name": {"dtype", "shape", "data_offsets"}, ...}
// and optionally "__metadata__", an object of texts; then the tensors' bytes, one behind the other
// without holes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/file.h"
#include "common/result.h"

namespace qyolo::artifact {

enum class DType { kU8, kI32, kF16, kF32 };
[[nodiscard]] std::string_view dtype_name(DType type);  // "U8", "I32", "F16", "F32"
[[nodiscard]] std::int64_t dtype_bytes(DType type);

// A tensor whose bytes lie elsewhere: row-major, little-endian.
struct Tensor {
  std::string name;
  DType dtype = DType::kU8;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};

using Metadata = std::map<std::string, std::string, std::less<>>;

// The header of a file, with its length in front, padded with spaces to a multiple of 8 bytes.
// Tensors lie in the order given. REQUIRES: names differ from each other and from "__metadata__",
// texts are UTF-8, and bytes fit shapes.
[[nodiscard]] std::string safetensors_header(const Metadata& metadata,
                                             std::span<const Tensor> tensors);

// Larger elements first, else as they were: then every tensor is aligned to its elements.
void order_by_alignment(std::vector<Tensor>& tensors);

// A file that was read. Tensors are views into it, valid while the object lives (moving it keeps
// them valid). Opening fails unless the header is one JSON object without duplicate keys, of known
// types, and its tensors fill the rest of the file exactly, without holes and overlaps.
class Safetensors {
 public:
  static Result<Safetensors> open(const std::filesystem::path& path);
  // `name` names the source in errors; the bytes are not owned.
  static Result<Safetensors> from_bytes(std::span<const std::byte> bytes, std::string name);
  // Whether the bytes begin as such a file does, and as no checkpoint does.
  [[nodiscard]] static bool recognises(std::span<const std::byte> bytes);
  // The header with its length in front, before it is parsed. Fails where the file ends before it.
  static Result<std::span<const std::byte>> header_of(std::span<const std::byte> bytes,
                                                      std::string_view name);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const Metadata& metadata() const { return metadata_; }
  [[nodiscard]] const std::map<std::string, Tensor, std::less<>>& tensors() const {
    return tensors_;
  }
  // The header with its length in front, and everything behind it.
  [[nodiscard]] std::span<const std::byte> header() const { return header_; }
  [[nodiscard]] std::span<const std::byte> data() const { return data_; }

 private:
  std::string name_;
  std::optional<MappedFile> file_;
  std::span<const std::byte> header_, data_;
  Metadata metadata_;
  std::map<std::string, Tensor, std::less<>> tensors_;
};

}  // namespace qyolo::artifact
