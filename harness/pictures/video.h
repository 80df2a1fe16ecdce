// Videos, frame by frame. In a library of its own (backend/): OpenCV's videoio brings FFmpeg and
// more, which nothing else needs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "common/result.h"
#include "datasets/image_pipeline.h"

namespace qyolo::harness {

struct VideoFacts {
  int width = 0, height = 0;
  double frames_per_second = 0;  // 0: not known
  std::int64_t frames = 0;       // as the header says; 0: not known
};

class VideoReader {
 public:
  VideoReader() = default;
  VideoReader(const VideoReader&) = delete;
  VideoReader& operator=(const VideoReader&) = delete;
  virtual ~VideoReader() = default;

  [[nodiscard]] virtual const VideoFacts& facts() const = 0;
  // The next frame; false behind the last one that can be decoded.
  virtual Result<bool> next(datasets::Picture& frame) = 0;
  // Passes over one; false as next().
  virtual Result<bool> skip() = 0;
};

// AVI, MP4, MOV, MKV and WebM, by their first bytes, as far as OpenCV's videoio decodes them here.
// Only a regular file: no stream, no device, no list of other files.
Result<std::unique_ptr<VideoReader>> open_video(const std::filesystem::path& path);

}  // namespace qyolo::harness
