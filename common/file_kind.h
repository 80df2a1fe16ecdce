// What a file is by its first bytes, for the message about one that is not what was expected: a
// download page, an archive, a pointer in place of the file.
#pragma once

#include <optional>
#include <string_view>

namespace qyolo {

struct FileKind {
  std::string_view name;    // "a ZIP archive"
  std::string_view advice;  // "unpack it"; may be empty
};

// Nothing where the bytes are of no kind known here (JSON among others). Looks at the first few
// hundred bytes only.
[[nodiscard]] std::optional<FileKind> kind_of_file(std::string_view content);

}  // namespace qyolo
