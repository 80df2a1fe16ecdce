// The reference executor: every node is one ATen operator, maps in channels-last layout.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/ops/add.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <c10/core/InferenceMode.h>
#include <dlfcn.h>
#include <torch/version.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <filesystem>
#include <optional>
#include <utility>

#include "common/parallel.h"
#include "harness/engine/torch_executor.h"

namespace qyolo::model {
namespace {

constexpr auto kLayout = at::MemoryFormat::ChannelsLast;

at::Tensor to_tensor(std::span<const float> values, at::IntArrayRef shape) {
  at::Tensor tensor = at::empty(shape, at::kFloat);
  std::memcpy(tensor.mutable_data_ptr<float>(), values.data(), values.size_bytes());
  return tensor;
}

at::ScalarType scalar_type(TorchPrecision precision) {
  switch (precision) {
    case TorchPrecision::kFp32:
      return at::kFloat;
    case TorchPrecision::kBf16:
      return at::kBFloat16;
    case TorchPrecision::kFp16:
      return at::kHalf;
  }
  return at::kFloat;
}

std::string_view precision_name(TorchPrecision precision) {
  switch (precision) {
    case TorchPrecision::kFp32:
      return "fp32";
    case TorchPrecision::kBf16:
      return "bf16";
    case TorchPrecision::kFp16:
      return "fp16";
  }
  return "";
}

// Where and as what tensors are held.
at::TensorOptions placement_of(const TorchOptions& options) {
  return at::TensorOptions()
      .device(at::Device(options.device))
      .dtype(scalar_type(options.precision));
}

at::Tensor weight_tensor(const ConvNode& conv, std::span<const float> weights,
                         const at::TensorOptions& placement) {
  return to_tensor(weights,
                   {conv.filters, conv.channels / conv.groups, conv.kernel_h, conv.kernel_w})
      .to(placement)
      .contiguous(kLayout);
}

at::Tensor bias_tensor(std::span<const float> bias, const at::TensorOptions& placement) {
  return to_tensor(bias, {static_cast<std::int64_t>(bias.size())}).to(placement);
}

// What a convolution's floats become; empty for the other nodes.
struct ConvTensors {
  at::Tensor weight, bias;
};

void activate(at::Tensor& map, const ConvNode& conv) {
  switch (conv.activation) {
    case Activation::kIdentity:
      return;
    case Activation::kSiLU:
      at::silu_(map);
      return;
    case Activation::kLeakyReLU:
      at::leaky_relu_(map, conv.slope);
      return;
    case Activation::kReLU:
      at::relu_(map);
      return;
  }
}

// Space to depth: every second row and column, rows first.
at::Tensor reorg(const at::Tensor& map) {
  const auto part = [&](std::int64_t row, std::int64_t column) {
    return map.slice(2, row, map.size(2), 2).slice(3, column, map.size(3), 2);
  };
  return at::cat({part(0, 0), part(1, 0), part(0, 1), part(1, 1)}, 1);
}

// Runs one node on its inputs.
class NodeRunner {
 public:
  NodeRunner(const std::vector<at::Tensor>& inputs, const ConvTensors& tensors)
      : inputs_(inputs), tensors_(tensors) {}

  at::Tensor operator()(const ConvNode& conv) const {
    at::Tensor map =
        at::conv2d(inputs_[0], tensors_.weight, tensors_.bias, {conv.stride_h, conv.stride_w},
                   {conv.pad_h, conv.pad_w}, {conv.dilation_h, conv.dilation_w}, conv.groups);
    activate(map, conv);
    return map;
  }
  at::Tensor operator()(const MaxPoolNode& pool) const {
    return at::max_pool2d(inputs_[0], {pool.kernel, pool.kernel}, {pool.stride, pool.stride},
                          {pool.padding, pool.padding});
  }
  at::Tensor operator()(const ConcatNode&) const { return at::cat(inputs_, 1); }
  at::Tensor operator()(const AddNode&) const { return at::add(inputs_[0], inputs_[1]); }
  at::Tensor operator()(const UpsampleNode& upsample) const {
    return at::upsample_nearest2d(
        inputs_[0], {inputs_[0].size(2) * upsample.scale, inputs_[0].size(3) * upsample.scale});
  }
  at::Tensor operator()(const ReorgNode&) const { return reorg(inputs_[0]); }

