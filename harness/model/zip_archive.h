// harness/model/: from an official YOLOv7 checkpoint to detections. Only the executors see
// LibTorch (target qyolo::torch_executor); reading, graph, fusing, decoding and NMS are plain C++
// (target qyolo::model).
//
// The zip layer of a checkpoint: a reader for stored (not deflated) entries that trusts no size or
// offset. Format: PKWARE APPNOTE 6.3, with zip64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/file.h"
#include "common/result.h"

namespace qyolo::model {

// Entries are views into the file: nothing is copied, and they are valid while the archive lives
// (moving it keeps them valid). Opening fails unless every entry is stored, not encrypted, inside
// the file, apart from the others, and named by a relative path without "..".
class ZipArchive {
 public:
  static Result<ZipArchive> open(const std::filesystem::path& path);
  // `name` names the source in errors; the bytes are not owned.
  static Result<ZipArchive> from_bytes(std::span<const std::byte> bytes, std::string name);

  struct Entry {
    std::span<const std::byte> bytes;
    std::uint32_t crc32 = 0;  // as the file says
    // Where in the file the entry is described.
    std::size_t local_header = 0, directory_record = 0;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  [[nodiscard]] const Entries& entries() const { return entries_; }
  [[nodiscard]] bool contains(std::string_view name) const { return entries_.contains(name); }

  // Errors from here on do not repeat the archive's name.
  //
  // The entry's bytes, not yet compared with their checksum; fails if there is none of that name.
  [[nodiscard]] Result<std::span<const std::byte>> entry(std::string_view name) const;
  // The same, and fails where the bytes do not match their CRC-32: the file is damaged.
  [[nodiscard]] Result<std::span<const std::byte>> checked_entry(std::string_view name) const;

  // The one folder that holds every entry ("archive"); fails if some entry lies outside it.
  [[nodiscard]] Result<std::string> top_folder() const;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }  // the whole file
  // Of the archive as a whole, whatever bytes stand there; mostly empty.
  [[nodiscard]] std::string_view comment() const { return comment_; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

 private:
  std::string name_;
  std::span<const std::byte> bytes_;
  std::string_view comment_;
  std::optional<MappedFile> file_;
  Entries entries_;
};

}  // namespace qyolo::model
