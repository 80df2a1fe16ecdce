// harness/engine/: the fast executor. The graph becomes a plan of steps over one block of memory;
// convolutions with their activation functions are oneDNN primitives with prepacked weights (or,
// where ours are faster or oneDNN has no good ones, our own: winograd.h, byte_convolution.h,
// gemm_convolution.h), the rest are kernels of our own. executor_torch.cpp is the reference that it
// is tested against.
//
// Maps are NHWC from end to end. What a concatenation reads is copied into its channels as soon as
// it is computed, while it is in the cache; pooling and upsampling write there directly. Buffers
// are shared by liveness, and kept from one forward to the next.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/engine/executor.h"
#include "harness/engine/precision.h"

namespace qyolo::engine {

// What a part of a forward took.
struct StepTime {
  int node = 0;           // of the graph; model::kNetworkInput: the input, or the head's outputs
  std::string name;       // "model.0.conv"
  std::string operation;  // "conv 3x3/2", "max-pool 5", "concat", "input", "output"
  std::string kernel;     // of a convolution: oneDNN's name of it, or "qyolo:winograd:avx2"
  double gflop = 0;       // 2 x multiply-accumulates of the whole batch
  double milliseconds = 0;
};

// Which kernels convolutions run on; others than kBest are for tests and comparisons.
enum class KernelChoice {
  // Our own Winograd (harness/engine/winograd.h) where it suits, our own convolutions of bytes
  // (harness/engine/byte_convolution.h) where the host multiplies these without AMX, or with it but
  // a
  // layer's channels are few; else oneDNN's, and where it has only reference kernels, or integer
  // ones whose sums saturate in 16 bits, our own matrix products
  // (harness/engine/gemm_convolution.h).
  kBest,
  kDirect,     // the same without Winograd: less memory, and sums as the definition has them
  kOwn,        // our own matrix products
  kReference,  // oneDNN's plain loops
};

class Engine : public model::Executor {
 public:
  // One forward, step by step. The sum is more than an unobserved forward takes, by the clock's
  // own calls.
  virtual Result<std::vector<StepTime>> profile(std::span<const std::uint8_t> rgb, int batch,
                                                int height, int width) = 0;
  // What is unusual about how this host runs the network, for people, a part of description(): "92
  // of 92 convolutions by qyolo's own neon kernels, since ..."; "": nothing.
  [[nodiscard]] virtual std::string note() const = 0;
};

// Copies the weights out of the graph. threads 0: all the host offers. Fails where this host or
// this oneDNN cannot compute at this precision.
//
// kInt8: a convolution whose weights were set by set_integer_weights() computes on integers, and
// needs codes of 8 bits as its input (set_activation_quantizers()); one whose weights were set by
// set_weights() computes in FP32. Where maps become codes or floats follows from these two.
Result<std::unique_ptr<Engine>> make_engine(const model::Graph& graph, Precision precision,
                                            int threads = 0,
                                            KernelChoice kernels = KernelChoice::kBest);

// "oneDNN 2.6.3".
[[nodiscard]] std::string onednn_version();

// Best of some multiplications of 1024 x 1024 matrices at this precision, in GFLOP/s: what the host
// can reach with this library. Fails as make_engine() does.
Result<double> measure_peak_gflops(Precision precision, int threads = 0);

}  // namespace qyolo::engine
