// The documents that single commands leave (`sensitivity --out`, `recommend --json`, `-o json` of
// others), told apart by their "kind": read again, to be shown in another format.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.h"
#include "results/renderers.h"

namespace qyolo::results {

struct Document {
  std::shared_ptr<const void> record;  // what the renderers refer to
  Renderers renderers;
};

// `place` names the file in messages. Fails on kinds that are none, naming those that there are,
// and as the kind's own reader does.
Result<Document> parse_document(std::string_view text, std::string_view place);
Result<Document> read_document_file(const std::filesystem::path& file);

}  // namespace qyolo::results
