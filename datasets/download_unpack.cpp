#include "datasets/download_unpack.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <system_error>
#include <vector>

#include "common/file.h"
#include "common/sha256.h"

namespace qyolo::datasets {
namespace fs = std::filesystem;

namespace {

using Checksums = std::map<std::string, std::string>;  // path below the list's folder -> SHA-256

constexpr std::size_t kMostEntries = 1'000'000;

struct ArchiveDeleter {
  void operator()(archive* handle) const { archive_read_free(handle); }
};
using Archive = std::unique_ptr<archive, ArchiveDeleter>;

// A folder that is removed again unless it was renamed before.
class StagingFolder {
 public:
  static Result<StagingFolder> create(const fs::path& path) {
    std::error_code code;
    fs::remove_all(path, code);
    if (code) return error("{} cannot be removed: {}", path.string(), code.message());
    QYOLO_CHECK_OK(create_folder(path));
    return StagingFolder(path);
  }
  StagingFolder(StagingFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  StagingFolder& operator=(StagingFolder&&) = delete;
  StagingFolder(const StagingFolder&) = delete;
  ~StagingFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  explicit StagingFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

class Unpacker {
 public:
  Unpacker(fs::path archive, const ArchiveContents& contents, fs::path staging)
      : path_(std::move(archive)), contents_(contents), staging_(std::move(staging)) {}

  // Fills the staging folder; the checksums are by file name.
  Result<Checksums> run(const std::function<void(std::uint64_t, std::uint64_t)>& progress);
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  Status open();
  Status take(archive_entry* entry, const std::string& name);
  Status write_entry(const std::string& name, const fs::path& target);
  [[nodiscard]] Error damaged(const std::string& name) const;
  [[nodiscard]] Error too_large(const std::string& name) const;

  fs::path path_;
  const ArchiveContents& contents_;
  fs::path staging_;
  Archive archive_{archive_read_new()};
  Checksums checksums_;
  std::uint64_t bytes_ = 0;
};

Error Unpacker::damaged(const std::string& name) const {
  const char* reason = archive_error_string(archive_.get());
  return error("{}: {} cannot be unpacked: {}", path_.string(), name,
               reason != nullptr ? reason : "the archive is damaged");
}

Error Unpacker::too_large(const std::string& name) const {
  return error("{}: {} takes more than the {} bytes expected of '{}'", path_.string(), name,
               grouped(contents_.max_bytes), contents_.entries);
}

Status Unpacker::open() {
  if (archive_ == nullptr) return error("{} cannot be opened: not enough memory", path_.string());
  archive_read_support_format_zip_seekable(archive_.get());
  constexpr std::size_t kBlock = std::size_t{1} << 16;
  if (archive_read_open_filename(archive_.get(), path_.c_str(), kBlock) != ARCHIVE_OK) {
    return error("{} is not a zip archive: {}", path_.string(),
                 archive_error_string(archive_.get()));
  }
  return {};
}

Status Unpacker::write_entry(const std::string& name, const fs::path& target) {
  std::ofstream out(target, std::ios::binary | std::ios::trunc);
  std::vector<char> buffer(std::size_t{1} << 18);
  Sha256 hash;
  for (;;) {
    const auto count = archive_read_data(archive_.get(), buffer.data(), buffer.size());
    if (count < 0) return damaged(name);  // also where CRC-32 or the declared size is wrong
    if (count == 0) break;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
    if (bytes.size() > contents_.max_bytes - bytes_) return too_large(name);
    bytes_ += bytes.size();
    hash.update(bytes);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out) break;
  }
  out.close();
  if (!out) return error("{} cannot be written", target.string());
  checksums_[target.filename().string()] = hash.hex();
  return {};
}

Status Unpacker::take(archive_entry* entry, const std::string& name) {
  // Such a name would also break the lines of the checksum list.
  if (std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20; })) {
    return error("{}: an entry's name has a control character", path_.string());
  }
  if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) {
    return error("{}: {} is not a regular file", path_.string(), name);
  }
  if (archive_entry_size_is_set(entry) != 0 &&
      (archive_entry_size(entry) < 0 ||
       static_cast<std::uint64_t>(archive_entry_size(entry)) > contents_.max_bytes - bytes_)) {
    return too_large(name);
  }
  const fs::path target = staging_ / fs::path(name).filename();
  if (checksums_.contains(target.filename().string())) {
    return error("{}: {} is there twice", path_.string(), name);
  }
  if (checksums_.size() == contents_.count) {
    return error("{} has more than the expected {} entries '{}'", path_.string(),
                 grouped(contents_.count), contents_.entries);
  }
  return write_entry(name, target);
}

