// The inner loops of convolutions as matrix products, where oneDNN has no good kernel
// (gemm_convolution.h): written once, compiled for several instruction sets. No oneDNN here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/model/graph.h"

namespace qyolo::engine {

enum class InstructionSet {
  kBaseline,  // what every CPU of the architecture has: SSE2, NEON
  kAvx2,      // with FMA
  kAvx512,    // F and BW
};

// What becomes of sums, filter by filter: activation(scale * sum + bias), as floats or codes.
struct Finish {
  const float* scales = nullptr;  // of integer sums
  const float* bias = nullptr;
  model::Activation activation = model::Activation::kIdentity;
  float slope = 0;
  bool codes = false;
  float inverse_scale = 1, zero_point = 0;  // of the codes; rounded half to even, as oneDNN does
};

// multiply: tile[rows][columns] += a[rows][depth] b[depth][columns], all of the kernel's size.
//
// `a` has its rows `a_pitch` elements apart, `tile` `tile_pitch`. `b` is a panel: for floats
// [depth][columns], for integers [depth / group][columns][group] (pairs, for instructions that
// multiply and add them). Integers are exact as long as their sums fit 32 bits; REQUIRES: no
// element is -32768, and depth is a multiple of `group`.
struct MatrixKernel {
  template <class T, class Sum>
  using Multiply = void (*)(const T* a, std::ptrdiff_t a_pitch, const T* b, std::ptrdiff_t depth,
                            Sum* tile, std::ptrdiff_t tile_pitch);
  // sums[rows][count] to to[rows][count], floats or bytes. Sums, scales and bias are read to the
  // end of the tile in which the last is.
  template <class Sum>
  using FinishRows = void (*)(const Sum* sums, std::ptrdiff_t pitch, std::ptrdiff_t rows,
                              std::ptrdiff_t count, const Finish& finish, void* to,
                              std::ptrdiff_t to_pitch);
  // to[i] = from[i] - zero_point
  using Widen = void (*)(const std::uint8_t* from, std::ptrdiff_t count, int zero_point,
                         std::int16_t* to);

  const char* name = "";  // "avx2"
  InstructionSet isa = InstructionSet::kBaseline;
  int rows = 0, columns = 0;
  int group = 1;
  // The second ones compute the first half of the tile's columns only.
  Multiply<float, float> multiply_floats = nullptr, multiply_half_floats = nullptr;
  Multiply<std::int16_t, std::int32_t> multiply_integers = nullptr,
                                       multiply_half_integers = nullptr;
  FinishRows<float> finish_floats = nullptr;
  FinishRows<std::int32_t> finish_integers = nullptr;
  Widen widen = nullptr;
};

// Those that this CPU runs, the best last; never empty.
[[nodiscard]] const std::vector<MatrixKernel>& matrix_kernels();
// The best of them within `limit`.
[[nodiscard]] const MatrixKernel& matrix_kernel(InstructionSet limit);

}  // namespace qyolo::engine
