#include "metrics/verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "common/grouped.h"

namespace qyolo::metrics {
namespace {

// Where no loss at all is tolerated, differences of half a point are still worth telling apart.
constexpr double kFinestHalfWidth = 0.005;
constexpr double kMostImages = 1e15;

// In points: 3.2, or 0.04 where the tolerance is that fine.
class Points {
 public:
  explicit Points(double tolerance) : decimals_(tolerance > 0 && tolerance < 0.002 ? 2 : 1) {}

  [[nodiscard]] std::string number(double fraction) const {
    return fmt::format("{:.{}f}", 100 * std::abs(fraction), decimals_);
  }
  // "1 point less a margin of 0.1".
  [[nodiscard]] static std::string allowed(const PairedDifference& difference) {
    std::string text = limit_with_unit(difference.tolerance);
    if (difference.margin > 0) text += " less a margin of " + limit(difference.margin);
    return text;
  }
  // As the user gave it: 1, 0.5.
  [[nodiscard]] static std::string limit(double fraction) {
    return fmt::format("{:.6g}", 100 * fraction);
  }
  [[nodiscard]] static std::string limit_with_unit(double fraction) {
    const std::string text = limit(fraction);
    return text + (text == "1" ? " point" : " points");
  }
  [[nodiscard]] std::string change(double fraction) const {
    if (number(fraction) == number(0)) return "no change";
    return number(fraction) + (fraction > 0 ? " points gained" : " points lost");
  }
  // From the smaller to the larger change; both directions are named where they differ.
  [[nodiscard]] std::string range(const Difference& d) const {
    if (d.high <= 0) return fmt::format("{} to {}", number(d.high), number(d.low));
    if (d.low >= 0) return fmt::format("{} to {}", number(d.low), number(d.high));
    return fmt::format("{} lost to {} gained", number(d.low), number(d.high));
  }

 private:
  int decimals_;
};

// Two digits, with thousands apart: 4,200.
std::string about(std::int64_t count) {
  std::int64_t unit = 1;
  while (count / unit >= 100) unit *= 10;
  return grouped(static_cast<std::uint64_t>((count + unit / 2) / unit * unit));
}

std::string not_enough(const PairedDifference& difference, double half_width,
                       const Points& points) {
  const Difference& d = *difference.ap;
  std::string text =
      fmt::format("not enough images to tell: {} ({})", points.change(d.value), points.range(d));
  if (const std::int64_t more = more_images_for(difference, half_width); more > 0) {
    text += fmt::format("; about {} more for ±{}", about(more), Points::limit(half_width));
  }
  return text;
}

}  // namespace

std::int64_t more_images_for(const PairedDifference& difference, double half_width) {
  const double width = (difference.ap->high - difference.ap->low) / 2;
  const double ratio = width / half_width;
  if (ratio <= 1) return 0;
  const auto images = static_cast<double>(difference.images);
  return static_cast<std::int64_t>(std::min(std::round(images * (ratio * ratio - 1)), kMostImages));
}

Decision decide(const Difference& difference, double allowed) {
  if (difference.low >= -allowed) return Decision::kWithin;
  return difference.high < -allowed ? Decision::kBeyond : Decision::kUndecided;
}

Decision decide(const PairedDifference& difference) {
  if (difference.objects == 0 || !difference.ap) return Decision::kUndecided;
  const Difference& d = *difference.ap;
  if (d.value == 0 && d.low == 0 && d.high == 0) return Decision::kWithin;
  if (difference.effective_images < kFewestImages) return Decision::kUndecided;
  return decide(d, difference.tolerance - difference.margin);
}

std::string_view decision_name(Decision decision) {
  switch (decision) {
    case Decision::kWithin:
      return "within";
    case Decision::kBeyond:
      return "beyond";
    case Decision::kUndecided:
      return "undecided";
  }
  return "";
}

namespace {

// REQUIRES: an interval, of images with objects.
std::string verdict_alone(const PairedDifference& difference) {
  const Difference& d = *difference.ap;
  const double tolerance = difference.tolerance;
  const double half_width = tolerance > 0 ? tolerance / 2 : kFinestHalfWidth;
  const Points points(tolerance);
  const std::string loss =
      fmt::format("loses {} points ({})", points.number(d.value), points.range(d));
  switch (decide(difference)) {
    case Decision::kWithin: {
      if (d.value == 0 && d.low == 0 && d.high == 0) return "no difference";
      if (d.low > 0)
        return fmt::format("gains {} points ({})", points.number(d.value), points.range(d));
      return fmt::format("{}: {} ({})",
                         tolerance > 0 ? "within " + Points::allowed(difference) : "no loss",
                         points.change(d.value), points.range(d));
    }
    case Decision::kBeyond:
      return tolerance > 0 ? fmt::format("{}, more than {}", loss, Points::allowed(difference))
                           : loss;
    case Decision::kUndecided:
      break;
  }
  if (difference.effective_images < kFewestImages || d.value >= 0 ||
      more_images_for(difference, half_width) > 0) {
    return not_enough(difference, half_width, points);
  }
  return tolerance > 0
             ? fmt::format("{}, too close to {} to tell", loss, Points::allowed(difference))
             : fmt::format("{}, too close to none to tell", loss);
}

}  // namespace

std::string caution(const PairedDifference& difference) {
  std::vector<std::string> reasons;
  if (difference.images < kFewImages) {
    reasons.push_back(
        fmt::format("only {} image{}", difference.images, difference.images == 1 ? "" : "s"));
  }
  const auto few = std::ranges::count_if(difference.classes, [](const ClassDifference& one) {
    return one.objects > 0 && one.objects < kFewObjects;
  });
  if (few > 0) {
    reasons.push_back(fmt::format("{} class{} with fewer than {} objects", few,
                                  few == 1 ? "" : "es", kFewObjects));
  }
  return reasons.empty() ? "" : fmt::format("caution: {}", fmt::join(reasons, ", "));
}

std::string verdict(const PairedDifference& difference) {
  if (difference.objects == 0) return "no verdict: the images show no objects";
  if (!difference.ap) return "no verdict: one image says nothing about others";
  const std::string care = caution(difference);
  return verdict_alone(difference) + (care.empty() ? "" : "; " + care);
}

}  // namespace qyolo::metrics
