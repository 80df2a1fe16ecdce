// Image file -> network input, exactly as the official test pipeline does it (rect batches,
// letterbox). Shapes are [3, height, width], RGB, 8 bit; the network divides by 255.
// Parallelism is over images: the first image decoded sets OpenCV's own threads to 1 in this
// process and silences its log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"

namespace qyolo::datasets {

// The input of one image, and how to get back to image coordinates.
struct Letterboxed {
  int height = 0;
  int width = 0;
  std::vector<std::uint8_t> rgb;  // [3, height, width]
  int image_height = 0;           // original size
  int image_width = 0;
  double ratio_y = 1;  // resized height / original height; the official pipeline divides both
  double ratio_x = 1;  // axes by the ratio of the heights
  double pad_x = 0;    // unrounded, one side
  double pad_y = 0;
};

struct ImageSize {
  int width = 0;
  int height = 0;
};

// Width and height after EXIF orientation as cv::imread applies it, from the file's header, or by
// decoding it where only the pixels tell. Images of more than most_pixels() are refused.
Result<ImageSize> read_image_size(const std::filesystem::path& path);

// What is wrong with a file that is decoded all the same: a JPEG's data (libjpeg's warnings), a
// PNG's chunks with a wrong checksum.
struct ImageDamage {
  std::size_t count = 0;
  std::string first;     // in the decoder's words; empty where there is none
  bool unended = false;  // a JPEG without its end marker
};
// Reads the whole file. Fails where it cannot be decoded.
Result<ImageDamage> examine_image(const std::filesystem::path& path);

// An upright picture in memory: BGR, height x width x 3.
struct Picture {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> bgr;
};

// One batch of the rect order: which images (indices into the sizes given), and their common input
// shape.
struct RectBatch {
  std::vector<std::size_t> images;
  int height = 0;
  int width = 0;
};

struct PipelineOptions {
  int image_size = 640;  // S, the long side
  int stride = 32;       // grid_of() the model's largest stride
  int batch = 32;        // rect batches: fixes the padded shapes, whatever batch inference uses
  bool rect = true;      // false: one square S x S for all, in the given order
};

// Images sorted (stably) by height / width, cut into batches, each with its padded shape: the long
// side S becomes ceil(S / stride + 0.5) * stride, the short one as much as the batch's extreme
// aspect ratio needs (the official test.py in rect mode). Ties keep the given order, which the
// official pipeline has sorted by path. REQUIRES: positive sizes and options.
std::vector<RectBatch> rect_batches(std::span<const ImageSize> sizes,
                                    const PipelineOptions& options);

// Sizes are multiples of this: the model's largest stride, and at least 32 (the official test.py).
[[nodiscard]] constexpr int grid_of(int max_stride) { return max_stride > 32 ? max_stride : 32; }
// The image size that is really used: the next multiple of the grid (check_img_size).
[[nodiscard]] constexpr int on_grid(int image_size, int max_stride) {
  const int grid = grid_of(max_stride);
  return (image_size + grid - 1) / grid * grid;
}
// The warning where that is another one; empty where not.
[[nodiscard]] std::string rounding_note(int image_size, int max_stride);

// Decodes, resizes the long side to image_size (sides truncated; INTER_AREA down, INTER_LINEAR up)
// and pads to height x width with 114, without a second resize. Thread-safe. Errors name the file:
// it is missing, empty, not an image, truncated (JPEG decoders would fill the rest with grey; one
// that lacks no more than its end marker is decoded), of more than most_pixels(), or larger than
// height x width after the resize.
Result<Letterboxed> load_letterboxed(const std::filesystem::path& path, int height, int width,
                                     int image_size);
// The same of a picture that is decoded already; `name` is what errors call it.
Result<Letterboxed> letterbox_picture(const Picture& picture, const std::string& name, int height,
                                      int width, int image_size);

}  // namespace qyolo::datasets
