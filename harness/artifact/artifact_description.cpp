#include "harness/artifact/artifact_description.h"

#include <iterator>
#include <string_view>
#include <utility>

#include "harness/artifact/graph_json.h"
#include "harness/artifact/quantized_network.h"
#include "harness/cell/cell_options.h"

namespace qyolo::harness {
namespace {

constexpr int kFormat = 1;

OrderedJson recipe_json(const quant::Recipe& recipe) {
  OrderedJson json = {{"scheme", recipe.scheme->name()},
                      {"bits", recipe.options.bits},
                      {"granularity", recipe.granularity.name()}};
  const CellSettings settings{recipe.options, {}};
  for (const CellOption& option : cell_options()) {
    if (option.scope != CellOption::Scope::kScheme) continue;
    // An option that came later is not written where it is not used.
    if (Json value = option.write(settings); !value.is_null()) json[option.name] = std::move(value);
  }
  return json;
}

// Files that were written with nulls for options that are not used are read as well.
Json without_nulls(Json recipe) {
  if (!recipe.is_object()) return recipe;
  for (auto entry = recipe.begin(); entry != recipe.end();)
    entry = entry->is_null() ? recipe.erase(entry) : std::next(entry);
  return recipe;
}

OrderedJson norm_json(const NormPlan& norm) {
  return {{"name", norm.name}, {"eps", norm.eps}, {"gamma", norm.gamma}, {"beta", norm.beta}};
}

OrderedJson layer_json(const LayerPlan& layer) {
  OrderedJson json = {{"name", layer.name},
                      {"recipe", layer.recipe ? recipe_json(*layer.recipe) : OrderedJson(nullptr)},
                      {"bias", layer.bias}};
  if (layer.norm) json["norm"] = norm_json(*layer.norm);
  return json;
}

OrderedJson conv_json(const ConvPlan& conv) {
  OrderedJson json = {{"dense", layer_json(conv.dense)}};
  if (conv.pointwise) json["pointwise"] = layer_json(*conv.pointwise);
  if (conv.identity) json["identity"] = norm_json(*conv.identity);
  if (conv.implicit) json["implicit"] = true;
  return json;
}

class Reader {
 public:
  explicit Reader(const ArtifactDescription& description) : description_(description) {
    for (const auto& conv : description.graph.stored_convs) stored_.emplace(conv.name, &conv);
  }

  Result<ConvPlan> conv(const Json& json, const std::string& place,
                        const model::ConvNode& node) const {
    QYOLO_TRY(const JsonObject object, JsonObject::from(json, place));
    ConvPlan plan;
    const quant::LayerTraits traits = traits_of(node);
    if (description_.cell.network.fold) {
      QYOLO_CHECK_OK(object.only({"dense"}));
      QYOLO_TRY(plan.dense, layer(object, "dense", traits));
      if (plan.dense.name != node.name || !plan.dense.bias || plan.dense.norm)
        return error("{}: expected {} with a bias and without a norm", place, node.name);
      return plan;
    }
    QYOLO_CHECK_OK(object.only({"dense", "pointwise", "identity", "implicit"}));
    QYOLO_TRY(plan.dense, layer(object, "dense", traits));
    if (object.has("pointwise")) {
      quant::LayerTraits pointwise = traits;
      pointwise.shape.kh = pointwise.shape.kw = 1;
      QYOLO_TRY(plan.pointwise, layer(object, "pointwise", pointwise));
    }
    if (object.has("identity")) {
      QYOLO_TRY(plan.identity, norm(object, "identity"));
    }
    if (object.has("implicit")) {
      QYOLO_TRY(plan.implicit, object.boolean("implicit"));
    }
    QYOLO_CHECK_OK(check_foldable(plan, node, place));
    return plan;
  }

 private:
  static Result<NormPlan> norm(const JsonObject& parent, std::string_view key) {
    QYOLO_TRY(const JsonObject object, parent.object(key));
    QYOLO_CHECK_OK(object.only({"name", "eps", "gamma", "beta"}));
    NormPlan plan;
    QYOLO_TRY(plan.name, object.string("name"));
    QYOLO_TRY(plan.eps, object.number("eps"));
    QYOLO_TRY(plan.gamma, object.boolean("gamma"));
    QYOLO_TRY(plan.beta, object.boolean("beta"));
    return plan;
  }

  // The recipe is the one that the cell gives to the tensor.
  Result<LayerPlan> layer(const JsonObject& parent, std::string_view key,
                          quant::LayerTraits traits) const {
    QYOLO_TRY(const JsonObject object, parent.object(key));
    QYOLO_CHECK_OK(object.only({"name", "recipe", "bias", "norm"}));
    LayerPlan plan;
    QYOLO_TRY(plan.name, object.string("name"));
    QYOLO_TRY(plan.bias, object.boolean("bias"));
    if (object.has("norm")) {
      QYOLO_TRY(plan.norm, norm(object, "norm"));
    }
    plan.shape = traits.shape;
    traits.name = plan.name;
    const quant::Recipe* recipe = description_.cell.recipe_for(traits);
    if (recipe != nullptr) plan.recipe = *recipe;
    QYOLO_TRY(const Json* stored, object.at("recipe"));
    const OrderedJson expected = recipe != nullptr ? recipe_json(*recipe) : OrderedJson(nullptr);
    if (without_nulls(*stored) != Json(expected))
      return error("{}: the cell gives {} another recipe", object.place(), plan.name);
    if (!description_.cell.network.fold) QYOLO_CHECK_OK(check_stored(plan, object.place()));
    return plan;
  }

