#include "harness/network/quantize_network.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/parallel.h"
#include "harness/network/calibration_walk.h"
#include "harness/quant/calibrated.h"
#include "harness/quant/packing.h"
#include "harness/quant/parameters.h"

namespace qyolo::harness {
namespace {

// Rounds what stays in floating point to how it is stored.
class KeptValues {
 public:
  explicit KeptValues(int bits) : bits_(bits) {}

  Status round(std::vector<float>& values, const std::string& owner) const {
    if (bits_ == 32) return {};
    const float largest = quant::largest_stored(bits_);
    for (float& value : values) {
      if (std::abs(value) > largest) {
        return error("{}: {} is kept and does not fit 16 bits; set kept_bits to 32", owner, value);
      }
      value = quant::round_stored(static_cast<double>(value), bits_);
    }
    return {};
  }

  Status round(model::BatchNorm& norm) const {
    for (std::vector<float>* values : {&norm.gamma, &norm.beta, &norm.mean, &norm.variance})
      QYOLO_CHECK_OK(round(*values, norm.name));
    return {};
  }

  Status round(model::StoredTensors& stored) const {
    QYOLO_CHECK_OK(round(stored.bias, stored.name));
    if (stored.norm) QYOLO_CHECK_OK(round(*stored.norm));
    return {};
  }

  Status round(model::UnfusedConv& conv) const {
    QYOLO_CHECK_OK(round(conv.dense));
    if (conv.pointwise) QYOLO_CHECK_OK(round(*conv.pointwise));
    if (conv.identity) QYOLO_CHECK_OK(round(*conv.identity));
    QYOLO_CHECK_OK(round(conv.implicit_add, conv.dense.name));
    return round(conv.implicit_multiply, conv.dense.name);
  }

 private:
  int bits_;
};

QuantizedLayer decoded(quant::QuantizedTensor tensor, const std::vector<float>& weights,
                       int threads) {
  QuantizedLayer made;
  made.tensor = std::move(tensor);
  made.weights.resize(weights.size());
  quant::dequantize(*made.tensor, made.weights, threads);
  made.error = quant::weight_error(weights, made.weights);
  return made;
}

Result<QuantizedLayer> quantize_layer(quant::LayerTraits traits, const std::vector<float>& weights,
                                      const quant::Recipe* recipe, const KeptValues& kept,
                                      int threads) {
  QuantizedLayer made;
  if (recipe == nullptr) {
    made.weights = weights;
    QYOLO_CHECK_OK(kept.round(made.weights, traits.name));
  } else {
    auto tensor = quant::quantize(weights, traits.shape, *recipe, threads);
    if (!tensor.ok()) return error("{}: {}", traits.name, tensor.error().message);
    made = decoded(*std::move(tensor), weights, threads);
  }
  made.traits = std::move(traits);
  return made;
}

quant::Activation activation_of(const model::ConvNode& conv) {
  using Kind = quant::Activation::Kind;
  if (conv.head) return {Kind::kSigmoid, 0};  // by which its sums are decoded
  switch (conv.activation) {
    case model::Activation::kIdentity:
      return {Kind::kIdentity, 0};
    case model::Activation::kSiLU:
      return {Kind::kSiLU, 0};
    case model::Activation::kLeakyReLU:
      return {Kind::kLeakyReLU, conv.slope};
    case model::Activation::kReLU:
      return {Kind::kReLU, 0};
  }
  return {};
}

class NetworkQuantizer {
 public:
  NetworkQuantizer(const Cell& cell, int threads)
      : cell_(cell), threads_(threads), kept_(cell.network.kept_bits) {}

  Result<QuantizedNetwork> folded(const model::Graph& graph) const {
    QuantizedNetwork network;
    for (const int index : graph.conv_nodes()) {
      const model::ConvNode& conv = graph.conv(index);
      QYOLO_TRY(QuantizedConv made, quantize_conv(conv, cell_.recipe_for(traits_of(conv)),
                                                  cell_.network.kept_bits, threads_));
      network.layers.push_back(std::move(made.layer));
      network.convs.push_back({{}, std::move(made.bias)});
    }
    return network;
  }

  // Layer by layer on calibration images, each layer's inputs made by the layers before it as they
  // have been quantized.
  Result<QuantizedNetwork> calibrated(const model::Graph& graph,
                                      const RoundingCalibration& calibration) const {
    const bool samples = std::ranges::any_of(graph.conv_nodes(), [&](int index) {
      const quant::Recipe* recipe = cell_.recipe_for(traits_of(graph.conv(index)));
      return recipe != nullptr && recipe->options.rounding == quant::Rounding::kCoordinate;
    });
    QYOLO_TRY(
        CalibrationWalk walk,
        CalibrationWalk::start(graph, calibration,
                               samples ? WalkDetail::kSamples : WalkDetail::kMoments, threads_));
    QuantizedNetwork network;
    for (const int index : graph.conv_nodes()) {
      const model::ConvNode& conv = graph.conv(index);
      const quant::Recipe* recipe = cell_.recipe_for(traits_of(conv));
      std::span<const quant::InputMoments> inputs;
      if (recipe != nullptr && quant::needs_inputs(*recipe)) {
        QYOLO_TRY(inputs, walk.inputs(index));
      }
      QYOLO_TRY(QuantizedConv made,
                quantize_conv(conv, recipe, cell_.network.kept_bits, threads_, inputs));
      QYOLO_CHECK_OK(walk.set(index, made.layer.weights, made.bias));
      network.layers.push_back(std::move(made.layer));
      network.convs.push_back({{}, std::move(made.bias)});
    }
    return network;
  }

