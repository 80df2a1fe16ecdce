// How long things take, by the clock that never goes back.
#pragma once

#include <chrono>

namespace qyolo {

using Clock = std::chrono::steady_clock;

[[nodiscard]] inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace qyolo
