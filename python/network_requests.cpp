#include "python/network_requests.h"

#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "common/json.h"
#include "common/outputs.h"
#include "common/yaml.h"
#include "datasets/coco_json.h"
#include "harness/cell/cell.h"
#include "harness/engine/engine.h"
#include "harness/evaluate/cell_arithmetic.h"
#include "harness/evaluate/evaluation.h"
#include "harness/evaluate/quantize_files.h"
#include "harness/run/cell_record.h"
#include "results/metrics_json.h"
#include "results/renderers.h"

namespace qyolo::python {
namespace {

constexpr std::int64_t kMostThreads = 1024;
constexpr std::int64_t kMostImages = std::numeric_limits<int>::max();

// Reads the keys of a request that are there. Absent ones leave what they would fill.
class Request {
 public:
  static Result<Request> parse(std::string_view text, std::string function) {
    QYOLO_TRY(Json document, parse_json(text, function));
    auto kept = std::make_unique<Json>(std::move(document));
    QYOLO_TRY(JsonObject object, JsonObject::from(*kept, std::move(function)));
    return Request(std::move(kept), std::move(object));
  }

  Status only(std::initializer_list<std::string_view> keys) const { return object_.only(keys); }
  [[nodiscard]] bool has(std::string_view key) const { return object_.has(key); }
  [[nodiscard]] const Json& value(std::string_view key) const { return member(*document_, key); }
  [[nodiscard]] std::string place(std::string_view key) const { return object_.place_of(key); }

  template <class Path>
  Status text(std::string_view key, Path& out) const {
    if (!has(key)) return {};
    QYOLO_TRY(out, object_.string(key));
    return {};
  }
  Status integer(std::string_view key, std::int64_t low, std::int64_t high, int& out) const {
    if (!has(key)) return {};
    QYOLO_TRY(const std::int64_t number, object_.integer(key, low, high));
    out = static_cast<int>(number);
    return {};
  }
  Status fraction(std::string_view key, double& out) const {
    if (!has(key)) return {};
    QYOLO_TRY(out, object_.number(key));
    if (out >= 0 && out <= 1) return {};
    return error("{} must be from 0 to 1, found {}", place(key), out);
  }
  Status boolean(std::string_view key, bool& out) const {
    if (!has(key)) return {};
    QYOLO_TRY(out, object_.boolean(key));
    return {};
  }
  // The model, the calibration images, the cell and the threads: what both functions take.
  Status model(std::filesystem::path& out) const {
    QYOLO_TRY(out, object_.string("model"));
    return {};
  }
  Result<harness::Cell> cell() const {
    QYOLO_TRY(const Json* block, object_.at("cell"));
    return harness::read_cell(*block, object_.place());
  }
  Result<std::optional<harness::CalibrationSet>> calibration(const harness::Cell& cell) const {
    harness::CalibrationSet set;
    QYOLO_CHECK_OK(text("calibration", set.images));
    QYOLO_CHECK_OK(integer("calibration_limit", 0, kMostImages, set.limit));
    if (!set.images.empty()) return std::optional(std::move(set));
    if (cell.activations)
      return error(
          "{}: activation_bits needs calibration, a folder of images to find the ranges on",
          object_.place());
    if (cell.calibrated())
      return error(
          "{}: calibrated rounding needs calibration, a folder of images to look at inputs on",
          object_.place());
    return std::optional<harness::CalibrationSet>();
  }
  Status threads(int& out) const { return integer("threads", 0, kMostThreads, out); }

