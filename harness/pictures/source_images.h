// The images of a dataset, to draw on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <opencv2/core.hpp>

#include "common/result.h"
#include "datasets/image_files.h"
#include "harness/detections/diff.h"

namespace qyolo::harness {

// Keeps what it had to learn of the folder. `diff` outlives it. Not thread-safe.
class SourceImages {
 public:
  SourceImages(const Diff& diff, const std::filesystem::path& folder);
  // BGR. Fails where there is no such file, or it cannot be decoded.
  Result<cv::Mat> load(std::int64_t image_id);

 private:
  const Diff& diff_;
  std::filesystem::path folder_;
  datasets::ImageFinder finder_;
};

}  // namespace qyolo::harness
