#include "results/cell_record.h"

#include <algorithm>
#include <utility>

#include "metrics/statistics.h"
#include "metrics/verdict.h"
#include "results/metrics_json.h"
#include "results/record.h"
#include "results/text.h"

namespace qyolo::results {
namespace {

template <class Value>
OrderedJson optional_json(const std::optional<Value>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

OrderedJson base_json(std::string_view kind, const char* status, const CellIdentity& identity) {
  return {{"schema", kSchema},
          {"kind", kind},
          {"key", identity.key},
          {"status", status},
          {"cell", identity.cell}};
}

void add_execution(const Execution& execution, OrderedJson& json) {
  json["execution"] = execution.text();
  json["precision"] = execution.precision;
  json["engine"] = execution.engine;
}

OrderedJson class_metrics_json(const std::vector<ClassMetrics>& classes) {
  OrderedJson json = OrderedJson::array();
  for (const ClassMetrics& one : classes) {
    json.push_back({{"category_id", one.category_id},
                    {"name", one.name},
                    {"AP", optional_json(one.ap)},
                    {"AP50", optional_json(one.ap50)}});
  }
  return json;
}

OrderedJson weight_error_json(const AccuracyRecord& record) {
  OrderedJson json = {{"sqnr_db", optional_json(record.sqnr_db)}, {"mse", record.mse}};
  json["layers"] = OrderedJson::array();
  for (const LayerErrorRecord& layer : record.layers) {
    json["layers"].push_back({{"name", layer.name},
                              {"shape", layer.shape},
                              {"weights", layer.weights},
                              {"groups", layer.groups},
                              {"recipe", layer.recipe},
                              {"sqnr_db", optional_json(layer.sqnr_db)},
                              {"mse", layer.mse}});
  }
  return json;
}

OrderedJson scale_json(const ActivationScale& parameters) {
  return {{"scale", parameters.scale}, {"zero_point", parameters.zero_point}};
}

OrderedJson activations_json(const ActivationsRecord& activations) {
  OrderedJson json = {
      {"calibration",
       {{"images", activations.calibration_images}, {"sha256", activations.calibration_sha256}}},
      {"input", nullptr}};
  if (activations.input) json["input"] = scale_json(*activations.input);
  json["groups"] = OrderedJson::array();
  for (const ActivationGroupRecord& group : activations.groups) {
    OrderedJson entry = {{"tensors", group.tensors}, {"low", group.low}, {"high", group.high}};
    entry.update(scale_json(group.parameters));
    json["groups"].push_back(std::move(entry));
  }
  return json;
}

OrderedJson difference_json(const std::optional<metrics::Difference>& difference) {
  if (!difference) return nullptr;
  return {{"value", difference->value},
          {"low", difference->low},
          {"high", difference->high},
          {"standard_error", difference->standard_error}};
}

OrderedJson uncertainty_json(const UncertaintyRecord& record) {
  const metrics::PairedDifference& compared = record.difference;
  OrderedJson classes = OrderedJson::array();
  for (std::size_t i = 0; i < compared.classes.size(); ++i) {
    const metrics::ClassDifference& one = compared.classes[i];
    classes.push_back(
        {{"category_id", i < record.category_ids.size() ? record.category_ids[i] : Json()},
         {"name", i < record.class_names.size() ? record.class_names[i] : std::string()},
         {"objects", one.objects},
         {"images", one.object_images},
         {"delta_AP", difference_json(one.ap)}});
  }
  OrderedJson json = {{"resamples", compared.options.resamples},
                      {"seed", compared.options.seed},
                      {"confidence", compared.options.confidence},
                      {"delta_AP", difference_json(compared.ap)},
                      {"delta_AP50", difference_json(compared.ap50)}};
  json["per_class"] = std::move(classes);
  json["p_loss_above_tolerance"] = compared.loss_above_tolerance;
  json["tolerance"] = compared.tolerance;
  if (compared.margin > 0) json["margin"] = compared.margin;
  json["images"] = compared.images;
  json["effective_images"] = compared.effective_images;
  json["objects"] = compared.objects;
  json["decision"] = metrics::decision_name(metrics::decide(compared));
  json["verdict"] = metrics::verdict(compared);
  return json;
}

OrderedJson certainty_json(const CertaintyRecord& record) {
  return {{"images", record.images},
          {"kl",
           {{"mean", record.kl.mean},
            {"standard_error", record.kl.standard_error},
            {"median", record.kl.median},
            {"p999", record.kl.p999},
            {"max", record.kl.max}}},
          {"top_detections",
           {{"count", record.top},
            {"changed", record.changed},
            {"standard_error", record.changed_standard_error}}}};
}

}  // namespace

std::string Execution::text() const {
  if (!simulated) return "measured " + precision;
  return precision == "fp32" ? "simulated" : "simulated " + precision;
}

OrderedJson accuracy_json(const AccuracyRecord& record) {
  OrderedJson json = base_json(kAccuracy, "ok", record.identity);
  add_execution(record.identity.execution, json);
  json["images"] = record.images;
  if (!record.limit.empty()) json["limit"] = record.limit;
  json["detections"] = record.detections;
  if (!record.detections_sha256.empty()) json["detections_sha256"] = record.detections_sha256;
  for (std::size_t i = 0; i < kMetricNames.size(); ++i)
    json["metrics"][std::string(kMetricNames[i])] = optional_json(record.metrics[i]);
  json["per_class"] = class_metrics_json(record.per_class);
  json["weight_error"] = weight_error_json(record);
  json["memory"] = record.memory;
  if (record.activations) json["activations"] = activations_json(*record.activations);
  const SecondsRecord& s = record.seconds;
  json["seconds"] = {{"quantize", s.quantize},       {"load", s.load},     {"forward", s.forward},
                     {"postprocess", s.postprocess}, {"metric", s.metric}, {"total", s.total}};
  if (record.uncertainty) json["uncertainty"] = uncertainty_json(*record.uncertainty);
  if (record.certainty) json["certainty"] = certainty_json(*record.certainty);
  return json;
}

OrderedJson latency_json(const LatencyRecord& record) {
  OrderedJson json = base_json(kLatency, "ok", record.identity);
  add_execution(record.identity.execution, json);
  const metrics::Summary summary = metrics::summarize(record.milliseconds);
  json["latency"] = {{"executor", record.executor},
                     {"unit", "ms"},
                     {"batch", record.batch},
                     {"height", record.height},
                     {"width", record.width},
                     {"threads", record.threads},
                     {"samples", record.milliseconds},
                     {"median", summary.median},
                     {"p95", summary.p95},
                     {"p99", summary.p99},
                     {"mean", summary.mean},
                     {"stddev", summary.stddev},
                     {"min", summary.min},
                     {"max", summary.max}};
  if (!record.warning.empty()) json["latency"]["warning"] = record.warning;
  return json;
}

OrderedJson failed_json(std::string_view kind, const CellIdentity& identity, const Error& failure) {
  OrderedJson json = base_json(kind, "failed", identity);
  add_execution(identity.execution, json);
  json["error"] = failure.message;
  return json;
}

OrderedJson evaluation_json(const AccuracyRecord& record, const std::string& executor) {
  OrderedJson full = accuracy_json(record);
  OrderedJson json = std::move(full["metrics"]);
  json["sqnr_db"] = full["weight_error"]["sqnr_db"];
  json["label"] = json_text(full["cell"], "label");
  for (const char* key : {"cell", "execution", "precision", "engine", "images", "detections",
                          "memory", "weight_error", "per_class", "seconds"}) {
    json[key] = std::move(full[key]);
  }
  if (full.contains("limit")) json["limit"] = std::move(full["limit"]);
  if (full.contains("activations")) json["activations"] = std::move(full["activations"]);
  json["executor"] = executor;
  return json;
}

void set_metrics(const metrics::CocoEvaluation& evaluation, const GroundTruth& truth,
                 AccuracyRecord& record) {
  const auto value = [](double read) { return read < 0 ? std::nullopt : std::optional(read); };
  const auto stats = evaluation.stats();
  static_assert(std::tuple_size_v<decltype(record.metrics)> == kMetricNames.size());
  for (std::size_t i = 0; i < kMetricNames.size(); ++i) record.metrics[i] = value(stats[i]);
  const std::vector<std::string> names = class_names(evaluation, truth.categories);
  const int most = evaluation.params.max_detections.back();
  record.per_class.clear();
  for (std::size_t k = 0; k < evaluation.category_ids.size(); ++k) {
    const int index = static_cast<int>(k);
    record.per_class.push_back({id_json(truth.category_ids, evaluation.category_ids[k]), names[k],
                                value(evaluation.average_precision(-1, 0, most, index)),
                                value(evaluation.average_precision(0.5, 0, most, index))});
  }
}

}  // namespace qyolo::results
