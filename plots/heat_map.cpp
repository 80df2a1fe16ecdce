#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "plots/chart_parts.h"
#include "plots/charts.h"
#include "plots/colour_scale.h"
#include "results/label.h"
#include "results/text.h"

namespace qyolo::plots {
namespace {

using results::Row;
using results::Run;

constexpr std::size_t kMostLines = 120;
// Colours of losses go up to so many tolerances.
constexpr double kMostTolerances = 64;

// One line of cells.
struct Line {
  std::string name;
  std::map<int, const Row*> cells;  // by bits
};

struct Section {
  std::string granularity;
  std::vector<Line> lines;
};

void remove_words(std::string& text, const std::string& words) {
  const std::size_t at = words.empty() ? std::string::npos : text.find(' ' + words);
  if (at != std::string::npos) text.erase(at, words.size() + 1);
}

std::string two_decimals(double points) {
  std::string text = fmt::format("{:.2f}", points);
  return text == "-0.00" ? "0.00" : text;
}

class HeatMap {
 public:
  HeatMap(const Run& run, const Look& look)
      : run_(run), look_(look), texts_(texts_of(look.language)), baseline_(run.baseline()) {
    find_tolerance();
    for (const Row& row : run.rows) {
      if (row.baseline || row.bits == 0) continue;
      bits_.insert(row.bits);
      if (!cells_at_.try_emplace({row.scheme, row.granularity, row.bits}, 0).second)
        several_.insert({row.scheme, row.granularity});
    }
    for (const Row& row : run.rows) {
      if (row.baseline || row.bits == 0) continue;
      if (!place(row)) continue;
      if (!has_loss(row)) {
        absent_ = true;
        continue;
      }
      ++shown_;
    }
    for (const Section& section : sections_) {
      for (const Line& line : section.lines) gaps_ = gaps_ || line.cells.size() < bits_.size();
    }
  }

  [[nodiscard]] std::string draw() const {
    if (shown_ == 0) return empty_chart(kId, texts_.heat_title, run_, look_);
    const std::string subtitle =
        say(texts_.heat_subtitle, setting_text(run_, texts_), baseline_entry(*baseline_).text);
    const double head = heading_bottom(look_, texts_.heat_title, subtitle);
    const double top = head + (look_.narrow() ? 126 : 100);
    Svg svg(look_.width, 0, kId, texts_.heat_title, description(), look_.language);
    draw_heading(svg, look_, texts_.heat_title, subtitle);
    draw_colour_bar(svg, head + 22);
    draw_columns(svg, top - 10);
    double y = top;
    for (const Section& section : sections_) y = draw_section(svg, section, y);
    y += 26;
    const std::string note = joined(
        {std::string(texts_.heat_note), tolerance_note(), left_out_note(run_, shown_, texts_)},
        texts_);
    draw_note(svg, look_, y, note);
    svg.resize(y + note_height(look_, note));
    return svg.str();
  }

 private:
  static constexpr std::string_view kId = "heat-map";
  static constexpr double kCellHeight = 27;
  static constexpr double kSectionGap = 14;
  static constexpr double kHeadingHeight = 22;  // of a section, where it stands above its lines
  static constexpr double kGap = 2;             // between cells
  static constexpr double kReadableCell = 62;   // as wide as names leave it, if they can
  static constexpr double kReadableNarrow = 34;
  static constexpr double kTextSize = 12;

  // What the run's verdicts are about; a point where it has none.
  void find_tolerance() {
    for (const Row& row : run_.rows) {
      if (!row.tolerance || *row.tolerance <= 0) continue;
      tolerance_ = *row.tolerance * 100;
      margin_ = std::clamp(row.margin.value_or(0) * 100, 0.0, tolerance_);
      return;
    }
  }
  // Points that may be lost. A margin that leaves nothing would leave no scale.
  [[nodiscard]] double allowed() const {
    const double left = tolerance_ - margin_;
    return left > 0 ? left : tolerance_;
  }
  [[nodiscard]] std::string tolerance_note() const {
    const std::string number = fmt::format("{:.4g}", allowed());
    if (margin_ <= 0) return say(texts_.heat_note_tolerance, number);
    return say(texts_.heat_note_margin, number, fmt::format("{:.4g}", tolerance_),
               fmt::format("{:.4g}", margin_));
  }

  [[nodiscard]] bool has_loss(const Row& row) const { return baseline_ != nullptr && row.ap; }
  [[nodiscard]] double loss(const Row& row) const { return (*baseline_->ap - *row.ap) * 100; }

  // The scheme, with what else the label says where the scheme has several cells of the same bits.
  [[nodiscard]] std::string line_name(const Row& row) const {
    if (several_.count({row.scheme, row.granularity}) == 0 &&
        results::label_of(row) == results::cell_name(row))
      return shown_name(row.scheme, texts_);
    std::string name = results::label_of(row);
    remove_words(name, fmt::format("{}-bit", row.bits));
    remove_words(name, row.granularity);
    return name;
  }

