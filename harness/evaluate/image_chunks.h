// Images in the portions that a network runs on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "common/result.h"
#include "datasets/dataset.h"
#include "datasets/image_pipeline.h"

namespace qyolo::harness {

// Some images of one rect batch, forwarded together.
struct ImageChunk {
  std::vector<std::size_t> images;
  int height = 0;
  int width = 0;
};

// As many images as fill the cores, few enough that activations stay small.
[[nodiscard]] std::vector<ImageChunk> cut_into_chunks(
    const std::vector<datasets::RectBatch>& batches);

// One per path; fails with the first that cannot be read.
Result<std::vector<datasets::ImageSize>> read_image_sizes(
    const std::vector<std::filesystem::path>& paths, int threads);

// The same of an evaluation's images, and what has to be said of them: sizes that are not those of
// the annotations, damaged files, 16-bit and transparent images, JPEGs without their end marker;
// each kind once, counted, with the first.
struct EvaluatedImages {
  std::vector<datasets::ImageSize> sizes;
  std::vector<std::string> warnings;
};
Result<EvaluatedImages> examine_images(const datasets::Dataset& dataset, int threads);

// The network's input for a chunk of the images at `paths`, [images, 3, height, width], 0..255.
// `see` is shown each image, in order.
Result<std::vector<std::uint8_t>> load_chunk(
    const std::vector<std::filesystem::path>& paths, const ImageChunk& chunk, int image_size,
    int threads, const std::function<void(const datasets::Letterboxed&)>& see = {});

}  // namespace qyolo::harness
