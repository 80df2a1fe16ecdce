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
#include "results/reading_table.h"

namespace qyolo::plots {
namespace {

using results::Row;
using results::Run;

constexpr std::size_t kMostLines = 120;
constexpr std::string_view kPending = "#eef0f2";

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
  explicit HeatMap(const Run& run) : run_(run), baseline_(run.baseline()) {
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
      most_ = std::max(most_, std::abs(loss(row)));
      rises_ = rises_ || loss(row) < 0;
    }
    for (const Section& section : sections_) {
      for (const Line& line : section.lines) gaps_ = gaps_ || line.cells.size() < bits_.size();
    }
  }

  [[nodiscard]] std::string draw() const {
    if (shown_ == 0) return empty_chart(kId, kTitle, run_);
    const double height = bottom() + 50;
    Svg svg(kWidth, height, kId, kTitle, description());
    draw_heading(
        svg, {kMargin, kMargin - 6}, kWidth - 2 * kMargin, kTitle,
        fmt::format("{}, against {}", results::setting_of(run_), baseline_entry(*baseline_).text));
    draw_colour_bar(svg);
    draw_columns(svg);
    double y = kTop;
    for (const Section& section : sections_) y = draw_section(svg, section, y);
    std::string note = left_out_note(run_, shown_);
    if (!note.empty()) note += '.';
    svg.text({kMargin, height - 14},
             fit_text("AP loss: AP of the baseline minus AP of the cell, in percentage points; "
                      "negative where AP rises. " +
                          note,
                      kWidth - 2 * kMargin, 11),
             {11, kMuted});
    return svg.str();
  }

 private:
  static constexpr std::string_view kId = "heat-map";
  static constexpr std::string_view kTitle = "AP loss by scheme, bits and granularity";
  static constexpr double kTop = 166;
  static constexpr double kCellHeight = 27;
  static constexpr double kSectionGap = 14;
  static constexpr double kGap = 2;            // between cells
  static constexpr double kReadableCell = 62;  // as wide as names leave it, if they can
  static constexpr double kTextSize = 12;

  [[nodiscard]] bool has_loss(const Row& row) const { return baseline_ != nullptr && row.ap; }
  [[nodiscard]] double loss(const Row& row) const { return (*baseline_->ap - *row.ap) * 100; }

