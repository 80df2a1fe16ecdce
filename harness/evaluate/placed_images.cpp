#include "harness/evaluate/placed_images.h"

#include <algorithm>
#include <cmath>

#include "datasets/image_pipeline.h"

namespace qyolo::harness {
namespace {

constexpr std::uint8_t kLetterboxGrey = 114;

std::size_t area(int height, int width) {
  return static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
}

// Where in a row of `size` pixels the new row's pixel lies: between these two, so far from the
// first.
struct Between {
  std::size_t first = 0, second = 0;
  float share = 0;
};
std::vector<Between> positions(int size, int new_size) {
  std::vector<Between> all(static_cast<std::size_t>(new_size));
  const double step = static_cast<double>(size) / new_size;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double at =
        std::clamp((static_cast<double>(i) + 0.5) * step - 0.5, 0.0, static_cast<double>(size - 1));
    const double below = std::floor(at);
    all[i].first = static_cast<std::size_t>(below);
    all[i].second = std::min(all[i].first + 1, static_cast<std::size_t>(size - 1));
    all[i].share = static_cast<float>(at - below);
  }
  return all;
}

}  // namespace

BoxXywh PlacedImage::to_image(const model::Candidate& box) const {
  const auto back = [](float at, double pad, double ratio, int size) {
    return std::clamp((static_cast<double>(at) - pad) / ratio, 0.0, static_cast<double>(size));
  };
  const double x1 = back(box.x1, pad_x, ratio_x, centred.image_width);
  const double x2 = back(box.x2, pad_x, ratio_x, centred.image_width);
  const double y1 = back(box.y1, pad_y, ratio_y, centred.image_height);
  const double y2 = back(box.y2, pad_y, ratio_y, centred.image_height);
  return {x1, y1, x2 - x1, y2 - y1};
}

Result<PlacedImage> centred_image(const std::filesystem::path& path, const PlacedInput& input) {
  QYOLO_TRY(datasets::Letterboxed image,
            datasets::load_letterboxed(path, input.height, input.width, input.image_size));
  PlacedImage placed;
  placed.height = input.height;
  placed.width = input.width;
  placed.rgb = std::move(image.rgb);
  placed.centred = {image.ratio_y, image.pad_x, image.pad_y, image.image_width, image.image_height};
  placed.ratio_x = placed.ratio_y = image.ratio_y;
  placed.pad_x = image.pad_x;
  placed.pad_y = image.pad_y;
  return placed;
}

Result<PlacedImage> cornered_image(const std::filesystem::path& path, const PlacedInput& input) {
  QYOLO_TRY(PlacedImage placed, centred_image(path, input));
  // As load_letterboxed() rounds.
  const auto left = static_cast<std::size_t>(std::lround(placed.pad_x - 0.1));
  const auto top = static_cast<std::size_t>(std::lround(placed.pad_y - 0.1));
  const auto height = static_cast<std::size_t>(input.height);
  const auto width = static_cast<std::size_t>(input.width);
  const std::size_t rows = height - static_cast<std::size_t>(std::lround(2 * placed.pad_y));
  const std::size_t columns = width - static_cast<std::size_t>(std::lround(2 * placed.pad_x));
  std::vector<std::uint8_t> moved(placed.rgb.size(), kLetterboxGrey);
  for (std::size_t plane = 0; plane < 3; ++plane) {
    for (std::size_t y = 0; y < rows; ++y) {
      const std::uint8_t* from = placed.rgb.data() + (plane * height + top + y) * width + left;
      std::copy_n(from, columns, moved.data() + (plane * height + y) * width);
    }
  }
  placed.rgb = std::move(moved);
  placed.pad_x = placed.pad_y = 0;
  return placed;
}

Result<PlacedImage> stretched_image(const std::filesystem::path& path, const PlacedInput& input) {
  QYOLO_TRY(PlacedImage placed, centred_image(path, input));
  const int height = placed.centred.image_height, width = placed.centred.image_width;
  // At its own size, the image as it is.
  QYOLO_TRY(const datasets::Letterboxed whole,
            datasets::load_letterboxed(path, height, width, std::max(height, width)));
  placed.rgb = resized(whole.rgb, 3, height, width, input.height, input.width);
  placed.ratio_x = static_cast<double>(input.width) / width;
  placed.ratio_y = static_cast<double>(input.height) / height;
  placed.pad_x = placed.pad_y = 0;
  return placed;
}

std::vector<std::uint8_t> channels_reversed(std::span<const std::uint8_t> planes) {
  const std::size_t plane = planes.size() / 3;
  std::vector<std::uint8_t> reversed;
  reversed.reserve(planes.size());
  for (const std::size_t channel : {2U, 1U, 0U}) {
    const auto from = planes.subspan(channel * plane, plane);
    reversed.insert(reversed.end(), from.begin(), from.end());
  }
  return reversed;
}

std::vector<std::uint8_t> resized(std::span<const std::uint8_t> values, int planes, int height,
                                  int width, int new_height, int new_width) {
  const std::vector<Between> rows = positions(height, new_height);
  const std::vector<Between> columns = positions(width, new_width);
  std::vector<std::uint8_t> out;
  out.reserve(static_cast<std::size_t>(planes) * area(new_height, new_width));
  for (std::size_t plane = 0; plane < static_cast<std::size_t>(planes); ++plane) {
    const auto source = values.subspan(plane * area(height, width), area(height, width));
    const auto at = [&](std::size_t y, std::size_t x) {
      return static_cast<float>(source[y * static_cast<std::size_t>(width) + x]);
    };
    for (const Between& y : rows) {
      for (const Between& x : columns) {
        const float above = std::lerp(at(y.first, x.first), at(y.first, x.second), x.share);
        const float below = std::lerp(at(y.second, x.first), at(y.second, x.second), x.share);
        out.push_back(static_cast<std::uint8_t>(std::lround(std::lerp(above, below, y.share))));
      }
    }
  }
  return out;
}

}  // namespace qyolo::harness