 private:
  const std::vector<at::Tensor>& inputs_;
  const ConvTensors& tensors_;
};

// The tensor with its values in one block of memory, in whatever order.
at::Tensor dense(const at::Tensor& map) {
  return map.is_non_overlapping_and_dense() ? map : map.contiguous(kLayout);
}

// REQUIRES: nothing else reads the tensor's memory.
void quantize_map(at::Tensor& map, const FakeQuantization& quantization) {
  constexpr std::int64_t kGrain = 1 << 15;
  if (!map.is_cpu()) {
    at::Tensor here = map.cpu();
    quantize_map(here, quantization);
    map = here.to(map.device());
    return;
  }
  map = dense(map);
  float* values = map.mutable_data_ptr<float>();
  at::parallel_for(0, map.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    fake_quantize({values + begin, values + end}, quantization);
  });
}

// Makes the network's input, given its shape.
auto from_bytes(std::span<const std::uint8_t> rgb, const at::TensorOptions& placement) {
  return [rgb, placement](at::IntArrayRef shape) {
    at::Tensor bytes = at::empty(shape, at::kByte);
    std::memcpy(bytes.mutable_data_ptr<std::uint8_t>(), rgb.data(), rgb.size_bytes());
    return bytes.to(placement.device()).to(at::kFloat).div_(255.0F).to(placement);
  };
}

auto from_floats(std::span<const float> input, const at::TensorOptions& placement) {
  return
      [input, placement](at::IntArrayRef shape) { return to_tensor(input, shape).to(placement); };
}

HeadOutput to_output(const at::Tensor& map) {
  const at::Tensor rows = map.cpu().to(at::kFloat).contiguous();
  const float* values = rows.const_data_ptr<float>();
  return {static_cast<int>(map.size(0)), static_cast<int>(map.size(1)),
          static_cast<int>(map.size(2)), static_cast<int>(map.size(3)),
          std::vector<float>(values, values + rows.numel())};
}

// "LibTorch 2.15.0 (oneDNN 3.x)".
std::string torch_version() {
  const std::string onednn = at::get_mkldnn_version();
  const std::size_t v = onednn.find(" v");
  const std::string number =
      v == std::string::npos ? "absent" : onednn.substr(v + 2, onednn.find(' ', v + 2) - v - 2);
  return fmt::format("LibTorch {} (oneDNN {})", TORCH_VERSION, number);
}

class TorchExecutor final : public Executor {
 public:
  TorchExecutor(const Graph& graph, int threads, const TorchOptions& options)
      : threads_(threads), options_(options), placement_(placement_of(options)) {
    graph_.max_stride = graph.max_stride;
    graph_.head = graph.head;
    for (const Node& node : graph.nodes) {
      graph_.nodes.push_back(without_weights(node));
      const ConvNode* conv = node.conv();
      tensors_.push_back(conv == nullptr
                             ? ConvTensors{}
                             : ConvTensors{weight_tensor(*conv, conv->weight, placement_),
                                           bias_tensor(conv->bias, placement_)});
    }
    find_last_uses();
    quantizers_.resize(graph_.nodes.size());
  }

  Result<std::vector<HeadOutput>> forward(std::span<const std::uint8_t> rgb, int batch, int height,
                                          int width) override {
    return run(rgb, batch, height, width, from_bytes(rgb, placement_),
               [this](at::Tensor& input) { return run_quantized(input); });
  }

  Result<std::vector<HeadOutput>> forward(std::span<const float> input, int batch, int height,
                                          int width) override {
    return run(input, batch, height, width, from_floats(input, placement_),
               [this](at::Tensor& map) { return run_quantized(map); });
  }

  void set_weights(int node, std::span<const float> weights) override {
    const c10::InferenceMode inference;
    const auto index = static_cast<std::size_t>(node);
    tensors_[index].weight = weight_tensor(*graph_.nodes[index].conv(), weights, placement_);
  }

  void set_bias(int node, std::span<const float> bias) override {
    const c10::InferenceMode inference;
    const auto index = static_cast<std::size_t>(node);
    tensors_[index].bias = bias_tensor(bias, placement_);
  }

  Status set_activation_quantizers(std::span<const ActivationQuantizer> quantizers) override {
    if (!quantizers.empty() && options_.precision != TorchPrecision::kFp32)
      return error("{} simulates quantized activations in fp32 only", description());
    quantizers_.assign(graph_.nodes.size(), std::nullopt);
    input_quantizer_.reset();
    for (const ActivationQuantizer& quantizer : quantizers) {
      auto& target = quantizer.node < 0 ? input_quantizer_
                                        : quantizers_[static_cast<std::size_t>(quantizer.node)];
      target = quantizer.map;
    }
    return {};
  }

