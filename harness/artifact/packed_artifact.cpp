#include "harness/artifact/packed_artifact.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "common/half.h"
#include "common/parallel.h"
#include "common/sha256.h"
#include "common/version.h"
#include "harness/artifact/artifact_description.h"
#include "harness/artifact/safetensors.h"

namespace qyolo::harness {
namespace {

using artifact::DType;
using artifact::Safetensors;
using artifact::Tensor;
using Bytes = std::span<const std::byte>;
using quant::Part;

constexpr std::string_view kDescription = "qyolo";
constexpr std::string_view kHeaderSum = "header_sha256";
constexpr std::size_t kSumDigits = 64;

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Where the header's own checksum stands in it.
std::size_t own_sum_position(std::string_view header) {
  const std::string before = fmt::format("\"{}\":\"", kHeaderSum);
  const std::size_t found = header.find(before);
  if (found == std::string_view::npos) return found;
  const std::size_t digits = found + before.size();
  return header.size() - digits < kSumDigits ? std::string_view::npos : digits;
}

// Of the header with its own checksum as zeros.
std::string header_sum(std::string_view header, std::size_t position) {
  Sha256 hash;
  hash.update(header.substr(0, position));
  hash.update(std::string(kSumDigits, '0'));
  hash.update(header.substr(position + kSumDigits));
  return hash.hex();
}

DType float_type(int bits) { return bits == 16 ? DType::kF16 : DType::kF32; }

// How a part of a quantized tensor appears in the file.
struct PartForm {
  DType dtype = DType::kU8;
  std::vector<std::int64_t> shape;
};
PartForm form_of(Part part, const quant::Recipe& recipe, const quant::Shape& shape,
                 std::int64_t bytes) {
  const quant::SchemeStorage storage = recipe.scheme->storage(recipe.options);
  const std::int64_t groups = recipe.granularity.group_count(shape);
  switch (part) {
    case Part::kCodes:
    case Part::kRegions:
      break;
    case Part::kScales:
      if (storage.scale_format != quant::ScaleFormat::kFloat)
        return {DType::kU8, {groups, storage.scales}};
      return {float_type(storage.scale_bits), {groups, storage.scales}};
    case Part::kZeroPoints:
      if (!storage.integer_zero_points)
        return {float_type(storage.zero_point_bits), {groups, storage.zero_points}};
      if (storage.zero_point_bits == 32) return {DType::kI32, {groups, storage.zero_points}};
      break;
    case Part::kBreakpoints:
      return {float_type(storage.scale_bits), {groups}};
    case Part::kCorrections:
      return {DType::kF32, {shape.n, 2}};
    case Part::kCodebooks:
      return {float_type(storage.scale_bits), {groups, storage.codebook}};
    case Part::kTensorScale:
      return {DType::kF32, {1}};
  }
  return {DType::kU8, {bytes}};
}

std::string part_tensor(const std::string& layer, std::size_t part) {
  return fmt::format("{}.{}", layer, quant::kPartNames[part]);
}

std::vector<std::int64_t> sizes_of(const quant::Shape& shape) {
  return {shape.n, shape.c, shape.kh, shape.kw};
}

// A norm's tensors under the names that a checkpoint gives them. `Norm` is const or not.
template <class Norm>
auto norm_tensors(Norm& norm) {
  return std::array{std::pair("weight", &norm.gamma), std::pair("bias", &norm.beta),
                    std::pair("running_mean", &norm.mean),
                    std::pair("running_var", &norm.variance)};
}

// --- writing ---

class Writer {
 public:
  Writer(const ArtifactOrigin& origin, const QuantizedNetwork& network, quant::RegionCoding regions)
      : origin_(origin), network_(network) {
    description_.qyolo_version = kVersion;
    description_.checkpoint_sha256 = origin.checkpoint_sha256;
    description_.cell = origin.cell;
    description_.regions = regions;
    description_.graph = origin.graph;
  }

