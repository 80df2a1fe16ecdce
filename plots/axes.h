// Scales, ticks and axes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plots/svg.h"

namespace qyolo::plots {

// Maps values to pixels. A domain without extent is widened; log2 needs positive values.
class Scale {
 public:
  enum class Kind { kLinear, kLog2 };

  Scale(Kind kind, double low, double high, double pixel_low, double pixel_high);
  [[nodiscard]] double operator()(double value) const;
  [[nodiscard]] double low() const { return low_; }
  [[nodiscard]] double high() const { return high_; }
  [[nodiscard]] Kind kind() const { return kind_; }

 private:
  Kind kind_;
  double low_, high_;  // as given
  double from_, to_;   // after the logarithm
  double pixel_low_, pixel_high_;
};

struct Tick {
  double value = 0;
  std::string label;
};

// The step 1, 2 or 5 x 10^n that divides the extent into about `count` parts.
[[nodiscard]] double nice_step(double extent, int count);
// About `count` round values within the scale's domain, labelled in `unit`s (the label of 2e6 with
// unit 1e6 is "2"). On a log2 scale: powers of two, with halves, or 1-2-5 steps of a narrow domain.
[[nodiscard]] std::vector<Tick> ticks_of(const Scale& scale, int count, double unit = 1);

// A plot's area with its two scales.
struct Frame {
  Box area;
  Scale x, y;
  [[nodiscard]] Point at(double x_value, double y_value) const { return {x(x_value), y(y_value)}; }
};

// The axis line, ticks and labels below the area, the title under them at the right end.
void draw_x_axis(Svg& svg, const Frame& frame, const std::vector<Tick>& ticks,
                 std::string_view title);
// Horizontal grid lines, labels to the left (if wanted), the title above them.
void draw_y_axis(Svg& svg, const Frame& frame, const std::vector<Tick>& ticks,
                 std::string_view title, bool labels = true);

}  // namespace qyolo::plots
