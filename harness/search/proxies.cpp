#include "harness/search/proxies.h"

#include <chrono>
#include <optional>
#include <utility>

namespace qyolo::harness {

Result<ProxyMeter> ProxyMeter::open(const model::Graph& graph, model::Executor& executor,
                                    const CalibrationSet& set, const EvaluationOptions& options,
                                    int threads) {
  ProxyMeter meter(graph, executor, threads);
  QYOLO_TRY(CalibrationChunks images,
            open_calibration_chunks(set, options, graph.max_stride, threads));
  meter.image_count_ = images.image_count;
  for (const ImageChunk& chunk : images.chunks) {
    QYOLO_TRY(LoadedChunk loaded, images.loader.load(chunk));
    meter.pixels_.push_back(std::move(loaded.pixels));
  }
  meter.chunks_ = std::move(images.chunks);
  return meter;
}

Result<std::vector<HeadDivergence>> ProxyMeter::measure(const std::vector<SharedConv>& reference,
                                                        std::vector<SweepNetwork> networks,
                                                        const ImageProgress& progress) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  std::vector<HeadDivergence> measured(networks.size());
  // As the first network it is the first to run.
  networks.insert(networks.begin(), {reference, {}});
  Sweep sweep(*graph_, *executor_, std::move(networks));
  std::size_t done = 0;
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    const ImageChunk& chunk = chunks_[i];
    std::optional<ReferenceHead> head;
    QYOLO_CHECK_OK(sweep.run(pixels_[i], static_cast<int>(chunk.images.size()), chunk.height,
                             chunk.width,
                             [&](std::size_t network, std::vector<model::HeadOutput> outputs) {
                               if (network == 0) {
                                 head.emplace(*graph_, std::move(outputs), threads_);
                               } else {
                                 measured[network - 1] += head->compare(outputs);
                               }
                               return Status();
                             }));
    done += chunk.images.size();
    if (progress) progress(done, image_count_);
  }
  work_ += sweep.work();
  seconds_ += std::chrono::duration<double>(Clock::now() - start).count();
  return measured;
}

}  // namespace qyolo::harness
