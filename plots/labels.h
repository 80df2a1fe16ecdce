// Placing labels next to marks so that nothing overlaps.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plots/svg.h"

namespace qyolo::plots {

struct LabelRequest {
  Point mark;
  double radius = 5;  // of the mark
  std::string text;
  TextStyle style;
  double reach = 6;                  // how far from the mark the label may go, pixels
  Point preferred = {1, 0};          // direction that costs nothing
  std::vector<Point> together = {};  // other marks that the label is of
};

struct PlacedLabel {
  Point at;  // for Svg::text with Anchor::kStart
  Box box;
  std::optional<std::pair<Point, Point>> leader;  // where the label stands off its mark
  double cost = 0;
};

// A label never overlaps a mark, another label, a line or another's leader line, stays within the
// bounds, and without a leader of its own is nearer to its own marks than to any other. What finds
// no room is not placed.
class LabelPlacer {
 public:
  explicit LabelPlacer(const Box& bounds) : bounds_(bounds) {}

  void add_mark(Point at, double radius);
  void avoid(Point from, Point to) { lines_.emplace_back(from, to); }
  // Takes the box for a label placed by the caller, if it is free; whether it was.
  bool claim(const Box& box);

  [[nodiscard]] std::optional<PlacedLabel> place(const LabelRequest& request);
  // All together: tries orders, giving way to the labels that fared worst (Joslin and Clements
  // 1999, squeaky wheel optimisation), and keeps the best. Results are in the requests' order.
  [[nodiscard]] std::vector<std::optional<PlacedLabel>> place_all(
      const std::vector<LabelRequest>& requests);

 private:
  [[nodiscard]] bool free(const Box& box) const;
  [[nodiscard]] double crowding(const Box& box) const;
  [[nodiscard]] bool leader_free(Point from, Point to) const;
  [[nodiscard]] double leader_cost(Point from, Point to, Point mark) const;
  [[nodiscard]] bool nearest_to(const Box& box, const LabelRequest& request) const;

  Box bounds_;
  std::vector<Point> marks_;
  std::vector<Box> mark_boxes_, labels_;
  std::vector<std::pair<Point, Point>> lines_, leaders_;
};

// Whether the segment has a point inside the box.
[[nodiscard]] bool crosses(Point from, Point to, const Box& box);

}  // namespace qyolo::plots
