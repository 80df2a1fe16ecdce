// A file's bytes; for coco_json*.cpp only.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/file.h"
#include "common/result.h"

namespace qyolo::datasets {

// A file's content: mapped, or, where that is not possible (pipes), read.
class Content {
 public:
  static Result<Content> open(const std::filesystem::path& path) {
    Content content;
    if (auto mapped = MappedFile::open(path); mapped.ok()) {
      content.mapped_ = std::move(mapped).value();
    } else {
      QYOLO_TRY(content.read_, read_file(path));
    }
    return content;
  }

  [[nodiscard]] std::string_view text() const {
    if (!mapped_) return read_;
    const auto bytes = mapped_->bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  // Gives the memory of what is before `at` back; it is read from the file again if it is needed
  // again. Not thread-safe.
  void release_before(const char* at) {
    if (!mapped_ || !mapped_->mapped()) return;
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const auto size = static_cast<std::size_t>(at - text().data()) / page * page;
    if (size < released_ + kReleasedAtOnce) return;
    char* begin = const_cast<char*>(text().data());
    madvise(begin + released_, size - released_, MADV_DONTNEED);
    released_ = size;
  }

  // How many bytes after the text can be read, too: the rest of a mapping's last page.
  [[nodiscard]] std::size_t readable_after() const {
    if (!mapped_) return 0;
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return (page - text().size() % page) % page;
  }

 private:
  static constexpr std::size_t kReleasedAtOnce = std::size_t{1} << 20;

  std::optional<MappedFile> mapped_;
  std::string read_;
  std::size_t released_ = 0;  // bytes of the mapping
};

}  // namespace qyolo::datasets
