// What several networks took beside each other, in one interleaved measurement on one host: kept
// with a proof of concept, so that every report of it shows the same numbers. docs/records.md
// describes every key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"

namespace qyolo::results {

struct TimedNetworkRecord {
  std::string network;    // what people read, "FP32", "pwlq 4-bit filter"
  std::string precision;  // of the arithmetic, "fp32", "bf16", "int8"
  bool simulated = false;
  std::vector<double> milliseconds;  // one per timed forward
  std::optional<double> ap;          // of the same weights in this arithmetic, if it was evaluated
};

struct TimingRecord {
  std::string asked;  // a hash of what was timed, and where: another one asks for new numbers
  std::string host;   // CPU
  std::int64_t batch = 1, height = 0, width = 0, threads = 0;
  std::vector<TimedNetworkRecord> networks;
  std::string warning;  // why the times are not to be trusted; may be empty
};

[[nodiscard]] OrderedJson timing_json(const TimingRecord& record);
Result<TimingRecord> read_timing(const Json& document, const std::string& place);

}  // namespace qyolo::results
