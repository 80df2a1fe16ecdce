#include "common/file_stamps.h"

#include <sys/stat.h>

namespace qyolo {

FileStamps::Stamp FileStamps::stamp_of(const std::filesystem::path& path) {
  constexpr std::int64_t kNanoseconds = 1000000000;
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {};
  return {true,
          static_cast<std::uint64_t>(info.st_dev),
          static_cast<std::uint64_t>(info.st_ino),
          info.st_size,
          info.st_mtim.tv_sec * kNanoseconds + info.st_mtim.tv_nsec,
          info.st_ctim.tv_sec * kNanoseconds + info.st_ctim.tv_nsec};
}

void FileStamps::add(const std::filesystem::path& path) {
  const auto [place, is_new] = stamps_.try_emplace(path);
  if (is_new) place->second = stamp_of(path);
}

Status FileStamps::check() const {
  for (const auto& [path, stamp] : stamps_) {
    if (stamp_of(path) != stamp)
      return error("{} was changed while it was read: start again", path.string());
  }
  return {};
}

}  // namespace qyolo
