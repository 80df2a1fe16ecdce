// harness/cli/: one file per `qyolo` subcommand; argument parsing and printing only, no logic.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "common/json.h"
#include "common/result.h"
#include "harness/cli/command_usage.h"
#include "harness/cli/console.h"

namespace qyolo::cli {

// What the chosen subcommand does after parsing: an exit code (0 ok, 1 some cells failed), or an
// error, which main() prints as one sentence before it exits with 2.
using Action = std::function<Result<int>()>;

void add_compare(CLI::App& app, Action& action);
void add_completion(CLI::App& app, Action& action);
void add_convert(CLI::App& app, Action& action);
void add_detect(CLI::App& app, Action& action);
void add_diagnose(CLI::App& app, Action& action);
void add_diff(CLI::App& app, Action& action);
void add_doctor(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_eval(CLI::App& app, Action& action);
void add_export(CLI::App& app, Action& action);
void add_fetch(CLI::App& app, Action& action);
void add_inputs(CLI::App& app, Action& action);
void add_inspect(CLI::App& app, Action& action);
void add_manual(CLI::App& app, Action& action);
void add_merge(CLI::App& app, Action& action);
void add_plot(CLI::App& app, Action& action);
void add_poc(CLI::App& app, Action& action);
void add_quantize(CLI::App& app, Action& action);
void add_recommend(CLI::App& app, Action& action);
void add_run(CLI::App& app, Action& action);
void add_score(CLI::App& app, Action& action);
void add_sensitivity(CLI::App& app, Action& action);
void add_tables(CLI::App& app, Action& action);

// The one JSON document of `-o json`, unrounded, on stdout.
void print_json(const OrderedJson& document);

}  // namespace qyolo::cli
