// Work on images that several processes do at once without talking, for searches whose next step
// depends on the last one: every process needs all of it and goes the same way.
//
// The images are cut into pieces. Each process begins at another one and goes round; a piece that
// is there already, as a task file (results/task_file.h) in a folder that all see, is not made
// again. Nobody waits: a process that is alone makes everything, N of them about an Nth each.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"
#include "harness/cell/cell.h"
#include "harness/evaluate/evaluation.h"
#include "harness/run/shard_name.h"

namespace qyolo::harness {

struct ShareOptions {
  std::filesystem::path folder;
  ShardName shard;
};

// Of an evaluator's chunks, the same for all processes: some images each.
[[nodiscard]] std::vector<std::vector<std::size_t>> cut_into_pieces(
    const Evaluator& evaluator, std::span<const std::size_t> chunks);

class SharedPieces {
 public:
  // The evaluator must outlive it.
  SharedPieces(ShareOptions options, const Evaluator& evaluator);

  // Detections of some chunks by one or several networks: [network][chunk].
  using Detections = std::vector<std::vector<std::vector<Detection>>>;
  using Make = std::function<Result<Detections>(std::span<const std::size_t> chunks)>;

  // The same from one process or several: [network][chunk of `chunks`]. `cell` and `what` say
  // which networks these are; `make` runs `networks` of them.
  Result<Detections> gather(const Cell& cell, std::string_view what, std::size_t networks,
                            std::span<const std::size_t> chunks, const Make& make);

  // Pieces that this process made, and that others had made.
  [[nodiscard]] std::size_t made() const { return made_; }
  [[nodiscard]] std::size_t found() const { return found_; }

 private:
  // Where a piece lies, and what it is called.
  [[nodiscard]] std::string key_of(const Cell& cell, std::string_view what, std::size_t networks,
                                   std::span<const std::size_t> chunks) const;
  Result<Detections> read(const std::string& key, std::size_t networks,
                          std::span<const std::size_t> chunks) const;
  Status write(const std::string& key, const Cell& cell, std::span<const std::size_t> chunks,
               const Detections& detections) const;

  ShareOptions options_;
  const Evaluator& evaluator_;
  std::string truth_;
  std::size_t made_ = 0, found_ = 0;
};

}  // namespace qyolo::harness
