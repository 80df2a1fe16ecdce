#include "harness/engine/winograd.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <ostream>
#include <random>
#include <span>
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

constexpr int kZeroPoint = 9;
constexpr float kScale = 0.01F;

// A map's elements as bytes, and back.
template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}
std::vector<std::byte> elements_of(const std::vector<float>& values, Element element) {
  if (element == Element::kF32) return bytes_of(values);
  if (element == Element::kBf16) {
    std::vector<std::uint16_t> elements;
    for (const float value : values) elements.push_back(to_bf16(value));
    return bytes_of(elements);
  }
  std::vector<std::uint8_t> codes;
  for (const float value : values) {
    const float code = std::nearbyint(value / kScale) + kZeroPoint;
    codes.push_back(static_cast<std::uint8_t>(std::clamp(code, 0.0F, 255.0F)));
  }
  return bytes_of(codes);
}
std::vector<float> values_of(const std::vector<std::byte>& elements, Element element) {
  std::vector<float> values;
  for (std::size_t i = 0; i < elements.size(); i += size_of(element)) {
    float value = 0;
    if (element == Element::kF32) {
      std::memcpy(&value, &elements[i], sizeof value);
    } else if (element == Element::kBf16) {
      std::uint16_t bits;
      std::memcpy(&bits, &elements[i], sizeof bits);
      value = from_bf16(bits);
    } else {
      value = kScale * static_cast<float>(std::to_integer<int>(elements[i]) - kZeroPoint);
    }
    values.push_back(value);
  }
  return values;
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

  // Of a map of these elements; outputs of codes are FP32.
  std::vector<float> run(const MatrixKernel& kernel, Element element,
                         const std::vector<float>& input, int batch) {
    const WinogradFilters filters = transform_filters(kernel, conv_, element, weights_);
    EXPECT_GE(filters.values.size(), winograd_filter_bytes(kernel, conv_, element));
    const Element out_element = element == Element::kU8 ? Element::kF32 : element;
    const std::size_t size = static_cast<std::size_t>(batch * out_height_ * out_width_) *
                             static_cast<std::size_t>(what_.filters) * size_of(out_element);
    constexpr std::byte kUntouched{0x5a};
    std::vector<std::byte> output(size + 64, kUntouched);
    std::vector<std::byte> copy = elements_of(input, element);
    const MapType type =
        element == Element::kU8 ? MapType{element, kScale, kZeroPoint} : MapType{element};
    const Map from{copy.data(),    batch,          what_.height, what_.width,
                   what_.channels, what_.channels, type};
    const Map to{output.data(), batch,         out_height_,  out_width_,
                 what_.filters, what_.filters, {out_element}};
    winograd_convolve(kernel, conv_, from, filters, bias_, to);
    EXPECT_TRUE(std::all_of(output.begin() + static_cast<std::ptrdiff_t>(size), output.end(),
                            [](std::byte value) { return value == kUntouched; }))
        << "beyond the map";
    output.resize(size);
    return values_of(output, out_element);
  }

  // Sums in double precision, as the definition has them.
  std::vector<double> expected(const std::vector<float>& input) const {
    std::vector<double> all;
    for (int image = 0; image < what_.batch; ++image) {
      for (int y = 0; y < out_height_; ++y) {
        for (int x = 0; x < out_width_; ++x) {
          for (int filter = 0; filter < what_.filters; ++filter)
            all.push_back(testing::activate(conv_, sum(input, image, y, x, filter)));
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

  [[nodiscard]] double sum(const std::vector<float>& input, int image, int y, int x,
                           int filter) const {
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
          sum += double{input[pixel + static_cast<std::size_t>(c)]} *
                 double{weights_[static_cast<std::size_t>(weight)]};
        }
      }
    }
    return sum;
  }
};

struct Errors {
  double rms = 0, worst = 0;  // in relation to the RMS of what is expected
};
Errors errors_of(const std::vector<float>& output, const std::vector<double>& exact) {
  EXPECT_EQ(output.size(), exact.size());
  double squares = 0, errors = 0, worst = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double error = std::abs(double{output[i]} - exact[i]);
    squares += exact[i] * exact[i];
    errors += error * error;
    worst = std::max(worst, error);
  }
  return {std::sqrt(errors / squares),
          worst / std::sqrt(squares / static_cast<double>(exact.size()))};
}

// Direct summation in FP32 is off by about 1e-6 of the outputs' RMS; these points by 1.5 times as
// much.
TEST_P(Winograd, SumsAreThoseOfTheDefinition) {
  const std::vector<double> exact = expected(input_);
  for (const MatrixKernel& kernel : matrix_kernels()) {
    const Errors errors = errors_of(run(kernel, Element::kF32, input_, what_.batch), exact);
    EXPECT_LT(errors.rms, 3e-6) << kernel.name;
    EXPECT_LT(errors.worst, 3e-5) << kernel.name;
  }
}

