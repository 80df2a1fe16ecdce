// Image files as OpenCV's matrices, for the few sources that draw on them.
#pragma once

#include <filesystem>
#include <opencv2/core.hpp>

#include "common/result.h"

namespace qyolo::datasets {

// BGR, 8 bit, turned upright; the pixels of cv::imread(path, cv::IMREAD_COLOR). Fails as
// load_letterboxed() (image_pipeline.h) does.
Result<cv::Mat> decode_image(const std::filesystem::path& path);

}  // namespace qyolo::datasets
