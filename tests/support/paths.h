// Where tests find data: the repository's own, and the reference data that lies beside a
// development checkout.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace qyolo::testing {

inline std::filesystem::path source_dir() { return QYOLO_SOURCE_DIR; }

// The folder with the reference implementations' data and outputs: QYOLO_SHARED, or ../shared.
inline std::filesystem::path shared_dir() {
  if (const char* given = std::getenv("QYOLO_SHARED")) return given;
  return source_dir().parent_path() / "shared";
}

// A fresh folder for this test, removed with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "qyolo-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace qyolo::testing

// Skips the test, saying so, where the reference data is absent.
#define QYOLO_NEEDS_SHARED(file)                                         \
  if (!std::filesystem::exists(::qyolo::testing::shared_dir() / (file))) \
  GTEST_SKIP() << "needs " << (::qyolo::testing::shared_dir() / (file)).string()
