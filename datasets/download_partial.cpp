#include "datasets/download_partial.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <system_error>
#include <utility>

#include "common/file.h"
#include "common/json.h"

namespace qyolo::datasets {
namespace fs = std::filesystem;

namespace {

fs::path with_suffix(fs::path path, const char* suffix) {
  path += suffix;
  return path;
}

fs::path partial_of(const fs::path& target) { return with_suffix(target, ".partial"); }
fs::path note_of(const fs::path& target) { return with_suffix(target, ".partial.json"); }

Result<SourceVersion> read_note(const fs::path& path) {
  QYOLO_TRY(const Json document, read_json(path));
  QYOLO_TRY(const JsonObject note, JsonObject::from(document, path.string()));
  SourceVersion version;
  QYOLO_TRY(version.url, note.string("url"));
  QYOLO_TRY(version.validator, note.string("validator"));
  if (note.has("bytes")) {
    QYOLO_TRY(const std::int64_t bytes,
              note.integer("bytes", 0, std::numeric_limits<std::int64_t>::max()));
    version.bytes = static_cast<std::uint64_t>(bytes);
  }
  return version;
}

Status write_note(const fs::path& path, const SourceVersion& version) {
  Json note = {{"url", version.url}, {"validator", version.validator}};
  if (version.bytes) note["bytes"] = *version.bytes;
  return write_file(path, note.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace

Result<PartialFile> PartialFile::open(const fs::path& target) {
  const fs::path path = partial_of(target);
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor < 0) return error("{} cannot be written: {}", path.string(), std::strerror(errno));
  PartialFile partial(target, descriptor);
  struct stat info {};
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    return error("{} is in the way: it is not a regular file", path.string());
  }
  auto version = read_note(note_of(target));
  if (info.st_size == 0 || !version) return partial;
  if (::lseek(descriptor, 0, SEEK_END) != info.st_size) {
    return error("{} cannot be written: {}", path.string(), std::strerror(errno));
  }
  partial.bytes_ = static_cast<std::uint64_t>(info.st_size);
  partial.version_ = std::move(version).value();
  return partial;
}

PartialFile::PartialFile(PartialFile&& other) noexcept
    : target_(std::move(other.target_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      bytes_(other.bytes_),
      version_(std::move(other.version_)) {}

PartialFile::~PartialFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Status PartialFile::restart(const SourceVersion& version) {
  // In this order: bytes must never stand beside the note of another version.
  if (::ftruncate(descriptor_, 0) != 0 || ::lseek(descriptor_, 0, SEEK_SET) != 0) {
    return error("{} cannot be written: {}", partial_of(target_).string(), std::strerror(errno));
  }
  bytes_ = 0;
  version_ = version;
  return write_note(note_of(target_), version);
}

Status PartialFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      return error("{} cannot be written after {} bytes: {}", partial_of(target_).string(), bytes_,
                   std::strerror(errno));
    }
    bytes_ += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status PartialFile::complete() {
  std::error_code code;
  fs::rename(partial_of(target_), target_, code);
  if (code) return error("{} cannot be written: {}", target_.string(), code.message());
  fs::remove(note_of(target_), code);
  return {};
}

void PartialFile::discard() {
  std::error_code ignored;
  fs::remove(partial_of(target_), ignored);
  fs::remove(note_of(target_), ignored);
}

}  // namespace qyolo::datasets
