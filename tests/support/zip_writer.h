// Makes zip archives, well-formed ones and others, byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/crc32.h"
#include "harness/model/zip_archive.h"

namespace qyolo::testing {

inline std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// An entry, and how it lies about itself.
struct ZipEntry {
  std::string name, content;
  int method = 0;  // 8: deflate
  int flags = 0;   // 1: encrypted; 8: checksum and sizes stand behind the content
  std::optional<std::uint32_t> crc32{};
  std::optional<std::uint64_t> size{};          // in the central directory
  std::optional<std::uint64_t> local_offset{};  // likewise
  std::optional<std::string> local_name{};
  bool signed_descriptor = true;  // with flag 8
};

inline std::string little_endian(std::uint64_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xFFU);
  return bytes;
}

// With `zip64`, sizes, offsets and the directory stand in zip64 fields.
inline std::string make_zip(const std::vector<ZipEntry>& entries, bool zip64 = false) {
  const auto le = little_endian;
  constexpr std::uint64_t kElsewhere = 0xFFFFFFFF;
  std::string file, directory;
  for (const ZipEntry& entry : entries) {
    const std::uint64_t offset = entry.local_offset.value_or(file.size());
    const std::uint64_t size = entry.size.value_or(entry.content.size());
    const std::uint32_t crc = entry.crc32.value_or(qyolo::crc32(bytes_of(entry.content)));
    const std::string local_name = entry.local_name.value_or(entry.name);
    const auto method = static_cast<std::uint64_t>(entry.method);
    const auto flags = static_cast<std::uint64_t>(entry.flags);
    const std::string sums = le(crc, 4) + le(entry.content.size(), 4) + le(entry.content.size(), 4);
    const bool streamed = (entry.flags & 8) != 0;
    file += "PK\x03\x04" + le(20, 2) + le(flags, 2) + le(method, 2) + le(0, 4) +
            (streamed ? std::string(12, '\0') : sums) + le(local_name.size(), 2) + le(0, 2) +
            local_name + entry.content;
    if (streamed) file += (entry.signed_descriptor ? "PK\x07\x08" : "") + sums;
    std::string extra;
    if (zip64) extra = le(1, 2) + le(24, 2) + le(size, 8) + le(size, 8) + le(offset, 8);
    directory += "PK\x01\x02" + le(45, 2) + le(20, 2) + le(flags, 2) + le(method, 2) + le(0, 4) +
                 le(crc, 4) + le(zip64 ? kElsewhere : size, 4) + le(zip64 ? kElsewhere : size, 4) +
                 le(entry.name.size(), 2) + le(extra.size(), 2) + le(0, 2) + le(0, 2) + le(0, 2) +
                 le(0, 4) + le(zip64 ? kElsewhere : offset, 4) + entry.name + extra;
  }
  const std::uint64_t start = file.size(), count = entries.size();
  file += directory;
  if (zip64) {
    const std::uint64_t end64 = file.size();
    file += "PK\x06\x06" + le(44, 8) + le(45, 2) + le(45, 2) + le(0, 4) + le(0, 4) + le(count, 8) +
            le(count, 8) + le(directory.size(), 8) + le(start, 8);
    file += "PK\x06\x07" + le(0, 4) + le(end64, 8) + le(1, 4);
  }
  return file + "PK\x05\x06" + le(0, 2) + le(0, 2) + le(zip64 ? 0xFFFF : count, 2) +
         le(zip64 ? 0xFFFF : count, 2) + le(zip64 ? kElsewhere : directory.size(), 4) +
         le(zip64 ? kElsewhere : start, 4) + le(0, 2);
}

}  // namespace qyolo::testing
