#include "datasets/download.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <thread>
#include <utility>

#include "common/file.h"
#include "common/sha256.h"
#include "datasets/download_partial.h"
#include "datasets/download_transfer.h"
#include "datasets/download_unpack.h"

namespace qyolo::datasets {
namespace fs = std::filesystem;

namespace {

using Stage = FetchProgress::Stage;

fs::path folder_of(const RegistryItem& item, const fs::path& to) {
  fs::path folder = (to / item.folder).lexically_normal();
  return folder.has_filename() ? folder : folder.parent_path();
}

bool stands_at(const fs::path& path) {
  std::error_code code;
  return fs::symlink_status(path, code).type() != fs::file_type::not_found;
}

std::optional<std::uint64_t> bytes_of(const fs::path& path) {
  std::error_code code;
  const std::uintmax_t bytes = fs::file_size(path, code);
  return code ? std::nullopt : std::optional<std::uint64_t>(bytes);
}

std::optional<std::uint64_t> available_bytes(const fs::path& folder) {
  std::error_code code;
  const fs::space_info space = fs::space(folder, code);
  return code ? std::nullopt : std::optional<std::uint64_t>(space.available);
}

// Keeps a second fetch() out of a folder while this one works in it.
class FolderLock {
 public:
  static Result<FolderLock> take(const fs::path& folder) {
    FolderLock lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // Some network file systems have no such locks: then there is none.
    if (lock.descriptor_ >= 0 && ::flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0 &&
        errno == EWOULDBLOCK) {
      return error("another fetch is at work in {}", folder.string());
    }
    return lock;
  }
  FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  FolderLock(const FolderLock&) = delete;
  ~FolderLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

// Where the files come from: the publisher's URLs, or `base` and their names.
struct Source {
  enum class Kind { publisher, mirror, folder };
  Kind kind = Kind::publisher;
  std::string base;

  [[nodiscard]] std::string of(const RemoteFile& file) const {
    if (kind == Kind::publisher) return file.url;
    return kind == Kind::mirror ? base + "/" + file.name : (fs::path(base) / file.name).string();
  }
};

Result<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 2);
    unsigned value = 0;
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 2 || end != digits.data() + 2 || failure != std::errc() || value == 0) {
      return error("'{}' has a '%' that is not followed by two hexadecimal digits", text);
    }
    decoded += static_cast<char>(value);
    i += 2;
  }
  return decoded;
}

std::string without_file_name(const RegistryItem& item, std::string base) {
  while (base.size() > 1 && base.back() == '/') base.pop_back();
  for (const RemoteFile& file : item.files) {
    if (base == file.name) return ".";
    if (base.ends_with("/" + file.name)) return base.substr(0, base.size() - file.name.size() - 1);
  }
  return base;
}

Result<Source> source_of(const RegistryItem& item, const std::string& from) {
  if (from.empty()) return Source{};
  if (from.starts_with("http://") || from.starts_with("https://")) {
    if (from.find_first_of("?#") != std::string::npos) {
      return error("'{}' has a query, expected the address of a folder that holds the files", from);
    }
    return Source{Source::Kind::mirror, without_file_name(item, from)};
  }
  std::string path = from;
  if (from.starts_with("file://")) {
    if (!from.starts_with("file:///")) {
      return error("'{}' is not a local file, expected file:///path", from);
    }
    QYOLO_TRY(path, percent_decoded(std::string_view(from).substr(7)));
  } else if (from.find("://") != std::string::npos) {
    return error("'{}' is not understood, expected http://, https://, file:/// or a folder", from);
  }
  std::string folder = without_file_name(item, path);
  if (folder.empty()) folder = "/";
  std::error_code code;
  if (!fs::is_directory(folder, code)) {
    return error("{} is not a folder, expected one that holds {}", folder, item.files[0].name);
  }
  return Source{Source::Kind::folder, folder};
}

class Fetcher {
 public:
  Fetcher(const RegistryItem& item, const FetchOptions& options)
      : item_(item), options_(options), folder_(folder_of(item, options.to)) {}

  Result<std::vector<Fetched>> run();

 private:
  // nullopt: it has to be fetched. Fails where something else has its name.
  Result<std::optional<Fetched>> find(const RemoteFile& file) const;
  Result<std::optional<Fetched>> find_file(const RemoteFile& file) const;
  Result<std::optional<Fetched>> find_unpacked(const RemoteFile& file) const;
  Status check_space_for(const std::vector<const RemoteFile*>& files) const;
  Result<Fetched> get(const RemoteFile& file) const;
  Result<Fetched> download(const RemoteFile& file) const;
  // Fills `partial`; how many bytes of an earlier download were of use.
  Result<std::uint64_t> transfer(const RemoteFile& file, const std::string& source,
                                 PartialFile& partial) const;
  Result<std::string> check(const RemoteFile& file, const fs::path& path) const;
  Result<Fetched> unpack_from(const RemoteFile& file, Fetched archive) const;

