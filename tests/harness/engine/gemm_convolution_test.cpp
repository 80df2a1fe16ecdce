#include "harness/engine/gemm_convolution.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/support/activate.h"

namespace qyolo::engine {
namespace {

struct Case {
  const char* name;
  int filters, channels, kernel_h, kernel_w, stride, pad, dilation, groups;
  int height, width, batch;
  model::Activation activation;
};

// Sizes that are no multiples of tiles and blocks, and every feature of a convolution.
const Case kCases[] = {
    {"pointwise", 37, 29, 1, 1, 1, 0, 1, 1, 13, 11, 2, model::Activation::kSiLU},
    {"pointwise_in_full_tiles", 64, 64, 1, 1, 1, 0, 1, 1, 24, 24, 1, model::Activation::kSiLU},
    {"pointwise_with_stride", 16, 8, 1, 1, 2, 0, 1, 1, 9, 10, 1, model::Activation::kIdentity},
    {"of_pixels", 32, 3, 3, 3, 1, 1, 1, 1, 17, 19, 1, model::Activation::kSiLU},
    {"with_stride", 33, 32, 3, 3, 2, 1, 1, 1, 15, 22, 2, model::Activation::kLeakyReLU},
    {"deeper_than_a_block", 300, 129, 3, 3, 1, 1, 1, 1, 6, 5, 1, model::Activation::kReLU},
    {"dilated", 20, 10, 3, 3, 1, 2, 2, 1, 12, 9, 1, model::Activation::kSiLU},
    {"without_padding", 8, 6, 5, 3, 1, 0, 1, 1, 9, 9, 1, model::Activation::kIdentity},
    {"in_groups", 24, 18, 3, 3, 1, 1, 1, 3, 8, 8, 2, model::Activation::kSiLU},
    {"by_channel", 16, 16, 3, 3, 1, 1, 1, 16, 8, 7, 1, model::Activation::kReLU},
    {"one_pixel", 5, 7, 1, 1, 1, 0, 1, 1, 1, 1, 1, model::Activation::kIdentity},
};

class Problem {
 public:
  // `gap`: how much further apart than their channels pixels lie.
  explicit Problem(const Case& what, int gap = 5) {
    conv.filters = what.filters, conv.channels = what.channels;
    conv.kernel_h = what.kernel_h, conv.kernel_w = what.kernel_w;
    conv.stride_h = conv.stride_w = what.stride;
    conv.pad_h = conv.pad_w = what.pad;
    conv.dilation_h = conv.dilation_w = what.dilation;
    conv.groups = what.groups;
    conv.activation = what.activation;
    conv.slope = 0.1F;
    batch = what.batch, height = what.height, width = what.width;
    const auto size = [&](int length, int kernel) {
      return (length + 2 * what.pad - (kernel - 1) * what.dilation - 1) / what.stride + 1;
    };
    out_height = size(height, what.kernel_h), out_width = size(width, what.kernel_w);
    weights = conv.filters * (conv.channels / conv.groups) * conv.kernel_h * conv.kernel_w;
    pitch = conv.channels + gap, out_pitch = conv.filters + 3;
  }

  // input(image, y, x, channel) and weight(index) as doubles; visit(image, y, x, filter, sum).
  template <class Input, class Weight, class Visit>
  void for_each_sum(const Input& input, const Weight& weight, const Visit& visit) const {
    const int channels = conv.channels / conv.groups, filters = conv.filters / conv.groups;
    for (int image = 0; image < batch; ++image) {
      for (int y = 0; y < out_height; ++y) {
        for (int x = 0; x < out_width; ++x) {
          for (int filter = 0; filter < conv.filters; ++filter) {
            double sum = 0;
            int index = filter * channels * conv.kernel_h * conv.kernel_w;
            for (int c = 0; c < channels; ++c) {
              for (int i = 0; i < conv.kernel_h; ++i) {
                for (int j = 0; j < conv.kernel_w; ++j, ++index) {
                  const int from_y = y * conv.stride_h - conv.pad_h + i * conv.dilation_h;
                  const int from_x = x * conv.stride_w - conv.pad_w + j * conv.dilation_w;
                  if (from_y < 0 || from_y >= height || from_x < 0 || from_x >= width) continue;
                  sum +=
                      input(image, from_y, from_x, filter / filters * channels + c) * weight(index);
                }
              }
            }
            visit(image, y, x, filter, sum);
          }
        }
      }
    }
  }

  [[nodiscard]] std::size_t from_index(int image, int y, int x, int c) const {
    return static_cast<std::size_t>(((image * height + y) * width + x) * pitch + c);
  }
  [[nodiscard]] std::size_t to_index(int image, int y, int x, int filter) const {
    return static_cast<std::size_t>(((image * out_height + y) * out_width + x) * out_pitch +
                                    filter);
  }
  [[nodiscard]] std::size_t from_size() const { return from_index(batch, 0, 0, 0); }
  [[nodiscard]] std::size_t to_size() const { return to_index(batch, 0, 0, 0); }
  [[nodiscard]] Map from(void* data, MapType type) const {
    return {data, batch, height, width, conv.channels, pitch, type};
  }
  [[nodiscard]] Map to(void* data, MapType type) const {
    return {data, batch, out_height, out_width, conv.filters, out_pitch, type};
  }

  model::ConvNode conv;
  int batch, height, width, out_height, out_width, weights, pitch, out_pitch;
};

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
          // In the middle between two codes either will do.
          const double difference = std::abs(code - output[problem.to_index(image, y, x, filter)]);
          wrong += difference > 0.501;
        });
    EXPECT_EQ(wrong, 0) << kernel.name;
    EXPECT_EQ(output.back(), 77) << "beyond its channels, " << kernel.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, GemmConvolution, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(MatrixKernels, ALimitIsKept) {
  EXPECT_EQ(matrix_kernel(InstructionSet::kBaseline).isa, InstructionSet::kBaseline);
  EXPECT_LE(matrix_kernel(InstructionSet::kAvx2).isa, InstructionSet::kAvx2);
  EXPECT_EQ(matrix_kernel(InstructionSet::kAvx512).name, matrix_kernels().back().name);
}

}  // namespace
}  // namespace qyolo::engine
