#include "harness/model/weights.h"

#include <string_view>
#include <utility>
#include <vector>

namespace qyolo::model {
namespace {

class Loader {
 public:
  explicit Loader(TensorReader& reader) : reader_(reader) {}

  Result<UnfusedConv> read(const ConvNode& node, const ConvSource& source) {
    UnfusedConv unfused;
    QYOLO_TRY(unfused.dense, tensors(source.conv, source.norm, node.filters));
    if (source.pointwise) {
      QYOLO_TRY(unfused.pointwise, tensors(*source.pointwise, source.pointwise_norm, node.filters));
    }
    if (source.identity_norm) {
      QYOLO_TRY(unfused.identity, batch_norm(*source.identity_norm, node.filters));
    }
    if (source.implicit_add) {
      QYOLO_TRY(unfused.implicit_add, values(*source.implicit_add, "implicit", node.channels));
      QYOLO_TRY(unfused.implicit_multiply,
                values(*source.implicit_multiply, "implicit", node.filters));
      if (node.kernel_h != 1 || node.kernel_w != 1 || node.groups != 1)
        return source.conv.complain(
            "implicit knowledge around more than a 1x1 convolution is not supported");
    }
    return unfused;
  }

 private:
  Result<std::vector<float>> values(const ModuleRecord& module, std::string_view name, int count) {
    QYOLO_TRY(const TensorRef* tensor, module.tensor(name));
    QYOLO_TRY(std::vector<float> read, reader_.read(*tensor, module.path_of(name)));
    if (read.size() != static_cast<std::size_t>(count))
      return module.complain("{}: expected {} values, found {}", name, count, read.size());
    return read;
  }

  // Empty where the module has no such tensor.
  Result<std::vector<float>> values_or_none(const ModuleRecord& module, std::string_view name,
                                            int count) {
    if (module.find_tensor(name) == nullptr) return std::vector<float>();
    return values(module, name, count);
  }

  Result<StoredTensors> tensors(const ModuleRecord& conv, const std::optional<ModuleRecord>& norm,
                                int filters) {
    StoredTensors stored;
    stored.name = conv.path();
    QYOLO_TRY(const TensorRef* tensor, conv.tensor("weight"));
    QYOLO_TRY(stored.weight, reader_.read(*tensor, conv.path_of("weight")));
    QYOLO_TRY(stored.bias, values_or_none(conv, "bias", filters));
    if (norm) {
      QYOLO_TRY(stored.norm, batch_norm(*norm, filters));
    }
    return stored;
  }

  Result<BatchNorm> batch_norm(const ModuleRecord& norm, int channels) {
    if (!norm.is("torch.nn.modules.batchnorm", "BatchNorm2d") &&
        !norm.is("torch.nn.modules.batchnorm", "SyncBatchNorm")) {
      return norm.complain("expected a BatchNorm2d, found {}", norm.type_name());
    }
    BatchNorm read;
    read.name = norm.path();
    QYOLO_TRY(read.eps, norm.number("eps"));
    QYOLO_TRY(read.gamma, values_or_none(norm, "weight", channels));
    QYOLO_TRY(read.beta, values_or_none(norm, "bias", channels));
    QYOLO_TRY(read.mean, values(norm, "running_mean", channels));
    QYOLO_TRY(read.variance, values(norm, "running_var", channels));
    return read;
  }

  TensorReader& reader_;
};

}  // namespace

Status read_weights(Plan& plan, TensorReader& reader, std::size_t max_weights,
                    const UnfusedSink& take) {
  Loader loader(reader);
  std::size_t weights = 0;
  for (std::size_t i = 0; i < plan.graph.nodes.size(); ++i) {
    if (!plan.sources[i]) continue;
    auto& node = std::get<ConvNode>(plan.graph.nodes[i].op);
    QYOLO_TRY(UnfusedConv unfused, loader.read(node, *plan.sources[i]));
    weights += unfused.dense.weight.size();
    if (weights > max_weights)
      return error("{}: the network has more weights than the file has bytes", node.name);
    QYOLO_CHECK_OK(take(node, std::move(unfused)));
  }
  return {};
}

}  // namespace qyolo::model
