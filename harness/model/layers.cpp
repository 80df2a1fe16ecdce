#include "harness/model/layers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "harness/model/printable.h"

namespace qyolo::model {
namespace {

constexpr int kMaxChannels = 1 << 16;
constexpr int kMaxKernel = 255;
constexpr std::size_t kMaxNodes = std::size_t{1} << 16;

Result<int> add_node(Plan& plan, const Layer& layer, decltype(Node::op) op,
                     std::vector<int> inputs) {
  if (plan.graph.nodes.size() == kMaxNodes)
    return error("layer {}: the network has more than {} operations", layer.index, kMaxNodes);
  plan.graph.nodes.push_back({std::move(op), std::move(inputs), layer.index});
  plan.sources.emplace_back();
  return static_cast<int>(plan.graph.nodes.size()) - 1;
}

Result<int> only_input(const Layer& layer) {
  if (layer.inputs.size() != 1) {
    return error("layer {}: {} takes one input, not {}", layer.index, layer.record.type_name(),
                 layer.inputs.size());
  }
  return layer.inputs.front();
}

// --- parts of modules ---

struct ActivationFunction {
  Activation kind = Activation::kIdentity;
  float slope = 0;
};

Result<ActivationFunction> activation_of(const ModuleRecord& module) {
  QYOLO_TRY(const ModuleRecord act, module.child("act"));
  if (act.is("torch.nn.modules.activation", "SiLU"))
    return ActivationFunction{Activation::kSiLU, 0};
  if (act.is("torch.nn.modules.activation", "ReLU"))
    return ActivationFunction{Activation::kReLU, 0};
  if (act.is("torch.nn.modules.linear", "Identity")) return ActivationFunction{};
  if (act.is("torch.nn.modules.activation", "LeakyReLU")) {
    QYOLO_TRY(const double slope, act.number("negative_slope"));
    return ActivationFunction{Activation::kLeakyReLU, static_cast<float>(slope)};
  }
  return act.complain("the activation {} is not supported (SiLU, LeakyReLU, ReLU and Identity are)",
                      act.type_name());
}

// Padding that keeps the size, for padding='same'.
Result<std::array<int, 2>> same_padding(const ModuleRecord& conv, const ConvNode& node) {
  const int along_h = node.dilation_h * (node.kernel_h - 1);
  const int along_w = node.dilation_w * (node.kernel_w - 1);
  if (along_h % 2 != 0 || along_w % 2 != 0 || node.stride_h != 1 || node.stride_w != 1)
    return conv.complain("padding 'same' is supported for odd kernels with stride 1 only");
  return std::array<int, 2>{along_h / 2, along_w / 2};
}

Result<std::array<int, 2>> padding_of(const ModuleRecord& conv, const ConvNode& node) {
  const Value* padding = conv.attribute("padding");
  const auto* mode = padding == nullptr ? nullptr : padding->as<std::string_view>();
  if (mode != nullptr && *mode == "same") return same_padding(conv, node);
  if (mode != nullptr && *mode == "valid") return std::array<int, 2>{0, 0};
  return conv.pair("padding", 0, kMaxKernel);
}

// An nn.Conv2d's attributes, checked against its weight and bias tensors.
Result<ConvNode> read_conv(const ModuleRecord& conv) {
  if (!conv.is("torch.nn.modules.conv", "Conv2d"))
    return conv.complain("expected a Conv2d, found {}", conv.type_name());
  QYOLO_CHECK_OK(conv.expect_false("transposed"));
  QYOLO_CHECK_OK(conv.expect_text("padding_mode", "zeros"));
  QYOLO_TRY(const std::int64_t filters, conv.integer("out_channels", 1, kMaxChannels));
  QYOLO_TRY(const std::int64_t channels, conv.integer("in_channels", 1, kMaxChannels));
  QYOLO_TRY(const std::int64_t groups, conv.integer("groups", 1, kMaxChannels));
  QYOLO_TRY(const auto kernel, conv.pair("kernel_size", 1, kMaxKernel));
  QYOLO_TRY(const auto stride, conv.pair("stride", 1, kMaxKernel));
  QYOLO_TRY(const auto dilation, conv.pair("dilation", 1, kMaxKernel));
  ConvNode node;
  node.filters = static_cast<int>(filters);
  node.channels = static_cast<int>(channels);
  node.groups = static_cast<int>(groups);
  node.kernel_h = kernel[0], node.kernel_w = kernel[1];
  node.stride_h = stride[0], node.stride_w = stride[1];
  node.dilation_h = dilation[0], node.dilation_w = dilation[1];
  QYOLO_TRY(const auto padding, padding_of(conv, node));
  node.pad_h = padding[0], node.pad_w = padding[1];

  if (node.channels % node.groups != 0 || node.filters % node.groups != 0) {
    return conv.complain("{} channels and {} filters cannot be split into {} groups", channels,
                         filters, groups);
  }
  QYOLO_TRY(const TensorRef* weight, conv.tensor("weight"));
  const std::vector<std::int64_t> expected = {filters, channels / groups, kernel[0], kernel[1]};
  if (weight->size != expected) {
    return conv.complain("the weight has the shape [{}], its attributes say [{}]",
                         fmt::join(weight->size, ", "), fmt::join(expected, ", "));
  }
  const TensorRef* bias = conv.find_tensor("bias");
  if (bias != nullptr && bias->size != std::vector<std::int64_t>{filters})
    return conv.complain("the bias does not have {} values", filters);
  return node;
}

Result<MaxPoolNode> read_pool(const ModuleRecord& pool) {
  if (!pool.is("torch.nn.modules.pooling", "MaxPool2d"))
    return pool.complain("expected a MaxPool2d, found {}", pool.type_name());
  QYOLO_CHECK_OK(pool.expect_false("ceil_mode"));
  QYOLO_TRY(const auto kernel, pool.pair("kernel_size", 1, kMaxKernel));
  QYOLO_TRY(const auto stride, pool.pair("stride", 1, kMaxKernel));
  QYOLO_TRY(const auto padding, pool.pair("padding", 0, kMaxKernel));
  QYOLO_TRY(const auto dilation, pool.pair("dilation", 1, kMaxKernel));
  const bool square = kernel[0] == kernel[1] && stride[0] == stride[1] && padding[0] == padding[1];
  if (!square || dilation != std::array<int, 2>{1, 1} || padding[0] > kernel[0] / 2)
    return pool.complain(
        "only square pooling, undilated, with a padding of at most half the kernel, is supported");
  return MaxPoolNode{kernel[0], stride[0], padding[0]};
}

Result<int> add_pool(Plan& plan, const Layer& layer, const ModuleRecord& pool, int input) {
  QYOLO_TRY(const MaxPoolNode node, read_pool(pool));
  return add_node(plan, layer, node, {input});
}

// A models.common.Conv: act(bn(conv(x))), or act(conv(x)) after fusing.
Result<int> add_conv_module(Plan& plan, const Layer& layer, const ModuleRecord& module, int input) {
  if (!module.is("models.common", "Conv"))
    return module.complain("expected a Conv, found {}", module.type_name());
  QYOLO_TRY(ModuleRecord conv, module.child("conv"));
  QYOLO_TRY(const ActivationFunction activation, activation_of(module));
  ConvOptions options{conv.path(), activation.kind, activation.slope};
  ConvSource source{std::move(conv)};
  if (module.has_child("bn")) {
    QYOLO_TRY(source.norm, module.child("bn"));
  }
  return add_conv(plan, layer, std::move(source), input, options);
}

// The Conv children of a module, one after the other.
Result<int> add_chain(Plan& plan, const Layer& layer, std::initializer_list<std::string_view> names,
                      int input) {
  for (const std::string_view name : names) {
    QYOLO_TRY(const ModuleRecord module, layer.record.child(name));
    QYOLO_TRY(input, add_conv_module(plan, layer, module, input));
  }
  return input;
}

// --- layers, as the official models/common.py defines them ---

Result<int> add_plain_conv(Plan& plan, const Layer& layer) {
  QYOLO_TRY(const int input, only_input(layer));
  return add_conv_module(plan, layer, layer.record, input);
}

// rbr_dense and rbr_1x1 are Sequentials of Conv2d and BatchNorm2d.
Result<std::array<ModuleRecord, 2>> conv_and_norm(const ModuleRecord& branch) {
  QYOLO_TRY(ModuleRecord conv, branch.child("0"));
  QYOLO_TRY(ModuleRecord norm, branch.child("1"));
  return std::array{std::move(conv), std::move(norm)};
}

// Whether the 1x1 branch and the identity of a RepConv can be merged into its k x k kernel.
Status check_branches(const ModuleRecord& module, const ConvSource& source) {
  QYOLO_TRY(const ConvNode dense, read_conv(source.conv));
  const bool centred = dense.kernel_h % 2 == 1 && dense.kernel_w % 2 == 1 &&
                       dense.dilation_h == 1 && dense.dilation_w == 1;
  if (source.pointwise) {
    QYOLO_TRY(const ConvNode pointwise, read_conv(*source.pointwise));
    const bool fits = pointwise.kernel_h == 1 && pointwise.kernel_w == 1 &&
                      pointwise.filters == dense.filters && pointwise.channels == dense.channels &&
                      pointwise.groups == dense.groups && pointwise.stride_h == dense.stride_h &&
                      pointwise.stride_w == dense.stride_w &&
                      pointwise.pad_h == dense.pad_h - dense.kernel_h / 2 &&
                      pointwise.pad_w == dense.pad_w - dense.kernel_w / 2;
    if (!centred || !fits) return module.complain("its branches cannot be merged into one kernel");
  }
  if (source.identity_norm) {
    const bool fits = dense.filters == dense.channels && dense.stride_h == 1 &&
                      dense.stride_w == 1 && dense.pad_h == dense.kernel_h / 2 &&
                      dense.pad_w == dense.kernel_w / 2;
    if (!centred || !fits) return module.complain("its identity cannot be merged into one kernel");
  }
  return {};
}

Result<int> add_rep_conv(Plan& plan, const Layer& layer) {
  const ModuleRecord& module = layer.record;
  QYOLO_TRY(const int input, only_input(layer));
  QYOLO_TRY(const ActivationFunction activation, activation_of(module));
  const ConvOptions options{module.path() + ".rbr_reparam", activation.kind, activation.slope};
  if (module.has_child("rbr_reparam")) {
    QYOLO_TRY(ModuleRecord merged, module.child("rbr_reparam"));
    return add_conv(plan, layer, {std::move(merged)}, input, options);
  }
  QYOLO_TRY(const ModuleRecord dense_branch, module.child("rbr_dense"));
  QYOLO_TRY(auto dense, conv_and_norm(dense_branch));
  ConvSource source{std::move(dense[0]), std::move(dense[1])};
  if (module.has_child("rbr_1x1")) {
    QYOLO_TRY(const ModuleRecord branch, module.child("rbr_1x1"));
    QYOLO_TRY(auto pointwise, conv_and_norm(branch));
    source.pointwise = std::move(pointwise[0]);
    source.pointwise_norm = std::move(pointwise[1]);
  }
  if (module.has_child("rbr_identity")) {
    QYOLO_TRY(source.identity_norm, module.child("rbr_identity"));
  }
  QYOLO_CHECK_OK(check_branches(module, source));
  return add_conv(plan, layer, std::move(source), input, options);
}

// MP and SP wrap a MaxPool2d.
Result<int> add_wrapped_pool(Plan& plan, const Layer& layer) {
  QYOLO_TRY(const int input, only_input(layer));
  QYOLO_TRY(const ModuleRecord pool, layer.record.child("m"));
  return add_pool(plan, layer, pool, input);
}

Result<int> add_plain_pool(Plan& plan, const Layer& layer) {
  QYOLO_TRY(const int input, only_input(layer));
  return add_pool(plan, layer, layer.record, input);
}

Result<int> add_sppcspc(Plan& plan, const Layer& layer) {
  QYOLO_TRY(const int input, only_input(layer));
  QYOLO_TRY(const int pooled, add_chain(plan, layer, {"cv1", "cv3", "cv4"}, input));
  QYOLO_TRY(const ModuleRecord pools, layer.record.child("m"));
  QYOLO_TRY(const std::vector<ModuleRecord> sizes, pools.children());
  std::vector<int> maps = {pooled};
  for (const ModuleRecord& size : sizes) {
    QYOLO_TRY(const int map, add_pool(plan, layer, size, pooled));
    maps.push_back(map);
  }
  QYOLO_TRY(const int pyramid, add_node(plan, layer, ConcatNode{}, std::move(maps)));
  QYOLO_TRY(const int deep, add_chain(plan, layer, {"cv5", "cv6"}, pyramid));
  QYOLO_TRY(const int direct, add_chain(plan, layer, {"cv2"}, input));
  QYOLO_TRY(const int both, add_node(plan, layer, ConcatNode{}, {deep, direct}));
  return add_chain(plan, layer, {"cv7"}, both);
}

Result<int> add_downc(Plan& plan, const Layer& layer) {
  QYOLO_TRY(const int input, only_input(layer));
  QYOLO_TRY(const int strided, add_chain(plan, layer, {"cv1", "cv2"}, input));
  QYOLO_TRY(const ModuleRecord pool, layer.record.child("mp"));
  QYOLO_TRY(const int pooled, add_pool(plan, layer, pool, input));
  QYOLO_TRY(const int reduced, add_chain(plan, layer, {"cv3"}, pooled));
  return add_node(plan, layer, ConcatNode{}, {strided, reduced});
}

Result<int> add_concat(Plan& plan, const Layer& layer) {
  QYOLO_TRY([[maybe_unused]] const auto along_channels, layer.record.integer("d", 1, 1));
  return add_node(plan, layer, ConcatNode{}, layer.inputs);
}

Result<int> add_shortcut(Plan& plan, const Layer& layer) {
  if (layer.inputs.size() != 2) {
    return error("layer {}: {} adds two inputs, not {}", layer.index, layer.record.type_name(),
                 layer.inputs.size());
  }
  return add_node(plan, layer, AddNode{}, layer.inputs);
}

Result<int> add_upsample(Plan& plan, const Layer& layer) {
  constexpr double kMaxScale = 8;
  QYOLO_TRY(const int input, only_input(layer));
  const ModuleRecord& module = layer.record;
  QYOLO_CHECK_OK(module.expect_false("size"));
  QYOLO_CHECK_OK(module.expect_text("mode", "nearest"));
  QYOLO_TRY(const double scale, module.number("scale_factor"));
  if (scale < 1 || scale > kMaxScale || scale != std::floor(scale))
    return module.complain("scale_factor: expected a whole number from 1 to 8, found {}", scale);
  return add_node(plan, layer, UpsampleNode{static_cast<int>(scale)}, {input});
}

Result<int> add_reorg(Plan& plan, const Layer& layer) {
  QYOLO_TRY(const int input, only_input(layer));
  return add_node(plan, layer, ReorgNode{}, {input});
}

struct LayerKind {
  std::string_view module, name;
  Result<int> (*add)(Plan&, const Layer&);
};

constexpr std::array kLayerKinds = {
    LayerKind{"models.common", "Conv", add_plain_conv},
    LayerKind{"models.common", "RepConv", add_rep_conv},
    LayerKind{"models.common", "MP", add_wrapped_pool},
    LayerKind{"models.common", "SP", add_wrapped_pool},
    LayerKind{"torch.nn.modules.pooling", "MaxPool2d", add_plain_pool},
    LayerKind{"models.common", "SPPCSPC", add_sppcspc},
    LayerKind{"models.common", "DownC", add_downc},
    LayerKind{"models.common", "Concat", add_concat},
    LayerKind{"models.common", "Shortcut", add_shortcut},
    LayerKind{"models.common", "ReOrg", add_reorg},
    LayerKind{"torch.nn.modules.upsampling", "Upsample", add_upsample},
};

}  // namespace

Result<int> add_conv(Plan& plan, const Layer& layer, ConvSource source, int input,
                     const ConvOptions& options) {
  QYOLO_TRY(ConvNode node, read_conv(source.conv));
  node.activation = options.activation;
  node.slope = options.slope;
  node.name = options.name;
  node.layer_type = printable(layer.record.type().name);
  node.layer_index = layer.index;
  node.head = options.head;
  QYOLO_TRY(const int index, add_node(plan, layer, std::move(node), {input}));
  plan.sources.back() = std::move(source);
  return index;
}

Result<int> add_layer(Plan& plan, const Layer& layer) {
  const auto* kind =
      std::find_if(kLayerKinds.begin(), kLayerKinds.end(), [&](const LayerKind& candidate) {
        return layer.record.is(candidate.module, candidate.name);
      });
  if (kind == kLayerKinds.end())
    return error("layer {}: {} is not supported", layer.index, layer.record.type_name());
  return kind->add(plan, layer);
}

}  // namespace qyolo::model
