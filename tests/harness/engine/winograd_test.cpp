#include "harness/engine/winograd.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "tests/support/activate.h"

namespace qyolo::engine {
namespace {

struct Case {
  const char* name;
  int filters, channels, height, width, batch, pad;
  model::Activation activation;
};

void PrintTo(const Case& what, std::ostream* out) { *out << what.name; }

const Case kCases[] = {
    {"whole_tiles", 64, 32, 8, 12, 1, 1, model::Activation::kSiLU},
    {"parts_of_tiles", 64, 48, 7, 9, 2, 1, model::Activation::kSiLU},
    {"parts_of_panels", 37, 32, 10, 10, 1, 1, model::Activation::kLeakyReLU},
    {"one_pixel", 32, 32, 1, 1, 3, 1, model::Activation::kIdentity},
    {"without_padding", 40, 64, 9, 6, 1, 0, model::Activation::kReLU},
    {"wide_padding", 32, 32, 3, 5, 1, 3, model::Activation::kIdentity},
    {"several_blocks", 32, 64, 41, 40, 1, 1, model::Activation::kSiLU},
};

model::ConvNode conv_of(const Case& what) {
  model::ConvNode conv;
  conv.filters = what.filters, conv.channels = what.channels;
  conv.kernel_h = conv.kernel_w = 3;
  conv.pad_h = conv.pad_w = what.pad;
  conv.activation = what.activation;
  conv.slope = 0.1F;
  return conv;
}

class Winograd : public ::testing::TestWithParam<Case> {
 protected:
  Winograd()
      : what_(GetParam()),
        conv_(conv_of(what_)),
        out_height_(what_.height + 2 * what_.pad - 2),
        out_width_(what_.width + 2 * what_.pad - 2),
        input_(values(what_.batch * what_.height * what_.width * what_.channels)),
        weights_(values(what_.filters * what_.channels * 9)),
        bias_(values(what_.filters)) {}

  std::vector<float> run(const MatrixKernel& kernel, const std::vector<float>& input, int batch) {
    const WinogradFilters filters = transform_filters(kernel, conv_, weights_);
    EXPECT_GE(filters.values.size(), winograd_filter_bytes(kernel, conv_));
    const std::size_t size = static_cast<std::size_t>(batch * out_height_ * out_width_) *
                             static_cast<std::size_t>(what_.filters);
    constexpr float kUntouched = -77;
    std::vector<float> output(size + 16, kUntouched);
    std::vector<float> copy = input;
    const Map from{copy.data(),    batch, what_.height, what_.width, what_.channels,
                   what_.channels, {}};
    const Map to{output.data(), batch, out_height_, out_width_, what_.filters, what_.filters, {}};
    winograd_convolve(kernel, conv_, from, filters, bias_, to);
    EXPECT_TRUE(std::all_of(output.begin() + static_cast<std::ptrdiff_t>(size), output.end(),
                            [](float value) { return value == kUntouched; }))
        << "beyond the map";
    output.resize(size);
    return output;
  }

  // Sums in double precision, as the definition has them.
  std::vector<double> expected() const {
    std::vector<double> all;
    for (int image = 0; image < what_.batch; ++image) {
      for (int y = 0; y < out_height_; ++y) {
        for (int x = 0; x < out_width_; ++x) {
          for (int filter = 0; filter < what_.filters; ++filter)
            all.push_back(testing::activate(conv_, sum(image, y, x, filter)));
        }
      }
    }
    return all;
  }

  const Case& what_;
  model::ConvNode conv_;
  int out_height_, out_width_;
  std::mt19937 random_{7};
  std::vector<float> input_, weights_, bias_;

 private:
  std::vector<float> values(int count) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<float> all(static_cast<std::size_t>(count));
    for (float& value : all) value = uniform(random_);
    return all;
  }

