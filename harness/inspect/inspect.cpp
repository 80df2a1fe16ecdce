#include "harness/inspect/inspect.h"

#include <algorithm>
#include <cmath>

#include "harness/network/memory_account.h"
#include "results/metrics_json.h"

namespace qyolo::harness {
namespace {

OrderedJson layer_json(const model::ConvNode& conv, const Cell& cell) {
  const quant::LayerTraits traits = traits_of(conv);
  const quant::Shape& shape = traits.shape;
  const metrics::LayerStorage storage = storage_of(cell, traits);
  const quant::Recipe* recipe = cell.baseline ? nullptr : cell.recipe_for(traits);
  const metrics::MemoryReport memory = metrics::account_memory({&storage, 1}, 0, {}, 0);
  const auto [low, high] = std::minmax_element(conv.weight.begin(), conv.weight.end());
  double sum = 0;
  double squares = 0;
  for (const float w : conv.weight) sum += static_cast<double>(w);
  const double mean = sum / static_cast<double>(conv.weight.size());
  for (const float w : conv.weight)
    squares += (static_cast<double>(w) - mean) * (static_cast<double>(w) - mean);
  return {{"name", conv.name},
          {"type", conv.layer_type},
          {"index", conv.layer_index},
          {"shape", {shape.n, shape.c, shape.kh, shape.kw}},
          {"head", conv.head},
          {"weights", shape.size()},
          {"groups", storage.groups},
          {"recipe", recipe != nullptr ? recipe->text() : "kept"},
          {"bits", recipe != nullptr ? storage.bits : storage.float_bits},
          {"true_bytes", memory.true_bytes()},
          {"min", *low},
          {"max", *high},
          {"std", std::sqrt(squares / static_cast<double>(conv.weight.size()))}};
}

}  // namespace

Result<OrderedJson> inspect_json(SourceNetwork& source, const Cell& cell) {
  const model::Graph& graph = source.graph();
  QYOLO_TRY(const metrics::MemoryReport memory, account(source, cell));
  OrderedJson json;
  json["head"] = graph.head_type;
  json["source"] = graph.source;
  json["classes"] = graph.class_names;
  json["strides"] = OrderedJson::array();
  json["anchors"] = OrderedJson::array();
  for (const model::HeadLevel& level : graph.head) {
    json["strides"].push_back(level.stride);
    json["anchors"].push_back(level.anchors);
  }
  if (const Artifact* artifact = source.artifact()) {
    json["artifact"] = {{"header_bytes", artifact->sizes.header},
                        {"data_bytes", artifact->sizes.data},
                        {"regions", quant::region_coding_name(artifact->regions)},
                        {"checkpoint_sha256", artifact->checkpoint_sha256},
                        {"qyolo", artifact->qyolo_version}};
  }
  json["convolutions"] = graph.conv_nodes().size();
  json["weights"] = graph.conv_weights();
  json["biases"] = graph.biases();
  json["stored_values"] = graph.stored_values;
  json["stored_conv_weights"] = graph.stored_conv_weights;
  json["cell"] = cell.as_json();
  json["memory"] = results::memory_json(memory);
  json["layers"] = OrderedJson::array();
  for (const int index : graph.conv_nodes())
    json["layers"].push_back(layer_json(graph.conv(index), cell));
  return json;
}

std::string inspect_text(const OrderedJson& inspection) {
  std::string text =
      fmt::format("{:<28} {:<10} {:>20} {:>10} {:>9} {:>11} {:>9} {:>9} {:>9}\n", "layer", "type",
                  "shape", "weights", "groups", "bytes", "min", "max", "std");
  for (const OrderedJson& layer : inspection["layers"]) {
    text += fmt::format("{:<28} {:<10} {:>20} {:>10} {:>9} {:>11} {:>9.4f} {:>9.4f} {:>9.4f}\n",
                        layer["name"].get<std::string>(), layer["type"].get<std::string>(),
                        layer["shape"].dump(), layer["weights"].get<std::int64_t>(),
                        layer["groups"].get<std::int64_t>(),
                        layer["true_bytes"].get<std::int64_t>(), layer["min"].get<double>(),
                        layer["max"].get<double>(), layer["std"].get<double>());
  }
  text += fmt::format("\n{} head, {} classes, strides {}; read from '{}'\n",
                      inspection["head"].get<std::string>(), inspection["classes"].size(),
                      inspection["strides"].dump(), inspection["source"].get<std::string>());
  text += fmt::format(
      "{} convolutions, {} weights, {} biases after fusing; {} values stored, {} of them conv "
      "weights\n",
      inspection["convolutions"].get<std::size_t>(), inspection["weights"].get<std::int64_t>(),
      inspection["biases"].get<std::int64_t>(), inspection["stored_values"].get<std::int64_t>(),
      inspection["stored_conv_weights"].get<std::int64_t>());
  const OrderedJson& memory = inspection["memory"];
  text += fmt::format(
      "{}: {} bytes, {:.3f} bits per weight, {:.2f}x smaller than FP16 (paper accounting "
      "{:.2f}x)\n",
      inspection["cell"]["label"].get<std::string>(), memory["true_bytes"].get<std::int64_t>(),
      memory["bits_per_weight"].get<double>(), memory["ratio_fp16_true"].get<double>(),
      memory["ratio_fp16_paper"].get<double>());
  if (inspection.contains("artifact")) {
    const OrderedJson& artifact = inspection["artifact"];
    text += fmt::format(
        "artifact of qyolo {}: {} bytes of data and a header of {}, {} regions, made from the "
        "checkpoint {}\n",
        artifact["qyolo"].get<std::string>(), artifact["data_bytes"].get<std::int64_t>(),
        artifact["header_bytes"].get<std::int64_t>(), artifact["regions"].get<std::string>(),
        artifact["checkpoint_sha256"].get<std::string>());
  }
  return text;
}

}  // namespace qyolo::harness
