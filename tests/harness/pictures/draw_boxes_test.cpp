#include "harness/pictures/draw_boxes.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

using ::qyolo::testing::TemporaryFolder;

// A grey picture with one box in its middle, as it is written.
cv::Mat drawn(int width, int height) {
  const TemporaryFolder folder;
  datasets::Picture picture{width, height, {}};
  picture.bgr.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3, 128);
  const LabelledBox box{{width / 4.0, height / 4.0, width / 2.0, height / 2.0}, 0.9, 0, "nut"};
  const auto out = folder.path() / "drawn.png";
  EXPECT_TRUE(draw_boxes_on(picture, "grey", {box}, out).ok());
  return cv::imread(out.string());
}

// How many pixels in a row, or a column, are not grey.
int changed(const cv::Mat& pixels) {
  int count = 0;
  for (int y = 0; y < pixels.rows; ++y) {
    for (int x = 0; x < pixels.cols; ++x) {
      const auto& pixel = pixels.at<cv::Vec3b>(y, x);
      count += std::abs(pixel[0] - 128) + std::abs(pixel[2] - 128) > 60 ? 1 : 0;
    }
  }
  return count;
}

TEST(DrawBoxes, LinesAndLabelsGrowWithThePicture) {
  const cv::Mat small = drawn(320, 240), large = drawn(4000, 3000);
  ASSERT_FALSE(small.empty());
  ASSERT_FALSE(large.empty());
  // The lower edge of the box: thickness of its line.
  const int thin = changed(small.col(160).rowRange(160, 240));
  const int thick = changed(large.col(2000).rowRange(2000, 3000));
  EXPECT_GE(thin, 1);
  EXPECT_LE(thin, 3);
  EXPECT_GE(thick, 6);
  EXPECT_LE(thick, 14);
  // The label above it, at the box's left edge.
  const int low = changed(small.col(82).rowRange(0, 60)),
            high = changed(large.col(1020).rowRange(0, 740));
  EXPECT_GE(low, 12);
  EXPECT_LE(low, 30);
  EXPECT_GE(high, 60);
  EXPECT_LE(high, 200);
}

}  // namespace
}  // namespace qyolo::harness
