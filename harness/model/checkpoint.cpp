#include <algorithm>
#include <cstddef>
#include <utility>

#include "harness/model/checkpoint_plan.h"
#include "harness/model/graph.h"
#include "harness/model/head.h"
#include "harness/model/layers.h"
#include "harness/model/module_record.h"
#include "harness/model/pickle.h"
#include "harness/model/printable.h"
#include "harness/model/stored_values.h"
#include "harness/model/tensor_reader.h"
#include "harness/model/unfused.h"
#include "harness/model/weights.h"
#include "harness/model/zip_archive.h"

namespace qyolo::model {
namespace {

// Which model of a checkpoint official code evaluates, and what the checkpoint calls it.
struct ChosenModel {
  const Value* value = nullptr;
  std::string source;
  const Value* other = nullptr;  // 'model' beside 'ema'
};

Error no_graph(std::string_view what) {
  return error(
      "{} holds weights without the network's graph (a state_dict); pass the checkpoint that the "
      "official training writes, with the whole model under 'model' or 'ema'",
      what);
}

bool holds_tensors(const Value& value) {
  const Dict* dict = value.as<Dict>();
  return dict != nullptr && std::ranges::any_of(dict->items, [](const auto& item) {
           return item.second->template as<TensorRef>() != nullptr;
         });
}

// `ema` where it is not None, else `model`.
Result<ChosenModel> choose_model(const Value& root) {
  const Dict* checkpoint = root.as<Dict>();
  if (checkpoint == nullptr)
    return error("expected a dict with the key 'model', found {}", describe(root));
  for (const char* key : {"ema", "model"}) {
    const Value* value = find(*checkpoint, key);
    if (value == nullptr || value->as<None>() != nullptr) continue;
    if (value->as<Object>() != nullptr) {
      const Value* model = find(*checkpoint, "model");
      const bool both = model != nullptr && model != value && model->as<Object>() != nullptr;
      return ChosenModel{value, key, both ? model : nullptr};
    }
    if (holds_tensors(*value)) return no_graph(fmt::format("'{}'", key));
    return error("'{}': expected a model, found {}", key, describe(*value));
  }
  if (holds_tensors(root) || find(*checkpoint, "state_dict") != nullptr)
    return no_graph("the file");
  return error("the checkpoint has neither 'model' nor 'ema'");
}

// Says what the network of another family is, where its class tells.
Status check_family(const Value& model) {
  const Object* object = model.as<Object>();
  if (object == nullptr) return {};
  const std::string_view module = object->type->module;
  const bool ultralytics = module.starts_with("ultralytics");
  if (!ultralytics && !object->type->is("models.yolo", "DetectionModel") &&
      !module.starts_with("yolov5"))
    return {};
  return error("this is {} ({}.{}), expected a YOLOv7 as its official training writes it",
               ultralytics ? "an Ultralytics checkpoint (YOLOv8 or later)" : "a YOLOv5 checkpoint",
               printable(module), printable(object->type->name));
}

// The output node of each layer so far.
using LayerOutputs = std::vector<int>;

// The node that one index of a layer's `f` means: -1 the previous layer (of the first: the
// network's input), other negative ones count back from the layer, the rest are layers.
Result<int> resolve_input(const Value& from, int layer, const LayerOutputs& outputs) {
  const auto* index = from.as<std::int64_t>();
  if (index != nullptr && *index == -1 && layer == 0) return -1;
  const std::int64_t before = index == nullptr ? -1 : *index < 0 ? layer + *index : *index;
  if (index == nullptr || *index < -layer || before >= layer) {
    return error("layer {}: expected the index of an earlier layer in f, found {}", layer,
                 describe(from));
  }
  return outputs[static_cast<std::size_t>(before)];
}

Result<std::vector<int>> resolve_inputs(const ModuleRecord& module, int layer,
                                        const LayerOutputs& outputs) {
  const Value* from = module.attribute("f");
  if (from == nullptr) return error("layer {}: the attribute f is missing", layer);
  std::vector<const Value*> indices = {from};
  if (const List* list = from->as<List>()) indices = list->items;
  if (indices.empty() || indices.size() > outputs.size() + 1)
    return error("layer {}: f names {} layers", layer, indices.size());
  std::vector<int> inputs;
  for (const Value* index : indices) {
    QYOLO_TRY(const int input, resolve_input(*index, layer, outputs));
    inputs.push_back(input);
  }
  return inputs;
}

// All layers of the network, the last of which is the head.
Status plan_layers(Plan& plan, const ModuleRecord& network, TensorReader& reader) {
  QYOLO_TRY(const ModuleRecord sequence, network.child("model"));
  QYOLO_TRY(const std::vector<ModuleRecord> modules, sequence.children());
  if (modules.empty() || !is_head(modules.back())) {
    return error("the last layer is {}; expected Detect, IDetect or IAuxDetect of models.yolo",
                 modules.empty() ? "missing" : modules.back().type_name());
  }
  LayerOutputs outputs;
  for (const ModuleRecord& module : modules) {
    const int index = static_cast<int>(outputs.size());
    QYOLO_TRY([[maybe_unused]] const auto own_index, module.integer("i", index, index));
    QYOLO_TRY(std::vector<int> inputs, resolve_inputs(module, index, outputs));
    const Layer layer{module, index, std::move(inputs)};
    if (&module == &modules.back()) return add_head(plan, layer, network, reader);
    QYOLO_TRY(const int output, add_layer(plan, layer));
    outputs.push_back(output);
  }
  return {};
}

// Drops the nodes that the head does not depend on.
void prune(Plan& plan) {
  std::vector<Node>& nodes = plan.graph.nodes;
  std::vector<bool> needed(nodes.size(), false);
  for (const HeadLevel& level : plan.graph.head)
    needed[static_cast<std::size_t>(level.node)] = true;
  for (std::size_t i = nodes.size(); i-- > 0;) {
    if (!needed[i]) continue;
    for (const int input : nodes[i].inputs)
      if (input >= 0) needed[static_cast<std::size_t>(input)] = true;
  }
  std::vector<int> moved(nodes.size(), -1);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!needed[i]) continue;
    for (int& input : nodes[i].inputs)
      if (input >= 0) input = moved[static_cast<std::size_t>(input)];
    moved[i] = static_cast<int>(kept);
    if (kept != i) {
      nodes[kept] = std::move(nodes[i]);
      plan.sources[kept] = std::move(plan.sources[i]);
    }
    ++kept;
  }
  nodes.resize(kept);
  plan.sources.resize(kept);
  for (HeadLevel& level : plan.graph.head) level.node = moved[static_cast<std::size_t>(level.node)];
}

