#include "plots/labels.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace qyolo::plots {
namespace {

constexpr double kGap = 1.5;        // between a label and what it must not overlap, pixels
constexpr double kLeaderFrom = 10;  // a label that stands off further gets a leader line
constexpr double kStep = 3;         // between the distances tried

// Costs, in pixels of distance.
constexpr double kCostPerLine = 4.5;  // that a leader crosses
constexpr double kCostPerNeighbour = 5;
constexpr double kCostPerCrossing = 50;  // of a leader
constexpr double kCostOfTurning = 4;     // to the side; twice that for the opposite direction
constexpr double kCostOfLeader = 6;
constexpr double kCostOfAbsence = 400;

constexpr int kOrders = 24;

// Directions on the perimeter of the square [-1, 1]^2.
const std::vector<Point>& directions() {
  static const std::vector<Point> all = [] {
    std::vector<Point> points;
    for (const double along : {-1.0, -0.5, 0.0, 0.5}) {
      points.push_back({along, -1});
      points.push_back({1, along});
      points.push_back({-along, 1});
      points.push_back({-1, -along});
    }
    return points;
  }();
  return all;
}

// 0 for the same direction, 1 at right angles, 2 for the opposite.
double turning(Point a, Point b) {
  const double lengths = std::hypot(a.x, a.y) * std::hypot(b.x, b.y);
  return lengths > 0 ? 1 - (a.x * b.x + a.y * b.y) / lengths : 0;
}

double distance(Point a, Point b) { return std::hypot(a.x - b.x, a.y - b.y); }

Point nearest(const Box& box, Point to) {
  return {std::clamp(to.x, box.left, box.right), std::clamp(to.y, box.top, box.bottom)};
}

// Whether two segments cross, by the sides on which their ends lie.
bool cross(Point a, Point b, Point c, Point d) {
  const auto side = [](Point p, Point q, Point r) {
    return (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x);
  };
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

// From the mark's edge to the label, if that is far.
std::optional<std::pair<Point, Point>> leader_line(const LabelRequest& request, const Box& box) {
  const Point end = nearest(box, request.mark);
  const double length = distance(end, request.mark);
  if (length <= request.radius + kLeaderFrom) return std::nullopt;
  const double dx = (end.x - request.mark.x) / length, dy = (end.y - request.mark.y) / length;
  const double from = request.radius + 1.5, to = length - 1;
  return std::pair{Point{request.mark.x + dx * from, request.mark.y + dy * from},
                   Point{request.mark.x + dx * to, request.mark.y + dy * to}};
}

Box candidate(const LabelRequest& request, const Box& size, Point direction, double away) {
  const double off = request.radius + away;
  const double x = request.mark.x + direction.x * (off + size.width() / 2);
  const double y = request.mark.y + direction.y * (off + size.height() / 2);
  return {x - size.width() / 2, y - size.height() / 2, x + size.width() / 2, y + size.height() / 2};
}

}  // namespace

// Clips the segment against the box (Liang and Barsky 1984).
bool crosses(Point from, Point to, const Box& box) {
  double enter = 0, leave = 1;
  const auto clip = [&](double start, double delta, double low, double high) {
    if (delta == 0) return start > low && start < high;
    const double a = (low - start) / delta, b = (high - start) / delta;
    enter = std::max(enter, std::min(a, b));
    leave = std::min(leave, std::max(a, b));
    return enter < leave;
  };
  return clip(from.x, to.x - from.x, box.left, box.right) &&
         clip(from.y, to.y - from.y, box.top, box.bottom);
}

void LabelPlacer::add_mark(Point at, double radius) {
  marks_.push_back(at);
  mark_boxes_.push_back(Box{at.x, at.y, at.x, at.y}.grown(radius));
}

bool LabelPlacer::free(const Box& box) const {
  if (!bounds_.contains(box)) return false;
  const Box grown = box.grown(kGap);
  const auto overlaps = [&](const Box& other) { return other.overlaps(grown); };
  return std::none_of(labels_.begin(), labels_.end(), overlaps) &&
         std::none_of(mark_boxes_.begin(), mark_boxes_.end(), overlaps) &&
         std::none_of(
             leaders_.begin(), leaders_.end(),
             [&](const auto& leader) { return crosses(leader.first, leader.second, box); }) &&
         std::none_of(lines_.begin(), lines_.end(), [&](const auto& line) {
           return crosses(line.first, line.second, box.grown(0.5));
         });
}

bool LabelPlacer::claim(const Box& box) {
  if (!free(box)) return false;
  labels_.push_back(box);
  return true;
}

double LabelPlacer::crowding(const Box& box) const {
  const Box around = box.grown(4);
  const auto near = [&](const Box& other) { return other.overlaps(around); };
  const auto neighbours = std::count_if(labels_.begin(), labels_.end(), near) +
                          std::count_if(mark_boxes_.begin(), mark_boxes_.end(), near);
  return static_cast<double>(neighbours) * kCostPerNeighbour;
}

bool LabelPlacer::leader_free(Point from, Point to) const {
  return std::none_of(labels_.begin(), labels_.end(),
                      [&](const Box& box) { return crosses(from, to, box); });
}

double LabelPlacer::leader_cost(Point from, Point to, Point mark) const {
  const auto boxes = std::count_if(mark_boxes_.begin(), mark_boxes_.end(), [&](const Box& box) {
    return distance(box.centre(), mark) > 0.5 && crosses(from, to, box);
  });
  const auto leaders = std::count_if(leaders_.begin(), leaders_.end(), [&](const auto& line) {
    return cross(from, to, line.first, line.second);
  });
  const auto lines = std::count_if(lines_.begin(), lines_.end(), [&](const auto& line) {
    return cross(from, to, line.first, line.second);
  });
  return kCostOfLeader + kCostPerCrossing * static_cast<double>(boxes + leaders) +
         kCostPerLine * static_cast<double>(lines);
}

bool LabelPlacer::nearest_to(const Box& box, const LabelRequest& request) const {
  const double own = distance(nearest(box, request.mark), request.mark);
  const auto is_own = [&](Point other) {
    return distance(other, request.mark) <= 0.5 ||
           std::ranges::any_of(request.together,
                               [&](Point one) { return distance(other, one) <= 0.5; });
  };
  return std::none_of(marks_.begin(), marks_.end(), [&](Point other) {
    return !is_own(other) && distance(nearest(box, other), other) < own;
  });
}

std::optional<PlacedLabel> LabelPlacer::place(const LabelRequest& request) {
  const Box size = text_box({0, 0}, request.text, request.style);
  PlacedLabel best;
  best.cost = std::numeric_limits<double>::infinity();
  for (double away = 2; away <= request.reach; away += kStep) {
    if (away > best.cost) break;
    for (const Point& direction : directions()) {
      const Box box = candidate(request, size, direction, away);
      if (!free(box)) continue;
      const auto leader = leader_line(request, box);
      if (leader ? !leader_free(leader->first, leader->second) : !nearest_to(box, request))
        continue;
      double cost = away + crowding(box) + kCostOfTurning * turning(direction, request.preferred);
      if (leader) cost += leader_cost(leader->first, leader->second, request.mark);
      if (cost < best.cost) best = {{box.left, box.top - size.top}, box, leader, cost};
    }
  }
  if (!std::isfinite(best.cost)) return std::nullopt;
  labels_.push_back(best.box);
  if (best.leader) leaders_.push_back(*best.leader);
  return best;
}

std::vector<std::optional<PlacedLabel>> LabelPlacer::place_all(
    const std::vector<LabelRequest>& requests) {
  std::vector<std::size_t> order(requests.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<double> blame(requests.size(), 0);
  std::vector<std::optional<PlacedLabel>> best;
  double best_cost = std::numeric_limits<double>::infinity();
  std::optional<LabelPlacer> after;
  for (int attempt = 0; attempt < kOrders; ++attempt) {
    LabelPlacer trial = *this;
    std::vector<std::optional<PlacedLabel>> placed(requests.size());
    double total = 0;
    for (const std::size_t i : order) {
      placed[i] = trial.place(requests[i]);
      const double cost = placed[i] ? placed[i]->cost : kCostOfAbsence;
      total += cost;
      blame[i] += cost;
    }
    if (total < best_cost) {
      best_cost = total;
      best = std::move(placed);
      after = std::move(trial);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return blame[a] > blame[b]; });
  }
  if (after) *this = std::move(*after);
  return best;
}

}  // namespace qyolo::plots
