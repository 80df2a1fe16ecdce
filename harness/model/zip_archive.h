// harness/model/: from an official YOLOv7 checkpoint to detections. Only the executors see
// LibTorch; reading, graph, fusing, decoding and NMS are plain C++.
//
// The zip layer of a checkpoint: a reader for stored (not deflated) entries that trusts no size or
// offset.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/file.h"
#include "common/result.h"

namespace qyolo::model {

// Views returned are valid while the archive lives.
class ZipArchive {
 public:
  static Result<ZipArchive> open(const std::filesystem::path& path);
  static Result<ZipArchive> from_bytes(std::span<const std::byte> bytes,
                                       std::string name);  // not owned

  // The entry's bytes; fails if there is none of that name.
  Result<std::span<const std::byte>> entry(const std::string& name) const;
  [[nodiscard]] const std::map<std::string, std::span<const std::byte>>& entries() const {
    return entries_;
  }

 private:
  std::string name_;
  std::optional<MappedFile> file_;
  std::map<std::string, std::span<const std::byte>> entries_;
};

}  // namespace qyolo::model
