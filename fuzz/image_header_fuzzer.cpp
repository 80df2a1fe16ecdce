// Image headers, against the decoder: where both know a size, it is the same.
#include <opencv2/imgcodecs.hpp>

#include "datasets/image_header.h"
#include "datasets/jpeg_scan.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qyolo;
  constexpr int kMostSide = 1024;  // larger ones take the decoder's time only
  const auto bytes = std::as_bytes(std::span(data, size));
  (void)datasets::exif_orientation(bytes);
  const auto header = datasets::parse_image_header(bytes);
  if (!header.ok()) return 0;
  (void)datasets::is_complete(bytes, *header);
  if (header->stored.width > kMostSide || header->stored.height > kMostSide) return 0;
  if (header->format == datasets::ImageFormat::kPng) {
    (void)datasets::png_damage(bytes);
    (void)datasets::needed_chunks(bytes);
  }
  if (header->format == datasets::ImageFormat::kJpeg) {
    (void)datasets::examine_jpeg(bytes);
    (void)datasets::decode_jpeg(bytes, *header);
  }
  const bool compared = header->size.width > 0 && (header->format == datasets::ImageFormat::kJpeg ||
                                                   header->format == datasets::ImageFormat::kPng);
  if (!compared) return 0;
  const cv::Mat encoded(1, static_cast<int>(size), CV_8U, const_cast<std::uint8_t*>(data));
  cv::Mat image;
  try {
    image = cv::imdecode(encoded, cv::IMREAD_COLOR);
  } catch (const cv::Exception&) {
    return 0;
  }
  if (!image.empty())
    fuzz::require(image.cols == header->size.width && image.rows == header->size.height);
  return 0;
}
