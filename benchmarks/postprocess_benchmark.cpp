// From raw head outputs to detections, for a YOLOv7 of 80 classes at 640 x 640 (25,200 rows), and
// non-maximum suppression alone. Rows or candidates per second.
//
// The head outputs are like a trained network's: a background of very low objectness, and objects
// that several neighbouring rows report. Each result is compared, in every bit, with a plain
// decoding of all rows and an NMS over all pairs.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <functional>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "harness/model/postprocess.h"

namespace qyolo::model {
namespace {

constexpr int kClasses = 80;
constexpr int kImage = 640;
constexpr int kRowValues = kClasses + 5;

struct Scene {
  const char* name;
  int objects;
  float background;  // mean of the background's raw objectness; its standard deviation is 1.5
};
constexpr std::array kScenes = {
    Scene{"few objects", 7, -13}, Scene{"many objects", 60, -11},
    Scene{"untrained", 60, -6},  // three quarters of the rows pass 0.001
};

Graph yolov7_head() {
  Graph graph;
  graph.class_names.assign(kClasses, "thing");
  graph.head = {{0, 8, {{12, 16}, {19, 36}, {40, 28}}},
                {1, 16, {{36, 75}, {76, 55}, {72, 146}}},
                {2, 32, {{142, 110}, {192, 243}, {459, 401}}}};
  return graph;
}

std::vector<HeadOutput> head_outputs(const Graph& graph, const Scene& scene) {
  std::mt19937 generator(1);
  std::normal_distribution<float> normal;
  std::vector<HeadOutput> outputs;
  for (const HeadLevel& level : graph.head) {
    const int side = kImage / static_cast<int>(level.stride);
    HeadOutput output{1, 3 * kRowValues, side, side, {}};
    const auto cells = static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
    for (std::size_t channel = 0; channel < 3 * std::size_t{kRowValues}; ++channel) {
      const std::size_t value = channel % kRowValues;
      for (std::size_t cell = 0; cell < cells; ++cell) {
        const float noise = normal(generator);
        output.values.push_back(value < 4    ? noise
                                : value == 4 ? scene.background + 1.5F * noise
                                             : -6 + 1.5F * noise);
      }
    }
    outputs.push_back(std::move(output));
  }
  // An object: one class, reported with falling confidence by 3 x 3 cells of all anchors of a
  // level.
  for (int object = 0; object < scene.objects; ++object) {
    HeadOutput& output = outputs[generator() % outputs.size()];
    const auto side = static_cast<std::size_t>(output.width), cells = side * side;
    const std::size_t row = 1 + generator() % (side - 2), column = 1 + generator() % (side - 2);
    const std::size_t label = generator() % kClasses;
    for (std::size_t anchor = 0; anchor < 3; ++anchor) {
      for (std::size_t near = 0; near < 9; ++near) {
        const std::size_t cell = (row - 1 + near / 3) * side + column - 1 + near % 3;
        float* values = output.values.data() + anchor * kRowValues * cells + cell;
        const float noise = normal(generator);
        values[4 * cells] = (near == 4 ? 2.0F : -2.0F) + noise;
        values[(5 + label) * cells] = 2.0F + noise;
      }
    }
  }
  return outputs;
}

float iou(const Candidate& a, const Candidate& b) {
  const float width = std::max(0.0F, std::min(a.x2, b.x2) - std::max(a.x1, b.x1));
  const float height = std::max(0.0F, std::min(a.y2, b.y2) - std::max(a.y1, b.y1));
  const float intersection = width * height;
  return intersection /
         ((a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1) - intersection);
}

Candidate moved_by_class(Candidate candidate) {
  const float offset = static_cast<float>(candidate.class_index) * 4096;
  candidate.x1 += offset, candidate.x2 += offset;
  candidate.y1 += offset, candidate.y2 += offset;
  return candidate;
}

// Each candidate against all kept before it, classes apart by their offset only.
std::vector<Candidate> plain_nms(std::vector<Candidate> candidates,
                                 const PostprocessOptions& options) {
  std::ranges::stable_sort(candidates, std::ranges::greater{}, &Candidate::score);
  if (candidates.size() > static_cast<std::size_t>(options.max_candidates))
    candidates.resize(static_cast<std::size_t>(options.max_candidates));
  std::vector<bool> suppressed(candidates.size(), false);
  std::vector<Candidate> kept;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (suppressed[i]) continue;
    kept.push_back(candidates[i]);
    for (std::size_t j = i + 1; j < candidates.size(); ++j) {
      const float overlap = iou(moved_by_class(candidates[i]), moved_by_class(candidates[j]));
      if (static_cast<double>(overlap) > options.iou) suppressed[j] = true;
    }
  }
  if (kept.size() > static_cast<std::size_t>(options.max_detections))
    kept.resize(static_cast<std::size_t>(options.max_detections));
  return kept;
}

std::vector<Candidate> plain_candidates(const Graph& graph, std::span<const HeadOutput> outputs,
                                        const PostprocessOptions& options) {
  const std::vector<float> rows = decode_rows(graph, outputs, 0);
  std::vector<Candidate> candidates;
  for (std::size_t row = 0; row < rows.size(); row += kRowValues) {
    const float* values = rows.data() + row;
    if (!(values[4] > options.confidence)) continue;
    for (int k = 0; k < kClasses; ++k) {
      const float score = values[5 + k] * values[4];
      if (!(score > options.confidence)) continue;
      candidates.push_back({values[0] - values[2] / 2, values[1] - values[3] / 2,
                            values[0] + values[2] / 2, values[1] + values[3] / 2, score, k});
    }
  }
  return candidates;
}

bool same(const std::vector<Candidate>& a, const std::vector<Candidate>& b) {
  static_assert(sizeof(Candidate) == 6 * 4);
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(Candidate)) == 0;
}

