#include "harness/network/object_weights.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "harness/model/postprocess.h"

namespace qyolo::harness {
namespace {

constexpr float kBackground = 0.1F;      // beside an objectness of at most 1
constexpr float kLeastProposal = 0.05F;  // objectness of boxes that are looked at
constexpr float kHalfOfLarger = 0.5F * 1.2F;

// [batch, height, width, channels] to [batch, channels, height, width].
model::HeadOutput head_output(const model::LayerMap& map) {
  model::HeadOutput output{map.batch, map.channels, map.height, map.width, {}};
  const auto pixels = static_cast<std::size_t>(map.height) * static_cast<std::size_t>(map.width);
  const auto channels = static_cast<std::size_t>(map.channels);
  output.values.resize(map.values.size());
  for (std::size_t image = 0; image < static_cast<std::size_t>(map.batch); ++image) {
    const std::size_t begin = image * pixels * channels;
    for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
      for (std::size_t c = 0; c < channels; ++c)
        output.values[begin + c * pixels + pixel] = map.values[begin + pixel * channels + c];
    }
  }
  return output;
}

// Raises the squares that a box touches to its objectness, on top of the background.
void mark(std::span<const float> row, ObjectWeights& weights, std::size_t image) {
  const auto range = [](float centre, float extent, int places) {
    const auto place = [&](float pixel) {
      const float square = std::floor(pixel / static_cast<float>(ObjectWeights::kSide));
      return static_cast<int>(std::clamp(square, 0.0F, static_cast<float>(places - 1)));
    };
    return std::pair(place(centre - kHalfOfLarger * extent),
                     place(centre + kHalfOfLarger * extent));
  };
  const auto [left, right] = range(row[0], row[2], weights.columns);
  const auto [top, bottom] = range(row[1], row[3], weights.rows);
  const std::size_t columns = static_cast<std::size_t>(weights.columns);
  for (int y = top; y <= bottom; ++y) {
    const std::size_t begin =
        (image * static_cast<std::size_t>(weights.rows) + static_cast<std::size_t>(y)) * columns;
    for (int x = left; x <= right; ++x) {
      float& value = weights.values[begin + static_cast<std::size_t>(x)];
      value = std::max(value, kBackground + row[4]);
    }
  }
}

// Runs the graph as it stands, and leaves the outputs of its head.
Status run_all(const model::Graph& graph, model::LayerRunner& runner) {
  std::vector<int> last_reader(graph.nodes.size() + 1, -1);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const int input : graph.nodes[i].inputs)
      last_reader[static_cast<std::size_t>(input + 1)] = static_cast<int>(i);
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const model::Node& node = graph.nodes[i];
    const int index = static_cast<int>(i);
    if (const model::ConvNode* conv = node.conv()) {
      QYOLO_CHECK_OK(runner.run(index, conv->weight, conv->bias));
    } else {
      QYOLO_CHECK_OK(runner.run(index, {}, {}));
    }
    for (const int input : node.inputs) {
      const bool head = std::ranges::any_of(
          graph.head, [&](const model::HeadLevel& level) { return level.node == input; });
      if (last_reader[static_cast<std::size_t>(input + 1)] == index && !head) runner.release(input);
    }
  }
  return {};
}

}  // namespace

Result<std::vector<ObjectWeights>> object_weights(const model::Graph& graph,
                                                  const RoundingCalibration& calibration) {
  QYOLO_TRY(const auto runner, calibration.executor->layer_runner());
  for (const CalibrationBatch& batch : calibration.batches) {
    QYOLO_CHECK_OK(runner->add_batch(batch.rgb, static_cast<int>(batch.images.size()), batch.height,
                                     batch.width));
  }
  QYOLO_CHECK_OK(run_all(graph, *runner));
  const std::size_t columns = 5 + graph.class_names.size();
  std::vector<ObjectWeights> all;
  for (std::size_t b = 0; b < calibration.batches.size(); ++b) {
    const CalibrationBatch& batch = calibration.batches[b];
    std::vector<model::HeadOutput> outputs;
    for (const model::HeadLevel& level : graph.head)
      outputs.push_back(head_output(runner->map(level.node, b)));
    ObjectWeights& weights = all.emplace_back();
    weights.rows = std::max(1, batch.height / ObjectWeights::kSide);
    weights.columns = std::max(1, batch.width / ObjectWeights::kSide);
    weights.values.assign(batch.images.size() * static_cast<std::size_t>(weights.rows) *
                              static_cast<std::size_t>(weights.columns),
                          kBackground);
    for (std::size_t image = 0; image < batch.images.size(); ++image) {
      const std::vector<float> rows = model::decode_rows(graph, outputs, static_cast<int>(image));
      for (std::size_t at = 0; at < rows.size(); at += columns) {
        const auto row = std::span(rows).subspan(at, 5);
        const bool usable = std::ranges::all_of(row, [](float v) { return std::isfinite(v); });
        if (usable && row[4] >= kLeastProposal) mark(row, weights, image);
      }
    }
  }
  return all;
}

}  // namespace qyolo::harness
