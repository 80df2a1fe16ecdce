// The decoding half of image_pipeline.h: the only source of datasets/ that includes OpenCV.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <span>
#include <vector>

#include "common/file.h"
#include "datasets/image_header.h"
#include "datasets/image_pipeline.h"

namespace qyolo::datasets {
namespace fs = std::filesystem;

namespace {

constexpr std::uint8_t kPadding = 114;
constexpr std::int64_t kMaxPixels = std::int64_t{1} << 28;
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

struct ImageFile {
  MappedFile file;
  ImageHeader header;
};

Result<ImageFile> open_image(const fs::path& path) {
  QYOLO_TRY(MappedFile file, MappedFile::open(path));
  if (file.bytes().empty()) return error("{} is empty, expected an image", path.string());
  if (file.bytes().size() > kMaxFileBytes) {
    return error("{} has {} bytes, expected an image of at most {}", path.string(),
                 file.bytes().size(), kMaxFileBytes);
  }
  auto header = parse_image_header(file.bytes());
  if (!header) return error("{} cannot be read: {}", path.string(), header.error().message);
  const ImageSize size = header->size;
  if (std::int64_t{size.width} * size.height > kMaxPixels) {
    return error("{} is {} x {} pixels, expected at most {} pixels", path.string(), size.width,
                 size.height, kMaxPixels);
  }
  return ImageFile{std::move(file), *header};
}

// The picture of a JPEG that ends without its end marker, or an empty one where scan lines are
// missing, too. Decoders fill these with something; whether they did shows in that bytes behind the
// end change the picture: behind a whole scan they are ignored.
cv::Mat without_end_marker(std::span<const std::byte> bytes) {
  constexpr std::size_t kProbe = 4096;
  std::vector<std::uint8_t> start(
      reinterpret_cast<const std::uint8_t*>(bytes.data()),
      reinterpret_cast<const std::uint8_t*>(bytes.data()) + bytes.size());
  while (!start.empty() && start.back() == 0xFF) start.pop_back();  // half of the marker
  const auto decoded = [&](std::uint32_t seed) {
    std::vector<std::uint8_t> whole = start;
    for (std::size_t i = 0; seed != 0 && i < kProbe; ++i) {
      seed = seed * 1664525U + 1013904223U;  // Numerical Recipes' generator
      whole.push_back(static_cast<std::uint8_t>((seed >> 24) % 255));  // no markers
    }
    whole.insert(whole.end(), {0xFF, 0xD9});
    return cv::imdecode(whole, cv::IMREAD_COLOR);
  };
  try {
    cv::Mat picture = decoded(0);
    const cv::Mat other = decoded(1);
    const bool same = !picture.empty() && other.size() == picture.size() &&
                      cv::norm(picture, other, cv::NORM_INF) == 0;
    return same ? picture : cv::Mat();
  } catch (const cv::Exception&) {
    return {};
  }
}

// BGR, turned upright.
Result<cv::Mat> decode(const fs::path& path, const ImageFile& image) {
  configure_opencv();
  const auto bytes = image.file.bytes();
  if (!is_complete(bytes, image.header)) {
    const Error truncated = error("{} cannot be decoded: it is truncated", path.string());
    if (image.header.format != ImageFormat::kJpeg) return truncated;
    cv::Mat restored = without_end_marker(bytes);
    if (restored.empty()) return truncated;
    return restored;
  }
  try {
    const cv::Mat encoded(1, static_cast<int>(bytes.size()), CV_8UC1,
                          const_cast<std::byte*>(bytes.data()));
    cv::Mat pixels = cv::imdecode(encoded, cv::IMREAD_COLOR);
    if (!pixels.empty()) return pixels;
  } catch (const cv::Exception& failure) {
    return error("{} cannot be decoded: {}", path.string(), failure.err);
  }
  return error("{} cannot be decoded: it is damaged or not an image", path.string());
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

}  // namespace

Result<ImageSize> read_image_size(const fs::path& path) {
  QYOLO_TRY(const ImageFile image, open_image(path));
  if (image.header.size.width > 0) return image.header.size;
  QYOLO_TRY(const cv::Mat pixels, decode(path, image));
  return ImageSize{pixels.cols, pixels.rows};
}

Result<Letterboxed> load_letterboxed(const fs::path& path, int height, int width, int image_size) {
  if (height <= 0 || width <= 0 || image_size <= 0) {
    return error("{}: an input of {} x {} pixels at image size {}, expected positive sizes",
                 path.string(), width, height, image_size);
  }
  QYOLO_TRY(const ImageFile image, open_image(path));
  QYOLO_TRY(const cv::Mat original, decode(path, image));
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

}  // namespace qyolo::datasets
