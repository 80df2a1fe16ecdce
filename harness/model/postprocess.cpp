#include "harness/model/postprocess.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>

namespace qyolo::model {
namespace {

float sigmoid(float t) { return 1.0F / (1.0F + std::exp(-t)); }

// A raw value below this certainly has a sigmoid of at most `probability`; the margin is far above
// what FP32 can be off by.
float raw_bound(float probability) {
  constexpr float kMargin = 0.01F;
  constexpr float kNearOne = 0.9999F;
  if (!(probability > 0)) return -std::numeric_limits<float>::infinity();
  const float p = std::min(probability, kNearOne);
  return std::log(p / (1.0F - p)) - kMargin;
}

using Box = std::array<float, 4>;  // centre and size in input pixels

// The raw values of one anchor of one level of one image: planes of ny x nx cells.
struct AnchorPlanes {
  const float* values;
  std::size_t cells;
  int width;
  float stride, anchor_width, anchor_height;

  [[nodiscard]] const float* plane(std::size_t output) const { return values + output * cells; }
  [[nodiscard]] float raw(std::size_t output, std::size_t cell) const {
    return plane(output)[cell];
  }

  [[nodiscard]] Box box(std::size_t cell) const {
    const auto column = static_cast<float>(cell % static_cast<std::size_t>(width));
    const auto row = static_cast<float>(cell / static_cast<std::size_t>(width));
    const float double_width = sigmoid(raw(2, cell)) * 2.0F;
    const float double_height = sigmoid(raw(3, cell)) * 2.0F;
    return {(sigmoid(raw(0, cell)) * 2.0F - 0.5F + column) * stride,
            (sigmoid(raw(1, cell)) * 2.0F - 0.5F + row) * stride,
            double_width * double_width * anchor_width,
            double_height * double_height * anchor_height};
  }
};

// Calls visit(planes) for every level and anchor, in order.
template <class Visit>
void for_each_anchor(const Graph& graph, std::span<const HeadOutput> outputs, int image,
                     const Visit& visit) {
  const std::size_t per_anchor = graph.class_names.size() + 5;
  for (std::size_t level = 0; level < graph.head.size(); ++level) {
    const HeadOutput& output = outputs[level];
    const std::size_t cells =
        static_cast<std::size_t>(output.height) * static_cast<std::size_t>(output.width);
    const float* values = output.values.data() + static_cast<std::size_t>(image) *
                                                     static_cast<std::size_t>(output.channels) *
                                                     cells;
    for (const auto& [width, height] : graph.head[level].anchors) {
      visit(AnchorPlanes{values, cells, output.width, static_cast<float>(graph.head[level].stride),
                         width, height});
      values += per_anchor * cells;
    }
  }
}

// Appends the candidates of one cell whose objectness is above the threshold.
class CellScorer {
 public:
  CellScorer(std::size_t classes, const PostprocessOptions& options,
             std::vector<Candidate>& candidates)
      : classes_(classes), options_(options), candidates_(candidates) {}

  void add(const AnchorPlanes& planes, std::size_t cell, float objectness) {
    if (classes_ == 1) {
      append(planes.box(cell), objectness, 0);
    } else if (options_.multi_label) {
      add_all_classes(planes, cell, objectness);
    } else {
      add_best_class(planes, cell, objectness);
    }
  }

 private:
  void add_all_classes(const AnchorPlanes& planes, std::size_t cell, float objectness) {
    const float bound = raw_bound(options_.confidence / objectness);
    std::optional<Box> box;
    for (std::size_t k = 0; k < classes_; ++k) {
      const float raw = planes.raw(5 + k, cell);
      if (!(raw > bound)) continue;
      const float score = sigmoid(raw) * objectness;
      if (!(score > options_.confidence)) continue;
      if (!box) box = planes.box(cell);
      append(*box, score, static_cast<int>(k));
    }
  }

  void add_best_class(const AnchorPlanes& planes, std::size_t cell, float objectness) {
    std::size_t best = 0;
    float best_score = sigmoid(planes.raw(5, cell)) * objectness;
    for (std::size_t k = 1; k < classes_; ++k) {
      const float score = sigmoid(planes.raw(5 + k, cell)) * objectness;
      if (score > best_score) {
        best = k;
        best_score = score;
      }
    }
    if (best_score > options_.confidence)
      append(planes.box(cell), best_score, static_cast<int>(best));
  }

