#include "harness/evaluate/preprocessing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/image_pipeline.h"
#include "datasets/results_file.h"
#include "harness/evaluate/placed_images.h"
#include "harness/model/postprocess.h"
#include "metrics/box_iou.h"

namespace qyolo::harness {
namespace {

constexpr std::size_t kImages = 6;
constexpr std::size_t kMost = 30;         // detections of an image, those of the highest scores
constexpr double kSameIou = 0.85;         // of two boxes that are the same one
constexpr double kSameScore = 0.02;       // scores differ by no more than this
constexpr double kSameScoreShare = 0.15;  // and this share of the larger one
constexpr double kFoundAgain = 0.98;      // as they are: nothing is to be explained
constexpr double kSure = 0.25;            // score of what is surely there
constexpr double kExplained = 0.75;       // at least
constexpr double kRest = 0.4;  // of what is unexplained as it is, at most this share is left

enum class Pixels { kAsWritten, kBgr, kNotDivided, kDividedTwice };
enum class Placing { kCentred, kCorner, kStretched };
enum class Boxes {
  kAsPlaced,     // mapped back by how the image was placed
  kAsCentred,    // mapped back as if the image were centred
  kOfInput,      // left in coordinates of the input
  kMappedTwice,  // were mapped back before
  kOfUnitImage,  // in shares of the image
  kFromCentre,   // [centre x, centre y, width, height]
  kCorners,      // [left, top, right, bottom]
};

struct Hypothesis {
  Pixels pixels;
  Placing placing;
  Boxes boxes;
  const char* text;
};

using P = Pixels;
using L = Placing;
using B = Boxes;
constexpr Hypothesis kAsWritten = {P::kAsWritten, L::kCentred, B::kAsPlaced, ""};
constexpr std::array kOfPixels = {
    Hypothesis{P::kBgr, L::kCentred, B::kAsPlaced, "channels were in the order BGR, not RGB"},
    Hypothesis{P::kNotDivided, L::kCentred, B::kAsPlaced, "pixels were not divided by 255"},
    Hypothesis{P::kDividedTwice, L::kCentred, B::kAsPlaced, "pixels were divided by 255 twice"},
};
constexpr std::array kOfOutputs = {
    Hypothesis{P::kAsWritten, L::kStretched, B::kAsCentred,
               "images were stretched to the input, not letterboxed"},
    Hypothesis{P::kAsWritten, L::kCorner, B::kAsCentred,
               "images lay in the input's top left corner, not in its middle"},
    Hypothesis{P::kAsWritten, L::kCentred, B::kMappedTwice,
               "boxes were in coordinates of the image already, not of the input"},
};
constexpr std::array kOfFiles = {
    Hypothesis{P::kAsWritten, L::kCentred, B::kOfInput,
               "boxes were left in coordinates of the network's input"},
    Hypothesis{P::kAsWritten, L::kStretched, B::kAsCentred,
               "images were stretched to the input, and boxes mapped back as from a letterbox"},
    Hypothesis{P::kAsWritten, L::kStretched, B::kAsPlaced,
               "images were stretched to the input, not letterboxed"},
    Hypothesis{P::kAsWritten, L::kCorner, B::kAsCentred,
               "images lay in the input's top left corner, and boxes were mapped back as from its "
               "middle"},
    Hypothesis{P::kAsWritten, L::kCorner, B::kAsPlaced,
               "images lay in the input's top left corner, not in its middle"},
    Hypothesis{P::kAsWritten, L::kCentred, B::kOfUnitImage, "boxes were in shares of the image"},
    Hypothesis{P::kAsWritten, L::kCentred, B::kFromCentre,
               "boxes were given by their centre, not by their top left corner"},
    Hypothesis{P::kAsWritten, L::kCentred, B::kCorners,
               "boxes were given by two corners, not by one and their size"},
};

// An image that is looked at, and what the other program found in it.
struct Examined {
  std::filesystem::path path;
  int height = 0, width = 0;     // of its input
  std::vector<Detection> found;  // highest score first
};

double iou(const BoxXywh& a, const BoxXywh& b) {
  metrics::BoxEdges edges;
  edges.add(a, false);
  std::array<double, 1> overlap{};
  edges.overlaps(b, 0, overlap);
  return overlap[0];
}

bool same(const Detection& a, const Detection& b) {
  return a.category_id == b.category_id &&
         std::abs(a.score - b.score) <= kSameScore + kSameScoreShare * std::max(a.score, b.score) &&
         iou(a.bbox, b.bbox) >= kSameIou;
}

// The sum of the scores of those that are found again, each of `own` once.
double found_again(const std::vector<Detection>& found, const std::vector<Detection>& own) {
  std::vector<bool> used(own.size(), false);
  double sum = 0;
  for (const Detection& one : found) {
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (used[i] || !same(one, own[i])) continue;
      used[i] = true;
      sum += one.score;
      break;
    }
  }
  return sum;
}

BoxXywh transformed(const model::Candidate& box, const PlacedImage& image, Boxes boxes) {
  const model::Placement centred = image.centred;
  const auto of_corners = [](double x1, double y1, double x2, double y2) {
    return BoxXywh{x1, y1, x2 - x1, y2 - y1};
  };
  const auto width = static_cast<double>(centred.image_width);
  const auto height = static_cast<double>(centred.image_height);
  switch (boxes) {
    case Boxes::kAsCentred:
      return model::to_image(box, centred);
    case Boxes::kOfInput:
      return of_corners(box.x1, box.y1, box.x2, box.y2);
    case Boxes::kMappedTwice: {
      const BoxXywh once = image.to_image(box);
      const auto x = static_cast<float>(once[0]), y = static_cast<float>(once[1]);
      const model::Candidate again{x,
                                   y,
                                   x + static_cast<float>(once[2]),
                                   y + static_cast<float>(once[3]),
                                   box.score,
                                   box.class_index};
      return model::to_image(again, centred);
    }
    default:
      break;
  }
  const BoxXywh placed = image.to_image(box);
  if (boxes == Boxes::kOfUnitImage)
    return {placed[0] / width, placed[1] / height, placed[2] / width, placed[3] / height};
  if (boxes == Boxes::kFromCentre)
    return {placed[0] + placed[2] / 2, placed[1] + placed[3] / 2, placed[2], placed[3]};
  if (boxes == Boxes::kCorners)
    return {placed[0], placed[1], placed[0] + placed[2], placed[1] + placed[3]};
  return placed;
}

// The network, and what its classes are called in the data.
struct Network {
  const model::Graph& graph;
  model::Executor& executor;
  const std::vector<std::int64_t>& category_of_class;
  int image_size = 0;
  model::PostprocessOptions postprocess;

