// What other runtimes make of the exported network.
#include "report/html_kit.h"
#include "results/text.h"

namespace qyolo::report {

std::string judged_section(const PocReport& report, const Texts& texts) {
  if (report.judged.empty()) return {};
  Table table("cards", std::string(texts.judged));
  table.column(texts.column_runtime);
  table.column(texts.column_ap_there, true);
  table.column(texts.column_ap_here, true);
  table.column(texts.column_integers, true);
  table.column(texts.column_median_there, true);
  table.column(texts.column_median_here);
  for (const results::JudgedRecord& one : report.judged) {
    const auto median = one.median();
    table.row({text_cell(name_html(one.runtime), "lead"), number_cell(ap_percent(one.ap), one.ap),
               number_cell(ap_percent(one.qyolo_ap), one.qyolo_ap),
               number_cell(fmt::format("{} / {}", one.integer_convolutions, one.convolutions),
                           static_cast<double>(one.integer_convolutions)),
               number_cell(median ? results::fixed(*median, 1) : std::string(texts.absent), median),
               text_cell(escaped(one.own_medians()))});
  }
  return paragraph(escaped(texts.judged_note), "note") + table.html();
}

}  // namespace qyolo::report
