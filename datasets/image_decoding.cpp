// The decoding half of image_pipeline.h: the only source of datasets/ that includes OpenCV.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <new>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <span>
#include <vector>

#include "common/file.h"
#include "datasets/image_decoding.h"
#include "datasets/image_header.h"
#include "datasets/image_pipeline.h"
#include "datasets/jpeg_scan.h"

namespace qyolo::datasets {
namespace fs = std::filesystem;

namespace {

constexpr std::uint8_t kPadding = 114;
constexpr std::size_t kMaxFileBytes = std::size_t{1} << 30;

// The one place that configures OpenCV for the process: callers work on several images at once, so
// its own threads would only compete, and a library does not print.
void configure_opencv() {
  [[maybe_unused]] static const bool once = [] {
    cv::setNumThreads(1);
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    return true;
  }();
}

struct OpenedImage {
  MappedFile file;
  ImageHeader header;
};

Result<OpenedImage> open_image(const fs::path& path) {
  QYOLO_TRY(MappedFile file, MappedFile::open(path));
  if (file.bytes().empty()) return error("{} is empty, expected an image", path.string());
  if (file.bytes().size() > kMaxFileBytes) {
    return error("{} has {} bytes, expected an image of at most {}", path.string(),
                 file.bytes().size(), kMaxFileBytes);
  }
  auto header = parse_image_header(file.bytes());
  if (!header) return error("{} cannot be read: {}", path.string(), header.error().message);
  if (const Status fits = check_pixels(*header); !fits.ok())
    return error("{} is {}", path.string(), fits.error().message);
  return OpenedImage{std::move(file), *header};
}

Error undecodable(const fs::path& path, std::string_view why) {
  return error("{} cannot be decoded: {}", path.string(), why);
}

// As OpenCV turns what it decodes.
void turn_upright(cv::Mat& picture, int orientation) {
  if (orientation >= 5) cv::transpose(picture, picture);
  constexpr int kBoth = -1, kUpsideDown = 0, kMirrored = 1;
  if (orientation == 2 || orientation == 6) cv::flip(picture, picture, kMirrored);
  if (orientation == 3 || orientation == 7) cv::flip(picture, picture, kBoth);
  if (orientation == 4 || orientation == 8) cv::flip(picture, picture, kUpsideDown);
}

Result<cv::Mat> decode_by_opencv(const fs::path& path, std::span<const std::byte> bytes) {
  try {
    const cv::Mat encoded(1, static_cast<int>(bytes.size()), CV_8UC1,
                          const_cast<std::byte*>(bytes.data()));
    cv::Mat pixels = cv::imdecode(encoded, cv::IMREAD_COLOR);
    if (!pixels.empty()) return pixels;
  } catch (const cv::Exception& failure) {
    if (failure.code == cv::Error::StsNoMem) throw;
    return undecodable(path, failure.err);
  }
  return undecodable(path, "it is damaged or not an image");
}

constexpr std::string_view kTruncated = "it is truncated";

// One that only lacks its end marker is whole: libjpeg had data for every block.
Status check_scan(const fs::path& path, const JpegScan& scan, bool complete) {
  if (!complete && scan.warnings > 0) return undecodable(path, kTruncated);
  return {};
}

Result<cv::Mat> decode_jpeg_file(const fs::path& path, const OpenedImage& image, bool complete) {
  auto decoded = decode_jpeg(image.file.bytes(), image.header);
  if (!decoded.ok()) return undecodable(path, complete ? decoded.error().message : kTruncated);
  if (!*decoded) {  // CMYK
    QYOLO_TRY(const JpegScan scan, examine_jpeg(image.file.bytes()));
    QYOLO_CHECK_OK(check_scan(path, scan, complete));
    return decode_by_opencv(path, image.file.bytes());
  }
  QYOLO_CHECK_OK(check_scan(path, (*decoded)->scan, complete));
  const ImageSize& size = image.header.stored;
  cv::Mat pixels(size.height, size.width, CV_8UC3, (*decoded)->bgr.data());
  if (image.header.orientation == 1) return pixels.clone();
  turn_upright(pixels, image.header.orientation);
  return pixels.clone();
}

// BGR, turned upright. Prints nothing, whatever the file holds: what decoders would complain about
// on stderr is found, or left out, before.
Result<cv::Mat> decode(const fs::path& path, const OpenedImage& image) {
  configure_opencv();
  const auto bytes = image.file.bytes();
  const bool complete = is_complete(bytes, image.header);
  if (image.header.format == ImageFormat::kJpeg) return decode_jpeg_file(path, image, complete);
  if (!complete) return undecodable(path, kTruncated);
  if (image.header.format != ImageFormat::kPng) return decode_by_opencv(path, bytes);
  const PngDamage damage = png_damage(bytes);
  if (damage.critical)
    return undecodable(path, fmt::format("the checksum of its {} chunk is wrong", damage.first));
  return decode_by_opencv(path, needed_chunks(bytes));
}

// The official load_image: the long side becomes `image_size`, the sides are truncated.
Result<cv::Mat> resize_long_side(const fs::path& path, const cv::Mat& image, int image_size) {
  const double ratio = static_cast<double>(image_size) / std::max(image.rows, image.cols);
  if (ratio == 1) return image;
  const cv::Size size(static_cast<int>(image.cols * ratio), static_cast<int>(image.rows * ratio));
  if (size.empty()) {
    return error("{} is {} x {} pixels: nothing is left of its short side at a long side of {}",
                 path.string(), image.cols, image.rows, image_size);
  }
  cv::Mat resized;
  cv::resize(image, resized, size, 0, 0, ratio < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
  return resized;
}

// Copies interleaved BGR rows into RGB planes, with the first pixel at (top, left).
void copy_to_planes(const cv::Mat& bgr, int top, int left, Letterboxed& out) {
  const auto width = static_cast<std::size_t>(out.width);
  const std::size_t plane = width * static_cast<std::size_t>(out.height);
  for (int y = 0; y < bgr.rows; ++y) {
    const std::uint8_t* source = bgr.ptr<std::uint8_t>(y);
    const std::size_t row =
        static_cast<std::size_t>(top + y) * width + static_cast<std::size_t>(left);
    std::uint8_t* red = out.rgb.data() + row;
    std::uint8_t* green = red + plane;
    std::uint8_t* blue = green + plane;
    for (int x = 0; x < bgr.cols; ++x) {
      blue[x] = source[3 * x];
      green[x] = source[3 * x + 1];
      red[x] = source[3 * x + 2];
    }
  }
}

Result<Letterboxed> letterboxed(const fs::path& path, const cv::Mat& original, int height,
                                int width, int image_size) {
  QYOLO_TRY(const cv::Mat resized, resize_long_side(path, original, image_size));
  if (resized.rows > height || resized.cols > width) {
    return error("{} is {} x {} pixels at image size {}, which does not fit its batch's {} x {}",
                 path.string(), resized.cols, resized.rows, image_size, width, height);
  }
  Letterboxed out;
  out.height = height;
  out.width = width;
  out.image_height = original.rows;
  out.image_width = original.cols;
  out.ratio_y = static_cast<double>(resized.rows) / original.rows;
  out.ratio_x = static_cast<double>(resized.cols) / original.cols;
  out.pad_y = (height - resized.rows) / 2.0;
  out.pad_x = (width - resized.cols) / 2.0;
  out.rgb.assign(3 * static_cast<std::size_t>(height) * static_cast<std::size_t>(width), kPadding);
  copy_to_planes(resized, static_cast<int>(std::lround(out.pad_y - 0.1)),
                 static_cast<int>(std::lround(out.pad_x - 0.1)), out);
  return out;
}

Status check_input(const fs::path& path, int height, int width, int image_size) {
  if (height > 0 && width > 0 && image_size > 0) return {};
  return error("{}: an input of {} x {} pixels at image size {}, expected positive sizes",
               path.string(), width, height, image_size);
}

// Of OpenCV's complaints one is about memory, and says nothing of the image.
template <class Body>
auto with_memory(const Body& body) -> decltype(body()) {
  try {
    return body();
  } catch (const cv::Exception& failure) {
    if (failure.code == cv::Error::StsNoMem) throw std::bad_alloc();
    throw;
  }
}

}  // namespace

Result<ImageSize> read_image_size(const fs::path& path) {
  QYOLO_TRY(const OpenedImage image, open_image(path));
  if (image.header.size.width > 0) return image.header.size;
  QYOLO_TRY(const cv::Mat pixels, decode(path, image));
  return ImageSize{pixels.cols, pixels.rows};
}

Result<cv::Mat> decode_image(const fs::path& path) {
  QYOLO_TRY(const OpenedImage image, open_image(path));
  return decode(path, image);
}

Result<ImageDamage> examine_image(const fs::path& path) {
  QYOLO_TRY(const OpenedImage image, open_image(path));
  const auto bytes = image.file.bytes();
  const bool complete = is_complete(bytes, image.header);
  if (image.header.format == ImageFormat::kJpeg) {
    auto scan = examine_jpeg(bytes);
    if (!scan.ok()) return undecodable(path, complete ? scan.error().message : kTruncated);
    QYOLO_CHECK_OK(check_scan(path, *scan, complete));
    return ImageDamage{scan->warnings, std::move(scan->first), !complete};
  }
  if (!complete) return undecodable(path, kTruncated);
  if (image.header.format != ImageFormat::kPng) {
    QYOLO_TRY([[maybe_unused]] const cv::Mat pixels, decode(path, image));
    return ImageDamage{};
  }
  const PngDamage damage = png_damage(bytes);
  if (damage.chunks == 0) return ImageDamage{};
  std::string first = fmt::format("the checksum of its {} chunk is wrong", damage.first);
  if (damage.critical) return undecodable(path, first);
  return ImageDamage{damage.chunks, std::move(first), false};
}

Result<Letterboxed> load_letterboxed(const fs::path& path, int height, int width, int image_size) {
  QYOLO_CHECK_OK(check_input(path, height, width, image_size));
  return with_memory([&]() -> Result<Letterboxed> {
    QYOLO_TRY(const cv::Mat original, decode_image(path));
    return letterboxed(path, original, height, width, image_size);
  });
}

Result<Letterboxed> letterbox_picture(const Picture& picture, const std::string& name, int height,
                                      int width, int image_size) {
  QYOLO_CHECK_OK(check_input(name, height, width, image_size));
  configure_opencv();
  const cv::Mat original(picture.height, picture.width, CV_8UC3,
                         const_cast<std::uint8_t*>(picture.bgr.data()));
  return with_memory([&] { return letterboxed(name, original, height, width, image_size); });
}

}  // namespace qyolo::datasets
