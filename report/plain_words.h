// A network's recipe as one would tell it: "Weights in 6 bits, the first four layers and the head
// in 8 bits".
#pragma once

#include <string>
#include <vector>

#include "report/poc_report.h"
#include "report/texts.h"

namespace qyolo::report {

// Plain text, one sentence with its full stop; empty where the layers are not known. Bits that most
// layers share come first, then the first layers, the head, and what else is another way; where
// that would be a long list, how many layers have how many bits.
[[nodiscard]] std::string in_plain_words(const Candidate& candidate, const Texts& texts);

}  // namespace qyolo::report
