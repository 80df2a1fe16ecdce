// How many threads OpenMP really grants.
#pragma once

namespace qyolo::engine {

// Makes the parallel regions that this thread starts use `wanted` threads, or as many as the
// environment lets OpenMP grant (OMP_THREAD_LIMIT, OMP_MAX_ACTIVE_LEVELS, a caller that is in a
// parallel region itself), and returns that number. oneDNN divides its work by the number that was
// asked for and leaves out the parts of threads that it did not get: it must never ask for more.
// REQUIRES: wanted >= 1.
int grant_threads(int wanted);

}  // namespace qyolo::engine