  Result<QuantizedNetwork> stored(const model::Graph& graph,
                                  const std::vector<model::UnfusedConv>& convs) const {
    QuantizedNetwork network;
    const std::vector<int> nodes = graph.conv_nodes();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      model::ConvNode node = graph.conv(nodes[i]);
      model::UnfusedConv unfused = convs[i];
      QYOLO_CHECK_OK(kept_.round(unfused));
      const StoredTraits traits = stored_traits(node, unfused);
      QYOLO_CHECK_OK(replace(traits.dense, unfused.dense, network));
      if (traits.pointwise) QYOLO_CHECK_OK(replace(*traits.pointwise, *unfused.pointwise, network));
      QYOLO_CHECK_OK(model::fold(unfused, node));
      network.convs.push_back({std::move(node.weight), std::move(node.bias)});
      unfused.dense.weight = {};
      if (unfused.pointwise) unfused.pointwise->weight = {};
      network.unfused.push_back(std::move(unfused));
    }
    return network;
  }

 private:
  // Quantizes one tensor of a convolution, in place, and adds it to the network's layers.
  Status replace(const quant::LayerTraits& traits, model::StoredTensors& stored,
                 QuantizedNetwork& network) const {
    QYOLO_TRY(QuantizedLayer made,
              quantize_layer(traits, stored.weight, cell_.recipe_for(traits), kept_, threads_));
    stored.weight = made.weights;
    network.layers.push_back(std::move(made));
    return {};
  }

  const Cell& cell_;
  int threads_;
  KeptValues kept_;
};

}  // namespace

Status check_rules(const model::Graph& graph, const Cell& cell) {
  std::vector<quant::LayerTraits> layers;
  for (const int index : graph.conv_nodes()) layers.push_back(traits_of(graph.conv(index)));
  for (const auto& conv : graph.stored_convs) layers.push_back(traits_of(graph, conv));
  for (const quant::Rule& rule : cell.rules) {
    quant::LayerMatch match = rule.match;
    match.group_size.reset();
    const bool fits = std::ranges::any_of(layers, [&](const quant::LayerTraits& layer) {
      return match.matches(layer, cell.recipe.granularity);
    });
    if (!fits) {
      return error("the rule for '{}' fits no layer of the network; `qyolo inspect` lists them",
                   rule.match.text());
    }
  }
  return {};
}

Result<std::set<std::string>> floating_convolutions(SourceNetwork& source, const Cell& cell) {
  QYOLO_CHECK_OK(check_rules(source.graph(), cell));
  const std::vector<int> nodes = source.graph().conv_nodes();
  const bool folded = cell.baseline || cell.network.fold;
  const std::vector<model::UnfusedConv>* unfused = nullptr;
  if (!folded) {
    QYOLO_TRY(unfused, source.unfused());
  }
  const auto floating = [&](const quant::LayerTraits& traits) { return cell.reads_floats(traits); };
  std::set<std::string> names;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const model::ConvNode& node = source.graph().conv(nodes[i]);
    bool all = false;
    if (folded) {
      all = floating(traits_of(node));
    } else {
      const StoredTraits traits = stored_traits(node, (*unfused)[i]);
      all = floating(traits.dense) && (!traits.pointwise || floating(*traits.pointwise));
    }
    if (all) names.insert(node.name);
  }
  return names;
}

Result<QuantizedNetwork> quantize_network(SourceNetwork& source, const Cell& cell, int threads) {
  QYOLO_CHECK_OK(source.check(cell));
  QYOLO_CHECK_OK(check_rules(source.graph(), cell));
  const NetworkQuantizer quantizer(cell, threads);
  if (cell.rounds_by_inputs()) {
    if (!cell.network.fold) {
      return error("{}: calibrated rounding takes the folded network's weights; expected fold on",
                   cell.label());
    }
    RoundedNetworks* const known = source.rounded();
    if (known != nullptr) {
      if (const auto found = known->find(cell)) return *found;
    }
    auto calibration = source.calibration();
    if (!calibration.ok()) return error("{}: {}", cell.label(), calibration.error().message);
    QYOLO_TRY(QuantizedNetwork made, quantizer.calibrated(source.graph(), *calibration));
    if (known != nullptr) known->add(cell, std::make_shared<const QuantizedNetwork>(made));
    return made;
  }
  if (cell.network.fold) return quantizer.folded(source.graph());
  QYOLO_TRY(const auto* unfused, source.unfused());
  return quantizer.stored(source.graph(), *unfused);
}

