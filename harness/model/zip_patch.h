// A zip archive with other bytes in some entries and everything else as it was: order, alignment,
// headers and whatever else the writer of the original left in it.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/model/zip_archive.h"

namespace qyolo::model {

using ZipReplacements = std::map<std::string, std::vector<std::byte>, std::less<>>;

// The whole file. Only the bytes of the named entries change, and their checksums wherever the file
// states them. Fails for an entry that is absent, for content of another size, and where the file
// contradicts itself about a checksum.
Result<std::string> patched_archive(const ZipArchive& archive, const ZipReplacements& replacements);

}  // namespace qyolo::model
