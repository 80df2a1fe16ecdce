// Image files' headers: the size before anything is decoded, and whether the file is whole. Works
// on untrusted bytes: linear in their number, allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "datasets/image_pipeline.h"

namespace qyolo::datasets {

enum class ImageFormat { kJpeg, kPng, kTiff, kBmp, kWebp };

struct ImageHeader {
  ImageFormat format = ImageFormat::kJpeg;
  ImageSize stored;             // as it lies in the file
  ImageSize size;               // as it is decoded; 0 x 0: only the pixels tell
  int orientation = 1;          // of a JPEG: EXIF's, 1 to 8
  int components = 0;           // of a JPEG: 1 grey, 3 colours, 4 CMYK
  std::size_t scan_offset = 0;  // JPEG: where the first scan's data begins
  bool sixteen_bit = false;     // more than 8 bits per channel, of which decoding keeps the upper 8
  bool alpha = false;           // a transparency that decoding leaves out
};

// JPEG (ITU-T T.81, annex B): the frame header's size. PNG (ISO/IEC 15948): IHDR's. TIFF (6.0):
// size, depth and alpha of its first image. BMP, WebP (RFC 9649): size. The orientation is found
// where OpenCV's decoders look: in a JPEG's first APP1 segment; of a PNG with a sound eXIf chunk
// that turns it, and of a turned TIFF, the pixels tell. Anything else is an error, by its first
// bytes, whatever its name: known kinds (GIF, AVIF, JPEG 2000, OpenEXR, ...) and floating-point
// TIFF are called not supported. Errors say what is wrong with the bytes; the caller adds the
// file's name.
Result<ImageHeader> parse_image_header(std::span<const std::byte> bytes);
[[nodiscard]] bool is_unsupported(const Error& failure);  // of parse_image_header()

// Fails where the header says more than most_pixels() (common/limits.h): before anything is
// decoded. The sentence does not name the file.
Status check_pixels(const ImageHeader& header);

// Chunks of a PNG whose checksum is wrong. Decoders refuse a picture of whose critical ones (IHDR,
// PLTE, IDAT, IEND) this is true, and leave the others out.
struct PngDamage {
  std::size_t chunks = 0;
  bool critical = false;
  std::string first;  // its type
};
[[nodiscard]] PngDamage png_damage(std::span<const std::byte> png);
// The PNG without what is damaged and what has no influence on the pixels. REQUIRES: no critical
// damage.
[[nodiscard]] std::vector<std::byte> needed_chunks(std::span<const std::byte> png);

// What evaluation says of an image file before it decodes it.
struct ImageFacts {
  ImageHeader header;
  bool complete = true;  // see is_complete()
};
// Fails for images of more than most_pixels(), too.
Result<ImageFacts> read_image_facts(const std::filesystem::path& path);

// Whether the file reaches its end marker: a JPEG's EOI after its scans, a PNG's IEND. Decoders
// fill what a JPEG lacks with grey and call it a success. True for other formats. REQUIRES:
// `header` is that of `bytes`.
[[nodiscard]] bool is_complete(std::span<const std::byte> bytes, const ImageHeader& header);

// The orientation (1..8) in the first directory of an EXIF block, which is a TIFF file; 1, upright,
// where there is none or the block is malformed.
[[nodiscard]] int exif_orientation(std::span<const std::byte> tiff);

}  // namespace qyolo::datasets
