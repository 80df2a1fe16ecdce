#include "harness/pictures/video.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/videoio.hpp>
#include <opencv2/videoio/registry.hpp>
#include <span>
#include <string_view>
#include <utility>

#include "common/file.h"
#include "datasets/image_header.h"

namespace qyolo::harness {
namespace fs = std::filesystem;

namespace {

// What a file of images, a playlist or a stream's description would lead to is not the file.
bool is_container(std::span<const std::byte> bytes) {
  const auto at = [&](std::size_t place, std::string_view text) {
    return bytes.size() >= place + text.size() &&
           std::memcmp(bytes.data() + place, text.data(), text.size()) == 0;
  };
  return (at(0, "RIFF") && at(8, "AVI ")) || at(4, "ftyp") || at(4, "moov") || at(4, "mdat") ||
         at(4, "wide") || at(0, "\x1A\x45\xDF\xA3");
}

class OpenCvReader : public VideoReader {
 public:
  OpenCvReader(cv::VideoCapture capture, fs::path path, VideoFacts facts)
      : capture_(std::move(capture)), path_(std::move(path)), facts_(facts) {}

  [[nodiscard]] const VideoFacts& facts() const override { return facts_; }

  Result<bool> next(datasets::Picture& frame) override {
    try {
      cv::Mat pixels;
      if (!capture_.read(pixels) || pixels.empty()) return false;
      if (pixels.type() != CV_8UC3)
        return error("{}: a frame is no picture of 8 bits and 3 channels", path_.string());
      frame.width = pixels.cols;
      frame.height = pixels.rows;
      const std::size_t row = 3 * static_cast<std::size_t>(pixels.cols);
      frame.bgr.resize(row * static_cast<std::size_t>(pixels.rows));
      for (int y = 0; y < pixels.rows; ++y)
        std::memcpy(frame.bgr.data() + row * static_cast<std::size_t>(y), pixels.ptr(y), row);
      return true;
    } catch (const cv::Exception& failure) {
      return error("{} cannot be decoded: {}", path_.string(), failure.err);
    }
  }

  Result<bool> skip() override {
    try {
      return capture_.grab();
    } catch (const cv::Exception& failure) {
      return error("{} cannot be decoded: {}", path_.string(), failure.err);
    }
  }

 private:
  cv::VideoCapture capture_;
  fs::path path_;
  VideoFacts facts_;
};

}  // namespace

Result<std::unique_ptr<VideoReader>> open_video(const fs::path& path) {
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  // FFmpeg prints for itself, unless it is told before it is first used.
  [[maybe_unused]] static const int quiet = ::setenv("OPENCV_FFMPEG_LOGLEVEL", "-8", 0);
  {
    QYOLO_TRY(const MappedFile file, MappedFile::open(path));
    if (!is_container(file.bytes()))
      return error("{} is no video that is read (AVI, MP4, MOV, MKV and WebM are)", path.string());
  }
  const std::string name = fs::absolute(path).string();
  try {
    cv::VideoCapture capture;
    // OpenCV's own reader of motion JPEG, which prints, only where there is no other.
    const bool ffmpeg = cv::videoio_registry::hasBackend(cv::CAP_FFMPEG);
    capture.open(name, ffmpeg ? cv::CAP_FFMPEG : cv::CAP_OPENCV_MJPEG);
    if (!capture.isOpened())
      return error("{} cannot be opened: OpenCV's videoio finds nothing in it that it can decode",
                   path.string());
    const auto number = [&](int property) {
      const double value = capture.get(property);
      return std::isfinite(value) && value > 0 ? value : 0;
    };
    VideoFacts facts;
    facts.width = static_cast<int>(std::min(number(cv::CAP_PROP_FRAME_WIDTH), 1e6));
    facts.height = static_cast<int>(std::min(number(cv::CAP_PROP_FRAME_HEIGHT), 1e6));
    facts.frames_per_second = number(cv::CAP_PROP_FPS);
    facts.frames = static_cast<std::int64_t>(std::min(number(cv::CAP_PROP_FRAME_COUNT), 1e12));
    datasets::ImageHeader size;
    size.stored = {facts.width, facts.height};
    if (const Status fits = datasets::check_pixels(size); !fits.ok())
      return error("{}: its frames are {}", path.string(), fits.error().message);
    return std::unique_ptr<VideoReader>(
        std::make_unique<OpenCvReader>(std::move(capture), path, facts));
  } catch (const cv::Exception& failure) {
    return error("{} cannot be opened: {}", path.string(), failure.err);
  }
}

}  // namespace qyolo::harness
