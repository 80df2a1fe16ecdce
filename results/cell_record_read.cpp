// Records of cells back into what they say.
#include <cmath>

#include "results/cell_record.h"
#include "results/text.h"

namespace qyolo::results {
namespace {

constexpr double kLargestRead = 1e300;

// Reads members of one object; the first complaint is kept, what is absent keeps its default.
class Members {
 public:
  Members(const Json& object, std::string place, std::optional<Error>& complaint)
      : object_(object), place_(std::move(place)), complaint_(complaint) {
    if (!object.is_object() && !object.is_null()) complain("", object, "an object");
  }

  [[nodiscard]] Members inside(const char* key) const {
    return {member(object_, key), place_ + ": " + key, complaint_};
  }
  [[nodiscard]] bool has(const char* key) const { return !member(object_, key).is_null(); }

  void read(const char* key, std::string& out) const {
    const Json& value = member(object_, key);
    if (value.is_string()) {
      out = value.get<std::string>();
    } else if (!value.is_null()) {
      complain(key, value, "a text");
    }
  }
  void read(const char* key, double& out) const {
    std::optional<double> read_value;
    read(key, read_value);
    if (read_value) out = *read_value;
  }
  void read(const char* key, std::optional<double>& out) const {
    const Json& value = member(object_, key);
    if (value.is_number() && std::abs(value.get<double>()) <= kLargestRead) {
      out = value.get<double>();
    } else if (!value.is_null()) {
      complain(key, value, "a number");
    }
  }
  // Any scalar.
  void read_id(const char* key, Json& out) const {
    const Json& value = member(object_, key);
    if (value.is_structured()) complain(key, value, "an id");
    out = value;
  }
  // -1 of earlier versions: no value.
  void read_fraction(const char* key, std::optional<double>& out) const {
    read(key, out);
    if (out && *out == -1) out.reset();
  }
  template <class Integer>
  requires std::is_integral_v<Integer>
  void read(const char* key, Integer& out) const {
    const Json& value = member(object_, key);
    if (value.is_number_integer()) {
      out = value.get<Integer>();
    } else if (!value.is_null()) {
      complain(key, value, "an integer");
    }
  }
  // `read_item` is given a Members of each item.
  template <class ReadItem>
  void each(const char* key, const ReadItem& read_item) const {
    const Json& list = member(object_, key);
    if (!list.is_array()) {
      if (!list.is_null()) complain(key, list, "a list");
      return;
    }
    static const Json kNone;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const Json& item = list[i].is_object() ? list[i] : kNone;
      read_item(list[i], Members(item, fmt::format("{}: {}[{}]", place_, key, i), complaint_));
    }
  }
  void complain(const char* key, const Json& value, const char* expected) const {
    if (!complaint_)
      complaint_ = error("{}: '{}' is {}, expected {}", place_, key, value.dump(), expected);
  }

 private:
  const Json& object_;
  std::string place_;
  std::optional<Error>& complaint_;
};

std::optional<metrics::Difference> read_difference(const Members& parent, const char* key) {
  if (!parent.has(key)) return std::nullopt;
  const Members view = parent.inside(key);
  metrics::Difference difference;
  view.read("value", difference.value);
  view.read("low", difference.low);
  view.read("high", difference.high);
  view.read("standard_error", difference.standard_error);
  return difference;
}

UncertaintyRecord read_uncertainty(const Members& view) {
  UncertaintyRecord record;
  metrics::PairedDifference& compared = record.difference;
  view.read("resamples", compared.options.resamples);
  view.read("seed", compared.options.seed);
  view.read("confidence", compared.options.confidence);
  compared.ap = read_difference(view, "delta_AP");
  compared.ap50 = read_difference(view, "delta_AP50");
  view.each("per_class", [&](const Json&, const Members& item) {
    metrics::ClassDifference one;
    item.read_id("category_id", record.category_ids.emplace_back());
    item.read("objects", one.objects);
    item.read("images", one.object_images);
    one.ap = read_difference(item, "delta_AP");
    compared.classes.push_back(one);
    item.read("name", record.class_names.emplace_back());
  });
  view.read("p_loss_above_tolerance", compared.loss_above_tolerance);
  view.read("tolerance", compared.tolerance);
  if (view.has("margin")) view.read("margin", compared.margin);
  view.read("images", compared.images);
  view.read("effective_images", compared.effective_images);
  view.read("objects", compared.objects);
  return record;
}

CertaintyRecord read_certainty(const Members& view) {
  CertaintyRecord record;
  view.read("images", record.images);
  const Members kl = view.inside("kl");
  kl.read("mean", record.kl.mean);
  kl.read("standard_error", record.kl.standard_error);
  kl.read("median", record.kl.median);
  kl.read("p999", record.kl.p999);
  kl.read("max", record.kl.max);
  const Members top = view.inside("top_detections");
  top.read("count", record.top);
  top.read("changed", record.changed);
  top.read("standard_error", record.changed_standard_error);
  return record;
}

ActivationScale read_scale(const Members& view) {
  ActivationScale parameters;
  view.read("scale", parameters.scale);
  view.read("zero_point", parameters.zero_point);
  return parameters;
}

ActivationsRecord read_activations(const Members& view) {
  ActivationsRecord record;
  view.inside("calibration").read("images", record.calibration_images);
  view.inside("calibration").read("sha256", record.calibration_sha256);
  if (view.has("input")) record.input = read_scale(view.inside("input"));
  view.each("groups", [&](const Json&, const Members& item) {
    ActivationGroupRecord& group = record.groups.emplace_back();
    item.each("tensors", [&](const Json& name, const Members&) {
      if (name.is_string()) group.tensors.push_back(name.get<std::string>());
    });
    item.read("low", group.low);
    item.read("high", group.high);
    group.parameters = read_scale(item);
  });
  return record;
}

LayerErrorRecord read_layer(const Members& item) {
  LayerErrorRecord layer;
  item.read("name", layer.name);
  std::size_t axis = 0;
  item.each("shape", [&](const Json& size, const Members&) {
    if (axis < layer.shape.size() && size.is_number_integer())
      layer.shape[axis++] = size.get<std::int64_t>();
  });
  item.read("weights", layer.weights);
  item.read("groups", layer.groups);
  item.read("recipe", layer.recipe);
  item.read("sqnr_db", layer.sqnr_db);
  item.read("mse", layer.mse);
  return layer;
}

void read_seconds(const Members& view, SecondsRecord& seconds) {
  view.read("quantize", seconds.quantize);
  view.read("load", seconds.load);
  view.read("forward", seconds.forward);
  view.read("postprocess", seconds.postprocess);
  view.read("metric", seconds.metric);
  view.read("total", seconds.total);
}

void read_identity(const Json& record, const Members& view, CellIdentity& identity) {
  view.read("key", identity.key);
  identity.cell = member(record, "cell");
  const std::string text = execution_text(record);
  identity.execution.simulated = text.starts_with("simulated");
  view.read("precision", identity.execution.precision);
  view.read("engine", identity.execution.engine);
}

}  // namespace

