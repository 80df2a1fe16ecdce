#include "results/task_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "common/sha256.h"
#include "tests/results/contract.h"

namespace qyolo::results {
namespace {

using ::testing::HasSubstr;

GroundTruth two_images() {
  GroundTruth truth;
  truth.images = {{40, "a.jpg", 100, 80}, {7, "b.jpg", 100, 80}};
  truth.categories = {{3, "bolt"}, {9, "nut"}};
  return truth;
}

TaskFile some_task() {
  TaskFile task;
  task.key = "0123456789abcdef0123456789abcdef";
  task.host = {"n1", "Example CPU", "x86_64 avx2", "0.9", "abc", "oneDNN 3.1, fp32, 1 threads"};
  AccuracyRecord& record = task.record;
  record.identity = {"aaaabbbbccccdddd",
                     {{"label", "affine 4-bit"}, {"bits", 4}, {"baseline", false}},
                     {true, "fp32", "oneDNN 3.1"}};
  record.images = 2;
  record.sqnr_db = 21.37;
  record.mse = 1.0 / 3;
  record.layers = {{"conv", {8, 3, 3, 3}, 216, 8, "affine", std::nullopt, 0.1}};
  record.memory = {{"true_bytes", 123}, {"paper_bytes", 100}, {"a", 1}};
  record.seconds = {0.1, 0.2, 0.3, 0.4, 0, 0.7};
  task.images = {{1, 2}, {0, 1}};
  task.detections = {{7, 9, {1.5, 2.125, 3, 4.001}, 0.99999},
                     {7, 3, {-0.0, -12.25, 0.1, 1e6}, 0.00123},
                     {40, 3, {std::nextafter(1.0, 2.0), 1e300, 2, 3}, 1}};
  task.heads = {{0.125, 5, 1}, {std::numeric_limits<double>::infinity(), 0, 0}};
  return task;
}

std::string bytes_of(const TaskFile& task) {
  const auto bytes = encode_task(task, two_images());
  EXPECT_TRUE(bytes.ok()) << bytes.error().message;
  return bytes.ok() ? *bytes : "";
}

std::string complaint(const std::string& bytes, std::string key = some_task().key) {
  const auto read = decode_task(bytes, key, two_images(), "x.task");
  return read.ok() ? "none" : read.error().message;
}

// With the checksum that belongs to the content.
std::string sealed(std::string bytes) {
  bytes.resize(bytes.size() - 64);
  return bytes + sha256_hex(bytes);
}

TEST(TaskFile, IsReadAsItWasWrittenBitForBit) {
  const TaskFile task = some_task();
  const auto read = decode_task(bytes_of(task), task.key, two_images(), "x.task");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(accuracy_json(read->record).dump(), accuracy_json(task.record).dump());
  ASSERT_EQ(read->detections.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read->detections[i].image_id, task.detections[i].image_id);
    EXPECT_EQ(read->detections[i].category_id, task.detections[i].category_id);
    EXPECT_EQ(read->detections[i].bbox, task.detections[i].bbox);
    EXPECT_EQ(read->detections[i].score, task.detections[i].score);
  }
  EXPECT_TRUE(std::signbit(read->detections[1].bbox[0]));
  ASSERT_EQ(read->images.size(), 2U);
  EXPECT_EQ(read->images[0].image, 1U);
  EXPECT_EQ(read->images[0].detections, 2U);
  ASSERT_EQ(read->heads.size(), 2U);
  EXPECT_EQ(read->heads[0].kl, 0.125);
  EXPECT_EQ(read->heads[0].top, 5);
  EXPECT_TRUE(std::isinf(read->heads[1].kl));
  EXPECT_EQ(read->host.instructions, "x86_64 avx2");
  EXPECT_EQ(read->host.executor, task.host.executor);
  EXPECT_EQ(bytes_of(*read), bytes_of(task));
}

TEST(TaskFile, OfATaskThatFailedSaysWhy) {
  TaskFile task;
  task.key = some_task().key;
  task.error = "the disk is gone";
  task.record.identity = some_task().record.identity;
  const auto read = decode_task(bytes_of(task), task.key, two_images(), "x.task");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_TRUE(read->failed());
  const auto line = [](const TaskFile& one) {
    return failed_json(kAccuracy, one.record.identity, Error{one.error}).dump();
  };
  EXPECT_EQ(line(*read), line(task));
}

TEST(TaskFile, IsCompact) {
  TaskFile task = some_task();
  const std::size_t before = bytes_of(task).size();
  constexpr std::size_t kMore = 1000;
  for (std::size_t i = 0; i < kMore; ++i)
    task.detections.push_back({40, 9, {123.456, 65.432, 33.1, 20.25}, 0.01234});
  task.images[1].detections += kMore;
  EXPECT_LT(bytes_of(task).size() - before, 20 * kMore);
}

TEST(TaskFile, DamagedAtAnyByteIsRefused) {
  const std::string whole = bytes_of(some_task());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_THAT(complaint(damaged), HasSubstr("x.task")) << i;
  }
}

TEST(TaskFile, CutAtAnyByteIsRefused) {
  const std::string whole = bytes_of(some_task());
  for (std::size_t i = 0; i < whole.size(); ++i)
    EXPECT_THAT(complaint(whole.substr(0, i)), HasSubstr("x.task")) << i;
  EXPECT_THAT(complaint(whole + "x"), HasSubstr("damaged or cut short"));
}

TEST(TaskFile, OfAnotherTaskOrProgramIsRefused) {
  EXPECT_THAT(complaint(bytes_of(some_task()), "ffff"),
              HasSubstr("is of the task 0123456789abcdef0123456789abcdef, expected ffff"));
  EXPECT_THAT(complaint("{\"schema\": 1}"), HasSubstr("is no task file"));
  EXPECT_THAT(complaint(""), HasSubstr("is no task file"));
  std::string newer = bytes_of(some_task());
  newer.replace(newer.find("\"schema\":1"), 10, "\"schema\":9");
  EXPECT_THAT(complaint(sealed(newer)), HasSubstr("schema 9"));
}

// Whoever writes a checksum over it.
TEST(TaskFile, WhoseContentContradictsItselfIsRefused) {
  const auto with = [](const std::string& from, const std::string& to) {
    std::string bytes = bytes_of(some_task());
    const auto at = bytes.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return sealed(bytes.replace(at, from.size(), to));
  };
  EXPECT_THAT(complaint(with("\"images\":2,\"detections\":3", "\"images\":9,\"detections\":3")),
              HasSubstr("x.task"));
  EXPECT_THAT(complaint(with("\"images\":2,\"detections\":3", "\"images\":2,\"detections\":2")),
              HasSubstr("more detections than there are"));
  EXPECT_THAT(complaint(with("\"images\":2,\"detections\":3", "\"images\":1,\"detections\":3")),
              HasSubstr("2 detections, expected 3"));
  EXPECT_THAT(complaint(with("\"heads\":2", "\"heads\":1")), HasSubstr("another length"));
  EXPECT_THAT(complaint(with("\"heads\":2", "\"heads\":3")), HasSubstr("another length"));
  const TaskFile task = some_task();
  GroundTruth fewer = two_images();
  fewer.images.pop_back();
  const auto read = decode_task(bytes_of(task), task.key, fewer, "x.task");
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.error().message, HasSubstr("is none of the 1 evaluated"));
}

}  // namespace
}  // namespace qyolo::results
