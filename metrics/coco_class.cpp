#include "metrics/coco_class.h"

#include <algorithm>

#include "metrics/score_order.h"

namespace qyolo::metrics {
namespace {

constexpr std::uint32_t kNoScene = UINT32_MAX;

// What the detections of one image need on their way to their positions.
struct ImageProgress {
  std::uint32_t first = kNoScene;  // of the image's in ClassDetections::in_scenes
  std::uint32_t seen = 0;
};

// Pairs the runs of equal images. progress[i] is that of detection run i.
std::vector<Scene> pair_runs(std::span<const Run> truth, std::span<const Run> detections,
                             std::size_t max_per_image, std::span<ImageProgress> progress) {
  std::vector<Scene> scenes;
  std::size_t kept = 0;
  for (std::size_t t = 0, d = 0; t < truth.size() && d < detections.size();) {
    if (truth[t].image < detections[d].image) {
      ++t;
    } else if (detections[d].image < truth[t].image) {
      ++d;
    } else {
      const std::size_t first = kept;
      kept += std::min(detections[d].end - detections[d].begin, max_per_image);
      progress[d].first = static_cast<std::uint32_t>(first);
      scenes.push_back({truth[t].begin, truth[t].end, first, kept});
      ++t;
      ++d;
    }
  }
  return scenes;
}

// The run of each slot.
std::vector<std::uint32_t> run_of_slots(std::span<const Run> runs) {
  std::vector<std::uint32_t> run_of;
  run_of.reserve(runs.empty() ? 0 : runs.back().end);
  for (std::size_t r = 0; r < runs.size(); ++r) {
    run_of.insert(run_of.end(), runs[r].end - runs[r].begin, static_cast<std::uint32_t>(r));
  }
  return run_of;
}

}  // namespace

std::size_t ClassTruth::positives(const AreaLimits& limits) const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < size(); ++i) count += ignored(i, limits) ? 0 : 1;
  return count;
}

ClassTruth class_truth(std::span<const Annotation> file, const ItemGroups& truth, std::size_t k) {
  ClassTruth result;
  for (const std::uint32_t item : truth.of_class(k)) {
    const Annotation& annotation = file[item];
    result.boxes.add(annotation.bbox, annotation.iscrowd);
    result.areas.push_back(annotation.area);
    result.crowd.push_back(annotation.iscrowd ? 1 : 0);
  }
  return result;
}

ClassDetections class_detections(std::span<const Detection> file, const ItemGroups& detections,
                                 const ItemGroups& truth, std::size_t k,
                                 std::size_t max_per_image) {
  const std::span<const std::uint32_t> items = detections.of_class(k);
  ClassDetections result;
  result.scores.reserve(items.size());
  result.areas.reserve(items.size());
  for (const std::uint32_t item : items) {
    result.scores.push_back(file[item].score);
    result.areas.push_back(box_area(file[item].bbox));
  }
  std::vector<std::uint32_t> order = descending_order(result.scores);

  const std::vector<Run> runs = detections.runs_of_class(k);
  const std::vector<std::uint32_t> run_of = run_of_slots(runs);
  std::vector<ImageProgress> progress(runs.size());
  result.scenes = pair_runs(truth.runs_of_class(k), runs, max_per_image, progress);
  result.in_scenes.resize(result.scenes.empty() ? 0 : result.scenes.back().detection_end);
  result.ranks.resize(items.size());
  // Sorting the class as a whole sorts each image's share of it, too: one sort gives both orders.
  std::uint32_t kept = 0;
  for (const std::uint32_t slot : order) {
    ImageProgress& image = progress[run_of[slot]];
    const std::uint32_t rank = image.seen++;
    if (rank >= max_per_image) continue;
    if (image.first != kNoScene) result.in_scenes[image.first + rank] = {kept, items[slot]};
    order[kept] = slot;
    result.ranks[kept] = rank;
    ++kept;
  }
  order.resize(kept);
  result.ranks.resize(kept);
  result.slots = std::move(order);
  return result;
}

}  // namespace qyolo::metrics
