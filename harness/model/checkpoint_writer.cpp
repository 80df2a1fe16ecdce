#include "harness/model/checkpoint_writer.h"

#include <algorithm>
#include <map>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "common/file.h"
#include "harness/model/checkpoint_plan.h"
#include "harness/model/identity_norm.h"
#include "harness/model/layers.h"
#include "harness/model/printable.h"
#include "harness/model/stored_values.h"
#include "harness/model/tensor_writer.h"
#include "harness/model/zip_patch.h"

namespace qyolo::model {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDequantized = "qyolo dequantized: ";

// What both graphs must agree on for one convolution.
bool same_shape(const ConvNode& a, const ConvNode& b) {
  return a.name == b.name && a.filters == b.filters && a.channels == b.channels &&
         a.kernel_h == b.kernel_h && a.kernel_w == b.kernel_w && a.groups == b.groups;
}

// Puts a fused convolution back into the modules it was made of.
class FusedWriter {
 public:
  explicit FusedWriter(TensorWriter& writer) : writer_(writer) {}

  Status write(const ConvSource& source, const ConvNode& fused) {
    QYOLO_CHECK_OK(write_tensor(source.conv, "weight", fused.weight));
    if (source.norm) {
      QYOLO_CHECK_OK(fill_optional(source.conv, "bias", 0));
      QYOLO_CHECK_OK(write_norm(*source.norm, fused.bias));
    } else {
      QYOLO_CHECK_OK(write_bias(source.conv, fused.bias));
    }
    if (source.pointwise) {
      QYOLO_CHECK_OK(fill(*source.pointwise, "weight", 0));
      QYOLO_CHECK_OK(fill_optional(*source.pointwise, "bias", 0));
      QYOLO_CHECK_OK(silence(*source.pointwise_norm));
    }
    if (source.identity_norm) QYOLO_CHECK_OK(silence(*source.identity_norm));
    if (source.implicit_add) {
      QYOLO_CHECK_OK(fill(*source.implicit_add, "implicit", 0));
      QYOLO_CHECK_OK(fill(*source.implicit_multiply, "implicit", 1));
    }
    return {};
  }

 private:
  Status write_tensor(const ModuleRecord& module, std::string_view name,
                      std::span<const float> values) {
    QYOLO_TRY(const TensorRef* tensor, module.tensor(name));
    return writer_.write(*tensor, module.path_of(name), values);
  }

  Status fill(const ModuleRecord& module, std::string_view name, float value) {
    QYOLO_TRY(const TensorRef* tensor, module.tensor(name));
    return writer_.fill(*tensor, module.path_of(name), value);
  }

  Status fill_optional(const ModuleRecord& module, std::string_view name, float value) {
    return module.find_tensor(name) == nullptr ? Status() : fill(module, name, value);
  }

  Status write_bias(const ModuleRecord& conv, std::span<const float> bias) {
    const bool none = std::ranges::all_of(bias, [](float value) { return value == 0; });
    if (none && conv.find_tensor("bias") == nullptr) return {};
    return write_tensor(conv, "bias", bias);
  }

  // x + bias
  Status write_norm(const ModuleRecord& norm, std::span<const float> bias) {
    QYOLO_TRY(const IdentityNorm identity, identity_of(norm));
    QYOLO_CHECK_OK(fill(norm, "weight", identity.gamma));
    QYOLO_CHECK_OK(fill(norm, "running_var", identity.variance));
    QYOLO_CHECK_OK(fill(norm, "running_mean", 0));
    return write_tensor(norm, "bias", bias);
  }

  // 0, whatever the input
  Status silence(const ModuleRecord& norm) {
    QYOLO_CHECK_OK(fill(norm, "weight", 0));
    return fill(norm, "bias", 0);
  }

  Result<IdentityNorm> identity_of(const ModuleRecord& norm) {
    QYOLO_TRY(const double eps, norm.number("eps"));
    QYOLO_TRY(const TensorRef* gamma, norm.tensor("weight"));
    QYOLO_TRY(const TensorRef* variance, norm.tensor("running_var"));
    const StorageType* type = find_storage_type(gamma->storage.type);
    if (type == nullptr || !type->floating || variance->storage.type != type->name)
      return norm.complain("weight and running_var are not of one floating point type");
    const auto key = std::pair(type, eps);
    auto found = identities_.find(key);
    if (found == identities_.end()) {
      auto identity = identity_norm(*type, eps);
      if (!identity) return norm.complain("{}", identity.error().message);
      found = identities_.emplace(key, *identity).first;
    }
    return found->second;
  }

  TensorWriter& writer_;
  std::map<std::pair<const StorageType*, double>, IdentityNorm> identities_;
};

Status replace(const PlannedCheckpoint& checkpoint, TensorWriter& writer, const Graph& quantized) {
  const std::vector<Node>& nodes = checkpoint.plan.graph.nodes;
  const auto other_network = [] {
    return error("the quantized graph is not that of this checkpoint's network");
  };
  if (quantized.nodes.size() != nodes.size()) return other_network();
  FusedWriter fused(writer);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const ConvNode* conv = quantized.nodes[i].conv();
    const std::optional<ConvSource>& source = checkpoint.plan.sources[i];
    if (source.has_value() != (conv != nullptr)) return other_network();
    if (conv == nullptr) continue;
    if (!same_shape(*nodes[i].conv(), *conv)) return other_network();
    QYOLO_CHECK_OK(fused.write(*source, *conv));
  }
  return {};
}

