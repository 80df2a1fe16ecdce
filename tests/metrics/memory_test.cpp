#include "metrics/memory.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace qyolo::metrics {
namespace {

LayerStorage affine(std::int64_t weights, std::int64_t groups, int bits) {
  return {.weights = weights,
          .groups = groups,
          .bits = bits,
          .scales_per_group = 1,
          .zero_points_per_group = 1};
}

LayerStorage pwlq(std::int64_t weights, std::int64_t groups, int bits) {
  return {.weights = weights,
          .groups = groups,
          .bits = bits,
          .scales_per_group = 2,
          .zero_points_per_group = 2,
          .breakpoints_per_group = 1,
          .region_bits = 1};
}

TEST(Memory, CountsEveryPart) {
  std::array<LayerStorage, 2> layers = {pwlq(1000, 10, 4), LayerStorage{.weights = 50}};
  layers[0].scale_bits = 16;
  layers[0].zero_point_bits = 8;
  const MemoryReport report = account_memory(layers, 7, {}, 0);
  EXPECT_EQ(report.payload, 4000);
  EXPECT_EQ(report.scales, 10 * 2 * 16);
  EXPECT_EQ(report.zero_points, 10 * 2 * 8);
  EXPECT_EQ(report.breakpoints, 10 * 16);
  EXPECT_EQ(report.regions, 1000);
  EXPECT_EQ(report.unquantized, 50 * 16 + 7 * 16);
  EXPECT_EQ(report.quantized_weights, 1000);
  EXPECT_EQ(report.kept_weights, 50);
  EXPECT_EQ(report.true_bits(), 4000 + 320 + 160 + 160 + 1000 + 912);
  EXPECT_EQ(report.bits_per_weight(), 5.64);
  EXPECT_EQ(report.fp16, 1057 * 16);
  EXPECT_EQ(report.fp32, 1057 * 32);
  EXPECT_DOUBLE_EQ(report.ratio_fp16_true(), 1057 * 16 / 6552.0);
  EXPECT_DOUBLE_EQ(report.ratio_fp32_true(), 1057 * 32 / 6552.0);
}

// 3 codes of 3 bits, 3 region bits, 2 zero-points of 5 bits: 2 + 1 + 2 bytes, in every tensor.
TEST(Memory, EveryPartOfATensorTakesWholeBytes) {
  LayerStorage layer = pwlq(3, 1, 3);
  layer.zero_point_bits = 5;
  const std::array layers = {layer, layer};
  const MemoryReport report = account_memory(layers, 0, layers, 6);
  EXPECT_EQ(report.payload, 2 * 16);
  EXPECT_EQ(report.regions, 2 * 8);
  EXPECT_EQ(report.zero_points, 2 * 16);
  EXPECT_EQ(report.true_bytes(), 2 * (2 + 1 + 2 + 3 * 4));
  EXPECT_EQ(report.paper_bits(), 2 * (9 + 10 + 3 * 32));
}

TEST(Memory, CodedRegionsTakeWhatTheyTake) {
  LayerStorage layer = pwlq(1000, 1, 4);
  layer.coded_region_bytes = 57;
  const std::array layers = {layer};
  const MemoryReport report = account_memory(layers, 0, layers, 1000);
  EXPECT_EQ(report.regions, 57 * 8);
  EXPECT_EQ(report.true_bytes(), 500 + 57 + 5 * 4);
  EXPECT_EQ(report.paper.regions, 0);
}

TEST(Memory, NetworkInFloatingPointIsItsOwnBaseline) {
  const std::array layers = {LayerStorage{.weights = 100}};
  const MemoryReport report = account_memory(layers, 10, layers, 120);
  EXPECT_EQ(report.ratio_fp16_true(), 1.0);
  EXPECT_EQ(report.ratio_fp32_true(), 2.0);
  EXPECT_EQ(report.ratio_fp16_paper(), 1.0);
  EXPECT_EQ(report.bits_per_weight(), 16.0);
}

TEST(Memory, KeptLayersMayBeWider) {
  const std::array layers = {LayerStorage{.weights = 100, .float_bits = 32}};
  EXPECT_EQ(account_memory(layers, 0, {}, 0).bits_per_weight(), 32.0);
}

TEST(Memory, AnFp32NetworkWeighsTwiceItsFp16Self) {
  const std::array layers = {LayerStorage{.weights = 100, .float_bits = 32}};
  const MemoryReport report = account_memory(layers, 10, layers, 120, 32);
  EXPECT_EQ(report.true_bits(), 110 * 32);
  EXPECT_EQ(report.ratio_fp32_true(), 1.0);
  EXPECT_EQ(report.ratio_fp16_true(), 0.5);
  EXPECT_EQ(report.ratio_fp16_paper(), 0.5);
}

TEST(Memory, NothingIsNotDividedBy) {
  const MemoryReport report = account_memory({}, 0, {}, 0);
  EXPECT_EQ(report.bits_per_weight(), 0.0);
  EXPECT_EQ(report.ratio_fp16_true(), 1.0);
  EXPECT_EQ(report.ratio_fp16_paper(), 1.0);
}

// The released YOLOv7 checkpoint as stored: its 95 convolutions have 37,569,632 weights in 25,629
// filters, among 37,669,898 floating-point values. Fused: 36,881,504 weights in 23,837 filters.
constexpr std::int64_t kStoredWeights = 37569632;
constexpr std::int64_t kStoredFilters = 25629;
constexpr std::int64_t kStoredValues = 37669898;
constexpr std::int64_t kFusedWeights = 36881504;
constexpr std::int64_t kFusedFilters = 23837;

TEST(Memory, PaperAccountingGivesTheStudysPair) {
  const auto ratio = [](const LayerStorage& layer) {
    return account_memory({}, 0, std::array{layer}, kStoredValues).ratio_fp16_paper();
  };
  EXPECT_NEAR(ratio(affine(kStoredWeights, kStoredFilters, 4)), 3.926, 0.0005);
  EXPECT_NEAR(ratio(pwlq(kStoredWeights, kStoredFilters, 4)), 3.864, 0.0005);
  EXPECT_EQ(account_memory({}, 0, {}, kStoredValues).stored_fp16 / 8, 75339796);
}

TEST(Memory, TrueAccountingOfPwlqPaysForItsRegions) {
  const std::array fused = {pwlq(kFusedWeights, kFusedFilters, 4)};
  const MemoryReport report = account_memory(fused, kFusedFilters, {}, 0);
  EXPECT_EQ(report.true_bits(), kFusedWeights * 5 + kFusedFilters * 5 * 32 + kFusedFilters * 16);
  EXPECT_NEAR(report.bits_per_weight(), 5.1034, 0.00005);
  EXPECT_NEAR(report.ratio_fp16_true(), 3.1308, 0.00005);
}

}  // namespace
}  // namespace qyolo::metrics
