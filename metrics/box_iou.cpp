#include "metrics/box_iou.h"

#include <algorithm>

namespace qyolo::metrics {

double box_area(const BoxXywh& box) { return box[2] * box[3]; }

void BoxEdges::add(const BoxXywh& box, bool crowd) {
  left_.push_back(box[0]);
  top_.push_back(box[1]);
  right_.push_back(box[2] + box[0]);
  bottom_.push_back(box[3] + box[1]);
  area_.push_back(box_area(box));
  crowd_.push_back(crowd ? 1 : 0);
}

void BoxEdges::overlaps(const BoxXywh& box, std::size_t begin, std::span<double> overlap) const {
  const double left = box[0];
  const double top = box[1];
  const double right = box[2] + box[0];
  const double bottom = box[3] + box[1];
  const double area = box_area(box);
  const double* lefts = left_.data() + begin;
  const double* tops = top_.data() + begin;
  const double* rights = right_.data() + begin;
  const double* bottoms = bottom_.data() + begin;
  const double* areas = area_.data() + begin;
  const double* crowds = crowd_.data() + begin;
  double* out = overlap.data();
  const std::size_t count = overlap.size();
  // Without branches, for the compiler to vectorize.
  for (std::size_t i = 0; i < count; ++i) {
    const double width = std::min(right, rights[i]) - std::max(left, lefts[i]);
    const double height = std::min(bottom, bottoms[i]) - std::max(top, tops[i]);
    const double intersection = width * height;
    const double sum = area + areas[i] - intersection;
    const double ratio = intersection / (crowds[i] != 0 ? area : sum);
    const double positive = width > 0 ? ratio : 0.0;
    out[i] = height > 0 ? positive : 0.0;
  }
}

}  // namespace qyolo::metrics
