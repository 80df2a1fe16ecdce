#include "harness/pictures/source_images.h"

#include <string>

#include "datasets/image_decoding.h"

namespace qyolo::harness {

SourceImages::SourceImages(const Diff& diff, const std::filesystem::path& folder)
    : diff_(diff), folder_(folder), finder_(folder) {}

Result<cv::Mat> SourceImages::load(std::int64_t image_id) {
  const std::string name = diff_.image_name(image_id);
  const datasets::ImageFile file = finder_.find(name);
  if (file.state != datasets::ImageFile::State::kFound)
    return error("{}: the image {} {}", folder_.string(), name, datasets::text_of(file.state));
  return datasets::decode_image(file.path);
}

}  // namespace qyolo::harness
