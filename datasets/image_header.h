// Image files' headers: the size before anything is decoded, and whether the file is whole. Works
// on untrusted bytes: linear in their number, allocates nothing.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "common/result.h"
#include "datasets/image_pipeline.h"

namespace qyolo::datasets {

enum class ImageFormat { kJpeg, kPng, kTiff, kOther };

struct ImageHeader {
  ImageFormat format = ImageFormat::kOther;
  ImageSize size;               // after EXIF orientation; 0 x 0: not known
  std::size_t scan_offset = 0;  // JPEG: where the first scan's data begins
  bool sixteen_bit = false;     // more than 8 bits per channel, of which decoding keeps the upper 8
  bool alpha = false;           // a transparency that decoding leaves out
};

// JPEG (ITU-T T.81, annex B): the frame header's size. PNG (ISO/IEC 15948): IHDR's. TIFF (6.0):
// depth and alpha of its first image, size where it is not turned. BMP,
// WebP (RFC 9649): size. The orientation is found where OpenCV's decoders
// look: in a JPEG's first APP1 segment or in a PNG's eXIf chunk. What cannot be decoded (GIF, AVIF,
// HEIF, floating-point TIFF) is an error that calls it not supported. Other formats are left to
// their decoder. Errors say what is wrong with the bytes; the caller adds the file's name.
Result<ImageHeader> parse_image_header(std::span<const std::byte> bytes);
[[nodiscard]] bool is_unsupported(const Error& failure);  // of parse_image_header()

// What evaluation says of an image file before it decodes it.
struct ImageFacts {
  ImageHeader header;
  bool complete = true;  // see is_complete()
};
Result<ImageFacts> read_image_facts(const std::filesystem::path& path);

// Whether the file reaches its end marker: a JPEG's EOI after its scans, a PNG's IEND. Decoders
// fill what a JPEG lacks with grey and call it a success. True for other formats. REQUIRES:
// `header` is that of `bytes`.
[[nodiscard]] bool is_complete(std::span<const std::byte> bytes, const ImageHeader& header);

// The orientation (1..8) in the first directory of an EXIF block, which is a TIFF file; 1, upright,
// where there is none or the block is malformed.
[[nodiscard]] int exif_orientation(std::span<const std::byte> tiff);

}  // namespace qyolo::datasets
