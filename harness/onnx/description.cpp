#include "harness/onnx/description.h"

#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "harness/artifact/graph_json.h"
#include "harness/artifact/quantized_network.h"

namespace qyolo::harness {
namespace {

constexpr int kDescriptionFormat = 1;

OrderedJson activations_json(const OnnxActivations& activations) {
  const CalibratedActivations& calibrated = activations.calibrated;
  OrderedJson json = {
      {"input", nullptr}, {"groups", OrderedJson::array()}, {"before", OrderedJson::array()}};
  if (calibrated.input.quantized) {
    const quant::ActivationParameters& input = calibrated.input.parameters;
    json["input"] = {static_cast<double>(input.scale), input.zero_point};
  }
  for (const CalibratedGroup& group : calibrated.groups) {
    json["groups"].push_back({{"nodes", group.nodes},
                              {"range", {group.range.low, group.range.high}},
                              {"scale", static_cast<double>(group.parameters.scale)},
                              {"zero_point", group.parameters.zero_point}});
  }
  for (const auto& [node, parameters] : activations.before)
    json["before"].push_back({node, static_cast<double>(parameters.scale), parameters.zero_point});
  return json;
}

class ActivationsReader {
 public:
  ActivationsReader(const model::Graph& graph, int bits) : graph_(graph), bits_(bits) {
    for (const model::HeadLevel& level : graph.head) head_.insert(level.node);
  }

  Result<OnnxActivations> read(const JsonObject& object) {
    QYOLO_CHECK_OK(object.only({"input", "groups", "before"}));
    OnnxActivations found;
    QYOLO_TRY(const Json* input, object.at("input"));
    found.calibrated.input.quantized = !input->is_null();
    if (!input->is_null()) {
      const std::string place = object.place_of("input");
      if (!input->is_array() || input->size() != 2) return error("{}: expected a pair", place);
      QYOLO_TRY(found.calibrated.input.parameters,
                parameters((*input)[0], (*input)[1], bits_, place));
    }
    QYOLO_TRY(const Json* groups, object.at("groups"));
    QYOLO_TRY(const Json* before, object.at("before"));
    if (!groups->is_array() || !before->is_array())
      return error("{}: expected lists of groups and of nodes", object.place());
    for (const Json& entry : *groups) {
      QYOLO_TRY(CalibratedGroup group, read_group(entry, object.place_of("groups")));
      found.calibrated.groups.push_back(std::move(group));
    }
    for (const Json& entry : *before) {
      const std::string place = object.place_of("before");
      if (!entry.is_array() || entry.size() != 3)
        return error("{}: expected a node, a scale and a zero-point", place);
      QYOLO_TRY(const int node, node_of(entry[0], place));
      if (graph_.nodes[static_cast<std::size_t>(node)].conv() == nullptr)
        return error("{}: node {} is no convolution", place, node);
      QYOLO_TRY(found.before[node], parameters(entry[1], entry[2], 8, place));
    }
    return found;
  }

 private:
  Result<CalibratedGroup> read_group(const Json& json, const std::string& place) {
    QYOLO_TRY(const JsonObject object, JsonObject::from(json, place));
    QYOLO_CHECK_OK(object.only({"nodes", "range", "scale", "zero_point"}));
    QYOLO_TRY(const Json* nodes, object.at("nodes"));
    QYOLO_TRY(const Json* range, object.at("range"));
    QYOLO_TRY(const Json* scale, object.at("scale"));
    QYOLO_TRY(const Json* zero_point, object.at("zero_point"));
    CalibratedGroup group;
    if (!nodes->is_array() || nodes->empty()) return error("{}: expected nodes", place);
    for (const Json& entry : *nodes) {
      QYOLO_TRY(const int node, node_of(entry, place));
      if (head_.contains(node) || !seen_.insert(node).second)
        return error("{}: node {} cannot be quantized here", place, node);
      group.nodes.push_back(node);
    }
    if (!range->is_array() || range->size() != 2 || !(*range)[0].is_number() ||
        !(*range)[1].is_number())
      return error("{}: expected a range of two numbers", place);
    group.range = {(*range)[0].get<double>(), (*range)[1].get<double>()};
    QYOLO_TRY(group.parameters, parameters(*scale, *zero_point, bits_, place));
    return group;
  }

  Result<int> node_of(const Json& json, const std::string& place) const {
    if (!json.is_number_integer() || json < 0 ||
        json.get<std::int64_t>() >= static_cast<std::int64_t>(graph_.nodes.size()))
      return error("{}: expected a node of the graph", place);
    return json.get<int>();
  }

