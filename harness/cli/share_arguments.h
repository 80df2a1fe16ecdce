// --share and --shard of searches that several processes run together.
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
  // None where neither is given. Fails where only one is.
  [[nodiscard]] Result<std::optional<harness::ShareOptions>> options() const;
};

}  // namespace qyolo::cli
