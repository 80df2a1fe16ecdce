#include "harness/search/racing.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>
#include <utility>

#include "harness/network/memory_account.h"
#include "metrics/matched_detections.h"
#include "metrics/verdict.h"

namespace qyolo::harness {
namespace {

constexpr double kStopConfidence = 0.999;
constexpr int kLookResamples = 4000;

// Neighbouring chunks are of one aspect ratio: every eighth one, then those between, so that each
// look sees all.
std::vector<std::size_t> spread(std::size_t count) {
  std::vector<std::size_t> order;
  for (const std::size_t offset : {0U, 4U, 2U, 6U, 1U, 5U, 3U, 7U})
    for (std::size_t i = offset; i < count; i += 8) order.push_back(i);
  return order;
}

GroundTruth restrict_to(const GroundTruth& truth, const std::unordered_set<std::int64_t>& ids) {
  GroundTruth part;
  part.categories = truth.categories;
  for (const ImageInfo& image : truth.images)
    if (ids.contains(image.id)) part.images.push_back(image);
  for (const Annotation& annotation : truth.annotations)
    if (ids.contains(annotation.image_id)) part.annotations.push_back(annotation);
  return part;
}

}  // namespace

Result<std::unique_ptr<Trials>> Trials::open(Evaluator& evaluator,
                                             const UncertaintyOptions& options,
                                             const ImageProgress& progress,
                                             const std::optional<ShareOptions>& share,
                                             Evaluator* fp32) {
  std::unique_ptr<Trials> trials(new Trials(evaluator, options));
  Cell baseline;
  baseline.baseline = true;
  if (share) trials->shared_.emplace(*share, evaluator);
  if (fp32 != nullptr) {
    QYOLO_TRY(trials->baseline_, fp32->evaluate(baseline, progress));
  } else if (share) {
    std::vector<std::size_t> chunks(evaluator.chunk_count());
    std::iota(chunks.begin(), chunks.end(), std::size_t{0});
    std::size_t images = 0;
    QYOLO_TRY(std::vector<LayerError> layers, evaluator.load(baseline));
    QYOLO_TRY(const auto detections, trials->detect(baseline, chunks, images, progress));
    std::vector<Detection> all;
    for (const auto& of_chunk : detections) all.insert(all.end(), of_chunk.begin(), of_chunk.end());
    QYOLO_TRY(trials->baseline_, evaluator.measured(baseline, std::move(layers), std::move(all)));
  } else {
    QYOLO_TRY(trials->baseline_, evaluator.evaluate(baseline, progress));
  }
  QYOLO_CHECK_OK(trials->uncertainty_.set_baseline(trials->baseline_.detections));
  trials->order_ = spread(evaluator.chunk_count());
  return trials;
}

Result<std::vector<std::vector<Detection>>> Trials::detect(const Cell& cell,
                                                           std::span<const std::size_t> chunks,
                                                           std::size_t& images,
                                                           const ImageProgress& progress) {
  const std::size_t total = evaluator_.truth().images.size();
  const auto run = [&](std::span<const std::size_t> some) -> Result<SharedPieces::Detections> {
    SharedPieces::Detections detections(1);
    QYOLO_CHECK_OK(evaluator_.for_each_chunk(
        some,
        [&](std::span<const std::uint8_t> rgb, const ImageChunk& chunk,
            const Evaluator::Postprocess& postprocess) -> Status {
          QYOLO_TRY(const auto outputs,
                    evaluator_.executor().forward(rgb, static_cast<int>(chunk.images.size()),
                                                  chunk.height, chunk.width));
          detections.front().push_back(postprocess(outputs));
          images += chunk.images.size();
          if (progress) progress(images, total);
          return {};
        }));
    return detections;
  };
  if (!shared_) {
    QYOLO_TRY(SharedPieces::Detections detections, run(chunks));
    return std::move(detections.front());
  }
  const std::size_t before = images;
  QYOLO_TRY(SharedPieces::Detections detections, shared_->gather(cell, "trial", 1, chunks, run));
  images = before;
  for (const std::size_t chunk : chunks) images += evaluator_.chunk(chunk).images.size();
  if (progress) progress(images, total);
  return std::move(detections.front());
}

Result<metrics::PairedDifference> Trials::look(
    std::size_t chunks, const std::vector<std::vector<Detection>>& detections) {
  metrics::BootstrapOptions options;
  options.resamples = kLookResamples;
  options.seed = options_.seed;
  options.confidence = kStopConfidence;
  options.threads = evaluator_.threads();
  const auto resample = [&](const GroundTruth& truth,
                            std::span<const Detection> found) -> Result<metrics::ResampledAp> {
    QYOLO_TRY(const auto matched, metrics::match_detections(truth, found, options.threads));
    return metrics::resample_ap(matched, options);
  };
  if (!looks_.contains(chunks)) {
    std::unordered_set<std::int64_t> ids;
    for (std::size_t i = 0; i < chunks; ++i) {
      for (const std::size_t image : evaluator_.chunk(order_[i]).images)
        ids.insert(evaluator_.truth().images[image].id);
    }
    Look made{restrict_to(evaluator_.truth(), ids), {}};
    std::vector<Detection> found;
    for (const Detection& detection : baseline_.detections)
      if (ids.contains(detection.image_id)) found.push_back(detection);
    QYOLO_TRY(made.baseline, resample(made.truth, found));
    looks_.emplace(chunks, std::move(made));
  }
  const Look& known = looks_.at(chunks);
  std::vector<Detection> found;
  for (std::size_t i = 0; i < chunks; ++i) {
    const auto& of_chunk = detections[order_[i]];
    found.insert(found.end(), of_chunk.begin(), of_chunk.end());
  }
  QYOLO_TRY(const metrics::ResampledAp network, resample(known.truth, found));
  return metrics::paired_difference(known.baseline, network, tolerance_);
}

Result<Trial> Trials::run(const Cell& cell, double interest, const ImageProgress& progress) {
  const std::size_t total = evaluator_.truth().images.size();
  const std::size_t chunks = order_.size();
  QYOLO_TRY(std::vector<LayerError> layers, evaluator_.load(cell));
  images_full_ += static_cast<std::int64_t>(total);
  Trial trial;
  std::vector<std::vector<Detection>> detections(chunks);
  std::size_t done = 0;
  for (const std::size_t eighths : {1U, 2U, 4U, 8U}) {
    const std::size_t end = (chunks * eighths + 7) / 8;
    if (end <= done) continue;
    QYOLO_TRY(auto found,
              detect(cell, std::span(order_).subspan(done, end - done), trial.images, progress));
    for (std::size_t i = done; i < end; ++i) detections[order_[i]] = std::move(found[i - done]);
    done = end;
    if (done == chunks || interest >= 1) continue;
    QYOLO_TRY(trial.difference, look(done, detections));
    if (trial.difference.ap && trial.difference.ap->high < -interest) {
      images_run_ += static_cast<std::int64_t>(trial.images);
      return trial;
    }
  }
  images_run_ += static_cast<std::int64_t>(trial.images);
  std::vector<Detection> all;
  for (const auto& of_chunk : detections) all.insert(all.end(), of_chunk.begin(), of_chunk.end());
  QYOLO_TRY(trial.result, evaluator_.measured(cell, std::move(layers), std::move(all)));
  QYOLO_TRY(trial.difference, uncertainty_.compare(trial.result->detections, tolerance_));
  return trial;
}

double RaceResult::spent_share() const {
  return images_full > 0 ? static_cast<double>(images_run) / static_cast<double>(images_full) : 0;
}

Result<RaceResult> race(Evaluator& evaluator, const UncertaintyOptions& options,
                        std::span<const Cell> cells, const OnRaceEntry& on_entry) {
  QYOLO_TRY(const auto trials, Trials::open(evaluator, options));
  RaceResult result;
  result.baseline_ap = trials->baseline().evaluation.stats()[0];
  const auto images = static_cast<std::int64_t>(evaluator.truth().images.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!cells[i].quantized()) continue;
    QYOLO_TRY(const metrics::MemoryReport memory, account(evaluator.source(), cells[i]));
    result.entries.push_back({i, memory.true_bytes(), std::nullopt, {}});
  }
  std::ranges::stable_sort(result.entries, {}, &RaceEntry::bytes);
  result.images_run = images;
  result.images_full = images * static_cast<std::int64_t>(result.entries.size() + 1);
  for (std::size_t i = 0; i < result.entries.size() && !result.winner; ++i) {
    RaceEntry& entry = result.entries[i];
    auto trial = trials->run(cells[entry.cell], options.tolerance / 100);
    if (trial.ok()) {
      result.images_run += static_cast<std::int64_t>(trial->images);
      entry.trial = std::move(trial).value();
      if (entry.trial->result &&
          metrics::decide(entry.trial->difference) == metrics::Decision::kWithin) {
        result.winner = i;
      }
    } else {
      entry.error = trial.error().message;
    }
    if (on_entry) on_entry(entry, cells[entry.cell]);
  }
  return result;
}

}  // namespace qyolo::harness
