// What others published about quantized YOLOv7, each with its source, to stand beside a run's own
// numbers. Never mixed with them: every row says "published".
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/reading_table.h"

namespace qyolo::results {

struct PublishedFigure {
  double value = 0;  // AP: in percent
  int decimals = 0;  // as published
};

struct PublishedResult {
  std::string_view method, network, dataset;
  std::optional<int> size;  // pixels
  std::optional<PublishedFigure> ap, ap50;
  std::optional<PublishedFigure> float_ap;      // of the same source's unquantized network
  std::optional<PublishedFigure> loss_percent;  // of the accuracy
  std::optional<PublishedFigure> ratio;         // times smaller, as its source counts
  std::string_view source;
};

[[nodiscard]] std::span<const PublishedResult> published_results();

// Whether the run is about COCO val2017: its annotations or its name say val2017, or it has 5,000
// images of 80 classes.
[[nodiscard]] bool is_coco_val2017(const Run& run);

// Of a run about COCO val2017: all, with how the run's setting differs in the notes. Of another:
// no columns, and one note with the study's two pairs. Nothing where the run has no rows.
[[nodiscard]] ReadingTable published_table(const Run& run);

// What published_table() shows, AP and loss as fractions (0..1).
[[nodiscard]] OrderedJson published_json(const Run& run);

}  // namespace qyolo::results