bool is_complete(const Json& record, std::string_view kind) {
  if (json_text(record, "kind") != kind || json_text(record, "status") != "ok") return false;
  if (kind == kAccuracy) {
    const Json& metrics = member(record, "metrics");
    const auto ap = metrics.is_object() ? metrics.find(kMetricNames[0]) : metrics.end();
    return metrics.is_object() && ap != metrics.end() && (ap->is_number() || ap->is_null());
  }
  const Json& median = member(member(record, "latency"), "median");
  return median.is_number() && median >= 0;
}

std::string execution_text(const Json& record) {
  const std::string text = json_text(record, "execution");
  return text.empty() ? json_text(member(record, "latency"), "execution") : text;
}

bool same_execution(std::string_view a, std::string_view b) {
  const auto current = [](std::string_view text) {
    return text == "fp32" ? "measured fp32" : text;
  };
  return current(a) == current(b);
}

Result<AccuracyRecord> read_accuracy(const Json& record, const std::string& place) {
  if (!is_complete(record, kAccuracy)) return error("{} is no record of an evaluation", place);
  std::optional<Error> complaint;
  const Members view(record, place, complaint);
  AccuracyRecord read;
  read_identity(record, view, read.identity);
  view.read("images", read.images);
  view.read("limit", read.limit);
  view.read("detections", read.detections);
  view.read("detections_sha256", read.detections_sha256);
  for (std::size_t i = 0; i < kMetricNames.size(); ++i)
    view.inside("metrics").read_fraction(kMetricNames[i].data(), read.metrics[i]);
  view.each("per_class", [&](const Json&, const Members& item) {
    ClassMetrics& one = read.per_class.emplace_back();
    item.read_id("category_id", one.category_id);
    item.read("name", one.name);
    item.read_fraction("AP", one.ap);
    item.read_fraction("AP50", one.ap50);
  });
  const Members weight_error = view.inside("weight_error");
  weight_error.read("sqnr_db", read.sqnr_db);
  weight_error.read("mse", read.mse);
  weight_error.each(
      "layers", [&](const Json&, const Members& item) { read.layers.push_back(read_layer(item)); });
  read.memory = member(record, "memory");
  if (view.has("activations")) read.activations = read_activations(view.inside("activations"));
  read_seconds(view.inside("seconds"), read.seconds);
  if (view.has("uncertainty")) read.uncertainty = read_uncertainty(view.inside("uncertainty"));
  if (view.has("certainty")) read.certainty = read_certainty(view.inside("certainty"));
  if (complaint) return *complaint;
  return read;
}

Result<LatencyRecord> read_latency(const Json& record, const std::string& place) {
  if (!is_complete(record, kLatency)) return error("{} is no record of a latency", place);
  std::optional<Error> complaint;
  const Members view(record, place, complaint);
  LatencyRecord read;
  read_identity(record, view, read.identity);
  const Members latency = view.inside("latency");
  latency.read("executor", read.executor);
  latency.read("batch", read.batch);
  latency.read("height", read.height);
  latency.read("width", read.width);
  latency.read("threads", read.threads);
  latency.read("warning", read.warning);
  latency.each("samples", [&](const Json& sample, const Members&) {
    if (sample.is_number() && sample >= 0) read.milliseconds.push_back(sample.get<double>());
  });
  if (complaint) return *complaint;
  if (read.milliseconds.empty()) return error("{}: 'samples' holds no milliseconds", place);
  return read;
}

}  // namespace qyolo::results
