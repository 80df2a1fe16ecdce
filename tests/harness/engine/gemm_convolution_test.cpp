#include "harness/engine/gemm_convolution.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/harness/engine/convolution_problem.h"
#include "tests/support/activate.h"

namespace qyolo::engine {
namespace {

using Case = testing::ConvolutionCase;
using testing::kConvolutionCases;
using Problem = testing::ConvolutionProblem;

class GemmConvolution : public ::testing::TestWithParam<Case> {
 protected:
  void expect_floats(const Problem& problem) {
    auto input = filled<float>(problem.from_size(), [&] { return uniform(); });
    const auto weights =
        filled<float>(static_cast<std::size_t>(problem.weights), [&] { return uniform(); });
    const auto bias =
        filled<float>(static_cast<std::size_t>(problem.conv.filters), [&] { return uniform(); });
    for (const MatrixKernel& kernel : matrix_kernels()) {
      std::vector<float> output(problem.to_size(), -77);
      const FilterPanels panels =
          pack_filters(kernel, problem.conv, std::span<const float>(weights));
      EXPECT_EQ(unpack_filters(kernel, problem.conv, panels), weights);
      convolve(kernel, problem.conv, problem.from(input.data(), {}), panels, {}, bias,
               problem.to(output.data(), {}), scratch_);
      double worst = 0;
      problem.for_each_sum(
          [&](int image, int y, int x, int c) {
            return double{input[problem.from_index(image, y, x, c)]};
          },
          [&](int i) { return double{weights[static_cast<std::size_t>(i)]}; },
          [&](int image, int y, int x, int filter, double sum) {
            const double expected = testing::activate(
                problem.conv, sum + double{bias[static_cast<std::size_t>(filter)]});
            worst =
                std::max(worst, std::abs(expected - output[problem.to_index(image, y, x, filter)]));
          });
      EXPECT_LT(worst, 1e-4) << kernel.name;
      EXPECT_EQ(output.back(), -77) << "beyond its channels, " << kernel.name;
    }
  }

  float uniform() { return std::uniform_real_distribution<float>(-1, 1)(random_); }
  int between(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  template <class T, class Make>
  std::vector<T> filled(std::size_t count, const Make& make) {
    std::vector<T> values(count);
    for (T& value : values) value = make();
    return values;
  }

  std::mt19937 random_{7};
  Block scratch_;
};

TEST_P(GemmConvolution, FloatsAreThoseOfTheDefinition) {
  expect_floats(Problem(GetParam()));
  expect_floats(Problem(GetParam(), 0));
}

// The largest codes and weights are frequent: sums of pairs do not fit 16 bits.
TEST_P(GemmConvolution, IntegersAreExact) {
  const Problem problem(GetParam());
  constexpr int kZeroPoint = 9;
  auto input = filled<std::uint8_t>(problem.from_size(), [&] {
    return static_cast<std::uint8_t>(between(0, 2) == 0 ? 255 : between(0, 255));
  });
  const auto codes = filled<std::int8_t>(static_cast<std::size_t>(problem.weights), [&] {
    return static_cast<std::int8_t>(between(0, 2) == 0 ? 127 : between(-128, 127));
  });
  const std::size_t filters = static_cast<std::size_t>(problem.conv.filters);
  const std::vector<float> ones(filters, 1.0F), zeros(filters, 0.0F);
  model::ConvNode conv = problem.conv;
  conv.activation = model::Activation::kIdentity;
  for (const MatrixKernel& kernel : matrix_kernels()) {
    std::vector<float> output(problem.to_size());
    const FilterPanels panels = pack_filters(kernel, conv, std::span<const std::int8_t>(codes));
    convolve(kernel, conv, problem.from(input.data(), {Element::kU8, 1, kZeroPoint}), panels, ones,
             zeros, problem.to(output.data(), {}), scratch_);
    int wrong = 0;
    problem.for_each_sum(
        [&](int image, int y, int x, int c) {
          return 1.0 * input[problem.from_index(image, y, x, c)] - kZeroPoint;
        },
        [&](int i) { return 1.0 * codes[static_cast<std::size_t>(i)]; },
        [&](int image, int y, int x, int filter, double sum) {
          // As floats: a sum of more than 24 bits is rounded once.
          wrong += static_cast<float>(sum) != output[problem.to_index(image, y, x, filter)];
        });
    EXPECT_EQ(wrong, 0) << kernel.name;
  }
}

TEST_P(GemmConvolution, CodesAreThoseOfTheValues) {
  const Problem problem(GetParam());
  const MapType source{Element::kU8, 0.02F, 11}, target{Element::kU8, 0.03F, 40};
  auto input = filled<std::uint8_t>(problem.from_size(),
                                    [&] { return static_cast<std::uint8_t>(between(0, 255)); });
  const auto codes = filled<std::int8_t>(static_cast<std::size_t>(problem.weights), [&] {
    return static_cast<std::int8_t>(between(-127, 127));
  });
  const auto bias =
      filled<float>(static_cast<std::size_t>(problem.conv.filters), [&] { return uniform(); });
  auto scales = filled<float>(static_cast<std::size_t>(problem.conv.filters),
                              [&] { return 0.00002F * static_cast<float>(between(1, 5)); });
  for (const MatrixKernel& kernel : matrix_kernels()) {
    std::vector<std::uint8_t> output(problem.to_size(), 77);
    convolve(kernel, problem.conv, problem.from(input.data(), source),
             pack_filters(kernel, problem.conv, std::span<const std::int8_t>(codes)), scales, bias,
             problem.to(output.data(), target), scratch_);
    int wrong = 0;
    problem.for_each_sum(
        [&](int image, int y, int x, int c) {
          return 1.0 * input[problem.from_index(image, y, x, c)] - source.zero_point;
        },
        [&](int i) { return 1.0 * codes[static_cast<std::size_t>(i)]; },
        [&](int image, int y, int x, int filter, double sum) {
          const auto k = static_cast<std::size_t>(filter);
          const double value =
              testing::activate(problem.conv, sum * double{scales[k]} + double{bias[k]});
          const double code =
              std::clamp(value / double{target.scale} + target.zero_point, 0.0, 255.0);
          // In the middle between two codes either will do, where the activation function is as
          // near to its definition as codes need.
          constexpr double kOfActivation = 1.4e-4 * 255;
          const double difference = std::abs(code - output[problem.to_index(image, y, x, filter)]);
          wrong += difference > 0.501 + kOfActivation;
        });
    EXPECT_EQ(wrong, 0) << kernel.name;
    EXPECT_EQ(output.back(), 77) << "beyond its channels, " << kernel.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, GemmConvolution, ::testing::ValuesIn(kConvolutionCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(MatrixKernels, ALimitIsKept) {
  EXPECT_EQ(matrix_kernel(InstructionSet::kBaseline).isa, InstructionSet::kBaseline);
  EXPECT_LE(matrix_kernel(InstructionSet::kAvx2).isa, InstructionSet::kAvx2);
  EXPECT_LE(matrix_kernel(InstructionSet::kAvx512).isa, InstructionSet::kAvx512);
  EXPECT_EQ(matrix_kernel(InstructionSet::kAvx512Vnni).name, matrix_kernels().back().name);
}

}  // namespace
}  // namespace qyolo::engine
