#include "harness/artifact/safetensors.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/json.h"
#include "harness/model/printable.h"

namespace qyolo::artifact {
namespace {

using Bytes = std::span<const std::byte>;
using model::printable;

constexpr std::string_view kMetadata = "__metadata__";
constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kAlignment = 8;
// Far above the header of any network; the format itself allows 100 MB.
constexpr std::uint64_t kMaxHeader = std::uint64_t{16} << 20;
constexpr std::size_t kMaxDimensions = 8;

struct Type {
  std::string_view name;
  std::int64_t bytes;
};
constexpr std::array kTypes = {Type{"U8", 1}, Type{"I32", 4}, Type{"F16", 2}, Type{"F32", 4}};

std::uint64_t header_length(Bytes bytes) {
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    length |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  return length;
}

Result<DType> parse_dtype(const std::string& name) {
  for (std::size_t i = 0; i < kTypes.size(); ++i)
    if (kTypes[i].name == name) return static_cast<DType>(i);
  return error("the type '{}' is not supported (U8, I32, F16 and F32 are)", printable(name));
}

// A list of whole numbers, none of them negative.
Result<std::vector<std::int64_t>> read_sizes(const JsonObject& object, std::string_view key,
                                             std::size_t most) {
  QYOLO_TRY(const Json* list, object.at(key));
  if (!list->is_array() || list->size() > most)
    return error("{}: expected a list of at most {} numbers", key, most);
  std::vector<std::int64_t> sizes;
  for (const Json& item : *list) {
    if (!item.is_number_unsigned() || item.get<std::uint64_t>() > INT64_MAX)
      return error("{}: expected whole numbers that are not negative", key);
    sizes.push_back(item.get<std::int64_t>());
  }
  return sizes;
}

// Bytes of a tensor, or nothing where that is more than `most`.
std::optional<std::int64_t> size_of(const std::vector<std::int64_t>& shape, DType type,
                                    std::int64_t most) {
  std::int64_t size = dtype_bytes(type);
  for (const std::int64_t side : shape) {
    if (side != 0 && size > most / side) return std::nullopt;
    size *= side;
  }
  return size;
}

Result<Tensor> read_tensor(const std::string& name, const Json& value, Bytes data) {
  QYOLO_TRY(const JsonObject object, JsonObject::from(value, "the entry"));
  QYOLO_CHECK_OK(object.only({"dtype", "shape", "data_offsets"}));
  QYOLO_TRY(const std::string dtype, object.string("dtype"));
  Tensor tensor{name, DType::kU8, {}, {}};
  QYOLO_TRY(tensor.dtype, parse_dtype(dtype));
  QYOLO_TRY(tensor.shape, read_sizes(object, "shape", kMaxDimensions));
  QYOLO_TRY(const auto offsets, read_sizes(object, "data_offsets", 2));
  const auto end = static_cast<std::int64_t>(data.size());
  if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > end)
    return error("it lies outside the file");
  const auto size = size_of(tensor.shape, tensor.dtype, end);
  if (size != offsets[1] - offsets[0])
    return error("its {} bytes do not fit its shape", offsets[1] - offsets[0]);
  tensor.bytes = data.subspan(static_cast<std::size_t>(offsets[0]),
                              static_cast<std::size_t>(offsets[1] - offsets[0]));
  return tensor;
}

// Every byte of `data` belongs to exactly one tensor.
Status check_gapless(const std::map<std::string, Tensor, std::less<>>& tensors, Bytes data) {
  std::vector<Bytes> spans;
  for (const auto& [name, tensor] : tensors)
    if (!tensor.bytes.empty()) spans.push_back(tensor.bytes);
  std::ranges::sort(spans, {}, [](Bytes bytes) { return bytes.data(); });
  const std::byte* at = data.data();
  for (const Bytes bytes : spans) {
    if (bytes.data() < at) return error("two tensors overlap");
    if (bytes.data() > at) return error("there is a hole between two tensors");
    at += bytes.size();
  }
  const auto rest = data.size() - static_cast<std::size_t>(at - data.data());
  if (rest != 0) return error("the file has {} bytes that belong to no tensor", rest);
  return {};
}

}  // namespace

std::string_view dtype_name(DType type) { return kTypes[static_cast<std::size_t>(type)].name; }
std::int64_t dtype_bytes(DType type) { return kTypes[static_cast<std::size_t>(type)].bytes; }

std::string safetensors_header(const Metadata& metadata, std::span<const Tensor> tensors) {
  OrderedJson header = OrderedJson::object();
  if (!metadata.empty()) header[std::string(kMetadata)] = metadata;
  std::size_t offset = 0;
  for (const Tensor& tensor : tensors) {
    header[tensor.name] = {{"dtype", dtype_name(tensor.dtype)},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + tensor.bytes.size()}}};
    offset += tensor.bytes.size();
  }
  std::string text = header.dump();
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  std::string bytes;
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    bytes.push_back(static_cast<char>(text.size() >> (8 * i) & 0xFFU));
  return bytes + text;
}

void order_by_alignment(std::vector<Tensor>& tensors) {
  std::ranges::stable_sort(tensors, std::ranges::greater(),
                           [](const Tensor& tensor) { return dtype_bytes(tensor.dtype); });
}

bool Safetensors::recognises(Bytes bytes) {
  return bytes.size() > kLengthBytes && header_length(bytes) <= kMaxHeader &&
         bytes[kLengthBytes] == std::byte{'{'};
}

Result<Bytes> Safetensors::header_of(Bytes bytes, std::string_view name) {
  if (!recognises(bytes)) return error("{}: not a safetensors file", name);
  const std::uint64_t length = header_length(bytes);
  if (length > bytes.size() - kLengthBytes)
    return error("{}: the header is longer than the file: is the file complete?", name);
  return bytes.first(static_cast<std::size_t>(length) + kLengthBytes);
}

Result<Safetensors> Safetensors::from_bytes(Bytes bytes, std::string name) {
  Safetensors file;
  QYOLO_TRY(file.header_, header_of(bytes, name));
  file.data_ = bytes.subspan(file.header_.size());
  const Bytes text = file.header_.subspan(kLengthBytes);
  QYOLO_TRY(const Json header,
            parse_json({reinterpret_cast<const char*>(text.data()), text.size()},
                       fmt::format("{}: the header", name), DuplicateKeys::kRefused));
  QYOLO_TRY(const JsonObject root, JsonObject::from(header, fmt::format("{}: the header", name)));
  if (root.has(kMetadata)) {
    QYOLO_TRY(const JsonObject metadata, root.object(kMetadata));
    for (const auto& [key, value] : header.at(std::string(kMetadata)).items()) {
      QYOLO_TRY(file.metadata_[key], metadata.string(key));
    }
  }
  for (const auto& [key, value] : header.items()) {
    if (key == kMetadata) continue;
    auto tensor = read_tensor(key, value, file.data_);
    if (!tensor.ok())
      return error("{}: the tensor '{}': {}", name, printable(key), tensor.error().message);
    file.tensors_.emplace(key, std::move(tensor).value());
  }
  if (const Status gapless = check_gapless(file.tensors_, file.data_); !gapless.ok())
    return error("{}: {}", name, gapless.error().message);
  file.name_ = std::move(name);
  return file;
}

Result<Safetensors> Safetensors::open(const std::filesystem::path& path) {
  QYOLO_TRY(MappedFile mapped, MappedFile::open(path));
  QYOLO_TRY(Safetensors file, from_bytes(mapped.bytes(), path.string()));
  file.file_ = std::move(mapped);
  return file;
}

}  // namespace qyolo::artifact
