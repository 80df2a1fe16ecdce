#include "python/image_scan.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "metrics/box_iou.h"

namespace qyolo::python {
namespace {

template <class Less>
std::vector<std::uint32_t> stable_order(std::size_t count, Less less) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  std::ranges::stable_sort(order, less);
  return order;
}

class Scanner {
 public:
  Scanner(std::span<const Annotation> objects, std::span<const ScannedDetection> detections,
          std::span<const double> thresholds, ImageScan& scan)
      : objects_(objects), thresholds_(thresholds), scan_(scan) {
    metrics::BoxEdges edges;
    for (const std::uint32_t g : scan.objects) edges.add(objects[g].bbox, objects[g].iscrowd);
    overlaps_.resize(scan.detections.size() * scan.objects.size());
    for (std::size_t d = 0; d < scan.detections.size(); ++d) {
      edges.overlaps(detections[scan.detections[d]].bbox, 0,
                     std::span(overlaps_).subspan(d * scan.objects.size(), scan.objects.size()));
    }
  }

  void match_all() {
    const std::size_t objects = scan_.objects.size(), detections = scan_.detections.size();
    for (std::size_t t = 0; t < thresholds_.size(); ++t) {
      for (std::size_t d = 0; d < detections; ++d) {
        const std::uint32_t best = best_object(t, d);
        if (best == ImageScan::kNone) continue;
        scan_.matched_object[t * detections + d] = best;
        scan_.matched_detection[t * objects + best] = static_cast<std::uint32_t>(d);
        scan_.detection_ignored[t * detections + d] = scan_.object_ignored[best] != 0;
      }
    }
  }

 private:
  // Objects that count come first: those that are ignored are looked at only where none of them
  // fits.
  [[nodiscard]] std::uint32_t best_object(std::size_t t, std::size_t d) const {
    const std::size_t count = scan_.objects.size();
    double best_overlap = metrics::reachable_iou(thresholds_[t]);
    std::uint32_t best = ImageScan::kNone;
    for (std::uint32_t g = 0; g < count; ++g) {
      const bool taken = scan_.matched_detection[t * count + g] != ImageScan::kNone;
      if (taken && !objects_[scan_.objects[g]].iscrowd) continue;
      if (best != ImageScan::kNone && scan_.object_ignored[best] == 0 &&
          scan_.object_ignored[g] != 0)
        break;
      const double overlap = overlaps_[d * count + g];
      if (overlap < best_overlap) continue;
      best_overlap = overlap;
      best = g;
    }
    return best;
  }

  std::span<const Annotation> objects_;
  std::span<const double> thresholds_;
  ImageScan& scan_;
  std::vector<double> overlaps_;  // [detection, object]
};

}  // namespace

ImageScan scan_image(std::span<const Annotation> objects,
                     std::span<const ScannedDetection> detections,
                     std::span<const double> thresholds, const metrics::AreaLimits& limits,
                     std::size_t max_detections) {
  const auto ignored = [&](std::uint32_t g) {
    return objects[g].iscrowd || limits.excludes(objects[g].area);
  };
  ImageScan scan;
  scan.objects = stable_order(
      objects.size(), [&](std::uint32_t a, std::uint32_t b) { return !ignored(a) && ignored(b); });
  scan.detections = stable_order(detections.size(), [&](std::uint32_t a, std::uint32_t b) {
    return detections[a].score > detections[b].score;
  });
  scan.detections.resize(std::min(scan.detections.size(), max_detections));
  for (const std::uint32_t g : scan.objects) scan.object_ignored.push_back(ignored(g) ? 1 : 0);
  const std::size_t count = scan.detections.size();
  scan.matched_object.assign(thresholds.size() * count, ImageScan::kNone);
  scan.matched_detection.assign(thresholds.size() * objects.size(), ImageScan::kNone);
  scan.detection_ignored.assign(thresholds.size() * count, false);
  if (!objects.empty() && count > 0) Scanner(objects, detections, thresholds, scan).match_all();
  for (std::size_t i = 0; i < scan.matched_object.size(); ++i) {
    if (scan.matched_object[i] != ImageScan::kNone) continue;
    scan.detection_ignored[i] = limits.excludes(detections[scan.detections[i % count]].area);
  }
  return scan;
}

}  // namespace qyolo::python
