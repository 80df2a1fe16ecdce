// What runs the network: options that several commands share.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "common/result.h"
#include "harness/evaluate/evaluation.h"

namespace qyolo::cli {

struct ExecutorArguments {
  std::string engine = "onednn";
  std::string precision = "fp32";

  // --engine, and with `precisions` --precision.
  void add_to(CLI::App& command, bool precisions = true);
  // Fails on a precision that the engine does not have.
  [[nodiscard]] Result<harness::ExecutorFactory> factory() const;
};

}  // namespace qyolo::cli
