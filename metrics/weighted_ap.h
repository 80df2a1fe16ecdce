// COCO average precision of an evaluation in which each image counts a whole number of times, for
// many such choices of images at once and without matching again.
//
// Exactly what evaluate_coco() gives for a data set that holds image i weight(i) times. The copies
// of an image come directly one after the other in the order of images (as if their ids did), which
// decides how equal scores are ranked: by image, then copy by copy, then by place in the file.
//
// How it is done: precision rises only at true positives, and from one to the next when no false
// positive is between them, so that only the ends of such runs can be the largest precision at or
// above a recall. The runs of each class and threshold are found once; for a choice of images, the
// weights are added up along them and the envelope is followed from the last run back to the first.
// All sums are of integers; 16 choices are worked on side by side in vector registers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/matched_detections.h"

namespace qyolo::metrics {

// Choices of images that are evaluated side by side.
inline constexpr std::size_t kChoices = 16;

class WeightedAp {
 public:
  // Of one class in each choice; -1 where the choice has no object of the class.
  struct ClassAp {
    std::array<double, kChoices> ap;  // 0.50:0.95
    std::array<double, kChoices> ap50;
  };

  // What an evaluation of choices needs; one per thread.
  class Workspace {
   public:
    // Of image i in choice c: [i * kChoices + c]. To be filled in; nothing else writes to it.
    [[nodiscard]] std::span<std::int32_t> weights() {
      return std::span(rows_).first(images_ * kChoices);
    }

   private:
    friend class WeightedAp;
    std::size_t images_ = 0;
    std::vector<std::int32_t> rows_;
    std::vector<unsigned char> empty_copies_;
    std::vector<std::int32_t> wrong_, found_, counted_;
  };

  // `max_weight`: the largest weight that evaluate() accepts. Detections of one image with equal
  // scores but different outcomes are ranked copy by copy, at a cost that grows with it.
  WeightedAp(const MatchedDetections& matched, std::int32_t max_weight);

  [[nodiscard]] std::size_t classes() const { return programs_.size(); }
  [[nodiscard]] std::int32_t max_weight() const { return max_weight_; }

  [[nodiscard]] Workspace workspace() const;
  // With registers of one of register_widths(), 0: the widest; results do not depend on it.
  // REQUIRES: a workspace of this object, weights from 0 to max_weight(), results.size() ==
  // classes(), and weights that add up to fewer than 2^31 detections of a class.
  void evaluate(Workspace& workspace, std::span<ClassAp> results, int register_width = 0) const;
  // In bytes, ascending: those that this processor has.
  [[nodiscard]] static const std::vector<int>& register_widths();

  // One class as a sequence of sums of weights.
  struct Step {
    // In Curve::rows: false positives up to wrong_end, then true positives up to right_end, and
    // there the next step begins.
    std::uint32_t wrong_end = 0, right_end = 0;
    std::uint32_t wrong_at_all = 0;  // place in wrong_ends
  };
  struct Curve {
    std::vector<std::uint32_t> rows;
    std::vector<Step> steps;
  };
  struct ClassProgram {
    std::vector<ObjectCount> objects;
    // False positives at every threshold, and how many of them precede a step.
    std::vector<std::uint32_t> wrong_rows;
    std::vector<std::uint32_t> wrong_ends;
    std::vector<Curve> curves;  // by IoU threshold
  };
  // The weight of one copy of an image: 1 where the image counts at least `copy` times, else 0.
  struct CopyRow {
    std::uint32_t image = 0;
    std::int32_t copy = 0;
  };

 private:
  class Compiler;
  std::size_t images_ = 0;
  std::int32_t max_weight_ = 0;
  std::vector<ClassProgram> programs_;
  std::vector<CopyRow> copies_;  // rows that follow those of the images
};

// The mean over the classes that have a value; -1 if none has.
[[nodiscard]] double mean_ap(std::span<const double> ap_of_classes);

}  // namespace qyolo::metrics
