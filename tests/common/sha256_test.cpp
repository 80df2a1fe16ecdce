#include "common/sha256.h"

#include <gtest/gtest.h>

#include "common/file.h"
#include "tests/support/paths.h"

namespace qyolo {
namespace {

// NIST's example values for SHA-256 (FIPS 180-4): no bytes, one block, two blocks, a million 'a'.
constexpr const char* kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kTwoBlocks =
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
constexpr const char* kMillion = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Sha256, EqualsThePublishedExamples) {
  EXPECT_EQ(sha256_hex(""), kEmpty);
  EXPECT_EQ(sha256_hex("abc"), kAbc);
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), kTwoBlocks);
  EXPECT_EQ(sha256_hex(std::string(1'000'000, 'a')), kMillion);
}

TEST(Sha256, PiecesHashLikeTheWhole) {
  Sha256 hash;
  for (int i = 0; i < 1000; ++i) hash.update(std::string(1000, 'a'));
  EXPECT_EQ(hash.hex(), kMillion);
}

TEST(Sha256, HashesFilesAndNamesTheMissingOne) {
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(write_file(folder.path() / "abc", "abc").ok());
  ASSERT_TRUE(write_file(folder.path() / "empty", "").ok());
  EXPECT_EQ(*sha256_of_file(folder.path() / "abc"), kAbc);
  EXPECT_EQ(*sha256_of_file(folder.path() / "empty"), kEmpty);
  const auto missing = sha256_of_file(folder.path() / "missing");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().message,
            (folder.path() / "missing").string() + " cannot be opened: No such file or directory");
}

}  // namespace
}  // namespace qyolo
