#include "harness/search/head_divergence.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "common/parallel.h"
#include "harness/model/postprocess.h"

namespace qyolo::harness {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
// An anchor below this cannot become a detection under the usual threshold of evaluation.
constexpr float kLeastObjectness = 0.001F;

double per_image(double sum, std::int64_t images) {
  return images > 0 ? sum / static_cast<double>(images) : 0;
}

// Centre and size.
double iou(std::span<const float> a, std::span<const float> b) {
  const auto overlap = [&](std::size_t axis) {
    const double low = std::max(double{a[axis]} - double{a[axis + 2]} / 2,
                                double{b[axis]} - double{b[axis + 2]} / 2);
    const double high = std::min(double{a[axis]} + double{a[axis + 2]} / 2,
                                 double{b[axis]} + double{b[axis + 2]} / 2);
    return std::max(0.0, high - low);
  };
  const double both = overlap(0) * overlap(1);
  const double all = double{a[2]} * double{a[3]} + double{b[2]} * double{b[3]} - both;
  return all > 0 ? both / all : 1;
}

bool finite(std::span<const float> values) {
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

}  // namespace

double HeadDivergence::head_error() const { return per_image(head_noise, levels); }
double HeadDivergence::kl() const { return per_image(objectness + classes, images); }
double HeadDivergence::box_loss() const { return per_image(boxes, images); }

HeadDivergence HeadDivergence::operator*(double by) const {
  HeadDivergence scaled = *this;
  for (double* value : {&scaled.head_noise, &scaled.objectness, &scaled.classes, &scaled.boxes})
    *value *= by;
  return scaled;
}

HeadDivergence& HeadDivergence::operator+=(const HeadDivergence& other) {
  head_noise += other.head_noise;
  objectness += other.objectness;
  classes += other.classes;
  boxes += other.boxes;
  images += other.images;
  levels += other.levels;
  return *this;
}

ReferenceHead::ReferenceHead(const model::Graph& graph, std::vector<model::HeadOutput> outputs,
                             int threads)
    : graph_(graph), outputs_(std::move(outputs)), threads_(threads) {
  for (const model::HeadOutput& level : outputs_) {
    double sum = 0;
    for (const float value : level.values) sum += double{value} * double{value};
    signal_.push_back(sum);
  }
  rows_.resize(static_cast<std::size_t>(outputs_.front().batch));
  parallel_for(rows_.size(), threads_, [&](std::size_t i) {
    rows_[i] = model::decode_rows(graph_, outputs_, static_cast<int>(i));
  });
}

HeadDivergence ReferenceHead::compare(const std::vector<model::HeadOutput>& outputs) const {
  HeadDivergence total;
  total.images = static_cast<std::int64_t>(rows_.size());
  total.levels = total.images * static_cast<std::int64_t>(outputs_.size());
  for (std::size_t level = 0; level < outputs_.size(); ++level) {
    if (!finite(outputs[level].values)) {
      total.head_noise = total.objectness = total.boxes = kInfinite;
      return total;
    }
    double noise = 0;
    for (std::size_t i = 0; i < outputs_[level].values.size(); ++i) {
      const double difference =
          double{outputs[level].values[i]} - double{outputs_[level].values[i]};
      noise += difference * difference;
    }
    if (noise > 0) {
      total.head_noise += signal_[level] > 0
                              ? noise / signal_[level] * static_cast<double>(total.images)
                              : kInfinite;
    }
  }
  const std::size_t columns = 5 + graph_.class_names.size();
  const bool has_classes = graph_.class_names.size() > 1;
  std::vector<HeadDivergence> parts(rows_.size());
  parallel_for(rows_.size(), threads_, [&](std::size_t image) {
    const std::vector<float> rows = model::decode_rows(graph_, outputs, static_cast<int>(image));
    HeadDivergence& part = parts[image];
    for (std::size_t at = 0; at < rows.size(); at += columns) {
      const float* expected = rows_[image].data() + at;
      const float* found = rows.data() + at;
      part.objectness += bernoulli_kl(double{expected[4]}, double{found[4]});
      if (expected[4] < kLeastObjectness) continue;
      const auto weight = double{expected[4]};
      part.boxes += weight * (1 - iou({expected, 4}, {found, 4}));
      for (std::size_t c = 5; has_classes && c < columns; ++c)
        part.classes += weight * bernoulli_kl(double{expected[c]}, double{found[c]});
    }
  });
  for (const HeadDivergence& part : parts) total += part;
  return total;
}

}  // namespace qyolo::harness