 private:
  Request(std::unique_ptr<Json> document, JsonObject object)
      : document_(std::move(document)), object_(std::move(object)) {}
  std::unique_ptr<Json> document_;
  JsonObject object_;
};

// Makes engines, and keeps what they say of themselves.
Result<harness::ExecutorFactory> executor_factory(const Request& request,
                                                  std::shared_ptr<std::string> note) {
  std::string precision = "fp32", convolution = "auto";
  QYOLO_CHECK_OK(request.text("precision", precision));
  QYOLO_CHECK_OK(request.text("convolution", convolution));
  QYOLO_TRY(const engine::Precision chosen, engine::parse_precision(precision));
  if (convolution != "auto" && convolution != "direct")
    return error("{} must be auto or direct, found '{}'", request.place("convolution"),
                 convolution);
  const engine::KernelChoice kernels =
      convolution == "direct" ? engine::KernelChoice::kDirect : engine::KernelChoice::kBest;
  return harness::ExecutorFactory(
      [=](const model::Graph& graph, int threads) -> Result<std::unique_ptr<model::Executor>> {
        QYOLO_TRY(std::unique_ptr<engine::Engine> made,
                  engine::make_engine(graph, chosen, threads, kernels));
        *note = made->note();
        return std::unique_ptr<model::Executor>(std::move(made));
      });
}

Status read_class_names(const Request& request, harness::EvaluationOptions& options) {
  if (!request.has("class_map")) return {};
  const Json& map = request.value("class_map");
  if (map.is_string()) {
    QYOLO_TRY(options.class_map, read_class_map(map.get<std::string>()));
  } else {
    QYOLO_TRY(options.class_map, class_map_from(map, request.place("class_map")));
  }
  return {};
}

Status read_data(const Request& request, harness::EvaluatorConfig& config) {
  std::string data;
  QYOLO_CHECK_OK(request.text("images", config.images));
  QYOLO_CHECK_OK(request.text("annotations", config.annotations));
  QYOLO_CHECK_OK(request.text("data", data));
  QYOLO_CHECK_OK(request.text("split", config.split));
  const std::string here = request.place("data");
  if (data.empty()) {
    if (config.images.empty() || config.annotations.empty())
      return error(
          "qyolo.evaluate: images and annotations are expected (a folder and a COCO file), or data "
          "(a data.yaml)");
    return {};
  }
  if (!config.images.empty() || !config.annotations.empty())
    return error("{} goes without images and annotations", here);
  if (!is_yaml(data))
    return error("{}: {} is no data.yaml (.yaml, .yml); COCO is given with images and annotations",
                 here, data);
  if (config.split != "train" && config.split != "val" && config.split != "test")
    return error("{} must be train, val or test, found '{}'", request.place("split"), config.split);
  config.annotations = data;
  return {};
}

Status read_options(const Request& request, harness::EvaluationOptions& options) {
  bool square = false;
  QYOLO_CHECK_OK(request.integer("img", 32, 8192, options.image_size));
  QYOLO_CHECK_OK(request.integer("batch", 1, 4096, options.batch));
  QYOLO_CHECK_OK(request.fraction("conf", options.confidence));
  QYOLO_CHECK_OK(request.fraction("iou", options.iou));
  QYOLO_CHECK_OK(request.boolean("ignore_class_names", options.ignore_class_names));
  QYOLO_CHECK_OK(request.boolean("square", square));
  options.rect = !square;
  if (request.has("limit")) {
    QYOLO_TRY(options.limit, image_limit_from(request.value("limit"), request.place("limit")));
  }
  return read_class_names(request, options);
}

std::vector<NamedPath> named(
    std::initializer_list<std::pair<const char*, std::filesystem::path>> paths) {
  std::vector<NamedPath> given;
  for (const auto& [role, path] : paths)
    if (!path.empty()) given.push_back({role, path});
  return given;
}

}  // namespace

Result<Answer> evaluate_network(std::string_view text, const Progress& progress) {
  QYOLO_TRY(const Request request, Request::parse(text, "qyolo.evaluate"));
  QYOLO_CHECK_OK(request.only({"model",
                               "images",
                               "annotations",
                               "data",
                               "split",
                               "class_map",
                               "img",
                               "limit",
                               "ignore_class_names",
                               "cell",
                               "calibration",
                               "calibration_limit",
                               "conf",
                               "iou",
                               "batch",
                               "square",
                               "precision",
                               "convolution",
                               "threads",
                               "save_detections"}));
  harness::EvaluatorConfig config;
  std::filesystem::path detections;
  QYOLO_CHECK_OK(request.model(config.model));
  QYOLO_CHECK_OK(read_data(request, config));
  QYOLO_CHECK_OK(read_options(request, config.options));
  QYOLO_CHECK_OK(request.threads(config.threads));
  QYOLO_CHECK_OK(request.text("save_detections", detections));
  QYOLO_TRY(harness::Cell cell, request.cell());
  QYOLO_TRY(config.calibration, request.calibration(cell));
  const std::vector<NamedPath> inputs =
      named({{"model", config.model},
             {"images", config.images},
             {"annotations", config.annotations},
             {"calibration", config.calibration ? config.calibration->images : ""}});
  QYOLO_CHECK_OK(check_outputs(inputs, named({{"save_detections", detections}})));
  const auto note = std::make_shared<std::string>();
  QYOLO_TRY(const harness::ExecutorFactory factory, executor_factory(request, note));

  QYOLO_TRY(const auto evaluator, harness::Evaluator::open(config, factory));
  cell = evaluator->resolve(cell);
  QYOLO_CHECK_OK(harness::check_arithmetic(*evaluator, cell));
  QYOLO_TRY(const harness::CellResult result, evaluator->evaluate(cell, progress));
  if (!detections.empty()) {
    QYOLO_CHECK_OK(datasets::write_coco_detections(detections, result.detections,
                                                   datasets::names_of(evaluator->truth())));
  }
  const results::AccuracyRecord record = harness::accuracy_record("", cell, *evaluator, result);
  Answer answer{
      results::document_text(results::evaluation_json(record, evaluator->executor_description())),
      evaluator->truth().warnings};
  if (!note->empty()) answer.warnings.push_back(*note);
  return answer;
}

Result<Answer> quantize_network(std::string_view text) {
  QYOLO_TRY(const Request request, Request::parse(text, "qyolo.quantize"));
  QYOLO_CHECK_OK(request.only({"model", "cell", "out", "dequantize", "regions", "calibration",
                               "calibration_limit", "img", "convolution", "threads"}));
  harness::QuantizeRequest quantize;
  std::string regions = "raw";
  QYOLO_CHECK_OK(request.model(quantize.model));
  QYOLO_CHECK_OK(request.text("out", quantize.artifact));
  QYOLO_CHECK_OK(request.text("dequantize", quantize.dequantized));
  QYOLO_CHECK_OK(request.text("regions", regions));
  QYOLO_CHECK_OK(request.integer("img", 32, 8192, quantize.image_size));
  QYOLO_CHECK_OK(request.threads(quantize.threads));
  QYOLO_TRY(quantize.cell, request.cell());
  QYOLO_TRY(quantize.regions, quant::parse_region_coding(regions));
  if (quantize.cell.rounds_by_inputs()) {
    QYOLO_TRY(quantize.calibration, request.calibration(quantize.cell));
  }
  const std::vector<NamedPath> inputs =
      named({{"model", quantize.model},
             {"calibration", quantize.calibration ? quantize.calibration->images : ""}});
  QYOLO_CHECK_OK(check_outputs(
      inputs, named({{"out", quantize.artifact}, {"dequantize", quantize.dequantized}})));
  const auto note = std::make_shared<std::string>();
  QYOLO_TRY(const harness::ExecutorFactory factory, executor_factory(request, note));
  QYOLO_TRY(const harness::QuantizeReport report, harness::quantize_files(quantize, factory));

  OrderedJson document;
  document["label"] = quantize.cell.label();
  document["cell"] = quantize.cell.as_json();
  document["quantized_tensors"] = report.quantized;
  document["kept_tensors"] = report.kept;
  if (!quantize.dequantized.empty()) document["dequantized"] = quantize.dequantized.string();
  if (report.sizes) {
    document["artifact"] = {{"path", quantize.artifact.string()},
                            {"data_bytes", report.sizes->data},
                            {"header_bytes", report.sizes->header}};
    document["memory"] = results::memory_json(report.memory);
  }
  Answer answer{results::document_text(document), {}};
  if (!note->empty()) answer.warnings.push_back(*note);
  return answer;
}

}  // namespace qyolo::python
