// Whether files are still what they were when they were looked at first: numbers must not be filed
// under the hash of a file that was replaced between hashing and reading.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>

#include "common/result.h"

namespace qyolo {

// Device, inode, size, and the times of the last change of content and of status, as the file
// system has them. Not thread-safe.
class FileStamps {
 public:
  // From now on; the first call for a path counts. What does not exist must not come to exist.
  void add(const std::filesystem::path& path);
  // Fails, naming the first, where a file changed, was replaced or is gone.
  [[nodiscard]] Status check() const;

 private:
  struct Stamp {
    bool exists = false;
    std::uint64_t device = 0, inode = 0;
    std::int64_t size = 0, modified_ns = 0, changed_ns = 0;

    bool operator==(const Stamp&) const = default;
  };
  static Stamp stamp_of(const std::filesystem::path& path);

  std::map<std::filesystem::path, Stamp> stamps_;
};

}  // namespace qyolo
