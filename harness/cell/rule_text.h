// Rules as people write them: JSON objects and one-line texts (see cell.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "harness/quant/rules.h"

namespace qyolo::harness {

// A value as typed on a command line: "4" -> 4, "true" -> true, "affine" -> "affine".
[[nodiscard]] Json value_from_text(const std::string& text);

// "1x1 -> filter" -> {"kernel": "1x1", "granularity": "filter"}. A text that begins with a brace is
// the JSON object itself, for patterns that hold commas or arrows.
Result<Json> rule_from_text(std::string_view text, const std::string& place);

// A rule from an object or a text; what it does not set is taken from `general`.
Result<quant::Rule> read_rule(const Json& rule, const std::string& place,
                              const quant::Recipe& general);

// The inverse of read_rule(): conditions, and what differs from `general`.
[[nodiscard]] OrderedJson rule_json(const quant::Rule& rule, const quant::Recipe& general);
// The inverse of rule_from_text(): "index=0-3, type=Conv -> scheme=pwlq, bits=8".
[[nodiscard]] std::string rule_text(const quant::Rule& rule, const quant::Recipe& general);
// "scheme=pwlq, bits=8", "keep"; empty where nothing differs from `general`.
[[nodiscard]] std::string action_text(const quant::Rule& rule, const quant::Recipe& general);
// Whether it sets the granularity, or nothing, and leaves all else as it is.
[[nodiscard]] bool only_granularity(const quant::Rule& rule, const quant::Recipe& general);

}  // namespace qyolo::harness
