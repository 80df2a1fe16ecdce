#include "harness/engine/matrix_kernel.h"

#include <cstring>
#include <type_traits>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

// Values that are handed to a lambda in registers stay there.
#define QYOLO_INLINED __attribute__((always_inline))
#define QYOLO_INLINE QYOLO_INLINED inline

namespace qyolo::engine {
namespace {

#if defined(__x86_64__)

namespace baseline {
constexpr int kLanes = 4, kRows = 4, kVectors = 2, kGroup = 2;
using GroupBytes = std::int32_t;
inline __m128i pack_sse2(__m128i from) {
  const __m128i halves = _mm_packs_epi32(from, from);
  return _mm_packus_epi16(halves, halves);
}
#define QYOLO_MULTIPLY_ADD(sums, a, b) \
  sums +=                              \
      reinterpret_cast<IntVector>(_mm_madd_epi16(_mm_set1_epi32(a), reinterpret_cast<__m128i>(b)))
#define QYOLO_MULTIPLY_ADD_FLOATS(sums, a, b) sums += (a) * (b)
#define QYOLO_PACK(from) pack_sse2(reinterpret_cast<__m128i>(from))
#include "harness/engine/matrix_kernel.inc"
#undef QYOLO_PACK
#undef QYOLO_MULTIPLY_ADD
#undef QYOLO_MULTIPLY_ADD_FLOATS
}  // namespace baseline

#if defined(__GNUC__) && !defined(__clang__)
#define QYOLO_MORE_SETS

#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace avx2 {
constexpr int kLanes = 8, kRows = 6, kVectors = 2, kGroup = 2;
using GroupBytes = std::int32_t;
inline __m128i pack_avx2(__m256i from) {
  const __m128i halves =
      _mm_packs_epi32(_mm256_castsi256_si128(from), _mm256_extracti128_si256(from, 1));
  return _mm_packus_epi16(halves, halves);
}
#define QYOLO_MULTIPLY_ADD(sums, a, b) \
  sums += reinterpret_cast<IntVector>( \
      _mm256_madd_epi16(_mm256_set1_epi32(a), reinterpret_cast<__m256i>(b)))
#define QYOLO_MULTIPLY_ADD_FLOATS(sums, a, b) sums = _mm256_fmadd_ps(_mm256_set1_ps(a), b, sums)
#define QYOLO_PACK(from) pack_avx2(reinterpret_cast<__m256i>(from))
#include "harness/engine/matrix_kernel.inc"
#undef QYOLO_PACK
#undef QYOLO_MULTIPLY_ADD
#undef QYOLO_MULTIPLY_ADD_FLOATS
}  // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,prefer-vector-width=512")
namespace avx512 {
#define QYOLO_MULTIPLY_ADD(sums, a, b) \
  sums += reinterpret_cast<IntVector>( \
      _mm512_madd_epi16(_mm512_set1_epi32(a), reinterpret_cast<__m512i>(b)))
#include "harness/engine/matrix_kernel_avx512.inc"
#undef QYOLO_MULTIPLY_ADD
}  // namespace avx512
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vnni,prefer-vector-width=512")
namespace avx512_vnni {
#define QYOLO_MULTIPLY_ADD(sums, a, b)                    \
  sums = reinterpret_cast<IntVector>(_mm512_dpwssd_epi32( \
      reinterpret_cast<__m512i>(sums), _mm512_set1_epi32(a), reinterpret_cast<__m512i>(b)))
#define QYOLO_MULTIPLY_ADD_BYTES(sums, a, b)              \
  sums = reinterpret_cast<IntVector>(_mm512_dpbusd_epi32( \
      reinterpret_cast<__m512i>(sums), _mm512_set1_epi32(a), reinterpret_cast<__m512i>(b)))
#include "harness/engine/matrix_kernel_avx512.inc"
#undef QYOLO_MULTIPLY_ADD_BYTES
#undef QYOLO_MULTIPLY_ADD
}  // namespace avx512_vnni
#pragma GCC pop_options
#endif

constexpr const char* kBaselineName = "sse2";

#elif defined(__aarch64__)

namespace baseline {
constexpr int kLanes = 4, kRows = 4, kVectors = 4, kGroup = 1;
using GroupBytes = std::int16_t;
inline uint8x8_t pack_neon(int32x4_t from) {
  const uint16x4_t halves = vqmovun_s32(from);
  return vqmovn_u16(vcombine_u16(halves, halves));
}
#define QYOLO_MULTIPLY_ADD(sums, a, b) \
  sums = reinterpret_cast<IntVector>(  \
      vmlal_n_s16(reinterpret_cast<int32x4_t>(sums), reinterpret_cast<int16x4_t>(b), a))
#define QYOLO_MULTIPLY_ADD_FLOATS(sums, a, b) \
  sums = reinterpret_cast<FloatVector>(       \
      vfmaq_n_f32(reinterpret_cast<float32x4_t>(sums), reinterpret_cast<float32x4_t>(b), a))
#define QYOLO_PACK(from) pack_neon(reinterpret_cast<int32x4_t>(from))
#include "harness/engine/matrix_kernel.inc"
#undef QYOLO_PACK
#undef QYOLO_MULTIPLY_ADD
#undef QYOLO_MULTIPLY_ADD_FLOATS
}  // namespace baseline
constexpr const char* kBaselineName = "neon";

#else

namespace baseline {
constexpr int kLanes = 4, kRows = 4, kVectors = 2, kGroup = 1;
using GroupBytes = std::int16_t;
using BytesOfInts __attribute__((vector_size(kLanes))) = std::uint8_t;
#define QYOLO_MULTIPLY_ADD(sums, a, b) sums += __builtin_convertvector(b, IntVector) * a
#define QYOLO_MULTIPLY_ADD_FLOATS(sums, a, b) sums += (a) * (b)
#define QYOLO_PACK(from) __builtin_convertvector(from, BytesOfInts)
#include "harness/engine/matrix_kernel.inc"
#undef QYOLO_PACK
#undef QYOLO_MULTIPLY_ADD
#undef QYOLO_MULTIPLY_ADD_FLOATS
}  // namespace baseline
constexpr const char* kBaselineName = "portable";

#endif

std::vector<MatrixKernel> find_kernels() {
  std::vector<MatrixKernel> found = {baseline::kernel(kBaselineName, InstructionSet::kBaseline)};
#ifdef QYOLO_MORE_SETS
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    found.push_back(avx2::kernel("avx2", InstructionSet::kAvx2));
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq")) {
    found.push_back(avx512::kernel("avx512", InstructionSet::kAvx512));
    if (__builtin_cpu_supports("avx512vnni"))
      found.push_back(avx512_vnni::kernel("avx512_vnni", InstructionSet::kAvx512Vnni));
  }
#endif
  return found;
}

}  // namespace

const std::vector<MatrixKernel>& matrix_kernels() {
  static const std::vector<MatrixKernel> found = find_kernels();
  return found;
}

const MatrixKernel& matrix_kernel(InstructionSet limit) {
  const std::vector<MatrixKernel>& all = matrix_kernels();
  std::size_t best = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i].isa <= limit) best = i;
  }
  return all[best];
}

}  // namespace qyolo::engine
