#include "harness/evaluate/image_chunks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/evaluate/quantize_files.h"
#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

using ::testing::HasSubstr;

TEST(Chunks, HoldAllImagesInOrderAndFewPixels) {
  datasets::RectBatch batch;
  for (std::size_t i = 0; i < 20; ++i) batch.images.push_back(i);
  batch.height = batch.width = 384;
  const auto chunks = cut_into_chunks({batch});
  std::vector<std::size_t> images;
  for (const ImageChunk& chunk : chunks) {
    EXPECT_LE(chunk.images.size(), 8U);
    EXPECT_EQ(chunk.height, 384);
    images.insert(images.end(), chunk.images.begin(), chunk.images.end());
  }
  EXPECT_EQ(images, batch.images);
  batch.height = batch.width = 4096;  // more than a chunk is to have: one by one
  EXPECT_EQ(cut_into_chunks({batch}).size(), 20U);
}

CalibrationSet some_images(int limit) {
  return {testing::source_dir() / "datasets/parts/calib/images", limit};
}

TEST(ChunkLoader, GivesTheSamePixelsFromItsCache) {
  EvaluationOptions options;
  options.image_size = 64;
  auto opened = open_calibration_chunks(some_images(3), options, 32, 1);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(opened->image_count, 3U);
  const ImageChunk& chunk = opened->chunks.front();
  const auto plain = opened->loader.load(chunk);
  ASSERT_TRUE(plain.ok()) << plain.error().message;
  EXPECT_EQ(plain->pixels.size(), chunk.images.size() * 3 * static_cast<std::size_t>(chunk.height) *
                                      static_cast<std::size_t>(chunk.width));
  EXPECT_EQ(plain->images.size(), chunk.images.size());
  EXPECT_GT(plain->images.front()->ratio_y, 0);

  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(some_images(0).images))
    paths.push_back(entry.path());
  std::ranges::sort(paths);
  // There is room for one image.
  ChunkLoader cached(paths, 64, 1, std::int64_t{3} * chunk.height * chunk.width);
  for (int time = 0; time < 2; ++time) {
    const auto loaded = cached.load(chunk);
    ASSERT_TRUE(loaded.ok());
    EXPECT_EQ(loaded->pixels, plain->pixels) << time;
    EXPECT_EQ(loaded->images.back()->pad_y, plain->images.back()->pad_y);
  }
}

TEST(ChunkLoader, NamesAnImageThatCannotBeRead) {
  ChunkLoader loader({"/nowhere/a.png"}, 64, 1);
  const auto loaded = loader.load({{0}, 64, 64});
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.error().message, HasSubstr("/nowhere/a.png"));
}

QuantizeRequest some_request(const std::filesystem::path& artifact) {
  QuantizeRequest request;
  request.model = testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt";
  request.cell = *read_cell({{"scheme", "affine"}, {"bits", 4}, {"granularity", "filter"}}, "test");
  request.artifact = artifact;
  request.threads = 1;
  return request;
}

TEST(QuantizeFiles, WriteAnArtifactAndSayWhatIsInIt) {
  const testing::TemporaryFolder folder;
  const QuantizeRequest request = some_request(folder.path() / "a.safetensors");
  const auto report = quantize_files(request, {});
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_GT(report->quantized, 0U);
  EXPECT_EQ(report->kept, 0U);
  ASSERT_TRUE(report->sizes);
  EXPECT_EQ(std::filesystem::file_size(request.artifact),
            report->sizes->header + report->sizes->data);
  EXPECT_THAT(quantize_text(request, *report), HasSubstr("affine 4-bit filter"));
}

TEST(QuantizeFiles, RefuseWhatAnArtifactCannotHold) {
  EXPECT_THAT(quantize_files(some_request(""), {}).error().message, HasSubstr("nothing to write"));
  QuantizeRequest request = some_request("/nowhere/a.safetensors");
  request.cell.baseline = true;
  EXPECT_THAT(quantize_files(request, {}).error().message, HasSubstr("--scheme is missing"));
}

}  // namespace
}  // namespace qyolo::harness
