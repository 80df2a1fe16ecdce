// JPEGs by libjpeg itself, which OpenCV decodes with, too: the same pixels, and what libjpeg says
// of the data on the way. OpenCV leaves that to libjpeg's own printing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "datasets/image_header.h"

namespace qyolo::datasets {

struct JpegScan {
  std::size_t warnings = 0;  // damage in the data, which is decoded to something all the same
  std::string first;         // the first in libjpeg's words
  bool unended = false;      // the file ends where data or the end marker should follow
};

// Reads all data, at an eighth of the picture's size. Fails where nothing can be decoded, and for
// more than 500 scans (each costs a pass over the picture). `jpeg` begins as a JPEG does.
Result<JpegScan> examine_jpeg(std::span<const std::byte> jpeg);

struct JpegPicture {
  JpegScan scan;
  std::vector<std::uint8_t> bgr;  // height x width x 3, as stored: not turned
};
// The pixels that OpenCV decodes. None for CMYK. REQUIRES: `header` is that of `jpeg`.
Result<std::optional<JpegPicture>> decode_jpeg(std::span<const std::byte> jpeg,
                                               const ImageHeader& header);

}  // namespace qyolo::datasets
