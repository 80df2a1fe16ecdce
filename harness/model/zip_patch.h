// A zip archive with other bytes in some entries and everything else as it was: order, alignment,
// headers and whatever else the writer of the original left in it.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "harness/model/zip_archive.h"

namespace qyolo::model {

using ZipReplacements = std::map<std::string, std::vector<std::byte>, std::less<>>;

// The longest comment that a zip archive can have.
inline constexpr std::size_t kLongestComment = 0xFFFF;

// The content of `archive` with another comment behind its directory: `file` is that content, or
// what patched_archive() made of it. REQUIRES: at most kLongestComment bytes.
[[nodiscard]] std::string with_comment(const ZipArchive& archive, std::string file,
                                       std::string_view comment);

// The whole file. Only the bytes of the named entries change, and their checksums wherever the file
// states them. Fails for an entry that is absent, for content of another size, and where the file
// contradicts itself about a checksum.
Result<std::string> patched_archive(const ZipArchive& archive, const ZipReplacements& replacements);

}  // namespace qyolo::model
