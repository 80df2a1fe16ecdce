// --share and --shard of searches that keep what they measure, and that several processes may run
// together.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "common/result.h"
#include "harness/run/shared_pieces.h"

namespace qyolo::cli {

// "3/8", or what "auto" finds in the environment.
Result<harness::ShardName> shard_name(const std::string& text);

struct ShareArguments {
  std::string folder, shard;

  void add_to(CLI::App& command);
  // None where neither is given; --share alone is one process. Fails on --shard alone.
  [[nodiscard]] Result<std::optional<harness::ShareOptions>> options() const;
  // What is said to those who interrupt the command.
  [[nodiscard]] std::string when_interrupted() const;
};

}  // namespace qyolo::cli
