// A folder of images without annotations, such as a calibration set.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/result.h"

namespace qyolo::datasets {

struct ImageFolder {
  std::filesystem::path folder;
  std::vector<std::filesystem::path> images;  // below it, sorted by file name
};

// The files in the folder itself (not below it) whose extension is an image's: bmp, jpeg, jpg, png,
// tif, tiff or webp, in any case; no hidden files (".name", macOS's "._name"). `limit` > 0 keeps
// the first `limit`. Fails where there is no such folder or no image in it.
Result<ImageFolder> open_image_folder(const std::filesystem::path& folder, int limit = 0);

[[nodiscard]] bool has_image_extension(const std::filesystem::path& path);
// avi, m4v, mkv, mov, mp4 or webm, in any case.
[[nodiscard]] bool has_video_extension(const std::filesystem::path& path);

// SHA-256 over every image's name and content, at any number of threads (0: all).
Result<std::string> image_folder_sha256(const ImageFolder& folder, int threads = 0);

}  // namespace qyolo::datasets
