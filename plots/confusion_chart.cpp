#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "plots/chart_parts.h"
#include "plots/colour_scale.h"
#include "plots/diagnosis_charts.h"

namespace qyolo::plots {
namespace {

constexpr std::size_t kMostNamedColumns = 14;
constexpr std::size_t kMostListed = 15;
constexpr std::string_view kEmpty = "#f6f7f8";

class ConfusionMap {
 public:
  ConfusionMap(const ConfusionCounts& data, const Look& look)
      : data_(data), look_(look), texts_(texts_of(look.language)), stride_(data.names.size() + 1) {
    for (std::size_t k = 0; k < data.names.size(); ++k) {
      std::int64_t sum = 0;
      for (std::size_t j = 0; j < stride_; ++j) sum += at(k, j) + at(j, k);
      if (sum > 0) shown_.push_back(k);
    }
    left_out_ = data.names.size() - shown_.size();
    shown_.push_back(data.names.size());
    named_ = shown_.size() <= kMostNamedColumns;
    lay_out();
    if (named_ && cell_width_ < kLeastNamed) {
      named_ = false;
      lay_out();
    }
    if (!named_) listed_ = confusions();
    top_ =
        heading_bottom(look, texts_.confusion_title, data.subtitle) + (look.narrow() ? 164 : 124);
  }

  [[nodiscard]] std::string draw() const {
    const double bottom = top_ + static_cast<double>(shown_.size()) * cell_height_;
    Svg svg(look_.width, 0, "confusion-matrix", texts_.confusion_title, description(),
            look_.language);
    draw_heading(svg, look_, texts_.confusion_title, data_.subtitle);
    draw_scale(svg, heading_bottom(look_, texts_.confusion_title, data_.subtitle) + 18);
    draw_columns(svg);
    draw_grid(svg);
    svg.open("cells");
    for (std::size_t row = 0; row < shown_.size(); ++row) {
      for (std::size_t column = 0; column < shown_.size(); ++column) draw_cell(svg, row, column);
    }
    svg.close();
    draw_rows(svg);
    double y = bottom + 30;
    if (!listed_.empty()) y = draw_list(svg, y) + 8;
    const std::string note =
        joined({std::string(texts_.confusion_note),
                left_out_ > 0 ? say(texts_.confusion_empty, left_out_) : std::string()},
               texts_);
    draw_note(svg, look_, y, note);
    svg.resize(y + note_height(look_, note));
    return svg.str();
  }

 private:
  // Width of columns from which they have names, others have numbers.
  static constexpr double kLeastNamed = 44;

  void lay_out() {
    double width = std::max(70.0, text_width(texts_.confusion_rows, 12, true));
    for (const std::size_t k : shown_)
      width = std::max(width, text_width(row_name(k), text_size()));
    left_ = look_.margin() + std::min(width, look_.narrow() ? 100.0 : 150.0) + 10;
    cell_width_ = std::min((look_.right() - left_) / static_cast<double>(shown_.size()), 110.0);
    cell_height_ = named_ ? 32 : std::max(11.5, std::min(cell_width_, 24.0));
  }

  [[nodiscard]] std::int64_t at(std::size_t object, std::size_t detected) const {
    return data_.counts[object * stride_ + detected];
  }
  [[nodiscard]] bool background(std::size_t k) const { return k == data_.names.size(); }
  [[nodiscard]] double text_size() const { return named_ ? 12 : 9.5; }
  [[nodiscard]] std::string name(std::size_t k) const {
    return background(k) ? std::string(texts_.background) : shown_name(data_.names[k], texts_);
  }
  // Where columns have no room for names, classes are numbered.
  [[nodiscard]] std::string row_name(std::size_t k) const {
    if (named_ || background(k)) return name(k);
    return fmt::format("{} {}", name(k), number(k));
  }
  [[nodiscard]] std::size_t number(std::size_t k) const {
    return static_cast<std::size_t>(std::ranges::find(shown_, k) - shown_.begin()) + 1;
  }
  [[nodiscard]] Box cell(std::size_t row, std::size_t column) const {
    const double gap = named_ ? 2 : 1;
    const double x = left_ + static_cast<double>(column) * cell_width_;
    const double y = top_ + static_cast<double>(row) * cell_height_;
    return {x, y, x + cell_width_ - gap, y + cell_height_ - gap};
  }
  [[nodiscard]] double share(std::size_t object, std::size_t detected) const {
    std::int64_t sum = 0;
    for (std::size_t j = 0; j < stride_; ++j)
      sum += background(object) ? at(j, detected) : at(object, j);
    return sum == 0 ? 0 : static_cast<double>(at(object, detected)) / static_cast<double>(sum);
  }
  [[nodiscard]] static std::string colour(double share, bool right) {
    const double amount = 0.08 + 0.92 * std::sqrt(share);
    return right ? gain_colour(amount) : loss_colour(amount);
  }

