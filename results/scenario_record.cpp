#include "results/scenario_record.h"

#include <fmt/format.h>

#include "results/fields.h"
#include "results/reading_table.h"
#include "results/record.h"
#include "results/render.h"
#include "results/text.h"

namespace qyolo::results {

constexpr std::string_view kScenarios = "scenarios";

template <class Fields>
void describe(Fields& fields, Of<Fields, QueryLatencyRecord>& latency) {
  fields("p50", latency.p50);
  fields("p90", latency.p90);
  fields("p99", latency.p99);
  fields("max", latency.max);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, ServerTrialRecord>& trial) {
  fields("rate", trial.rate);
  fields("queries", trial.queries);
  fields("p99_ms", trial.p99_ms);
  fields("held", trial.held);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, ServerRecord>& server) {
  fields("latency_bound_ms", server.latency_bound_ms);
  fields("rate_given", server.rate_given);
  fields("rate", server.rate);
  fields("trials", server.trials);
  fields("confirmed", server.confirmed);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, ScenarioRow>& row) {
  fields("scenario", row.scenario);
  fields("precision", row.precision);
  fields("packed", row.packed);
  fields("threads", row.threads);
  fields("batch", row.batch);
  fields("queries", row.queries);
  fields("images", row.images);
  fields("seconds", row.seconds);
  fields("images_per_second", row.images_per_second);
  fields("latency_ms", row.latency_ms);
  fields("server", row.server);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, ScenarioRecord>& record) {
  fields("started", record.started);
  fields("device", record.device);
  fields.object("model", [&](auto& inner) {
    inner("path", record.model);
    inner("sha256", record.model_sha256);
  });
  fields("height", record.height);
  fields("width", record.width);
  fields("host", record.host);
  fields("versions", record.versions);
  fields("rows", record.rows);
  fields("left_out", record.left_out);
}

namespace {

std::string server_note(const ScenarioRow& row) {
  const ServerRecord& server = *row.server;
  const std::string name = row.packed ? row.precision + " packed" : row.precision;
  if (!server.rate) {
    return fmt::format("{}, server: no rate holds {:g} ms: {}", name, server.latency_bound_ms,
                       server.trials.empty()
                           ? std::string("one image alone takes longer")
                           : fmt::format("at {:.2f} queries/s p99 is {:.1f} ms",
                                         server.trials.back().rate, server.trials.back().p99_ms));
  }
  if (server.rate_given) {
    const ServerTrialRecord& trial = server.trials.back();
    return fmt::format("{}, server: {:.2f} queries/s {} {:g} ms, p99 {:.1f} ms over {} queries",
                       name, trial.rate, trial.held ? "hold" : "do not hold",
                       server.latency_bound_ms, trial.p99_ms, trial.queries);
  }
  std::string text = fmt::format("{}, server: {:.2f} queries/s hold {:g} ms, found in {} trials",
                                 name, *server.rate, server.latency_bound_ms, server.trials.size());
  if (server.confirmed) {
    text += fmt::format("; with other arrivals p99 is {:.1f} ms over {} queries",
                        server.confirmed->p99_ms, server.confirmed->queries);
  }
  return text;
}

}  // namespace

OrderedJson scenarios_json(const ScenarioRecord& record) {
  return document_json(kScenarios, kSchema, record);
}

Result<ScenarioRecord> read_scenarios(const Json& document, const std::string& place) {
  return read_document<ScenarioRecord>(kScenarios, kSchema, document, place);
}

std::string scenarios_markdown(const ScenarioRecord& record) {
  ReadingTable table;
  table.columns = {{"Scenario", false, {}}, {"Precision", false, {}}, {"Batch", true, {}},
                   {"Threads", true, {}},   {"Images/s", true, {}},   {"Queries", true, {}},
                   {"p50, ms", true, {}},   {"p90, ms", true, {}},    {"p99, ms", true, {}}};
  std::vector<std::string> notes;
  for (const ScenarioRow& row : record.rows) {
    std::vector<std::string> cells = {
        row.scenario,
        row.packed ? row.precision + " packed" : row.precision,
        row.scenario == "server" ? fmt::format("up to {}", row.batch) : std::to_string(row.batch),
        std::to_string(row.threads),
        fixed(row.images_per_second, 2),
        std::to_string(row.queries)};
    for (const double QueryLatencyRecord::*member :
         {&QueryLatencyRecord::p50, &QueryLatencyRecord::p90, &QueryLatencyRecord::p99}) {
      cells.push_back(row.latency_ms ? fixed(*row.latency_ms.*member, 1) : std::string(kAbsent));
    }
    add_row(table, std::move(cells));
    if (row.server) notes.push_back(server_note(row));
  }
  for (const std::string& text : record.left_out) notes.push_back("Left out: " + text);
  return fmt::format("# Scenarios on {}, {} x {}\n\n{}\n{}", markdown_text(record.device),
                     record.width, record.height, markdown_table(table), markdown_list(notes));
}

Renderers renderers_of(const ScenarioRecord& record) {
  return {[&record] { return scenarios_markdown(record); },
          {},
          [&record] { return document_text(scenarios_json(record)); }};
}

}  // namespace qyolo::results
