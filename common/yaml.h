// YAML files as the JSON documents that they could be.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/json.h"
#include "common/result.h"

namespace qyolo {

// One document. Plain scalars are what YAML 1.2's core schema says (null, true, false, numbers),
// everything else is text; keys are texts. Anchors are followed. Files of more than 4 MB, nested
// deeper than 64 levels or of more than a million values (as aliases can make them) are refused.
Result<Json> parse_yaml(std::string_view text, const std::string& where);
Result<Json> read_yaml(const std::filesystem::path& path);

// By its name: .yaml or .yml in any case.
[[nodiscard]] bool is_yaml(const std::filesystem::path& path);

}  // namespace qyolo
