// What changed between two networks' detections of the same images, for people and as JSON:
// metrics/detection_changes.h with its operating confidence, names, and the images that changed
// most. A is the baseline, B the other network.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/coco_types.h"
#include "common/image_limit.h"
#include "common/result.h"
#include "metrics/detection_changes.h"
#include "metrics/operating_point.h"
#include "results/diff_record.h"

namespace qyolo::harness {

struct DiffOptions {
  std::optional<double> confidence;  // none: that of the baseline's best mean F1
  double iou = 0.5;                  // at which a detection finds an object
};

struct Diff {
  GroundTruth truth;  // images by ascending id
  std::string baseline_name, other_name;
  std::filesystem::path images;  // their folder, where it is known
  std::vector<Detection> baseline, other;
  metrics::DetectionChanges changes;
  bool confidence_given = false;
  // None where a network finds no object at any confidence.
  std::optional<metrics::OperatingPoint> baseline_best, other_best;
  std::vector<std::string> warnings;

  [[nodiscard]] std::string class_name(std::int64_t category_id) const;
  // Its file name; "image 7" where the annotations have none.
  [[nodiscard]] std::string image_name(std::int64_t image_id) const;
};

// `diff` has truth, names and detections: fills in what follows from them. Fails where detections
// do not fit the annotations, and without a confidence where none is best.
Result<Diff> compare_detections(Diff diff, const DiffOptions& options);

// From COCO results files, without a network. A limit keeps the images that evaluation with it
// has (datasets/sample.h).
// Fails where a file does not fit the annotations, and without a confidence where none is best.
Result<Diff> diff_files(const std::filesystem::path& annotations,
                        const std::filesystem::path& baseline, const std::filesystem::path& other,
                        const ImageLimit& limit, const DiffOptions& options);

// As results/diff_record.h writes it: totals, classes, flips, every image with what changed in it,
// box by box; at most `worst` images named as the most changed ones.
[[nodiscard]] results::DiffRecord diff_record(const Diff& diff, std::size_t worst);

// "3 newly missed, 1 of them shown as another class, 2 newly false"
[[nodiscard]] std::string change_text(const metrics::ChangeCounts& counts);

}  // namespace qyolo::harness
