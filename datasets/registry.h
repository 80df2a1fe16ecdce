// What `qyolo fetch` can get: the official checkpoints and COCO val2017, with where they come from
// and how their bytes are known. Nothing here touches the network; that is datasets/download.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/grouped.h"
#include "common/result.h"

namespace qyolo::datasets {

// What is taken out of a zip archive, and nothing else of it.
struct ArchiveContents {
  // Path in the archive, and below the item's folder; one '*' stands for any run of characters but
  // '/': "val2017/*.jpg".
  std::string entries;
  std::size_t count = 1;        // how many entries there are
  std::uint64_t max_bytes = 0;  // what all of them together cannot exceed when unpacked
  std::string sha256;           // of the only entry; empty: not known, or several entries

  [[nodiscard]] bool matches(std::string_view entry) const;
  // What stands below the item's folder once unpacked: the entry itself, or the folder of several.
  [[nodiscard]] std::filesystem::path target() const;
};

struct RemoteFile {
  std::string name;  // below the item's folder, and below a mirror's
  std::string url;   // the publisher's
  std::optional<std::uint64_t> bytes;
  std::string sha256;                       // lower-case hexadecimal; empty: not known
  std::optional<ArchiveContents> contents;  // of a zip archive that is to be unpacked
};

struct RegistryItem {
  std::string name;         // the argument of `qyolo fetch`
  std::string description;  // a few words
  std::string folder;       // below the destination; empty: the destination itself
  std::vector<RemoteFile> files;
};

[[nodiscard]] const std::vector<RegistryItem>& registry();

// Fails with a sentence that lists the names there are.
Result<RegistryItem> find_item(std::string_view name);

// Where `qyolo fetch` puts things unless told otherwise, relative to the current folder.
inline constexpr const char* kDownloads = "downloads";

// The command that fetches `item` into the folder `to`, for a message.
[[nodiscard]] std::string fetch_command(const RegistryItem& item, const std::filesystem::path& to);

// For the message about a file that is not there: if `path` does not exist and is called like
// something in the registry (yolov7.pt, val2017, instances_val2017.json), how to get it as half a
// sentence, "run `qyolo fetch yolov7` (75,587,165 bytes from https://...)". The command names the
// folder that makes the file appear at `path`, where there is one.
std::optional<std::string> how_to_get(const std::filesystem::path& path);

}  // namespace qyolo::datasets
