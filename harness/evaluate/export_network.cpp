#include "harness/evaluate/export_network.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <set>
#include <utility>

#include "common/file_stamps.h"
#include "common/parallel.h"
#include "common/sha256.h"
#include "harness/evaluate/before_activation.h"
#include "harness/evaluate/calibration.h"
#include "harness/evaluate/rounding_images.h"
#include "harness/network/quantize_network.h"
#include "harness/quant/packing.h"

namespace qyolo::harness {
namespace {

// What the writer's views are of.
struct ExportedWeights {
  QuantizedNetwork network;                    // of a checkpoint that is quantized
  std::deque<quant::QuantizedTensor> tensors;  // of an artifact
  std::vector<OnnxConv> convs;
  std::string checkpoint_sha256;
};

// An artifact's codes are those in the file.
Status take_artifact(const ExportRequest& request, SourceNetwork& source,
                     ExportedWeights& weights) {
  QYOLO_TRY(const Artifact artifact, load_artifact(request.model, request.threads, true));
  weights.checkpoint_sha256 = artifact.checkpoint_sha256;
  for (const int node : source.graph().conv_nodes()) {
    const model::ConvNode& conv = source.graph().conv(node);
    OnnxConv& made = weights.convs.emplace_back(OnnxConv{conv.weight, conv.bias, nullptr});
    const auto packed = artifact.packed.find(conv.name);
    if (!artifact.unfused.empty() || packed == artifact.packed.end()) continue;
    const PackedWeights& found = packed->second;
    auto tensor = quant::unpack(found.recipe, found.shape, found.parts.bytes(), found.regions,
                                request.threads);
    if (!tensor.ok()) return error("{}: {}", conv.name, tensor.error().message);
    made.codes = &weights.tensors.emplace_back(std::move(tensor).value());
  }
  return {};
}

Status take_checkpoint(const ExportRequest& request, const Cell& cell, SourceNetwork& source,
                       ExportedWeights& weights) {
  QYOLO_TRY(weights.checkpoint_sha256, sha256_of_file(request.model));
  const std::vector<int> nodes = source.graph().conv_nodes();
  if (cell.baseline) {
    for (const int node : nodes) {
      const model::ConvNode& conv = source.graph().conv(node);
      weights.convs.push_back({conv.weight, conv.bias, nullptr});
    }
    return {};
  }
  QYOLO_TRY(weights.network, quantize_network(source, cell, request.threads));
  const QuantizedNetwork& network = weights.network;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    OnnxConv& made =
        weights.convs.emplace_back(OnnxConv{network.weight(i), network.convs[i].bias, nullptr});
    if (network.unfused.empty() && network.layers[i].tensor)
      made.codes = &*network.layers[i].tensor;
  }
  return {};
}

float activated(const model::ConvNode& conv, float y) {
  switch (conv.activation) {
    case model::Activation::kSiLU:
      return y / (1.0F + std::exp(-y));
    case model::Activation::kLeakyReLU:
      return y < 0 ? conv.slope * y : y;
    case model::Activation::kReLU:
      return std::max(y, 0.0F);
    case model::Activation::kIdentity:
      break;
  }
  return y;
}

// Convolutions that ONNX Runtime computes on integers if their outputs are codes before the
// activation function, too: all that a runtime has integer kernels for.
std::set<int> convolutions_between_codes(const ExportRequest& request, const model::Graph& graph,
                                         const std::set<std::string>& floating,
                                         const ExportedWeights& weights) {
  std::set<int> chosen;
  if (request.options.target != OnnxTarget::kOnnxRuntime) return chosen;
  const std::vector<int> nodes = graph.conv_nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const model::ConvNode& conv = graph.conv(nodes[i]);
    const OnnxConv& made = weights.convs[i];
    if (floating.contains(conv.name) || made.codes == nullptr ||
        conv.activation == model::Activation::kIdentity)
      continue;
    const FormChoice choice = choose_form(made.codes, made.weight, made.bias, request.options);
    if (choice.form.storage != WeightStorage::kInt8) continue;
    const auto view = code_view(made.codes->recipe, made.codes->shape, request.options.target);
    if (view && view->own_axes) chosen.insert(nodes[i]);
  }
  return chosen;
}

// TensorRT's codes are symmetric: the larger of both sides, on both.
void make_symmetric(quant::ActivationParameters& parameters) {
  const int most = (1 << parameters.bits) - 1;
  const int half = 1 << (parameters.bits - 1);
  const int larger = std::max(parameters.zero_point, most - parameters.zero_point);
  parameters.scale *= static_cast<float>(larger) / static_cast<float>(half - 1);
  parameters.zero_point = half;
}

