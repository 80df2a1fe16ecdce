// Like contact_sheet.cpp, and nothing else in harness/, it includes OpenCV.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "common/file.h"
#include "datasets/image_decoding.h"
#include "harness/pictures/draw_boxes.h"

namespace qyolo::harness {

namespace {

// Capital letters are about 21 pixels high at scale 1.
constexpr double kPixelsOfScaleOne = 21;
// Of the picture's shorter side; at least so many pixels, so that small pictures can be read, too.
constexpr double kTextShare = 0.021, kLeastText = 9;

// Text on a box's label: dark on light colours.
cv::Scalar ink_on(const cv::Scalar& colour) {
  const double light = 0.114 * colour[0] + 0.587 * colour[1] + 0.299 * colour[2];
  return light > 140 ? cv::Scalar(20, 20, 20) : cv::Scalar(255, 255, 255);
}

void draw_on(cv::Mat& picture, const std::vector<LabelledBox>& boxes) {
  // Okabe & Ito's colour-blind safe palette, BGR.
  const std::array<cv::Scalar, 8> palette = {cv::Scalar(178, 114, 0), cv::Scalar(0, 94, 213),
                                             cv::Scalar(115, 158, 0), cv::Scalar(167, 121, 204),
                                             cv::Scalar(0, 159, 230), cv::Scalar(233, 180, 86),
                                             cv::Scalar(0, 150, 170), cv::Scalar(40, 40, 40)};
  // Everything grows with the picture: lines, letters and their strokes.
  const double height = std::max(kLeastText, kTextShare * std::min(picture.cols, picture.rows));
  const double unit = height / kPixelsOfScaleOne;
  const int line = std::max(1, static_cast<int>(std::lround(2.5 * unit)));
  const int stroke = std::max(1, static_cast<int>(std::lround(1.6 * unit)));
  const int room = stroke + std::max(1, static_cast<int>(std::lround(3 * unit)));
  for (auto box = boxes.rbegin(); box != boxes.rend(); ++box) {  // the most certain on top
    const cv::Scalar colour = palette[static_cast<std::size_t>(box->class_index) % palette.size()];
    const cv::Rect2d area(box->bbox[0], box->bbox[1], box->bbox[2], box->bbox[3]);
    cv::rectangle(picture, area, colour, line, cv::LINE_AA);
    const std::string text = fmt::format("{} {:.2f}", box->name, box->score);
    int below = 0;
    const cv::Size size = cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, unit, stroke, &below);
    const cv::Size label(size.width + 2 * room, size.height + below + 2 * room);
    // Above the box, moved into the picture where it would be cut off.
    const cv::Point corner(
        std::max(0, std::min(static_cast<int>(area.x), picture.cols - label.width)),
        std::max(static_cast<int>(area.y), label.height));
    cv::rectangle(picture, {corner.x, corner.y - label.height}, {corner.x + label.width, corner.y},
                  colour, cv::FILLED);
    cv::putText(picture, text, {corner.x + room, corner.y - room - below}, cv::FONT_HERSHEY_SIMPLEX,
                unit, ink_on(colour), stroke, cv::LINE_AA);
  }
}

Status draw_and_write(cv::Mat& picture, const std::string& name,
                      const std::vector<LabelledBox>& boxes, const std::filesystem::path& out) {
  try {
    draw_on(picture, boxes);
    std::vector<std::uint8_t> encoded;
    if (!cv::imencode(out.extension().string(), picture, encoded))
      return error("{} cannot be encoded", out.string());
    return write_file(out, {reinterpret_cast<const char*>(encoded.data()), encoded.size()});
  } catch (const cv::Exception& failure) {
    return error("{} cannot be drawn to {}: {}", name, out.string(), failure.err);
  }
}

}  // namespace

Status draw_boxes(const std::filesystem::path& image, const std::vector<LabelledBox>& boxes,
                  const std::filesystem::path& out) {
  QYOLO_TRY(cv::Mat picture, datasets::decode_image(image));
  return draw_and_write(picture, image.string(), boxes, out);
}

Status draw_boxes_on(const datasets::Picture& picture, const std::string& name,
                     const std::vector<LabelledBox>& boxes, const std::filesystem::path& out) {
  cv::Mat pixels =
      cv::Mat(picture.height, picture.width, CV_8UC3, const_cast<std::uint8_t*>(picture.bgr.data()))
          .clone();
  return draw_and_write(pixels, name, boxes, out);
}

}  // namespace qyolo::harness
