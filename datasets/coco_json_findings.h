// What is found while an annotation file is read; for coco_json*.cpp only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "datasets/coco_json.h"

namespace qyolo::datasets {

class TruthFindings {
 public:
  // Of each kind at least one example is kept.
  explicit TruthFindings(std::size_t examples) : examples_(std::max<std::size_t>(1, examples)) {}

  // text() makes the example, where there is room for one.
  template <class Text>
  void add(TruthProblem problem, Text text) {
    TruthFinding& finding = of(problem);
    if (++finding.count <= examples_) finding.examples.push_back(text());
  }

  [[nodiscard]] std::size_t count(TruthProblem problem) const {
    const auto found = std::ranges::find(findings_, problem, &TruthFinding::problem);
    return found == findings_.end() ? 0 : found->count;
  }
  // The first example. REQUIRES: count() > 0.
  [[nodiscard]] const std::string& first(TruthProblem problem) const {
    return std::ranges::find(findings_, problem, &TruthFinding::problem)->examples.front();
  }

  void clear() { findings_.clear(); }
  [[nodiscard]] std::vector<TruthFinding> take() { return std::move(findings_); }

 private:
  TruthFinding& of(TruthProblem problem) {
    const auto found = std::ranges::find(findings_, problem, &TruthFinding::problem);
    if (found != findings_.end()) return *found;
    return findings_.emplace_back(TruthFinding{problem, 0, {}});
  }

  std::size_t examples_;
  std::vector<TruthFinding> findings_;
};

// An annotation that cannot be used, of an image that may turn out not to be listed.
struct UnusableAnnotation {
  TruthProblem problem;
  std::size_t place = 0;
  std::int64_t image_id = 0;
  std::string what;
};

// An annotation file as it is written, before ids are looked up.
struct WrittenTruth {
  GroundTruth truth;
  std::vector<std::size_t> places;  // of each annotation in its section; empty: their order
  std::vector<UnusableAnnotation> unusable;
  TruthFindings findings;
};

// The general parser. `padded` is followed by simdjson's padding.
Result<WrittenTruth> parse_written_truth(std::string_view padded_json, std::size_t capacity,
                                         const std::string& where, std::size_t examples);

// Looks ids up, leaves out what has no image or category, fills in areas, and makes the notes.
TruthFile checked_truth(WrittenTruth written, std::string_view where);

}  // namespace qyolo::datasets