  // Empty cells.
  void draw_grid(Svg& svg) const {
    const std::size_t last = shown_.size() - 1;
    const double right = cell(0, last).right, bottom = cell(last, 0).bottom;
    svg.open("grid");
    svg.rectangle({left_, top_, right, bottom}, kEmpty);
    svg.rectangle(cell(last, last), "#ffffff");
    const double gap = cell(0, 1).left - cell(0, 0).right;
    for (std::size_t i = 1; i <= last; ++i) {
      const double x = cell(0, i).left - gap / 2, y = cell(i, 0).top - gap / 2;
      svg.line({x, top_}, {x, bottom}, {"#ffffff", gap});
      svg.line({left_, y}, {right, y}, {"#ffffff", gap});
    }
    svg.close();
  }

  void draw_cell(Svg& svg, std::size_t row, std::size_t column) const {
    const std::size_t object = shown_[row], detected = shown_[column];
    const Box box = cell(row, column);
    if (background(object) && background(detected)) return;
    const std::int64_t count = at(object, detected);
    if (count == 0) return;
    const double part = share(object, detected);
    const std::string fill = colour(part, object == detected);
    svg.rectangle(box, fill, tooltip(object, detected, part));
    const std::string text = std::to_string(count);
    for (const double size : {12.0, 10.0}) {
      if (text_width(text, size) > box.width() - 3 || size > box.height() - 3) continue;
      svg.text({box.centre().x, box.centre().y + size * 0.35}, text,
               {size, ink_on(fill), Anchor::kMiddle});
      return;
    }
  }

  [[nodiscard]] std::string tooltip(std::size_t object, std::size_t detected, double part) const {
    std::string text;
    if (object == detected) {
      text = say(texts_.found, name(object));
    } else if (background(detected)) {
      text = say(texts_.missed, name(object));
    } else if (background(object)) {
      text = say(texts_.invented, name(detected));
    } else {
      text = say(texts_.taken_for, name(object), name(detected));
    }
    return text + say(texts_.share, at(object, detected), fmt::format("{:.1f}", part * 100));
  }

  void draw_columns(Svg& svg) const {
    svg.open("axis");
    const double middle = (left_ + cell(0, shown_.size() - 1).right) / 2;
    svg.text({middle, top_ - 28},
             fit_text(texts_.confusion_columns, look_.right() - left_, 12, true),
             {12, kInk, Anchor::kMiddle, true});
    svg.text({left_ - 8, top_ - 8},
             fit_text(texts_.confusion_rows, left_ - look_.margin() - 8, 12, true),
             {12, kInk, Anchor::kEnd, true});
    double free_from = 0;
    const std::size_t stride = number_stride();
    for (std::size_t column = 0; column < shown_.size(); ++column) {
      const Box box = cell(0, column);
      if (named_) {
        svg.text({box.centre().x, top_ - 8},
                 fit_text(name(shown_[column]), cell_width_ - 4, text_size()),
                 {text_size(), kInk, Anchor::kMiddle});
        continue;
      }
      if (background(shown_[column]) || (column + 1) % stride != 0) continue;
      const TextStyle style{text_size(), kMuted, Anchor::kMiddle};
      const Point place = {box.centre().x, top_ - 6};
      const std::string text = std::to_string(column + 1);
      if (text_box(place, text, style).left < free_from) continue;
      svg.text(place, text, style);
      free_from = text_box(place, text, style).right + 1;
    }
    svg.close();
  }
  // Every 1, 2, 5 or 10 columns have a number.
  [[nodiscard]] std::size_t number_stride() const {
    for (const std::size_t stride : {1, 2, 5}) {
      if (static_cast<double>(stride) * cell_width_ > text_width("88", text_size()) + 2)
        return stride;
    }
    return 10;
  }

