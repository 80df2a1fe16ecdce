#include "datasets/image_folder.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <system_error>

#include "common/parallel.h"
#include "common/sha256.h"

namespace qyolo::datasets {
namespace fs = std::filesystem;

namespace {

// "._photo.jpg" is what macOS keeps beside photo.jpg on other file systems and in archives.
bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

std::string lower_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

}  // namespace

bool has_image_extension(const fs::path& path) {
  constexpr std::array<std::string_view, 7> kExtensions = {".bmp", ".jpeg", ".jpg", ".png",
                                                           ".tif", ".tiff", ".webp"};
  return std::ranges::find(kExtensions, lower_extension(path)) != kExtensions.end();
}

bool has_video_extension(const fs::path& path) {
  constexpr std::array<std::string_view, 6> kExtensions = {".avi", ".m4v", ".mkv",
                                                           ".mov", ".mp4", ".webm"};
  return std::ranges::find(kExtensions, lower_extension(path)) != kExtensions.end();
}

Result<ImageFolder> open_image_folder(const fs::path& folder, int limit) {
  std::error_code code;
  ImageFolder found{folder, {}};
  for (fs::directory_iterator entry(folder, code), end; !code && entry != end;
       entry.increment(code)) {
    std::error_code unreadable;
    if (is_hidden(entry->path())) continue;
    if (has_image_extension(entry->path()) && entry->is_regular_file(unreadable))
      found.images.push_back(entry->path());
  }
  if (code) return error("the images folder {}: {}", folder.string(), code.message());
  if (found.images.empty()) {
    return error("the folder {} has no images (bmp, jpeg, jpg, png, tif, tiff or webp)",
                 folder.string());
  }
  std::ranges::sort(found.images, {}, &fs::path::native);
  if (limit > 0 && static_cast<std::size_t>(limit) < found.images.size())
    found.images.resize(static_cast<std::size_t>(limit));
  return found;
}

Result<std::string> image_folder_sha256(const ImageFolder& folder, int threads) {
  const std::size_t count = folder.images.size();
  std::vector<Result<std::string>> hashes(count, std::string());
  parallel_for(count, threads,
               [&](std::size_t i) { hashes[i] = sha256_of_file(folder.images[i]); });
  Sha256 total;
  for (std::size_t i = 0; i < count; ++i) {
    QYOLO_TRY(const std::string hash, std::move(hashes[i]));
    // A file name holds no zero byte, so name and hash cannot be confused.
    total.update(fmt::format("{}{}{}", folder.images[i].filename().string(), '\0', hash));
  }
  return total.hex();
}

}  // namespace qyolo::datasets