  // Whether there is room for its line.
  bool place(const Row& row) {
    auto section = std::find_if(sections_.begin(), sections_.end(),
                                [&](const Section& s) { return s.granularity == row.granularity; });
    const std::string name = line_name(row);
    if (section != sections_.end()) {
      for (Line& line : section->lines) {
        if (line.name == name && line.cells.try_emplace(row.bits, &row).second) return true;
      }
    }
    if (lines_ == kMostLines) return false;
    ++lines_;
    if (section == sections_.end()) {
      sections_.push_back({row.granularity, {}});
      section = sections_.end() - 1;
    }
    section->lines.push_back({name, {{row.bits, &row}}});
    return true;
  }

  // Width of the two columns of names.
  [[nodiscard]] double granularity_width() const {
    if (look_.narrow()) return 0;
    double width = 40;
    for (const Section& section : sections_)
      width = std::max(width, text_width(shown_name(section.granularity, texts_), kTextSize, true));
    return std::min(width, 130.0) + 14;
  }
  [[nodiscard]] double name_width() const {
    double width = text_width(texts_.bits_axis, 12.5);
    for (const Section& section : sections_) {
      for (const Line& line : section.lines)
        width = std::max(width, text_width(line.name, kTextSize));
    }
    const double readable = look_.narrow() ? kReadableNarrow : kReadableCell;
    const double room =
        look_.inner() - granularity_width() - readable * static_cast<double>(bits_.size());
    const double least = look_.narrow() ? 90 : 180, most = look_.narrow() ? 200 : 420;
    return std::min(width, std::clamp(room, least, most)) + 12;
  }
  [[nodiscard]] double cells_left() const {
    return look_.margin() + granularity_width() + name_width();
  }
  [[nodiscard]] double cell_width() const {
    return std::min((look_.right() - cells_left()) / static_cast<double>(bits_.size()), 150.0);
  }
  [[nodiscard]] Box cell_box(std::size_t column, double top) const {
    const double left = cells_left() + static_cast<double>(column) * cell_width();
    return {left, top, left + cell_width() - kGap, top + kCellHeight - kGap};
  }

  // Blue where at most what is allowed is lost, the darker the less; red beyond, darker with every
  // doubling: one colour means the same in every run of the same tolerance.
  [[nodiscard]] std::string colour(double points) const {
    const double allowed_points = allowed();
    if (points <= allowed_points)
      return gain_colour((allowed_points - points) / (2 * allowed_points));
    return loss_colour(std::log2(points / allowed_points) / std::log2(kMostTolerances) * 0.88 +
                       0.12);
  }

  void draw_columns(Svg& svg, double y) const {
    svg.open("axis");
    svg.text({cells_left() - 10, y},
             fit_text(texts_.bits_axis, cells_left() - 10 - look_.margin(), 12.5),
             {12.5, kInk, Anchor::kEnd});
    double free_from = 0;
    std::size_t column = 0;
    for (const int bits : bits_) {
      const Point at = {cell_box(column++, 0).centre().x, y};
      const TextStyle style{kTextSize, kMuted, Anchor::kMiddle};
      const Box box = text_box(at, std::to_string(bits), style);
      if (box.left < free_from) continue;
      svg.text(at, std::to_string(bits), style);
      free_from = box.right + 4;
    }
    svg.close();
  }

  double draw_section(Svg& svg, const Section& section, double y) const {
    svg.open("section");
    svg.line({look_.margin(), y - 1}, {cell_box(bits_.size() - 1, 0).right, y - 1}, {kGrid, 1});
    y += kSectionGap / 2;
    const std::string granularity = shown_name(section.granularity, texts_);
    const double room = look_.narrow() ? look_.inner() : granularity_width() - 10;
    svg.text({look_.margin(), y + 17}, fit_text(granularity, room, kTextSize, true),
             {kTextSize, kInk, Anchor::kStart, true});
    if (look_.narrow()) y += kHeadingHeight;
    for (const Line& line : section.lines) {
      svg.text({look_.margin() + granularity_width(), y + 17},
               fit_text(line.name, name_width() - 8, kTextSize), {kTextSize, kInk});
      std::size_t column = 0;
      for (const int bits : bits_) {
        const auto found = line.cells.find(bits);
        draw_cell(svg, cell_box(column++, y), found == line.cells.end() ? nullptr : found->second);
      }
      y += kCellHeight;
    }
    svg.close();
    return y + kSectionGap / 2;
  }

  void draw_cell(Svg& svg, const Box& box, const Row* row) const {
    if (row == nullptr) {
      draw_missing(svg, box);
    } else if (!has_loss(*row)) {
      const std::string status =
          row->status == "ok" ? std::string(texts_.no_ap) : status_text(row->status, texts_);
      svg.rectangle(box, kPending, fmt::format("{}: {}", results::label_of(*row), status));
      draw_text(svg, box, {status}, kMuted);
    } else {
      const std::string fill = colour(loss(*row)), text = two_decimals(loss(*row));
      svg.rectangle(box, fill,
                    say(texts_.heat_tooltip, results::label_of(*row),
                        fmt::format("{:.2f}", *row->ap * 100), text));
      draw_text(svg, box, {text, results::fixed(loss(*row), 1)}, ink_on(fill));
    }
  }

