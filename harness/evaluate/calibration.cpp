#include "harness/evaluate/calibration.h"

#include <algorithm>
#include <utility>

#include "common/parallel.h"
#include "datasets/image_folder.h"
#include "harness/evaluate/image_chunks.h"
#include "harness/model/activation_points.h"
#include "harness/quant/activation_range.h"

namespace qyolo::harness {
namespace {

// Of the images that are run layer by layer at once: what convolutions need beside their maps grows
// with them.
constexpr std::size_t kPixelsAtOnce = std::size_t{32} * 320 * 320;

}  // namespace

Result<Calibration> Calibration::run(const model::Graph& graph, model::Executor& executor,
                                     const CalibrationSet& set, const EvaluationOptions& options,
                                     int threads, const CalibrationProgress& progress) {
  QYOLO_TRY(CalibrationChunks images,
            open_calibration_chunks(set, options, graph.max_stride, threads));
  const std::vector<int> nodes = model::observable_nodes(graph);
  Calibration calibration;
  std::map<int, quant::ActivationHistogram>& histograms = calibration.histograms_;
  for (const ImageChunk& chunk : images.chunks) {
    QYOLO_TRY(const LoadedChunk loaded, images.loader.load(chunk));
    QYOLO_CHECK_OK(executor.observe(loaded.pixels, static_cast<int>(chunk.images.size()),
                                    chunk.height, chunk.width, nodes,
                                    [&](int node, std::span<const float> values) {
                                      histograms[node].observe(values, threads);
                                    }));
    calibration.image_count_ += chunk.images.size();
    if (progress) progress(calibration.image_count_, images.image_count);
  }
  for (const auto& [node, histogram] : histograms) {
    if (histogram.not_finite() == 0) continue;
    return error("calibration on {}: {} values of the output of {} are not finite",
                 set.images.string(), histogram.not_finite(), model::node_name(graph, node));
  }
  return calibration;
}

CalibratedActivations Calibration::activations(
    const model::Graph& graph, const quant::ActivationOptions& options,
    const std::function<bool(const model::ConvNode&)>& keep, int threads) const {
  const model::ActivationPoints points = model::find_activation_points(graph, options.shared, keep);
  CalibratedActivations result;
  result.input = {points.input, quant::activation_parameters({0, 1}, options.bits)};
  result.groups.resize(points.groups.size());
  parallel_for(points.groups.size(), threads, [&](std::size_t i) {
    quant::ActivationHistogram all;
    for (const int node : points.groups[i].nodes) {
      if (const auto found = histograms_.find(node); found != histograms_.end())
        all.merge(found->second);
    }
    const quant::Interval range = quant::find_activation_range(all, options.method, options.bits);
    result.groups[i] = {points.groups[i].nodes, range,
                        quant::activation_parameters(range, options.bits)};
  });
  return result;
}

Result<std::vector<CalibrationBatch>> load_calibration_batches(const CalibrationSet& set,
                                                               const EvaluationOptions& options,
                                                               int max_stride, int threads) {
  QYOLO_TRY(CalibrationChunks images, open_calibration_chunks(set, options, max_stride, threads));
  std::vector<CalibrationBatch> batches;
  for (const ImageChunk& chunk : images.chunks) {
    QYOLO_TRY(const LoadedChunk loaded, images.loader.load(chunk));
    const std::size_t pixels =
        static_cast<std::size_t>(chunk.height) * static_cast<std::size_t>(chunk.width);
    const std::size_t at_once = std::max<std::size_t>(1, kPixelsAtOnce / pixels);
    for (std::size_t begin = 0; begin < loaded.images.size(); begin += at_once) {
      const std::size_t end = std::min(begin + at_once, loaded.images.size());
      const auto from = loaded.pixels.begin() + static_cast<std::ptrdiff_t>(3 * pixels * begin);
      CalibrationBatch batch{{from, from + static_cast<std::ptrdiff_t>(3 * pixels * (end - begin))},
                             chunk.height,
                             chunk.width,
                             {}};
      for (std::size_t i = begin; i < end; ++i) {
        const datasets::Letterboxed& image = *loaded.images[i];
        batch.images.push_back(
            {image.pad_y, chunk.height - image.pad_y, image.pad_x, chunk.width - image.pad_x});
      }
      batches.push_back(std::move(batch));
    }
  }
  return batches;
}

Result<std::string> calibration_sha256(const CalibrationSet& set, int threads) {
  QYOLO_TRY(const datasets::ImageFolder folder, datasets::open_image_folder(set.images, set.limit));
  return datasets::image_folder_sha256(folder, threads);
}

}  // namespace qyolo::harness
