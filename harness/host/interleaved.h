// The timing loop of everything that is timed: cases take turns, so that what the host does
// meanwhile (warming up, other processes) hits all of them alike.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "common/result.h"

namespace qyolo::harness {

struct Interleaving {
  int rounds = 0;  // timed forwards of each case
  int warmup = 0;  // untimed ones before each of them
};

struct TimedCases {
  std::size_t count = 0;
  std::function<Status(std::size_t)> prepare;       // before each turn of a case; may be empty
  std::function<Result<double>(std::size_t)> time;  // one forward, milliseconds
};

// Forwards timed so far and in all.
using TimingProgress = std::function<void(std::size_t done, std::size_t total)>;

// Milliseconds, by case and round. Every round visits every case once and begins with another one,
// so that no case always follows the same one. Fails with the first that cannot be timed.
Result<std::vector<std::vector<double>>> time_interleaved(const TimedCases& cases,
                                                          const Interleaving& options,
                                                          const TimingProgress& progress = {});

}  // namespace qyolo::harness
