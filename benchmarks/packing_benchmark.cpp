// Packing and unpacking one 512 x 512 x 3 x 3 layer, beside copying its codes, and coding its
// region bits: weights per second, and bytes of the packed form per second.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstring>
#include <random>
#include <vector>

#include "benchmarks/normal_weights.h"
#include "harness/quant/packing.h"
#include "harness/quant/region_coding.h"

namespace qyolo::quant {
namespace {

constexpr Shape kShape{512, 512, 3, 3};
constexpr int kThreads = 2;

QuantizedTensor quantized(const char* scheme, int bits) {
  std::mt19937 generator(1);
  const std::vector<float> weights = normal_weights(kShape.size(), generator);
  return quantize(weights, kShape, make_recipe(scheme, bits, "filter").value()).value();
}

std::int64_t bytes_of(const PackedTensor& packed) {
  std::int64_t bytes = 0;
  for (const auto& part : packed.parts) bytes += static_cast<std::int64_t>(part.size());
  return bytes;
}

// Whether unpacking gives the tensor back, and packing that the bytes.
bool comes_back(const QuantizedTensor& tensor, const PackedTensor& packed, RegionCoding coding) {
  const auto unpacked = unpack(tensor.recipe, tensor.shape, packed.bytes(), coding, kThreads);
  if (!unpacked || unpacked->codes != tensor.codes || unpacked->regions != tensor.regions)
    return false;
  return pack(*unpacked, coding, kThreads).parts == packed.parts;
}

void report(benchmark::State& state, std::int64_t packed_bytes) {
  state.SetItemsProcessed(state.iterations() * kShape.size());
  state.SetBytesProcessed(state.iterations() * packed_bytes);
  state.counters["bits_per_weight"] =
      8 * static_cast<double>(packed_bytes) / static_cast<double>(kShape.size());
}

void pack_layer(benchmark::State& state, const char* scheme, RegionCoding coding) {
  const QuantizedTensor tensor = quantized(scheme, static_cast<int>(state.range(0)));
  const PackedTensor packed = pack(tensor, coding, kThreads);
  if (!comes_back(tensor, packed, coding)) {
    state.SkipWithError("the tensor does not come back");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(pack(tensor, coding, kThreads));
  report(state, bytes_of(packed));
}

void unpack_layer(benchmark::State& state, const char* scheme, RegionCoding coding) {
  const QuantizedTensor tensor = quantized(scheme, static_cast<int>(state.range(0)));
  const PackedTensor packed = pack(tensor, coding, kThreads);
  if (!comes_back(tensor, packed, coding)) {
    state.SkipWithError("the tensor does not come back");
    return;
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(unpack(tensor.recipe, tensor.shape, packed.bytes(), coding, kThreads));
  }
  report(state, bytes_of(packed));
}

std::vector<std::uint8_t> tails_of(const QuantizedTensor& tensor) {
  std::vector<std::uint8_t> tails;
  for (const std::uint8_t region : tensor.regions) tails.push_back(region != 0 ? 1 : 0);
  return tails;
}

void code_regions(benchmark::State& state, bool encode) {
  const QuantizedTensor tensor = quantized("pwlq", 4);
  const std::vector<std::uint8_t> tails = tails_of(tensor);
  // The coder is conditioned on the k-bit fields; for its speed, the codes' low bits are as good.
  std::vector<std::uint8_t> fields;
  for (const std::int8_t code : tensor.codes)
    fields.push_back(static_cast<std::uint8_t>(static_cast<std::uint8_t>(code) & 15U));
  const std::vector<std::byte> coded = encode_regions(tails, fields, kShape);
  std::vector<std::uint8_t> decoded(tails.size());
  if (!decode_regions(coded, fields, kShape, decoded) || decoded != tails) {
    state.SkipWithError("the bits do not come back");
    return;
  }
  for (auto _ : state) {
    if (encode) {
      benchmark::DoNotOptimize(encode_regions(tails, fields, kShape));
    } else {
      benchmark::DoNotOptimize(decode_regions(coded, fields, kShape, decoded));
    }
  }
  report(state, static_cast<std::int64_t>(coded.size()));
}

void copy_codes(benchmark::State& state) {
  const QuantizedTensor tensor = quantized("affine", 4);
  std::vector<std::int8_t> copy(tensor.codes.size());
  for (auto _ : state) {
    std::memcpy(copy.data(), tensor.codes.data(), copy.size());
    benchmark::ClobberMemory();
  }
  if (copy != tensor.codes) state.SkipWithError("not a copy");
  report(state, kShape.size());
}

void in_milliseconds(benchmark::internal::Benchmark* benchmark) {
  benchmark->Unit(benchmark::kMillisecond)->UseRealTime();
}
void bits(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(2)->Arg(3)->Arg(4)->Arg(8)->Apply(in_milliseconds);
}

BENCHMARK(copy_codes)->Apply(in_milliseconds);
BENCHMARK_CAPTURE(pack_layer, affine, "affine", RegionCoding::kRaw)->Apply(bits);
BENCHMARK_CAPTURE(unpack_layer, affine, "affine", RegionCoding::kRaw)->Apply(bits);
BENCHMARK_CAPTURE(pack_layer, pwlq, "pwlq", RegionCoding::kRaw)->Arg(4)->Apply(in_milliseconds);
BENCHMARK_CAPTURE(unpack_layer, pwlq, "pwlq", RegionCoding::kRaw)->Arg(4)->Apply(in_milliseconds);
BENCHMARK_CAPTURE(pack_layer, pwlq_entropy, "pwlq", RegionCoding::kEntropy)
    ->Arg(4)
    ->Apply(in_milliseconds);
BENCHMARK_CAPTURE(unpack_layer, pwlq_entropy, "pwlq", RegionCoding::kEntropy)
    ->Arg(4)
    ->Apply(in_milliseconds);
BENCHMARK_CAPTURE(code_regions, encode, true)->Apply(in_milliseconds);
BENCHMARK_CAPTURE(code_regions, decode, false)->Apply(in_milliseconds);

}  // namespace
}  // namespace qyolo::quant
