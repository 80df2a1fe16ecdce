// Many networks that differ in the weights of some convolutions, on the same images: what two of
// them have in common from the input on is computed once.
//
// The networks are sorted by their convolutions in execution order, so that neighbours share the
// longest prefixes; on each batch of images the first one runs in full, and every other one
// resumes, from the maps of the one before it, at the first convolution that differs. With each of
// n layers changed alone that takes about half of the work. The outputs are those of a forward of
// each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "common/result.h"
#include "harness/engine/executor.h"
#include "harness/evaluate/evaluation.h"
#include "harness/network/weight_store.h"

namespace qyolo::harness {

struct SweepNetwork {
  std::vector<SharedConv> convs;  // one per graph.conv_nodes()
  std::vector<model::ActivationQuantizer> quantizers;
};

// What the convolutions of a sweep took, in multiply-accumulates.
struct SweepWork {
  std::int64_t macs_full = 0;  // of a forward of each
  std::int64_t macs_run = 0;
  std::int64_t forwards = 0;  // networks x batches
  std::int64_t resumed = 0;   // of them not from the start

  [[nodiscard]] double saved_share() const;  // 0 of no work
  SweepWork& operator+=(const SweepWork& other);
};

// Convolution work of one image, node by node (0 of other nodes).
Result<std::vector<std::int64_t>> convolution_macs(const model::Graph& graph, int height,
                                                   int width);

// Leaves the executor with the weights of the network that ran last.
class Sweep {
 public:
  // The graph and the executor, which must be one of that graph, must outlive the sweep.
  Sweep(const model::Graph& graph, model::Executor& executor, std::vector<SweepNetwork> networks);
  ~Sweep();
  Sweep(const Sweep&) = delete;
  Sweep& operator=(const Sweep&) = delete;

  // Told the head outputs of each network, in an order of the sweep's choice.
  using OnOutputs =
      std::function<Status(std::size_t network, std::vector<model::HeadOutput> outputs)>;
  // Runs the networks that are marked. REQUIRES: one mark per network.
  Status run(std::span<const std::uint8_t> rgb, int batch, int height, int width,
             const std::vector<bool>& marked, const OnOutputs& on_outputs);
  // All of them.
  Status run(std::span<const std::uint8_t> rgb, int batch, int height, int width,
             const OnOutputs& on_outputs);

  [[nodiscard]] std::size_t size() const { return networks_.size(); }
  [[nodiscard]] const SweepWork& work() const { return work_; }

 private:
  // Makes the executor's network that one; the first convolution's index that changed, or their
  // number.
  Result<std::size_t> load(std::size_t network);
  Result<const std::vector<std::int64_t>*> macs(int height, int width);

  const model::Graph& graph_;
  model::Executor& executor_;
  std::vector<int> nodes_;
  std::vector<SweepNetwork> networks_;
  std::vector<std::size_t> order_;
  std::vector<std::size_t> quantizer_sets_;  // networks with equal quantizers have equal numbers
  std::vector<SharedConv> loaded_;
  std::size_t loaded_quantizers_;
  bool retains_;
  // For each convolution, the work of all from it on, by input size; one more entry, 0.
  std::map<std::pair<int, int>, std::vector<std::int64_t>> macs_from_;
  SweepWork work_;
};

}  // namespace qyolo::harness
