// The packed artifact: a quantized network as one file that decodes to exactly what was evaluated.
//
// A safetensors file. Its tensors are the parts of each quantized weight tensor (see
// quant/packing.h: "model.0.conv.codes", ".scales", ...) and, in the width that the cell says,
// everything that stays in floating point ("model.0.conv.bias", kept weights as ".weight"; in the
// unfused layout batch norms and implicit knowledge too). Together they take exactly the bytes of
// the true memory accounting. The metadata holds the description under "qyolo" (see
// artifact_description.h), with a SHA-256 of every tensor, and "header_sha256", that of the header
// itself with these digits as zeros: no bit of the file can change unnoticed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/artifact/calibrated_activations.h"
#include "harness/artifact/quantized_network.h"
#include "harness/cell/cell.h"
#include "harness/model/graph.h"
#include "harness/model/unfused.h"
#include "harness/quant/packing.h"

namespace qyolo::harness {

// Where a network comes from, for its description.
struct ArtifactOrigin {
  const model::Graph& graph;
  const Cell& cell;
  std::string checkpoint_sha256;
};

struct ArtifactSizes {
  std::int64_t header = 0;  // with its length in front
  std::int64_t data = 0;
};

// Writes the network that the origin's cell made of its graph. Replaces what is there, at once.
Result<ArtifactSizes> write_artifact(const std::filesystem::path& path,
                                     const ArtifactOrigin& origin, const QuantizedNetwork& network,
                                     quant::RegionCoding regions, int threads = 0);

// A weight tensor as it lies in an artifact.
struct PackedWeights {
  quant::Recipe recipe;
  quant::Shape shape;
  quant::PackedTensor parts;
  quant::RegionCoding regions = quant::RegionCoding::kRaw;
};

// codes[i] * scales[filter] in the layout of a convolution's weight.
struct IntegerWeights {
  std::vector<std::int8_t> codes;
  std::vector<float> scales;
};

// A network that was quantized: of a packed artifact, or of an ONNX file (harness/onnx/reader.h).
struct Artifact {
  model::Graph graph;  // with the weights and biases that were evaluated
  Cell cell;           // Cell::artifact is set
  // Unfused layout only, one per graph.conv_nodes(): what was folded, without the conv weights.
  std::vector<model::UnfusedConv> unfused;
  quant::RegionCoding regions = quant::RegionCoding::kRaw;
  std::map<std::string, std::int64_t, std::less<>> region_bytes;  // by weight tensor
  std::string checkpoint_sha256;
  std::string qyolo_version;
  ArtifactSizes sizes;
  std::map<std::string, PackedWeights, std::less<>> packed;  // by weight tensor; if asked for
  // ONNX only: how activations are quantized, of cells that do so, and then the convolutions' codes
  // that integer kernels compute with, by node.
  bool onnx = false;
  std::optional<CalibratedActivations> activations;
  std::map<int, IntegerWeights> integers;
};

// Whether the file begins as an artifact does (and not as a checkpoint); false if it cannot be
// read.
[[nodiscard]] bool is_artifact(const std::filesystem::path& path);

// Refuses, in one sentence, whatever write_artifact() did not write, or is damaged.
// `keep_packed`: fills Artifact::packed.
Result<Artifact> load_artifact(const std::filesystem::path& path, int threads = 0,
                               bool keep_packed = false);
// The same from memory; `name` names the source in errors.
Result<Artifact> load_artifact(std::span<const std::byte> bytes, std::string name, int threads = 0,
                               bool keep_packed = false);

}  // namespace qyolo::harness