Status replace(const PlannedCheckpoint& checkpoint, TensorWriter& writer,
               const StoredWeights& quantized) {
  StoredWeights missing = quantized;
  QYOLO_TRY(const std::vector<ModuleRecord> modules, all_modules(checkpoint.network));
  for (const ModuleRecord& module : modules) {
    const auto found = quantized.find(module.path());
    if (found == quantized.end() || !is_stored_conv(module)) continue;
    QYOLO_TRY(const TensorRef* weight, module.tensor("weight"));
    QYOLO_CHECK_OK(writer.write(*weight, module.path_of("weight"), found->second));
    missing.erase(found->first);
  }
  if (!missing.empty())
    return error("the checkpoint has no convolution '{}'", missing.begin()->first);
  return {};
}

using NamedTensors = std::vector<std::pair<std::string, const TensorRef*>>;

// Every parameter and buffer below `network`.
Result<NamedTensors> tensors_of(const ModuleRecord& network) {
  QYOLO_TRY(const std::vector<ModuleRecord> modules, all_modules(network));
  NamedTensors tensors;
  for (const ModuleRecord& module : modules)
    for (const auto& [name, tensor] : module.tensors())
      tensors.emplace_back(module.path_of(name), tensor);
  return tensors;
}

// `model` becomes what `ema` is by now.
Status copy_network(TensorWriter& writer, const NamedTensors& ema, const NamedTensors& model) {
  const auto same_name = [](const auto& a, const auto& b) { return a.first == b.first; };
  if (!std::ranges::equal(ema, model, same_name)) {
    return error(
        "'ema' and 'model' are two networks, of which official code evaluates one and trains the "
        "other: the quantized network cannot stand for both");
  }
  for (std::size_t i = 0; i < ema.size(); ++i)
    QYOLO_CHECK_OK(writer.copy(*ema[i].second, *model[i].second, model[i].first + " of 'model'"));
  return {};
}

template <class Weights>
Result<std::string> rewrite_unnamed(const ZipArchive& archive, const Weights& quantized) {
  QYOLO_TRY(PlannedCheckpoint checkpoint, plan_checkpoint(archive));
  TensorWriter writer(checkpoint.reader);
  QYOLO_CHECK_OK(replace(checkpoint, writer, quantized));
  QYOLO_TRY(NamedTensors tensors, tensors_of(checkpoint.network));
  if (checkpoint.other != nullptr) {
    QYOLO_TRY(const ModuleRecord other, ModuleRecord::from(*checkpoint.other, ""));
    QYOLO_TRY(const NamedTensors others, tensors_of(other));
    QYOLO_CHECK_OK(copy_network(writer, tensors, others));
  }
  for (const auto& [name, tensor] : tensors) QYOLO_CHECK_OK(writer.expect_kept(*tensor, name));
  return patched_archive(archive, writer.take());
}

template <class Weights>
Result<std::string> rewrite(const ZipArchive& archive, const Weights& quantized) {
  Result<std::string> file = rewrite_unnamed(archive, quantized);
  if (!file) return error("{}: {}", archive.name(), file.error().message);
  return file;
}

template <class Weights>
Status rewrite_file(const fs::path& original, const fs::path& out, const Weights& quantized,
                    std::string_view cell) {
  std::error_code ignored;
  if (fs::equivalent(original, out, ignored))
    return error("{} is the original checkpoint; write to another file", out.string());
  QYOLO_TRY(const ZipArchive archive, ZipArchive::open(original));
  QYOLO_TRY(std::string file, rewrite(archive, quantized));
  if (!cell.empty()) {
    const std::string comment = std::string(kDequantized) + std::string(cell);
    file = with_comment(archive, std::move(file), comment.substr(0, kLongestComment));
  }
  return write_file(out, file);
}

}  // namespace

Status write_dequantized_checkpoint(const fs::path& original, const fs::path& out,
                                    const Graph& quantized, std::string_view cell) {
  return rewrite_file(original, out, quantized, cell);
}

Status write_dequantized_checkpoint(const fs::path& original, const fs::path& out,
                                    const StoredWeights& quantized, std::string_view cell) {
  return rewrite_file(original, out, quantized, cell);
}

std::string cell_of_checkpoint(const fs::path& path) {
  const auto archive = ZipArchive::open(path);
  if (!archive.ok() || !archive->comment().starts_with(kDequantized)) return "";
  return printable(archive->comment().substr(kDequantized.size()));
}

Result<std::string> dequantized_checkpoint(std::span<const std::byte> original, std::string name,
                                           const Graph& quantized) {
  QYOLO_TRY(const ZipArchive archive, ZipArchive::from_bytes(original, std::move(name)));
  return rewrite(archive, quantized);
}

Result<std::string> dequantized_checkpoint(std::span<const std::byte> original, std::string name,
                                           const StoredWeights& quantized) {
  QYOLO_TRY(const ZipArchive archive, ZipArchive::from_bytes(original, std::move(name)));
  return rewrite(archive, quantized);
}

}  // namespace qyolo::model
