// The document of `diff`: what changed between two networks' detections of the same images, A (the
// baseline) and B (the other). docs/records.md describes every key.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "metrics/detection_changes.h"
#include "results/renderers.h"

namespace qyolo::results {

template <class T>
struct BothSides {
  T baseline{}, other{};
};

struct BestF1Record {
  double confidence = 0, mean_f1 = 0;
};

// Of a class, or of all.
struct DiffCounts {
  metrics::ChangeCounts counts;
  std::int64_t images = 0;  // of the comparison; not written, rates follow from it

  [[nodiscard]] double per_100_images(std::int64_t count) const;
};

struct DiffClassRecord {
  Json category_id;  // as the annotations write it
  std::string name;
  DiffCounts counts;
};

struct FlipRecord {
  std::string from, to;  // class names
  std::int64_t count = 0;
};

using BoxRecord = std::array<double, 4>;  // x, y, width, height, pixels

struct DiffDetectionRecord {
  std::string class_name;
  double score = 0;
  BoxRecord bbox{};
};

struct DiffObjectRecord {
  std::string class_name;
  BoxRecord bbox{};
  // That find it, or show it as another class.
  std::optional<DiffDetectionRecord> baseline, other;
};

struct DiffImageRecord {
  Json image_id;  // as the annotations write it
  std::string file_name;
  std::int64_t objects = 0;
  BothSides<std::int64_t> missed, wrong;
  std::vector<DiffObjectRecord> newly_missed, newly_found;
  std::vector<DiffDetectionRecord> newly_false, no_longer_false;
};

struct DiffRecord {
  std::string baseline, other;  // names, or files
  double iou = 0.5, confidence = 0;
  bool confidence_given = false;  // else the baseline's best mean F1
  BothSides<double> mean_f1;
  BothSides<std::optional<BestF1Record>> best_f1;
  DiffCounts total;
  std::vector<DiffClassRecord> classes;
  std::vector<FlipRecord> flips;          // most frequent first
  std::vector<std::string> worst_images;  // file names, most changed first
  std::vector<DiffImageRecord> images;    // all of them, by ascending id
  std::vector<std::string> sheets;        // contact sheets that were drawn
};

[[nodiscard]] OrderedJson diff_json(const DiffRecord& record);
Result<DiffRecord> read_diff(const Json& document, const std::string& place);

// A summary, a table of classes, the images that changed most.
[[nodiscard]] std::string diff_text(const DiffRecord& record);
// One line per class, and one for all of them.
[[nodiscard]] std::string diff_csv(const DiffRecord& record);
[[nodiscard]] Renderers renderers_of(const DiffRecord& record);

}  // namespace qyolo::results
