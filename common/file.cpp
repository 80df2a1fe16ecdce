#include "common/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

namespace qyolo {
namespace fs = std::filesystem;

Result<std::string> read_file(const fs::path& path) {
  std::error_code code;
  if (fs::is_directory(path, code)) return error("{} is a folder, expected a file", path.string());
  std::ifstream in(path, std::ios::binary);
  if (!in) return error("{} cannot be opened: {}", path.string(), std::strerror(errno));
  std::string content{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (in.bad()) return error("{} cannot be read", path.string());
  return content;
}

Status write_file(const fs::path& path, std::string_view content) {
  fs::path partial = path;
  partial += ".tmp";
  {
    std::ofstream out(partial, std::ios::binary | std::ios::trunc);
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
    out.flush();
    if (!out) return error("{} cannot be written: {}", path.string(), std::strerror(errno));
  }
  std::error_code code;
  fs::rename(partial, path, code);
  if (code) return error("{} cannot be written: {}", path.string(), code.message());
  return {};
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
  // O_NONBLOCK: opening a pipe must fail below, not wait for a writer.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return error("{} cannot be opened: {}", path.string(), std::strerror(errno));
  struct stat info {};
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(descriptor);
    return error("{} is not a regular file", path.string());
  }
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
