#include "results/race_record.h"

#include "results/record.h"
#include "results/render.h"
#include "results/text.h"

namespace qyolo::results {

constexpr std::string_view kRace = "race";

template <class Fields>
void describe(Fields& fields, Of<Fields, RaceCellRecord>& cell) {
  fields("label", cell.label);
  fields.if_any("name", cell.name);  // as people read it, where that is not the label
  fields("bytes", cell.bytes);
  fields("images", cell.images);
  fields("AP", cell.ap);
  fields("delta_AP", cell.delta_ap);
  fields("outcome", cell.outcome);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, RaceRecord>& record) {
  fields("baseline_AP", record.baseline_ap);
  fields("tolerance", record.tolerance);
  fields("winner", record.winner);
  fields("images_run", record.images_run);
  fields("images_full", record.images_full);
  fields("spent_share", record.spent_share);
  fields("cells", record.cells);
}

OrderedJson race_json(const RaceRecord& record) { return document_json(kRace, kSchema, record); }

Result<RaceRecord> read_race(const Json& document, const std::string& place) {
  return read_document<RaceRecord>(kRace, kSchema, document, place);
}

std::string race_text(const RaceRecord& record) {
  ReadingTable table;
  table.columns = {{"Cell", false, {}},
                   {"Size, MB", true, {}},
                   {"Images", true, {}},
                   {"AP", true, {}},
                   {"Outcome", false, {}}};
  for (const RaceCellRecord& cell : record.cells) {
    add_row(table,
            {cell.name.value_or(cell.label), fixed(static_cast<double>(cell.bytes) / 1e6, 3),
             std::to_string(cell.images), cell.ap ? fixed(100 * *cell.ap, 2) : std::string(kAbsent),
             cell.outcome},
            record.winner == cell.label);
  }
  std::string text = markdown_table(table) + "\n";
  text += record.winner ? fmt::format(
                              "Smallest that is certain to stay within {:g} point{} of AP "
                              "{}: {}.\n",
                              record.tolerance, record.tolerance == 1 ? "" : "s",
                              fixed(100 * record.baseline_ap, 2), markdown_text(*record.winner))
                        : std::string("No cell is certain to stay within the tolerance.\n");
  text += "Certain: by the two-sided 95 % interval. Cells are stopped early by the 99.9 % one.\n";
  text += fmt::format("Image evaluations: {} of the {} that evaluating every cell takes ({} %).\n",
                      record.images_run, record.images_full, fixed(100 * record.spent_share, 1));
  return text;
}

std::string race_csv(const RaceRecord& record) {
  std::string text = "label,bytes,images,AP,delta_AP,delta_AP_low,delta_AP_high,outcome\n";
  for (const RaceCellRecord& cell : record.cells) {
    text += fmt::format("{},{},{},{},", csv_field(cell.label), cell.bytes, cell.images,
                        cell.ap ? fmt::format("{}", *cell.ap) : std::string());
    text += cell.delta_ap ? fmt::format("{},{},{}", cell.delta_ap->value, cell.delta_ap->low,
                                        cell.delta_ap->high)
                          : std::string(",,");
    text += fmt::format(",{}\n", csv_field(cell.outcome));
  }
  return text;
}

Renderers renderers_of(const RaceRecord& record) {
  return {[&record] { return race_text(record); }, [&record] { return race_csv(record); },
          [&record] { return document_text(race_json(record)); }};
}

}  // namespace qyolo::results
