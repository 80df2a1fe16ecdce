#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include "common/limits.h"
#include "common/parallel.h"
#include "harness/engine/block.h"
#include "harness/engine/convolution.h"
#include "harness/engine/engine.h"
#include "harness/engine/kernels.h"
#include "harness/engine/onednn_layer_runner.h"
#include "harness/engine/plan.h"
#include "harness/engine/threads.h"

namespace qyolo::engine {
namespace {

using Clock = std::chrono::steady_clock;
using model::HeadOutput;

constexpr std::size_t kPlans = 32;  // rect batches have some tens of shapes at most

// A plan with its primitives.
struct Prepared {
  Plan plan;
  std::vector<std::unique_ptr<Convolution>> convolutions;  // by step; nullptr: none
};

// As far as ONEDNN_MAX_CPU_ISA lets oneDNN go.
bool host_has(dnnl::cpu_isa set) {
  const auto isa = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  return (isa & static_cast<unsigned>(set)) == static_cast<unsigned>(set);
}

// As far as oneDNN goes, our own kernels go.
InstructionSet effective_instruction_set() {
  if (host_has(dnnl::cpu_isa::avx512_core_vnni)) return InstructionSet::kAvx512Vnni;
  if (host_has(dnnl::cpu_isa::avx512_core)) return InstructionSet::kAvx512;
  return host_has(dnnl::cpu_isa::avx2) ? InstructionSet::kAvx2 : InstructionSet::kBaseline;
}

// Of vectors, pairs of 16 bits are multiplied as fast as bfloat16, and half as fast as four of 8
// bits. AMX multiplies both many times as fast, where it is given enough at once, and AVX2's VNNI
// is oneDNN's alone.
OwnProducts own_products() {
  if (host_has(dnnl::cpu_isa::avx512_core_amx)) return OwnProducts::kFewChannels;
  const bool others =
      host_has(dnnl::cpu_isa::avx2_vnni) && !host_has(dnnl::cpu_isa::avx512_core_vnni);
  return others ? OwnProducts::kNowhere : OwnProducts::kEverywhere;
}

class OnednnEngine final : public Engine {
 public:
  OnednnEngine(const model::Graph& graph, Precision precision, int threads, KernelChoice kernels)
      : precision_(precision), wanted_threads_(threads), threads_(grant_threads(threads)) {
    context_.choice = kernels;
    context_.matrix_kernel = &matrix_kernel(effective_instruction_set());
    context_.own_products = own_products();
    graph_.max_stride = graph.max_stride;
    graph_.head = graph.head;
    weights_.resize(graph.nodes.size());
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      const model::Node& node = graph.nodes[i];
      const model::ConvNode* conv = node.conv();
      if (conv != nullptr) {
        weights_[i] = std::make_unique<ConvWeights>(*conv);
        weights_[i]->set(conv->weight);
        weights_[i]->set_bias(conv->bias);
      }
      graph_.nodes.push_back(model::without_weights(node));
    }
    own_ = survey();
  }

  Result<std::vector<HeadOutput>> forward(std::span<const std::uint8_t> rgb, int batch, int height,
                                          int width) override {
    return forward_any(rgb, batch, height, width);
  }
  Result<std::vector<HeadOutput>> forward(std::span<const float> input, int batch, int height,
                                          int width) override {
    return forward_any(input, batch, height, width);
  }

  // A convolution holds no weights, but its bias; which one it is follows from the weights' form.
  void set_weights(int node, std::span<const float> weights) override {
    if (weights_of(node).integer() || weights_of(node).decoded()) prepared_.clear();
    weights_of(node).set(weights);
  }
  void set_bias(int node, std::span<const float> bias) override {
    if (std::ranges::equal(weights_of(node).bias(), bias)) return;
    weights_of(node).set_bias(bias);
    for (auto& [key, prepared] : prepared_) replace_bias(*prepared, node);
  }
  Status set_integer_weights(int node, std::span<const std::int8_t> codes,
                             std::span<const float> scales) override {
    if (precision_ != Precision::kInt8) {
      return error("{} has no integer convolutions", description());
    }
    prepared_.clear();
    weights_of(node).set(codes, scales);
    return {};
  }
  [[nodiscard]] bool wants_integer_weights() const override {
    return precision_ == Precision::kInt8;
  }
  Status set_weight_decoder(int node, model::WeightDecoder decoder) override {
    if (!weights_of(node).decoded()) prepared_.clear();
    weights_of(node).set(std::move(decoder));
    return {};
  }

