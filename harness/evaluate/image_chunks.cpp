#include "harness/evaluate/image_chunks.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "common/parallel.h"
#include "datasets/image_folder.h"
#include "datasets/image_header.h"

namespace qyolo::harness {
namespace {

// Input pixels of one forward.
constexpr std::int64_t kForwardPixels = std::int64_t{8} * 384 * 384;

// One per path; fails with the first that cannot be read.
Result<std::vector<datasets::ImageSize>> read_image_sizes(
    const std::vector<std::filesystem::path>& paths, int threads) {
  std::vector<datasets::ImageSize> sizes(paths.size());
  QYOLO_CHECK_OK(parallel_try(paths.size(), threads, [&](std::size_t i) -> Status {
    QYOLO_TRY(sizes[i], datasets::read_image_size(paths[i]));
    return {};
  }));
  return sizes;
}

}  // namespace

std::vector<ImageChunk> cut_into_chunks(const std::vector<datasets::RectBatch>& batches) {
  std::vector<ImageChunk> chunks;
  for (const datasets::RectBatch& batch : batches) {
    const std::int64_t pixels = std::int64_t{batch.height} * batch.width;
    const auto most = static_cast<std::size_t>(std::max<std::int64_t>(1, kForwardPixels / pixels));
    for (std::size_t i = 0; i < batch.images.size(); i += most) {
      const auto begin = batch.images.begin() + static_cast<std::ptrdiff_t>(i);
      const auto end = batch.images.begin() +
                       static_cast<std::ptrdiff_t>(std::min(i + most, batch.images.size()));
      chunks.push_back({{begin, end}, batch.height, batch.width});
    }
  }
  return chunks;
}

namespace {

// How many images something is true of, and of which first.
struct Tally {
  std::size_t count = 0;
  std::size_t first = 0;
  void add(std::size_t i) {
    if (count++ == 0) first = i;
  }
};

}  // namespace

Result<EvaluatedImages> examine_images(const datasets::Dataset& dataset, int threads) {
  const std::vector<std::filesystem::path>& paths = dataset.image_paths;
  EvaluatedImages images;
  images.sizes.resize(paths.size());
  std::vector<datasets::ImageFacts> facts(paths.size());
  std::vector<datasets::ImageDamage> damages(paths.size());
  QYOLO_CHECK_OK(parallel_try(paths.size(), threads, [&](std::size_t i) -> Status {
    QYOLO_TRY(facts[i], datasets::read_image_facts(paths[i]));
    images.sizes[i] = facts[i].header.size;
    // The first is always read by what decodes it, so that its absence is known from the start.
    if (i == 0 || images.sizes[i].width == 0) {
      QYOLO_TRY(images.sizes[i], datasets::read_image_size(paths[i]));
    }
    // What cannot be decoded is said where it is; only these two are read in spite of damage.
    const datasets::ImageFormat format = facts[i].header.format;
    if (format != datasets::ImageFormat::kJpeg && format != datasets::ImageFormat::kPng) return {};
    if (auto damage = datasets::examine_image(paths[i]); damage.ok()) damages[i] = *damage;
    return {};
  }));
  Tally damaged, other_size, sixteen_bit, alpha, unended;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const ImageInfo& info = dataset.truth.images[i];
    const datasets::ImageSize& size = images.sizes[i];
    if (info.width > 0 && info.height > 0 &&
        (info.width != size.width || info.height != size.height))
      other_size.add(i);
    if (facts[i].header.sixteen_bit) sixteen_bit.add(i);
    if (facts[i].header.alpha) alpha.add(i);
    if (!facts[i].complete) unended.add(i);
    if (damages[i].count > 0) damaged.add(i);
  }
  const auto warn = [&](const Tally& tally, std::string_view what, const std::string& more) {
    if (tally.count == 0) return;
    images.warnings.push_back(fmt::format("{} of {} images {}, the first is {}{}", tally.count,
                                          paths.size(), what, paths[tally.first].string(), more));
  };
  if (other_size.count > 0) {
    const ImageInfo& info = dataset.truth.images[other_size.first];
    const datasets::ImageSize& size = images.sizes[other_size.first];
    warn(other_size, "have another size in the annotations than in their file",
         fmt::format(": {} x {} in the annotations, {} x {} in the file; boxes are taken as they "
                     "stand",
                     info.width, info.height, size.width, size.height));
  }
  if (damaged.count > 0) {
    const datasets::ImageDamage& damage = damages[damaged.first];
    warn(damaged, "are damaged and decoded all the same, to whatever their data gives",
         fmt::format(": {}{}", damage.first,
                     damage.count > 1 ? fmt::format(" ({} such places)", damage.count) : ""));
  }
  warn(sixteen_bit, "have more than 8 bits per channel, of which the upper 8 are used", "");
  warn(alpha, "have an alpha channel, which is left out", "");
  warn(unended,
       "lack the JPEG's end marker (FF D9); they are decoded where no scan line is missing", "");
  return images;
}

ChunkLoader::ChunkLoader(std::vector<std::filesystem::path> paths, int image_size, int threads,
                         std::int64_t cache_bytes)
    : paths_(std::move(paths)),
      image_size_(image_size),
      threads_(threads),
      cache_room_(cache_bytes),
      cache_(paths_.size()) {}

Result<LoadedChunk> ChunkLoader::load(const ImageChunk& chunk) {
  const std::size_t count = chunk.images.size();
  const std::size_t image_bytes = std::size_t{3} * static_cast<std::size_t>(chunk.height) *
                                  static_cast<std::size_t>(chunk.width);
  LoadedChunk loaded;
  loaded.pixels.resize(count * image_bytes);
  loaded.owned.resize(count);
  QYOLO_CHECK_OK(parallel_try(count, threads_, [&](std::size_t i) -> Status {
    const std::optional<datasets::Letterboxed>& cached = cache_[chunk.images[i]];
    if (!cached) {
      QYOLO_TRY(loaded.owned[i], datasets::load_letterboxed(paths_[chunk.images[i]], chunk.height,
                                                            chunk.width, image_size_));
    }
    const datasets::Letterboxed& image = cached ? *cached : loaded.owned[i];
    std::memcpy(loaded.pixels.data() + i * image_bytes, image.rgb.data(), image_bytes);
    return {};
  }));
  for (std::size_t i = 0; i < count; ++i) {
    std::optional<datasets::Letterboxed>& cached = cache_[chunk.images[i]];
    if (!cached && cache_room_ >= static_cast<std::int64_t>(image_bytes)) {
      cache_room_ -= static_cast<std::int64_t>(image_bytes);
      cached = std::move(loaded.owned[i]);
    }
    loaded.owned[i].rgb = {};
    loaded.images.push_back(cached ? &*cached : &loaded.owned[i]);
  }
  return loaded;
}

Result<CalibrationChunks> open_calibration_chunks(const CalibrationSet& set,
                                                  const EvaluationOptions& options, int max_stride,
                                                  int threads) {
  QYOLO_TRY(datasets::ImageFolder folder, datasets::open_image_folder(set.images, set.limit));
  QYOLO_TRY(const auto sizes, read_image_sizes(folder.images, threads));
  const datasets::PipelineOptions pipeline{options.image_size, datasets::grid_of(max_stride),
                                           options.batch, options.rect};
  return CalibrationChunks{cut_into_chunks(datasets::rect_batches(sizes, pipeline)),
                           folder.images.size(),
                           {std::move(folder.images), options.image_size, threads}};
}

}  // namespace qyolo::harness