  void draw_rows(Svg& svg) const {
    svg.open("axis");
    for (std::size_t row = 0; row < shown_.size(); ++row) {
      const Box box = cell(row, 0);
      svg.text({left_ - 8, box.centre().y + text_size() * 0.35},
               fit_text(row_name(shown_[row]), left_ - look_.margin() - 8, text_size()),
               {text_size(), kInk, Anchor::kEnd});
    }
    svg.close();
  }

  void draw_scale(Svg& svg, double y) const {
    svg.open("legend");
    constexpr int kStrips = 60;
    constexpr double kHeight = 12, kLength = 200;
    double x = look_.margin();
    for (const bool right : {true, false}) {
      for (int i = 0; i < kStrips; ++i) {
        const double from = x + kLength * i / kStrips;
        const double part = (i + 0.5) / kStrips;
        svg.rectangle({from, y, x + kLength, y + kHeight}, colour(part * part, right));
      }
      for (const double percent : {0.0, 1.0, 10.0, 25.0, 50.0, 100.0}) {
        const std::string text = fmt::format("{:g}", percent);
        const double at = std::max(x + kLength * std::sqrt(percent / 100),
                                   look_.margin() + text_width(text, 11) / 2);
        svg.text({at, y + kHeight + 15}, text, {11, kMuted, Anchor::kMiddle});
      }
      const std::string_view what = right ? texts_.right : texts_.wrong;
      svg.text({x + kLength + 18, y + 10}, what, {12, kInk});
      if (look_.narrow()) {
        y += 40;
      } else {
        x += kLength + 18 + text_width(what, 12) + 40;
      }
    }
    svg.close();
  }

  struct Pair {
    std::size_t object = 0, detected = 0;
  };
  [[nodiscard]] std::vector<Pair> confusions() const {
    std::vector<Pair> pairs;
    for (const std::size_t object : shown_) {
      for (const std::size_t detected : shown_) {
        if (object != detected && !background(object) && !background(detected) &&
            at(object, detected) > 0)
          pairs.push_back({object, detected});
      }
    }
    std::ranges::stable_sort(pairs, {}, [&](const Pair& p) { return -at(p.object, p.detected); });
    if (pairs.size() > kMostListed) pairs.resize(kMostListed);
    return pairs;
  }
  // The y below it.
  double draw_list(Svg& svg, double top) const {
    svg.open("list");
    svg.text({look_.margin(), top}, fit_text(texts_.most_frequent, look_.inner(), 12, true),
             {12, kInk, Anchor::kStart, true});
    const std::size_t columns = look_.narrow() ? 1 : 3;
    const double column = look_.inner() / static_cast<double>(columns);
    const std::size_t lines = (listed_.size() + columns - 1) / columns;
    for (std::size_t i = 0; i < listed_.size(); ++i) {
      const auto& [object, detected] = listed_[i];
      svg.text(
          {look_.margin() + static_cast<double>(i / lines) * column,
           top + 20 + 18 * static_cast<double>(i % lines)},
          fit_text(say(texts_.confusion_pair, at(object, detected), name(object), name(detected)),
                   column - 12, 12),
          {12, kInk});
    }
    svg.close();
    return top + 20 + 18 * static_cast<double>(lines);
  }

  [[nodiscard]] std::string description() const {
    std::int64_t found = 0, confused = 0, missed = 0, invented = 0;
    const std::size_t last = data_.names.size();
    for (std::size_t object = 0; object < last; ++object) {
      found += at(object, object);
      missed += at(object, last);
      invented += at(last, object);
      for (std::size_t detected = 0; detected < last; ++detected)
        confused += object == detected ? 0 : at(object, detected);
    }
    return say(texts_.confusion_description, shown_.size() - 1, data_.subtitle, found, confused,
               missed, invented);
  }

  const ConfusionCounts& data_;
  Look look_;
  const ChartTexts& texts_;
  std::size_t stride_;
  std::vector<std::size_t> shown_;  // classes, then background
  std::size_t left_out_ = 0;
  bool named_ = true;
  double left_ = 0, top_ = 0, cell_width_ = 0, cell_height_ = 0;
  std::vector<Pair> listed_;
};

}  // namespace

std::string confusion_chart(const ConfusionCounts& confusion, const Look& look) {
  return ConfusionMap(confusion, look).draw();
}

}  // namespace qyolo::plots
