// Image file -> network input: decoding, resizing, padding. Images per second, and bytes of the
// decoded image per second. The images are made here; the file is in the page cache.
//
// A PNG of twice the input's size must become the rounded means of 2 x 2 pixels, exactly; a JPEG
// something near.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <string>
#include <vector>

#include "datasets/image_pipeline.h"

namespace qyolo::datasets {
namespace {

constexpr int kInput = 672;  // side of the network's input: 640 and half a stride of padding
constexpr int kSize = 640;
constexpr std::uint8_t kGrey = 114;

struct Source {
  int width, height;  // no larger than 640, or twice of it
  const char* extension;
  double tolerance;  // of the mean difference
};
constexpr Source kSources[] = {
    {640, 480, ".jpg", 2}, {1280, 960, ".jpg", 2}, {640, 480, ".png", 0}, {1280, 960, ".png", 0}};

// A smooth scene with some texture, as photographs have it; B, G, R.
cv::Mat scene(const Source& source) {
  cv::Mat image(source.height, source.width, CV_8UC3);
  for (int y = 0; y < image.rows; ++y) {
    for (int x = 0; x < image.cols; ++x) {
      for (int c = 0; c < 3; ++c) {
        const double wave = std::sin(x * 0.011 * (c + 1)) * std::cos(y * 0.017) +
                            0.2 * std::sin(x * 0.31 + y * 0.27);
        image.at<cv::Vec3b>(y, x)[c] = static_cast<std::uint8_t>(128 + 100 * wave);
      }
    }
  }
  return image;
}

// The value that the input must have; R, G, B.
int expected(const cv::Mat& image, int c, int y, int x) {
  const int scale = image.cols / kSize;
  const int height = image.rows / scale;
  const int row = y - (kInput - height) / 2, column = x - (kInput - kSize) / 2;
  if (row < 0 || row >= height || column < 0 || column >= kSize) return kGrey;
  const auto pixel = [&](int dy, int dx) {
    return int{image.at<cv::Vec3b>(row * scale + dy, column * scale + dx)[2 - c]};
  };
  if (scale == 1) return pixel(0, 0);
  return (pixel(0, 0) + pixel(0, 1) + pixel(1, 0) + pixel(1, 1) + 2) / 4;
}

double mean_difference(const Letterboxed& loaded, const cv::Mat& image) {
  double sum = 0;
  std::size_t i = 0;
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < kInput; ++y) {
      for (int x = 0; x < kInput; ++x, ++i)
        sum += std::abs(int{loaded.rgb[i]} - expected(image, c, y, x));
    }
  }
  return sum / static_cast<double>(i);
}

void load_image(benchmark::State& state) {
  const Source& source = kSources[static_cast<std::size_t>(state.range(0))];
  const cv::Mat image = scene(source);
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() /
      ("qyolo-image-benchmark-" + std::to_string(getpid()) + source.extension);
  if (!cv::imwrite(path.string(), image)) {
    state.SkipWithError("the image cannot be written");
    return;
  }
  const auto loaded = load_letterboxed(path, kInput, kInput, kSize);
  if (!loaded || !(mean_difference(*loaded, image) <= source.tolerance)) {
    state.SkipWithError("the input differs from the image");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(load_letterboxed(path, kInput, kInput, kSize));
  std::filesystem::remove(path);
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * 3 * source.width * source.height);
  state.SetLabel(std::to_string(source.width) + " x " + std::to_string(source.height) +
                 source.extension);
}

BENCHMARK(load_image)->DenseRange(0, 3)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace qyolo::datasets
