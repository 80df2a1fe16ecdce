#include "datasets/results_file.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <set>
#include <unordered_map>
#include <utility>

#include "common/parallel.h"
#include "datasets/id_set.h"

namespace qyolo::datasets {
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kChunk = std::size_t{1} << 16;
constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kShown = 5;

// The places of the first detections whose image and category are not known.
struct Unknown {
  std::atomic<std::size_t> image = kNone, category = kNone;
};

void lower(std::atomic<std::size_t>& first, std::size_t place) {
  std::size_t lowest = first;
  while (place < lowest && !first.compare_exchange_weak(lowest, place)) {
  }
}

// One look at each detection: files have millions.
void find_unknown(const std::vector<Detection>& detections, const IdSet& images,
                  const IdSet& categories, int threads, Unknown& unknown) {
  const std::size_t chunks = (detections.size() + kChunk - 1) / kChunk;
  parallel_for(chunks, threads, [&](std::size_t chunk) {
    const std::size_t end = std::min(detections.size(), (chunk + 1) * kChunk);
    std::size_t image = kNone, category = kNone;
    for (std::size_t i = end; i-- > chunk * kChunk;) {
      if (!images.has(detections[i].image_id)) image = i;
      if (!categories.has(detections[i].category_id)) category = i;
    }
    if (image != kNone) lower(unknown.image, image);
    if (category != kNone) lower(unknown.category, category);
  });
}

// "ids 7, 9, 11, ..."
template <class IdOf>
std::string some_unknown(const std::vector<Detection>& detections, const IdSet& known, IdOf id_of,
                         const IdNames& names, std::size_t& count) {
  std::set<std::int64_t> unknown;
  for (const Detection& detection : detections) {
    if (!known.has(id_of(detection))) {
      unknown.insert(id_of(detection));
      ++count;
    }
  }
  std::vector<std::string> shown;
  for (const std::int64_t id : unknown) {
    if (shown.size() == kShown) break;
    shown.push_back(names.text(id));
  }
  return fmt::format(
      "{} {}{}", unknown.size() == 1 ? "id" : "ids", fmt::join(shown, ", "),
      unknown.size() > kShown ? fmt::format(", ... ({} in all)", unknown.size()) : "");
}

std::int64_t image_of(const Detection& detection) { return detection.image_id; }
std::int64_t category_of(const Detection& detection) { return detection.category_id; }

// "000017" as the number that test.py makes of it: "17".
std::string as_number(const std::string& stem) {
  if (stem.empty() || stem.find_first_not_of("0123456789") != std::string::npos) return stem;
  const std::size_t digit = stem.find_first_not_of('0');
  return digit == std::string::npos ? "0" : stem.substr(digit);
}

// Images by what their files are called; of two that are called alike, none.
std::unordered_map<std::string, std::int64_t> images_by_stem(const GroundTruth& truth) {
  std::unordered_map<std::string, std::int64_t> by_stem;
  std::set<std::string> ambiguous;
  for (const ImageInfo& image : truth.images) {
    std::string name = image.file_name;
    std::ranges::replace(name, '\\', '/');
    const std::string stem = fs::path(name).stem().string();
    if (stem.empty()) continue;
    for (const std::string& called : {stem, as_number(stem)}) {
      const auto [found, fresh] = by_stem.try_emplace(called, image.id);
      if (!fresh && found->second != image.id) ambiguous.insert(called);
    }
  }
  for (const std::string& called : ambiguous) by_stem.erase(called);
  return by_stem;
}

// Whether all detections are of images called as their ids are; then they have these images' ids.
bool match_by_stem(const GroundTruth& truth, ResultsFile& file) {
  const auto by_stem = images_by_stem(truth);
  std::unordered_map<std::int64_t, std::int64_t> image_of_id;
  for (const Detection& detection : file.detections) {
    const auto [place, fresh] = image_of_id.try_emplace(detection.image_id, 0);
    if (!fresh) continue;
    const auto found = by_stem.find(file.names.images.text(detection.image_id));
    if (found == by_stem.end()) return false;
    place->second = found->second;
  }
  for (Detection& detection : file.detections) detection.image_id = image_of_id[detection.image_id];
  return true;
}

void note_kinds(const IdNames& truth, const IdNames& results, const char* what,
                const std::string& annotations, const std::string& path,
                std::vector<std::string>& warnings) {
  const bool truth_texts = truth.writes_texts() && !truth.mixed();
  const bool result_texts = results.writes_texts();
  if (truth.has_codes() || truth_texts == result_texts) return;
  warnings.push_back(fmt::format("{}: {} ids are {} here and {} in {}; \"7\" and 7 are the same id",
                                 path, what, result_texts ? "texts" : "numbers",
                                 truth_texts ? "texts" : "numbers", annotations));
}

}  // namespace

DetectionNames ids_to_read_with(const GroundTruth& truth) {
  DetectionNames names = names_of(truth);
  names.images.forget_kinds();
  names.categories.forget_kinds();
  return names;
}

Result<ResultsFile> read_results_of(const GroundTruth& truth, const fs::path& annotations,
                                    const fs::path& results, int threads) {
  DetectionNames names = ids_to_read_with(truth);
  QYOLO_TRY(std::vector<Detection> detections, read_coco_detections(results, threads, names));
  return match_results(truth, annotations.string(), std::move(detections), std::move(names),
                       results.string(), threads);
}

Result<ResultsFile> match_results(const GroundTruth& truth, const std::string& annotations,
                                  std::vector<Detection> detections, DetectionNames names,
                                  const std::string& results, int threads) {
  ResultsFile file{std::move(detections), std::move(names), {}};
  const IdSet images(truth.images);
  const IdSet categories(truth.categories);
  Unknown places;
  find_unknown(file.detections, images, categories, threads, places);
  if (const std::size_t first = places.image; first != kNone) {
    const std::int64_t unknown = file.detections[first].image_id;
    if (!match_by_stem(truth, file)) {
      std::size_t count = 0;
      const std::string ids =
          some_unknown(file.detections, images, image_of, file.names.images, count);
      return error(
          "{}: detection {} is of image {}, which is not in the ground truth {} ({} of {} "
          "detections are of such images: {})",
          results, first, file.names.images.text(unknown), annotations, count,
          file.detections.size(), ids);
    }
    file.warnings.push_back(fmt::format(
        "{}: image ids are file names without their extension, as the official test.py writes "
        "them (the first: {}); images are matched by these",
        results, file.names.images.text(unknown)));
  } else if (!file.detections.empty()) {
    note_kinds(truth.image_ids, file.names.images, "image", annotations, results, file.warnings);
  }
  if (places.category != kNone) {
    std::size_t count = 0;
    const std::string ids =
        some_unknown(file.detections, categories, category_of, file.names.categories, count);
    file.warnings.push_back(
        fmt::format("{}: {} of {} detections are of categories that {} does not list ({}); they "
                    "have no influence",
                    results, count, file.detections.size(), annotations, ids));
  } else if (!file.detections.empty()) {
    note_kinds(truth.category_ids, file.names.categories, "category", annotations, results,
               file.warnings);
  }
  return file;
}

}  // namespace qyolo::datasets
