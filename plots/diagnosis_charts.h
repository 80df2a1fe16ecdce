// Charts of one network's detections, from plain numbers: they know neither boxes nor files. As in
// charts.h every chart is one SVG document of the look's width and language. All
// numbers are fractions; what is shown of them is percent, or points.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plots/look.h"

namespace qyolo::plots {

struct DetectionCurve {
  std::string name;
  // At recalls, or confidences, equally spaced from 0 to 1; at least two. -1: no detection.
  std::vector<double> precision_at_recall;
  std::vector<double> precision, recall, f1;
  double ap50 = 0;
  struct Best {
    double confidence = 0;
    double f1 = 0;
  };
  std::optional<Best> best_f1;
};

struct DetectionCurveSet {
  std::string subtitle;
  std::vector<DetectionCurve> classes;
  DetectionCurve mean;
  std::optional<DetectionCurve> baseline;  // its mean
};

// Of many classes only the worst have a colour and a name: those of the lowest AP50, or best F1.
[[nodiscard]] std::string precision_recall_chart(const DetectionCurveSet& set,
                                                 const Look& look = {});
// Precision, recall and F1 against confidence, with the best mean F1 as a mark.
[[nodiscard]] std::string confidence_chart(const DetectionCurveSet& set, const Look& look = {});

struct ConfusionCounts {
  std::string subtitle;
  std::vector<std::string> names;    // K
  std::vector<std::int64_t> counts;  // [K + 1, K + 1], rows are the truth, the last is background
};
// A heat map: shares of a class's objects as colours, counts where there is room, else a list of
// the most frequent confusions. Classes without objects and detections are left out.
[[nodiscard]] std::string confusion_chart(const ConfusionCounts& confusion, const Look& look = {});

struct ErrorBars {
  std::string subtitle;
  struct Amount {
    std::int64_t errors = 0;
    double delta_ap = 0;
  };
  struct Bar {
    std::string name;
    Amount network;
    std::optional<Amount> baseline;
  };
  std::vector<Bar> types;
  std::vector<Bar> sums;  // false positives and negatives, apart
};
[[nodiscard]] std::string error_chart(const ErrorBars& errors, const Look& look = {});

struct ScoreShifts {
  std::string subtitle;
  struct Pair {
    double baseline = 0;
    double network = 0;
  };
  std::vector<Pair> pairs;
  struct Range {
    std::string name;
    std::int64_t pairs = 0;
    double mean = 0;
    std::array<double, 5> quantiles{};  // 5, 25, 50, 75, 95 %
  };
  Range all;
  std::vector<Range> classes;  // those with pairs
};
// Scores against scores as a density, and the range of shifts of all and of each class; of many
// classes those with the largest medians.
[[nodiscard]] std::string confidence_shift_chart(const ScoreShifts& shifts, const Look& look = {});

}  // namespace qyolo::plots
