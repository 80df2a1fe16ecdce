// What the convolutions of an engine share.
#pragma once

#include <map>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>

#include "harness/engine/block.h"
#include "harness/engine/engine.h"
#include "harness/engine/gemm_convolution.h"
#include "harness/engine/matrix_kernel.h"

namespace qyolo::engine {

// Why a convolution is our own instead of oneDNN's.
enum class InsteadOf {
  kNothing,
  kDirectSummation,
  kReferenceKernel,
  kSaturatingKernel,
  kSlowerKernel,
  kAny
};

// Where our own products of 8 and 16 bits are the fastest here.
enum class OwnProducts {
  kNowhere,
  kFewChannels,  // direct ones of codes whose few channels leave AMX's tiles empty
  kEverywhere,   // these, and Winograd of bfloat16 and of codes
};

// Thread-unsafe, as an executor is.
struct Context {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  KernelChoice choice = KernelChoice::kBest;
  const MatrixKernel* matrix_kernel = nullptr;  // of our own convolutions
  OwnProducts own_products = OwnProducts::kNowhere;
  // Used by one primitive after the other.
  Block scratchpad;
  // What weight decoders decode into: some filters, and the one layer that a convolution reads.
  Block decoded, packed;
  FilterPanels decoded_panels;
  // What saturates() found, by kernel and channels.
  std::map<std::string, bool> saturating;
};

}  // namespace qyolo::engine
