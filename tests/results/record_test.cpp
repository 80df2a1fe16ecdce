#include "results/record.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "common/file.h"
#include "tests/results/fixture.h"
#include "tests/support/paths.h"

namespace qyolo::results {
namespace {

using testing::accuracy_record;
using ::testing::ElementsAre;
using testing::failed_record;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kAffine;
using testing::kPwlq;
using testing::TemporaryFolder;

class RecordStoreTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path log() const { return folder_.path() / "records.jsonl"; }
  [[nodiscard]] std::string content() const { return read_file(log()).value(); }
  void write(std::string_view text) const { ASSERT_TRUE(write_file(log(), text).ok()); }
  [[nodiscard]] RecordStore open() const {
    auto store = RecordStore::open(folder_.path());
    EXPECT_TRUE(store.ok()) << (store.ok() ? "" : store.error().message);
    return std::move(store).value();
  }
  [[nodiscard]] std::string open_error() const {
    const auto store = RecordStore::open(folder_.path());
    return store.ok() ? "no error" : store.error().message;
  }

  // As earlier versions wrote it.
  static std::string without_sums(std::string text) {
    for (std::size_t at; (at = text.find(",\"crc32\":\"")) != std::string::npos;)
      text.erase(at, std::string_view(",\"crc32\":\"01234567\"").size());
    return text;
  }

  TemporaryFolder folder_;
  const std::string first_ = accuracy_record(kAffine, 0.5, 2000).dump() + '\n';
  const std::string second_ = accuracy_record(kPwlq, 0.6, 3000).dump() + '\n';
};

TEST_F(RecordStoreTest, CreatesTheFolderAndItsParents) {
  const auto store = RecordStore::open(folder_.path() / "a" / "b");
  ASSERT_TRUE(store.ok());
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "a" / "b" / "records.jsonl"));
}

TEST_F(RecordStoreTest, EachRecordIsOnTheDiskAsOneLineWhenAppendReturns) {
  RecordStore store = open();
  ASSERT_TRUE(store.append(accuracy_record(kAffine, 0.5, 2000)).ok());
  EXPECT_EQ(without_sums(content()), first_);
  ASSERT_TRUE(store.append(accuracy_record(kPwlq, 0.6, 3000)).ok());
  EXPECT_EQ(without_sums(content()), first_ + second_);
  EXPECT_EQ(store.records().size(), 2U);
}

TEST_F(RecordStoreTest, ALineThatIsNotWhatWasWrittenIsSkipped) {
  {
    RecordStore store = open();
    ASSERT_TRUE(store.append(accuracy_record(kAffine, 0.5, 2000)).ok());
    ASSERT_TRUE(store.append(accuracy_record(kPwlq, 0.6, 3000)).ok());
  }
  const std::string written = content();
  EXPECT_EQ(open().records().size(), 2U);
  EXPECT_FALSE(open().records().front().contains("crc32"));
  std::string changed = written;
  changed[changed.find("0.5")] = '1';
  write(changed);
  const RecordStore store = open();
  ASSERT_EQ(store.records().size(), 1U);
  EXPECT_THAT(store.warnings(),
              ElementsAre(HasSubstr("line 1 is not what was written (its crc32); skipped")));
  EXPECT_EQ(content(), changed);  // nothing is cut from the middle
}

TEST_F(RecordStoreTest, AFolderOfSomebodyElseIsLeftAsItIs) {
  const auto refused = [&](const char* name, const char* content) {
    const std::filesystem::path folder = folder_.path() / "theirs";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directory(folder);
    EXPECT_TRUE(write_file(folder / name, content).ok());
    const auto store = RecordStore::open(folder);
    EXPECT_EQ(read_file(folder / name).value(), content);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
    return store.ok() ? "" : store.error().message;
  };
  for (const char* manifest : {"{\"name\": \"my-app\", \"version\": 3}", "no json", "[]", ""})
    EXPECT_THAT(refused("manifest.json", manifest), HasSubstr("none of qyolo's")) << manifest;
  for (const char* records : {"{\"text\": 1}\n{\"text\": 2", "a line\nhalf a li"})
    EXPECT_THAT(refused("records.jsonl", records), HasSubstr("none of qyolo's")) << records;
}

TEST_F(RecordStoreTest, AFirstRecordThatWasCutIsOurs) {
  ASSERT_TRUE(write_file(folder_.path() / "records.jsonl", "{\"schema\":2,\"ki").ok());
  EXPECT_TRUE(RecordStore::open(folder_.path()).ok());
}

TEST_F(RecordStoreTest, ReopeningKnowsWhatIsFinished) {
  {
    RecordStore store = open();
    ASSERT_TRUE(store.append(accuracy_record(kAffine, 0.5, 2000)).ok());
    ASSERT_TRUE(store.append(failed_record(kPwlq, "out of memory")).ok());
    EXPECT_TRUE(store.finished("accuracy", "k-affine-4-filter"));
  }
  const RecordStore store = open();
  EXPECT_EQ(store.records().size(), 2U);
  EXPECT_TRUE(store.finished("accuracy", "k-affine-4-filter"));
  EXPECT_FALSE(store.finished("latency", "k-affine-4-filter"));
  EXPECT_FALSE(store.finished("accuracy", "k-pwlq-4-filter")) << "a failed cell is tried again";
  EXPECT_FALSE(store.finished("accuracy", "another"));
  EXPECT_THAT(store.warnings(), IsEmpty());
}