  Result<std::string> file(int threads, ArtifactSizes& sizes) {
    std::vector<quant::PackedTensor> packed(network_.layers.size());
    parallel_for(packed.size(), threads, [&](std::size_t i) {
      const QuantizedLayer& layer = network_.layers[i];
      if (layer.tensor) packed[i] = quant::pack(*layer.tensor, description_.regions, 1);
    });
    std::size_t next = 0;
    const auto take = [&](bool bias) {
      const std::size_t i = next++;
      return add_layer(network_.layers[i], packed[i], bias);
    };
    for (std::size_t i = 0; i < network_.convs.size(); ++i) {
      ConvPlan plan;
      if (network_.unfused.empty()) {
        plan.dense = take(true);
        add_floats(plan.dense.name + ".bias", {plan.dense.shape.n}, network_.convs[i].bias);
      } else {
        const model::UnfusedConv& unfused = network_.unfused[i];
        plan.dense = take(!unfused.dense.bias.empty());
        add_beside(unfused.dense, plan.dense);
        if (unfused.pointwise) {
          plan.pointwise = take(!unfused.pointwise->bias.empty());
          add_beside(*unfused.pointwise, *plan.pointwise);
        }
        if (unfused.identity) plan.identity = add_norm(*unfused.identity);
        plan.implicit = !unfused.implicit_add.empty();
        if (plan.implicit) {
          add_vector(plan.dense.name + ".implicit_add", unfused.implicit_add);
          add_vector(plan.dense.name + ".implicit_multiply", unfused.implicit_multiply);
        }
      }
      description_.convs.push_back(std::move(plan));
    }
    return assemble(threads, sizes);
  }

 private:
  LayerPlan add_layer(const QuantizedLayer& layer, const quant::PackedTensor& packed, bool bias) {
    LayerPlan plan{layer.traits.name, layer.traits.shape, {}, bias, {}};
    if (!layer.tensor) {
      add_floats(plan.name + ".weight", sizes_of(plan.shape), layer.weights);
      return plan;
    }
    plan.recipe = layer.tensor->recipe;
    for (std::size_t part = 0; part < quant::kParts; ++part) {
      const Bytes bytes = packed.parts[part];
      if (!has_part(*plan.recipe, plan.shape, part)) continue;
      PartForm form = form_of(static_cast<Part>(part), *plan.recipe, plan.shape,
                              static_cast<std::int64_t>(bytes.size()));
      tensors_.push_back({part_tensor(plan.name, part), form.dtype, std::move(form.shape), bytes});
    }
    return plan;
  }

  // What a stored convolution has beside its weights.
  void add_beside(const model::StoredTensors& stored, LayerPlan& plan) {
    if (plan.bias) add_vector(plan.name + ".bias", stored.bias);
    if (stored.norm) plan.norm = add_norm(*stored.norm);
  }

  NormPlan add_norm(const model::BatchNorm& norm) {
    for (const auto& [name, values] : norm_tensors(norm))
      if (!values->empty()) add_vector(fmt::format("{}.{}", norm.name, name), *values);
    return {norm.name, norm.eps, !norm.gamma.empty(), !norm.beta.empty()};
  }

  void add_vector(std::string name, const std::vector<float>& values) {
    add_floats(std::move(name), {static_cast<std::int64_t>(values.size())}, values);
  }

  // Exact: values were rounded to this width before they were evaluated.
  void add_floats(std::string name, std::vector<std::int64_t> shape,
                  const std::vector<float>& values) {
    const int bits = origin_.cell.network.kept_bits;
    std::vector<std::byte>& bytes = owned_.emplace_back();
    for (const float value : values) {
      const std::uint32_t word =
          bits == 16 ? half_from_float(value) : std::bit_cast<std::uint32_t>(value);
      for (int i = 0; i < bits; i += 8) bytes.push_back(static_cast<std::byte>(word >> i & 0xFFU));
    }
    tensors_.push_back({std::move(name), float_type(bits), std::move(shape), bytes});
  }

