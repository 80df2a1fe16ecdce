// Convolutions of sizes that are no multiples of tiles and blocks, and their sums by definition.
#pragma once

#include <cstddef>

#include "harness/engine/kernels.h"
#include "harness/model/graph.h"

namespace qyolo::testing {

struct ConvolutionCase {
  const char* name;
  int filters, channels, kernel_h, kernel_w, stride, pad, dilation, groups;
  int height, width, batch;
  model::Activation activation;
};

// Sizes that are no multiples of tiles and blocks, and every feature of a convolution.
inline const ConvolutionCase kConvolutionCases[] = {
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

class ConvolutionProblem {
 public:
  // `gap`: how much further apart than their channels pixels lie.
  explicit ConvolutionProblem(const ConvolutionCase& what, int gap = 5) {
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
  [[nodiscard]] engine::Map from(void* data, engine::MapType type) const {
    return {data, batch, height, width, conv.channels, pitch, type};
  }
  [[nodiscard]] engine::Map to(void* data, engine::MapType type) const {
    return {data, batch, out_height, out_width, conv.filters, out_pitch, type};
  }

  model::ConvNode conv;
  int batch, height, width, out_height, out_width, weights, pitch, out_pitch;
};

}  // namespace qyolo::testing
