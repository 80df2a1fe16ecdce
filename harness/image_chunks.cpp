#include "harness/image_chunks.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "common/parallel.h"

namespace qyolo::harness {
namespace {

// Input pixels of one forward.
constexpr std::int64_t kForwardPixels = std::int64_t{8} * 384 * 384;

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

Result<std::vector<datasets::ImageSize>> read_image_sizes(
    const std::vector<std::filesystem::path>& paths, int threads) {
  std::vector<datasets::ImageSize> sizes(paths.size());
  QYOLO_CHECK_OK(parallel_try(paths.size(), threads, [&](std::size_t i) -> Status {
    QYOLO_TRY(sizes[i], datasets::read_image_size(paths[i]));
    return {};
  }));
  return sizes;
}

Result<std::vector<std::uint8_t>> load_chunk(
    const std::vector<std::filesystem::path>& paths, const ImageChunk& chunk, int image_size,
    int threads, const std::function<void(const datasets::Letterboxed&)>& see) {
  const std::size_t image_bytes = std::size_t{3} * static_cast<std::size_t>(chunk.height) *
                                  static_cast<std::size_t>(chunk.width);
  std::vector<std::uint8_t> pixels(chunk.images.size() * image_bytes);
  std::vector<datasets::Letterboxed> images(chunk.images.size());
  QYOLO_CHECK_OK(parallel_try(chunk.images.size(), threads, [&](std::size_t i) -> Status {
    datasets::Letterboxed& image = images[i];
    QYOLO_TRY(image, datasets::load_letterboxed(paths[chunk.images[i]], chunk.height, chunk.width,
                                                image_size));
    std::memcpy(pixels.data() + i * image_bytes, image.rgb.data(), image_bytes);
    image.rgb = {};
    return {};
  }));
  if (see) std::ranges::for_each(images, see);
  return pixels;
}

}  // namespace qyolo::harness
