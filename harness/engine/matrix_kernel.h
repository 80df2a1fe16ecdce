// Tiles of matrix products, for convolutions where oneDNN has no good kernel (gemm_convolution.h):
// written once, compiled for several instruction sets. No oneDNN here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace qyolo::engine {

enum class InstructionSet {
  kBaseline,  // what every CPU of the architecture has: SSE2, NEON
  kAvx2,      // with FMA
  kAvx512,    // F and BW
};

// tile[rows][columns] += a[rows][depth] b[depth][columns], all of the kernel's size.
//
// `a` has its rows `a_pitch` elements apart, `tile` `tile_pitch`. `b` is a panel: for floats
// [depth][columns], for integers [depth / group][columns][group] (pairs, for instructions that
// multiply and add them). Integers are exact as long as their sums fit 32 bits; REQUIRES: no
// element is -32768, and depth is a multiple of `group`.
struct MatrixKernel {
  using Floats = void (*)(const float* a, std::ptrdiff_t a_pitch, const float* b,
                          std::ptrdiff_t depth, float* tile, std::ptrdiff_t tile_pitch);
  using Integers = void (*)(const std::int16_t* a, std::ptrdiff_t a_pitch, const std::int16_t* b,
                            std::ptrdiff_t depth, std::int32_t* tile, std::ptrdiff_t tile_pitch);

  const char* name = "";  // "avx2"
  InstructionSet isa = InstructionSet::kBaseline;
  int rows = 0, columns = 0;
  int group = 1;
  Floats floats = nullptr;
  Integers integers = nullptr;
};

// Those that this CPU runs, the best last; never empty.
[[nodiscard]] const std::vector<MatrixKernel>& matrix_kernels();
// The best of them within `limit`.
[[nodiscard]] const MatrixKernel& matrix_kernel(InstructionSet limit);

}  // namespace qyolo::engine
