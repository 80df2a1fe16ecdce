#include "harness/cell_record.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "metrics/statistics.h"
#include "results/record.h"

namespace qyolo::harness {
namespace {

constexpr std::array<const char*, 12> kStatNames = {"AP",  "AP50", "AP75",  "APs", "APm", "APl",
                                                    "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"};

OrderedJson base(const char* kind, const std::string& key, const Cell& cell, const char* status) {
  return {{"schema", results::kSchema},
          {"kind", kind},
          {"key", key},
          {"status", status},
          {"cell", cell.as_json()}};
}

OrderedJson weight_error_json(const CellResult& result) {
  OrderedJson json = {{"sqnr_db", sqnr_json(result.weight_error)},
                      {"mse", result.weight_error.mse()}};
  json["layers"] = OrderedJson::array();
  for (const LayerError& layer : result.layers) {
    json["layers"].push_back(
        {{"name", layer.name},
         {"shape", {layer.shape.n, layer.shape.c, layer.shape.kh, layer.shape.kw}},
         {"weights", layer.error.weights},
         {"groups", layer.groups},
         {"recipe", layer.recipe},
         {"sqnr_db", sqnr_json(layer.error)},
         {"mse", layer.error.mse()}});
  }
  return json;
}

OrderedJson parameters_json(const quant::ActivationParameters& parameters) {
  return {{"scale", parameters.scale}, {"zero_point", parameters.zero_point}};
}

OrderedJson activations_json(const CalibratedActivations& activations, const Evaluator& evaluator) {
  OrderedJson json = {
      {"calibration",
       {{"images", evaluator.calibration_images()}, {"sha256", evaluator.calibration_sha256()}}},
      {"input", nullptr}};
  if (activations.input.quantized) json["input"] = parameters_json(activations.input.parameters);
  json["groups"] = OrderedJson::array();
  for (const CalibratedGroup& group : activations.groups) {
    OrderedJson nodes = OrderedJson::array();
    for (const int node : group.nodes) nodes.push_back(model::node_name(evaluator.graph(), node));
    OrderedJson entry = {
        {"tensors", std::move(nodes)}, {"low", group.range.low}, {"high", group.range.high}};
    entry.update(parameters_json(group.parameters));
    json["groups"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace

OrderedJson defined(double value) { return value < 0 ? OrderedJson(nullptr) : OrderedJson(value); }

OrderedJson sqnr_json(const quant::WeightError& error) {
  const double value = error.sqnr_db();
  return std::isfinite(value) ? OrderedJson(value) : OrderedJson(nullptr);
}

OrderedJson metrics_json(const metrics::CocoEvaluation& evaluation) {
  OrderedJson json;
  const auto stats = evaluation.stats();
  for (std::size_t i = 0; i < stats.size(); ++i) json[kStatNames[i]] = defined(stats[i]);
  return json;
}

OrderedJson per_class_json(const metrics::CocoEvaluation& evaluation, const IdNames& ids,
                           const std::vector<std::string>& names) {
  OrderedJson classes = OrderedJson::array();
  const int most = evaluation.params.max_detections.back();
  for (std::size_t k = 0; k < evaluation.category_ids.size(); ++k) {
    const int index = static_cast<int>(k);
    classes.push_back({{"category_id", id_json(ids, evaluation.category_ids[k])},
                       {"name", names[k]},
                       {"AP", defined(evaluation.average_precision(-1, 0, most, index))},
                       {"AP50", defined(evaluation.average_precision(0.5, 0, most, index))}});
  }
  return classes;
}

std::vector<std::string> class_names(const metrics::CocoEvaluation& evaluation,
                                     const std::vector<Category>& categories) {
  std::vector<std::string> names;
  for (const std::int64_t id : evaluation.category_ids) {
    const auto found = std::find_if(categories.begin(), categories.end(),
                                    [&](const Category& c) { return c.id == id; });
    names.push_back(found == categories.end() ? std::string("all classes") : found->name);
  }
  return names;
}

OrderedJson memory_json(const metrics::MemoryReport& memory) {
  const auto bytes = [](std::int64_t bits) { return (bits + 7) / 8; };
  return {{"payload_bytes", bytes(memory.payload)},
          {"scale_bytes", bytes(memory.scales)},
          {"zero_point_bytes", bytes(memory.zero_points)},
          {"breakpoint_bytes", bytes(memory.breakpoints)},
          {"region_bytes", bytes(memory.regions)},
          {"correction_bytes", bytes(memory.corrections)},
          {"unquantized_bytes", bytes(memory.unquantized)},
          {"true_bytes", memory.true_bytes()},
          {"paper_bytes", bytes(memory.paper_bits())},
          {"bits_per_weight", memory.bits_per_weight()},
          {"ratio_fp16_paper", memory.ratio_fp16_paper()},
          {"ratio_fp16_true", memory.ratio_fp16_true()},
          {"ratio_fp32_true", memory.ratio_fp32_true()}};
}

OrderedJson accuracy_record(const std::string& key, const Cell& cell, const Evaluator& evaluator,
                            const CellResult& result) {
  OrderedJson record = base("accuracy", key, cell, "ok");
  record["images"] = evaluator.truth().images.size();
  record["detections"] = result.detections.size();
  record["metrics"] = metrics_json(result.evaluation);
  record["per_class"] =
      per_class_json(result.evaluation, evaluator.truth().category_ids,
                     class_names(result.evaluation, evaluator.truth().categories));
  record["weight_error"] = weight_error_json(result);
  record["memory"] = memory_json(result.memory);
  if (result.coded_bytes) record["memory"]["coded_bytes"] = *result.coded_bytes;
  if (result.activations) {
    record["activations"] = activations_json(*result.activations, evaluator);
  }
  const StageSeconds& s = result.seconds;
  record["seconds"] = {{"quantize", s.quantize},       {"load", s.load},     {"forward", s.forward},
                       {"postprocess", s.postprocess}, {"metric", s.metric}, {"total", s.total}};
  return record;
}

OrderedJson latency_record(const std::string& key, const Cell& cell, const Evaluator& evaluator,
                           std::span<const double> milliseconds) {
  OrderedJson record = base("latency", key, cell, "ok");
  const metrics::Summary summary = metrics::summarize(milliseconds);
  const LatencyInput input = evaluator.latency_input();
  record["latency"] = {{"execution", cell.quantized() ? "simulated" : "fp32"},
                       {"executor", evaluator.executor_description()},
                       {"unit", "ms"},
                       {"batch", 1},
                       {"height", input.height},
                       {"width", input.width},
                       {"threads", evaluator.threads()},
                       {"samples", std::vector<double>(milliseconds.begin(), milliseconds.end())},
                       {"median", summary.median},
                       {"p95", summary.p95},
                       {"p99", summary.p99},
                       {"mean", summary.mean},
                       {"stddev", summary.stddev},
                       {"min", summary.min},
                       {"max", summary.max}};
  return record;
}

OrderedJson failed_record(const std::string& kind, const std::string& key, const Cell& cell,
                          const Error& failure) {
  OrderedJson record = base(kind.c_str(), key, cell, "failed");
  record["error"] = failure.message;
  return record;
}

}  // namespace qyolo::harness
