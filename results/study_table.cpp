#include "results/study_table.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "results/accounting.h"
#include "results/text.h"

namespace qyolo::results {
namespace {

constexpr int kStudyBits = 4;
constexpr std::size_t kSchemesAcross = 3;  // what a page holds

bool is_quantized(const Row& row) {
  return !row.baseline && row.bits > 0 && !row.scheme.empty() && !row.granularity.empty();
}

template <class T>
std::size_t index_in(std::vector<T>& values, const T& value) {
  const auto found = std::find(values.begin(), values.end(), value);
  if (found != values.end()) return static_cast<std::size_t>(found - values.begin());
  values.push_back(value);
  return values.size() - 1;
}

// The cells of one bit width. `lines` name the rows, in the order of the run.
struct Grid {
  std::vector<std::string> schemes, lines;
  std::map<std::pair<std::size_t, std::size_t>, const Row*> cells;  // by line, scheme
  double best_ap = -1;
  std::size_t measured = 0;
};

// "filter", "filter breakpoint=laplace"; with the whole label where it is not made of the names.
std::string line_name(const Row& row) {
  const std::string name = cell_name(row), label = label_of(row);
  if (label.starts_with(name + ' ')) return row.granularity + label.substr(name.size());
  return label == name ? row.granularity : row.granularity + ": " + label;
}

Grid grid_of(const Run& run, int bits) {
  Grid grid;
  for (const Row& row : run.rows) {
    if (!is_quantized(row) || row.bits != bits) continue;
    const std::size_t scheme = index_in(grid.schemes, row.scheme);
    std::string name = line_name(row);
    std::size_t line = index_in(grid.lines, name);
    for (int i = 2; !grid.cells.try_emplace({line, scheme}, &row).second; ++i)
      line = index_in(grid.lines, fmt::format("{} ({})", name, i));
    if (!row.ap) continue;
    ++grid.measured;
    grid.best_ap = std::max(grid.best_ap, *row.ap);
  }
  return grid;
}

std::string difference_of(const Row& row, const Row& baseline) {
  const double difference = *row.ap - *baseline.ap;
  std::vector<std::string> brackets;
  if (row.delta_ap_low && row.delta_ap_high)
    brackets.push_back(
        fmt::format("{} to {}", points(*row.delta_ap_low, 1), points(*row.delta_ap_high, 1)));
  if (*baseline.ap > 0) brackets.push_back(points(difference / *baseline.ap, 1) + " %");
  std::string text = points(difference);
  if (!brackets.empty()) text += fmt::format(" ({})", fmt::join(brackets, "; "));
  return text;
}

std::string ratios_of(const Row& row) {
  const auto ratio = [](const std::optional<double>& value) {
    return value ? fmt::format("{:.3f}×", *value) : std::string(kAbsent);
  };
  if (!row.ratio_fp16_paper && !row.ratio_fp16_true) return std::string(kAbsent);
  return ratio(row.ratio_fp16_paper) + " / " + ratio(row.ratio_fp16_true);
}

void add_scheme(const Grid& grid, std::size_t scheme, const Row* baseline, ReadingTable& table) {
  const std::string& name = grid.schemes[scheme];
  TextColumn ap{name + ", AP", true, {}}, loss{name + ", ΔAP", true, {}};
  TextColumn ratios{name + ", paper / true", true, {}};
  for (std::size_t line = 0; line < grid.lines.size(); ++line) {
    const std::string absent(kAbsent);
    TextCell ap_cell{absent}, loss_cell{absent}, ratio_cell{absent};
    const auto found = grid.cells.find({line, scheme});
    if (found != grid.cells.end()) {
      const Row& row = *found->second;
      if (row.ap) {
        ap_cell = {fixed(*row.ap * 100, 2), grid.measured > 1 && *row.ap == grid.best_ap};
        if (baseline != nullptr) loss_cell = {difference_of(row, *baseline)};
      } else if (row.status != "ok") {
        ap_cell = {row.status};
      }
      ratio_cell = {ratios_of(row)};
    }
    ap.cells.push_back(std::move(ap_cell));
    loss.cells.push_back(std::move(loss_cell));
    ratios.cells.push_back(std::move(ratio_cell));
  }
  table.columns.push_back(std::move(ap));
  if (baseline != nullptr) table.columns.push_back(std::move(loss));
  table.columns.push_back(std::move(ratios));
}

std::vector<std::string> notes_of(const Run& run, const Row* baseline) {
  std::string note = "AP in percent, the best of the bit width in bold";
  if (baseline != nullptr) {
    const auto certain = std::ranges::find_if(
        run.rows, [](const Row& row) { return row.delta_ap_low && row.confidence; });
    note +=
        fmt::format("; ΔAP: points of difference to {} ({}), in brackets {}in percent of it",
                    label_of(*baseline), fixed(*baseline->ap * 100, 2),
                    certain == run.rows.end()
                        ? ""
                        : fmt::format("its {} interval, and ", percent_text(*certain->confidence)));
  }
  std::vector<std::string> notes = {
      note +
      "; paper / true: how many times smaller than FP16, in the paper's accounting / in truth."};
  for (std::string& line : accounting_notes(run)) notes.push_back(std::move(line));
  return notes;
}

void add_tables(const Grid& grid, int bits, const Row* baseline, std::vector<StudyTable>& out) {
  const std::size_t count = (grid.schemes.size() + kSchemesAcross - 1) / kSchemesAcross;
  const std::size_t across = (grid.schemes.size() + count - 1) / count;
  for (std::size_t first = 0; first < grid.schemes.size(); first += across) {
    const std::size_t end = std::min(first + across, grid.schemes.size());
    StudyTable study;
    study.heading = fmt::format("Schemes by granularity, {} bit{}", bits, bits == 1 ? "" : "s");
    if (count > 1) {
      const std::vector<std::string> names(
          grid.schemes.begin() + static_cast<std::ptrdiff_t>(first),
          grid.schemes.begin() + static_cast<std::ptrdiff_t>(end));
      study.heading += fmt::format(": {}", fmt::join(names, ", "));
    }
    TextColumn lines{"Granularity", false, {}};
    for (const std::string& line : grid.lines) lines.cells.push_back({line});
    study.table.columns.push_back(std::move(lines));
    for (std::size_t i = first; i < end; ++i) add_scheme(grid, i, baseline, study.table);
    out.push_back(std::move(study));
  }
}

}  // namespace

std::vector<StudyTable> study_tables(const Run& run) {
  std::vector<int> widths;
  for (const Row& row : run.rows) {
    if (is_quantized(row) && (row.ap || row.ratio_fp16_true)) index_in(widths, row.bits);
  }
  std::stable_partition(widths.begin(), widths.end(), [](int bits) { return bits == kStudyBits; });
  const Row* baseline = run.baseline();
  std::vector<StudyTable> tables;
  for (const int bits : widths) add_tables(grid_of(run, bits), bits, baseline, tables);
  if (!tables.empty()) tables.front().table.notes = notes_of(run, baseline);
  return tables;
}

}  // namespace qyolo::results
