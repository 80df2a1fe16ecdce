#include "results/poc_summary.h"

#include "results/record.h"

namespace qyolo::results {

constexpr std::string_view kPoc = "poc";

template <class Fields>
void describe(Fields& fields, Of<Fields, PocNetwork>& network) {
  fields("name", network.name);
  fields("details", network.details);
  fields("bytes", network.bytes);
  fields.if_any("AP", network.ap);
  fields.if_any("delta_AP", network.delta_ap);
  fields.if_any("confirmed_on", network.confirmed_on);
  fields.if_any("confirmed_delta_AP", network.confirmed_delta_ap);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, PocSummary>& summary) {
  fields("outcome", summary.outcome);
  fields("verdict", summary.verdict);
  fields("tolerance", summary.tolerance);
  fields("margin", summary.margin);
  fields("evaluated", summary.evaluated);
  fields("baseline_AP", summary.baseline_ap);
  fields.if_any("network", summary.network);
  fields.if_any("simplest", summary.simplest);
  fields.if_any("more_images", summary.more_images);
  fields.if_any("devices", summary.devices);
  fields.if_any("judged", summary.judged);
  fields("report", summary.report);
}

OrderedJson poc_json(const PocSummary& summary) { return document_json(kPoc, kSchema, summary); }

Result<PocSummary> read_poc(const Json& document, const std::string& place) {
  return read_document<PocSummary>(kPoc, kSchema, document, place);
}

std::string poc_text(const PocSummary& summary) {
  return fmt::format("{}{}report: {}\n", summary.verdict, judged_text(summary.judged),
                     summary.report);
}

Renderers renderers_of(const PocSummary& summary) {
  return {[&summary] { return poc_text(summary); },
          {},
          [&summary] { return document_text(poc_json(summary)); }};
}

}  // namespace qyolo::results
