#include "harness/engine/byte_convolution.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "tests/harness/engine/convolution_problem.h"
#include "tests/support/activate.h"

namespace qyolo::engine {
namespace {

constexpr int kByteZeroPoint = 9;

class ByteConvolution : public ::testing::TestWithParam<testing::ConvolutionCase> {
 protected:
  ByteConvolution() : problem_(GetParam(), 0) {
    const auto between = [&](int low, int high) {
      return std::uniform_int_distribution<int>(low, high)(random_);
    };
    // The largest codes and weights are frequent.
    for (std::size_t i = 0; i < problem_.from_size(); ++i)
      input_.push_back(static_cast<std::uint8_t>(between(0, 2) == 0 ? 255 : between(0, 255)));
    for (int i = 0; i < problem_.weights; ++i)
      codes_.push_back(static_cast<std::int8_t>(between(0, 2) == 0 ? 127 : between(-128, 127)));
  }

  // Kernels that can, and the convolution too.
  std::vector<const MatrixKernel*> kernels() const {
    std::vector<const MatrixKernel*> found;
    for (const MatrixKernel& kernel : matrix_kernels()) {
      if (suits_bytes(kernel, problem_.conv)) found.push_back(&kernel);
    }
    return found;
  }

  template <class T>
  std::vector<T> run(const MatrixKernel& kernel, const model::ConvNode& conv, const MapType& from,
                     const std::vector<float>& scales, const std::vector<float>& bias,
                     const MapType& to) {
    std::vector<T> output(problem_.to_size(), T{77});
    byte_convolve(kernel, conv, problem_.from(input_.data(), from),
                  pack_bytes(kernel, conv, codes_), scales, bias, problem_.to(output.data(), to),
                  scratch_);
    EXPECT_EQ(output.back(), T{77}) << "beyond its channels";
    return output;
  }

  template <class Visit>
  void for_each_sum(const Visit& visit) const {
    problem_.for_each_sum(
        [&](int image, int y, int x, int c) {
          return 1.0 * input_[problem_.from_index(image, y, x, c)] - kByteZeroPoint;
        },
        [&](int i) { return 1.0 * codes_[static_cast<std::size_t>(i)]; },
        [&](int image, int y, int x, int filter, double sum) {
          visit(problem_.to_index(image, y, x, filter), filter, sum);
        });
  }

  testing::ConvolutionProblem problem_;
  std::mt19937 random_{11};
  std::vector<std::uint8_t> input_;
  std::vector<std::int8_t> codes_;
  Block scratch_;
};

TEST_P(ByteConvolution, SumsAreExact) {
  model::ConvNode conv = problem_.conv;
  conv.activation = model::Activation::kIdentity;
  const auto filters = static_cast<std::size_t>(conv.filters);
  for (const MatrixKernel* kernel : kernels()) {
    const auto output =
        run<float>(*kernel, conv, {Element::kU8, 1, kByteZeroPoint},
                   std::vector<float>(filters, 1.0F), std::vector<float>(filters, 0.0F), {});
    int wrong = 0;
    // As floats: a sum of more than 24 bits is rounded once.
    for_each_sum(
        [&](std::size_t at, int, double sum) { wrong += static_cast<float>(sum) != output[at]; });
    EXPECT_EQ(wrong, 0) << kernel->name;
  }
}

TEST_P(ByteConvolution, CodesAreThoseOfTheValuesWithAnyNumberOfThreads) {
  const MapType source{Element::kU8, 0.02F, kByteZeroPoint}, target{Element::kU8, 0.03F, 40};
  std::vector<float> scales, bias;
  for (int i = 0; i < problem_.conv.filters; ++i) {
    scales.push_back(0.00001F * static_cast<float>(1 + i % 5));
    bias.push_back(static_cast<float>(i % 7) * 0.25F - 1);
  }
  const int threads = omp_get_max_threads();
  for (const MatrixKernel* kernel : kernels()) {
    omp_set_num_threads(1);
    const auto output = run<std::uint8_t>(*kernel, problem_.conv, source, scales, bias, target);
    int wrong = 0;
    for_each_sum([&](std::size_t at, int filter, double sum) {
      const auto k = static_cast<std::size_t>(filter);
      const double value =
          testing::activate(problem_.conv, sum * double{scales[k]} + double{bias[k]});
      const double code = std::clamp(value / double{target.scale} + target.zero_point, 0.0, 255.0);
      // In the middle between two codes either will do, where the activation function is as near to
      // its definition as codes need.
      constexpr double kOfActivation = 1.4e-4 * 255;
      wrong += std::abs(code - output[at]) > 0.501 + kOfActivation;
    });
    EXPECT_EQ(wrong, 0) << kernel->name;
    for (const int others : {2, 3, 7}) {
      omp_set_num_threads(others);
      EXPECT_EQ(run<std::uint8_t>(*kernel, problem_.conv, source, scales, bias, target), output);
    }
  }
  omp_set_num_threads(threads);
}

INSTANTIATE_TEST_SUITE_P(Cases, ByteConvolution, ::testing::ValuesIn(testing::kConvolutionCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(SuitsBytes, WhatFits) {
  const MatrixKernel& kernel = matrix_kernels().back();
  const bool has = kernel.byte_product[1] != nullptr;
  const auto with = [&](auto change) {
    model::ConvNode conv = testing::ConvolutionProblem(testing::kConvolutionCases[0]).conv;
    change(conv);
    return suits_bytes(kernel, conv);
  };
  EXPECT_EQ(with([](model::ConvNode&) {}), has);
  EXPECT_EQ(with([](model::ConvNode& conv) { conv.dilation_h = 2; }), has);
  EXPECT_FALSE(with([](model::ConvNode& conv) { conv.dilation_w = 2; }));
  EXPECT_FALSE(with([](model::ConvNode& conv) { conv.channels = conv.groups = 2; }));
  EXPECT_FALSE(with([](model::ConvNode& conv) { conv.channels = 40'000; }));
}

}  // namespace
}  // namespace qyolo::engine
