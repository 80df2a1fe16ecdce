#include "harness/pictures/crops.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "common/file.h"
#include "datasets/image_files.h"
#include "datasets/image_pipeline.h"
#include "harness/pictures/picture_colours.h"

namespace qyolo::harness {
namespace {

namespace fs = std::filesystem;

constexpr double kSurroundings = 0.7;  // of the box's longer side, added on every side
constexpr double kSmallestSide = 48;   // pixels of the image
constexpr int kWidth = 264, kHeight = 198;
constexpr int kCropQuality = 84;

struct Subject {
  Crop crop;
  std::int64_t image_id = 0;
  BoxXywh box{};
};

std::vector<Subject> subjects_of(const Diff& diff, bool missed) {
  std::vector<Subject> subjects;
  const auto start = [&](const metrics::ImageChanges& image, std::int64_t category) {
    Subject subject;
    subject.crop.missed = missed;
    subject.crop.class_name = diff.class_name(category);
    subject.crop.image = diff.image_name(image.image_id);
    subject.image_id = image.image_id;
    return subject;
  };
  for (const metrics::ImageChanges& image : diff.changes.images) {
    for (const metrics::SeenObject& object : image.objects) {
      if (!missed || !object.newly_missed()) continue;
      const Annotation& truth = diff.truth.annotations[object.annotation];
      Subject subject = start(image, truth.category_id);
      subject.box = truth.bbox;
      subject.crop.score = diff.baseline[*object.baseline_detection].score;
      if (object.flipped())
        subject.crop.shown_as = diff.class_name(diff.other[*object.other_detection].category_id);
      subjects.push_back(std::move(subject));
    }
    for (const metrics::FalseDetection& one : image.false_detections) {
      if (missed || !one.newly_false()) continue;
      Subject subject = start(image, one.category_id);
      subject.box = diff.other[*one.other_detection].bbox;
      subject.crop.score = diff.other[*one.other_detection].score;
      subjects.push_back(std::move(subject));
    }
  }
  std::ranges::stable_sort(subjects, std::greater<>(),
                           [](const Subject& subject) { return subject.crop.score; });
  return subjects;
}

// A window of the pictures' shape around the box, inside the image where that is large enough.
cv::Rect2d window_around(const BoxXywh& box, const cv::Size& image) {
  const double margin = 2 * kSurroundings * std::max(box[2], box[3]);
  double width = std::max(box[2] + margin, kSmallestSide);
  double height = std::max(box[3] + margin, kSmallestSide);
  constexpr double kShape = static_cast<double>(kWidth) / kHeight;
  width = std::max(width, height * kShape);
  height = width / kShape;
  const auto place = [](double centre, double size, double whole) {
    if (size >= whole) return (whole - size) / 2;
    return std::clamp(centre - size / 2, 0.0, whole - size);
  };
  return {place(box[0] + box[2] / 2, width, image.width),
          place(box[1] + box[3] / 2, height, image.height), width, height};
}

void draw_sides(cv::Mat& picture, const cv::Rect& box, const cv::Scalar& colour, int thickness,
                bool dashed) {
  if (!dashed) {
    cv::rectangle(picture, box, colour, thickness);
    return;
  }
  constexpr int kDash = 8, kPeriod = 13;
  for (int x = box.x; x < box.br().x; x += kPeriod) {
    const int end = std::min(x + kDash, box.br().x - 1);
    cv::line(picture, {x, box.y}, {end, box.y}, colour, thickness);
    cv::line(picture, {x, box.br().y - 1}, {end, box.br().y - 1}, colour, thickness);
  }
  for (int y = box.y; y < box.br().y; y += kPeriod) {
    const int end = std::min(y + kDash, box.br().y - 1);
    cv::line(picture, {box.x, y}, {box.x, end}, colour, thickness);
    cv::line(picture, {box.br().x - 1, y}, {box.br().x - 1, end}, colour, thickness);
  }
}

cv::Mat draw(const cv::Mat& image, const Subject& subject) {
  const cv::Rect2d window = window_around(subject.box, image.size());
  const double scale = kWidth / window.width;
  cv::Mat source = image;
  double rest = scale;  // after the image was made smaller, which warpAffine() does not do well
  if (scale < 1) {
    cv::resize(image, source, {}, scale, scale, cv::INTER_AREA);
    rest = 1;
  }
  const cv::Matx23d map(rest, 0, -window.x * scale, 0, rest, -window.y * scale);
  cv::Mat picture;
  cv::warpAffine(source, picture, map, {kWidth, kHeight}, cv::INTER_CUBIC, cv::BORDER_CONSTANT,
                 cv::Scalar(128, 128, 128));
  const auto at = [&](double value, double origin, int size) {
    return std::clamp(static_cast<int>(std::lround((value - origin) * scale)), 1, size - 2);
  };
  const BoxXywh& box = subject.box;
  const cv::Point from(at(box[0], window.x, kWidth), at(box[1], window.y, kHeight));
  const cv::Point to(at(box[0] + box[2], window.x, kWidth), at(box[1] + box[3], window.y, kHeight));
  const cv::Rect place(from, to + cv::Point(1, 1));
  const bool missed = subject.crop.missed;
  draw_sides(picture, place, kWhite, 4, missed);
  draw_sides(picture, place, missed ? kVermillion : kBlue, 2, missed);
  return picture;
}

Status render(SourceImages& images, Subject& subject) {
  try {
    QYOLO_TRY(const cv::Mat image, images.load(subject.image_id));
    const cv::Mat picture = draw(image, subject);
    std::vector<std::uint8_t> bytes;
    if (!cv::imencode(".jpg", picture, bytes, {cv::IMWRITE_JPEG_QUALITY, kCropQuality}))
      return error("{} cannot be encoded", subject.crop.image);
    subject.crop.jpeg.assign(bytes.begin(), bytes.end());
    subject.crop.width = picture.cols;
    subject.crop.height = picture.rows;
  } catch (const cv::Exception& failure) {
    return error("{} cannot be drawn: {}", subject.crop.image, failure.err);
  }
  return {};
}

}  // namespace

Result<std::vector<Crop>> draw_crops(const Diff& diff, std::size_t count, const fs::path& images) {
  std::vector<Crop> crops;
  SourceImages source(diff, images);
  for (const bool missed : {true, false}) {
    std::size_t drawn = 0;
    for (Subject& subject : subjects_of(diff, missed)) {
      if (drawn == count) break;
      if (!render(source, subject).ok()) continue;
      crops.push_back(std::move(subject.crop));
      ++drawn;
    }
  }
  return crops;
}

}  // namespace qyolo::harness
