#include "harness/search/proxies.h"

#include <chrono>
#include <optional>
#include <utility>

#include "datasets/image_folder.h"
#include "datasets/image_pipeline.h"

namespace qyolo::harness {

Result<ProxyMeter> ProxyMeter::open(const model::Graph& graph, model::Executor& executor,
                                    const CalibrationSet& set, const EvaluationOptions& options,
                                    int threads) {
  ProxyMeter meter(graph, executor, threads);
  QYOLO_TRY(const datasets::ImageFolder folder, datasets::open_image_folder(set.images, set.limit));
  QYOLO_TRY(const auto sizes, read_image_sizes(folder.images, threads));
  const datasets::PipelineOptions pipeline{options.image_size, datasets::grid_of(graph.max_stride),
                                           options.batch, options.rect};
  meter.chunks_ = cut_into_chunks(datasets::rect_batches(sizes, pipeline));
  for (const ImageChunk& chunk : meter.chunks_) {
    QYOLO_TRY(auto pixels, load_chunk(folder.images, chunk, options.image_size, threads));
    meter.pixels_.push_back(std::move(pixels));
    meter.image_count_ += chunk.images.size();
  }
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
