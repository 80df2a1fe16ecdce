#include "harness/network/calibration_walk.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/parallel.h"
#include "harness/model/activation_points.h"
#include "harness/network/object_weights.h"

namespace qyolo::harness {
namespace {

// Positions that moments are made of: so many, or so many per weight of a filter where that is
// more.
constexpr std::size_t kLeastPositions = 32768;
constexpr std::size_t kPositionsPerWeight = 8;
constexpr std::size_t kRowsAtOnce = 2048, kColumnsAtOnce = 64;
// And those of them that samples are of.
constexpr std::size_t kLeastSamples = 16384;
constexpr std::size_t kSamplesPerWeight = 4;
constexpr std::size_t kFollowedBytes = std::size_t{1} << 30U;  // of maps, while it is followed
constexpr float kFollowed = 0.5F;  // of the way from a sample's inputs to the unquantized network's

// A number that depends on all bits of `index` (splitmix64).
std::uint64_t scrambled(std::uint64_t index) {
  index += 0x9e3779b97f4a7c15U;
  index = (index ^ (index >> 30)) * 0xbf58476d1ce4e5b9U;
  index = (index ^ (index >> 27)) * 0x94d049bb133111ebU;
  return index ^ (index >> 31);
}

// Whether the one of this index is among `most` of `count`, as nearly as chance gives.
bool is_taken(std::uint64_t index, std::size_t most, std::size_t count) {
  return count <= most || static_cast<double>(scrambled(index)) * 0x1p-64 <
                              static_cast<double>(most) / static_cast<double>(count);
}

std::size_t filter_size(const model::ConvNode& conv) {
  return static_cast<std::size_t>(conv.channels / conv.groups) *
         static_cast<std::size_t>(conv.kernel_h) * static_cast<std::size_t>(conv.kernel_w);
}

// The inputs of one position as the weights of a filter see them, of one group of the convolution.
void unfold(const model::LayerMap& map, const model::ConvNode& conv, int group, int image, int y,
            int x, float* to) {
  const int channels = conv.channels / conv.groups;
  const int taps = conv.kernel_h * conv.kernel_w;
  for (int i = 0; i < conv.kernel_h; ++i) {
    for (int j = 0; j < conv.kernel_w; ++j) {
      const int row = y * conv.stride_h - conv.pad_h + i * conv.dilation_h;
      const int column = x * conv.stride_w - conv.pad_w + j * conv.dilation_w;
      float* place = to + i * conv.kernel_w + j;
      if (row < 0 || row >= map.height || column < 0 || column >= map.width) {
        for (int c = 0; c < channels; ++c) place[c * taps] = 0;
        continue;
      }
      const std::size_t pixel =
          (static_cast<std::size_t>(image) * static_cast<std::size_t>(map.height) +
           static_cast<std::size_t>(row)) *
              static_cast<std::size_t>(map.width) +
          static_cast<std::size_t>(column);
      const float* from =
          map.values.data() + pixel * static_cast<std::size_t>(map.channels) + group * channels;
      for (int c = 0; c < channels; ++c) place[c * taps] = from[c];
    }
  }
}

}  // namespace

Result<CalibrationWalk> CalibrationWalk::start(const model::Graph& graph,
                                               const RoundingCalibration& calibration,
                                               WalkDetail detail, int threads) {
  CalibrationWalk walk(graph, calibration, threads);
  walk.last_reader_.assign(graph.nodes.size() + 1, -1);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const int input : graph.nodes[i].inputs)
      walk.last_reader_[static_cast<std::size_t>(input + 1)] = static_cast<int>(i);
  }
  QYOLO_TRY(walk.object_weights_, object_weights(graph, calibration));
  walk.detail_ = detail;
  QYOLO_TRY(walk.first_followed_, walk.first_followed());
  QYOLO_TRY(walk.runner_, calibration.executor->layer_runner());
  for (const CalibrationBatch& batch : calibration.batches) {
    QYOLO_CHECK_OK(walk.runner_->add_batch(batch.rgb, static_cast<int>(batch.images.size()),
                                           batch.height, batch.width));
  }
  return walk;
}

Status CalibrationWalk::advance(int node) {
  for (; next_ < node; ++next_) {
    if (graph_.nodes[static_cast<std::size_t>(next_)].conv() != nullptr) continue;
    QYOLO_CHECK_OK(runner_->run(next_, {}, {}));
    if (unquantized_) QYOLO_CHECK_OK(unquantized_->run(next_));
    release_after(next_);
  }
  return {};
}

void CalibrationWalk::release_after(int node) {
  for (const int input : graph_.nodes[static_cast<std::size_t>(node)].inputs) {
    if (last_reader_[static_cast<std::size_t>(input + 1)] != node) continue;
    runner_->release(input);
    if (unquantized_) unquantized_->release(input);
    std::erase_if(known_, [&](Known& known) {
      if (known.reading.input != input) return false;
      for (quant::InputMoments& moments : known.moments) {
        if (moments.samples.inputs.capacity() > spare_samples_.inputs.capacity())
          spare_samples_ = std::move(moments.samples);
      }
      return true;
    });
  }
}

