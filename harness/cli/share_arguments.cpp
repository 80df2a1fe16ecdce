#include "harness/cli/share_arguments.h"

#include <cstdlib>

#include "harness/cli/command_usage.h"

namespace qyolo::cli {

Result<harness::ShardName> shard_name(const std::string& text) {
  return harness::parse_shard(text, [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  });
}

void ShareArguments::add_to(CLI::App& command) {
  command
      .add_option(
          "--share", folder,
          "Folder in which what is measured is kept: after an interruption the same command "
          "goes on behind it, and several processes (--shard) share the work")
      ->type_name(kFolderType);
  command
      .add_option("--shard", shard,
                  "With --share: which of the processes this one is, I/N (I from 0), auto (a Slurm "
                  "array or an indexed Kubernetes Job) or auto/N")
      ->type_name("I/N");
}

Result<std::optional<harness::ShareOptions>> ShareArguments::options() const {
  if (folder.empty() && shard.empty()) return std::optional<harness::ShareOptions>();
  if (folder.empty())
    return error("--shard {} needs the folder that the processes share: --share FOLDER", shard);
  harness::ShareOptions options{folder, {}};
  if (!shard.empty()) {
    QYOLO_TRY(options.shard, shard_name(shard));
  }
  return std::optional(std::move(options));
}

std::string ShareArguments::when_interrupted() const {
  if (folder.empty())
    return "nothing was written; with --share FOLDER the same command would go on behind it";
  return fmt::format("what was measured is kept in {}, and the same command goes on behind it",
                     folder);
}

}  // namespace qyolo::cli