  [[nodiscard]] double sum(int image, int y, int x, int filter) const {
    double sum = double{bias_[static_cast<std::size_t>(filter)]};
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 3; ++j) {
        const int row = y - what_.pad + i, column = x - what_.pad + j;
        if (row < 0 || row >= what_.height || column < 0 || column >= what_.width) continue;
        const auto pixel =
            static_cast<std::size_t>((image * what_.height + row) * what_.width + column) *
            static_cast<std::size_t>(what_.channels);
        for (int c = 0; c < what_.channels; ++c) {
          const int weight = ((filter * what_.channels + c) * 3 + i) * 3 + j;
          sum += double{input_[pixel + static_cast<std::size_t>(c)]} *
                 double{weights_[static_cast<std::size_t>(weight)]};
        }
      }
    }
    return sum;
  }
};

// Direct summation in FP32 is off by about 1e-6 of the outputs' RMS; these points by 1.5 times as
// much.
TEST_P(Winograd, SumsAreThoseOfTheDefinition) {
  const std::vector<double> exact = expected();
  double squares = 0;
  for (const double value : exact) squares += value * value;
  for (const MatrixKernel& kernel : matrix_kernels()) {
    const std::vector<float> output = run(kernel, input_, what_.batch);
    ASSERT_EQ(output.size(), exact.size());
    double errors = 0, worst = 0;
    for (std::size_t i = 0; i < exact.size(); ++i) {
      const double error = std::abs(double{output[i]} - exact[i]);
      errors += error * error;
      worst = std::max(worst, error);
    }
    EXPECT_LT(std::sqrt(errors / squares), 3e-6) << kernel.name;
    EXPECT_LT(worst / std::sqrt(squares / static_cast<double>(exact.size())), 3e-5) << kernel.name;
  }
}

TEST_P(Winograd, NoNumberDependsOnTheThreadsOrTheBatch) {
  const MatrixKernel& kernel = matrix_kernels().back();
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const std::vector<float> alone = run(kernel, input_, what_.batch);
  for (const int others : {2, 3, 7}) {
    omp_set_num_threads(others);
    EXPECT_EQ(run(kernel, input_, what_.batch), alone) << others << " threads";
  }
  omp_set_num_threads(threads);
  const std::size_t image = input_.size() / static_cast<std::size_t>(what_.batch);
  const std::vector<float> last(input_.end() - static_cast<std::ptrdiff_t>(image), input_.end());
  const std::vector<float> output = run(kernel, last, 1);
  EXPECT_TRUE(std::equal(output.rbegin(), output.rend(), alone.rbegin()));
}

INSTANTIATE_TEST_SUITE_P(Convolutions, Winograd, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(SuitsWinograd, WhatItCanComputeAndIsLikelyToComputeFaster) {
  const model::ConvNode conv = conv_of(kCases[0]);
  EXPECT_TRUE(suits_winograd(conv, 20, 20));
  EXPECT_FALSE(suits_winograd(conv, 1, 1)) << "a tile for one pixel";
  const auto without = [&](auto change) {
    model::ConvNode other = conv;
    change(other);
    return suits_winograd(other, 20, 20);
  };
  EXPECT_FALSE(without([](model::ConvNode& other) { other.kernel_w = 1; }));
  EXPECT_FALSE(without([](model::ConvNode& other) { other.stride_h = other.stride_w = 2; }));
  EXPECT_FALSE(without([](model::ConvNode& other) { other.dilation_w = 2; }));
  EXPECT_FALSE(without([](model::ConvNode& other) { other.groups = 2; }));
  EXPECT_FALSE(without([](model::ConvNode& other) { other.channels = 40; }));
  EXPECT_FALSE(without([](model::ConvNode& other) { other.channels = 16; }));
  EXPECT_FALSE(without([](model::ConvNode& other) { other.filters = 16; }));
  // Many filters are worth reading for many tiles only.
  model::ConvNode deep = conv;
  deep.channels = 512, deep.filters = 1024;
  EXPECT_TRUE(suits_winograd(deep, 20, 20));
  EXPECT_FALSE(suits_winograd(deep, 10, 10));
}

}  // namespace
}  // namespace qyolo::engine
