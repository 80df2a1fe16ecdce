// Images in the portions that a network runs on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "common/result.h"
#include "datasets/dataset.h"
#include "datasets/image_pipeline.h"
#include "harness/cell/experiment.h"

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

// Sizes of an evaluation's images, and what has to be said of them: sizes that are not those of
// the annotations, damaged files, 16-bit and transparent images, JPEGs without their end marker;
// each kind once, counted, with the first. Fails with the first that cannot be read.
struct EvaluatedImages {
  std::vector<datasets::ImageSize> sizes;
  std::vector<std::string> warnings;
};
Result<EvaluatedImages> examine_images(const datasets::Dataset& dataset, int threads);

// A chunk as the network takes it.
struct LoadedChunk {
  std::vector<std::uint8_t> pixels;                  // [images, 3, height, width], 0..255
  std::vector<datasets::Letterboxed> owned;          // those that the loader's cache does not hold
  std::vector<const datasets::Letterboxed*> images;  // one per image of the chunk
};

// Decodes and letterboxes images. One load at a time.
class ChunkLoader {
 public:
  ChunkLoader() = default;
  // `cache_bytes` of letterboxed images are kept for later loads.
  ChunkLoader(std::vector<std::filesystem::path> paths, int image_size, int threads,
              std::int64_t cache_bytes = 0);

  // The loader must outlive what it returns. Fails with the first image that cannot be read.
  Result<LoadedChunk> load(const ImageChunk& chunk);

 private:
  std::vector<std::filesystem::path> paths_;
  int image_size_ = 0, threads_ = 0;
  std::int64_t cache_room_ = 0;
  std::vector<std::optional<datasets::Letterboxed>> cache_;  // of each path
};

// The images of a calibration set in the chunks of an evaluation of them.
struct CalibrationChunks {
  std::vector<ImageChunk> chunks;
  std::size_t image_count = 0;
  ChunkLoader loader;
};
Result<CalibrationChunks> open_calibration_chunks(const CalibrationSet& set,
                                                  const EvaluationOptions& options, int max_stride,
                                                  int threads);

}  // namespace qyolo::harness
