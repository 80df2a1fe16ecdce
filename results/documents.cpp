#include "results/documents.h"

#include <fmt/ranges.h>

#include <array>
#include <utility>

#include "common/file.h"
#include "results/device.h"
#include "results/diagnosis_record.h"
#include "results/diff_record.h"
#include "results/fields.h"
#include "results/inspection_record.h"
#include "results/poc_summary.h"
#include "results/race_record.h"
#include "results/recommendation_record.h"
#include "results/scenario_record.h"
#include "results/score_record.h"
#include "results/sensitivity_record.h"
#include "results/text.h"

namespace qyolo::results {
namespace {

Renderers score_renderers(const ScoreRecord& record) { return renderers_of(record, true); }

template <auto Read, auto RenderersOf>
Result<Document> read_kind(const Json& json, const std::string& place) {
  QYOLO_TRY(auto record, Read(json, place));
  const auto shared = std::make_shared<const decltype(record)>(std::move(record));
  return Document{shared, RenderersOf(*shared)};
}

// A function of the overloads of that name that takes `Record`.
template <class Record>
Renderers its_renderers(const Record& record) {
  return renderers_of(record);
}

using ReadKind = Result<Document> (*)(const Json&, const std::string&);

constexpr std::array<std::pair<std::string_view, ReadKind>, 10> kKinds = {
    {{"sensitivity", &read_kind<&read_sensitivity, &its_renderers<SensitivityRecord>>},
     {"recommendation", &read_kind<&read_recommendation, &its_renderers<RecommendationRecord>>},
     {"race", &read_kind<&read_race, &its_renderers<RaceRecord>>},
     {"diff", &read_kind<&read_diff, &its_renderers<DiffRecord>>},
     {"score", &read_kind<&read_score, &score_renderers>},
     {"diagnosis", &read_kind<&read_diagnosis, &its_renderers<DiagnosisRecord>>},
     {"inspection", &read_kind<&read_inspection, &its_renderers<Inspection>>},
     {"histogram", &read_kind<&read_histogram, &its_renderers<WeightHistogram>>},
     {"scenarios", &read_kind<&read_scenarios, &its_renderers<ScenarioRecord>>},
     {"poc", &read_kind<&read_poc, &its_renderers<PocSummary>>}}};

}  // namespace

Result<Document> parse_document(std::string_view text, std::string_view place) {
  QYOLO_TRY(const Json json, parse_json(text, place));
  const std::string kind = json_text(json, kKindKey);
  std::vector<std::string_view> known;
  for (const auto& [name, read] : kKinds) {
    if (kind == name) return read(json, std::string(place));
    known.push_back(name);
  }
  if (kind == "device") {
    QYOLO_TRY(Device device, parse_device(text, place));
    const auto shared = std::make_shared<const Device>(std::move(device));
    return Document{shared, renderers_of(*shared)};
  }
  return error("{} is no document of a kind that can be shown: {}, device; it says '{}'", place,
               fmt::join(known, ", "), kind);
}

Result<Document> read_document_file(const std::filesystem::path& file) {
  QYOLO_TRY(const std::string text, read_file(file));
  return parse_document(text, file.string());
}

}  // namespace qyolo::results
