// The document of `bench --scenario`: what one network answers to queries of a kind.
// docs/records.md describes every key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "results/host_record.h"
#include "results/renderers.h"

namespace qyolo::results {

// Of queries, from their arrival to their answer, milliseconds.
struct QueryLatencyRecord {
  double p50 = 0, p90 = 0, p99 = 0, max = 0;
};

// Queries that arrive at a rate.
struct ServerTrialRecord {
  double rate = 0;  // queries/s
  std::int64_t queries = 0;
  double p99_ms = 0;
  bool held = false;  // p99 within the bound
};

struct ServerRecord {
  double latency_bound_ms = 0;
  bool rate_given = false;     // one rate was to be checked, none to be found
  std::optional<double> rate;  // the highest found that holds the bound, or the given one
  std::vector<ServerTrialRecord> trials;       // in order
  std::optional<ServerTrialRecord> confirmed;  // at `rate`, with other arrivals
};

struct ScenarioRow {
  std::string scenario;   // "single-stream", "multi-stream", "offline", "server"
  std::string precision;  // "fp32"
  bool packed = false;
  int threads = 0;
  int batch = 1;  // images of a query; server: of a forward, at most
  std::int64_t queries = 0, images = 0;
  double seconds = 0;
  double images_per_second = 0;
  std::optional<QueryLatencyRecord> latency_ms;  // but of offline
  std::optional<ServerRecord> server;
};

struct ScenarioRecord {
  std::string started;  // UTC
  std::string device;
  std::string model, model_sha256;
  int height = 0, width = 0;
  OrderedJson host, versions;
  std::vector<ScenarioRow> rows;
  std::vector<std::string> left_out;
};

[[nodiscard]] OrderedJson scenarios_json(const ScenarioRecord& record);
Result<ScenarioRecord> read_scenarios(const Json& document, const std::string& place);
[[nodiscard]] std::string scenarios_markdown(const ScenarioRecord& record);
[[nodiscard]] Renderers renderers_of(const ScenarioRecord& record);

}  // namespace qyolo::results
