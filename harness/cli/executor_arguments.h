// What runs the network: options that several commands share.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "common/result.h"
#include "harness/engine/engine.h"
#include "harness/evaluate/evaluation.h"

namespace qyolo::cli {

inline constexpr const char* kAutomatic = "auto";

// --convolution: which kernels convolutions may run on.
void add_convolution(CLI::App& command, std::string& convolution);
[[nodiscard]] engine::KernelChoice kernel_choice(const std::string& convolution);

struct ExecutorArguments {
  std::string engine = "onednn";
  std::string precision = "fp32";
  std::string device = "cpu";
  std::string convolution = kAutomatic;

  // --engine and --convolution, and with `precisions` --precision.
  void add_to(CLI::App& command, bool precisions = true);
  // --device.
  void add_device_to(CLI::App& command);
  // Fails on a precision or a device that the engine does not have.
  [[nodiscard]] Result<harness::ExecutorFactory> factory() const;
};

}  // namespace qyolo::cli
