#include "tests/support/network_in_double.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "tests/support/activate.h"

namespace qyolo::testing {
namespace {

// One image's map, [channels, height, width].
struct PlainMap {
  int channels = 0, height = 0, width = 0;
  std::vector<double> values;

  PlainMap() = default;
  PlainMap(int c, int h, int w, double value)
      : channels(c), height(h), width(w), values(static_cast<std::size_t>(c * h * w), value) {}
  [[nodiscard]] const double* row(int c, int y) const {
    return values.data() + static_cast<std::ptrdiff_t>(c * height + y) * width;
  }
  double* row(int c, int y) {
    return values.data() + static_cast<std::ptrdiff_t>(c * height + y) * width;
  }
};
using Inputs = std::vector<const PlainMap*>;

// Adds one kernel position's product to the row that it contributes to.
void add_tap(const model::ConvNode& conv, double weight, const double* from, int from_width, int j,
             double* to, int to_width) {
  const int offset = j * conv.dilation_w - conv.pad_w;
  for (int x = 0; x < to_width; ++x) {
    const int at = x * conv.stride_w + offset;
    if (at >= 0 && at < from_width) to[x] += weight * from[at];
  }
}

PlainMap apply(const model::ConvNode& conv, const Inputs& inputs, const model::MapShape& shape) {
  const PlainMap& from = *inputs[0];
  PlainMap to(shape.channels, shape.height, shape.width, 0);
  const int depth = conv.channels / conv.groups, filters = conv.filters / conv.groups;
  for (int k = 0; k < conv.filters; ++k) {
    const float* weight =
        conv.weight.data() + static_cast<std::ptrdiff_t>(k) * depth * conv.kernel_h * conv.kernel_w;
    for (int y = 0; y < to.height; ++y) {
      double* row = to.row(k, y);
      std::fill_n(row, to.width, double{conv.bias[static_cast<std::size_t>(k)]});
      for (int c = 0; c < depth; ++c) {
        for (int i = 0; i < conv.kernel_h; ++i) {
          const int source = y * conv.stride_h + i * conv.dilation_h - conv.pad_h;
          if (source < 0 || source >= from.height) continue;
          for (int j = 0; j < conv.kernel_w; ++j) {
            add_tap(conv, double{weight[(c * conv.kernel_h + i) * conv.kernel_w + j]},
                    from.row(k / filters * depth + c, source), from.width, j, row, to.width);
          }
        }
      }
      for (int x = 0; x < to.width; ++x) row[x] = activate(conv, row[x]);
    }
  }
  return to;
}

PlainMap apply(const model::MaxPoolNode& pool, const Inputs& inputs, const model::MapShape& shape) {
  const PlainMap& from = *inputs[0];
  PlainMap to(shape.channels, shape.height, shape.width, -std::numeric_limits<double>::infinity());
  for (int c = 0; c < to.channels; ++c) {
    for (int y = 0; y < to.height; ++y) {
      const int top = y * pool.stride - pool.padding;
      for (int v = std::max(top, 0); v < std::min(top + pool.kernel, from.height); ++v) {
        for (int x = 0; x < to.width; ++x) {
          const int left = x * pool.stride - pool.padding;
          for (int u = std::max(left, 0); u < std::min(left + pool.kernel, from.width); ++u)
            to.row(c, y)[x] = std::max(to.row(c, y)[x], from.row(c, v)[u]);
        }
      }
    }
  }
  return to;
}

PlainMap apply(const model::ConcatNode&, const Inputs& inputs, const model::MapShape& shape) {
  PlainMap to(shape.channels, shape.height, shape.width, 0);
  to.values.clear();
  for (const PlainMap* from : inputs)
    to.values.insert(to.values.end(), from->values.begin(), from->values.end());
  return to;
}

PlainMap apply(const model::AddNode&, const Inputs& inputs, const model::MapShape&) {
  PlainMap to = *inputs[0];
  for (std::size_t i = 0; i < to.values.size(); ++i) to.values[i] += inputs[1]->values[i];
  return to;
}

PlainMap apply(const model::UpsampleNode& up, const Inputs& inputs, const model::MapShape& shape) {
  PlainMap to(shape.channels, shape.height, shape.width, 0);
  for (int c = 0; c < to.channels; ++c) {
    for (int y = 0; y < to.height; ++y) {
      for (int x = 0; x < to.width; ++x)
        to.row(c, y)[x] = inputs[0]->row(c, y / up.scale)[x / up.scale];
    }
  }
  return to;
}

PlainMap apply(const model::ReorgNode&, const Inputs& inputs, const model::MapShape& shape) {
  const PlainMap& from = *inputs[0];
  PlainMap to(shape.channels, shape.height, shape.width, 0);
  for (int c = 0; c < to.channels; ++c) {
    const int part = c / from.channels;
    for (int y = 0; y < to.height; ++y) {
      for (int x = 0; x < to.width; ++x)
        to.row(c, y)[x] = from.row(c % from.channels, 2 * y + part % 2)[2 * x + part / 2];
    }
  }
  return to;
}

}  // namespace

std::vector<std::vector<double>> run_in_double(const model::Graph& graph,
                                               std::span<const float> input, int batch, int height,
                                               int width) {
  const std::vector<model::MapShape> shapes = model::infer_shapes(graph, height, width).value();
  std::vector<std::vector<double>> levels(graph.head.size());
  const std::size_t size = input.size() / static_cast<std::size_t>(batch);
  for (std::size_t image = 0; image < static_cast<std::size_t>(batch); ++image) {
    PlainMap first(3, height, width, 0);
    std::ranges::copy(input.subspan(image * size, size), first.values.begin());
    std::vector<PlainMap> maps(graph.nodes.size());
    for (std::size_t n = 0; n < maps.size(); ++n) {
      Inputs inputs;
      for (const int from : graph.nodes[n].inputs)
        inputs.push_back(from < 0 ? &first : &maps[static_cast<std::size_t>(from)]);
      maps[n] = std::visit([&](const auto& op) { return apply(op, inputs, shapes[n]); },
                           graph.nodes[n].op);
    }
    for (std::size_t level = 0; level < levels.size(); ++level) {
      const std::vector<double>& values =
          maps[static_cast<std::size_t>(graph.head[level].node)].values;
      levels[level].insert(levels[level].end(), values.begin(), values.end());
    }
  }
  return levels;
}

}  // namespace qyolo::testing
