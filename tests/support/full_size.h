// The full-size YOLOv7 of the shared reference data, with random weights.
#pragma once

#include <filesystem>

#include "tests/support/process.h"

namespace qyolo::testing {

inline constexpr const char* kFullSize = "data/yolov7-random.pt.gz";  // in shared_dir()

// Unpacks it into the folder; the checkpoint's path. REQUIRES: kFullSize is there.
inline std::filesystem::path unpack_full_size(const TemporaryFolder& folder) {
  std::filesystem::path checkpoint = folder.path() / "yolov7.pt";
  const auto unpacked = run_process(
      {"/bin/sh", "-c",
       "gzip -dc '" + (shared_dir() / kFullSize).string() + "' > '" + checkpoint.string() + "'"});
  EXPECT_EQ(unpacked.exit_code, 0) << unpacked.err;
  return checkpoint;
}

}  // namespace qyolo::testing
