// Where fetch() is tested: a folder to fetch to, a folder to fetch from, and short sentences.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "common/file.h"
#include "datasets/download.h"
#include "tests/support/paths.h"

namespace qyolo::datasets {

inline std::string content_of(const std::filesystem::path& path) {
  const auto content = read_file(path);
  EXPECT_TRUE(content.ok()) << content.error().message;
  return content.ok() ? *content : "";
}

// The names of everything below a folder.
inline std::set<std::string> tree(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    names.insert(entry.path().lexically_relative(folder).string());
  }
  return names;
}

class Fetching : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("no_proxy", "127.0.0.1", 1);
    options_.to = to();
    options_.first_pause = std::chrono::milliseconds(1);
    options_.note = [this](const std::string& text) { notes_.push_back(text); };
    ASSERT_TRUE(create_folder(source()).ok());
  }
  [[nodiscard]] std::filesystem::path to() const { return folder_.path() / "to"; }
  [[nodiscard]] std::filesystem::path source() const { return folder_.path() / "a source"; }

  void put(const std::filesystem::path& path, const std::string& content) const {
    ASSERT_TRUE(create_folder(path.parent_path()).ok());
    ASSERT_TRUE(write_file(path, content).ok());
  }
  std::vector<Fetched> fetched(const RegistryItem& item) const {
    const auto result = fetch(item, options_);
    EXPECT_TRUE(result.ok()) << result.error().message;
    return result.ok() ? *result : std::vector<Fetched>(item.files.size());
  }
  [[nodiscard]] std::string failure(const RegistryItem& item) const {
    const auto result = fetch(item, options_);
    EXPECT_FALSE(result.ok());
    return result.ok() ? "" : result.error().message;
  }

  testing::TemporaryFolder folder_;
  FetchOptions options_;
  std::vector<std::string> notes_;
};

}  // namespace qyolo::datasets