Status CalibrationWalk::set(int node, std::span<const float> weights, std::span<const float> bias) {
  QYOLO_CHECK_OK(advance(node));
  if (last_reader_[static_cast<std::size_t>(node + 1)] >= 0) {
    QYOLO_CHECK_OK(runner_->run(node, weights, bias));
    if (unquantized_) QYOLO_CHECK_OK(unquantized_->run(node));
  }
  next_ = node + 1;
  release_after(node);
  return {};
}

Result<int> CalibrationWalk::first_followed() const {
  std::vector<std::size_t> bytes(graph_.nodes.size() + 1);  // of the input, then of each node
  for (const CalibrationBatch& batch : calibration_.batches) {
    QYOLO_TRY(const auto shapes, model::infer_shapes(graph_, batch.height, batch.width));
    const std::size_t each = batch.images.size() * sizeof(float);
    bytes[0] +=
        each * 3 * static_cast<std::size_t>(batch.height) * static_cast<std::size_t>(batch.width);
    for (std::size_t i = 0; i < shapes.size(); ++i)
      bytes[i + 1] += each * static_cast<std::size_t>(shapes[i].size());
  }
  std::size_t held = bytes[0];
  int first = 0;
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    held += bytes[i + 1];
    if (held > kFollowedBytes) first = static_cast<int>(i) + 1;
    for (const int input : graph_.nodes[i].inputs) {
      const auto place = static_cast<std::size_t>(input + 1);
      if (last_reader_[place] != static_cast<int>(i)) continue;
      held -= bytes[place];
      bytes[place] = 0;  // once, of a node that reads it twice
    }
  }
  return first;
}

Result<std::span<const quant::InputMoments>> CalibrationWalk::inputs(int node) {
  QYOLO_CHECK_OK(advance(node));
  if (detail_ == WalkDetail::kSamples && !unquantized_ && node >= first_followed_) {
    QYOLO_TRY(unquantized_, UnquantizedMaps::start(graph_, calibration_, last_reader_, node));
  }
  const model::ConvNode& conv = graph_.conv(node);
  const int input = graph_.nodes[static_cast<std::size_t>(node)].inputs[0];
  const Reading reading{input,      conv.kernel_h, conv.kernel_w,   conv.stride_h,   conv.stride_w,
                        conv.pad_h, conv.pad_w,    conv.dilation_h, conv.dilation_w, conv.groups};
  auto found = std::ranges::find(known_, reading, &Known::reading);
  if (found == known_.end()) {
    QYOLO_TRY(auto moments, moments_of(conv, reading));
    known_.push_back({reading, std::move(moments)});
    found = known_.end() - 1;
  }
  return std::span<const quant::InputMoments>(found->moments);
}

std::vector<CalibrationWalk::Position> CalibrationWalk::positions(const model::ConvNode& conv,
                                                                  int input,
                                                                  std::size_t most) const {
  const auto for_each_position = [&](const auto& visit) {
    for (std::size_t b = 0; b < calibration_.batches.size(); ++b) {
      const CalibrationBatch& batch = calibration_.batches[b];
      const model::LayerMap map = runner_->map(input, b);
      const int height = (map.height + 2 * conv.pad_h - conv.dilation_h * (conv.kernel_h - 1) - 1) /
                             conv.stride_h +
                         1;
      const int width =
          (map.width + 2 * conv.pad_w - conv.dilation_w * (conv.kernel_w - 1) - 1) / conv.stride_w +
          1;
      for (std::size_t image = 0; image < batch.images.size(); ++image) {
        const ImageContent& content = batch.images[image];
        for (int y = 0; y < height; ++y) {
          const double centre_y = (y + 0.5) * batch.height / height;
          if (centre_y < content.top || centre_y > content.bottom) continue;
          for (int x = 0; x < width; ++x) {
            const double centre_x = (x + 0.5) * batch.width / width;
            if (centre_x < content.left || centre_x > content.right) continue;
            visit(Position{b, static_cast<int>(image), y, x});
          }
        }
      }
    }
  };
  std::size_t count = 0;
  for_each_position([&](const Position&) { ++count; });
  std::vector<Position> taken;
  std::size_t index = 0;
  for_each_position([&](const Position& position) {
    if (is_taken(index, most, count)) taken.push_back(position);
    ++index;
  });
  return taken;
}

double CalibrationWalk::weight_of(const model::ConvNode& conv, int input,
                                  const Position& position) const {
  const CalibrationBatch& batch = calibration_.batches[position.batch];
  const ObjectWeights& weights = object_weights_[position.batch];
  const model::LayerMap map = runner_->map(input, position.batch);
  const auto place = [](double at, int stride, int pixels, int size, int places) {
    const double pixel = (at + 0.5) * stride * pixels / size;
    return std::clamp(static_cast<int>(pixel / ObjectWeights::kSide), 0, places - 1);
  };
  const int row = place(position.y, conv.stride_h, batch.height, map.height, weights.rows);
  const int column = place(position.x, conv.stride_w, batch.width, map.width, weights.columns);
  const int index = (position.image * weights.rows + row) * weights.columns + column;
  return static_cast<double>(weights.values[static_cast<std::size_t>(index)]);
}

