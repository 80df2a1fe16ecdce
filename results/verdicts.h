// How sure the differences from the baseline are, in words.
#pragma once

#include <string>
#include <vector>

#include "results/record.h"

namespace qyolo::results {

// All empty where no record has an uncertainty.
struct Verdicts {
  // What the cells say together, a sentence each:
  //   Certain (at least 95 %) to stay within 1 point, 2 of 18 cells: affine 8-bit layer, ....
  //   Smallest within 1 point: pwlq 6-bit filter, 2.14 MB.       by true bytes
  //   Undecided, more images would tell, 1 of 18 cells: pwlq 5-bit layer.
  //   Certain to lose more than 1 point: 15 of 18 cells.
  std::vector<std::string> answers;
  std::string explanation;         // what an interval is, in one sentence
  std::vector<std::string> cells;  // "affine 4-bit filter: loses 19.8 points (18.6 to 20.5), ..."
};

[[nodiscard]] Verdicts verdicts_of(const Run& run);

}  // namespace qyolo::results