  Status set_activation_quantizers(
      std::span<const model::ActivationQuantizer> quantizers) override {
    if (precision_ == Precision::kBf16 && !quantizers.empty()) {
      return error("{} cannot simulate quantized activations; fp32 can", description());
    }
    if (std::ranges::equal(quantizers, quantizers_)) return {};
    quantizers_.assign(quantizers.begin(), quantizers.end());
    prepared_.clear();
    return {};
  }

  Status observe(std::span<const std::uint8_t> rgb, int batch, int height, int width,
                 std::span<const int> nodes, const model::ActivationObserver& observer) override {
    const bool integers = std::ranges::any_of(
        weights_, [](const auto& weights) { return weights != nullptr && weights->integer(); });
    if (precision_ == Precision::kBf16 || integers)
      return error("{} cannot observe activations; fp32 can", description());
    const std::vector<model::ActivationQuantizer> quantizers = std::exchange(quantizers_, {});
    prepared_.clear();
    Status status = observe_floats(rgb, batch, height, width, nodes, observer);
    prepared_.clear();
    block_ = Block();  // all maps at once take several times what a forward needs
    quantizers_ = quantizers;
    return status;
  }

  Result<std::unique_ptr<model::LayerRunner>> layer_runner() override {
    return make_layer_runner(graph_, context_.choice, *context_.matrix_kernel, threads_);
  }

  Status set_retain(bool retain) override {
    if (retain_ && !retain) block_ = Block();
    retain_ = retain;
    last_ = nullptr;
    return {};
  }
  Result<std::vector<HeadOutput>> resume(int first_node) override {
    if (!retain_ || last_ == nullptr || prepared_.empty())
      return error("no forward to resume: its maps were not retained");
    return guarded([&]() -> Result<std::vector<HeadOutput>> {
      // What the maps were computed with must be what goes on with them.
      if (grant_threads(threads_) != threads_)
        return error("fewer threads are granted than the forward to resume had");
      run_steps(*last_, last_->plan.first_step[static_cast<std::size_t>(first_node)],
                [](const Step&, auto&& run) { run(); });
      return outputs(last_->plan);
    });
  }

  Result<std::vector<StepTime>> profile(std::span<const std::uint8_t> rgb, int batch, int height,
                                        int width) override;

  [[nodiscard]] std::string description() const override {
    std::string text = fmt::format("{}, {}, {} thread{}", onednn_version(),
                                   precision_name(precision_), threads_, threads_ == 1 ? "" : "s");
    if (!own_.empty()) text += "; " + own_;
    return text;
  }
  [[nodiscard]] std::string engine() const override { return onednn_version(); }
  [[nodiscard]] std::string precision() const override {
    return std::string(precision_name(precision_));
  }
  [[nodiscard]] std::string note() const override { return own_; }
  [[nodiscard]] std::string identity() const override {
    const bool best = context_.choice == KernelChoice::kBest;
    const bool shorts =
        best && context_.own_products == OwnProducts::kEverywhere && precision_ != Precision::kFp32;
    const bool floats = best && precision_ != Precision::kBf16;
    std::string_view bytes;  // direct products of our own, of some layers or of all
    if (precision_ == Precision::kInt8 && (best || context_.choice == KernelChoice::kDirect)) {
      if (context_.own_products == OwnProducts::kFewChannels) bytes = "-few-bytes";
      if (context_.own_products == OwnProducts::kEverywhere && !best) bytes = "-bytes";
    }
    return fmt::format("onednn-{}{}{}", precision_name(precision_),
                       shorts   ? "-winograd16"
                       : floats ? "-winograd"
                                : "",
                       bytes);
  }

 private:
  ConvWeights& weights_of(int node) { return *weights_[static_cast<std::size_t>(node)]; }

  template <class Body>
  static auto guarded(const Body& body) -> decltype(body()) {
    try {
      return body();
    } catch (const dnnl::error& failure) {
      return error("oneDNN cannot run the network: {}", failure.what());
    } catch (const std::bad_alloc&) {
      return error("not enough memory to run the network");
    }
  }