  // The scheme, with what else the label says where the scheme has several cells of the same bits.
  [[nodiscard]] std::string line_name(const Row& row) const {
    if (several_.count({row.scheme, row.granularity}) == 0 &&
        results::label_of(row) == results::cell_name(row))
      return shown_name(row.scheme);
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

  [[nodiscard]] double bottom() const {
    return kTop + static_cast<double>(lines_) * kCellHeight +
           static_cast<double>(sections_.size()) * kSectionGap;
  }

  // Width of the two columns of names.
  [[nodiscard]] double granularity_width() const {
    double width = 40;
    for (const Section& section : sections_)
      width = std::max(width, text_width(shown_name(section.granularity), kTextSize, true));
    return std::min(width, 130.0) + 14;
  }
  [[nodiscard]] double name_width() const {
    double width = 40;
    for (const Section& section : sections_) {
      for (const Line& line : section.lines)
        width = std::max(width, text_width(line.name, kTextSize));
    }
    const double room = kWidth - 2 * kMargin - granularity_width() -
                        kReadableCell * static_cast<double>(bits_.size());
    return std::min(width, std::clamp(room, 180.0, 420.0)) + 12;
  }
  [[nodiscard]] double cells_left() const { return kMargin + granularity_width() + name_width(); }
  [[nodiscard]] double cell_width() const {
    return std::min((kWidth - kMargin - cells_left()) / static_cast<double>(bits_.size()), 150.0);
  }
  [[nodiscard]] Box cell_box(std::size_t column, double top) const {
    const double left = cells_left() + static_cast<double>(column) * cell_width();
    return {left, top, left + cell_width() - kGap, top + kCellHeight - kGap};
  }

  [[nodiscard]] double share(double points) const { return std::sqrt(std::abs(points) / most_); }
  [[nodiscard]] std::string colour(double points) const {
    return points < 0 ? gain_colour(share(points)) : loss_colour(share(points));
  }

  void draw_columns(Svg& svg) const {
    svg.open("axis");
    const double y = kTop - 10;
    svg.text({cells_left() - 10, y}, "Bits per code", {12.5, kInk, Anchor::kEnd});
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
    svg.line({kMargin, y - 1}, {cell_box(bits_.size() - 1, 0).right, y - 1}, {kGrid, 1});
    y += kSectionGap / 2;
    svg.text({kMargin, y + 17},
             fit_text(shown_name(section.granularity), granularity_width() - 10, kTextSize, true),
             {kTextSize, kInk, Anchor::kStart, true});
    for (const Line& line : section.lines) {
      svg.text({kMargin + granularity_width(), y + 17},
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
      const std::string status = row->status == "ok" ? "no AP" : row->status;
      svg.rectangle(box, kPending, fmt::format("{}: {}", results::label_of(*row), status));
      draw_text(svg, box, status, kMuted);
    } else {
      const std::string fill = colour(loss(*row)), text = two_decimals(loss(*row));
      svg.rectangle(
          box, fill,
          fmt::format("{}: AP {:.2f}, loss {}", results::label_of(*row), *row->ap * 100, text));
      draw_text(svg, box, text, ink_on(fill));
    }
  }

  static void draw_missing(Svg& svg, const Box& box) { draw_hatch(svg, box, {kGrid, 1}, 7); }

  static void draw_text(Svg& svg, const Box& box, const std::string& text,
                        std::string_view colour) {
    for (const double size : {kTextSize, 10.0}) {
      if (text_width(text, size) > box.width() - 4) continue;
      svg.text({box.centre().x, box.centre().y + size * 0.35}, text,
               {size, colour, Anchor::kMiddle});
      return;
    }
  }

  void draw_colour_bar(Svg& svg) const {
    svg.open("legend");
    constexpr double kBar = 88, kBarHeight = 14, kLeft = kMargin, kLossWidth = 300;
    constexpr int kStrips = 100;
    const double zero = kLeft + (rises_ ? 60 : 0);
    const Scale place(Scale::Kind::kLinear, 0, 1, zero, zero + kLossWidth);
    for (int i = 0; i < kStrips; ++i) {  // each up to the end, so that no seam shows
      const double from = static_cast<double>(i) / kStrips;
      svg.rectangle({place(from), kBar, zero + kLossWidth, kBar + kBarHeight},
                    loss_colour(from + 0.5 / kStrips));
    }
    if (rises_) draw_gains(svg, {kLeft, kBar, zero, kBar + kBarHeight});
    double free_from = 0;
    for (const double points : bar_ticks()) {
      const double x = place(share(points));
      const TextStyle style{11, kMuted, Anchor::kMiddle};
      const std::string text = fmt::format("{:.4g}", points);
      const Point at = {std::max(x, kMargin + text_width(text, 11) / 2), kBar + kBarHeight + 16};
      const Box box = text_box(at, text, style);
      if (box.left < free_from) continue;
      svg.line({x, kBar + kBarHeight}, {x, kBar + kBarHeight + 4}, {kAxis, 1});
      svg.text(at, text, style);
      free_from = box.right + 6;
    }
    double x = zero + kLossWidth + 18;
    const auto say = [&](const std::string& text) {
      svg.text({x, kBar + 11}, text, {kTextSize, kInk});
      x += text_width(text, kTextSize) + 20;
    };
    say("AP loss, points (square-root scale)");
    const auto key = [&](const std::string& text, bool pending) {
      const Box box = {x, kBar - 1, x + 24, kBar + 15};
      if (pending) svg.rectangle(box, kPending);
      if (!pending) draw_missing(svg, box);
      x += 30;
      say(text);
    };
    if (gaps_) key("not in the run", false);
    if (absent_) key("no AP", true);
    svg.close();
  }

  // Dark to light towards zero.
  void draw_gains(Svg& svg, const Box& box) const {
    constexpr int kStrips = 20;
    const double largest = share(largest_rise());
    for (int i = 0; i < kStrips; ++i) {
      const double from = static_cast<double>(i) / kStrips;
      svg.rectangle({box.left + from * box.width(), box.top, box.right, box.bottom},
                    gain_colour(largest * (1 - from - 0.5 / kStrips)));
    }
    const std::string text = two_decimals(-largest_rise());
    svg.line({box.left, box.bottom}, {box.left, box.bottom + 4}, {kAxis, 1});
    svg.text({box.left, box.bottom + 16}, text, {11, kMuted});
  }
  [[nodiscard]] double largest_rise() const {
    double rise = 0;
    for (const Section& section : sections_) {
      for (const Line& line : section.lines) {
        for (const auto& [bits, row] : line.cells)
          if (has_loss(*row)) rise = std::max(rise, -loss(*row));
      }
    }
    return rise;
  }

  // 0, and 1, 2, 5 x 10^n up to the largest loss.
  [[nodiscard]] std::vector<double> bar_ticks() const {
    std::vector<double> ticks = {0};
    for (double power = std::pow(10, std::floor(std::log10(most_)) - 2); power <= most_;
         power *= 10) {
      for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor * power <= most_ * (1 + 1e-9)) ticks.push_back(factor * power);
      }
    }
    return ticks;
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
    return fmt::format(
        "COCO AP lost against {}, in percentage points, for {} cells: a line per scheme, grouped "
        "by "
        "granularity, a column per bit width. {}. Smallest loss: {} ({}), largest: {} ({}).",
        baseline_entry(*baseline_).text, shown_, results::setting_of(run_),
        results::label_of(*best), two_decimals(loss(*best)), results::label_of(*worst),
        two_decimals(loss(*worst)));
  }

  const Run& run_;
  const Row* baseline_;
  std::set<int> bits_;
  std::map<std::tuple<std::string, std::string, int>, int> cells_at_;
  std::set<std::pair<std::string, std::string>> several_;  // schemes with cells of equal bits
  std::vector<Section> sections_;
  std::size_t lines_ = 0, shown_ = 0;
  double most_ = 1;  // the largest change, points; less does not look alarming
  bool rises_ = false, absent_ = false, gaps_ = false;
};

}  // namespace

std::string heat_map(const Run& run) { return HeatMap(run).draw(); }

}  // namespace qyolo::plots
