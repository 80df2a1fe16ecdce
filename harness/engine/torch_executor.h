// The reference executor, by LibTorch: on the CPU, or on a GPU where LibTorch has its CUDA half.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/result.h"
#include "harness/engine/executor.h"

namespace qyolo::model {

// What maps, weights and biases are held in. Sums are in FP32; FP32 is that of IEEE 754 on a GPU,
// too (no TF32).
enum class TorchPrecision { kFp32, kBf16, kFp16 };

struct TorchOptions {
  std::string device = "cpu";  // or "cuda", "cuda:1"
  TorchPrecision precision = TorchPrecision::kFp32;
};

// Fails with the names.
Result<TorchPrecision> parse_torch_precision(std::string_view name);
// Fails on what names no device; whether it is there is not looked at.
Status check_torch_device(std::string_view name);

// Copies the weights out of the graph. threads 0: all the host offers. LibTorch has one setting for
// the whole process, so the executor made last sets the threads of all. On a GPU the CUDA half of
// LibTorch is loaded, from beside its CPU half. Fails where there is no such device. Simulated
// quantization of activations is FP32's.
Result<std::unique_ptr<Executor>> make_torch_executor(const Graph& graph, int threads = 0,
                                                      const TorchOptions& options = {});

}  // namespace qyolo::model
