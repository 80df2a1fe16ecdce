#include "harness/pictures/source_images.h"

#include <opencv2/imgcodecs.hpp>
#include <string>

#include "datasets/image_pipeline.h"

namespace qyolo::harness {

SourceImages::SourceImages(const Diff& diff, const std::filesystem::path& folder)
    : diff_(diff), folder_(folder), finder_(folder) {}

Result<cv::Mat> SourceImages::load(std::int64_t image_id) {
  const std::string name = diff_.image_name(image_id);
  const datasets::ImageFile file = finder_.find(name);
  if (file.state != datasets::ImageFile::State::kFound)
    return error("{}: the image {} {}", folder_.string(), name, datasets::text_of(file.state));
  // Refuses giants.
  QYOLO_TRY([[maybe_unused]] const auto size, datasets::read_image_size(file.path));
  cv::Mat picture = cv::imread(file.path.string(), cv::IMREAD_COLOR);
  if (picture.empty()) return error("{} cannot be decoded as an image", file.path.string());
  return picture;
}

}  // namespace qyolo::harness
