#include "harness/detector.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <span>
#include <utility>

#include "common/file.h"
#include "datasets/image_pipeline.h"
#include "harness/model/postprocess.h"
#include "harness/quantize_network.h"

namespace qyolo::harness {

struct Detector::State {
  SourceNetwork source;
  std::unique_ptr<model::Executor> executor;
  DetectorOptions options;
};

Detector::Detector(std::unique_ptr<State> state) : state_(std::move(state)) {}
Detector::~Detector() = default;

Result<std::unique_ptr<Detector>> Detector::open(const std::filesystem::path& model,
                                                 const Cell& cell, const DetectorOptions& options,
                                                 const ExecutorFactory& factory) {
  auto state = std::make_unique<State>();
  state->options = options;
  QYOLO_TRY(state->source, SourceNetwork::open(model));
  QYOLO_TRY(state->executor, factory(state->source.graph(), options.threads));
  QYOLO_TRY([[maybe_unused]] const auto errors,
            load_weights(state->source, cell, *state->executor, options.threads));
  return std::unique_ptr<Detector>(new Detector(std::move(state)));
}

Result<std::vector<LabelledBox>> Detector::detect(const std::filesystem::path& path) {
  State& s = *state_;
  const model::Graph& graph = s.source.graph();
  QYOLO_TRY(const datasets::ImageSize size, datasets::read_image_size(path));
  const auto batches =
      datasets::rect_batches({&size, 1}, {s.options.image_size, graph.max_stride, 1, true});
  const datasets::RectBatch& shape = batches.front();
  QYOLO_TRY(const datasets::Letterboxed image,
            datasets::load_letterboxed(path, shape.height, shape.width, s.options.image_size));
  QYOLO_TRY(const auto outputs, s.executor->forward(std::span<const std::uint8_t>(image.rgb), 1,
                                                    shape.height, shape.width));
  model::PostprocessOptions options;
  options.confidence = static_cast<float>(s.options.confidence);
  options.iou = s.options.iou;
  options.multi_label = false;
  std::vector<LabelledBox> boxes;
  for (const model::Candidate& found : model::detect(graph, outputs, 0, options)) {
    const model::Placement placement{image.ratio_y, image.pad_x, image.pad_y, image.image_width,
                                     image.image_height};
    boxes.push_back({model::to_image(found, placement), static_cast<double>(found.score),
                     found.class_index,
                     graph.class_names[static_cast<std::size_t>(found.class_index)]});
  }
  return boxes;
}

Status draw_boxes(const std::filesystem::path& image, const std::vector<LabelledBox>& boxes,
                  const std::filesystem::path& out) {
  // Okabe & Ito's colour-blind safe palette, BGR.
  const std::array<cv::Scalar, 8> palette = {cv::Scalar(178, 114, 0), cv::Scalar(0, 94, 213),
                                             cv::Scalar(115, 158, 0), cv::Scalar(167, 121, 204),
                                             cv::Scalar(0, 159, 230), cv::Scalar(233, 180, 86),
                                             cv::Scalar(0, 150, 170), cv::Scalar(40, 40, 40)};
  try {
    cv::Mat picture = cv::imread(image.string(), cv::IMREAD_COLOR);
    if (picture.empty()) return error("{} cannot be decoded as an image", image.string());
    const double unit = std::max(0.4, std::min(picture.cols, picture.rows) / 1000.0);
    const int line = std::max(1, static_cast<int>(std::lround(2 * unit)));
    for (auto box = boxes.rbegin(); box != boxes.rend(); ++box) {  // the most certain on top
      const cv::Scalar colour =
          palette[static_cast<std::size_t>(box->class_index) % palette.size()];
      const cv::Rect2d area(box->bbox[0], box->bbox[1], box->bbox[2], box->bbox[3]);
      cv::rectangle(picture, area, colour, line, cv::LINE_AA);
      const std::string text = fmt::format("{} {:.2f}", box->name, box->score);
      int below = 0;
      const cv::Size size = cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, unit, 1, &below);
      // Above the box, moved into the picture where it would be cut off.
      const cv::Point corner(
          std::max(0, std::min(static_cast<int>(area.x), picture.cols - size.width)),
          std::max(static_cast<int>(area.y), size.height + below));
      cv::rectangle(picture, {corner.x, corner.y - size.height - below},
                    {corner.x + size.width, corner.y}, colour, cv::FILLED);
      cv::putText(picture, text, {corner.x, corner.y - below / 2 - 1}, cv::FONT_HERSHEY_SIMPLEX,
                  unit, {255, 255, 255}, 1, cv::LINE_AA);
    }
    if (!cv::imwrite(out.string(), picture)) return error("{} cannot be written", out.string());
  } catch (const cv::Exception& failure) {
    return error("{} cannot be drawn to {}: {}", image.string(), out.string(), failure.err);
  }
  return {};
}

}  // namespace qyolo::harness
