#include "datasets/download_unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/sha256.h"
#include "tests/datasets/fetching.h"
#include "tests/support/zip_writer.h"

namespace qyolo::datasets {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::ZipEntry;

// A deflated archive, as other programs make it.
std::string deflated(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string bytes(std::size_t{1} << 20, '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  archive_write_set_format_zip(writer);
  EXPECT_EQ(archive_write_open_memory(writer, bytes.data(), bytes.size(), &used), ARCHIVE_OK);
  for (const auto& [name, content] : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_filetype(entry, content == "<link>" ? AE_IFLNK : AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    if (content == "<link>") {
      archive_entry_set_symlink(entry, "/etc/passwd");
    } else {
      archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    }
    EXPECT_EQ(archive_write_header(writer, entry), ARCHIVE_OK);
    if (content != "<link>") archive_write_data(writer, content.data(), content.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  bytes.resize(used);
  return bytes;
}

// Three images and one annotation file, each in an archive with other things.
class FetchingArchives : public Fetching {
 protected:
  void SetUp() override {
    Fetching::SetUp();
    set_images(deflated({{"val/", ""},
                         {"val/1.jpg", "one"},
                         {"val/2.jpg", "two"},
                         {"val/3.jpg", "three"},
                         {"val/notes.txt", "not wanted"},
                         {"train/4.jpg", "not wanted"}}));
    set_labels(deflated({{"labels/train.json", "not wanted"}, {"labels/val.json", "{}"}}));
    options_.from = source().string();
  }
  void set_images(const std::string& zip) {
    put(source() / "val.zip", zip);
    item_.files[0] = {"val.zip", "http://127.0.0.1:1/val.zip", zip.size(), sha256_hex(zip),
                      ArchiveContents{"val/*.jpg", 3, 1000, ""}};
  }
  void set_labels(const std::string& zip) {
    put(source() / "labels.zip", zip);
    item_.files[1] = {"labels.zip", "http://127.0.0.1:1/labels.zip", zip.size(), sha256_hex(zip),
                      ArchiveContents{"labels/val.json", 1, 2, sha256_hex("{}")}};
  }
  // The sentence about an archive of images, after which nothing of it may be left.
  [[nodiscard]] std::string refusal_of(const std::string& zip) {
    set_images(zip);
    const std::string message = failure(item_);
    EXPECT_THAT(tree(to()), ElementsAre("set", "set/val.zip"));
    EXPECT_EQ(tree(folder_.path()).size(), 6U);
    const std::string start = (to() / "set/val.zip").string();
    EXPECT_THAT(message, StartsWith(start));
    return message.substr(std::min(start.size(), message.size()));
  }

  RegistryItem item_{"set", "a test", "set", std::vector<RemoteFile>(2)};
};

TEST_F(FetchingArchives, UnpackWhatIsListedAndNothingElse) {
  const auto files = fetched(item_);
  EXPECT_THAT(tree(to()), ElementsAre("set", "set/labels", "set/labels/val.json",
                                      "set/labels/val.json.sha256", "set/val", "set/val.sha256",
                                      "set/val/1.jpg", "set/val/2.jpg", "set/val/3.jpg"));
  EXPECT_EQ(content_of(to() / "set/val/3.jpg"), "three");
  EXPECT_EQ(files[0].path, to() / "set/val");
  EXPECT_EQ(files[0].files, 3U);
  EXPECT_EQ(files[0].bytes, 11U);
  EXPECT_TRUE(files[0].verified);
  EXPECT_EQ(files[1].path, to() / "set/labels/val.json");
  EXPECT_EQ(files[1].files, 1U);
  EXPECT_EQ(content_of(to() / "set/val.sha256"), sha256_hex("one") + "  val/1.jpg\n" +
                                                     sha256_hex("two") + "  val/2.jpg\n" +
                                                     sha256_hex("three") + "  val/3.jpg\n");
}

TEST_F(FetchingArchives, WhatIsUnpackedIsCheckedAndNotFetchedAgain) {
  fetched(item_);
  options_.from.clear();
  for (const Fetched& file : fetched(item_)) {
    EXPECT_TRUE(file.source.empty());
    EXPECT_TRUE(file.verified);
  }
}

TEST_F(FetchingArchives, AnArchivePutThereByHandIsUsedAndKept) {
  fs::create_directories(to() / "set");
  fs::copy_file(source() / "val.zip", to() / "set/val.zip");
  fs::copy_file(source() / "labels.zip", to() / "set/labels.zip");
  options_.from.clear();
  EXPECT_EQ(fetched(item_)[0].source, (to() / "set/val.zip").string());
  EXPECT_TRUE(fs::exists(to() / "set/val.zip"));
  EXPECT_TRUE(fs::exists(to() / "set/val/1.jpg"));
}

TEST_F(FetchingArchives, AChangedMissingOrAdditionalImageIsNoticed) {
  fetched(item_);
  const fs::path val = to() / "set/val";
  put(val / "2.jpg", "TWO");
  EXPECT_EQ(failure(item_), val.string() +
                                " is there but not as fetched: " + (val / "2.jpg").string() +
                                " has SHA-256 " + sha256_hex("TWO") + ", expected " +
                                sha256_hex("two") + "; move it away to fetch it again");
  fs::remove(val / "2.jpg");
  EXPECT_THAT(failure(item_), HasSubstr("has 2 files '*.jpg', expected 3"));
  put(val / "2.jpg", "two");
  put(val / "5.jpg", "five");
  EXPECT_THAT(failure(item_), HasSubstr("has 4 files '*.jpg', expected 3"));
  fs::remove(val / "5.jpg");
  fetched(item_);
}

TEST_F(FetchingArchives, AFolderOfUnknownOriginIsLeftAlone) {
  put(to() / "set/val/1.jpg", "mine");
  EXPECT_THAT(failure(item_), HasSubstr("val.sha256 cannot be opened"));
  EXPECT_EQ(content_of(to() / "set/val/1.jpg"), "mine");
}

TEST_F(FetchingArchives, AHalfUnpackedFolderIsStartedAgain) {
  put(to() / "set/val.partial/9.jpg", "left by a killed process");
  fetched(item_);
  EXPECT_FALSE(fs::exists(to() / "set/val.partial"));
  EXPECT_FALSE(fs::exists(to() / "set/val/9.jpg"));
}

TEST_F(FetchingArchives, SpaceIsNeededForArchivesAndContents) {
  const std::uint64_t needed = *item_.files[0].bytes + *item_.files[1].bytes + 1000 + 2;
  options_.free_bytes = [&](const fs::path&) { return needed - 1; };
  EXPECT_THAT(failure(item_), HasSubstr("set needs " + grouped(needed) + " more"));
  EXPECT_THAT(tree(to()), ElementsAre("set"));
}

TEST_F(FetchingArchives, SpaceThatIsGoneBeforeUnpackingIsNoticed) {
  int asked = 0;
  options_.free_bytes = [&](const fs::path&) { return ++asked <= 2 ? 1'000'000 : 999; };
  EXPECT_THAT(failure(item_), HasSubstr("has 999 bytes free, but set needs 1,000 more"));
  EXPECT_THAT(tree(to()), ElementsAre("set", "set/val.zip"));
}

TEST_F(FetchingArchives, ByHandNamesBothArchives) {
  options_.from.clear();
  const std::string message = failure(item_);
  EXPECT_THAT(message, HasSubstr((to() / "set/val.zip").string()));
  EXPECT_THAT(message, HasSubstr((to() / "set/labels.zip").string()));
  EXPECT_THAT(message, HasSubstr("which checks them and unpacks what is needed."));
}

TEST_F(FetchingArchives, EntriesThatLeadOutOfTheFolderAreRefused) {
  const std::vector<std::pair<std::string, std::string>> good = {
      {"val/1.jpg", "1"}, {"val/2.jpg", "2"}, {"val/3.jpg", "3"}};
  for (const char* name : {"../evil.jpg", "val/../../evil.jpg", "/tmp/qyolo-evil.jpg"}) {
    auto entries = good;
    entries.emplace_back(name, "evil");
    EXPECT_THAT(refusal_of(deflated(entries)), HasSubstr(std::string("'") + name + "'"));
    fs::remove_all(to());
  }
  EXPECT_FALSE(fs::exists("/tmp/qyolo-evil.jpg"));
}

TEST_F(FetchingArchives, LinksAreRefused) {
  EXPECT_EQ(refusal_of(deflated({{"val/1.jpg", "<link>"}, {"val/2.jpg", "2"}, {"val/3.jpg", "3"}})),
            ": val/1.jpg is not a regular file");
}

TEST_F(FetchingArchives, BombsAreStoppedAtTheExpectedSize) {
  const std::string zeros(100'000, '\0');
  const std::string bomb = deflated({{"val/1.jpg", zeros}, {"val/2.jpg", "2"}, {"val/3.jpg", "3"}});
  ASSERT_LT(bomb.size(), 2000U);
  EXPECT_EQ(refusal_of(bomb),
            ": val/1.jpg takes more than the 1,000 bytes expected of 'val/*.jpg'");
}

// Sets the declared size of the first entry, in its own header and in the directory.
std::string declaring(std::string zip, std::uint32_t size) {
  const std::string bytes = testing::little_endian(size, 4);
  const std::size_t directory = zip.find("PK\x01\x02");
  return zip.replace(22, 4, bytes).replace(directory + 24, 4, bytes);
}

TEST_F(FetchingArchives, DeclaredSizesAreNotBelieved) {
  const std::vector<ZipEntry> entries = {
      {"val/1.jpg", "one"}, {"val/2.jpg", "2"}, {"val/3.jpg", "3"}};
  EXPECT_EQ(refusal_of(declaring(testing::make_zip(entries), 0xFFFFFFF0)),
            ": val/1.jpg takes more than the 1,000 bytes expected of 'val/*.jpg'");
  fs::remove_all(to());
  // Says less than it holds, and holds more than libarchive unpacks at a time.
  const std::string zeros(2'000'000, '\0');
  const std::string bomb = deflated({{"val/1.jpg", zeros}, {"val/2.jpg", "2"}, {"val/3.jpg", "3"}});
  EXPECT_EQ(refusal_of(declaring(bomb, 10)),
            ": val/1.jpg takes more than the 1,000 bytes expected of 'val/*.jpg'");
}

TEST_F(FetchingArchives, DamagedEntriesAreRefused) {
  std::vector<ZipEntry> entries = {{"val/1.jpg", "one"}, {"val/2.jpg", "2"}, {"val/3.jpg", "3"}};
  entries[1].crc32 = 1;
  EXPECT_THAT(refusal_of(testing::make_zip(entries)),
              StartsWith(": val/2.jpg cannot be unpacked: "));
}

TEST_F(FetchingArchives, ANameTwiceIsRefused) {
  EXPECT_EQ(refusal_of(deflated({{"val/1.jpg", "1"}, {"val/1.jpg", "2"}, {"val/3.jpg", "3"}})),
            ": val/1.jpg is there twice");
}

TEST_F(FetchingArchives, ControlCharactersInNamesAreRefused) {
  EXPECT_EQ(refusal_of(deflated({{"val/1\n.jpg", "1"}, {"val/2.jpg", "2"}, {"val/3.jpg", "3"}})),
            ": an entry's name has a control character");
}

TEST_F(FetchingArchives, AnotherNumberOfImagesIsRefused) {
  EXPECT_EQ(refusal_of(deflated({{"val/1.jpg", "1"}, {"val/2.jpg", "2"}})),
            " has 2 entries 'val/*.jpg', expected 3");
  fs::remove_all(to());
  EXPECT_EQ(refusal_of(deflated(
                {{"val/1.jpg", "1"}, {"val/2.jpg", "2"}, {"val/3.jpg", "3"}, {"val/4.jpg", "4"}})),
            " has more than the expected 3 entries 'val/*.jpg'");
}

TEST_F(FetchingArchives, WhatIsNoZipIsRefused) {
  EXPECT_THAT(refusal_of("this is no archive"), StartsWith(" is not a zip archive"));
}

TEST_F(FetchingArchives, AnEntryOfAnotherContentIsRefused) {
  set_labels(deflated({{"labels/val.json", "[]"}}));
  EXPECT_THAT(failure(item_), HasSubstr("labels/val.json has SHA-256 " + sha256_hex("[]") +
                                        ", expected " + sha256_hex("{}")));
  EXPECT_FALSE(fs::exists(to() / "set/labels/val.json"));
}

}  // namespace
}  // namespace qyolo::datasets