  Result<std::vector<model::HeadOutput>> forward(const PlacedImage& image, Pixels pixels) const {
    if (pixels == Pixels::kAsWritten)
      return executor.forward(std::span<const std::uint8_t>(image.rgb), 1, image.height,
                              image.width);
    if (pixels == Pixels::kBgr) {
      const std::vector<std::uint8_t> bgr = channels_reversed(image.rgb);
      return executor.forward(std::span<const std::uint8_t>(bgr), 1, image.height, image.width);
    }
    const float scale = pixels == Pixels::kNotDivided ? 1.0F : 1.0F / (255.0F * 255.0F);
    std::vector<float> values(image.rgb.size());
    std::ranges::transform(image.rgb, values.begin(),
                           [&](std::uint8_t value) { return static_cast<float>(value) * scale; });
    return executor.forward(std::span<const float>(values), 1, image.height, image.width);
  }

  Result<std::vector<Detection>> detect(const Examined& examined,
                                        const Hypothesis& hypothesis) const {
    const PlacedInput input{examined.height, examined.width, image_size};
    QYOLO_TRY(const PlacedImage image,
              hypothesis.placing == Placing::kCentred  ? centred_image(examined.path, input)
              : hypothesis.placing == Placing::kCorner ? cornered_image(examined.path, input)
                                                       : stretched_image(examined.path, input));
    QYOLO_TRY(const auto outputs, forward(image, hypothesis.pixels));
    std::vector<Detection> detections;
    for (const model::Candidate& candidate : model::detect(graph, outputs, 0, postprocess)) {
      const std::int64_t category =
          category_of_class[static_cast<std::size_t>(candidate.class_index)];
      if (category == datasets::kNoCategory) continue;
      Detection& one = detections.emplace_back();
      one.category_id = category;
      one.bbox = transformed(candidate, image, hypothesis.boxes);
      one.score = static_cast<double>(candidate.score);
    }
    return detections;
  }
};

Result<double> share_found_again(const Network& network, const std::vector<Examined>& images,
                                 const Hypothesis& hypothesis) {
  double again = 0, all = 0;
  for (const Examined& image : images) {
    QYOLO_TRY(const auto own, network.detect(image, hypothesis));
    again += found_again(image.found, own);
    for (const Detection& one : image.found) all += one.score;
  }
  return all > 0 ? again / all : 0;
}

template <class Hypotheses>
Status try_all(const Network& network, const std::vector<Examined>& images,
               const Hypotheses& hypotheses, PreprocessingCheck& best) {
  for (const Hypothesis& hypothesis : hypotheses) {
    QYOLO_TRY(const double share, share_found_again(network, images, hypothesis));
    if (share <= best.explained) continue;
    best.explained = share;
    best.mistake = hypothesis.text;
  }
  return {};
}

// Evenly spread over those in which something was found; where nothing was in any, over all.
std::vector<Examined> thinned(std::vector<Examined> images) {
  const auto nothing = [](const Examined& image) { return image.found.empty(); };
  if (!std::ranges::all_of(images, nothing)) std::erase_if(images, nothing);
  if (images.size() <= kImages) return images;
  std::vector<Examined> kept;
  for (std::size_t i = 0; i < kImages; ++i)
    kept.push_back(std::move(images[i * images.size() / kImages]));
  return kept;
}

// The highest scores of each image.
std::map<std::int64_t, std::vector<Detection>> by_image(std::span<const Detection> detections) {
  std::map<std::int64_t, std::vector<Detection>> found;
  for (const Detection& one : detections)
    if (one.score > 0 && std::isfinite(one.score)) found[one.image_id].push_back(one);
  for (auto& [image, of_image] : found) {
    std::ranges::stable_sort(of_image, std::ranges::greater(), &Detection::score);
    if (of_image.size() > kMost) of_image.resize(kMost);
  }
  return found;
}

// The sum of the scores of what is surely found.
Result<double> found_surely(const Network& network, const std::vector<Examined>& images,
                            const Hypothesis& hypothesis) {
  double sum = 0;
  for (const Examined& image : images) {
    QYOLO_TRY(const auto own, network.detect(image, hypothesis));
    for (const Detection& one : own) sum += one.score >= kSure ? one.score : 0;
  }
  return sum;
}

// Nothing was found: because of pixels in which the network finds nothing here, either?
Status explain_nothing(const Network& network, const std::vector<Examined>& images,
                       PreprocessingCheck& check) {
  QYOLO_TRY(const double as_written, found_surely(network, images, kAsWritten));
  if (!(as_written > 0)) return {};
  check.images = images.size();
  for (const Hypothesis& hypothesis : kOfPixels) {
    QYOLO_TRY(const double found, found_surely(network, images, hypothesis));
    if (found > 0) continue;
    check.explained = 1;
    check.mistake = hypothesis.text;
    break;
  }
  return {};
}

Result<PreprocessingCheck> explain(const Network& network, std::vector<Examined> all,
                                   bool outputs) {
  const std::vector<Examined> images = thinned(std::move(all));
  PreprocessingCheck check;
  if (images.empty()) return check;
  check.found = !images.front().found.empty();
  if (!check.found) {
    QYOLO_CHECK_OK(explain_nothing(network, images, check));
    return check;
  }
  check.images = images.size();
  QYOLO_TRY(check.as_written, share_found_again(network, images, kAsWritten));
  if (check.as_written >= kFoundAgain) return check;
  QYOLO_CHECK_OK(try_all(network, images, kOfPixels, check));
  QYOLO_CHECK_OK(outputs ? try_all(network, images, kOfOutputs, check)
                         : try_all(network, images, kOfFiles, check));
  if (check.explained < kExplained || 1 - check.explained > kRest * (1 - check.as_written))
    check.mistake.clear();
  return check;
}

// An executor with the network of the cell, as far as it can be had without calibration images.
Result<std::unique_ptr<model::Executor>> executor_of(SourceNetwork& source, const Cell& cell,
                                                     const ExecutorFactory& factory, int threads) {
  QYOLO_TRY(auto executor, factory(source.graph(), threads));
  QYOLO_TRY([[maybe_unused]] const auto layers, load_weights(source, cell, *executor, threads));
  const Artifact* artifact = source.artifact();
  if (artifact != nullptr && artifact->activations)
    QYOLO_CHECK_OK(executor->set_activation_quantizers(artifact->activations->quantizers()));
  return executor;
}

}  // namespace