void detect_image(benchmark::State& state) {
  const Graph graph = yolov7_head();
  const Scene& scene = kScenes[static_cast<std::size_t>(state.range(0))];
  const std::vector<HeadOutput> outputs = head_outputs(graph, scene);
  PostprocessOptions options;
  if (state.range(1) != 0) options.confidence = 0.25F;
  const auto candidates = plain_candidates(graph, outputs, options);
  const auto expected = plain_nms(candidates, options);
  if (expected.empty() || !same(detect(graph, outputs, 0, options), expected)) {
    state.SkipWithError("detections differ from the plain ones");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(detect(graph, outputs, 0, options));
  std::int64_t rows = 0;
  for (const HeadOutput& output : outputs) rows += 3LL * output.height * output.width;
  state.SetItemsProcessed(state.iterations() * rows);
  state.SetLabel(scene.name);
  state.counters["candidates"] = static_cast<double>(candidates.size());
  state.counters["detections"] = static_cast<double>(expected.size());
}

// Clusters of overlapping boxes, so that most are suppressed.
void suppress(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  std::mt19937 generator(1);
  std::uniform_real_distribution<float> uniform(0, 1);
  std::vector<Candidate> candidates;
  while (candidates.size() < count) {
    const float x = 600 * uniform(generator), y = 600 * uniform(generator);
    const float size = 16 + 100 * uniform(generator);
    const auto label = static_cast<int>(generator() % kClasses);
    for (int i = 0; i < 12 && candidates.size() < count; ++i) {
      const float left = x + size * 0.2F * uniform(generator);
      const float top = y + size * 0.2F * uniform(generator);
      candidates.push_back({left, top, left + size, top + size, uniform(generator), label});
    }
  }
  const PostprocessOptions options;
  const auto expected = plain_nms(candidates, options);
  if (!same(non_maximum_suppression(candidates, options), expected)) {
    state.SkipWithError("kept boxes differ from the plain ones");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(non_maximum_suppression(candidates, options));
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["kept"] = static_cast<double>(expected.size());
}

BENCHMARK(detect_image)
    ->ArgNames({"scene", "confidence 0.25"})
    ->ArgsProduct({{0, 1, 2}, {0, 1}})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(suppress)->Arg(300)->Arg(3000)->Arg(30000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace qyolo::model