  [[nodiscard]] Status check_stored(const LayerPlan& plan, const std::string& place) const {
    const auto found = stored_.find(plan.name);
    const auto shape_of = [](const model::Graph::StoredConv& conv) {
      return quant::Shape{conv.n, conv.c, conv.kh, conv.kw};
    };
    if (found == stored_.end() || shape_of(*found->second) != plan.shape) {
      return error("{}: the checkpoint has no tensor {} of that shape", place, plan.name);
    }
    return {};
  }

  // What model::fold() requires of branches and implicit knowledge.
  static Status check_foldable(const ConvPlan& plan, const model::ConvNode& node,
                               const std::string& place) {
    const bool branches = plan.pointwise || plan.identity;
    const bool normed = plan.dense.norm && (!plan.pointwise || plan.pointwise->norm);
    const bool odd = node.kernel_h % 2 == 1 && node.kernel_w % 2 == 1;
    if (branches && !(normed && odd))
      return error("{}: its branches cannot be merged into one kernel", place);
    if (plan.identity && node.filters != node.channels)
      return error("{}: its identity cannot be merged into one kernel", place);
    if (plan.implicit && (node.kernel_h != 1 || node.kernel_w != 1 || node.groups != 1))
      return error("{}: implicit knowledge needs a 1x1 convolution", place);
    return {};
  }

  const ArtifactDescription& description_;
  std::map<std::string_view, const model::Graph::StoredConv*> stored_;
};

}  // namespace

OrderedJson description_json(const ArtifactDescription& description) {
  OrderedJson json = {{"format", kFormat},
                      {"qyolo", description.qyolo_version},
                      {"checkpoint_sha256", description.checkpoint_sha256},
                      {"cell", description.cell.as_json()},
                      {"regions", quant::region_coding_name(description.regions)},
                      {"graph", artifact::graph_to_json(description.graph)}};
  json["convs"] = OrderedJson::array();
  for (const ConvPlan& conv : description.convs) json["convs"].push_back(conv_json(conv));
  json["sha256"] = description.sha256;
  return json;
}

Result<ArtifactDescription> read_description(const Json& json, const std::string& place) {
  QYOLO_TRY(const JsonObject root, JsonObject::from(json, place));
  QYOLO_TRY(const std::int64_t format, root.integer("format", 1, INT64_MAX));
  if (format != kFormat) {
    return error("{}: written in format {}; this version of qyolo reads format {}", place, format,
                 kFormat);
  }
  QYOLO_CHECK_OK(root.only(
      {"format", "qyolo", "checkpoint_sha256", "cell", "regions", "graph", "convs", "sha256"}));
  ArtifactDescription description;
  QYOLO_TRY(description.qyolo_version, root.string("qyolo"));
  QYOLO_TRY(description.checkpoint_sha256, root.string("checkpoint_sha256"));
  QYOLO_TRY(const Json* cell, root.at("cell"));
  QYOLO_TRY(description.cell, cell_from_json(*cell, root.place_of("cell")));
  if (description.cell.baseline)
    return error("{}: its weights are in floating point, expected a quantized network's cell",
                 place);
  QYOLO_TRY(const std::string regions, root.string("regions"));
  QYOLO_TRY(description.regions, quant::parse_region_coding(regions));
  QYOLO_TRY(const Json* graph, root.at("graph"));
  QYOLO_TRY(description.graph, artifact::graph_from_json(*graph, root.place_of("graph")));
  QYOLO_TRY(const JsonObject sums, root.object("sha256"));
  for (const auto& [name, value] : json.at("sha256").items()) {
    QYOLO_TRY(description.sha256[name], sums.string(name));
  }

  QYOLO_TRY(const Json* convs, root.at("convs"));
  const std::vector<int> nodes = description.graph.conv_nodes();
  if (!convs->is_array() || convs->size() != nodes.size())
    return error("{}: expected one entry for each of {} convolutions", root.place_of("convs"),
                 nodes.size());
  const Reader reader(description);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto& node = description.graph.nodes[static_cast<std::size_t>(nodes[i])];
    QYOLO_TRY(
        ConvPlan plan,
        reader.conv((*convs)[i], fmt::format("{}[{}]", root.place_of("convs"), i), *node.conv()));
    description.convs.push_back(std::move(plan));
  }
  return description;
}

}  // namespace qyolo::harness