// Maps of two unlike sizes, so that a network that fits only one is found out.
Status check_shapes(const Graph& graph) {
  QYOLO_TRY([[maybe_unused]] const auto wide,
            infer_shapes(graph, 4 * graph.max_stride, 5 * graph.max_stride));
  QYOLO_TRY([[maybe_unused]] const auto small,
            infer_shapes(graph, graph.max_stride, graph.max_stride));
  return {};
}

// Tells each stored convolution which layer of the network it belongs to, by its path
// ("model.102.rbr_dense.0").
Status name_layers(Graph& graph, const ModuleRecord& network) {
  QYOLO_TRY(const ModuleRecord sequence, network.child("model"));
  QYOLO_TRY(const std::vector<ModuleRecord> modules, sequence.children());
  for (Graph::StoredConv& conv : graph.stored_convs) {
    for (std::size_t i = 0; i < modules.size(); ++i) {
      const std::string& path = modules[i].path();
      if (conv.name != path && !conv.name.starts_with(path + '.')) continue;
      conv.layer_index = static_cast<int>(i);
      conv.layer_type = printable(modules[i].type().name);
      break;
    }
  }
  return {};
}

Result<Graph> build(const ZipArchive& archive, const UnfusedSink& take) {
  QYOLO_TRY(PlannedCheckpoint checkpoint, plan_checkpoint(archive));
  QYOLO_CHECK_OK(read_weights(checkpoint.plan, checkpoint.reader, archive.size(), take));
  return std::move(checkpoint.plan.graph);
}

Result<Graph> load(const ZipArchive& archive, const UnfusedSink& take) {
  Result<Graph> graph = build(archive, take);
  if (!graph) return error("{}: {}", archive.name(), graph.error().message);
  return graph;
}

Status fold_into(ConvNode& node, const UnfusedConv& unfused) { return fold(unfused, node); }

}  // namespace

Result<PlannedCheckpoint> plan_checkpoint(const ZipArchive& archive) {
  QYOLO_TRY(const std::string folder, archive.top_folder());
  if (archive.contains(folder + "/constants.pkl")) {
    return error(
        "this is a TorchScript archive, compiled code instead of the model's own modules; pass the "
        "checkpoint that it was exported from");
  }
  QYOLO_TRY(const auto pickle, archive.checked_entry(folder + "/data.pkl"));
  QYOLO_TRY(PickleDocument document, PickleDocument::parse(pickle));
  QYOLO_TRY(TensorReader reader, TensorReader::open(archive, folder));
  QYOLO_TRY(ChosenModel chosen, choose_model(document.root()));
  QYOLO_CHECK_OK(check_family(*chosen.value));
  QYOLO_TRY(ModuleRecord network, ModuleRecord::from(*chosen.value, ""));

  Plan plan;
  plan.graph.source = std::move(chosen.source);
  QYOLO_CHECK_OK(count_stored_values(plan.graph, network, reader));
  QYOLO_CHECK_OK(plan_layers(plan, network, reader));
  QYOLO_CHECK_OK(name_layers(plan.graph, network));
  prune(plan);
  QYOLO_CHECK_OK(check_shapes(plan.graph));
  return PlannedCheckpoint{std::move(document), std::move(reader), std::move(network), chosen.other,
                           std::move(plan)};
}

Result<Graph> load_checkpoint(const std::filesystem::path& path) {
  QYOLO_TRY(const ZipArchive archive, ZipArchive::open(path));
  return load(archive, &fold_into);
}

Result<Graph> load_checkpoint(std::span<const std::byte> bytes, std::string name) {
  QYOLO_TRY(const ZipArchive archive, ZipArchive::from_bytes(bytes, std::move(name)));
  return load(archive, &fold_into);
}

Result<UnfusedNetwork> load_unfused(const std::filesystem::path& path) {
  QYOLO_TRY(const ZipArchive archive, ZipArchive::open(path));
  UnfusedNetwork network;
  QYOLO_TRY(network.graph, load(archive, [&](ConvNode& node, UnfusedConv unfused) -> Status {
              // Folded once, so that what cannot be folded is found here, as by load_checkpoint().
              QYOLO_CHECK_OK(fold(unfused, node));
              node.weight = {};
              node.bias = {};
              network.convs.push_back(std::move(unfused));
              return {};
            }));
  return network;
}

}  // namespace qyolo::model