Result<OnnxActivations> calibrate_for_export(const ExportRequest& request, const Cell& cell,
                                             SourceNetwork& source, const ExportedWeights& weights,
                                             const ExecutorFactory& factory) {
  if (!request.calibration)
    return error("{}: activations are quantized after calibration on images; none are given",
                 cell.label());
  QYOLO_TRY(const std::set<std::string> floating, floating_convolutions(source, cell));
  const std::set<int> between =
      convolutions_between_codes(request, source.graph(), floating, weights);
  const TwinGraph twins = with_twins(source.graph(), between);
  QYOLO_TRY(const auto executor, factory(twins.graph, request.threads));
  EvaluationOptions options;
  options.image_size = request.image_size;
  QYOLO_TRY(
      const Calibration calibration,
      Calibration::run(twins.graph, *executor, *request.calibration, options, request.threads));
  OnnxActivations activations;
  activations.calibrated = calibration.activations(
      source.graph(), *cell.activations,
      [&](const model::ConvNode& conv) { return floating.contains(conv.name); }, request.threads);
  const std::vector<std::pair<int, int>> pairs(twins.twin_of.begin(), twins.twin_of.end());
  std::map<int, float> steps;
  for (const CalibratedGroup& group : activations.calibrated.groups)
    for (const int node : group.nodes) steps[node] = group.parameters.scale;
  std::vector<quant::ActivationParameters> before(pairs.size());
  parallel_for(pairs.size(), request.threads, [&](std::size_t i) {
    const model::ConvNode& conv = source.graph().conv(pairs[i].first);
    const auto found = calibration.histograms().find(pairs[i].second);
    const auto step = steps.find(pairs[i].first);
    if (found == calibration.histograms().end() || step == steps.end()) return;
    before[i] = parameters_before(
        found->second, [&](float y) { return activated(conv, y); }, step->second);
  });
  // What the cell leaves in floating point, as the inputs of a kept head, stays so.
  for (std::size_t i = 0; i < pairs.size(); ++i)
    if (steps.contains(pairs[i].first)) activations.before[pairs[i].first] = before[i];
  if (request.options.target == OnnxTarget::kTensorRt) {
    make_symmetric(activations.calibrated.input.parameters);
    for (CalibratedGroup& group : activations.calibrated.groups) make_symmetric(group.parameters);
  }
  return activations;
}

}  // namespace

Result<ExportReport> export_network(const ExportRequest& request, const ExecutorFactory& factory) {
  FileStamps stamps;
  stamps.add(request.model);
  QYOLO_TRY(SourceNetwork source, SourceNetwork::open(request.model));
  QYOLO_CHECK_OK(source.check(request.cell));
  if (source.artifact() != nullptr && source.artifact()->onnx) {
    return error(
        "{} is an ONNX file already; export the checkpoint or the artifact it was made from",
        request.model.string());
  }
  ExportReport report{source.resolve(request.cell), {}};
  RoundingImages images;
  if (report.cell.rounds_by_inputs()) {
    QYOLO_CHECK_OK(images.load(
        {report.cell, request.calibration, request.image_size, request.threads}, factory, source));
  }
  ExportedWeights weights;
  QYOLO_CHECK_OK(source.artifact() != nullptr
                     ? take_artifact(request, source, weights)
                     : take_checkpoint(request, report.cell, source, weights));
  QYOLO_CHECK_OK(stamps.check());
  OnnxNetwork network{source.graph(), report.cell, weights.checkpoint_sha256, weights.convs, {}};
  if (report.cell.activations) {
    QYOLO_TRY(network.activations,
              calibrate_for_export(request, report.cell, source, weights, factory));
  }
  QYOLO_TRY(report.onnx, write_onnx(request.out, network, request.options));
  if (report.cell.activations && request.options.target == OnnxTarget::kTensorRt)
    ++report.onnx.changes["activations on symmetric codes: TensorRT takes no zero-points"];
  return report;
}

std::string export_text(const ExportRequest& request, const ExportReport& report) {
  const OnnxReport& onnx = report.onnx;
  const OnnxOptions& options = request.options;
  std::string input = fmt::format(
      "{} x 3 x ", options.batch == 0 ? std::string("any number") : std::to_string(options.batch));
  input += options.height == 0 ? std::string("any height x any width")
                               : fmt::format("{} x {}", options.height, options.width);
  std::string text = fmt::format(
      "{}: {} for {}, opset {}, input {}, gives {}\n", request.out.string(), report.cell.label(),
      onnx_name(options.target), onnx.opset, input, onnx_name(options.head));
  std::vector<std::string> stored;
  for (const auto& [name, count] : onnx.tensors)
    stored.push_back(fmt::format("{} {}", count, name));
  text += fmt::format("weight tensors: {}\n", fmt::join(stored, ", "));
  for (const auto& [what, count] : onnx.changes)
    text += count > 1 ? fmt::format("changed: {} ({} tensors)\n", what, count)
                      : fmt::format("changed: {}\n", what);
  const std::array<std::pair<const char*, std::int64_t>, 8> parts = {
      {{"codes", onnx.codes},
       {"scales", onnx.scales},
       {"zero-points", onnx.zero_points},
       {"weights", onnx.weights},
       {"biases", onnx.biases},
       {"constants", onnx.constants},
       {"graph", onnx.rest()},
       {"file", onnx.file}}};
  for (const auto& [name, bytes] : parts)
    if (bytes > 0) text += fmt::format("{:>13} {:>11} bytes\n", name, bytes);
  return text;
}

}  // namespace qyolo::harness
