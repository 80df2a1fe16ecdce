#include "harness/quant/quantize.h"

#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>

#include "common/parallel.h"
#include "harness/quant/group_blocks.h"
#include "harness/quant/kernels.h"
#include "harness/quant/parameters.h"

namespace qyolo::quant {
namespace {

bool describes(const Shape& shape, std::size_t count) {
  std::uint64_t left = count;
  for (const std::int64_t size : {shape.n, shape.c, shape.kh, shape.kw}) {
    if (size < 1 || left % static_cast<std::uint64_t>(size) != 0) return false;
    left /= static_cast<std::uint64_t>(size);
  }
  return left == 1;
}

std::string position(const Shape& shape, std::size_t index) {
  const auto at = static_cast<std::int64_t>(index);
  return fmt::format("[{}, {}, {}, {}]", at / (shape.kw * shape.kh * shape.c),
                     at / (shape.kw * shape.kh) % shape.c, at / shape.kw % shape.kh, at % shape.kw);
}

void encode_groups(std::span<const float> weights, QuantizedTensor& tensor, int threads) {
  const Scheme& scheme = *tensor.recipe.scheme;
  const SchemeOptions& options = tensor.recipe.options;
  const float tensor_scale = scheme.tensor_scale(largest_magnitude(weights));
  const auto encode = [&](const GroupBlock& block) {
    thread_local std::vector<float> weight_copy;
    thread_local std::vector<std::int8_t> code_copy;
    thread_local std::vector<std::uint8_t> region_copy;
    const std::span<std::int8_t> codes = tensor.codes;
    const std::span<std::uint8_t> regions = tensor.regions;
    block.gather(weights, weight_copy);
    block.prepare(code_copy);
    if (scheme.piecewise()) block.prepare(region_copy);
    for (std::size_t i = 0; i < block.count(); ++i) {
      const auto group = block.values(weights, weight_copy, i);
      const FittedParameters parameters = scheme.fit({group, {}, tensor_scale}, options);
      tensor.parameters[block.first() + i] = parameters;
      scheme.encode(
          group, parameters, options, block.values(codes, code_copy, i),
          scheme.piecewise() ? block.values(regions, region_copy, i) : std::span<std::uint8_t>());
    }
    block.scatter(code_copy, codes);
    if (scheme.piecewise()) block.scatter(region_copy, regions);
  };
  for_each_block(tensor.shape, tensor.recipe.granularity, threads, encode);
}

void decode_groups(const QuantizedTensor& tensor, std::span<float> out, int threads) {
  const Scheme& scheme = *tensor.recipe.scheme;
  const auto decode = [&](const GroupBlock& block) {
    thread_local std::vector<float> weight_copy;
    thread_local std::vector<std::int8_t> code_copy;
    thread_local std::vector<std::uint8_t> region_copy;
    const std::span<const std::int8_t> codes = tensor.codes;
    const std::span<const std::uint8_t> regions = tensor.regions;
    block.gather(codes, code_copy);
    if (scheme.piecewise()) block.gather(regions, region_copy);
    block.prepare(weight_copy);
    for (std::size_t i = 0; i < block.count(); ++i) {
      scheme.decode(block.values(codes, code_copy, i),
                    scheme.piecewise() ? block.values(regions, region_copy, i)
                                       : std::span<const std::uint8_t>(),
                    tensor.parameters[block.first() + i], tensor.recipe.options,
                    block.values(out, weight_copy, i));
    }
    block.scatter(weight_copy, out);
  };
  for_each_block(tensor.shape, tensor.recipe.granularity, threads, decode);
}

// Calls body(filter, begin, size) for every filter.
template <class Body>
void for_each_filter(const Shape& shape, int threads, Body&& body) {
  const auto size = static_cast<std::size_t>(shape.c * shape.kh * shape.kw);
  parallel_for(static_cast<std::size_t>(shape.n), threads,
               [&](std::size_t filter) { body(filter, filter * size, size); });
}

FilterCorrection match_moments(std::span<const float> original,
                               std::span<const float> reconstructed) {
  const Moments wanted = find_moments(original);
  const Moments found = find_moments(reconstructed);
  const double gain = found.deviation > 0 ? wanted.deviation / found.deviation : 1;
  const float stored_gain = round_stored(gain, 32);
  const double offset = wanted.mean - static_cast<double>(stored_gain) * found.mean;
  return {stored_gain, round_stored(offset, 32)};
}

void correct_filters(std::span<const float> weights, QuantizedTensor& tensor, int threads) {
  std::vector<float> reconstructed(weights.size());
  decode_groups(tensor, reconstructed, threads);
  tensor.corrections.resize(static_cast<std::size_t>(tensor.shape.n));
  for_each_filter(
      tensor.shape, threads, [&](std::size_t filter, std::size_t begin, std::size_t size) {
        tensor.corrections[filter] = match_moments(weights.subspan(begin, size),
                                                   std::span(reconstructed).subspan(begin, size));
      });
}

}  // namespace

Result<Recipe> make_recipe(std::string_view scheme, int bits, std::string_view granularity,
                           const SchemeOptions& options) {
  Recipe recipe;
  recipe.options = options;
  recipe.options.bits = bits;
  QYOLO_TRY(recipe.scheme, find_scheme(scheme));
  QYOLO_TRY(recipe.granularity, Granularity::parse(granularity));
  QYOLO_CHECK_OK(check_options(*recipe.scheme, recipe.options));
  QYOLO_CHECK_OK(check_granularity(*recipe.scheme, recipe.granularity.name()));
  return recipe;
}

std::string Recipe::text() const {
  return fmt::format("{} {}-bit {}", scheme->name(), options.bits, granularity.name());
}

std::int64_t StorageBits::total() const {
  return codes + regions + scales + zero_points + breakpoints + corrections + codebooks +
         tensor_scale;
}

StorageBits storage_bits(const Recipe& recipe, const Shape& shape) {
  const SchemeStorage storage = recipe.scheme->storage(recipe.options);
  const std::int64_t groups = recipe.granularity.group_count(shape);
  constexpr std::int64_t kCorrectionBits = 64, kTensorScaleBits = 32;
  return {.codes = shape.size() * recipe.options.bits,
          .regions = shape.size() * storage.region_bits,
          .scales = groups * storage.scales * storage.scale_bits,
          .zero_points = groups * storage.zero_points * storage.zero_point_bits,
          .breakpoints = groups * storage.breakpoints * storage.scale_bits,
          .corrections = recipe.options.bias_correction ? shape.n * kCorrectionBits : 0,
          .codebooks = groups * storage.codebook * storage.scale_bits,
          .tensor_scale = std::int64_t{storage.tensor_scales} * kTensorScaleBits};
}

double WeightError::mse() const { return weights == 0 ? 0 : noise / static_cast<double>(weights); }

double WeightError::sqnr_db() const {
  if (noise == 0) return std::numeric_limits<double>::infinity();
  return 10 * std::log10(signal / noise);
}

WeightError& WeightError::operator+=(const WeightError& other) {
  signal += other.signal;
  noise += other.noise;
  weights += other.weights;
  return *this;
}

Status check_weights(std::span<const float> weights, const Shape& shape, const Recipe& recipe) {
  if (recipe.scheme == nullptr) return error("recipe: expected a scheme, found none");
  if (!describes(shape, weights.size())) {
    return error("shape [{}, {}, {}, {}]: expected positive dimensions that make {} weights",
                 shape.n, shape.c, shape.kh, shape.kw, weights.size());
  }
  const float largest = largest_stored(recipe.options.scale_bits);
  if (const auto index = find_unusable(weights, largest)) {
    const float weight = weights[*index];
    if (!std::isfinite(weight)) {
      return error("weight {} is {}: expected a finite value", position(shape, *index), weight);
    }
    return error("weight {} is {}: expected at most {} in magnitude with 16-bit scales",
                 position(shape, *index), weight, largest);
  }
  return {};
}

Result<QuantizedTensor> quantize(std::span<const float> weights, const Shape& shape,
                                 const Recipe& recipe, int threads) {
  QYOLO_CHECK_OK(check_weights(weights, shape, recipe));
  QuantizedTensor tensor;
  tensor.recipe = recipe;
  tensor.shape = shape;
  tensor.codes.resize(weights.size());
  if (recipe.scheme->piecewise()) tensor.regions.resize(weights.size());
  tensor.parameters.resize(static_cast<std::size_t>(recipe.granularity.group_count(shape)));
  encode_groups(weights, tensor, threads);
  if (recipe.options.bias_correction) correct_filters(weights, tensor, threads);
  return tensor;
}

void dequantize(const QuantizedTensor& tensor, std::span<float> out, int threads) {
  decode_groups(tensor, out, threads);
  if (tensor.corrections.empty()) return;
  for_each_filter(tensor.shape, threads,
                  [&](std::size_t filter, std::size_t begin, std::size_t size) {
                    const FilterCorrection& correction = tensor.corrections[filter];
                    correct(out.subspan(begin, size), static_cast<double>(correction.gain),
                            static_cast<double>(correction.offset));
                  });
}

WeightError weight_error(std::span<const float> original, std::span<const float> reconstructed) {
  const ErrorSums sums = error_sums(original, reconstructed);
  return {sums.signal, sums.noise, static_cast<std::int64_t>(original.size())};
}

}  // namespace qyolo::quant
