#include "metrics/memory.h"

namespace qyolo::metrics {
namespace {

constexpr std::int64_t kHalf = 16;
constexpr std::int64_t kSingle = 32;

std::int64_t bytes(std::int64_t bits) { return bits / 8 + (bits % 8 != 0 ? 1 : 0); }

enum class Unit { kBits, kWholeBytes };

MemoryParts parts_of(std::span<const LayerStorage> layers, Unit unit) {
  const auto stored = [&](std::int64_t bits) {
    return unit == Unit::kWholeBytes ? bytes(bits) * 8 : bits;
  };
  MemoryParts parts;
  for (const LayerStorage& layer : layers) {
    if (layer.bits == 0) {
      parts.unquantized += stored(layer.weights * layer.float_bits);
      continue;
    }
    const std::int64_t scale_bits = layer.scale_bits;
    parts.payload += stored(layer.weights * layer.bits);
    parts.scales +=
        stored(layer.groups * layer.scales_per_group * scale_bits) + layer.tensor_scales * kSingle;
    parts.zero_points += stored(layer.groups * layer.zero_points_per_group * layer.zero_point_bits);
    parts.breakpoints += stored(layer.groups * layer.breakpoints_per_group * scale_bits);
    parts.regions += layer.coded_region_bytes ? *layer.coded_region_bytes * 8
                                              : stored(layer.weights * layer.region_bits);
    parts.corrections += stored(layer.correction_bits);
  }
  return parts;
}

std::int64_t weights_of(std::span<const LayerStorage> layers, bool quantized) {
  std::int64_t weights = 0;
  for (const LayerStorage& layer : layers) {
    if ((layer.bits != 0) == quantized) weights += layer.weights;
  }
  return weights;
}

double ratio(std::int64_t baseline, std::int64_t size) {
  return size == 0 ? 1 : static_cast<double>(baseline) / static_cast<double>(size);
}

}  // namespace

std::int64_t MemoryParts::total() const {
  return payload + scales + zero_points + breakpoints + regions + corrections + unquantized;
}

std::int64_t MemoryReport::true_bits() const { return total(); }
std::int64_t MemoryReport::true_bytes() const { return bytes(true_bits()); }
std::int64_t MemoryReport::paper_bits() const { return paper.total(); }
std::int64_t MemoryReport::paper_bytes() const { return bytes(paper_bits()); }

double MemoryReport::ratio_fp16_true() const { return ratio(fp16, true_bits()); }
double MemoryReport::ratio_fp32_true() const { return ratio(fp32, true_bits()); }
double MemoryReport::ratio_fp16_paper() const { return ratio(stored_fp16, paper_bits()); }

double MemoryReport::bits_per_weight() const {
  const std::int64_t weights = quantized_weights != 0 ? quantized_weights : kept_weights;
  const std::int64_t bits = quantized_weights != 0 ? total() - unquantized : kept_weight_bits;
  return weights == 0 ? 0 : static_cast<double>(bits) / static_cast<double>(weights);
}

MemoryReport account_memory(std::span<const LayerStorage> layers, std::int64_t other_values,
                            std::span<const LayerStorage> stored_layers, std::int64_t stored_values,
                            int other_bits) {
  MemoryReport report;
  report.quantized_weights = weights_of(layers, true);
  report.kept_weights = weights_of(layers, false);
  static_cast<MemoryParts&>(report) = parts_of(layers, Unit::kWholeBytes);
  report.kept_weight_bits = report.unquantized;
  report.unquantized += other_values * other_bits;

  const std::int64_t stored_weights =
      weights_of(stored_layers, true) + weights_of(stored_layers, false);
  report.paper = parts_of(stored_layers, Unit::kBits);
  report.paper.regions = 0;
  report.paper.unquantized += (stored_values - stored_weights) * other_bits;

  const std::int64_t values = report.quantized_weights + report.kept_weights + other_values;
  report.fp16 = values * kHalf;
  report.fp32 = values * kSingle;
  report.stored_fp16 = stored_values * kHalf;
  return report;
}

}  // namespace qyolo::metrics