std::string PreprocessingCheck::sentence(const std::string& what) const {
  if (images == 0) return fmt::format("the {} find nothing that could be compared", what);
  if (!found) {
    return fmt::format(
        "the {} find nothing on {} images, where the network as it is run here does{}", what,
        images, mistake.empty() ? "" : fmt::format("; it finds nothing if {}", mistake));
  }
  const std::string seen =
      fmt::format("{:.0f} % of what they find, by score, on {} images", 100 * as_written, images);
  if (mistake.empty() && as_written >= kFoundAgain)
    return fmt::format("the {} are those of the network as it is run here: {}", what, seen);
  if (mistake.empty()) {
    return fmt::format(
        "the {} are those of the network as it is run here to {}; no other preparation of the "
        "images explains them better",
        what, seen);
  }
  return fmt::format(
      "the {} look as if {}: that explains {:.0f} % of what they find, by score, on {} images; as "
      "the network is run here, {:.0f} %",
      what, mistake, 100 * explained, images, 100 * as_written);
}

Result<PreprocessingCheck> check_outputs(Evaluator& recorded, const Cell& cell,
                                         const ExecutorFactory& factory,
                                         std::span<const Detection> detections) {
  QYOLO_TRY(const auto executor, executor_of(recorded.source(), cell, factory, recorded.threads()));
  const EvaluationOptions& options = recorded.options();
  QYOLO_TRY(
      const datasets::ClassMap classes,
      datasets::map_classes(recorded.graph().class_names, recorded.truth(), options.class_rules()));
  Network network{recorded.graph(), *executor, classes.category_of_class, options.image_size, {}};
  network.postprocess.confidence = static_cast<float>(options.confidence);
  network.postprocess.iou = options.iou;
  QYOLO_TRY(const datasets::Dataset dataset,
            datasets::dataset_of(recorded.truth(), recorded.images_folder(), "the annotations"));
  std::map<std::int64_t, std::filesystem::path> paths;
  for (std::size_t i = 0; i < dataset.image_paths.size(); ++i)
    paths[dataset.truth.images[i].id] = dataset.image_paths[i];
  auto found = by_image(detections);
  std::vector<Examined> images;
  for (std::size_t i = 0; i < recorded.chunk_count(); ++i) {
    const ImageChunk& chunk = recorded.chunk(i);
    for (const std::size_t image : chunk.images) {
      const std::int64_t id = recorded.truth().images[image].id;
      images.push_back({paths[id], chunk.height, chunk.width, std::move(found[id])});
    }
  }
  return explain(network, std::move(images), true);
}

