// What has arrived of a file: NAME.partial, and beside it NAME.partial.json, which says of what
// version of the source the bytes are. Both survive a killed process, so that the next one goes on
// where it stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace qyolo::datasets {

// One version of a file at its source.
struct SourceVersion {
  std::string url;        // as it was asked for, or a path
  std::string validator;  // strong ETag or Last-Modified (RFC 9110, 8.8); empty: none was given
  std::optional<std::uint64_t> bytes;  // of the whole file

  friend bool operator==(const SourceVersion&, const SourceVersion&) = default;
};

// REQUIRES: one process at a time for one target (fetch() locks the folder).
class PartialFile {
 public:
  // Opens or creates TARGET.partial. Bytes of an unknown version count as none.
  static Result<PartialFile> open(const std::filesystem::path& target);
  PartialFile(PartialFile&& other) noexcept;
  PartialFile& operator=(PartialFile&&) = delete;
  PartialFile(const PartialFile&) = delete;
  ~PartialFile();

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  // What the bytes are of. REQUIRES: bytes() > 0.
  [[nodiscard]] const SourceVersion& version() const { return version_; }

  // Drops what there is and begins with `version`.
  Status restart(const SourceVersion& version);
  Status append(std::string_view bytes);
  // Gives the file its name; the partial file is no more.
  Status complete();
  // Deletes both files; nothing can be stored any more.
  void discard();

 private:
  PartialFile(std::filesystem::path target, int descriptor)
      : target_(std::move(target)), descriptor_(descriptor) {}
  std::filesystem::path target_;
  int descriptor_;
  std::uint64_t bytes_ = 0;
  SourceVersion version_;
};

}  // namespace qyolo::datasets