  // Which convolutions of a nominal input will be our own, and why.
  std::string survey() {
    const int side = 10 * graph_.max_stride;
    const auto shapes = model::infer_shapes(graph_, side, side);
    if (!shapes.ok()) return "";
    const MapType maps = precision_ == Precision::kFp32   ? MapType{Element::kF32}
                         : precision_ == Precision::kBf16 ? MapType{Element::kBf16}
                                                          : MapType{Element::kU8, 1, 1};
    std::map<InsteadOf, int> counts;
    int all = 0;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const model::ConvNode* conv = graph_.nodes[i].conv();
      if (conv == nullptr) continue;
      // Its head is FP32, whatever the rest is.
      if (precision_ == Precision::kInt8 && conv->head) continue;
      ++all;
      const int input = graph_.nodes[i].inputs[0];
      const Value from{.shape = input < 0 ? model::MapShape{conv->channels, side, side}
                                          : (*shapes)[static_cast<std::size_t>(input)],
                       .type = maps};
      const Value to{.shape = (*shapes)[i], .type = conv->head ? MapType{} : maps};
      ConvWeights weights(*conv);
      if (precision_ == Precision::kInt8) weights.set_for_description(conv->filters);
      const auto instead = Convolution::own_instead_of(*conv, weights, from, to, 1, context_);
      if (instead.ok()) ++counts[*instead];
    }
    std::string text;
    for (const auto& [instead, count] : counts) {
      if (instead == InsteadOf::kNothing || instead == InsteadOf::kDirectSummation ||
          instead == InsteadOf::kSlowerKernel) {
        continue;
      }
      text += fmt::format("{}{} of {} convolutions by qyolo's own {} kernels{}",
                          text.empty() ? "" : "; ", count, all, context_.matrix_kernel->name,
                          reason(instead));
    }
    return text;
  }

  static std::string_view reason(InsteadOf instead) {
    switch (instead) {
      case InsteadOf::kReferenceKernel:
        return ", since oneDNN has only reference kernels for them on this CPU";
      case InsteadOf::kSaturatingKernel:
        return ", exact, since the sums of oneDNN's saturate in 16 bits on this CPU";
      case InsteadOf::kNothing:
      case InsteadOf::kDirectSummation:
      case InsteadOf::kSlowerKernel:
      case InsteadOf::kAny:
        break;
    }
    return "";
  }

  Result<MapTypes> types() const {
    if (precision_ != Precision::kInt8) {
      return float_types(graph_, precision_ == Precision::kBf16 ? Element::kBf16 : Element::kF32,
                         quantizers_);
    }
    std::vector<bool> integer(graph_.nodes.size(), false);
    for (std::size_t i = 0; i < integer.size(); ++i)
      integer[i] = weights_[i] != nullptr && weights_[i]->integer();
    return integer_types(graph_, std::move(integer), quantizers_);
  }

  Result<Prepared*> prepare(int batch, int height, int width) {
    const auto key = std::tuple(batch, height, width, retain_);
    if (const auto found = prepared_.find(key); found != prepared_.end())
      return found->second.get();
    if (prepared_.size() >= kPlans) prepared_.clear();
    QYOLO_TRY(const auto shapes, model::infer_shapes(graph_, height, width));
    QYOLO_TRY(const MapTypes map_types, types());
    auto made = std::make_unique<Prepared>();
    made->plan = make_plan(graph_, shapes, {3, height, width}, batch, map_types, retain_);
    if (const auto most = static_cast<std::size_t>(most_map_bytes());
        made->plan.block_bytes > most) {
      return error(
          "the network's maps take {:.3g} GB at a time at {} x {} and batch {}, at most {:.3g} GB "
          "are given to them ({})",
          static_cast<double>(made->plan.block_bytes) * 1e-9, width, height, batch,
          static_cast<double>(most) * 1e-9, kMapGigabytes.variable);
    }
    // Its maps, its weights once more as kernels want them, and what a kernel's code takes.
    constexpr std::size_t kKernelBytes = std::size_t{256} << 10, kOthers = std::size_t{16} << 20;
    std::size_t needed = made->plan.block_bytes + kOthers;
    const Element maps = precision_ == Precision::kBf16 ? Element::kBf16 : Element::kF32;
    for (const int node : graph_.conv_nodes()) {
      const model::ConvNode& conv = *graph_.nodes[static_cast<std::size_t>(node)].conv();
      needed += kKernelBytes;
      if (!prepared_.empty()) continue;  // the weights are there
      const model::MapShape& shape = shapes[static_cast<std::size_t>(node)];
      if (context_.choice == KernelChoice::kBest &&
          suits_winograd(conv, maps, shape.height, shape.width))
        needed += winograd_filter_bytes(*context_.matrix_kernel, conv, maps);
      needed += sizeof(float) * weights_of(node).size();
    }
    if (!can_reserve(needed)) {
      return error("not enough memory to run the network at {} x {} and batch {}: about {} MB more",
                   width, height, batch, needed >> 20);
    }
    for (const Step& step : made->plan.steps) {
      std::unique_ptr<Convolution>& convolution = made->convolutions.emplace_back();
      const model::ConvNode* conv = graph_.nodes[static_cast<std::size_t>(step.node)].conv();
      if (conv == nullptr || step.kind != Step::Kind::kNode) continue;
      QYOLO_TRY(convolution,
                Convolution::create(*conv, weights_of(step.node), value(made->plan, step.inputs[0]),
                                    value(made->plan, step.output), batch, context_));
      context_.scratchpad.reserve(convolution->scratchpad_bytes());
    }
    return (prepared_[key] = std::move(made)).get();
  }

