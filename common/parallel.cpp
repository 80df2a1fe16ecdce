#include "common/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace qyolo {

int default_threads() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return std::max(1, CPU_COUNT(&allowed));
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

void parallel_for(std::size_t count, int threads, const std::function<void(std::size_t)>& body,
                  std::size_t grain) {
  grain = std::max<std::size_t>(grain, 1);
  const std::size_t wanted = static_cast<std::size_t>(threads > 0 ? threads : default_threads());
  const std::size_t workers = std::min(wanted, (count + grain - 1) / grain);
  if (workers <= 1) {
    for (std::size_t i = 0; i < count; ++i) body(i);
    return;
  }
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto work = [&] {
    for (;;) {
      const std::size_t begin = next.fetch_add(grain);
      if (begin >= count) return;
      try {
        for (std::size_t i = begin; i < std::min(begin + grain, count); ++i) body(i);
      } catch (...) {
        const std::lock_guard lock(failure_mutex);
        if (!failure) failure = std::current_exception();
        next.store(count);
        return;
      }
    }
  };
  {
    std::vector<std::jthread> pool;
    pool.reserve(workers - 1);
    try {
      for (std::size_t i = 1; i < workers; ++i) pool.emplace_back(work);
    } catch (const std::system_error&) {
      // The system grants no more: those that run do the work.
    }
    work();
  }
  if (failure) std::rethrow_exception(failure);
}

Status parallel_try(std::size_t count, int threads,
                    const std::function<Status(std::size_t)>& body) {
  std::vector<Status> results(count);
  parallel_for(count, threads, [&](std::size_t i) { results[i] = body(i); });
  for (Status& result : results)
    if (!result.ok()) return std::move(result);
  return {};
}

}  // namespace qyolo
