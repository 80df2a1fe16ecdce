#include "harness/run/shard_name.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>

namespace qyolo::harness {
namespace {

constexpr std::uint64_t kMostShards = 1000000;

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc() || stop != end) return std::nullopt;
  return value;
}

Result<ShardName> shard_of(std::uint64_t index, std::uint64_t count, std::string_view place) {
  if (count == 0 || count > kMostShards || index >= count) {
    return error("{} is shard {} of {}, expected one from 0 to the number of shards less 1", place,
                 index, count);
  }
  return ShardName{static_cast<std::size_t>(index), static_cast<std::size_t>(count)};
}

// A variable that must be a number; `missing` where it is not set.
Result<std::uint64_t> variable(const Environment& environment, const char* name,
                               std::optional<std::uint64_t> missing) {
  const auto text = environment(name);
  if (!text || text->empty()) {
    if (missing) return *missing;
    return error("--shard auto: {} is not set", name);
  }
  const auto value = number_in(*text);
  if (!value) return error("--shard auto: {} is '{}', expected a number from 0", name, *text);
  return *value;
}

bool is_set(const Environment& environment, const char* name) {
  const auto text = environment(name);
  return text && !text->empty();
}

// As it stands, without what it counts from.
Result<std::uint64_t> index_of_scheduler(const Environment& environment) {
  for (const char* name : {"SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"}) {
    if (is_set(environment, name)) return variable(environment, name, std::nullopt);
  }
  return error(
      "--shard auto: neither SLURM_ARRAY_TASK_ID (an array job of Slurm) nor JOB_COMPLETION_INDEX "
      "(an indexed Job of Kubernetes) is set; expected one of them, or --shard I/N");
}

Result<ShardName> shard_of_slurm(const Environment& environment) {
  QYOLO_TRY(const std::uint64_t id, variable(environment, "SLURM_ARRAY_TASK_ID", std::nullopt));
  QYOLO_TRY(const std::uint64_t count,
            variable(environment, "SLURM_ARRAY_TASK_COUNT", std::nullopt));
  QYOLO_TRY(const std::uint64_t first, variable(environment, "SLURM_ARRAY_TASK_MIN", 0));
  QYOLO_TRY(const std::uint64_t step, variable(environment, "SLURM_ARRAY_TASK_STEP", 1));
  if (id < first || step == 0 || (id - first) % step != 0 || (id - first) / step >= count) {
    return error(
        "--shard auto: the array has {} tasks, and {} is none of the first {} from {} in steps of "
        "{}; expected an array without gaps, or --shard auto/N with the N of the whole array",
        count, id, count, first, step);
  }
  return shard_of((id - first) / step, count, "--shard auto");
}

}  // namespace

std::string ShardName::text() const { return fmt::format("{}/{}", index, count); }

Result<ShardName> parse_shard(std::string_view text, const Environment& environment) {
  if (text == "auto") {
    if (is_set(environment, "SLURM_ARRAY_TASK_ID")) return shard_of_slurm(environment);
    QYOLO_TRY(const std::uint64_t index, index_of_scheduler(environment));
    QYOLO_TRY(const std::uint64_t count, variable(environment, "JOB_COMPLETIONS", std::nullopt));
    return shard_of(index, count, "--shard auto");
  }
  const auto slash = text.find('/');
  const auto count =
      slash == std::string_view::npos ? std::nullopt : number_in(text.substr(slash + 1));
  const std::string_view which = text.substr(0, slash);
  const std::string place = fmt::format("--shard {}", text);
  if (count && which == "auto") {
    QYOLO_TRY(const std::uint64_t index, index_of_scheduler(environment));
    return shard_of(index, *count, place);
  }
  const auto index = number_in(which);
  if (!count || !index) return error("{}: expected I/N, such as 0/8, auto, or auto/N", place);
  return shard_of(*index, *count, place);
}

}  // namespace qyolo::harness
