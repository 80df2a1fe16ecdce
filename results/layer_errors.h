// The weight error of each layer of a cell, as its accuracy record holds it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "results/record.h"

namespace qyolo::results {

struct LayerSqnr {
  std::string name;
  std::optional<double> sqnr_db;  // none: the weights are exact
  double weights = 0, groups = 0;
  // [n, c, kh, kw]; records of earlier versions have none.
  std::optional<std::array<std::int64_t, 4>> shape;

  [[nodiscard]] bool pointwise() const { return shape && (*shape)[2] == 1 && (*shape)[3] == 1; }
};

// In network order, from the newest accuracy record of the row; empty where that is not "ok" or has
// no layers. Malformed entries, and a name's second one, are left out.
[[nodiscard]] std::vector<LayerSqnr> layer_errors(const Run& run, const Row& row);

}  // namespace qyolo::results
