#include "harness/model/zip_patch.h"

#include <gmock/gmock.h>

#include <string>

#include "tests/support/zip_writer.h"

namespace qyolo::model {
namespace {

using testing::bytes_of;
using ::testing::HasSubstr;
using testing::make_zip;
using testing::ZipEntry;

Result<std::string> patched(const std::string& file,
                            const std::vector<std::pair<std::string, std::string>>& contents) {
  QYOLO_TRY(const ZipArchive archive, ZipArchive::from_bytes(bytes_of(file), "x.pt"));
  ZipReplacements replacements;
  for (const auto& [name, content] : contents) {
    const auto bytes = bytes_of(content);
    replacements[name].assign(bytes.begin(), bytes.end());
  }
  return patched_archive(archive, replacements);
}

// An entry as a writer leaves it that learns the checksum only at the end.
ZipEntry streamed(const std::string& name, const std::string& content, bool is_signed) {
  ZipEntry entry{name, content};
  entry.flags = 8;
  entry.signed_descriptor = is_signed;
  return entry;
}

TEST(ZipPatch, IsTheArchiveThatWouldHaveBeenWritten) {
  for (const bool zip64 : {false, true}) {
    const std::string before =
        make_zip({{"a/one", "first"}, {"a/two", "second"}, {"a/three", ""}}, zip64);
    const std::string after =
        make_zip({{"a/one", "first"}, {"a/two", "SECOND"}, {"a/three", ""}}, zip64);
    const auto file = patched(before, {{"a/two", "SECOND"}});
    ASSERT_TRUE(file.ok()) << file.error().message;
    EXPECT_EQ(*file, after);
  }
}

TEST(ZipPatch, ChecksumsBehindTheDataFollow) {
  for (const bool is_signed : {false, true}) {
    const auto archive = [&](const std::string& content) {
      return make_zip({streamed("a/one", content, is_signed), {"a/two", "second"}});
    };
    const auto file = patched(archive("first"), {{"a/one", "FIRST"}});
    ASSERT_TRUE(file.ok()) << file.error().message;
    EXPECT_EQ(*file, archive("FIRST"));
  }
}

TEST(ZipPatch, WithoutChangesItIsTheSameFile) {
  const std::string file = make_zip({{"a/one", "first"}, {"a/two", ""}});
  EXPECT_EQ(*patched(file, {}), file);
  EXPECT_EQ(*patched(file, {{"a/one", "first"}, {"a/two", ""}}), file);
}

TEST(ZipPatch, EntriesKeepTheirSize) {
  const std::string file = make_zip({{"a/one", "first"}});
  EXPECT_EQ(patched(file, {{"a/one", "longer"}}).error().message,
            "the entry 'a/one' has 5 bytes and cannot be replaced by 6");
  EXPECT_THAT(patched(file, {{"a/two", "first"}}).error().message, HasSubstr("no entry 'a/two'"));
}

TEST(ZipPatch, ContradictoryChecksumsAreRefused) {
  std::string file = make_zip({{"a/one", "first"}});
  file[14] = static_cast<char>(file[14] + 1);  // in the entry's own header
  EXPECT_THAT(patched(file, {{"a/one", "FIRST"}}).error().message,
              HasSubstr("'a/one' has two different checksums"));

  std::string cut = make_zip({streamed("a/one", "first", false)});
  cut[30 + 5 + 5] = static_cast<char>(cut[30 + 5 + 5] + 1);  // header, name, content
  EXPECT_THAT(patched(cut, {{"a/one", "FIRST"}}).error().message,
              HasSubstr("'a/one' has two different checksums"));
}

}  // namespace
}  // namespace qyolo::model