  static bool has_part(const quant::Recipe& recipe, const quant::Shape& shape, std::size_t part) {
    return quant::packed_sizes(recipe, shape)[part] > 0;
  }

  Result<std::string> assemble(int threads, ArtifactSizes& sizes) {
    artifact::order_by_alignment(tensors_);
    std::vector<std::string> sums(tensors_.size());
    parallel_for(tensors_.size(), threads,
                 [&](std::size_t i) { sums[i] = sha256_hex(text_of(tensors_[i].bytes)); });
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      const std::string& name = tensors_[i].name;
      if (!description_.sha256.emplace(name, sums[i]).second)
        return error("two tensors of the network would be named {} in the artifact", name);
    }
    std::string file = artifact::safetensors_header(
        {{std::string(kDescription), description_json(description_).dump()},
         {std::string(kHeaderSum), std::string(kSumDigits, '0')}},
        tensors_);
    const std::size_t position = own_sum_position(file);
    file.replace(position, kSumDigits, header_sum(file, position));
    sizes.header = static_cast<std::int64_t>(file.size());
    for (const Tensor& tensor : tensors_) file += text_of(tensor.bytes);
    sizes.data = static_cast<std::int64_t>(file.size()) - sizes.header;
    return file;
  }

  const ArtifactOrigin& origin_;
  const QuantizedNetwork& network_;
  ArtifactDescription description_;
  std::deque<std::vector<std::byte>> owned_;
  std::vector<Tensor> tensors_;
};

// --- reading ---

class Loader {
 public:
  Loader(const Safetensors& file, const ArtifactDescription& description, bool keep_packed)
      : file_(file), description_(description), keep_packed_(keep_packed) {}

  Result<Artifact> load(int threads) {
    Artifact loaded;
    loaded.graph = description_.graph;
    loaded.cell = description_.cell;
    loaded.cell.artifact = true;
    loaded.regions = description_.regions;
    loaded.checkpoint_sha256 = description_.checkpoint_sha256;
    loaded.qyolo_version = description_.qyolo_version;
    loaded.sizes = {static_cast<std::int64_t>(file_.header().size()),
                    static_cast<std::int64_t>(file_.data().size())};
    const std::vector<int> nodes = loaded.graph.conv_nodes();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      QYOLO_CHECK_OK(conv(description_.convs[i], loaded.graph.conv(nodes[i]), loaded, threads));
    }
    if (used_.size() != file_.tensors().size())
      return error("there are tensors that belong to no layer");
    return loaded;
  }

 private:
  Status conv(const ConvPlan& plan, model::ConvNode& node, Artifact& loaded, int threads) {
    model::UnfusedConv unfused;
    QYOLO_TRY(unfused.dense, stored(plan.dense, loaded, threads));
    if (plan.pointwise) {
      QYOLO_TRY(unfused.pointwise, stored(*plan.pointwise, loaded, threads));
    }
    if (plan.identity) {
      QYOLO_TRY(unfused.identity, norm(*plan.identity, plan.dense.shape.n));
    }
    if (plan.implicit) {
      QYOLO_TRY(unfused.implicit_add, floats(plan.dense.name + ".implicit_add", {node.channels}));
      QYOLO_TRY(unfused.implicit_multiply,
                floats(plan.dense.name + ".implicit_multiply", {node.filters}));
    }
    QYOLO_CHECK_OK(model::fold(unfused, node));
    if (loaded.cell.network.fold) return {};
    unfused.dense.weight = {};
    if (unfused.pointwise) unfused.pointwise->weight = {};
    loaded.unfused.push_back(std::move(unfused));
    return {};
  }