quant::InputSamples CalibrationWalk::samples_of(const model::ConvNode& conv, int input, int group,
                                                std::span<const Position> positions,
                                                std::span<const double> roots) {
  const std::size_t size = filter_size(conv);
  const std::size_t most = std::max(kLeastSamples, kSamplesPerWeight * size);
  std::vector<std::size_t> taken;
  double total = 0;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    // Other bits than those that chose the positions.
    if (!is_taken(~i, most, positions.size())) continue;
    taken.push_back(i);
    total += roots[i] * roots[i];
  }
  if (!(total > 0)) return {};
  quant::InputSamples samples = std::exchange(spare_samples_, {});
  if (samples.inputs.capacity() < taken.size() * size) samples = {};  // nothing to be copied
  samples.positions = taken.size();
  samples.inputs.resize(taken.size() * size);
  samples.wanted.resize(taken.size() * size);
  samples.counts.resize(taken.size());
  samples.energies.resize(taken.size());
  parallel_for(
      taken.size(), threads_,
      [&](std::size_t i) {
        const Position& at = positions[taken[i]];
        std::vector<float> now(size);
        unfold(runner_->map(input, at.batch), conv, group, at.image, at.y, at.x, now.data());
        std::vector<float> unquantized = now;
        if (unquantized_)
          unfold(unquantized_->map(input, at.batch), conv, group, at.image, at.y, at.x,
                 unquantized.data());
        double energy = 0;
        for (std::size_t k = 0; k < size; ++k) {
          samples.inputs[k * samples.positions + i] = now[k];
          samples.wanted[k * samples.positions + i] =
              now[k] + kFollowed * (unquantized[k] - now[k]);
          energy += static_cast<double>(now[k]) * static_cast<double>(now[k]);
        }
        const double count = roots[taken[i]] * roots[taken[i]] / total;
        samples.counts[i] = static_cast<float>(count * static_cast<double>(taken.size()));
        samples.energies[i] = static_cast<float>(energy / static_cast<double>(size));
      },
      64);
  return samples;
}

Result<std::vector<quant::InputMoments>> CalibrationWalk::moments_of(const model::ConvNode& conv,
                                                                     const Reading& reading) {
  const std::size_t size = filter_size(conv);
  const std::vector<Position> taken =
      positions(conv, reading.input, std::max(kLeastPositions, kPositionsPerWeight * size));
  std::vector<quant::InputMoments> all;
  std::vector<float> rows;
  std::vector<double> roots(taken.size());  // of the positions' weights
  parallel_for(
      taken.size(), threads_,
      [&](std::size_t i) { roots[i] = std::sqrt(weight_of(conv, reading.input, taken[i])); }, 4096);
  double total = 0;
  for (const double root : roots) total += root * root;
  if (!(total > 0)) total = 1;
  for (int group = 0; group < conv.groups; ++group) {
    quant::InputMoments moments{
        quant::SymmetricMatrix(size), std::vector<double>(size), taken.size(), {}};
    if (detail_ == WalkDetail::kSamples)
      moments.samples = samples_of(conv, reading.input, group, taken, roots);
    for (std::size_t begin = 0; begin < taken.size(); begin += kRowsAtOnce) {
      const std::size_t count = std::min(kRowsAtOnce, taken.size() - begin);
      rows.resize(count * size);
      parallel_for(
          count, threads_,
          [&](std::size_t i) {
            const Position& at = taken[begin + i];
            unfold(runner_->map(reading.input, at.batch), conv, group, at.image, at.y, at.x,
                   rows.data() + i * size);
            const auto root = static_cast<float>(roots[begin + i]);
            for (std::size_t k = 0; k < size; ++k) rows[i * size + k] *= root;
          },
          64);
      moments.second.add_outer_products(rows, threads_);
      parallel_for((size + kColumnsAtOnce - 1) / kColumnsAtOnce, threads_, [&](std::size_t block) {
        const std::size_t end = std::min(size, (block + 1) * kColumnsAtOnce);
        for (std::size_t i = 0; i < count; ++i) {
          for (std::size_t k = block * kColumnsAtOnce; k < end; ++k)
            moments.mean[k] += static_cast<double>(rows[i * size + k]) * roots[begin + i];
        }
      });
    }
    for (double& value : moments.mean) value /= total;
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t k = 0; k <= i; ++k)
        moments.second.at(i, k) -= total * moments.mean[i] * moments.mean[k];
      // Of an input that never changes, what rounding leaves.
      moments.second.at(i, i) = std::max(0.0, moments.second.at(i, i));
    }
    moments.second.mirror();
    for (std::size_t k = 0; k < size; ++k) {
      if (std::isfinite(moments.second.at(k, k))) continue;
      return error("{}: an input of {} is not finite on the calibration images", conv.name,
                   model::node_name(graph_, reading.input));
    }
    all.push_back(std::move(moments));
  }
  return all;
}

}  // namespace qyolo::harness