  void replace_bias(Prepared& prepared, int node) {
    for (std::size_t s = 0; s < prepared.plan.steps.size(); ++s) {
      if (prepared.plan.steps[s].node == node && prepared.convolutions[s])
        prepared.convolutions[s]->set_bias();
    }
  }

  static const Value& value(const Plan& plan, int i) {
    return plan.values[static_cast<std::size_t>(i)];
  }

  [[nodiscard]] Map map(const Plan& plan, int i) {
    const Value& v = value(plan, i);
    const std::size_t offset = plan.buffers[static_cast<std::size_t>(v.buffer)].offset +
                               static_cast<std::size_t>(v.channel_offset) * size_of(v.type.element);
    return {block_.data() + offset, plan.batch, v.shape.height, v.shape.width,
            v.shape.channels,       v.pitch,    v.type};
  }

  void run_step(Prepared& prepared, std::size_t s) {
    const Plan& plan = prepared.plan;
    const Step& step = plan.steps[s];
    const Map to = map(plan, step.output), from = map(plan, step.inputs[0]);
    if (step.kind == Step::Kind::kCopy) return copy(from, to);
    if (step.kind == Step::Kind::kFakeQuantize) return fake_quantize(to, quantizer(step.node));
    if (prepared.convolutions[s])
      return prepared.convolutions[s]->run(from.data, to.data, context_);
    (void)run_node(
        graph_.nodes[static_cast<std::size_t>(step.node)],
        [&](std::size_t i) { return map(plan, step.inputs[i]); }, to);
  }

  [[nodiscard]] const model::FakeQuantization& quantizer(int node) const {
    return std::ranges::find(quantizers_, node, &model::ActivationQuantizer::node)->map;
  }

  // around(step, run) calls run.
  template <class Around>
  void run_steps(Prepared& prepared, int first, const Around& around) {
    for (auto s = static_cast<std::size_t>(first); s < prepared.plan.steps.size(); ++s)
      around(prepared.plan.steps[s], [&] { run_step(prepared, s); });
  }

  std::vector<HeadOutput> outputs(const Plan& plan) {
    std::vector<HeadOutput> all;
    for (const model::HeadLevel& level : graph_.head) {
      const Map from = map(plan, plan.value_of_node[static_cast<std::size_t>(level.node)]);
      HeadOutput output{from.batch, from.channels, from.height, from.width, {}};
      output.values.resize(
          static_cast<std::size_t>(from.batch) * static_cast<std::size_t>(from.channels) *
          static_cast<std::size_t>(from.height) * static_cast<std::size_t>(from.width));
      store_output(from, output.values);
      all.push_back(std::move(output));
    }
    return all;
  }

