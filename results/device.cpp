#include "results/device.h"

#include <algorithm>
#include <array>

#include "common/file.h"
#include "metrics/statistics.h"
#include "results/text.h"

namespace qyolo::results {
namespace {

constexpr std::string_view kDeviceKind = "device";
constexpr std::array<std::string_view, 3> kPrecisions = {"fp32", "bf16", "int8"};
constexpr std::size_t kMostBytes = std::size_t{64} << 20;
constexpr std::size_t kMostRows = 10000, kMostSamples = 1000000, kMostTexts = 1000;
constexpr int kMostOfSetting = 1 << 20;
constexpr double kLargestNumber = 1e15;

OrderedJson null_if_empty(const std::string& text) {
  return text.empty() ? OrderedJson() : OrderedJson(text);
}

template <class T>
OrderedJson null_if_none(const std::optional<T>& value) {
  return value ? OrderedJson(*value) : OrderedJson();
}

// --- Writing ---

OrderedJson source_json(const DeviceEnergySource& source) {
  if (!source.reason.empty()) return {{"reason", source.reason}};
  return {{"source", source.name},
          {"method", source.method},
          {"covers", source.covers},
          {"interval_ms", source.interval_ms}};
}

OrderedJson device_energy_json(const DeviceRow& row) {
  if (!row.energy) return {{"reason", row.energy_reason}};
  return {{"mj_per_image", row.energy->millijoules_per_image},
          {"joules", row.energy->joules},
          {"seconds", row.energy->seconds},
          {"images", row.energy->images},
          {"readings", row.energy->readings}};
}

OrderedJson device_row_json(const DeviceRow& row) {
  const metrics::Summary summary = metrics::summarize(row.milliseconds);
  OrderedJson json = {{"precision", row.precision},
                      {"weights", row.packed ? "packed" : "plain"},
                      {"regions", nullptr},
                      {"cell", row.cell},
                      {"calibration", null_if_empty(row.calibration)},
                      {"batch", row.batch},
                      {"threads", row.threads},
                      {"median_ms", summary.median},
                      {"images_per_second", row.images_per_second()},
                      {"min_ms", summary.min},
                      {"q25_ms", metrics::quantile(row.milliseconds, 0.25)},
                      {"q75_ms", metrics::quantile(row.milliseconds, 0.75)},
                      {"p95_ms", summary.p95},
                      {"p99_ms", summary.p99},
                      {"max_ms", summary.max},
                      {"mean_ms", summary.mean},
                      {"stddev_ms", summary.stddev},
                      {"samples_ms", row.milliseconds},
                      {"gflop", row.gflop},
                      {"gflops", row.gflop / summary.median * 1e3},
                      {"peak_gflops", null_if_none(row.peak_gflops)},
                      {"weight_bytes", row.weight_bytes},
                      {"peak_rss_bytes", null_if_none(row.peak_rss)},
                      {"energy", device_energy_json(row)}};
  if (row.packed) json["regions"] = row.coded_regions ? "entropy" : "raw";
  json["kernels"] = OrderedJson::array();
  for (const DeviceKernel& kernel : row.kernels)
    json["kernels"].push_back({{"name", kernel.name}, {"convolutions", kernel.convolutions}});
  if (!row.note.empty()) json["note"] = row.note;
  return json;
}

// --- Reading ---

Error wrong(const JsonObject& object, std::string_view key, std::string_view expected) {
  return error("{}: expected {}", object.place_of(key), expected);
}

// Null or absent is empty.
Result<std::string> optional_text(const JsonObject& object, std::string_view key) {
  if (!object.has(key)) return std::string();
  QYOLO_TRY(const Json* value, object.at(key));
  if (value->is_null()) return std::string();
  return object.string(key);
}

Result<double> number_from(const JsonObject& object, std::string_view key, double low,
                           double high = kLargestNumber) {
  QYOLO_TRY(const double value, object.number(key));
  if (value < low || value > high)
    return error("{} is {}, expected a number from {} to {}", object.place_of(key), value, low,
                 high);
  return value;
}

Result<int> setting(const JsonObject& object, std::string_view key, int low) {
  QYOLO_TRY(const std::int64_t value, object.integer(key, low, kMostOfSetting));
  return static_cast<int>(value);
}

Result<bool> is_absent(const JsonObject& object, std::string_view key) {
  if (!object.has(key)) return true;
  QYOLO_TRY(const Json* value, object.at(key));
  return value->is_null();
}

Result<const Json*> array_of(const JsonObject& object, std::string_view key, std::size_t most) {
  QYOLO_TRY(const Json* value, object.at(key));
  if (!value->is_array()) return wrong(object, key, "an array");
  if (value->size() > most)
    return error("{} has {} entries, expected at most {}", object.place_of(key), value->size(),
                 most);
  return value;
}

Result<Json> cell_in(const JsonObject& object) {
  QYOLO_TRY(const JsonObject cell, object.object("cell"));
  QYOLO_TRY([[maybe_unused]] const std::string label, cell.string("label"));
  return **object.at("cell");
}

Result<DeviceModel> read_device_model(const JsonObject& json) {
  DeviceModel model;
  QYOLO_TRY(model.path, json.string("path"));
  QYOLO_TRY(model.sha256, json.string("sha256"));
  const auto digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (model.sha256.size() != 64 || !std::ranges::all_of(model.sha256, digit))
    return wrong(json, "sha256", "64 hexadecimal digits");
  QYOLO_TRY(const std::string kind, json.string("kind"));
  if (kind != "checkpoint" && kind != "artifact")
    return wrong(json, "kind", "'checkpoint' or 'artifact'");
  model.artifact = kind == "artifact";
  QYOLO_TRY(model.checkpoint_sha256, optional_text(json, "checkpoint_sha256"));
  if (model.artifact) {
    QYOLO_TRY(model.cell, cell_in(json));
  }
  return model;
}

Result<DeviceEnergySource> read_energy_source(const JsonObject& json) {
  DeviceEnergySource source;
  QYOLO_TRY(source.reason, optional_text(json, "reason"));
  if (!source.reason.empty()) return source;
  QYOLO_TRY(source.name, json.string("source"));
  QYOLO_TRY(source.method, json.string("method"));
  QYOLO_TRY(source.covers, json.string("covers"));
  QYOLO_TRY(source.interval_ms, number_from(json, "interval_ms", 0));
  return source;
}

Status read_energy(const JsonObject& json, DeviceRow& row) {
  QYOLO_TRY(row.energy_reason, optional_text(json, "reason"));
  if (!json.has("mj_per_image")) return {};
  DeviceEnergy energy;
  QYOLO_TRY(energy.millijoules_per_image, number_from(json, "mj_per_image", 0));
  QYOLO_TRY(energy.joules, number_from(json, "joules", 0));
  QYOLO_TRY(energy.seconds, number_from(json, "seconds", 0));
  QYOLO_TRY(energy.images, json.integer("images", 1, INT64_MAX));
  QYOLO_TRY(energy.readings, json.integer("readings", 1, INT64_MAX));
  row.energy = energy;
  return {};
}

Result<std::vector<double>> read_samples(const JsonObject& json) {
  QYOLO_TRY(const Json* values, array_of(json, "samples_ms", kMostSamples));
  std::vector<double> samples;
  for (const Json& value : *values) {
    const double sample = value.is_number() ? value.get<double>() : -1;
    if (!(sample > 0 && sample < kLargestNumber))
      return wrong(json, "samples_ms", "positive numbers");
    samples.push_back(sample);
  }
  if (samples.empty()) return wrong(json, "samples_ms", "at least one sample");
  return samples;
}

Result<std::vector<DeviceKernel>> read_kernels(const JsonObject& json) {
  QYOLO_TRY(const Json* values, array_of(json, "kernels", kMostTexts));
  std::vector<DeviceKernel> kernels;
  for (const Json& value : *values) {
    QYOLO_TRY(const JsonObject object, JsonObject::from(value, json.place_of("kernels")));
    DeviceKernel kernel;
    QYOLO_TRY(kernel.name, object.string("name"));
    QYOLO_TRY(kernel.convolutions, setting(object, "convolutions", 1));
    kernels.push_back(std::move(kernel));
  }
  return kernels;
}

Result<DeviceRow> read_device_row(const JsonObject& json) {
  DeviceRow row;
  QYOLO_TRY(row.precision, json.string("precision"));
  if (std::ranges::find(kPrecisions, row.precision) == kPrecisions.end())
    return wrong(json, "precision", "'fp32', 'bf16' or 'int8'");
  QYOLO_TRY(const std::string weights, json.string("weights"));
  if (weights != "plain" && weights != "packed")
    return wrong(json, "weights", "'plain' or 'packed'");
  row.packed = weights == "packed";
  QYOLO_TRY(const std::string regions, optional_text(json, "regions"));
  row.coded_regions = regions == "entropy";
  QYOLO_TRY(row.cell, cell_in(json));
  QYOLO_TRY(row.calibration, optional_text(json, "calibration"));
  QYOLO_TRY(row.batch, setting(json, "batch", 1));
  QYOLO_TRY(row.threads, setting(json, "threads", 1));
  QYOLO_TRY(row.milliseconds, read_samples(json));
  QYOLO_TRY(row.gflop, number_from(json, "gflop", 0));
  QYOLO_TRY(const bool no_peak, is_absent(json, "peak_gflops"));
  if (!no_peak) {
    QYOLO_TRY(row.peak_gflops, number_from(json, "peak_gflops", 0));
  }
  QYOLO_TRY(row.weight_bytes, json.integer("weight_bytes", 0, INT64_MAX));
  QYOLO_TRY(const bool no_memory, is_absent(json, "peak_rss_bytes"));
  if (!no_memory) {
    QYOLO_TRY(row.peak_rss, json.integer("peak_rss_bytes", 0, INT64_MAX));
  }
  QYOLO_TRY(const JsonObject energy, json.object("energy"));
  QYOLO_CHECK_OK(read_energy(energy, row));
  QYOLO_TRY(row.kernels, read_kernels(json));
  QYOLO_TRY(row.note, optional_text(json, "note"));
  return row;
}

Result<std::vector<std::string>> read_texts(const JsonObject& json, std::string_view key) {
  QYOLO_TRY(const Json* values, array_of(json, key, kMostTexts));
  std::vector<std::string> texts;
  for (const Json& value : *values) {
    if (!value.is_string()) return wrong(json, key, "strings");
    texts.push_back(value.get<std::string>());
  }
  return texts;
}

Status check_kind(const JsonObject& json) {
  const auto kind = json.string("kind");
  if (!kind.ok() || *kind != kDeviceKind || !json.has("schema")) {
    return error("{} is no device file, expected what `qyolo bench MODEL -o json` writes",
                 json.place());
  }
  QYOLO_TRY(const std::int64_t schema, json.integer("schema", 1, INT64_MAX));
  if (schema > kDeviceSchema) {
    return error("{} has schema {}, this qyolo knows schemas up to {}: use a newer qyolo",
                 json.place(), schema, kDeviceSchema);
  }
  return {};
}

}  // namespace

double DeviceRow::median_ms() const { return metrics::quantile(milliseconds, 0.5); }

double DeviceRow::images_per_second() const { return 1e3 * batch / median_ms(); }

std::string Device::machine() const {
  for (const char* key : {"board", "cpu"}) {
    const auto found = host.is_object() ? host.find(key) : host.end();
    if (found != host.end() && found->is_string() && !found->get_ref<const std::string&>().empty())
      return found->get<std::string>();
  }
  return {};
}

std::string Device::software() const {
  std::string text = json_text(host, "os");
  const auto add = [&text](const std::string& part) {
    if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
  };
  if (const std::string version = json_text(versions, "qyolo"); !version.empty())
    add("qyolo " + version);
  add(json_text(versions, "onednn"));
  return text;
}

OrderedJson device_json(const Device& device) {
  const DeviceModel& model = device.model;
  OrderedJson json = {{"schema", kDeviceSchema},
                      {"kind", kDeviceKind},
                      {"device", device.name},
                      {"started", device.started},
                      {"model",
                       {{"path", model.path},
                        {"sha256", model.sha256},
                        {"kind", model.artifact ? "artifact" : "checkpoint"},
                        {"checkpoint_sha256", null_if_empty(model.checkpoint_sha256)},
                        {"cell", model.cell}}},
                      {"host", device.host},
                      {"versions", device.versions},
                      {"height", device.height},
                      {"width", device.width},
                      {"rounds", device.rounds},
                      {"warmup", device.warmup},
                      {"energy", source_json(device.energy)},
                      {"rows", OrderedJson::array()}};
  for (const DeviceRow& row : device.rows) json["rows"].push_back(device_row_json(row));
  json["unsupported"] = device.unsupported;
  return json;
}

std::string device_text(const Device& device) {
  return device_json(device).dump(1, ' ', false, OrderedJson::error_handler_t::replace) + '\n';
}

Result<Device> parse_device(std::string_view text, std::string_view place) {
  QYOLO_TRY(const Json document, parse_json(text, place));
  QYOLO_TRY(const JsonObject json, JsonObject::from(document, std::string(place)));
  QYOLO_CHECK_OK(check_kind(json));
  Device device;
  QYOLO_TRY(device.name, json.string("device"));
  if (device.name.empty()) return wrong(json, "device", "a name");
  QYOLO_TRY(device.started, json.string("started"));
  QYOLO_TRY(const JsonObject model, json.object("model"));
  QYOLO_TRY(device.model, read_device_model(model));
  QYOLO_TRY([[maybe_unused]] const JsonObject host, json.object("host"));
  QYOLO_TRY([[maybe_unused]] const JsonObject versions, json.object("versions"));
  device.host = document["host"];
  device.versions = document["versions"];
  QYOLO_TRY(device.height, setting(json, "height", 1));
  QYOLO_TRY(device.width, setting(json, "width", 1));
  QYOLO_TRY(device.rounds, setting(json, "rounds", 1));
  QYOLO_TRY(device.warmup, setting(json, "warmup", 0));
  QYOLO_TRY(const JsonObject energy, json.object("energy"));
  QYOLO_TRY(device.energy, read_energy_source(energy));
  QYOLO_TRY(const Json* rows, array_of(json, "rows", kMostRows));
  for (std::size_t i = 0; i < rows->size(); ++i) {
    QYOLO_TRY(const JsonObject row,
              JsonObject::from((*rows)[i], fmt::format("{}: rows[{}]", place, i)));
    QYOLO_TRY(DeviceRow read, read_device_row(row));
    device.rows.push_back(std::move(read));
  }
  if (device.rows.empty()) return wrong(json, "rows", "at least one row");
  QYOLO_TRY(device.unsupported, read_texts(json, "unsupported"));
  return device;
}

Result<Device> read_device(const std::filesystem::path& file) {
  std::error_code code;
  const auto size = std::filesystem::file_size(file, code);
  if (!code && size > kMostBytes) {
    return error("{} has {} bytes, expected a device file of at most {}", file.string(), size,
                 kMostBytes);
  }
  QYOLO_TRY(const std::string text, read_file(file));
  QYOLO_TRY(Device device, parse_device(text, file.string()));
  device.file = file;
  return device;
}

}  // namespace qyolo::results