Result<PreprocessingCheck> check_detections(const EvaluatorConfig& config,
                                            const ExecutorFactory& factory,
                                            const std::filesystem::path& detections) {
  QYOLO_TRY(SourceNetwork source, SourceNetwork::open(config.model));
  QYOLO_TRY(const datasets::Dataset dataset,
            datasets::open_dataset(config.images, config.annotations, config.options.limit,
                                   config.split));
  QYOLO_TRY(
      const datasets::ResultsFile file,
      datasets::read_results_of(dataset.truth, config.annotations, detections, config.threads));
  QYOLO_TRY(const datasets::ClassMap classes,
            datasets::map_classes(source.graph().class_names, dataset.truth,
                                  config.options.class_rules()));
  Cell baseline;
  baseline.baseline = true;
  QYOLO_TRY(const auto executor,
            executor_of(source, source.resolve(baseline), factory, config.threads));
  const int side = datasets::on_grid(config.options.image_size, source.graph().max_stride);
  const Network network{source.graph(), *executor, classes.category_of_class, side, {}};
  auto found = by_image(file.detections);
  std::vector<Examined> images;
  for (std::size_t i = 0; i < dataset.image_paths.size(); ++i) {
    images.push_back(
        {dataset.image_paths[i], side, side, std::move(found[dataset.truth.images[i].id])});
  }
  return explain(network, std::move(images), false);
}

}  // namespace qyolo::harness