  Result<model::StoredTensors> stored(const LayerPlan& plan, Artifact& loaded, int threads) {
    model::StoredTensors tensors;
    tensors.name = plan.name;
    if (plan.recipe) {
      QYOLO_TRY(tensors.weight, quantized(plan, loaded, threads));
    } else {
      QYOLO_TRY(tensors.weight, floats(plan.name + ".weight", sizes_of(plan.shape)));
    }
    if (plan.bias) {
      QYOLO_TRY(tensors.bias, floats(plan.name + ".bias", {plan.shape.n}));
    }
    if (plan.norm) {
      QYOLO_TRY(tensors.norm, norm(*plan.norm, plan.shape.n));
    }
    return tensors;
  }

  Result<std::vector<float>> quantized(const LayerPlan& plan, Artifact& loaded, int threads) {
    const quant::PartSizes sizes = quant::packed_sizes(*plan.recipe, plan.shape);
    quant::PartBytes parts;
    for (std::size_t part = 0; part < quant::kParts; ++part) {
      if (sizes[part] == 0) continue;
      const std::string name = part_tensor(plan.name, part);
      QYOLO_TRY(const Tensor* tensor, find(name));
      const PartForm form = form_of(static_cast<Part>(part), *plan.recipe, plan.shape,
                                    static_cast<std::int64_t>(tensor->bytes.size()));
      QYOLO_CHECK_OK(check_form(*tensor, form.dtype, form.shape));
      parts[part] = tensor->bytes;
    }
    if (description_.regions == quant::RegionCoding::kEntropy) {
      const auto coded = parts[static_cast<std::size_t>(Part::kRegions)].size();
      loaded.region_bytes[plan.name] = static_cast<std::int64_t>(coded);
    }
    auto tensor = quant::unpack(*plan.recipe, plan.shape, parts, description_.regions, threads);
    if (!tensor.ok()) return error("{}: {}", plan.name, tensor.error().message);
    std::vector<float> weights(static_cast<std::size_t>(plan.shape.size()));
    quant::dequantize(*tensor, weights, threads);
    if (keep_packed_) {
      PackedWeights& kept = loaded.packed[plan.name];
      kept = {*plan.recipe, plan.shape, {}, description_.regions};
      for (std::size_t part = 0; part < quant::kParts; ++part)
        kept.parts.parts[part].assign(parts[part].begin(), parts[part].end());
    }
    return weights;
  }

  Result<model::BatchNorm> norm(const NormPlan& plan, std::int64_t channels) {
    model::BatchNorm read;
    read.name = plan.name;
    read.eps = plan.eps;
    for (const auto& [name, values] : norm_tensors(read)) {
      if ((values == &read.gamma && !plan.gamma) || (values == &read.beta && !plan.beta)) continue;
      QYOLO_TRY(*values, floats(fmt::format("{}.{}", plan.name, name), {channels}));
    }
    return read;
  }

  Result<const Tensor*> find(const std::string& name) {
    const auto found = file_.tensors().find(name);
    if (found == file_.tensors().end()) return error("the tensor {} is missing", name);
    if (!used_.insert(name).second) return error("the tensor {} belongs to two layers", name);
    return &found->second;
  }

  static Status check_form(const Tensor& tensor, DType dtype,
                           const std::vector<std::int64_t>& shape) {
    if (tensor.dtype != dtype || tensor.shape != shape)
      return error("the tensor {} does not have the type or shape that its layer calls for",
                   tensor.name);
    return {};
  }

  Result<std::vector<float>> floats(const std::string& name, std::vector<std::int64_t> shape) {
    const int bits = description_.cell.network.kept_bits;
    QYOLO_TRY(const Tensor* tensor, find(name));
    QYOLO_CHECK_OK(check_form(*tensor, float_type(bits), shape));
    const std::size_t width = static_cast<std::size_t>(bits) / 8;
    std::vector<float> values(tensor->bytes.size() / width);
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::uint32_t word = 0;
      for (std::size_t byte = 0; byte < width; ++byte)
        word |= std::to_integer<std::uint32_t>(tensor->bytes[i * width + byte]) << (8 * byte);
      values[i] = bits == 16 ? float_from_half(static_cast<std::uint16_t>(word))
                             : std::bit_cast<float>(word);
      if (!std::isfinite(values[i])) return error("the tensor {} has a NaN or an infinity", name);
    }
    return values;
  }

  const Safetensors& file_;
  const ArtifactDescription& description_;
  bool keep_packed_;
  std::set<std::string, std::less<>> used_;
};

