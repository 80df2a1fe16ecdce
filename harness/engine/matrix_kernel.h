// The inner loops of convolutions as matrix products, where oneDNN has no good kernel
// (gemm_convolution.h): written once, compiled for several instruction sets. No oneDNN here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/engine/plan.h"
#include "harness/model/graph.h"

namespace qyolo::engine {

enum class InstructionSet {
  kBaseline,  // what every CPU of the architecture has: SSE2, NEON
  kAvx2,      // with FMA
  kAvx512,    // F and BW
  kAvx512Vnni,
};

// Tiles of Winograd's F(4 x 4, 3 x 3): outputs, inputs, and products of the two transforms.
constexpr int kTileSide = 4, kWindowSide = 6, kTilePoints = kWindowSide * kWindowSide;

// What becomes of sums, filter by filter: activation(scale * sum + bias), as floats, bfloat16
// (rounded half to even) or codes.
struct Finish {
  const float* scales = nullptr;  // of integer sums
  const float* bias = nullptr;
  model::Activation activation = model::Activation::kIdentity;
  float slope = 0;
  Element element = Element::kF32;
  float inverse_scale = 1, zero_point = 0;  // of the codes; rounded half to even, as oneDNN does
};
// Of the convolution's activation and the map that it writes; scales and bias are the caller's.
[[nodiscard]] inline Finish finish_of(const model::ConvNode& conv, const MapType& to) {
  Finish finish;
  finish.activation = conv.activation;
  finish.slope = conv.activation == model::Activation::kLeakyReLU ? conv.slope : 0.0F;
  finish.element = to.element;
  finish.inverse_scale = 1.0F / to.scale;
  finish.zero_point = static_cast<float>(to.zero_point);
  return finish;
}

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
  // tile[rows][columns] = starts[columns] + a b of bytes, with the columns' pitch. `a` are rows
  // that consist of `parts` pieces of `depth` codes, `part_pitch` apart; `b` is [parts][depth /
  // 4][columns][4]. REQUIRES: depth % 4 == 0; sums that fit 32 bits.
  static constexpr int kByteGroup = 4;
  using ByteProduct = void (*)(const std::uint8_t* a, std::ptrdiff_t a_pitch, int parts,
                               std::ptrdiff_t part_pitch, std::ptrdiff_t depth,
                               const std::int8_t* b, const std::int32_t* starts,
                               std::int32_t* tile);
  // sums[rows][count] to to[rows][count]. Sums, scales and bias are read to the
  // end of the tile in which the last is.
  template <class Sum>
  using FinishRows = void (*)(const Sum* sums, std::ptrdiff_t pitch, std::ptrdiff_t rows,
                              std::ptrdiff_t count, const Finish& finish, void* to,
                              std::ptrdiff_t to_pitch);
  // to[i] = from[i] - zero_point
  using Widen = void (*)(const std::uint8_t* from, std::ptrdiff_t count, int zero_point,
                         std::int16_t* to);

  // The window of a tile, [6][6][channels] with rows and pixels so many elements apart,
  // transformed: to[36][channels], points `point_pitch` apart. REQUIRES: channels % 16 == 0.
  using TransformWindow = void (*)(const float* window, std::ptrdiff_t row_pitch,
                                   std::ptrdiff_t pixel_pitch, std::ptrdiff_t channels, float* to,
                                   std::ptrdiff_t point_pitch);
  // The same of T's, bfloat16 or codes less their zero point, in integers: round(point / scale),
  // and returns the scale, with which the largest magnitude becomes `largest`; NaN if that is not
  // finite. `points` is for the call: [36][channels].
  template <class T>
  using TransformShortWindow = float (*)(const T* window, std::ptrdiff_t row_pitch,
                                         std::ptrdiff_t pixel_pitch, std::ptrdiff_t channels,
                                         int zero_point, float largest, float* points,
                                         std::int16_t* to, std::ptrdiff_t point_pitch);
  // products[36][columns], points `point_pitch` apart, become a tile of sums: to[4][4][columns].
  using TransformProducts = void (*)(const float* products, std::ptrdiff_t point_pitch, float* to);
  // The same of integers that stand for products * filter_scales[columns] * tile_scale.
  using TransformIntegerProducts = void (*)(const std::int32_t* products,
                                            std::ptrdiff_t point_pitch, const float* filter_scales,
                                            float tile_scale, float* to);
  static constexpr int kMostRows = 12;

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
  // By the number of rows, 1 to `rows`: tile = a b instead of tile += a b.
  std::array<Multiply<float, float>, kMostRows + 1> product = {};
  std::array<Multiply<std::int16_t, std::int32_t>, kMostRows + 1> integer_product = {};
  std::array<ByteProduct, kMostRows + 1> byte_product = {};  // nullptr: no such instruction
  TransformWindow transform_window = nullptr;
  TransformShortWindow<std::uint16_t> transform_bf16_window = nullptr;
  TransformShortWindow<std::uint8_t> transform_code_window = nullptr;
  TransformProducts transform_products = nullptr;
  TransformIntegerProducts transform_integer_products = nullptr;
};

[[nodiscard]] constexpr std::ptrdiff_t divide_up(std::ptrdiff_t value, std::ptrdiff_t by) {
  return (value + by - 1) / by;
}
// That a convolution's filters fill.
[[nodiscard]] inline std::ptrdiff_t panels_of(const MatrixKernel& kernel,
                                              const model::ConvNode& conv) {
  return divide_up(conv.filters, kernel.columns);
}

// Those that this CPU runs, the best last; never empty.
[[nodiscard]] const std::vector<MatrixKernel>& matrix_kernels();
// The best of them within `limit`.
[[nodiscard]] const MatrixKernel& matrix_kernel(InstructionSet limit);

}  // namespace qyolo::engine
