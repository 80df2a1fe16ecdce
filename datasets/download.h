// Getting what datasets/registry.h lists: over the network, from a mirror, or from a folder; never
// taking anything for right that was not checked. Target qyolo::download, apart from
// qyolo::datasets because it needs libcurl and libarchive.
//
// For each file NAME of an item, below TO/FOLDER:
//   NAME.partial, NAME.partial.json   an interrupted download, which the next fetch() goes on with
//   NAME                              the file, once its size and SHA-256 were right
//   TARGET                            what is unpacked from it, if it is an archive (val2017/)
//   TARGET.sha256                     the checksums of what was unpacked (check: sha256sum -c)
//   NAME.sha256                       of a file whose SHA-256 nobody has published: the one it had
// A downloaded archive is deleted once it is unpacked; one that was there before is left alone.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "datasets/registry.h"

namespace qyolo::datasets {

struct FetchProgress {
  enum class Stage { downloading, checking, unpacking };
  Stage stage = Stage::downloading;
  std::string name;         // of the file or of the unpacked target
  std::uint64_t done = 0;   // bytes; files when unpacking, or checking what was unpacked
  std::uint64_t total = 0;  // likewise; 0: not known
};

struct FetchOptions {
  std::filesystem::path to = kDownloads;
  // Empty: the publisher. Else what holds files of the registry's names: a folder, "file:///folder"
  // or "http(s)://mirror/folder"; a path to one of the files means its folder.
  std::string from;
  std::function<void(const FetchProgress&)> progress;  // must not throw, nor the next one
  std::function<void(const std::string&)> note;  // e.g. that a connection was lost, and what next
  int attempts = 5;                              // of one file, while its connection is lost
  std::chrono::milliseconds first_pause{1000};   // before the second one; then twice as long
  // Bytes that can be written below a folder; nullopt: not known.
  std::function<std::optional<std::uint64_t>(const std::filesystem::path&)> free_bytes;
};

struct Fetched {
  std::filesystem::path path;    // the file, or what was unpacked
  std::string source;            // URL or path; empty: it was already there
  bool verified = false;         // against a published SHA-256, directly or through its archive's
  std::string sha256;            // of the file or the archive; empty: unpacked before
  std::size_t files = 1;         // more than one: unpacked
  std::uint64_t bytes = 0;       // of these files
  std::uint64_t resumed_at = 0;  // bytes that an interrupted download had left
};

// Fetches every file of `item` that is not yet there and right. Errors: a source that cannot be
// reached (further lines of the message then say what to do by hand), bytes that are not the
// expected ones (they are deleted), not enough free space (asked for before anything is written),
// something else at the place, an archive without the expected contents, another fetch() at work in
// the folder.
Result<std::vector<Fetched>> fetch(const RegistryItem& item, const FetchOptions& options);

// What to do without a network: addresses, sizes, checksums, and where to put the files.
[[nodiscard]] std::string by_hand(const RegistryItem& item, const std::filesystem::path& to);

}  // namespace qyolo::datasets