// Of 16 bits. Rounding outputs to bfloat16 makes 1.7e-3, what is lost in the products 1e-3 at most.
TEST_P(Winograd, SumsOfShortsAreNearThoseOfTheDefinition) {
  for (const Element element : {Element::kBf16, Element::kU8}) {
    const std::vector<double> exact = expected(values_of(elements_of(input_, element), element));
    for (const MatrixKernel& kernel : matrix_kernels()) {
      const Errors errors = errors_of(run(kernel, element, input_, what_.batch), exact);
      EXPECT_LT(errors.rms, element == Element::kBf16 ? 2.2e-3 : 1e-3) << kernel.name;
      EXPECT_LT(errors.worst, element == Element::kBf16 ? 3e-2 : 1e-2) << kernel.name;
    }
  }
}

TEST_P(Winograd, NoNumberDependsOnTheThreadsOrTheBatch) {
  const MatrixKernel& kernel = matrix_kernels().back();
  const int threads = omp_get_max_threads();
  for (const Element element : {Element::kF32, Element::kBf16, Element::kU8}) {
    omp_set_num_threads(1);
    const std::vector<float> alone = run(kernel, element, input_, what_.batch);
    for (const int others : {2, 3, 7}) {
      omp_set_num_threads(others);
      EXPECT_EQ(run(kernel, element, input_, what_.batch), alone) << others << " threads";
    }
    omp_set_num_threads(threads);
    const std::size_t image = input_.size() / static_cast<std::size_t>(what_.batch);
    const std::vector<float> last(input_.end() - static_cast<std::ptrdiff_t>(image), input_.end());
    const std::vector<float> output = run(kernel, element, last, 1);
    EXPECT_TRUE(std::equal(output.rbegin(), output.rend(), alone.rbegin()));
  }
}

// Sums of products that all have one sign are as large as they can be.
TEST_P(Winograd, SumsOfShortsDoNotOverflow) {
  std::ranges::fill(input_, 1.0F);
  std::ranges::fill(weights_, 1.0F);
  conv_.activation = model::Activation::kIdentity;
  const std::vector<double> exact = expected(input_);
  for (const MatrixKernel& kernel : matrix_kernels()) {
    for (const Element element : {Element::kBf16, Element::kU8})
      EXPECT_LT(errors_of(run(kernel, element, input_, what_.batch), exact).rms, 3e-3);
  }
}

TEST_P(Winograd, WhatIsNotFiniteIsSeenInItsTileAlone) {
  for (const float value : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    for (const MatrixKernel& kernel : matrix_kernels()) {
      const std::vector<float> finite = run(kernel, Element::kBf16, input_, what_.batch);
      std::vector<float> input = input_;
      input.front() = value;
      const std::vector<float> output = run(kernel, Element::kBf16, input, what_.batch);
      ASSERT_EQ(output.size(), finite.size());
      const auto reaches = [&](std::size_t i) {
        const auto pixel = static_cast<int>(i) / what_.filters;
        return pixel < out_height_ * out_width_ && pixel / out_width_ < 2 * kTileSide &&
               pixel % out_width_ < 2 * kTileSide;
      };
      bool seen = false;
      for (std::size_t i = 0; i < output.size(); ++i) {
        seen = seen || !std::isfinite(output[i]);
        if (reaches(i)) continue;
        ASSERT_EQ(output[i], finite[i]) << i;
      }
      EXPECT_TRUE(seen) << kernel.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Convolutions, Winograd, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(SuitsWinograd, WhatItCanComputeAndIsLikelyToComputeFaster) {
  const model::ConvNode conv = conv_of(kCases[0]);
  EXPECT_TRUE(suits_winograd(conv, Element::kF32, 20, 20));
  EXPECT_FALSE(suits_winograd(conv, Element::kF32, 1, 1)) << "a tile for one pixel";
  const auto without = [&](auto change) {
    model::ConvNode other = conv;
    change(other);
    return suits_winograd(other, Element::kF32, 20, 20);
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
  EXPECT_TRUE(suits_winograd(deep, Element::kF32, 20, 20));
  EXPECT_FALSE(suits_winograd(deep, Element::kF32, 10, 10));
  // Codes are summed directly in half the time.
  EXPECT_TRUE(suits_winograd(deep, Element::kBf16, 20, 20));
  EXPECT_TRUE(suits_winograd(deep, Element::kU8, 20, 20));
  model::ConvNode narrow = conv;
  narrow.channels = narrow.filters = 32;
  EXPECT_TRUE(suits_winograd(narrow, Element::kBf16, 21, 20));
  EXPECT_FALSE(suits_winograd(narrow, Element::kU8, 21, 20));
}

}  // namespace
}  // namespace qyolo::engine