Result<QuantizedConv> quantize_conv(const model::ConvNode& conv, const quant::Recipe* recipe,
                                    int kept_bits, int threads,
                                    std::span<const quant::InputMoments> inputs,
                                    std::span<const quant::RoundingOrder> orders) {
  const KeptValues kept(kept_bits);
  QuantizedConv made;
  made.bias = conv.bias;
  quant::LayerTraits traits = traits_of(conv);
  if (recipe == nullptr || inputs.empty()) {
    QYOLO_TRY(made.layer, quantize_layer(std::move(traits), conv.weight, recipe, kept, threads));
  } else {
    auto rounded = quant::quantize_calibrated(conv.weight, traits.shape, *recipe, inputs,
                                              {conv.bias, activation_of(conv)}, threads, orders);
    if (!rounded.ok()) return error("{}: {}", traits.name, rounded.error().message);
    made.layer = decoded(std::move(rounded->tensor), conv.weight, threads);
    made.layer.traits = std::move(traits);
    for (std::size_t n = 0; n < made.bias.size(); ++n)
      made.bias[n] =
          static_cast<float>(static_cast<double>(made.bias[n]) + rounded->bias_change[n]);
  }
  QYOLO_CHECK_OK(kept.round(made.bias, conv.name));
  return made;
}

LayerError layer_error(const QuantizedLayer& layer, RegionSizes regions) {
  const auto& tensor = layer.tensor;
  LayerError made{layer.traits.name, layer.traits.shape,
                  tensor ? static_cast<std::int64_t>(tensor->parameters.size()) : 0,
                  tensor ? tensor->recipe.text() : std::string("kept"), layer.error};
  if (regions == RegionSizes::kCoded && tensor && !tensor->regions.empty()) {
    const quant::PackedTensor packed = quant::pack(*tensor, quant::RegionCoding::kEntropy, 1);
    made.coded_region_bytes = static_cast<std::int64_t>(packed[quant::Part::kRegions].size());
  }
  return made;
}

namespace {

// Sets codes and one scale per filter. REQUIRES: a layer whose weights are what runs.
Status set_integers(const QuantizedLayer& layer, int node, model::Executor& executor) {
  const quant::QuantizedTensor& tensor = *layer.tensor;
  const auto filters = static_cast<std::size_t>(tensor.shape.n);
  const std::size_t groups = tensor.parameters.size();
  if (tensor.recipe.scheme->name() != "symmetric" || !tensor.corrections.empty() ||
      (groups != 1 && groups != filters)) {
    return error(
        "{} is {}; integer convolutions take symmetric weights by filter or by layer, without bias "
        "correction",
        layer.traits.name, tensor.recipe.text());
  }
  std::vector<float> scales(filters);
  for (std::size_t k = 0; k < filters; ++k)
    scales[k] = 1.0F / tensor.parameters[groups == 1 ? 0 : k].scale[0];
  return executor.set_integer_weights(node, tensor.codes, scales);
}

}  // namespace

Result<std::vector<LayerError>> load_weights(SourceNetwork& source, const Cell& cell,
                                             model::Executor& executor, int threads,
                                             RegionSizes regions) {
  const std::vector<int> nodes = source.graph().conv_nodes();
  QYOLO_CHECK_OK(source.check(cell));
  if (cell.baseline || source.artifact() != nullptr) {
    for (const int index : nodes) {
      const model::ConvNode& conv = source.graph().conv(index);
      executor.set_bias(index, conv.bias);
      const IntegerWeights* integers = nullptr;
      if (executor.wants_integer_weights() && source.artifact() != nullptr) {
        const auto found = source.artifact()->integers.find(index);
        if (found != source.artifact()->integers.end()) integers = &found->second;
      }
      if (integers != nullptr) {
        QYOLO_CHECK_OK(executor.set_integer_weights(index, integers->codes, integers->scales));
      } else {
        executor.set_weights(index, conv.weight);
      }
    }
    return std::vector<LayerError>();
  }
  QYOLO_TRY(const QuantizedNetwork network, quantize_network(source, cell, threads));
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    executor.set_bias(nodes[i], network.convs[i].bias);
    if (executor.wants_integer_weights() && !network.unfused.empty()) {
      return error("{}: integer convolutions take the folded network's weights; expected fold on",
                   cell.label());
    }
    if (executor.wants_integer_weights() && network.layers[i].tensor &&
        !cell.reads_floats(network.layers[i].traits)) {
      QYOLO_CHECK_OK(set_integers(network.layers[i], nodes[i], executor));
    } else {
      executor.set_weights(nodes[i], network.weight(i));
    }
  }
  std::vector<LayerError> errors(network.layers.size());
  parallel_for(errors.size(), regions == RegionSizes::kCoded ? threads : 1,
               [&](std::size_t i) { errors[i] = layer_error(network.layers[i], regions); });
  return errors;
}

}  // namespace qyolo::harness
