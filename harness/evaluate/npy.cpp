#include "harness/evaluate/npy.h"

#include <bit>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <optional>

#include "common/file.h"

namespace qyolo::harness {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMostDimensions = 8, kMostHeader = 65536;

// What follows "'key':" in the header, without blanks in front.
std::string_view value_of(std::string_view header, std::string_view key) {
  const std::string quoted = fmt::format("'{}':", key);
  std::size_t at = header.find(quoted);
  if (at == std::string_view::npos) return {};
  at = header.find_first_not_of(' ', at + quoted.size());
  return at == std::string_view::npos ? std::string_view() : header.substr(at);
}

// "(1, 3, 20, 20)", "(5,)".
std::optional<std::vector<std::int64_t>> parse_shape(std::string_view text) {
  if (!text.starts_with('(')) return std::nullopt;
  text = text.substr(1, text.find(')') - 1);
  std::vector<std::int64_t> shape;
  while (!text.empty() && shape.size() <= kMostDimensions) {
    if (text.front() == ' ' || text.front() == ',') {
      text.remove_prefix(1);
      continue;
    }
    std::int64_t size = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (failure != std::errc{} || size < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    shape.push_back(size);
  }
  return shape.size() > kMostDimensions ? std::nullopt : std::optional(std::move(shape));
}

}  // namespace

namespace {

Status write_values(const std::filesystem::path& path, std::string_view type,
                    std::span<const std::byte> values, const std::vector<std::int64_t>& shape) {
  constexpr std::size_t kAlignment = 64, kBefore = 10;
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}",
                                   type, fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  header.append(kAlignment - (kBefore + header.size() + 1) % kAlignment, ' ');
  header += '\n';
  std::string file(kMagic);
  file += '\x01';
  file += '\0';
  file += static_cast<char>(header.size() & 0xFFU);
  file += static_cast<char>(header.size() >> 8U);
  file += header;
  file.append(reinterpret_cast<const char*>(values.data()), values.size());
  return write_file(path, file);
}

}  // namespace

Status write_npy(const std::filesystem::path& path, std::span<const std::uint8_t> values,
                 const std::vector<std::int64_t>& shape) {
  return write_values(path, "|u1", std::as_bytes(values), shape);
}

Status write_npy(const std::filesystem::path& path, std::span<const float> values,
                 const std::vector<std::int64_t>& shape) {
  static_assert(std::endian::native == std::endian::little);
  return write_values(path, "<f4", std::as_bytes(values), shape);
}

Result<FloatArray> read_npy(const std::filesystem::path& path) {
  QYOLO_TRY(const MappedFile file, MappedFile::open(path));
  return parse_npy({reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()},
                   path.string());
}

Result<FloatArray> parse_npy(std::string_view content, const std::string& name) {
  const auto byte = [&](std::size_t i) {
    return std::size_t{static_cast<unsigned char>(content[i])};
  };
  constexpr std::size_t kVersion = 6, kLength = 8;
  if (!content.starts_with(kMagic) || content.size() < kLength + 4)
    return error("{}: no array in NumPy's format (.npy)", name);
  const std::size_t width = byte(kVersion) == 1 ? 2 : 4;
  std::size_t length = 0;
  for (std::size_t i = 0; i < width; ++i) length |= byte(kLength + i) << (8 * i);
  const std::size_t begin = kLength + width;
  if (length > kMostHeader || length > content.size() - begin)
    return error("{}: its header does not end in the file", name);
  const std::string_view header = content.substr(begin, length);
  if (!value_of(header, "descr").starts_with("'<f4'") ||
      !value_of(header, "fortran_order").starts_with("False"))
    return error("{}: expected 32-bit floats in C order (numpy.float32)", name);
  const auto shape = parse_shape(value_of(header, "shape"));
  if (!shape) return error("{}: its shape cannot be read", name);
  const std::size_t values = (content.size() - begin - length) / sizeof(float);
  std::size_t expected = 1;
  for (const std::int64_t size : *shape) {
    const auto one = static_cast<std::size_t>(size);
    if (one > 0 && expected > values / one)
      return error("{}: it has fewer values than its shape says", name);
    expected *= one;
  }
  if (content.size() - begin - length != expected * sizeof(float))
    return error("{}: it has not as many values as its shape says", name);
  FloatArray array{*shape, std::vector<float>(expected)};
  const std::string_view data = content.substr(begin + length);
  static_assert(std::endian::native == std::endian::little);
  if (expected > 0) std::memcpy(array.values.data(), data.data(), data.size());
  return array;
}

}  // namespace qyolo::harness
