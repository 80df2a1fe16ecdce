#include "harness/model/zip_patch.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "common/crc32.h"
#include "harness/model/printable.h"

namespace qyolo::model {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::size_t kFlagsInLocal = 6, kCrcInLocal = 14, kCrcInDirectory = 16;
constexpr std::uint16_t kHasDescriptor = 8;
constexpr std::uint32_t kDescriptor = 0x08074b50;

class Patch {
 public:
  Patch(std::string& file, std::string_view name, const ZipArchive::Entry& entry)
      : file_(file), name_(name), entry_(entry) {}

  Status apply(std::span<const std::byte> content, std::size_t data) {
    const std::uint32_t crc = crc32(content);
    QYOLO_CHECK_OK(replace_crc(entry_.directory_record + kCrcInDirectory, crc));
    const std::size_t local_crc = entry_.local_header + kCrcInLocal;
    std::uint16_t flags = 0;
    std::memcpy(&flags, file_.data() + entry_.local_header + kFlagsInLocal, sizeof flags);
    if ((flags & kHasDescriptor) == 0) {
      QYOLO_CHECK_OK(replace_crc(local_crc, crc));
    } else {
      // The header was written before the checksum was known; it stands behind the data, where its
      // signature is optional.
      const std::size_t descriptor = data + content.size();
      const bool is_signed = number_at(descriptor) == kDescriptor &&
                             number_at(descriptor + sizeof crc) == entry_.crc32;
      QYOLO_CHECK_OK(replace_crc(is_signed ? descriptor + sizeof crc : descriptor, crc));
      if (number_at(local_crc) == entry_.crc32) QYOLO_CHECK_OK(replace_crc(local_crc, crc));
    }
    std::memcpy(file_.data() + data, content.data(), content.size());
    return {};
  }

 private:
  [[nodiscard]] bool has_number(std::size_t at) const {
    return at <= file_.size() && file_.size() - at >= sizeof(std::uint32_t);
  }

  // 0 beyond the end of the file.
  [[nodiscard]] std::uint32_t number_at(std::size_t at) const {
    std::uint32_t number = 0;
    if (has_number(at)) std::memcpy(&number, file_.data() + at, sizeof number);
    return number;
  }

  Status replace_crc(std::size_t at, std::uint32_t crc) {
    if (!has_number(at) || number_at(at) != entry_.crc32) {
      return error("the entry '{}' has two different checksums: the file is damaged",
                   printable(name_));
    }
    std::memcpy(file_.data() + at, &crc, sizeof crc);
    return {};
  }

  std::string& file_;
  std::string_view name_;
  const ZipArchive::Entry& entry_;
};

}  // namespace

std::string with_comment(const ZipArchive& archive, std::string file, std::string_view comment) {
  const auto length = static_cast<std::uint16_t>(comment.size());
  file.resize(file.size() - archive.comment().size());
  std::memcpy(file.data() + file.size() - sizeof length, &length, sizeof length);
  return file.append(comment);
}

Result<std::string> patched_archive(const ZipArchive& archive,
                                    const ZipReplacements& replacements) {
  const std::span<const std::byte> whole = archive.bytes();
  std::string file(reinterpret_cast<const char*>(whole.data()), whole.size());
  for (const auto& [name, content] : replacements) {
    QYOLO_TRY(const auto bytes, archive.entry(name));
    if (bytes.size() != content.size()) {
      return error("the entry '{}' has {} bytes and cannot be replaced by {}", printable(name),
                   bytes.size(), content.size());
    }
    if (content.empty()) continue;
    const auto data = static_cast<std::size_t>(bytes.data() - whole.data());
    QYOLO_CHECK_OK(Patch(file, name, archive.entries().find(name)->second).apply(content, data));
  }
  return file;
}

}  // namespace qyolo::model
