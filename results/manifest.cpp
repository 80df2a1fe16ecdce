#include "results/manifest.h"

#include <initializer_list>

#include "results/fields.h"
#include "results/text.h"

namespace qyolo::results {

template <class Fields>
void describe(Fields& fields, Of<Fields, ManifestTaskHost>& host) {
  fields("cpu", host.cpu);
  fields("instructions", host.instructions);
  fields("qyolo", host.qyolo);
  fields("executor", host.executor);
  fields("tasks", host.tasks);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, ManifestTasks>& tasks) {
  fields("images", tasks.images);
  fields("ranges", tasks.ranges);
  fields("truth", tasks.truth);
  fields("cut", tasks.cut);
  fields("heads", tasks.heads);
  fields("command", tasks.command);
  fields("folder", tasks.folder);
  fields("shards", tasks.shards);
  fields.if_any("hosts", tasks.hosts);
}

namespace {

std::string shown(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.is_null() ? "" : value.dump();
  std::string text;
  for (const Json& item : value) {
    if (item.is_string()) text += (text.empty() ? "" : " ") + item.get<std::string>();
  }
  return text;
}

}  // namespace

OrderedJson manifest_json(const Manifest& manifest) {
  OrderedJson json = {{"schema", kSchema},
                      {"name", manifest.name},
                      {"started", manifest.started},
                      {"experiment", manifest.experiment}};
  json["cells"] = OrderedJson::array();
  for (const ManifestCell& one : manifest.cells) {
    OrderedJson cell = {{"key", one.key}};
    cell.update(one.cell);
    json["cells"].push_back(std::move(cell));
  }
  json["checkpoint"] = {{"path", manifest.checkpoint}, {"sha256", manifest.checkpoint_sha256}};
  json["dataset"] = {{"images", manifest.images},
                     {"annotations", manifest.annotations},
                     {"sha256", manifest.dataset_sha256},
                     {"image_count", manifest.image_count}};
  if (manifest.calibration) {
    json["calibration"] = {{"images", manifest.calibration->images},
                           {"sha256", manifest.calibration->sha256}};
  }
  json["host"] = manifest.host;
  json["threads"] = manifest.threads;
  json["versions"] = manifest.versions;
  json["executor"] = manifest.executor;
  json["precision"] = manifest.precision;
  if (manifest.tasks) {
    FieldWriter fields;
    describe(fields, *manifest.tasks);
    json["tasks"] = std::move(fields).json();
  }
  return json;
}

Result<Manifest> read_manifest(const Json& manifest, const std::string& place) {
  QYOLO_TRY(const JsonObject view, JsonObject::from(manifest, place));
  Manifest read;
  const auto text = [](const JsonObject& object, const char* key, std::string& out) -> Status {
    if (!object.has(key)) return {};
    QYOLO_TRY(out, object.string(key));
    return {};
  };
  QYOLO_CHECK_OK(text(view, "name", read.name));
  QYOLO_CHECK_OK(text(view, "started", read.started));
  QYOLO_CHECK_OK(text(view, "executor", read.executor));
  QYOLO_CHECK_OK(text(view, "precision", read.precision));
  if (view.has("threads")) {
    QYOLO_TRY(read.threads, view.integer("threads", 0, INT32_MAX));
  }
  read.experiment = member(manifest, "experiment");
  read.host = member(manifest, "host");
  read.versions = member(manifest, "versions");
  for (const Json& one : member(manifest, "cells")) {
    Json cell = one;
    if (cell.is_object()) cell.erase("key");
    read.cells.push_back({json_text(one, "key"), std::move(cell)});
  }
  if (view.has("checkpoint")) {
    QYOLO_TRY(const JsonObject checkpoint, view.object("checkpoint"));
    QYOLO_CHECK_OK(text(checkpoint, "path", read.checkpoint));
    QYOLO_CHECK_OK(text(checkpoint, "sha256", read.checkpoint_sha256));
  }
  if (view.has("dataset")) {
    QYOLO_TRY(const JsonObject dataset, view.object("dataset"));
    QYOLO_CHECK_OK(text(dataset, "images", read.images));
    QYOLO_CHECK_OK(text(dataset, "annotations", read.annotations));
    QYOLO_CHECK_OK(text(dataset, "sha256", read.dataset_sha256));
    if (dataset.has("image_count")) {
      QYOLO_TRY(read.image_count, dataset.integer("image_count", 0, INT64_MAX));
    }
  }
  if (view.has("calibration")) {
    QYOLO_TRY(const JsonObject calibration, view.object("calibration"));
    read.calibration.emplace();
    QYOLO_CHECK_OK(text(calibration, "images", read.calibration->images));
    QYOLO_CHECK_OK(text(calibration, "sha256", read.calibration->sha256));
  }
  if (view.has("tasks")) {
    std::optional<Error> complaint;
    FieldReader fields(member(manifest, "tasks"), view.place_of("tasks"), complaint);
    describe(fields, read.tasks.emplace());
    if (complaint) return *complaint;
  }
  return read;
}

bool same_work(const Manifest& a, const Manifest& b) {
  const auto about = [](const Manifest& one) {
    Json keys = Json::array();  // of all that decides a cell's numbers
    for (const ManifestCell& cell : one.cells) keys.push_back(cell.key);
    return Json{std::move(keys), member(Json(one.experiment), "uncertainty")};
  };
  return about(a) == about(b);
}

bool same_tasks(const Manifest& a, const Manifest& b) {
  if (!a.tasks || !b.tasks) return a.tasks.has_value() == b.tasks.has_value() && same_work(a, b);
  return same_work(a, b) && a.tasks->ranges == b.tasks->ranges &&
         a.tasks->truth == b.tasks->truth && a.tasks->cut == b.tasks->cut &&
         a.tasks->heads == b.tasks->heads;
}

std::string version_of(const Manifest& manifest) {
  return json_text(Json(manifest.versions), "qyolo");
}

std::vector<std::pair<std::string, std::string>> environment_of(const Run& run) {
  std::vector<std::pair<std::string, std::string>> environment;
  const auto add = [&](const std::string& name, const std::string& text) {
    if (!text.empty()) environment.emplace_back(name, text);
  };
  const auto add_members = [&](const char* section, std::initializer_list<const char*> keys) {
    for (const char* key : keys) add(key, shown(member(member(run.manifest, section), key)));
  };
  add_members("host", {"cpu", "cores"});
  add("threads", shown(member(run.manifest, "threads")));
  const Json& bytes = member(member(run.manifest, "host"), "memory_bytes");
  if (bytes.is_number()) add("memory", fmt::format("{:.1f} GB", bytes.get<double>() / 1e9));
  add_members("host", {"governor", "flags", "os", "kernel"});
  add("executor", shown(member(run.manifest, "executor")));
  add_members("versions", {"qyolo", "git", "compiler", "opencv"});
  const auto add_as = [&](const char* name, const char* section, const char* key) {
    add(name, shown(member(member(run.manifest, section), key)));
  };
  add_as("checkpoint", "checkpoint", "path");
  add_as("checkpoint_sha256", "checkpoint", "sha256");
  add_members("dataset", {"images", "annotations"});
  add_as("dataset_sha256", "dataset", "sha256");
  add_as("calibration", "calibration", "images");
  add_as("calibration_sha256", "calibration", "sha256");
  return environment;
}

}  // namespace qyolo::results
