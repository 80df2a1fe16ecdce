#include "harness/model/weights.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/model/fuse.h"

namespace qyolo::model {
namespace {

class Loader {
 public:
  Loader(TensorReader& reader, const StoredWeightHook& before_folding)
      : reader_(reader), before_folding_(before_folding) {}

  Status load(ConvNode& node, const ConvSource& source) {
    QYOLO_TRY(node.weight, conv_weight(source.conv));
    QYOLO_TRY(node.bias, values_or(source.conv, "bias", node.filters, 0));
    if (source.pointwise || source.identity_norm) {
      QYOLO_CHECK_OK(fold_branches(node, source));
    } else if (source.norm) {
      QYOLO_TRY(const ChannelAffine affine, batch_norm(*source.norm, node.filters));
      fold_affine(node, affine);
    }
    if (source.implicit_add) {
      QYOLO_TRY(const auto add, values(*source.implicit_add, "implicit", node.channels));
      QYOLO_TRY(const auto multiply, values(*source.implicit_multiply, "implicit", node.filters));
      if (node.kernel_h != 1 || node.kernel_w != 1 || node.groups != 1)
        return source.conv.complain(
            "implicit knowledge around more than a 1x1 convolution is not supported");
      fold_implicit(node, add, multiply);
    }
    const auto finite = [](float value) { return std::isfinite(value); };
    if (!std::ranges::all_of(node.weight, finite) || !std::ranges::all_of(node.bias, finite)) {
      return error("{}: folding the batch normalization in gives a NaN or an infinity", node.name);
    }
    return {};
  }

 private:
  Result<std::vector<float>> values(const ModuleRecord& module, std::string_view name, int count) {
    QYOLO_TRY(const TensorRef* tensor, module.tensor(name));
    QYOLO_TRY(std::vector<float> read, reader_.read(*tensor, module.path_of(name)));
    if (read.size() != static_cast<std::size_t>(count))
      return module.complain("{}: expected {} values, found {}", name, count, read.size());
    return read;
  }

  Result<std::vector<float>> values_or(const ModuleRecord& module, std::string_view name, int count,
                                       float fallback) {
    if (module.find_tensor(name) == nullptr)
      return std::vector<float>(static_cast<std::size_t>(count), fallback);
    return values(module, name, count);
  }

  Result<std::vector<float>> conv_weight(const ModuleRecord& conv) {
    QYOLO_TRY(const TensorRef* tensor, conv.tensor("weight"));
    QYOLO_TRY(std::vector<float> weight, reader_.read(*tensor, conv.path_of("weight")));
    if (before_folding_) {
      const auto& size = tensor->size;  // checked to have four, when the layer was planned
      QYOLO_CHECK_OK(before_folding_({conv.path(), size[0], size[1], size[2], size[3]}, weight));
    }
    return weight;
  }

  Result<ChannelAffine> batch_norm(const ModuleRecord& norm, int channels) {
    if (!norm.is("torch.nn.modules.batchnorm", "BatchNorm2d") &&
        !norm.is("torch.nn.modules.batchnorm", "SyncBatchNorm")) {
      return norm.complain("expected a BatchNorm2d, found {}", norm.type_name());
    }
    QYOLO_TRY(const double eps, norm.number("eps"));
    QYOLO_TRY(const auto gamma, values_or(norm, "weight", channels, 1));
    QYOLO_TRY(const auto beta, values_or(norm, "bias", channels, 0));
    QYOLO_TRY(const auto mean, values(norm, "running_mean", channels));
    QYOLO_TRY(const auto variance, values(norm, "running_var", channels));
    return batch_norm_affine(gamma, beta, mean, variance, eps);
  }

  Status fold_branches(ConvNode& node, const ConvSource& source) {
    RepBranches branches;
    QYOLO_TRY(branches.dense, batch_norm(*source.norm, node.filters));
    if (source.pointwise) {
      QYOLO_TRY(branches.pointwise_weight, conv_weight(*source.pointwise));
      QYOLO_TRY(branches.pointwise_bias, values_or(*source.pointwise, "bias", node.filters, 0));
      QYOLO_TRY(branches.pointwise, batch_norm(*source.pointwise_norm, node.filters));
    }
    if (source.identity_norm) {
      QYOLO_TRY(branches.identity, batch_norm(*source.identity_norm, node.filters));
    }
    fold_rep_branches(node, branches);
    return {};
  }

  TensorReader& reader_;
  const StoredWeightHook& before_folding_;
};

}  // namespace

Status load_weights(Plan& plan, TensorReader& reader, const StoredWeightHook& before_folding,
                    std::size_t max_weights) {
  Loader loader(reader, before_folding);
  std::size_t weights = 0;
  for (std::size_t i = 0; i < plan.graph.nodes.size(); ++i) {
    if (!plan.sources[i]) continue;
    auto& node = std::get<ConvNode>(plan.graph.nodes[i].op);
    QYOLO_CHECK_OK(loader.load(node, *plan.sources[i]));
    weights += node.weight.size();
    if (weights > max_weights)
      return error("{}: the network has more weights than the file has bytes", node.name);
  }
  return {};
}

}  // namespace qyolo::model