Result<Checksums> Unpacker::run(const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  QYOLO_CHECK_OK(open());
  for (std::size_t entries = 0;; ++entries) {
    archive_entry* entry = nullptr;
    const int state = archive_read_next_header(archive_.get(), &entry);
    if (state == ARCHIVE_EOF) break;
    // A warning is about a name in another character set; such an entry is not wanted anyway.
    if (state != ARCHIVE_OK && state != ARCHIVE_WARN) {
      return damaged("entry " + std::to_string(entries));
    }
    if (entries == kMostEntries) {
      return error("{} has more than {} entries", path_.string(), grouped(kMostEntries));
    }
    const char* pathname = archive_entry_pathname(entry);
    if (pathname == nullptr) continue;
    const std::string name(pathname);
    if (const auto inside = path_inside(staging_, name); !inside) {
      return error("{}: {}", path_.string(), inside.error().message);
    }
    if (!contents_.matches(name)) continue;
    QYOLO_CHECK_OK(take(entry, name));
    progress(checksums_.size(), contents_.count);
  }
  if (checksums_.size() != contents_.count) {
    return error("{} has {} entries '{}', expected {}", path_.string(), grouped(checksums_.size()),
                 contents_.entries, grouped(contents_.count));
  }
  return std::move(checksums_);
}

std::string hash_mismatch(const fs::path& path, const std::string& found,
                          const std::string& expected) {
  return fmt::format("{} has SHA-256 {}, expected {}", path.string(), found, expected);
}

bool is_single(const ArchiveContents& contents) {
  return contents.entries.find('*') == std::string::npos;
}

// Names in the list are relative to where it stands: "val2017/000000000139.jpg".
std::string checksum_text(const Checksums& checksums, const fs::path& prefix) {
  std::string text;
  for (const auto& [name, hash] : checksums) {
    text += fmt::format("{}  {}\n", hash, (prefix / name).string());
  }
  return text;
}

Result<Checksums> read_checksums(const fs::path& path) {
  QYOLO_TRY(const std::string text, read_file(path));
  constexpr std::size_t kHash = 64;
  Checksums checksums;
  std::size_t start = 0;
  for (std::size_t line = 1; start < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view entry = std::string_view(text).substr(start, end - start);
    if (entry.size() < kHash + 3 || entry.substr(kHash, 2) != "  ") {
      return error("{}: line {} is not a SHA-256, two spaces and a file name", path.string(), line);
    }
    const std::string_view name = entry.substr(kHash + 2);
    QYOLO_TRY(const fs::path checked, path_inside(path.parent_path(), name));
    checksums.emplace(name, entry.substr(0, kHash));
    start = end + 1;
  }
  return checksums;
}

std::size_t matching_files(const fs::path& folder, const ArchiveContents& contents) {
  std::size_t count = 0;
  std::error_code code;
  const fs::path inside = fs::path(contents.entries).parent_path();
  for (fs::directory_iterator at(folder, code), end; !code && at != end; at.increment(code)) {
    if (contents.matches((inside / at->path().filename()).string())) ++count;
  }
  return count;
}

Result<Checksums> expected_checksums(const ArchiveContents& contents, const fs::path& target) {
  if (is_single(contents) && !contents.sha256.empty()) {
    return Checksums{{target.filename().string(), contents.sha256}};
  }
  return read_checksums(checksum_list_of(target));
}

}  // namespace

fs::path checksum_list_of(fs::path target) {
  target += ".sha256";
  return target;
}

Result<Unpacked> unpack(const fs::path& archive, const ArchiveContents& contents,
                        const fs::path& folder,
                        const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  const fs::path target = folder / contents.target();
  QYOLO_CHECK_OK(create_folder(target.parent_path()));
  fs::path beside = target;
  beside += ".partial";
  QYOLO_TRY(const StagingFolder staging, StagingFolder::create(beside));
  Unpacker unpacker(archive, contents, staging.path());
  QYOLO_TRY(const Checksums checksums, unpacker.run(progress));

  const bool single = is_single(contents);
  const fs::path from = single ? staging.path() / target.filename() : staging.path();
  if (single && !contents.sha256.empty() && checksums.begin()->second != contents.sha256) {
    return error("{}: {}", archive.string(),
                 hash_mismatch(contents.entries, checksums.begin()->second, contents.sha256));
  }
  // The list first: a target without it would be a stranger's.
  QYOLO_CHECK_OK(write_file(checksum_list_of(target),
                            checksum_text(checksums, single ? fs::path() : target.filename())));
  std::error_code code;
  fs::rename(from, target, code);
  if (code) return error("{} cannot be written: {}", target.string(), code.message());
  return Unpacked{checksums.size(), unpacker.bytes()};
}

Result<Unpacked> check_unpacked(const ArchiveContents& contents, const fs::path& folder,
                                const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  const fs::path target = folder / contents.target();
  QYOLO_TRY(const Checksums checksums, expected_checksums(contents, target));
  const std::size_t present = is_single(contents) ? 1 : matching_files(target, contents);
  if (present != contents.count || checksums.size() != contents.count) {
    return error("{} has {} files '{}', expected {}", target.string(), grouped(present),
                 fs::path(contents.entries).filename().string(), grouped(contents.count));
  }
  Unpacked found;
  for (const auto& [name, expected] : checksums) {
    const fs::path file = target.parent_path() / name;
    QYOLO_TRY(const std::string hash, sha256_of_file(file));
    if (hash != expected) return Error{hash_mismatch(file, hash, expected)};
    std::error_code ignored;
    found.bytes += fs::file_size(file, ignored);
    progress(++found.files, contents.count);
  }
  return found;
}

}  // namespace qyolo::datasets
