// Two images with a washer each and a nut on the first, and what two networks say of them, as
// files.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "common/file.h"
#include "tests/support/paths.h"

namespace qyolo::harness {

class SmallDataset : public ::testing::Test {
 protected:
  SmallDataset() {
    truth_ = write("truth.json", R"({"images": [
        {"id": 1, "file_name": "one.png", "width": 100, "height": 50},
        {"id": 2, "file_name": "two.png", "width": 100, "height": 50}],
      "categories": [{"id": 1, "name": "washer"}, {"id": 2, "name": "nut"}],
      "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 20, 20], "area": 400},
        {"id": 2, "image_id": 1, "category_id": 2, "bbox": [60, 10, 20, 20], "area": 400},
        {"id": 3, "image_id": 2, "category_id": 1, "bbox": [10, 10, 20, 20], "area": 400}]})");
    // Finds all three.
    all_ = write("all.json", R"([
        {"image_id": 1, "category_id": 1, "bbox": [10, 10, 20, 20], "score": 0.9},
        {"image_id": 1, "category_id": 2, "bbox": [60, 10, 20, 20], "score": 0.8},
        {"image_id": 2, "category_id": 1, "bbox": [10, 10, 20, 20], "score": 0.7}])");
    // Shows the first washer as a nut, and finds nothing on the second image.
    worse_ = write("worse.json", R"([
        {"image_id": 1, "category_id": 2, "bbox": [10, 10, 20, 20], "score": 0.9},
        {"image_id": 1, "category_id": 2, "bbox": [60, 10, 20, 20], "score": 0.8}])");
  }

  [[nodiscard]] std::filesystem::path write(const std::string& name,
                                            const std::string& content) const {
    EXPECT_TRUE(write_file(folder_.path() / name, content).ok());
    return folder_.path() / name;
  }

  testing::TemporaryFolder folder_;
  std::filesystem::path truth_, all_, worse_;
};

}  // namespace qyolo::harness
