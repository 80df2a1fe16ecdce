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
      .add_option("--share", folder,
                  "Folder that all processes of this command see, where several share the images: "
                  "each gives the same answer")
      ->type_name(kFolderType);
  command
      .add_option("--shard", shard,
                  "With --share: which of the processes this one is, I/N (I from 0), auto (a Slurm "
                  "array or an indexed Kubernetes Job) or auto/N")
      ->type_name("I/N");
}

Result<std::optional<harness::ShareOptions>> ShareArguments::options() const {
  if (folder.empty() && shard.empty()) return std::optional<harness::ShareOptions>();
  if (folder.empty() || shard.empty())
    return error("--share FOLDER and --shard I/N go together, expected both");
  QYOLO_TRY(const harness::ShardName name, shard_name(shard));
  return std::optional(harness::ShareOptions{folder, name});
}

}  // namespace qyolo::cli