// Compares the header with its own checksum, before anything in it is believed.
Status check_header(Bytes bytes, const std::string& name) {
  QYOLO_TRY(const Bytes raw, Safetensors::header_of(bytes, name));
  const std::string_view header = text_of(raw);
  const std::size_t position = own_sum_position(header);
  if (position == std::string_view::npos) {
    return error(
        "{}: a safetensors file, but not an artifact that `qyolo quantize` has written (or its "
        "header is damaged)",
        name);
  }
  if (header_sum(header, position) != header.substr(position, kSumDigits))
    return error("{}: the header does not match its checksum: the file is damaged", name);
  return {};
}

// The description, once no bit of the tensors can have changed either.
Result<ArtifactDescription> checked_description(const Safetensors& file, int threads) {
  const auto text = file.metadata().find(kDescription);
  if (text == file.metadata().end()) return error("the metadata has no description");
  QYOLO_TRY(const Json json, parse_json(text->second, "the description", DuplicateKeys::kRefused));
  QYOLO_TRY(ArtifactDescription description, read_description(json, "the description"));

  std::vector<const Tensor*> tensors;
  for (const auto& [name, tensor] : file.tensors()) tensors.push_back(&tensor);
  std::vector<char> damaged(tensors.size(), 0);
  parallel_for(tensors.size(), threads, [&](std::size_t i) {
    const auto sum = description.sha256.find(tensors[i]->name);
    damaged[i] =
        sum == description.sha256.end() || sum->second != sha256_hex(text_of(tensors[i]->bytes));
  });
  const auto first = std::ranges::find(damaged, 1);
  if (first != damaged.end()) {
    return error("the tensor {} does not match its checksum: the file is damaged",
                 tensors[static_cast<std::size_t>(first - damaged.begin())]->name);
  }
  return description;
}

Result<Artifact> load(const Safetensors& file, int threads, bool keep_packed) {
  const auto description = checked_description(file, threads);
  if (!description.ok()) return error("{}: {}", file.name(), description.error().message);
  Result<Artifact> loaded = Loader(file, *description, keep_packed).load(threads);
  if (!loaded.ok()) return error("{}: {}", file.name(), loaded.error().message);
  return loaded;
}

}  // namespace

Result<ArtifactSizes> write_artifact(const std::filesystem::path& path,
                                     const ArtifactOrigin& origin, const QuantizedNetwork& network,
                                     quant::RegionCoding regions, int threads) {
  ArtifactSizes sizes;
  QYOLO_TRY(const std::string file, Writer(origin, network, regions).file(threads, sizes));
  QYOLO_CHECK_OK(write_file(path, file));
  return sizes;
}

bool is_artifact(const std::filesystem::path& path) {
  const auto file = MappedFile::open(path);
  return file.ok() && Safetensors::recognises(file->bytes());
}

Result<Artifact> load_artifact(const std::filesystem::path& path, int threads, bool keep_packed) {
  QYOLO_TRY(const MappedFile file, MappedFile::open(path));
  return load_artifact(file.bytes(), path.string(), threads, keep_packed);
}

Result<Artifact> load_artifact(Bytes bytes, std::string name, int threads, bool keep_packed) {
  QYOLO_CHECK_OK(check_header(bytes, name));
  QYOLO_TRY(const Safetensors file, Safetensors::from_bytes(bytes, std::move(name)));
  return load(file, threads, keep_packed);
}

}  // namespace qyolo::harness
