// Racing: images are spent where they matter. A cell is tried block by block, and stopped as soon
// as it is certain that it loses more AP than is tolerated; what is not stopped is evaluated in
// full, with the numbers that evaluate() gives.
//
// Looks are after 1/8, 1/4 and 1/2 of the images, on a spread of the dataset. A cell is stopped
// where the paired interval of its difference from FP32, at 99.9 % confidence, lies beyond the
// tolerance: of cells that would meet it in the end, the looks stop about one in a thousand, and
// fewer the further inside it they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/evaluate/evaluation.h"
#include "harness/evaluate/uncertainty.h"
#include "harness/run/shared_pieces.h"
#include "metrics/bootstrap.h"

namespace qyolo::harness {

struct Trial {
  std::size_t images = 0;                // that the cell was run on
  metrics::PairedDifference difference;  // from FP32, on these images
  std::optional<CellResult> result;      // none where it was stopped
};

class Trials {
 public:
  // Evaluates the FP32 baseline. The evaluator must outlive the object. `share`: with other
  // processes, which run the same search. `fp32`: where the evaluator computes in another
  // arithmetic, one of the same images that runs the baseline.
  static Result<std::unique_ptr<Trials>> open(Evaluator& evaluator,
                                              const UncertaintyOptions& options,
                                              const ImageProgress& progress = {},
                                              const std::optional<ShareOptions>& share = {},
                                              Evaluator* fp32 = nullptr);

  [[nodiscard]] const CellResult& baseline() const { return baseline_; }
  // The loss of AP that the differences are judged by, a fraction; at first that of the options.
  void set_tolerance(double tolerance) { tolerance_ = tolerance; }
  // `interest`: a cell that certainly loses more AP than that is stopped; 1: never.
  Result<Trial> run(const Cell& cell, double interest, const ImageProgress& progress = {});

  // Images that cells were run on so far, the baseline's not among them, and how many evaluating
  // all of these cells in full takes.
  [[nodiscard]] std::int64_t images_run() const { return images_run_; }
  [[nodiscard]] std::int64_t images_full() const { return images_full_; }

 private:
  Trials(Evaluator& evaluator, const UncertaintyOptions& options)
      : evaluator_(evaluator),
        options_(options),
        tolerance_(options.tolerance / 100),
        uncertainty_(options, evaluator.truth(), evaluator.threads()) {}
  // Of the loaded network, `cell`'s: detections of each chunk. `images` counts those run.
  Result<std::vector<std::vector<Detection>>> detect(const Cell& cell,
                                                     std::span<const std::size_t> chunks,
                                                     std::size_t& images,
                                                     const ImageProgress& progress);
  // The difference on the first `chunks` of order_.
  Result<metrics::PairedDifference> look(std::size_t chunks,
                                         const std::vector<std::vector<Detection>>& detections);

  Evaluator& evaluator_;
  std::optional<SharedPieces> shared_;
  UncertaintyOptions options_;
  double tolerance_;
  Uncertainty uncertainty_;
  CellResult baseline_;
  std::vector<std::size_t> order_;  // of chunks
  struct Look {
    GroundTruth truth;
    metrics::ResampledAp baseline;
  };
  std::map<std::size_t, Look> looks_;  // by the number of chunks
  std::int64_t images_run_ = 0;
  std::int64_t images_full_ = 0;
};

// Of many cells the one that takes the fewest true bytes and is certain to stay within the
// tolerance (metrics/verdict.h): they are tried from the smallest on, and the first one that holds
// wins; larger ones need no images.
struct RaceEntry {
  std::size_t cell = 0;  // its place among the cells given
  std::int64_t bytes = 0;
  std::optional<Trial> trial;  // none: not run, or failed
  std::string error;           // of one that failed
};
struct RaceResult {
  std::vector<RaceEntry> entries;     // bytes ascending
  std::optional<std::size_t> winner;  // its place among the entries
  double baseline_ap = 0;
  std::int64_t images_run = 0;   // all cells, and the baseline
  std::int64_t images_full = 0;  // of evaluating all cells and the baseline in full
  [[nodiscard]] double spent_share() const;
};
// Told of each cell that was tried.
using OnRaceEntry = std::function<void(const RaceEntry& entry, const Cell& cell)>;
// Cells that quantize nothing are left out.
Result<RaceResult> race(Evaluator& evaluator, const UncertaintyOptions& options,
                        std::span<const Cell> cells, const OnRaceEntry& on_entry = {});

}  // namespace qyolo::harness
