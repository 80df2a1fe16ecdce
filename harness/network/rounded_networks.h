// Networks that calibrated rounding has made, which takes seconds each, for who asks for one again:
// rounds of a latency pass, a search that confirms on other images what it chose, or writes it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "harness/artifact/quantized_network.h"
#include "harness/cell/cell.h"

namespace qyolo::harness {

// Of one checkpoint and one calibration set. Not for use from several threads at once.
class RoundedNetworks {
 public:
  // `most_bytes`: of what is held; the last one added stays whatever it takes.
  explicit RoundedNetworks(std::int64_t most_bytes = std::int64_t{1} << 29)
      : most_bytes_(most_bytes) {}

  [[nodiscard]] std::shared_ptr<const QuantizedNetwork> find(const Cell& cell) const;
  void add(const Cell& cell, std::shared_ptr<const QuantizedNetwork> network);

 private:
  struct Entry {
    std::string cell;
    std::int64_t bytes = 0;
    std::shared_ptr<const QuantizedNetwork> network;
  };
  std::int64_t most_bytes_;
  std::int64_t bytes_ = 0;
  std::deque<Entry> entries_;  // the oldest one first
};

}  // namespace qyolo::harness
