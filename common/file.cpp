#include "common/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

#include "common/outputs.h"

namespace qyolo {
namespace fs = std::filesystem;

namespace {

// Of a regular file, and of nothing else: a pipe or a terminal would be waited for, a device may
// never end. O_NONBLOCK: opening a pipe must fail, not wait for a writer.
Result<int> open_regular(const fs::path& path, struct stat& info) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return error("{} cannot be opened: {}", path.string(), std::strerror(errno));
  if (::fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode)) return descriptor;
  ::close(descriptor);
  return error("{} is not a regular file", path.string());
}

}  // namespace

Result<std::string> read_file(const fs::path& path) {
  constexpr std::size_t kMostBytes = std::size_t{1} << 31;
  constexpr std::size_t kBlock = std::size_t{1} << 16;
  std::error_code code;
  if (fs::is_directory(path, code)) return error("{} is a folder, expected a file", path.string());
  struct stat info {};
  QYOLO_TRY(const int descriptor, open_regular(path, info));
  std::string content;
  content.reserve(std::min(static_cast<std::size_t>(info.st_size), kMostBytes) + kBlock);
  ssize_t got = 1;
  int failure = 0;
  while (got != 0 && failure == 0 && content.size() <= kMostBytes) {
    const std::size_t old = content.size();
    content.resize(old + kBlock);
    got = ::read(descriptor, content.data() + old, kBlock);
    if (got < 0 && errno != EINTR) failure = errno;
    content.resize(old + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  }
  ::close(descriptor);
  if (failure != 0) return error("{} cannot be read: {}", path.string(), std::strerror(failure));
  if (content.size() > kMostBytes)
    return error("{} has more than {} bytes", path.string(), kMostBytes);
  return content;
}

bool write_all(int descriptor, std::string_view content) noexcept {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

namespace {

Error cannot_write(const fs::path& path, int failure) {
  return error("{} cannot be written: {}", path.string(), std::strerror(failure));
}

// What is no regular file (a device, a pipe, the file behind a descriptor) stays what it is.
Status write_into(const fs::path& path, std::string_view content) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) return cannot_write(path, errno);
  const bool ok = write_all(descriptor, content);
  const int failure = errno;
  ::close(descriptor);
  return ok ? Status() : cannot_write(path, failure);
}

// The file that `path` leads to through links, which may be still to be made.
fs::path behind_links(fs::path path) {
  constexpr int kMostLinks = 40;
  std::error_code code;
  for (int i = 0; i < kMostLinks && fs::is_symlink(path, code); ++i) {
    const fs::path target = fs::read_symlink(path, code);
    if (code) break;
    path = target.is_absolute() ? target : path.parent_path() / target;
  }
  return path;
}

bool is_below_folder_of_descriptors(const fs::path& path) {
  const std::string name = fs::absolute(path).lexically_normal().string();
  return name.starts_with("/dev/") || name.starts_with("/proc/");
}

// A new file beside `path`, with a name that no file had.
int create_beside(const fs::path& path, fs::path& made) {
  const fs::path folder = path.parent_path().empty() ? "." : path.parent_path();
  std::string name = (folder / fmt::format(".{}.XXXXXX", path.filename().string())).string();
  constexpr std::size_t kLongestName = 255;
  if (path.filename().string().size() + 8 > kLongestName)
    name = (folder / ".qyolo.XXXXXX").string();
  const int descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  made = name;
  return descriptor;
}

// As the old file, or as any new one.
mode_t mode_for(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return info.st_mode & 07777;
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}

}  // namespace

Status write_file(const fs::path& path, std::string_view content) {
  std::error_code code;
  if (fs::is_directory(path, code))
    return error("{} cannot be written: it is a folder", path.string());
  const fs::file_status status = fs::status(path, code);
  const bool special = fs::exists(status) && !fs::is_regular_file(status);
  if (special || is_below_folder_of_descriptors(path)) return write_into(path, content);
  QYOLO_CHECK_OK(check_not_input(path));
  const fs::path target = behind_links(path);
  fs::path partial;
  const int descriptor = create_beside(target, partial);
  if (descriptor < 0) return cannot_write(path, errno);
  // On the disk before it takes the place of what was there; file systems that cannot are let be.
  bool ok = write_all(descriptor, content) && ::fchmod(descriptor, mode_for(target)) == 0 &&
            (::fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS);
  int failure = errno;
  if (::close(descriptor) != 0 && ok) {
    ok = false;
    failure = errno;
  }
  if (ok && ::rename(partial.c_str(), target.c_str()) != 0) {
    ok = false;
    failure = errno;
  }
  if (ok) return {};
  ::unlink(partial.c_str());
  return cannot_write(path, failure);
}

Status create_folder(const fs::path& path) {
  std::error_code code;
  fs::create_directories(path, code);
  if (code || !fs::is_directory(path, code)) {
    return error("the folder {} cannot be created: {}", path.string(),
                 code ? code.message() : "something else has that name");
  }
  return {};
}

Result<fs::path> path_inside(const fs::path& folder, std::string_view name) {
  const fs::path relative(name);
  if (name.empty() || name.find('\0') != std::string_view::npos || relative.is_absolute()) {
    return error("the file name '{}' is not a relative path below {}", name, folder.string());
  }
  for (const fs::path& part : relative) {
    if (part == "..")
      return error("the file name '{}' leads out of the folder {}", name, folder.string());
  }
  return folder / relative;
}

Result<MappedFile> MappedFile::open(const fs::path& path) {
  struct stat info {};
  QYOLO_TRY(const int descriptor, open_regular(path, info));
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size == 0) {
    ::close(descriptor);
    return MappedFile(nullptr, 0);
  }
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  const int failure = errno;
  ::close(descriptor);
  if (data == MAP_FAILED)
    return error("{} cannot be mapped: {}", path.string(), std::strerror(failure));
  return MappedFile(static_cast<const std::byte*>(data), size);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace qyolo
