#include "harness/run/merge.h"

#include "harness/cli/command.h"
#include "harness/cli/evaluation_arguments.h"
#include "harness/cli/merge_messages.h"
#include "harness/cli/output.h"
#include "harness/cli/progress.h"
#include "results/record.h"
#include "results/tables.h"

namespace qyolo::cli {

void say_missing(const harness::MergeSummary& summary) {
  if (summary.missing == 0) return;
  say("{} of {} tasks are missing, {} of {} cells wait for them: {}\n", summary.missing,
      summary.tasks, summary.waiting.size(), summary.cells, fmt::join(summary.waiting, ", "));
  for (const std::string& command : summary.commands) say("make them by: {}\n", command);
}

namespace {

struct MergeArguments {
  std::string run;
  Output output{results::table_format_names()};
  int threads = 0;
  bool strict = false;
  bool quiet = false;
};

Result<int> merge(const MergeArguments& arguments) {
  ProgressPrinter progress(arguments.quiet);
  QYOLO_TRY(const harness::MergeSummary summary,
            harness::merge_run(arguments.run, {arguments.threads, arguments.strict}, progress));
  QYOLO_TRY(const results::Run run, results::read_run(arguments.run));
  arguments.output.print(
      results::renderers_of(run, results::TablePart::kAll, {}, arguments.output.view()));
  say_missing(summary);
  return summary.failed > 0 || !summary.waiting.empty() ? 1 : 0;
}

}  // namespace

void add_merge(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<MergeArguments>();
  CLI::App* command =
      app.add_subcommand("merge", "Records of a run that several processes (`run --shard`) shared");
  command
      ->add_option("run", arguments->run,
                   "Run folder (`run --out`) with what they have done so far")
      ->type_name(kFolderType)
      ->required();
  command->add_flag("--strict", arguments->strict,
                    "Refuse tasks of hosts with different instruction sets, instead of a warning");
  add_threads(*command, arguments->threads);
  arguments->output.add_to(*command);
  arguments->output.add_columns_to(*command);
  command->add_flag("-q,--quiet", arguments->quiet, "No progress");
  command->footer("Example: qyolo merge runs/demo");
  command->callback([arguments, &action] { action = [arguments] { return merge(*arguments); }; });
}

}  // namespace qyolo::cli
