#include "results/layer_errors.h"

#include <cmath>
#include <set>

namespace qyolo::results {
namespace {

constexpr double kLargestStored = 1e15;

const Json* find_member(const Json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

const Json* newest_record(const Run& run, const Row& row) {
  for (auto record = run.records.rbegin(); record != run.records.rend(); ++record) {
    if ((*record)["kind"] == "accuracy" && (*record)["key"] == row.key) return &*record;
  }
  return nullptr;
}

std::optional<std::array<std::int64_t, 4>> shape_of(const Json& layer) {
  const Json* sizes = find_member(layer, "shape");
  if (sizes == nullptr || !sizes->is_array() || sizes->size() != 4) return std::nullopt;
  std::array<std::int64_t, 4> shape{};
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const Json& size = (*sizes)[i];
    if (!size.is_number_integer() || size < 1 || size > std::int64_t{1} << 40) return std::nullopt;
    shape[i] = size.get<std::int64_t>();
  }
  return shape;
}

double count_of(const Json& layer, std::string_view key) {
  const Json* count = find_member(layer, key);
  return count != nullptr && count->is_number() && *count >= 0 && *count <= kLargestStored
             ? count->get<double>()
             : 0;
}

std::optional<LayerSqnr> read_layer(const Json& layer) {
  LayerSqnr result;
  const Json *name = find_member(layer, "name"), *sqnr = find_member(layer, "sqnr_db");
  if (name == nullptr || !name->is_string() || sqnr == nullptr) return std::nullopt;
  result.name = name->get<std::string>();
  if (sqnr->is_number()) {
    result.sqnr_db = sqnr->get<double>();
    if (!(std::abs(*result.sqnr_db) <= kLargestStored)) return std::nullopt;
  } else if (!sqnr->is_null() || count_of(layer, "mse") != 0) {
    return std::nullopt;  // null of a layer with an error is no number at all
  }
  result.weights = count_of(layer, "weights");
  result.groups = count_of(layer, "groups");
  result.shape = shape_of(layer);
  return result;
}

}  // namespace

std::vector<LayerSqnr> layer_errors(const Run& run, const Row& row) {
  std::vector<LayerSqnr> layers;
  const Json* record = newest_record(run, row);
  if (record == nullptr || (*record)["status"] != "ok") return layers;
  const Json* error = find_member(*record, "weight_error");
  const Json* entries = error == nullptr ? nullptr : find_member(*error, "layers");
  if (entries == nullptr || !entries->is_array()) return layers;
  std::set<std::string> names;
  for (const Json& entry : *entries) {
    auto layer = read_layer(entry);
    if (layer && names.insert(layer->name).second) layers.push_back(std::move(*layer));
  }
  return layers;
}

}  // namespace qyolo::results
