// Small image files made in memory for tests.
#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qyolo::testing {

// `image` in the format of `extension` (".jpg", ".png", ...).
inline std::string encoded(const cv::Mat& image, const std::string& extension) {
  std::vector<std::uint8_t> bytes;
  cv::imencode(extension, image, bytes);
  return {bytes.begin(), bytes.end()};
}

inline std::string encoded(int width, int height, const std::string& extension) {
  return encoded(cv::Mat(height, width, CV_8UC3, cv::Scalar(10, 20, 30)), extension);
}

inline std::string big_endian(std::uint32_t value, int count) {
  std::string bytes;
  for (int i = count - 1; i >= 0; --i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}

// A big-endian EXIF block (a TIFF file) whose one entry is the orientation.
inline std::string exif_block(std::uint32_t orientation) {
  return "MM" + big_endian(0x2A, 2) + big_endian(8, 4) + big_endian(1, 2) + big_endian(0x0112, 2) +
         big_endian(3, 2) + big_endian(1, 4) + big_endian(orientation, 2) + big_endian(0, 2) +
         big_endian(0, 4);
}

inline std::string jpeg_segment(int marker, const std::string& payload) {
  return '\xFF' + std::string(1, static_cast<char>(marker)) +
         big_endian(static_cast<std::uint32_t>(payload.size() + 2), 2) + payload;
}

inline std::string exif_segment(std::uint32_t orientation) {
  return jpeg_segment(0xE1, std::string("Exif\0\0", 6) + exif_block(orientation));
}

// `segments` right after the start-of-image marker.
inline std::string jpeg_with(const std::string& jpeg, const std::string& segments) {
  return jpeg.substr(0, 2) + segments + jpeg.substr(2);
}

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace qyolo::testing
