#include "harness/evaluate/detector.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>

#include "common/file.h"
#include "datasets/image_pipeline.h"
#include "harness/model/postprocess.h"
#include "harness/network/quantize_network.h"

namespace qyolo::harness {

struct Detector::State {
  SourceNetwork source;
  std::unique_ptr<model::Executor> executor;
  DetectorOptions options;
  std::string warning;

  Result<std::vector<LabelledBox>> detect(const datasets::Letterboxed& image);
};

Detector::Detector(std::unique_ptr<State> state) : state_(std::move(state)) {}
Detector::~Detector() = default;

Result<std::unique_ptr<Detector>> Detector::open(const std::filesystem::path& model,
                                                 const Cell& cell, const DetectorOptions& options,
                                                 const ExecutorFactory& factory) {
  if (cell.activations) {
    return error("{}: single images are detected without calibration; expected no activation_bits",
                 cell.label());
  }
  auto state = std::make_unique<State>();
  state->options = options;
  QYOLO_TRY(state->source, SourceNetwork::open(model));
  QYOLO_TRY(state->executor, factory(state->source.graph(), options.threads));
  QYOLO_TRY([[maybe_unused]] const auto errors,
            load_weights(state->source, cell, *state->executor, options.threads));
  const int stride = state->source.graph().max_stride;
  state->warning = datasets::rounding_note(options.image_size, stride);
  state->options.image_size = datasets::on_grid(options.image_size, stride);
  return std::unique_ptr<Detector>(new Detector(std::move(state)));
}

const std::string& Detector::warning() const { return state_->warning; }

namespace {

// One image as a batch of its own.
datasets::RectBatch shape_of(const datasets::ImageSize& size, int image_size,
                             const model::Graph& graph) {
  return datasets::rect_batches({&size, 1},
                                {image_size, datasets::grid_of(graph.max_stride), 1, true})
      .front();
}

}  // namespace

Result<std::vector<LabelledBox>> Detector::detect(const std::filesystem::path& path) {
  QYOLO_TRY(const datasets::ImageSize size, datasets::read_image_size(path));
  const int image_size = state_->options.image_size;
  const datasets::RectBatch shape = shape_of(size, image_size, state_->source.graph());
  QYOLO_TRY(const datasets::Letterboxed image,
            datasets::load_letterboxed(path, shape.height, shape.width, image_size));
  return state_->detect(image);
}

Result<std::vector<LabelledBox>> Detector::detect(const datasets::Picture& picture,
                                                  const std::string& name) {
  const int image_size = state_->options.image_size;
  const datasets::RectBatch shape =
      shape_of({picture.width, picture.height}, image_size, state_->source.graph());
  QYOLO_TRY(const datasets::Letterboxed image,
            datasets::letterbox_picture(picture, name, shape.height, shape.width, image_size));
  return state_->detect(image);
}

Result<std::vector<LabelledBox>> Detector::State::detect(const datasets::Letterboxed& image) {
  const model::Graph& graph = source.graph();
  QYOLO_TRY(const auto outputs, executor->forward(std::span<const std::uint8_t>(image.rgb), 1,
                                                  image.height, image.width));
  model::PostprocessOptions post;
  post.confidence = static_cast<float>(options.confidence);
  post.iou = options.iou;
  post.multi_label = false;
  std::vector<LabelledBox> boxes;
  for (const model::Candidate& found : model::detect(graph, outputs, 0, post)) {
    const model::Placement placement{image.ratio_y, image.pad_x, image.pad_y, image.image_width,
                                     image.image_height};
    boxes.push_back({model::to_image(found, placement), static_cast<double>(found.score),
                     found.class_index,
                     graph.class_names[static_cast<std::size_t>(found.class_index)]});
  }
  return boxes;
}

}  // namespace qyolo::harness