  static Result<quant::ActivationParameters> parameters(const Json& scale, const Json& zero_point,
                                                        int bits, const std::string& place) {
    const double largest = static_cast<double>(std::numeric_limits<float>::max());
    const double value = scale.is_number() ? scale.get<double>() : 0;
    if (!(value > 0) || value > largest || !std::isnormal(static_cast<float>(value)))
      return error("{}: expected a scale above 0", place);
    if (!zero_point.is_number_integer() || zero_point < 0 || zero_point >= 1 << bits)
      return error("{}: expected a zero-point of {} bits", place, bits);
    return quant::ActivationParameters{static_cast<float>(value), zero_point.get<int>(), bits};
  }

  const model::Graph& graph_;
  int bits_;
  std::set<int> head_, seen_;
};

Status check_forms(const OnnxDescription& description, const std::string& place) {
  const std::vector<int> nodes = description.graph.conv_nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const quant::LayerTraits traits = traits_of(description.graph.conv(nodes[i]));
    if (!description.weights[i].codes()) continue;
    const quant::Recipe* recipe =
        description.cell.baseline ? nullptr : description.cell.recipe_for(traits);
    if (recipe == nullptr || !code_view(*recipe, traits.shape, description.options.target))
      return error("{}: the cell gives {} no codes", place, traits.name);
  }
  return {};
}

}  // namespace

OrderedJson onnx_description_json(const OnnxDescription& description) {
  OrderedJson json = {{"format", kDescriptionFormat},
                      {"qyolo", description.qyolo_version},
                      {"checkpoint_sha256", description.checkpoint_sha256},
                      {"cell", description.cell.as_json()},
                      {"options", onnx_options_json(description.options)},
                      {"graph", artifact::graph_to_json(description.graph)},
                      {"weights", OrderedJson::array()}};
  for (const WeightForm& form : description.weights) json["weights"].push_back(form_text(form));
  if (description.activations) json["activations"] = activations_json(*description.activations);
  return json;
}

Result<OnnxDescription> read_onnx_description(const Json& json, const std::string& place) {
  QYOLO_TRY(const JsonObject root, JsonObject::from(json, place));
  QYOLO_TRY(const std::int64_t format, root.integer("format", 1, INT64_MAX));
  if (format != kDescriptionFormat) {
    return error("{}: written in format {}; this version of qyolo reads format {}", place, format,
                 kDescriptionFormat);
  }
  QYOLO_CHECK_OK(root.only({"format", "qyolo", "checkpoint_sha256", "cell", "options", "graph",
                            "weights", "activations"}));
  OnnxDescription description;
  QYOLO_TRY(description.qyolo_version, root.string("qyolo"));
  QYOLO_TRY(description.checkpoint_sha256, root.string("checkpoint_sha256"));
  QYOLO_TRY(const Json* cell, root.at("cell"));
  QYOLO_TRY(description.cell, cell_from_json(*cell, root.place_of("cell")));
  QYOLO_TRY(const JsonObject options, root.object("options"));
  QYOLO_TRY(description.options, read_onnx_options(options));
  QYOLO_TRY(const Json* graph, root.at("graph"));
  QYOLO_TRY(description.graph, artifact::graph_from_json(*graph, root.place_of("graph")));
  QYOLO_TRY(const Json* weights, root.at("weights"));
  const std::size_t convolutions = description.graph.conv_nodes().size();
  if (!weights->is_array() || weights->size() != convolutions)
    return error("{}: expected one entry for each of {} convolutions", root.place_of("weights"),
                 convolutions);
  for (const Json& entry : *weights) {
    if (!entry.is_string()) return error("{}: expected texts", root.place_of("weights"));
    QYOLO_TRY(const WeightForm form, parse_form(entry.get<std::string>()));
    description.weights.push_back(form);
  }
  QYOLO_CHECK_OK(check_forms(description, root.place_of("weights")));
  if (root.has("activations") != description.cell.activations.has_value())
    return error("{}: activations are quantized by either cell or file, expected both", place);
  if (description.cell.activations) {
    QYOLO_TRY(const JsonObject object, root.object("activations"));
    ActivationsReader reader(description.graph, description.cell.activations->bits);
    QYOLO_TRY(description.activations, reader.read(object));
  }
  return description;
}

}  // namespace qyolo::harness
