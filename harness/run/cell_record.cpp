#include "harness/run/cell_record.h"

#include "metrics/statistics.h"
#include "results/metrics_json.h"
#include "results/record.h"

namespace qyolo::harness {
namespace {

OrderedJson base(const char* kind, const std::string& key, const Cell& cell, const char* status) {
  return {{"schema", results::kSchema},
          {"kind", kind},
          {"key", key},
          {"status", status},
          {"cell", cell.as_json()}};
}

OrderedJson weight_error_json(const CellResult& result) {
  OrderedJson json = {{"sqnr_db", results::sqnr_json(result.weight_error.sqnr_db())},
                      {"mse", result.weight_error.mse()}};
  json["layers"] = OrderedJson::array();
  for (const LayerError& layer : result.layers) {
    json["layers"].push_back(
        {{"name", layer.name},
         {"shape", {layer.shape.n, layer.shape.c, layer.shape.kh, layer.shape.kw}},
         {"weights", layer.error.weights},
         {"groups", layer.groups},
         {"recipe", layer.recipe},
         {"sqnr_db", results::sqnr_json(layer.error.sqnr_db())},
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

OrderedJson accuracy_record(const std::string& key, const Cell& cell, const Evaluator& evaluator,
                            const CellResult& result) {
  OrderedJson record = base("accuracy", key, cell, "ok");
  record["images"] = evaluator.truth().images.size();
  record["detections"] = result.detections.size();
  record["metrics"] = results::metrics_json(result.evaluation);
  record["per_class"] = results::per_class_json(
      result.evaluation, evaluator.truth().category_ids,
      results::class_names(result.evaluation, evaluator.truth().categories));
  record["weight_error"] = weight_error_json(result);
  record["memory"] = results::memory_json(result.memory);
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