  void append(const Box& box, float score, int class_index) {
    const auto [x, y, width, height] = box;
    const Candidate candidate{
        x - width / 2.0F, y - height / 2.0F, x + width / 2.0F, y + height / 2.0F, score,
        class_index};
    if (std::isfinite(candidate.x1 + candidate.y1 + candidate.x2 + candidate.y2))
      candidates_.push_back(candidate);
  }

  std::size_t classes_;
  const PostprocessOptions& options_;
  std::vector<Candidate>& candidates_;
};

// Candidates of the rows of one image that are decoded already.
void append_decoded(const HeadOutput& output, int image, const PostprocessOptions& options,
                    std::vector<Candidate>& candidates) {
  const auto outputs = static_cast<std::size_t>(output.channels);
  const auto rows = static_cast<std::size_t>(output.height);
  const std::size_t classes = outputs - 5;
  const float* row = output.values.data() + static_cast<std::size_t>(image) * rows * outputs;
  for (std::size_t i = 0; i < rows; ++i, row += outputs) {
    const float objectness = row[4];
    if (!(objectness > options.confidence)) continue;
    const auto append = [&](float score, std::size_t class_index) {
      const Candidate candidate{row[0] - row[2] / 2.0F,
                                row[1] - row[3] / 2.0F,
                                row[0] + row[2] / 2.0F,
                                row[1] + row[3] / 2.0F,
                                score,
                                static_cast<int>(class_index)};
      if (std::isfinite(candidate.x1 + candidate.y1 + candidate.x2 + candidate.y2))
        candidates.push_back(candidate);
    };
    if (classes == 1) {
      append(objectness, 0);
      continue;
    }
    std::size_t best = 0;
    for (std::size_t k = 0; k < classes; ++k) {
      const float score = row[5 + k] * objectness;
      if (options.multi_label && score > options.confidence) append(score, k);
      if (row[5 + k] > row[5 + best]) best = k;
    }
    const float score = row[5 + best] * objectness;
    if (!options.multi_label && score > options.confidence) append(score, best);
  }
}

}  // namespace

std::vector<float> decode_rows(const Graph& graph, std::span<const HeadOutput> outputs, int image) {
  std::vector<float> rows;
  const std::size_t classes = graph.class_names.size();
  for_each_anchor(graph, outputs, image, [&](const AnchorPlanes& planes) {
    for (std::size_t cell = 0; cell < planes.cells; ++cell) {
      const auto box = planes.box(cell);
      rows.insert(rows.end(), box.begin(), box.end());
      for (std::size_t k = 0; k <= classes; ++k) rows.push_back(sigmoid(planes.raw(4 + k, cell)));
    }
  });
  return rows;
}

std::vector<Candidate> detect(const Graph& graph, std::span<const HeadOutput> outputs, int image,
                              const PostprocessOptions& options) {
  std::vector<Candidate> candidates;
  if (outputs.size() == 1 && outputs.front().decoded) {
    append_decoded(outputs.front(), image, options, candidates);
    return non_maximum_suppression(std::move(candidates), options);
  }
  CellScorer scorer(graph.class_names.size(), options, candidates);
  const float bound = raw_bound(options.confidence);
  for_each_anchor(graph, outputs, image, [&](const AnchorPlanes& planes) {
    const float* objectness_plane = planes.plane(4);
    for (std::size_t cell = 0; cell < planes.cells; ++cell) {
      if (!(objectness_plane[cell] > bound)) continue;
      const float objectness = sigmoid(objectness_plane[cell]);
      if (objectness > options.confidence) scorer.add(planes, cell, objectness);
    }
  });
  return non_maximum_suppression(std::move(candidates), options);
}

BoxXywh to_image(const Candidate& candidate, const Placement& placement) {
  const auto ratio = static_cast<float>(placement.ratio);
  const auto on_image = [&](float position, double pad, int size) {
    const float unscaled = (position - static_cast<float>(pad)) / ratio;
    return std::clamp(unscaled, 0.0F, static_cast<float>(size));
  };
  const float x1 = on_image(candidate.x1, placement.pad_x, placement.image_width);
  const float x2 = on_image(candidate.x2, placement.pad_x, placement.image_width);
  const float y1 = on_image(candidate.y1, placement.pad_y, placement.image_height);
  const float y2 = on_image(candidate.y2, placement.pad_y, placement.image_height);
  const float width = x2 - x1, height = y2 - y1;
  const float left = (x1 + x2) / 2.0F - width / 2.0F;
  const float top = (y1 + y2) / 2.0F - height / 2.0F;
  return {left, top, width, height};
}

}  // namespace qyolo::model
