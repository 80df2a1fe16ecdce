#include "common/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <system_error>
#include <utility>

#include "common/limits.h"
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

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(descriptor_); }
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// Reads `size` bytes; less where the file ends before; -1 with errno where it cannot be read.
ssize_t read_at_most(int descriptor, std::byte* out, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::read(descriptor, out + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(done);
}

}  // namespace

Result<std::string> read_file(const fs::path& path) {
  constexpr std::size_t kMostBytes = std::size_t{1} << 31;
  constexpr std::size_t kBlock = std::size_t{1} << 16;
  std::error_code code;
  if (fs::is_directory(path, code)) return error("{} is a folder, expected a file", path.string());
  struct stat info {};
  QYOLO_TRY(const int opened, open_regular(path, info));
  const Descriptor descriptor(opened);
  std::string content;
  content.reserve(std::min(static_cast<std::size_t>(info.st_size), kMostBytes) + kBlock);
  for (std::size_t read = 0; content.size() <= kMostBytes; read = content.size()) {
    content.resize(read + kBlock);
    const ssize_t got =
        read_at_most(descriptor.get(), reinterpret_cast<std::byte*>(content.data()) + read, kBlock);
    if (got < 0) return error("{} cannot be read: {}", path.string(), std::strerror(errno));
    content.resize(read + static_cast<std::size_t>(got));
    if (content.size() < read + kBlock) break;
  }
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

namespace {

// Files up to that size are read: nobody can take them away under way.
constexpr std::size_t kLargestRead = std::size_t{4} << 20;

// The maps of this process, for a signal handler: nothing in here is allocated or locked when it
// runs. A map that finds no place is not named.
struct Mapped {
  std::atomic<const std::byte*> begin{nullptr};
  std::size_t size = 0;
  std::array<char, 200> name{};
};
constexpr std::size_t kMostNamed = 64;
std::array<Mapped, kMostNamed> mapped_files;
std::mutex mapped_files_mutex;

void note_mapped(const std::byte* begin, std::size_t size, const std::string& name) {
  const std::lock_guard lock(mapped_files_mutex);
  for (Mapped& place : mapped_files) {
    if (place.begin.load() != nullptr) continue;
    place.size = size;
    place.name = {};
    name.copy(place.name.data(), place.name.size() - 1);
    place.begin.store(begin);
    return;
  }
}

void forget_mapped(const std::byte* begin) {
  const std::lock_guard lock(mapped_files_mutex);
  for (Mapped& place : mapped_files)
    if (place.begin.load() == begin) place.begin.store(nullptr);
}

void on_bus_error(int signal, siginfo_t* info, void* /*context*/) {
  constexpr int kBadInput = 2;
  const auto* at = static_cast<const std::byte*>(info->si_addr);
  for (const Mapped& place : mapped_files) {
    const std::byte* begin = place.begin.load();
    constexpr std::size_t kPage = 65536;  // the last page is mapped as a whole
    if (begin == nullptr || at < begin || at >= begin + place.size + kPage) continue;
    write_all(STDERR_FILENO, "qyolo: ");
    write_all(STDERR_FILENO, {place.name.data(), std::strlen(place.name.data())});
    write_all(STDERR_FILENO, " was cut while it was read\n");
    ::_exit(kBadInput);
  }
  ::signal(signal, SIG_DFL);  // not ours: what it would have done
}

Result<std::byte*> map(const fs::path& path, std::size_t size, int descriptor) {
  const int kind = descriptor < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_PRIVATE;
  const int access = descriptor < 0 ? PROT_READ | PROT_WRITE : PROT_READ;
  void* data = ::mmap(nullptr, size, access, kind, descriptor, 0);
  if (data == MAP_FAILED)
    return error("{} cannot be mapped: {}", path.string(), std::strerror(errno));
  return static_cast<std::byte*>(data);
}

}  // namespace

void end_where_mapped_files_are_cut() {
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGBUS, &action, nullptr);
}

Result<MappedFile> MappedFile::open(const fs::path& path) {
  struct stat info {};
  QYOLO_TRY(const int opened, open_regular(path, info));
  const Descriptor descriptor(opened);
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size == 0) return MappedFile(nullptr, 0, false);
  if (info.st_size > most_file_bytes()) {
    return error("{} has {} bytes, expected at most {} ({} raises that)", path.string(), size,
                 most_file_bytes(), kFileGigabytes.variable);
  }
  if (size > kLargestRead) {
    QYOLO_TRY(std::byte* const data, map(path, size, descriptor.get()));
    note_mapped(data, size, path.string());
    return MappedFile(data, size, true);
  }
  QYOLO_TRY(std::byte* const data, map(path, size, -1));
  MappedFile file(data, size, false);
  const ssize_t got = read_at_most(descriptor.get(), data, size);
  if (got < 0) return error("{} cannot be read: {}", path.string(), std::strerror(errno));
  if (static_cast<std::size_t>(got) < size)
    return error("{} was cut while it was read", path.string());
  ::mprotect(data, size, PROT_READ);
  return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, false)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(mapped_, other.mapped_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ == nullptr) return;
  if (mapped_) forget_mapped(data_);
  ::munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace qyolo
