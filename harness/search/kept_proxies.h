// Proxies (proxies.h) that a search has measured, in the folder that its processes share: what is
// there is not measured again, by them or by a later run of the same search. Each process begins at
// another place of what there is to measure, as it does with images (run/shared_pieces.h).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "harness/evaluate/evaluation.h"
#include "harness/run/shared_pieces.h"
#include "harness/search/head_divergence.h"

namespace qyolo::harness {

struct KeptProxy {
  HeadDivergence divergence;
  double weight_noise = 0;  // squared weight error over squared weights, where the search needs it
};

class KeptProxies {
 public:
  // `compared`: the images that networks are compared on. Without `share` nothing is kept.
  static Result<KeptProxies> open(const std::optional<ShareOptions>& share,
                                  const Evaluator& evaluator, const CalibrationSet& compared);

  [[nodiscard]] bool on() const { return share_.has_value(); }
  // 0 to count - 1, from another start in each process.
  [[nodiscard]] std::vector<std::size_t> order(std::size_t count) const;

  // `what` says which networks these are, beside the checkpoint and the images. Files that are
  // damaged, or of something else, are measured again.
  [[nodiscard]] std::optional<std::vector<KeptProxy>> find(std::string_view what,
                                                           std::size_t networks) const;
  Status keep(std::string_view what, std::span<const KeptProxy> proxies) const;

 private:
  [[nodiscard]] std::string asked(std::string_view what) const;
  [[nodiscard]] std::filesystem::path file_of(const std::string& asked) const;

  std::optional<ShareOptions> share_;
  std::string common_;  // to all that is kept
};

}  // namespace qyolo::harness