TEST_F(RecordStoreTest, TheNewestRecordOfACellDecides) {
  RecordStore store = open();
  ASSERT_TRUE(store.append(failed_record(kPwlq, "out of memory")).ok());
  ASSERT_TRUE(store.append(accuracy_record(kPwlq, 0.6, 3000)).ok());
  EXPECT_TRUE(store.finished("accuracy", "k-pwlq-4-filter"));
}

TEST_F(RecordStoreTest, AHalfWrittenLastLineIsCutOffWithAWarning) {
  write(first_ + second_.substr(0, second_.size() / 2));
  RecordStore store = open();
  EXPECT_EQ(without_sums(content()), first_);
  EXPECT_THAT(store.warnings(),
              ElementsAre(log().string() + " line 2 is half-written and was dropped"));
  ASSERT_TRUE(store.append(accuracy_record(kPwlq, 0.6, 3000)).ok());
  EXPECT_EQ(without_sums(content()), first_ + second_);
}

TEST_F(RecordStoreTest, AWholeLastLineWithoutItsEndIsKept) {
  write(first_ + second_.substr(0, second_.size() - 1));
  const RecordStore store = open();
  EXPECT_EQ(without_sums(content()), first_ + second_);
  EXPECT_EQ(store.records().size(), 2U);
  EXPECT_THAT(store.warnings(), IsEmpty());
}

TEST_F(RecordStoreTest, MalformedLinesAreSkippedWithAWarningAndStay) {
  const std::string text = first_ + "{oops}\n[1]\n{\"kind\":\"accuracy\"}\n\n" + second_;
  write(text);
  const RecordStore store = open();
  EXPECT_EQ(store.records().size(), 2U);
  EXPECT_THAT(store.warnings(),
              ElementsAre(HasSubstr("line 2 is not valid JSON"),
                          HasSubstr("line 3 is array, expected an object; skipped"),
                          HasSubstr("line 4 has no 'key', expected a string; skipped")));
  EXPECT_EQ(without_sums(content()), text);
}

TEST_F(RecordStoreTest, ANewerSchemaIsRefused) {
  write("{\"schema\":2,\"kind\":\"accuracy\",\"key\":\"k\",\"status\":\"ok\"}\n");
  EXPECT_EQ(open_error(), log().string() +
                              " line 1 has schema 2, this qyolo knows schemas up to 1: use a newer "
                              "qyolo");
}

TEST_F(RecordStoreTest, ASecondRunIntoTheFolderIsRefusedUntilTheFirstEnds) {
  {
    const RecordStore store = open();
    EXPECT_EQ(open_error(), folder_.path().string() +
                                " is being written by another run: wait for it to end, or choose "
                                "another folder");
  }
  EXPECT_EQ(open_error(), "no error");
}

TEST_F(RecordStoreTest, AFileInTheWayIsAnError) {
  write("");
  const auto store = RecordStore::open(log());
  ASSERT_FALSE(store.ok());
  EXPECT_THAT(store.error().message, HasSubstr("records.jsonl cannot be created"));
}

TEST_F(RecordStoreTest, AFolderInPlaceOfTheRecordsIsAnError) {
  std::filesystem::create_directory(log());
  EXPECT_EQ(open_error(), log().string() + " cannot be opened for writing: Is a directory");
}

TEST_F(RecordStoreTest, AnUnwritableFolderIsAnError) {
  const auto store = RecordStore::open("/proc/qyolo-test");
  ASSERT_FALSE(store.ok());
  EXPECT_THAT(store.error().message, HasSubstr("the folder /proc/qyolo-test cannot be created"));
}

TEST_F(RecordStoreTest, AFullDiskLeavesTheFileAsItWas) {
  RecordStore store = open();
  ASSERT_TRUE(store.append(accuracy_record(kAffine, 0.5, 2000)).ok());
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = first_.size() + 10;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status status = store.append(accuracy_record(kPwlq, 0.6, 3000));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, ignored);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message, log().string() + " cannot be written: File too large");
  EXPECT_EQ(without_sums(content()), first_);
  EXPECT_FALSE(store.finished("accuracy", "k-pwlq-4-filter"));
  ASSERT_TRUE(store.append(accuracy_record(kPwlq, 0.6, 3000)).ok());
  EXPECT_EQ(without_sums(content()), first_ + second_);
}

TEST_F(RecordStoreTest, NumbersThatJsonLacksAreWrittenAsNull) {
  RecordStore store = open();
  OrderedJson record = accuracy_record(kAffine, 0.5, 2000);
  record["metrics"]["AP"] = std::numeric_limits<double>::quiet_NaN();
  record["weight_error"]["sqnr_db"] = std::numeric_limits<double>::infinity();
  ASSERT_TRUE(store.append(record).ok());
  EXPECT_THAT(content(), HasSubstr("\"AP\":null"));
  EXPECT_THAT(content(), HasSubstr("\"sqnr_db\":null"));
}

TEST_F(RecordStoreTest, WhatIsNoRecordIsNotWritten) {
  RecordStore store = open();
  const Status status = store.append({{"schema", 1}, {"kind", "accuracy"}, {"status", "ok"}});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message, "the record has no 'key', expected a string");
  EXPECT_EQ(without_sums(content()), "");
}

TEST_F(RecordStoreTest, TheManifestIsWritten) {
  RecordStore store = open();
  ASSERT_TRUE(store.write_manifest({{"schema", 1}, {"name", "demo"}}).ok());
  EXPECT_EQ(read_file(folder_.path() / "manifest.json").value(),
            "{\n  \"schema\": 1,\n  \"name\": \"demo\"\n}\n");
}

}  // namespace
}  // namespace qyolo::results
