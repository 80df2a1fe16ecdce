// Which cells are worth having.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "results/record.h"

namespace qyolo::results {

// Indices of the rows that no other row beats: none is both at most as large (true bytes) and at
// least as accurate (AP), and better in one of them. Ascending in bytes; rows without AP or bytes
// are left out. Equal rows are all members.
[[nodiscard]] std::vector<std::size_t> pareto_front(std::span<const Row> rows);

}  // namespace qyolo::results