  Status require_free(std::uint64_t bytes) const;
  Error unreachable(const std::string& problem) const;
  [[nodiscard]] std::function<void(std::uint64_t, std::uint64_t)> reporter(
      Stage stage, const std::string& name) const;
  void note(const std::string& text) const {
    if (options_.note) options_.note(text);
  }

  const RegistryItem& item_;
  const FetchOptions& options_;
  fs::path folder_;
  Source source_;
};

Result<std::vector<Fetched>> Fetcher::run() {
  QYOLO_TRY(source_, source_of(item_, options_.from));
  QYOLO_CHECK_OK(create_folder(folder_));
  QYOLO_TRY(const FolderLock lock, FolderLock::take(folder_));
  std::vector<Fetched> results;
  std::vector<const RemoteFile*> missing;
  for (const RemoteFile& file : item_.files) {
    QYOLO_TRY(auto found, find(file));
    if (!found) missing.push_back(&file);
    results.push_back(std::move(found).value_or(Fetched{}));
  }
  QYOLO_CHECK_OK(check_space_for(missing));
  for (std::size_t i = 0; i < item_.files.size(); ++i) {
    if (!results[i].path.empty()) continue;
    QYOLO_TRY(results[i], get(item_.files[i]));
  }
  return results;
}

std::function<void(std::uint64_t, std::uint64_t)> Fetcher::reporter(Stage stage,
                                                                    const std::string& name) const {
  return [this, stage, name](std::uint64_t done, std::uint64_t total) {
    if (options_.progress) options_.progress({stage, name, done, total});
  };
}

Status Fetcher::require_free(std::uint64_t bytes) const {
  const auto free = options_.free_bytes ? options_.free_bytes(folder_) : available_bytes(folder_);
  if (!free || *free >= bytes) return {};
  return error("{} has {} bytes free, but {} needs {} more", folder_.string(), grouped(*free),
               item_.name, grouped(bytes));
}

Error Fetcher::unreachable(const std::string& problem) const {
  return Error{problem + "\n" + by_hand(item_, options_.to)};
}

Result<std::optional<Fetched>> Fetcher::find(const RemoteFile& file) const {
  return file.contents ? find_unpacked(file) : find_file(file);
}

// The SHA-256 of what stands at `path`, if it is what the registry says.
Result<std::string> Fetcher::check(const RemoteFile& file, const fs::path& path) const {
  const auto bytes = bytes_of(path);
  if (!bytes) return error("{} is not a regular file", path.string());
  if (file.bytes && *bytes != *file.bytes) {
    return error("{} has {} bytes, expected {}", path.string(), grouped(*bytes),
                 grouped(*file.bytes));
  }
  reporter(Stage::checking, file.name)(0, 0);
  QYOLO_TRY(std::string hash, sha256_of_file(path));
  if (!file.sha256.empty() && hash != file.sha256) {
    return error("{} has SHA-256 {}, expected {}", path.string(), hash, file.sha256);
  }
  return hash;
}

Result<std::optional<Fetched>> Fetcher::find_file(const RemoteFile& file) const {
  const fs::path path = folder_ / file.name;
  if (!stands_at(path)) return std::optional<Fetched>();
  auto hash = check(file, path);
  if (!hash) {
    return error("{}: it is not the published {}; move it away, or fetch to another folder (--to)",
                 hash.error().message, file.name);
  }
  Fetched found;
  found.path = path;
  found.verified = !file.sha256.empty();
  found.bytes = bytes_of(path).value_or(0);
  found.sha256 = std::move(hash).value();
  if (found.verified) return std::optional(found);
  const fs::path list = checksum_list_of(path);
  const std::string line = fmt::format("{}  {}\n", found.sha256, file.name);
  if (!stands_at(list)) {
    QYOLO_CHECK_OK(write_file(list, line));
    return std::optional(found);
  }
  QYOLO_TRY(const std::string noted, read_file(list));
  if (noted != line) {
    return error("{} has changed since it was fetched (see {}): delete both to fetch it again",
                 path.string(), list.string());
  }
  return std::optional(found);
}

Result<std::optional<Fetched>> Fetcher::find_unpacked(const RemoteFile& file) const {
  const fs::path target = folder_ / file.contents->target();
  if (!stands_at(target)) return std::optional<Fetched>();
  const auto found = check_unpacked(*file.contents, folder_,
                                    reporter(Stage::checking, target.filename().string()));
  if (!found) {
    return error("{} is there but not as fetched: {}; move it away to fetch it again",
                 target.string(), found.error().message);
  }
  Fetched result;
  result.path = target;
  result.verified = !file.sha256.empty() || !file.contents->sha256.empty();
  result.files = found->files;
  result.bytes = found->bytes;
  return std::optional(result);
}

Status Fetcher::check_space_for(const std::vector<const RemoteFile*>& files) const {
  std::uint64_t needed = 0;
  for (const RemoteFile* file : files) {
    const fs::path path = folder_ / file->name;
    fs::path partial = path;
    partial += ".partial";
    const std::uint64_t there = bytes_of(path).value_or(bytes_of(partial).value_or(0));
    const std::uint64_t bytes = file->bytes.value_or(0);
    needed += bytes - std::min(bytes, there);
    if (file->contents) needed += file->contents->max_bytes;
  }
  return require_free(needed);
}