  template <class T>
  Result<Prepared*> start(std::span<const T> values, int batch, int height, int width) {
    const std::int64_t expected = std::int64_t{3} * height * width * std::max(batch, 0);
    if (batch < 1 || std::cmp_not_equal(values.size(), expected)) {
      return error("the network's input has {} values; {} images of 3 x {} x {} have {}",
                   values.size(), batch, height, width, expected);
    }
    last_ = nullptr;
    if (const int granted = grant_threads(wanted_threads_); granted != threads_) {
      prepared_.clear();  // primitives are made for a number of threads
      threads_ = granted;
    }
    QYOLO_TRY(Prepared * prepared, prepare(batch, height, width));
    block_.reserve(prepared->plan.block_bytes);
    return prepared;
  }

  template <class T>
  void load(std::span<const T> values, const Plan& plan) {
    const Map input = map(plan, plan.input);
    load_input(values, input);
    const auto found =
        std::ranges::find(quantizers_, model::kNetworkInput, &model::ActivationQuantizer::node);
    if (found != quantizers_.end() && input.type.element == Element::kF32)
      fake_quantize(input, found->map);
  }

  template <class T>
  Result<std::vector<HeadOutput>> forward_any(std::span<const T> values, int batch, int height,
                                              int width) {
    return guarded([&]() -> Result<std::vector<HeadOutput>> {
      QYOLO_TRY(Prepared * prepared, start(values, batch, height, width));
      load(values, prepared->plan);
      run_steps(*prepared, 0, [](const Step&, auto&& run) { run(); });
      last_ = prepared;
      return outputs(prepared->plan);
    });
  }

  Status observe_floats(std::span<const std::uint8_t> rgb, int batch, int height, int width,
                        std::span<const int> nodes, const model::ActivationObserver& observer) {
    const bool retained = std::exchange(retain_, true);
    Status status = guarded([&]() -> Status {
      QYOLO_TRY(Prepared * prepared, start(rgb, batch, height, width));
      load(rgb, prepared->plan);
      run_steps(*prepared, 0, [](const Step&, auto&& run) { run(); });
      for (const int node : nodes) {
        const Map shown =
            map(prepared->plan, node < 0
                                    ? prepared->plan.input
                                    : prepared->plan.value_of_node[static_cast<std::size_t>(node)]);
        observer(
            node,
            {static_cast<const float*>(shown.data),
             static_cast<std::size_t>(shown.batch) * static_cast<std::size_t>(shown.height) *
                 static_cast<std::size_t>(shown.width) * static_cast<std::size_t>(shown.channels)});
      }
      return {};
    });
    retain_ = retained;
    last_ = nullptr;
    return status;
  }

  Precision precision_;
  int wanted_threads_, threads_;                       // threads_: granted
  model::Graph graph_;                                 // without weights
  std::vector<std::unique_ptr<ConvWeights>> weights_;  // by node; nullptr: no convolution
  std::vector<model::ActivationQuantizer> quantizers_;
  bool retain_ = false;
  Context context_;
  Block block_;
  std::string own_;  // description of what is not oneDNN's
  std::map<std::tuple<int, int, int, bool>, std::unique_ptr<Prepared>> prepared_;
  Prepared* last_ = nullptr;
};

std::string operation_of(const Plan& plan, const Step& step, const model::Node& node) {
  if (step.kind == Step::Kind::kFakeQuantize) return "fake-quantize";
  if (step.kind == Step::Kind::kCopy) {
    const MapType& from = plan.values[static_cast<std::size_t>(step.inputs[0])].type;
    const MapType& to = plan.values[static_cast<std::size_t>(step.output)].type;
    return from == to ? "copy" : "convert";
  }
  if (const model::ConvNode* conv = node.conv()) {
    return fmt::format("conv {}x{}{}", conv->kernel_h, conv->kernel_w,
                       conv->stride_h > 1 ? fmt::format("/{}", conv->stride_h) : "");
  }
  if (const auto* pool = std::get_if<model::MaxPoolNode>(&node.op))
    return fmt::format("max-pool {}", pool->kernel);
  if (std::holds_alternative<model::UpsampleNode>(node.op)) return "upsample";
  return std::holds_alternative<model::AddNode>(node.op) ? "add" : "reorg";
}

double gflop_of(const model::ConvNode& conv, const model::MapShape& to, int batch) {
  return 2e-9 * static_cast<double>(to.size()) * batch * (conv.channels / conv.groups) *
         conv.kernel_h * conv.kernel_w;
}

