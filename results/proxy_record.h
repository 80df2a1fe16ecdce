// How far some quantized networks are from the original on calibration images, kept by a search so
// that it need not be measured again. docs/records.md describes every key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"

namespace qyolo::results {

// Sums over images; what is not finite has no value.
struct ProxyValues {
  std::optional<double> weight_noise;  // squared weight error over squared weights
  std::optional<double> head_noise, objectness, classes, boxes;
  std::int64_t images = 0, levels = 0;

  bool operator==(const ProxyValues&) const = default;
};

struct ProxyRecord {
  std::string asked;  // a hash of what was measured: another one asks for new numbers
  std::vector<ProxyValues> networks;

  bool operator==(const ProxyRecord&) const = default;
};

// With a SHA-256 of it all.
[[nodiscard]] OrderedJson proxy_json(const ProxyRecord& record);
// Fails, too, where the SHA-256 is that of something else.
Result<ProxyRecord> read_proxies(const Json& document, const std::string& place);

}  // namespace qyolo::results
