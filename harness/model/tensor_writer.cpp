#include "harness/model/tensor_writer.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#include "harness/model/element_walk.h"
#include "harness/model/printable.h"

namespace qyolo::model {
namespace {

constexpr std::size_t kLargestItem = 8;

std::size_t item_size(const StorageType& type) { return static_cast<std::size_t>(type.item_size); }

}  // namespace

Result<TensorWriter::Storage*> TensorWriter::open(const TensorRef& tensor, std::string_view name) {
  const StorageType* type = find_storage_type(tensor.storage.type);  // known: it was checked
  Storage& storage = storages_[reader_->entry_of(tensor.storage)];
  if (storage.type == nullptr) {
    QYOLO_TRY(storage.original, reader_->storage_bytes(tensor.storage));
    storage.bytes.assign(storage.original.begin(), storage.original.end());
    storage.written.resize(storage.bytes.size() / item_size(*type));
    storage.type = type;
  }
  if (storage.type != type) {
    return error("tensor {}: its storage is a {} and also a {}", name, type->name,
                 storage.type->name);
  }
  tensors_.insert(&tensor);
  return &storage;
}

Status TensorWriter::put(Storage& storage, std::size_t position, const std::byte* element,
                         std::string_view name) {
  const std::size_t size = item_size(*storage.type);
  std::byte* place = storage.bytes.data() + position * size;
  if (storage.written[position] && std::memcmp(place, element, size) != 0) {
    return error("tensor {} shares its storage with a tensor that needs other values there", name);
  }
  storage.written[position] = true;
  std::memcpy(place, element, size);
  return {};
}

Status TensorWriter::write(const TensorRef& tensor, std::string_view name,
                           std::span<const float> values) {
  QYOLO_TRY(const std::int64_t count, reader_->check(tensor, name));
  if (static_cast<std::size_t>(count) != values.size()) {
    return error("tensor {} has {} values and cannot hold {}", name, count, values.size());
  }
  if (!TensorReader::is_floating(tensor.storage)) {
    return error("tensor {} is a {}, expected floating point", name,
                 printable(tensor.storage.type));
  }
  QYOLO_TRY(Storage * storage, open(tensor, name));
  const StorageType& type = *storage->type;
  std::array<std::byte, kLargestItem> element{};
  ElementWalk place(tensor);
  for (const float value : values) {
    type.encode(value, element.data());
    float stored = 0;
    type.decode(element.data(), 0, {&stored, 1});
    if (!std::isfinite(stored)) {
      return error("tensor {}: the new value {} is no finite number in the file's {}", name, value,
                   type.name);
    }
    QYOLO_CHECK_OK(put(*storage, place.position(), element.data(), name));
    place.next();
  }
  return {};
}

Status TensorWriter::fill(const TensorRef& tensor, std::string_view name, float value) {
  QYOLO_TRY(const std::int64_t count, reader_->check(tensor, name));
  return write(tensor, name, std::vector<float>(static_cast<std::size_t>(count), value));
}

Status TensorWriter::copy(const TensorRef& from, const TensorRef& to, std::string_view name) {
  QYOLO_TRY(const std::int64_t count, reader_->check(from, name));
  QYOLO_TRY([[maybe_unused]] const auto same_count, reader_->check(to, name));
  if (from.size != to.size || from.storage.type != to.storage.type) {
    return error("tensor {} is a {} of [{}], its counterpart a {} of [{}]", name,
                 printable(to.storage.type), fmt::join(to.size, ", "), printable(from.storage.type),
                 fmt::join(from.size, ", "));
  }
  QYOLO_TRY(Storage * target, open(to, name));
  const auto changed = storages_.find(reader_->entry_of(from.storage));
  QYOLO_TRY(std::span<const std::byte> source, reader_->storage_bytes(from.storage));
  if (changed != storages_.end()) source = changed->second.bytes;
  std::array<std::byte, kLargestItem> element{};
  ElementWalk here(from), there(to);
  for (std::int64_t i = 0; i < count; ++i, here.next(), there.next()) {
    const std::size_t size = item_size(*target->type);
    std::memcpy(element.data(), source.data() + here.position() * size, size);
    QYOLO_CHECK_OK(put(*target, there.position(), element.data(), name));
  }
  return {};
}

Status TensorWriter::expect_kept(const TensorRef& tensor, std::string_view name) {
  QYOLO_TRY(const std::int64_t count, reader_->check(tensor, name));
  const auto found = storages_.find(reader_->entry_of(tensor.storage));
  if (found == storages_.end() || tensors_.contains(&tensor)) return {};
  const Storage& storage = found->second;
  const std::size_t size = item_size(*find_storage_type(tensor.storage.type));
  ElementWalk place(tensor);
  for (std::int64_t i = 0; i < count; ++i, place.next()) {
    const std::size_t at = place.position() * size;
    if (std::memcmp(storage.bytes.data() + at, storage.original.data() + at, size) != 0) {
      return error("tensor {} must stay as it is, but shares its storage with one that changes",
                   name);
    }
  }
  return {};
}

ZipReplacements TensorWriter::take() {
  ZipReplacements replacements;
  for (auto& [entry, storage] : storages_) replacements[entry] = std::move(storage.bytes);
  storages_.clear();
  return replacements;
}

}  // namespace qyolo::model