Result<Fetched> Fetcher::get(const RemoteFile& file) const {
  if (!file.contents) return download(file);
  // An archive that somebody put there, or that an earlier fetch had no time to unpack.
  QYOLO_TRY(const auto archive, find_file(file));
  if (archive) return unpack_from(file, *archive);
  QYOLO_TRY(const Fetched downloaded, download(file));
  QYOLO_TRY(Fetched unpacked, unpack_from(file, downloaded));
  std::error_code ignored;
  fs::remove(downloaded.path, ignored);
  fs::remove(checksum_list_of(downloaded.path), ignored);
  return unpacked;
}

Result<Fetched> Fetcher::unpack_from(const RemoteFile& file, Fetched archive) const {
  QYOLO_CHECK_OK(require_free(file.contents->max_bytes));
  const fs::path target = folder_ / file.contents->target();
  QYOLO_TRY(const Unpacked unpacked,
            unpack(archive.path, *file.contents, folder_,
                   reporter(Stage::unpacking, target.filename().string())));
  if (archive.source.empty()) archive.source = archive.path.string();
  archive.path = target;
  archive.files = unpacked.files;
  archive.bytes = unpacked.bytes;
  return archive;
}

Result<Fetched> Fetcher::download(const RemoteFile& file) const {
  Fetched result;
  result.path = folder_ / file.name;
  result.source = source_.of(file);
  QYOLO_TRY(PartialFile partial, PartialFile::open(result.path));
  const auto resumed_at = transfer(file, result.source, partial);
  if (!resumed_at) {
    if (partial.bytes() == 0) partial.discard();
    return resumed_at.error();
  }
  result.resumed_at = *resumed_at;
  fs::path arrived = result.path;
  arrived += ".partial";
  auto hash = check(file, arrived);
  if (!hash) {
    partial.discard();
    return error("what {} sent was deleted: {}", result.source, hash.error().message);
  }
  result.sha256 = std::move(hash).value();
  result.bytes = partial.bytes();
  result.verified = !file.sha256.empty();
  if (!result.verified) {
    QYOLO_CHECK_OK(write_file(checksum_list_of(result.path),
                              fmt::format("{}  {}\n", result.sha256, file.name)));
  }
  QYOLO_CHECK_OK(partial.complete());
  return result;
}

Result<std::uint64_t> Fetcher::transfer(const RemoteFile& file, const std::string& source,
                                        PartialFile& partial) const {
  using End = TransferOutcome::End;
  // Killed between the last byte and the check.
  if (file.bytes && partial.bytes() == *file.bytes && !file.sha256.empty()) {
    return partial.bytes();
  }
  Receiver receiver(
      partial, {file.bytes, !file.sha256.empty()},
      [this](std::optional<std::uint64_t> bytes) { return require_free(bytes.value_or(0)); },
      reporter(Stage::downloading, file.name));
  auto pause = options_.first_pause;
  for (int attempt = 1;; ++attempt) {
    const TransferOutcome outcome = source_.kind == Source::Kind::folder
                                        ? transfer_copy(source, receiver)
                                        : transfer_http(source, {}, receiver);
    if (outcome.end == End::complete) return receiver.resumed_at();
    if (receiver.is_useless() && outcome.end == End::refused) partial.discard();
    if (outcome.end == End::refused) return Error{outcome.problem};
    if (outcome.end == End::unreachable) return unreachable(outcome.problem);
    if (attempt >= options_.attempts) {
      return unreachable(fmt::format("{} ({} attempts; the next fetch goes on from here)",
                                     outcome.problem, attempt));
    }
    note(fmt::format("{}; attempt {} of {} follows", outcome.problem, attempt + 1,
                     options_.attempts));
    std::this_thread::sleep_for(pause);
    pause *= 2;
  }
}

}  // namespace

Result<std::vector<Fetched>> fetch(const RegistryItem& item, const FetchOptions& options) {
  return Fetcher(item, options).run();
}

std::string by_hand(const RegistryItem& item, const fs::path& to) {
  std::string text = "To do it by hand, on a machine with a network get\n";
  std::error_code code;
  const fs::path folder = folder_of(item, fs::absolute(to, code));
  for (const RemoteFile& file : item.files) {
    text +=
        fmt::format("  {}\n    size:    {}\n    SHA-256: {}\n    put at:  {}\n", file.url,
                    file.bytes ? grouped(*file.bytes) + " bytes" : "not known",
                    file.sha256.empty() ? "not known" : file.sha256, (folder / file.name).string());
  }
  text += fmt::format("and run `{}` again, which checks {}{}.", fetch_command(item, to),
                      item.files.size() == 1 ? "it" : "them",
                      std::any_of(item.files.begin(), item.files.end(),
                                  [](const RemoteFile& file) { return file.contents.has_value(); })
                          ? " and unpacks what is needed"
                          : "");
  return text;
}

}  // namespace qyolo::datasets