  static void draw_missing(Svg& svg, const Box& box) { draw_hatch(svg, box, {kGrid, 1}, 7); }

  // The first spelling that has room.
  static void draw_text(Svg& svg, const Box& box, const std::vector<std::string>& spellings,
                        std::string_view colour) {
    for (const std::string& text : spellings) {
      for (const double size : {kTextSize, 10.0}) {
        if (text_width(text, size) > box.width() - 4) continue;
        svg.text({box.centre().x, box.centre().y + size * 0.35}, text,
                 {size, colour, Anchor::kMiddle});
        return;
      }
    }
  }

  // From a gain as large as what is allowed over 0 to that, and on by doublings.
  void draw_colour_bar(Svg& svg, double y) const {
    svg.open("legend");
    constexpr double kBarHeight = 14;
    constexpr int kStrips = 120;
    const double left = look_.margin(), width = std::min(420.0, look_.inner());
    const double allowed_points = allowed(), doublings = std::log2(kMostTolerances);
    // Two units for what is allowed, one for every doubling.
    const auto points_at = [&](double unit) {
      return unit <= 2 ? allowed_points * (unit - 1) : allowed_points * std::exp2(unit - 2);
    };
    const double units = 2 + doublings;
    const auto x_of = [&](double unit) { return left + width * unit / units; };
    for (int i = 0; i < kStrips; ++i) {  // each up to the end, so that no seam shows
      const double from = units * i / kStrips;
      svg.rectangle({x_of(from), y, left + width, y + kBarHeight},
                    colour(points_at(from + units * 0.5 / kStrips)));
    }
    double free_from = 0;
    for (int unit = 0; unit <= static_cast<int>(units); ++unit) {
      const TextStyle style{11, kMuted, Anchor::kMiddle, unit == 2};
      std::string text = fmt::format("{:.4g}", points_at(unit));
      if (unit == static_cast<int>(units)) text = "≥ " + text;
      const double half = text_width(text, 11, style.bold) / 2;
      const Point at = {std::clamp(x_of(unit), left + half, left + width - half),
                        y + kBarHeight + 16};
      const Box box = text_box(at, text, style);
      if (box.left < free_from) continue;
      svg.line({x_of(unit), y + kBarHeight}, {x_of(unit), y + kBarHeight + 4}, {kAxis, 1});
      svg.text(at, text, style);
      free_from = box.right + 6;
    }
    double x = left + width + 18, line = y + 11;
    if (look_.narrow()) {
      x = left;
      line = y + kBarHeight + 38;
    }
    const auto write = [&](const std::string& text) {
      svg.text({x, line}, text, {kTextSize, kInk});
      x += text_width(text, kTextSize) + 20;
    };
    write(std::string(texts_.heat_scale));
    const auto key = [&](std::string_view text, bool pending) {
      if (x + 30 + text_width(text, kTextSize) > look_.right()) return;
      const Box box = {x, line - 12, x + 24, line + 4};
      if (pending) svg.rectangle(box, kPending);
      if (!pending) draw_missing(svg, box);
      x += 30;
      write(std::string(text));
    };
    if (gaps_) key(texts_.not_in_run, false);
    if (absent_) key(texts_.no_ap, true);
    svg.close();
  }

  [[nodiscard]] std::string description() const {
    const Row *best = nullptr, *worst = nullptr;
    for (const Section& section : sections_) {
      for (const Line& line : section.lines) {
        for (const auto& [bits, row] : line.cells) {
          if (!has_loss(*row)) continue;
          if (best == nullptr || loss(*row) < loss(*best)) best = row;
          if (worst == nullptr || loss(*row) > loss(*worst)) worst = row;
        }
      }
    }
    return say(texts_.heat_description, baseline_entry(*baseline_).text, shown_,
               setting_text(run_, texts_), results::label_of(*best), two_decimals(loss(*best)),
               results::label_of(*worst), two_decimals(loss(*worst))) +
           std::string(texts_.sentence_space) + tolerance_note();
  }

  const Run& run_;
  Look look_;
  const ChartTexts& texts_;
  const Row* baseline_;
  std::set<int> bits_;
  std::map<std::tuple<std::string, std::string, int>, int> cells_at_;
  std::set<std::pair<std::string, std::string>> several_;  // schemes with cells of equal bits
  std::vector<Section> sections_;
  std::size_t lines_ = 0, shown_ = 0;
  double tolerance_ = 1, margin_ = 0;  // points
  bool absent_ = false, gaps_ = false;
};

}  // namespace

std::string heat_map(const Run& run, const Look& look) { return HeatMap(run, look).draw(); }

}  // namespace qyolo::plots
