#include "harness/model/tensor_reader.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "harness/model/element_walk.h"
#include "harness/model/printable.h"

namespace qyolo::model {
namespace {

// Number of elements, or -1 if it is more than `limit`.
std::int64_t element_count(const std::vector<std::int64_t>& size, std::int64_t limit) {
  std::int64_t count = 1;
  if (std::find(size.begin(), size.end(), 0) != size.end()) return 0;
  for (const std::int64_t extent : size) {
    if (extent > limit / count) return -1;
    count *= extent;
  }
  return count;
}

// Whether every element lies in [0, numel). REQUIRES: sizes and strides not negative, no size 0.
bool lies_inside(const TensorRef& tensor, std::int64_t numel) {
  if (tensor.offset >= numel) return false;
  std::int64_t last = tensor.offset;
  for (std::size_t i = 0; i < tensor.size.size(); ++i) {
    const std::int64_t steps = tensor.size[i] - 1;
    if (steps > 0 && tensor.stride[i] > (numel - 1 - last) / steps) return false;
    last += steps * tensor.stride[i];
  }
  return true;
}

// Whether no two elements share a place: ordered by stride, every dimension steps over the whole of
// the smaller ones. Holds for every permutation of a dense tensor and for slices of one.
bool reads_once(const TensorRef& tensor) {
  std::vector<std::pair<std::int64_t, std::int64_t>> dimensions;  // stride, size
  for (std::size_t i = 0; i < tensor.size.size(); ++i)
    if (tensor.size[i] > 1) dimensions.emplace_back(tensor.stride[i], tensor.size[i]);
  std::sort(dimensions.begin(), dimensions.end());
  std::int64_t extent = 1;
  for (const auto& [stride, size] : dimensions) {
    if (stride < extent) return false;
    extent = stride * (size - 1) + extent;
  }
  return true;
}

bool is_row_major(const TensorRef& tensor) {
  std::int64_t expected = 1;
  for (std::size_t i = tensor.size.size(); i-- > 0;) {
    if (tensor.size[i] == 1) continue;
    if (tensor.stride[i] != expected) return false;
    expected *= tensor.size[i];
  }
  return true;
}

// Element by element, the last dimension fastest.
void gather(const StorageType& type, const std::byte* storage, const TensorRef& tensor,
            std::span<float> out) {
  ElementWalk element(tensor);
  for (float& value : out) {
    type.decode(storage, element.position(), {&value, 1});
    element.next();
  }
}

bool all_finite(std::span<const float> values) {
  constexpr std::uint32_t kExponent = 0x7F800000U;
  std::uint32_t bad = 0;
  for (const float value : values)
    bad |=
        static_cast<std::uint32_t>((std::bit_cast<std::uint32_t>(value) & kExponent) == kExponent);
  return bad == 0;
}

}  // namespace

Result<TensorReader> TensorReader::open(const ZipArchive& archive, std::string folder) {
  static_assert(std::endian::native == std::endian::little);
  const std::string order = folder + "/byteorder";
  if (archive.contains(order)) {
    QYOLO_TRY(const auto bytes, archive.entry(order));
    if (std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()) == "big")
      return error("written on a big-endian machine, which is not supported");
  }
  return TensorReader(archive, std::move(folder));
}

bool TensorReader::is_floating(const StorageRef& storage) {
  const StorageType* type = find_storage_type(storage.type);
  return type != nullptr && type->floating;
}

Result<std::int64_t> TensorReader::check(const TensorRef& tensor, std::string_view name) const {
  const StorageRef& storage = tensor.storage;
  const StorageType* type = find_storage_type(storage.type);
  if (type == nullptr) {
    return error("tensor {}: the storage type {} is not supported", name, printable(storage.type));
  }
  QYOLO_TRY(const auto bytes, archive_->entry(entry_of(storage)));
  const auto stored = static_cast<std::int64_t>(bytes.size());
  if (storage.numel < 0 || storage.numel > stored / type->item_size ||
      storage.numel * type->item_size != stored) {
    return error("tensor {}: a {} of {} elements does not have the {} bytes of its entry {}", name,
                 type->name, storage.numel, stored, printable(entry_of(storage)));
  }
  const auto negative = [](std::int64_t value) { return value < 0; };
  const std::int64_t count = tensor.offset < 0 || std::ranges::any_of(tensor.size, negative) ||
                                     std::ranges::any_of(tensor.stride, negative)
                                 ? -1
                                 : element_count(tensor.size, storage.numel);
  if (count < 0 || (count > 0 && !lies_inside(tensor, storage.numel))) {
    return error(
        "tensor {}: size [{}] with strides [{}] at offset {} is not inside its storage of {} "
        "elements",
        name, fmt::join(tensor.size, ", "), fmt::join(tensor.stride, ", "), tensor.offset,
        storage.numel);
  }
  if (count > 0 && !reads_once(tensor)) {
    return error("tensor {}: the strides [{}] of size [{}] read elements twice", name,
                 fmt::join(tensor.stride, ", "), fmt::join(tensor.size, ", "));
  }
  return count;
}

std::string TensorReader::entry_of(const StorageRef& storage) const {
  return fmt::format("{}/data/{}", folder_, storage.key);
}

Result<std::span<const std::byte>> TensorReader::storage_bytes(const StorageRef& storage) {
  const std::string entry = entry_of(storage);
  if (verified_.contains(entry)) return archive_->entry(entry);
  QYOLO_TRY(const auto bytes, archive_->checked_entry(entry));
  verified_.insert(entry);
  return bytes;
}

Result<std::vector<float>> TensorReader::read(const TensorRef& tensor, std::string_view name) {
  QYOLO_TRY(const std::int64_t count, check(tensor, name));
  QYOLO_TRY(const auto bytes, storage_bytes(tensor.storage));
  const StorageType& type = *find_storage_type(tensor.storage.type);
  std::vector<float> values(static_cast<std::size_t>(count));
  if (is_row_major(tensor)) {
    type.decode(bytes.data(), static_cast<std::size_t>(tensor.offset), values);
  } else {
    gather(type, bytes.data(), tensor, values);
  }
  if (!all_finite(values)) {
    return error("tensor {} has a NaN or an infinity", name);
  }
  return values;
}

}  // namespace qyolo::model
