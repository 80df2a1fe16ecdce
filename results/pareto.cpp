#include "results/pareto.h"

#include <algorithm>

namespace qyolo::results {

std::vector<std::size_t> pareto_front(std::span<const Row> rows) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].ap && rows[i].true_bytes) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (*rows[a].true_bytes != *rows[b].true_bytes)
      return *rows[a].true_bytes < *rows[b].true_bytes;
    return *rows[a].ap > *rows[b].ap;
  });
  std::vector<std::size_t> front;
  for (const std::size_t i : order) {
    if (!front.empty()) {
      const Row& best = rows[front.back()];
      const bool equal = *rows[i].ap == *best.ap && *rows[i].true_bytes == *best.true_bytes;
      if (*rows[i].ap <= *best.ap && !equal) continue;
    }
    front.push_back(i);
  }
  return front;
}

}  // namespace qyolo::results
