// Reading and writing whole files, with errors as sentences.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "common/result.h"

namespace qyolo {

// The whole file. Fails for missing and unreadable ones, no regular files, and more than 2 GiB.
Result<std::string> read_file(const std::filesystem::path& path);

// Writes beside `path`, under a name that no file has, and renames, so that a reader sees the old
// or the new content, never half of it. A link stays a link to the new content, an old file's
// permissions stay; a device or a pipe is written to and stays what it is. Fails where the file is
// an input (outputs.h). The one function that writes outputs.
Status write_file(const std::filesystem::path& path, std::string_view content);

// All of it into what is open there; false, with errno, where that fails.
bool write_all(int descriptor, std::string_view content) noexcept;

// Creates the folder and its parents; fails with a sentence where something else is in the way.
Status create_folder(const std::filesystem::path& path);

// `name` below `folder`. Fails if `name` is empty, absolute, or leaves the folder by "..", so that
// a data file can never make the program touch something outside its own folder.
Result<std::filesystem::path> path_inside(const std::filesystem::path& folder,
                                          std::string_view name);

// A file's content: read into memory, or, of large files, mapped. What is mapped is gone when
// somebody cuts the file; see end_where_mapped_files_are_cut(). Views into it are valid while the
// object lives; it can be moved.
class MappedFile {
 public:
  static Result<MappedFile> open(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }
  // Whether memory that is given up is read from the file again.
  [[nodiscard]] bool mapped() const { return mapped_; }

 private:
  MappedFile(const std::byte* data, std::size_t size, bool mapped)
      : data_(data), size_(size), mapped_(mapped) {}
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  bool mapped_ = false;
};

// For programs: from now on, where somebody cuts a file that is mapped, reading it ends the process
// with one sentence that names the file, and exit code 2, instead of SIGBUS.
void end_where_mapped_files_are_cut();

}  // namespace qyolo
