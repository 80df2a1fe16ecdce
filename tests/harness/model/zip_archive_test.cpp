#include "harness/model/zip_archive.h"

#include <gmock/gmock.h>

#include <string>

#include "common/crc32.h"
#include "tests/support/zip_writer.h"

namespace qyolo::model {
namespace {

using testing::bytes_of;
using ::testing::HasSubstr;
using testing::make_zip;
using testing::ZipEntry;

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The sentence with which an archive is refused.
std::string zip_refusal(const std::string& bytes) {
  const auto archive = ZipArchive::from_bytes(bytes_of(bytes), "x.pt");
  return archive.ok() ? "accepted" : archive.error().message;
}

TEST(ZipArchive, ReadsStoredEntries) {
  const std::string file = make_zip({{"a/one", "first"}, {"a/two", ""}});
  const auto archive = ZipArchive::from_bytes(bytes_of(file), "x.pt");
  ASSERT_TRUE(archive.ok()) << archive.error().message;
  EXPECT_EQ(archive->entries().size(), 2U);
  EXPECT_EQ(text_of(*archive->checked_entry("a/one")), "first");
  EXPECT_EQ(text_of(*archive->checked_entry("a/two")), "");
  EXPECT_EQ(archive->entry("a/three").error().message, "the archive has no entry 'a/three'");
}

TEST(ZipArchive, ReadsZip64Fields) {
  const std::string file = make_zip({{"a/one", "first"}, {"a/two", "second"}}, true);
  const auto archive = ZipArchive::from_bytes(bytes_of(file), "x.pt");
  ASSERT_TRUE(archive.ok()) << archive.error().message;
  EXPECT_EQ(text_of(*archive->checked_entry("a/two")), "second");
}

TEST(ZipArchive, EveryCutIsRefused) {
  for (const bool zip64 : {false, true}) {
    const std::string file = make_zip({{"a/one", "first"}, {"a/two", "second"}}, zip64);
    for (std::size_t size = 0; size < file.size(); ++size)
      ASSERT_NE(zip_refusal(file.substr(0, size)), "accepted") << size;
  }
}

TEST(ZipArchive, SaysWhatAFileIsInstead) {
  EXPECT_EQ(zip_refusal(""), "x.pt: the file is empty");
  EXPECT_THAT(zip_refusal("\x80\x02}q."), HasSubstr("x.pt: this is a pickle"));
  EXPECT_THAT(zip_refusal(make_zip({{"a/one", "first"}}).substr(0, 30)),
              HasSubstr("the file is cut off"));
}

TEST(ZipArchive, RefusesCompressedAndEncryptedEntries) {
  EXPECT_THAT(zip_refusal(make_zip({{"a/one", "x", 8}})),
              HasSubstr("x.pt: the entry 'a/one' is compressed"));
  EXPECT_EQ(zip_refusal(make_zip({{"a/one", "x", 0, 1}})), "x.pt: the entry 'a/one' is encrypted");
}

TEST(ZipArchive, RefusesNamesThatLeaveTheArchive) {
  for (const std::string name : {"/etc/passwd", "a/../../b", "..", "a\\b", ""}) {
    EXPECT_EQ(zip_refusal(make_zip({{name, "x"}})),
              "x.pt: the entry name '" + name + "' is not a path inside the archive");
  }
}

TEST(ZipArchive, RefusesEntriesThatAreNotWhereTheySay) {
  ZipEntry far{"a/one", "first"};
  far.local_offset = 1 << 20;
  EXPECT_EQ(zip_refusal(make_zip({far})), "x.pt: the entry 'a/one' lies outside the file");
  ZipEntry large{"a/one", "first"};
  large.size = 5000;
  EXPECT_EQ(zip_refusal(make_zip({large})), "x.pt: the entry 'a/one' lies outside the file");
  large.size = std::uint64_t{1} << 62U;
  EXPECT_EQ(zip_refusal(make_zip({large}, true)), "x.pt: the entry 'a/one' lies outside the file");
  ZipEntry renamed{"a/one", "first"};
  renamed.local_name = "a/two";
  EXPECT_EQ(zip_refusal(make_zip({renamed})),
            "x.pt: the entry 'a/one' is named 'a/two' in its own header");
}

TEST(ZipArchive, RefusesEntriesThatShareBytes) {
  ZipEntry longer{"a/one", "first"};
  longer.size = 10;
  EXPECT_EQ(zip_refusal(make_zip({longer, {"a/two", "second"}})), "accepted");  // ends in a header
  longer.size = 5 + 30 + 5 + 1;
  EXPECT_EQ(zip_refusal(make_zip({longer, {"a/two", "second"}})),
            "x.pt: the entries 'a/one' and 'a/two' overlap");
  EXPECT_EQ(zip_refusal(make_zip({{"a/one", "first"}, {"a/one", "again"}})),
            "x.pt: two zip entries are named 'a/one'");
}

TEST(ZipArchive, FindsDamagedContent) {
  ZipEntry damaged{"a/one", "first"};
  damaged.crc32 = crc32(bytes_of("First"));
  const std::string file = make_zip({damaged});
  const auto archive = ZipArchive::from_bytes(bytes_of(file), "x.pt");
  ASSERT_TRUE(archive.ok());
  EXPECT_TRUE(archive->entry("a/one").ok());
  EXPECT_EQ(archive->checked_entry("a/one").error().message,
            "the entry 'a/one' does not match its checksum: the file is damaged");
}

TEST(ZipArchive, KnowsItsOneFolder) {
  const auto folder = [](const std::vector<ZipEntry>& entries) {
    const std::string file = make_zip(entries);
    const auto archive = ZipArchive::from_bytes(bytes_of(file), "x.pt");
    if (!archive) return archive.error().message;
    const auto top = archive->top_folder();
    return top.ok() ? *top : top.error().message;
  };
  EXPECT_EQ(folder({{"a/one", "x"}, {"a/b/two", "x"}}), "a");
  EXPECT_THAT(folder({{"a/one", "x"}, {"b/two", "x"}}), HasSubstr("more than one folder"));
  EXPECT_EQ(folder({{"a/one", "x"}, {"two", "x"}}),
            "the entry 'two' is not in the archive's folder");
  EXPECT_THAT(folder({}), HasSubstr("an empty ZIP archive"));
}

TEST(Crc32, MatchesTheStandardCheckValue) {
  EXPECT_EQ(crc32(bytes_of("123456789")), 0xCBF43926U);
  EXPECT_EQ(crc32({}), 0U);
  // Longer than one round of 16 bytes, at every length of the rest: bit by bit.
  std::string text;
  for (int i = 0; i < 50; ++i) {
    std::uint32_t expected = 0xFFFFFFFFU;
    for (const char c : text) {
      expected ^= static_cast<unsigned char>(c);
      for (int bit = 0; bit < 8; ++bit)
        expected = (expected >> 1U) ^ ((expected & 1U) != 0 ? 0xEDB88320U : 0U);
    }
    EXPECT_EQ(crc32(bytes_of(text)), ~expected) << text.size();
    text += static_cast<char>(i * 37);
  }
}

}  // namespace
}  // namespace qyolo::model
