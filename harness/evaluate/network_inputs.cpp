#include "harness/evaluate/network_inputs.h"

#include <utility>

#include "common/file.h"
#include "common/json.h"
#include "datasets/dataset.h"
#include "harness/evaluate/npy.h"

namespace qyolo::harness {
namespace {

std::string portion_name(std::size_t portion) { return fmt::format("{:04}", portion); }

OrderedJson placement_json(const datasets::Dataset& dataset, std::size_t image,
                           const datasets::Letterboxed& placed) {
  return {{"id", id_json(dataset.truth.image_ids, dataset.truth.images[image].id)},
          {"file", dataset.image_paths[image].filename().string()},
          {"width", placed.image_width},
          {"height", placed.image_height},
          {"ratio", placed.ratio_y},
          {"pad_x", placed.pad_x},
          {"pad_y", placed.pad_y}};
}

// Gives outputs from files.
class RecordedExecutor final : public model::Executor {
 public:
  RecordedExecutor(const model::Graph& graph, std::filesystem::path folder)
      : graph_(graph), folder_(std::move(folder)) {}

  Result<std::vector<model::HeadOutput>> forward(std::span<const std::uint8_t> /*rgb*/, int batch,
                                                 int height, int width) override {
    const std::string name = portion_name(next_++);
    const std::filesystem::path rows = folder_ / (name + ".npy");
    std::error_code ignored;
    if (std::filesystem::exists(rows, ignored)) {
      QYOLO_TRY(model::HeadOutput output, decoded(rows, batch));
      return std::vector{std::move(output)};
    }
    QYOLO_TRY(const auto shapes, model::infer_shapes(graph_, height, width));
    std::vector<model::HeadOutput> outputs;
    for (std::size_t k = 0; k < graph_.head.size(); ++k) {
      const model::MapShape& shape = shapes[static_cast<std::size_t>(graph_.head[k].node)];
      QYOLO_TRY(FloatArray array, array_of(folder_ / fmt::format("{}.{}.npy", name, k),
                                           {batch, shape.channels, shape.height, shape.width}));
      outputs.push_back(
          {batch, shape.channels, shape.height, shape.width, std::move(array.values), false});
    }
    return outputs;
  }
  Result<std::vector<model::HeadOutput>> forward(std::span<const float> /*input*/, int /*batch*/,
                                                 int /*height*/, int /*width*/) override {
    return error("{}: recorded outputs are of the inputs that `qyolo inputs` writes",
                 folder_.string());
  }
  void set_weights(int /*node*/, std::span<const float> /*weights*/) override {}
  void set_bias(int /*node*/, std::span<const float> /*bias*/) override {}
  Status set_activation_quantizers(std::span<const model::ActivationQuantizer> /*all*/) override {
    return {};
  }
  [[nodiscard]] std::string description() const override {
    return "outputs of another program in " + folder_.string();
  }
  [[nodiscard]] std::string engine() const override { return "another program"; }
  [[nodiscard]] std::string precision() const override { return "elsewhere"; }
  [[nodiscard]] bool recorded() const override { return true; }
  [[nodiscard]] std::string identity() const override { return "recorded"; }

 private:
  Result<model::HeadOutput> decoded(const std::filesystem::path& path, int batch) const {
    QYOLO_TRY(FloatArray array, read_npy(path));
    const auto outputs = static_cast<std::int64_t>(graph_.class_names.size()) + 5;
    const bool fits = array.shape.size() == 3 && array.shape[0] == batch &&
                      array.shape[1] <= INT32_MAX && array.shape[2] == outputs;
    if (!fits) {
      return error("{}: its shape is [{}], expected [{}, rows, {}]", path.string(),
                   fmt::join(array.shape, ", "), batch, outputs);
    }
    return model::HeadOutput{batch, static_cast<int>(outputs), static_cast<int>(array.shape[1]),
                             1,     std::move(array.values),   true};
  }

  static Result<FloatArray> array_of(const std::filesystem::path& path,
                                     const std::vector<std::int64_t>& shape) {
    QYOLO_TRY(FloatArray array, read_npy(path));
    if (array.shape != shape) {
      return error("{}: its shape is [{}], expected [{}]", path.string(),
                   fmt::join(array.shape, ", "), fmt::join(shape, ", "));
    }
    return array;
  }

  const model::Graph& graph_;
  std::filesystem::path folder_;
  std::size_t next_ = 0;
};

}  // namespace

Result<WrittenInputs> write_network_inputs(
    const EvaluatorConfig& config, const std::filesystem::path& folder,
    const std::function<void(std::size_t done, std::size_t total)>& progress) {
  QYOLO_TRY(const SourceNetwork source, SourceNetwork::open(config.model));
  QYOLO_TRY(datasets::Dataset dataset, datasets::open_dataset(config.images, config.annotations,
                                                              config.options.limit, config.split));
  QYOLO_TRY(EvaluatedPortions portions,
            cut_into_portions(config, source.graph().max_stride, dataset));
  QYOLO_CHECK_OK(create_folder(folder));
  OrderedJson json = {{"kind", "inputs"},
                      {"image_size", portions.image_size},
                      {"square", !config.options.rect},
                      {"portions", OrderedJson::array()}};
  WrittenInputs written;
  for (const ImageChunk& chunk : portions.chunks) {
    QYOLO_TRY(const LoadedChunk loaded, portions.loader.load(chunk));
    const std::string file = portion_name(written.portions++) + ".npy";
    QYOLO_CHECK_OK(
        write_npy(folder / file, loaded.pixels,
                  {static_cast<std::int64_t>(chunk.images.size()), 3, chunk.height, chunk.width}));
    OrderedJson portion = {{"file", file},
                           {"height", chunk.height},
                           {"width", chunk.width},
                           {"images", OrderedJson::array()}};
    for (std::size_t i = 0; i < chunk.images.size(); ++i)
      portion["images"].push_back(placement_json(dataset, chunk.images[i], *loaded.images[i]));
    json["portions"].push_back(std::move(portion));
    written.images += chunk.images.size();
    if (progress) progress(written.images, dataset.image_paths.size());
  }
  QYOLO_CHECK_OK(write_file(folder / "inputs.json", json.dump(1) + "\n"));
  return written;
}

ExecutorFactory recorded_outputs(const std::filesystem::path& folder) {
  return [folder](const model::Graph& graph,
                  int /*threads*/) -> Result<std::unique_ptr<model::Executor>> {
    std::error_code ignored;
    if (!std::filesystem::is_directory(folder, ignored))
      return error("{} is no folder with outputs", folder.string());
    return std::unique_ptr<model::Executor>(std::make_unique<RecordedExecutor>(graph, folder));
  };
}

}  // namespace qyolo::harness
