#include "harness/run/shard_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace qyolo::harness {
namespace {

using ::testing::HasSubstr;

std::string read(std::string_view text, std::map<std::string, std::string> variables = {}) {
  const auto shard = parse_shard(text, [&](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
  return shard.ok() ? shard->text() : shard.error().message;
}

TEST(ShardName, IsOneOfAsManyAsThereAre) {
  EXPECT_EQ(read("0/1"), "0/1");
  EXPECT_EQ(read("7/8"), "7/8");
  for (const char* text : {"8/8", "1/0", "0/99999999", "3/2"})
    EXPECT_THAT(read(text), HasSubstr("expected one from 0")) << text;
  for (const char* text : {"", "3", "a/b", "-1/8", "1/8/2", "1/8 ", "1.0/8", "/8", "auto/", "AUTO"})
    EXPECT_THAT(read(text), HasSubstr("expected I/N")) << text;
}

TEST(ShardName, ComesFromASlurmArray) {
  EXPECT_EQ(read("auto", {{"SLURM_ARRAY_TASK_ID", "3"}, {"SLURM_ARRAY_TASK_COUNT", "8"}}), "3/8");
  std::map<std::string, std::string> from_one = {{"SLURM_ARRAY_TASK_ID", "8"},
                                                 {"SLURM_ARRAY_TASK_COUNT", "8"},
                                                 {"SLURM_ARRAY_TASK_MIN", "1"},
                                                 {"SLURM_ARRAY_TASK_STEP", "1"}};
  EXPECT_EQ(read("auto", from_one), "7/8");
  std::map<std::string, std::string> in_steps = {{"SLURM_ARRAY_TASK_ID", "14"},
                                                 {"SLURM_ARRAY_TASK_COUNT", "4"},
                                                 {"SLURM_ARRAY_TASK_MIN", "2"},
                                                 {"SLURM_ARRAY_TASK_STEP", "4"}};
  EXPECT_EQ(read("auto", in_steps), "3/4");
}

TEST(ShardName, OfAnArrayWithGapsNeedsTheWholeArraysNumber) {
  const std::map<std::string, std::string> again = {
      {"SLURM_ARRAY_TASK_ID", "5"}, {"SLURM_ARRAY_TASK_COUNT", "2"}, {"SLURM_ARRAY_TASK_MIN", "2"}};
  EXPECT_THAT(read("auto", again), HasSubstr("--shard auto/N"));
  EXPECT_EQ(read("auto/8", again), "5/8");
}

TEST(ShardName, ComesFromAnIndexedJob) {
  EXPECT_EQ(read("auto", {{"JOB_COMPLETION_INDEX", "0"}, {"JOB_COMPLETIONS", "4"}}), "0/4");
  EXPECT_EQ(read("auto/6", {{"JOB_COMPLETION_INDEX", "5"}}), "5/6");
  EXPECT_THAT(read("auto", {{"JOB_COMPLETION_INDEX", "0"}}),
              HasSubstr("JOB_COMPLETIONS is not set"));
}

TEST(ShardName, IsNotGuessedWithoutAScheduler) {
  EXPECT_THAT(read("auto"), HasSubstr("neither SLURM_ARRAY_TASK_ID"));
  EXPECT_THAT(read("auto/3"), HasSubstr("neither SLURM_ARRAY_TASK_ID"));
  EXPECT_THAT(read("auto", {{"SLURM_ARRAY_TASK_ID", "x"}, {"SLURM_ARRAY_TASK_COUNT", "8"}}),
              HasSubstr("SLURM_ARRAY_TASK_ID is 'x', expected a number"));
  EXPECT_THAT(read("auto", {{"SLURM_ARRAY_TASK_ID", "1"}}),
              HasSubstr("SLURM_ARRAY_TASK_COUNT is not set"));
}

}  // namespace
}  // namespace qyolo::harness
