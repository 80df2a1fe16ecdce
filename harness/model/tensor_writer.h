// New values for tensors of a checkpoint, in the storages' own number types.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "common/result.h"
#include "harness/model/pickle.h"
#include "harness/model/tensor_reader.h"
#include "harness/model/zip_patch.h"

namespace qyolo::model {

// Collects the storages that change. `name` is the tensor's place in errors. Where two tensors
// share elements of a storage, both must get the same values. Tensors and the reader must outlive
// the writer. Not thread-safe.
class TensorWriter {
 public:
  explicit TensorWriter(TensorReader& reader) : reader_(&reader) {}

  // The elements in row-major order, each rounded to the nearest number of the storage's type.
  // Fails for a count that is not the tensor's, for a storage that is not floating point, and for
  // values that are not finite there: 65520 is too large for FP16.
  Status write(const TensorRef& tensor, std::string_view name, std::span<const float> values);
  Status fill(const TensorRef& tensor, std::string_view name, float value);

  // The elements of `from` as they are by now, bit by bit. Fails unless both have one size and
  // type.
  Status copy(const TensorRef& from, const TensorRef& to, std::string_view name);

  // Fails where a tensor that was not written has changed, because another one shares its elements.
  Status expect_kept(const TensorRef& tensor, std::string_view name);

  // The changed storages by the names of their archive entries. Ends the writer's use.
  [[nodiscard]] ZipReplacements take();

 private:
  struct Storage {
    const StorageType* type = nullptr;
    std::span<const std::byte> original;
    std::vector<std::byte> bytes;
    std::vector<bool> written;  // per element
  };

  // Of a tensor that is about to be written; its first use copies the storage.
  Result<Storage*> open(const TensorRef& tensor, std::string_view name);
  static Status put(Storage& storage, std::size_t position, const std::byte* element,
                    std::string_view name);

  TensorReader* reader_;
  std::unordered_map<std::string, Storage> storages_;  // by entry
  std::unordered_set<const TensorRef*> tensors_;       // that were written
};

}  // namespace qyolo::model
