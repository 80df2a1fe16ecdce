// Loops over independent items on several threads.
#pragma once

#include <cstddef>
#include <functional>

#include "common/result.h"

namespace qyolo {

// Number of threads to use where the caller says 0: what the host offers to this process.
[[nodiscard]] int default_threads();

// Calls body(i) for every i in [0, count), on up to `threads` threads (0: default_threads()), each
// taking the next `grain` items when it is free. Which thread gets which item is not fixed, so
// body(i) must write only to what belongs to i; results are then the same at any thread count. An
// exception from body is rethrown here after all threads have stopped.
void parallel_for(std::size_t count, int threads, const std::function<void(std::size_t)>& body,
                  std::size_t grain = 1);

// The same for a body that can fail: every i is tried, and the failure of the first one is
// returned.
Status parallel_try(std::size_t count, int threads, const std::function<Status(std::size_t)>& body);

}  // namespace qyolo
