#include "harness/engine/onednn_layer_runner.h"

#include <omp.h>

#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "harness/engine/convolution.h"
#include "harness/engine/kernels.h"

namespace qyolo::engine {
namespace {

class OnednnLayerRunner final : public model::LayerRunner {
 public:
  OnednnLayerRunner(const model::Graph& graph, KernelChoice kernels, const MatrixKernel& kernel,
                    int threads)
      : graph_(graph), threads_(threads) {
    context_.choice = kernels;
    context_.matrix_kernel = &kernel;
  }

  Status add_batch(std::span<const std::uint8_t> rgb, int batch, int height, int width) override {
    QYOLO_TRY(const auto shapes, model::infer_shapes(graph_, height, width));
    return guarded([&]() -> Status {
      Batch& added = batches_.emplace_back();
      added.shapes = shapes;
      added.input = {3, height, width};
      added.size = batch;
      added.maps.resize(graph_.nodes.size() + 1);
      load_input(rgb, make_map(added, model::kNetworkInput));
      return {};
    });
  }
  [[nodiscard]] std::size_t batches() const override { return batches_.size(); }

  Status run(int node, std::span<const float> weights, std::span<const float> bias) override {
    return guarded([&]() -> Status {
      omp_set_num_threads(threads_);
      const model::Node& what = graph_.nodes[static_cast<std::size_t>(node)];
      if (what.conv() != nullptr) return run_convolution(node, weights, bias);
      for (Batch& batch : batches_) run_other(batch, node, what);
      return {};
    });
  }

  [[nodiscard]] model::LayerMap map(int node, std::size_t batch) const override {
    const Batch& of = batches_[batch];
    const model::MapShape& shape = of.shape(node);
    const auto count = static_cast<std::size_t>(of.size) * static_cast<std::size_t>(shape.size());
    return {{reinterpret_cast<const float*>(of.block(node).data()), count},
            of.size,
            shape.height,
            shape.width,
            shape.channels};
  }

  void release(int node) override {
    for (Batch& batch : batches_) batch.block(node) = Block();
  }

 private:
  struct Batch {
    std::vector<model::MapShape> shapes;
    model::MapShape input;
    int size = 0;
    std::vector<Block> maps;  // the input's, then by node

    [[nodiscard]] const model::MapShape& shape(int node) const {
      return node < 0 ? input : shapes[static_cast<std::size_t>(node)];
    }
    [[nodiscard]] const Block& block(int node) const {
      return maps[static_cast<std::size_t>(node + 1)];
    }
    [[nodiscard]] Block& block(int node) { return maps[static_cast<std::size_t>(node + 1)]; }
  };

  template <class Body>
  static auto guarded(const Body& body) -> decltype(body()) {
    try {
      return body();
    } catch (const dnnl::error& failure) {
      return error("oneDNN cannot run the network layer by layer: {}", failure.what());
    } catch (const std::bad_alloc&) {
      return error("not enough memory for the maps of the calibration images; use fewer of them");
    }
  }

  static Map map_of(Batch& batch, int node) {
    const model::MapShape& shape = batch.shape(node);
    return {batch.block(node).data(), batch.size, shape.height, shape.width, shape.channels,
            shape.channels,           {}};
  }
  static Map make_map(Batch& batch, int node) {
    const auto count =
        static_cast<std::size_t>(batch.size) * static_cast<std::size_t>(batch.shape(node).size());
    batch.block(node).reserve(count * sizeof(float));
    return map_of(batch, node);
  }

  static Value value_of(const Batch& batch, int node) {
    const model::MapShape& shape = batch.shape(node);
    Value value;
    value.shape = shape;
    value.pitch = shape.channels;
    return value;
  }

  Status run_convolution(int node, std::span<const float> weights, std::span<const float> bias) {
    const model::Node& what = graph_.nodes[static_cast<std::size_t>(node)];
    ConvWeights held(*what.conv());
    held.set(weights);
    held.set_bias(bias);
    const int input = what.inputs[0];
    std::map<std::tuple<int, int, int>, std::unique_ptr<Convolution>> made;
    for (Batch& batch : batches_) {
      const model::MapShape& shape = batch.shape(input);
      auto& convolution = made[{batch.size, shape.height, shape.width}];
      if (!convolution) {
        QYOLO_TRY(convolution, Convolution::create(*what.conv(), held, value_of(batch, input),
                                                   value_of(batch, node), batch.size, context_));
        context_.scratchpad.reserve(convolution->scratchpad_bytes());
      }
      const Map to = make_map(batch, node);
      convolution->run(map_of(batch, input).data, to.data, context_);
    }
    return {};
  }

  static void run_other(Batch& batch, int node, const model::Node& what) {
    const Map to = make_map(batch, node);
    const auto from = [&](std::size_t i) { return map_of(batch, what.inputs[i]); };
    if (const auto* pool = std::get_if<model::MaxPoolNode>(&what.op)) {
      max_pool(from(0), to, pool->kernel, pool->stride, pool->padding);
    } else if (const auto* up = std::get_if<model::UpsampleNode>(&what.op)) {
      upsample(from(0), to, up->scale);
    } else if (std::holds_alternative<model::AddNode>(what.op)) {
      add(from(0), from(1), to);
    } else if (std::holds_alternative<model::ReorgNode>(what.op)) {
      reorg(from(0), to);
    } else {
      Map part = to;
      for (std::size_t i = 0; i < what.inputs.size(); ++i) {
        const Map source = from(i);
        part.channels = source.channels;
        copy(source, part);
        part.data = static_cast<float*>(part.data) + source.channels;
      }
    }
  }

  const model::Graph& graph_;
  int threads_;
  Context context_;
  std::vector<Batch> batches_;
};

}  // namespace

std::unique_ptr<model::LayerRunner> make_layer_runner(const model::Graph& graph,
                                                      KernelChoice kernels,
                                                      const MatrixKernel& kernel, int threads) {
  return std::make_unique<OnednnLayerRunner>(graph, kernels, kernel, threads);
}

}  // namespace qyolo::engine
