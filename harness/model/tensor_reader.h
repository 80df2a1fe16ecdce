// Tensors of a checkpoint as floats: storages of every numeric type, checked against the archive
// before anything is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "common/result.h"
#include "harness/model/pickle.h"
#include "harness/model/storage_type.h"
#include "harness/model/zip_archive.h"

namespace qyolo::model {

// `name` is the tensor's place in errors ("model.0.conv.weight"). Not thread-safe.
class TensorReader {
 public:
  // The archive must outlive the reader. Fails for a big-endian archive.
  static Result<TensorReader> open(const ZipArchive& archive, std::string folder);

  // Number of elements. Fails where the storage is unknown, its size is not that of its entry, or
  // the tensor does not lie inside it; strides that read an element twice are refused.
  Result<std::int64_t> check(const TensorRef& tensor, std::string_view name) const;

  // The elements in row-major order, whatever the strides; they must be finite.
  Result<std::vector<float>> read(const TensorRef& tensor, std::string_view name);

  // The archive's entry with the storage's bytes.
  [[nodiscard]] std::string entry_of(const StorageRef& storage) const;
  // These bytes; fails where they do not match their checksum.
  Result<std::span<const std::byte>> storage_bytes(const StorageRef& storage);

  [[nodiscard]] static bool is_floating(const StorageRef& storage);

 private:
  TensorReader(const ZipArchive& archive, std::string folder)
      : archive_(&archive), folder_(std::move(folder)) {}

  const ZipArchive* archive_;
  std::string folder_;
  std::unordered_set<std::string> verified_;  // entries whose checksum was compared
};

}  // namespace qyolo::model
