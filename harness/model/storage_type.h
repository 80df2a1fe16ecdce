// The number types of a checkpoint's storages, from and to FP32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace qyolo::model {

// Elements are little-endian and need not be aligned.
struct StorageType {
  std::string_view name;  // "HalfStorage"
  std::int64_t item_size;
  bool floating;
  // Elements [first, first + out.size()).
  void (*decode)(const std::byte* storage, std::size_t first, std::span<float> out);
  // One element: the nearest value of the type, ties to even; an infinity where the value is too
  // large for it. Null unless `floating`.
  void (*encode)(float value, std::byte* element);
};

// Null for a type that is not supported.
[[nodiscard]] const StorageType* find_storage_type(std::string_view name);

}  // namespace qyolo::model
