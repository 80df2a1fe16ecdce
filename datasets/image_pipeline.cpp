#include "datasets/image_pipeline.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace qyolo::datasets {
namespace {

// Height and width of a batch relative to the long side S, from its extreme aspect ratios.
std::pair<double, double> relative_shape(double lowest, double highest) {
  if (highest < 1) return {highest, 1};
  if (lowest > 1) return {1, 1 / lowest};
  return {1, 1};
}

int padded_side(double relative, const PipelineOptions& options) {
  return static_cast<int>(std::ceil(relative * options.image_size / options.stride + 0.5)) *
         options.stride;
}

}  // namespace

std::string rounding_note(int image_size, int max_stride) {
  const int used = on_grid(image_size, max_stride);
  if (used == image_size) return "";
  return fmt::format(
      "the image size {} is no multiple of {}; {} is used, as by the official test.py", image_size,
      grid_of(max_stride), used);
}

std::vector<RectBatch> rect_batches(std::span<const ImageSize> sizes,
                                    const PipelineOptions& options) {
  const auto aspect = [&](std::size_t i) {
    return static_cast<double>(sizes[i].height) / sizes[i].width;
  };
  std::vector<std::size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (options.rect) {
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return aspect(a) < aspect(b); });
  }
  const auto batch = static_cast<std::size_t>(options.batch);
  std::vector<RectBatch> batches;
  for (std::size_t begin = 0; begin < order.size(); begin += batch) {
    const std::size_t end = std::min(begin + batch, order.size());
    RectBatch next;
    next.images.assign(order.begin() + static_cast<std::ptrdiff_t>(begin),
                       order.begin() + static_cast<std::ptrdiff_t>(end));
    if (options.rect) {
      const auto [height, width] =
          relative_shape(aspect(next.images.front()), aspect(next.images.back()));
      next.height = padded_side(height, options);
      next.width = padded_side(width, options);
    } else {
      next.height = next.width = options.image_size;
    }
    batches.push_back(std::move(next));
  }
  return batches;
}

}  // namespace qyolo::datasets