  Status observe(std::span<const std::uint8_t> rgb, int batch, int height, int width,
                 std::span<const int> nodes, const ActivationObserver& observer) override {
    std::vector<bool> wanted(graph_.nodes.size(), false);
    for (const int node : nodes) {
      if (node >= 0) wanted[static_cast<std::size_t>(node)] = true;
    }
    const auto show = [&](int node, const at::Tensor& map) {
      const at::Tensor block = dense(map.cpu().to(at::kFloat));
      observer(node, {block.const_data_ptr<float>(), static_cast<std::size_t>(block.numel())});
    };
    QYOLO_TRY([[maybe_unused]] const auto outputs,
              run(rgb, batch, height, width, from_bytes(rgb, placement_), [&](at::Tensor& input) {
                if (!nodes.empty() && nodes.front() == kNetworkInput) show(kNetworkInput, input);
                return run_nodes(input, [&](std::size_t i, at::Tensor& map) {
                  if (wanted[i]) show(static_cast<int>(i), map);
                });
              }));
    return {};
  }

  Status set_retain(bool retain) override {
    retain_ = retain;
    retained_.reset();
    return {};
  }

  Result<std::vector<HeadOutput>> resume(int first_node) override {
    if (!retained_) return error("there is no forward to resume");
    return guarded([&] {
      return run_nodes(*retained_, static_cast<std::size_t>(first_node),
                       [this](std::size_t i, at::Tensor& map) { quantize_output(i, map); });
    });
  }

  [[nodiscard]] std::string engine() const override { return torch_version(); }
  [[nodiscard]] std::string description() const override {
    std::string arithmetic(precision_name(options_.precision));
    std::ranges::transform(arithmetic, arithmetic.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    });
    const std::string place = on_gpu() ? " on " + options_.device : "";
    return fmt::format("{}{}, {}, {} thread{}", torch_version(), place, arithmetic, threads_,
                       threads_ == 1 ? "" : "s");
  }
  [[nodiscard]] std::string precision() const override {
    return std::string(precision_name(options_.precision));
  }
  // The CPU's FP32 is what every executor is compared with.
  [[nodiscard]] std::string identity() const override {
    if (!on_gpu() && options_.precision == TorchPrecision::kFp32) return "fp32";
    return fmt::format("torch-{}-{}", on_gpu() ? "cuda" : "cpu", precision());
  }

 private:
  [[nodiscard]] bool on_gpu() const { return placement_.device().is_cuda(); }

  // For each node, the inputs that nothing after it reads.
  void find_last_uses() {
    std::vector<bool> used(graph_.nodes.size(), false);
    for (const HeadLevel& level : graph_.head) used[static_cast<std::size_t>(level.node)] = true;
    last_uses_.resize(graph_.nodes.size());
    for (std::size_t i = graph_.nodes.size(); i-- > 0;) {
      for (const int input : graph_.nodes[i].inputs) {
        if (input < 0 || used[static_cast<std::size_t>(input)]) continue;
        used[static_cast<std::size_t>(input)] = true;
        last_uses_[i].push_back(static_cast<std::size_t>(input));
      }
    }
  }

  template <class T, class MakeInput, class Forward>
  Result<std::vector<HeadOutput>> run(std::span<const T> values, int batch, int height, int width,
                                      const MakeInput& make_input, const Forward& forward) {
    QYOLO_TRY([[maybe_unused]] const auto shapes, infer_shapes(graph_, height, width));
    const std::int64_t expected = std::int64_t{3} * height * width * std::max(batch, 0);
    if (batch < 1 || std::cmp_not_equal(values.size(), expected)) {
      return error("the network's input has {} values; {} images of 3 x {} x {} have {}",
                   values.size(), batch, height, width, expected);
    }
    return guarded([&] {
      at::Tensor input = make_input({batch, 3, height, width}).contiguous(kLayout);
      return forward(input);
    });
  }

  template <class Work>
  static Result<std::vector<HeadOutput>> guarded(const Work& work) {
    try {
      const c10::InferenceMode inference;
      return work();
    } catch (const std::exception& exception) {
      const std::string_view text = exception.what();
      return error("LibTorch cannot run the network: {}", text.substr(0, text.find('\n')));
    }
  }

  // The network's input and every node's output; those that nothing reads any more may be gone.
  struct Maps {
    at::Tensor input;
    std::vector<at::Tensor> nodes;
  };

  std::vector<HeadOutput> run_quantized(at::Tensor& input) {
    if (input_quantizer_) quantize_map(input, *input_quantizer_);
    retained_.reset();
    const auto on_map = [this](std::size_t i, at::Tensor& map) { quantize_output(i, map); };
    if (!retain_) return run_nodes(input, on_map);
    retained_ = Maps{input, std::vector<at::Tensor>(graph_.nodes.size())};
    return run_nodes(*retained_, 0, on_map);
  }