Result<std::vector<StepTime>> OnednnEngine::profile(std::span<const std::uint8_t> rgb, int batch,
                                                    int height, int width) {
  return guarded([&]() -> Result<std::vector<StepTime>> {
    std::vector<StepTime> times;
    const auto timed = [&](StepTime step, const auto& run) {
      const Clock::time_point start = Clock::now();
      run();
      step.milliseconds = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
      times.push_back(std::move(step));
    };
    QYOLO_TRY(Prepared * prepared, start(rgb, batch, height, width));
    const Plan& plan = prepared->plan;
    timed({model::kNetworkInput, "", "input", ""}, [&] { load(rgb, plan); });
    for (std::size_t s = 0; s < plan.steps.size(); ++s) {
      const Step& step = plan.steps[s];
      const model::Node& node = graph_.nodes[static_cast<std::size_t>(step.node)];
      StepTime time{step.node, model::node_name(graph_, step.node), operation_of(plan, step, node),
                    ""};
      if (prepared->convolutions[s]) {
        time.kernel = prepared->convolutions[s]->kernel();
        time.gflop = gflop_of(*node.conv(), value(plan, step.output).shape, batch);
      }
      timed(std::move(time), [&] { run_step(*prepared, s); });
    }
    timed({model::kNetworkInput, "", "output", ""}, [&] { (void)outputs(plan); });
    return times;
  });
}

Status check_host(Precision precision) {
  if (precision != Precision::kBf16) return {};
  if (host_has(dnnl::cpu_isa::avx512_core_bf16)) return {};
  return error("this CPU has no bfloat16 arithmetic that {} uses (AVX-512 BF16)", onednn_version());
}

}  // namespace

std::string onednn_version() {
  const dnnl_version_t* version = dnnl_version();
  return fmt::format("oneDNN {}.{}.{}", version->major, version->minor, version->patch);
}

Result<std::unique_ptr<Engine>> make_engine(const model::Graph& graph, Precision precision,
                                            int threads, KernelChoice kernels) {
  if (threads < 0) return error("the number of threads is {}; expected 0 or more", threads);
  QYOLO_CHECK_OK(check_host(precision));
  QYOLO_TRY([[maybe_unused]] const auto shapes,
            model::infer_shapes(graph, graph.max_stride, graph.max_stride));
  try {
    return std::unique_ptr<Engine>(std::make_unique<OnednnEngine>(
        graph, precision, threads == 0 ? default_threads() : threads, kernels));
  } catch (const dnnl::error& failure) {
    return error("oneDNN cannot take the network: {}", failure.what());
  }
}

Result<double> measure_peak_gflops(Precision precision, int threads) {
  QYOLO_CHECK_OK(check_host(precision));
  using dnnl::memory;
  constexpr memory::dim kSize = 1024;
  constexpr int kRounds = 9;
  constexpr double kGflop = 2e-9 * kSize * kSize * kSize;
  using Type = memory::data_type;
  const bool integer = precision == Precision::kInt8;
  const Type a = integer ? Type::u8 : precision == Precision::kBf16 ? Type::bf16 : Type::f32;
  const Type b = integer ? Type::s8 : a;
  const Type c = integer ? Type::s32 : a;
  try {
    grant_threads(threads == 0 ? default_threads() : threads);
    Context context;
    const memory::dims dims = {kSize, kSize};
    const memory::desc left(dims, a, memory::format_tag::ab),
        right(dims, b, memory::format_tag::any), product(dims, c, memory::format_tag::ab);
#if DNNL_VERSION_MAJOR >= 3
    const dnnl::matmul::primitive_desc description(context.engine, left, right, product);
#else
    const dnnl::matmul::primitive_desc description({left, right, product}, context.engine);
#endif
    const dnnl::matmul matmul(description);
    memory from(left, context.engine), weights(description.weights_desc(), context.engine),
        to(product, context.engine);
    for (const memory& operand : {from, weights})
      std::memset(operand.get_data_handle(), 0, operand.get_desc().get_size());
    double best = std::numeric_limits<double>::infinity();
    for (int round = 0; round < kRounds; ++round) {
      const Clock::time_point start = Clock::now();
      matmul.execute(context.stream,
                     {{DNNL_ARG_SRC, from}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, to}});
      context.stream.wait();
      best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
    }
    return kGflop / best;
  } catch (const dnnl::error& failure) {
    return error("oneDNN cannot multiply matrices: {}", failure.what());
  }
}

}  // namespace qyolo::engine
