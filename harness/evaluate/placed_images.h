// An image in a network's input: as the evaluation places it, and as other programs do.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"
#include "harness/model/postprocess.h"

namespace qyolo::harness {

struct PlacedInput {
  int height = 0, width = 0;
  int image_size = 0;  // the image's long side in it
};

struct PlacedImage {
  int height = 0, width = 0;
  std::vector<std::uint8_t> rgb;  // [3, height, width]
  model::Placement centred;       // as centred_image() places it
  // Input pixels per image pixel, and where its top left corner lies.
  double ratio_x = 1, ratio_y = 1, pad_x = 0, pad_y = 0;

  // The box in the image, clamped to it.
  [[nodiscard]] BoxXywh to_image(const model::Candidate& box) const;
};

// The letterbox of the evaluation (datasets/image_pipeline.h); the same in the top left corner; the
// image resized to the whole input, bilinearly, whatever its shape. Fail where the image cannot be
// read.
Result<PlacedImage> centred_image(const std::filesystem::path& path, const PlacedInput& input);
Result<PlacedImage> cornered_image(const std::filesystem::path& path, const PlacedInput& input);
Result<PlacedImage> stretched_image(const std::filesystem::path& path, const PlacedInput& input);

// Planes in the reverse order. REQUIRES: three planes of one size.
[[nodiscard]] std::vector<std::uint8_t> channels_reversed(std::span<const std::uint8_t> planes);

// Bilinear, pixel centres at halves, as most programs resize.
// REQUIRES: values of `planes` planes of height x width; positive sizes.
[[nodiscard]] std::vector<std::uint8_t> resized(std::span<const std::uint8_t> values, int planes,
                                                int height, int width, int new_height,
                                                int new_width);

}  // namespace qyolo::harness