  void quantize_output(std::size_t node, at::Tensor& map) const {
    if (quantizers_[node]) quantize_map(map, *quantizers_[node]);
  }

  // `on_map` gets every node's output, a tensor of its own, before anything reads it.
  template <class OnMap>
  std::vector<HeadOutput> run_nodes(const at::Tensor& input, const OnMap& on_map) {
    Maps maps{input, std::vector<at::Tensor>(graph_.nodes.size())};
    return run_nodes(maps, 0, [&](std::size_t i, at::Tensor& map) {
      on_map(i, map);
      for (const std::size_t done : last_uses_[i]) maps.nodes[done].reset();
    });
  }

  template <class OnMap>
  std::vector<HeadOutput> run_nodes(Maps& maps, std::size_t first, const OnMap& on_map) {
    std::vector<at::Tensor> inputs;
    for (std::size_t i = first; i < graph_.nodes.size(); ++i) {
      inputs.clear();
      for (const int source : graph_.nodes[i].inputs)
        inputs.push_back(source < 0 ? maps.input : maps.nodes[static_cast<std::size_t>(source)]);
      maps.nodes[i] = std::visit(NodeRunner(inputs, tensors_[i]), graph_.nodes[i].op);
      on_map(i, maps.nodes[i]);
    }
    std::vector<HeadOutput> outputs;
    for (const HeadLevel& level : graph_.head)
      outputs.push_back(to_output(maps.nodes[static_cast<std::size_t>(level.node)]));
    return outputs;
  }

  int threads_;
  TorchOptions options_;
  at::TensorOptions placement_;
  Graph graph_;                       // without weights
  std::vector<ConvTensors> tensors_;  // one per node
  std::vector<std::vector<std::size_t>> last_uses_;
  std::vector<std::optional<FakeQuantization>> quantizers_;  // one per node
  std::optional<FakeQuantization> input_quantizer_;
  bool retain_ = false;
  std::optional<Maps> retained_;  // of the last forward
};

// Loads LibTorch's CUDA half, once. It registers itself; nothing is linked with it.
Status load_gpu_half() {
  static const std::string failure = []() -> std::string {
    Dl_info info;
    if (dladdr(reinterpret_cast<const void*>(&at::get_num_threads), &info) == 0)
      return "LibTorch's folder is not known";
    const std::filesystem::path file =
        std::filesystem::path(info.dli_fname).parent_path() / "libtorch_cuda.so";
    if (dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr) return {};
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) {
      return fmt::format("there is no {}: run scripts/setup --cuda, then scripts/build --torch",
                         file.string());
    }
    return dlerror();
  }();
  if (!failure.empty()) return error("LibTorch's GPU half cannot be loaded: {}", failure);
  return {};
}

// On a GPU, FP32 without TF32.
Status open_device(const TorchOptions& options) {
  QYOLO_CHECK_OK(check_torch_device(options.device));
  const at::Device device(options.device);
  if (device.is_cpu()) return {};
  QYOLO_CHECK_OK(load_gpu_half());
  const auto count = static_cast<int>(at::getNumGPUs());
  if (count == 0) return error("{}: LibTorch finds no GPU with a driver here", options.device);
  if (device.has_index() && device.index() >= count)
    return error("{}: there {} here, cuda:0 to cuda:{}", options.device,
                 count == 1 ? "is 1 GPU" : fmt::format("are {} GPUs", count), count - 1);
  at::globalContext().setAllowTF32CuBLAS(false);
  at::globalContext().setAllowTF32CuDNN(false);
  return {};
}

}  // namespace

Result<std::unique_ptr<Executor>> make_torch_executor(const Graph& graph, int threads,
                                                      const TorchOptions& options) {
  if (threads < 0) return error("the number of threads is {}; expected 0 or more", threads);
  QYOLO_TRY([[maybe_unused]] const auto shapes,
            infer_shapes(graph, graph.max_stride, graph.max_stride));
  try {
    const c10::InferenceMode inference;
    const int used = threads == 0 ? default_threads() : threads;
    at::set_num_threads(used);
    QYOLO_CHECK_OK(open_device(options));
    return std::unique_ptr<Executor>(std::make_unique<TorchExecutor>(graph, used, options));
  } catch (const std::exception& exception) {
    const std::string_view text = exception.what();
    return error("LibTorch cannot take the network: {}", text.substr(0, text.find('\n')));
  }
}

}  // namespace qyolo::model
