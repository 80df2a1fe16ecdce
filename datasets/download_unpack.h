// Taking out of a zip archive what the registry lists, and telling later whether it is still there
// unchanged.
//
// The archive is not trusted: only regular entries that the registry's pattern names are written,
// an entry that leads out of the folder fails the whole archive, no declared size is believed, and
// nothing is written beyond ArchiveContents::max_bytes. (libarchive keeps the archive's directory
// in memory, so that an archive of unknown origin costs memory in proportion to its size.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "common/result.h"
#include "datasets/registry.h"

namespace qyolo::datasets {

struct Unpacked {
  std::size_t files = 0;
  std::uint64_t bytes = 0;
};

// Unpacks into FOLDER/TARGET (ArchiveContents::target(), which must not exist) by way of a folder
// beside it, so that it is there complete or not at all, and writes its checksum list
// TARGET.sha256, in the format of sha256sum. `progress` gets the files done and their number.
Result<Unpacked> unpack(const std::filesystem::path& archive, const ArchiveContents& contents,
                        const std::filesystem::path& folder,
                        const std::function<void(std::uint64_t, std::uint64_t)>& progress);

// Whether FOLDER/TARGET holds exactly what unpack() put there: every file of the checksum list with
// that content (a single file of known SHA-256: that one), and no other that matches. The error
// says what differs.
Result<Unpacked> check_unpacked(const ArchiveContents& contents,
                                const std::filesystem::path& folder,
                                const std::function<void(std::uint64_t, std::uint64_t)>& progress);

// TARGET.sha256
[[nodiscard]] std::filesystem::path checksum_list_of(std::filesystem::path target);

}  // namespace qyolo::datasets
