// A results file that another program wrote: `--network` names what it ran, and it is said what it
// seems to have done otherwise with the images.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "common/result.h"

namespace qyolo::cli {

struct OtherProgramArguments {
  std::string network;

  struct Files {
    std::string images, annotations, detections;
    int image_size = 0, threads = 0;
  };

  // --network.
  void add_to(CLI::App& command);
  // Fails where --network comes without images.
  [[nodiscard]] Status check(const std::string& images) const;
  // Says what it finds. Fails where the network cannot be run on the images; does nothing without
  // --network.
  [[nodiscard]] Status examine(const Files& files) const;
};

}  // namespace qyolo::cli
