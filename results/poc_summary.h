// The document of `poc -o json`: the verdict, and the network that it is about. docs/records.md
// describes every key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "results/interval_record.h"
#include "results/judged_record.h"
#include "results/renderers.h"

namespace qyolo::results {

struct PocNetwork {
  std::string name, details;
  double bytes = 0;
  std::optional<double> ap;
  std::optional<IntervalRecord> delta_ap;
  // Images that took no part in its choice, and the difference on them.
  std::optional<std::int64_t> confirmed_on;
  std::optional<IntervalRecord> confirmed_delta_ap;
};

struct PocSummary {
  std::string outcome;               // "recommended", "undecided", "none", "baseline_unusable"
  std::string verdict;               // in the report's language
  double tolerance = 0, margin = 0;  // fractions of AP
  std::int64_t evaluated = 0;        // networks, the baseline among them
  double baseline_ap = -1;
  std::optional<PocNetwork> network;
  // Of those with one recipe for all layers, where another one is recommended.
  std::optional<PocNetwork> simplest;
  std::optional<std::int64_t> more_images;
  OrderedJson devices;               // devices_json(); null: none
  std::vector<JudgedRecord> judged;  // the network, in other runtimes; may be empty
  std::string report;                // its file
};

[[nodiscard]] OrderedJson poc_json(const PocSummary& summary);
Result<PocSummary> read_poc(const Json& document, const std::string& place);
[[nodiscard]] std::string poc_text(const PocSummary& summary);
[[nodiscard]] Renderers renderers_of(const PocSummary& summary);

}  // namespace qyolo::results
