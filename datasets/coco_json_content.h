// A file's bytes; for coco_json*.cpp only.
#pragma once

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

  // How many bytes after the text can be read, too: the rest of a mapping's last page.
  [[nodiscard]] std::size_t readable_after() const {
    if (!mapped_) return 0;
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return (page - text().size() % page) % page;
  }

 private:
  std::optional<MappedFile> mapped_;
  std::string read_;
};

}  // namespace qyolo::datasets
