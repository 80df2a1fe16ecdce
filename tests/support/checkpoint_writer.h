// Makes checkpoints in the official format, well-formed ones and others: pickles from small pieces,
// storages, and the modules of a network of a few layers.
#pragma once

#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/zip_writer.h"

namespace qyolo::testing {

// A piece of pickle that leaves one value on the stack. Pieces compose by concatenation.
using Pickle = std::string;
using Items = std::vector<std::pair<std::string, Pickle>>;

inline Pickle none() { return "N"; }
inline Pickle boolean(bool value) { return value ? "\x88" : "\x89"; }
inline Pickle integer(std::int64_t value) {
  return "\x8a\x08" + little_endian(static_cast<std::uint64_t>(value), 8);
}
inline Pickle number(double value) {
  return fmt::format("G{}",
                     little_endian(__builtin_bswap64(std::bit_cast<std::uint64_t>(value)), 8));
}
inline Pickle text(std::string_view value) {
  return fmt::format("X{}{}", little_endian(value.size(), 4), value);
}
inline Pickle global(std::string_view module, std::string_view name) {
  return fmt::format("c{}\n{}\n", module, name);
}
inline Pickle list(const std::vector<Pickle>& items) {
  Pickle all = "](";
  for (const Pickle& item : items) all += item;
  return all + "e";
}
inline Pickle tuple(const std::vector<Pickle>& items) {
  Pickle all = "(";
  for (const Pickle& item : items) all += item;
  return all + "t";
}
inline Pickle integers(const std::vector<std::int64_t>& values) {
  std::vector<Pickle> items;
  for (const std::int64_t value : values) items.push_back(integer(value));
  return tuple(items);
}
inline Pickle set_items(const Items& items) {
  Pickle all = "(";
  for (const auto& [key, value] : items) all += text(key) + value;
  return all + "u";
}
inline Pickle dict(const Items& items) { return fmt::format("}}{}", set_items(items)); }
inline Pickle call(const Pickle& callable, const Pickle& arguments) {
  return callable + arguments + "R";
}
inline Pickle ordered_dict(const Items& items) {
  return call(global("collections", "OrderedDict"), ")") + set_items(items);
}
inline Pickle object(std::string_view module, std::string_view name, const Pickle& state) {
  return global(module, name) + ")\x81" + state + "b";
}
// The whole stream.
inline std::string finish(const Pickle& value) { return "\x80\x02" + value + "."; }

// How a tensor is described; the defaults of an ordinary one come from CheckpointWriter.
struct TensorFields {
  std::string type = "FloatStorage";
  std::string key;
  std::int64_t numel = 0, offset = 0;
  std::vector<std::int64_t> size, stride;
};
inline Pickle tensor_of(const TensorFields& fields) {
  const Pickle storage = tuple({text("storage"), global("torch", fields.type), text(fields.key),
                                text("cpu"), integer(fields.numel)}) +
                         "Q";
  return call(global("torch._utils", "_rebuild_tensor_v2"),
              tuple({storage, integer(fields.offset), integers(fields.size),
                     integers(fields.stride), boolean(false), ordered_dict({})}));
}

inline std::vector<std::int64_t> row_major(const std::vector<std::int64_t>& size) {
  std::vector<std::int64_t> stride(size.size(), 1);
  for (std::size_t i = size.size(); i-- > 1;) stride[i - 1] = stride[i] * size[i];
  return stride;
}

template <class T>
std::string storage_bytes(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

// Collects storages, and puts everything into one archive.
class CheckpointWriter {
 public:
  // Adds a storage; returns its key.
  std::string add_storage(std::string bytes) {
    entries_.push_back({"archive/data/" + std::to_string(entries_.size()), std::move(bytes)});
    return std::to_string(entries_.size() - 1);
  }

  Pickle tensor(const std::vector<float>& values, const std::vector<std::int64_t>& size) {
    const auto numel = static_cast<std::int64_t>(values.size());
    return tensor_of(
        {"FloatStorage", add_storage(storage_bytes(values)), numel, 0, size, row_major(size)});
  }

  void add_entry(ZipEntry entry) { entries_.push_back(std::move(entry)); }

  [[nodiscard]] std::string archive(const Pickle& root) const {
    std::vector<ZipEntry> all = {{"archive/data.pkl", finish(root)}};
    all.insert(all.end(), entries_.begin(), entries_.end());
    all.push_back({"archive/version", "3\n"});
    return make_zip(all);
  }

 private:
  std::vector<ZipEntry> entries_;
};

// --- modules ---

inline Pickle module(std::string_view module_name, std::string_view class_name,
                     const Items& parameters, const Items& buffers, const Items& children,
                     const Items& attributes = {}) {
  Items state = {{"training", boolean(false)},
                 {"_parameters", ordered_dict(parameters)},
                 {"_buffers", ordered_dict(buffers)},
                 {"_modules", ordered_dict(children)}};
  state.insert(state.end(), attributes.begin(), attributes.end());
  return object(module_name, class_name, dict(state));
}

inline Pickle sequential(const std::vector<Pickle>& children,
                         std::string_view class_name = "Sequential") {
  Items items;
  for (const Pickle& child : children) items.emplace_back(std::to_string(items.size()), child);
  return module("torch.nn.modules.container", class_name, {}, {}, items);
}
inline Pickle module_list(const std::vector<Pickle>& children) {
  return sequential(children, "ModuleList");
}

struct ConvFields {
  std::int64_t filters = 1, channels = 1, kernel = 1, stride = 1, groups = 1, dilation = 1;
  std::vector<float> weight{};
  std::vector<float> bias{};        // empty: None
  std::optional<Pickle> padding{};  // kernel / 2, unless given
  std::optional<Pickle> weight_tensor{};
};
inline Pickle conv2d(CheckpointWriter& writer, const ConvFields& conv) {
  const Pickle weight = conv.weight_tensor
                            ? *conv.weight_tensor
                            : writer.tensor(conv.weight, {conv.filters, conv.channels / conv.groups,
                                                          conv.kernel, conv.kernel});
  const Pickle bias = conv.bias.empty() ? none() : writer.tensor(conv.bias, {conv.filters});
  return module("torch.nn.modules.conv", "Conv2d", {{"weight", weight}, {"bias", bias}}, {}, {},
                {{"in_channels", integer(conv.channels)},
                 {"out_channels", integer(conv.filters)},
                 {"kernel_size", integers({conv.kernel, conv.kernel})},
                 {"stride", integers({conv.stride, conv.stride})},
                 {"padding", conv.padding.value_or(integers({conv.kernel / 2, conv.kernel / 2}))},
                 {"dilation", integers({conv.dilation, conv.dilation})},
                 {"groups", integer(conv.groups)},
                 {"transposed", boolean(false)},
                 {"padding_mode", text("zeros")}});
}

struct NormFields {
  std::vector<float> gamma, beta, mean, variance;
  double eps = 1e-3;
};
inline Pickle batch_norm(CheckpointWriter& writer, const NormFields& norm) {
  const auto n = static_cast<std::int64_t>(norm.gamma.size());
  return module(
      "torch.nn.modules.batchnorm", "BatchNorm2d",
      {{"weight", writer.tensor(norm.gamma, {n})}, {"bias", writer.tensor(norm.beta, {n})}},
      {{"running_mean", writer.tensor(norm.mean, {n})},
       {"running_var", writer.tensor(norm.variance, {n})},
       {"num_batches_tracked",
        tensor_of({"LongStorage", writer.add_storage(std::string(8, '\0')), 1, 0, {}, {}})}},
      {}, {{"eps", number(norm.eps)}});
}

inline Pickle silu() { return module("torch.nn.modules.activation", "SiLU", {}, {}, {}); }

// i, f and type, as the official parser leaves them on every layer.
inline Items placed(std::int64_t index, const Pickle& from, Items attributes = {}) {
  attributes.insert(attributes.begin(), {{"i", integer(index)}, {"f", from}});
  return attributes;
}

// Deterministic values in about [-1, 1].
inline std::vector<float> pseudo_random(std::size_t count, std::uint32_t seed) {
  std::vector<float> values(count);
  for (float& value : values) {
    seed = seed * 1664525U + 1013904223U;
    value = static_cast<float>(static_cast<std::int32_t>(seed)) * 0x1p-31F;
  }
  return values;
}

// A network of four layers, to be varied by tests:
//   0 Conv 3 -> 4, 3x3 stride 2, BN, SiLU    1 Conv 4 -> 4, 1x1, BN, SiLU
//   2 Concat of 1 and 0                      3 Detect: 2 classes, 1 level of stride 2, 1 anchor
struct TinyNetwork {
  CheckpointWriter writer;
  std::vector<Pickle> layers;
  Pickle names = list({text("cat"), text("dog")});

  static constexpr std::int64_t kClasses = 2, kOutputs = 7, kHeadChannels = 8;

  TinyNetwork() {
    layers.push_back(conv_layer(0, integer(-1), {4, 3, 3, 2, 1, 1, pseudo_random(108, 1)}));
    layers.push_back(conv_layer(1, integer(-1), {4, 4, 1, 1, 1, 1, pseudo_random(16, 2)}));
    layers.push_back(module("models.common", "Concat", {}, {}, {},
                            placed(2, list({integer(-1), integer(0)}), {{"d", integer(1)}})));
    layers.push_back(detect(3, list({integer(2)})));
  }

  Pickle conv_layer(std::int64_t index, const Pickle& from, const ConvFields& conv) {
    const auto n = static_cast<std::size_t>(conv.filters);
    const NormFields norm{std::vector<float>(n, 1), std::vector<float>(n, 0),
                          std::vector<float>(n, 0), std::vector<float>(n, 1)};
    return conv_layer(index, from, conv, norm);
  }
  Pickle conv_layer(std::int64_t index, const Pickle& from, const ConvFields& conv,
                    const NormFields& norm) {
    return module(
        "models.common", "Conv", {}, {},
        {{"conv", conv2d(writer, conv)}, {"bn", batch_norm(writer, norm)}, {"act", silu()}},
        placed(index, from));
  }

  [[nodiscard]] ConvFields head_conv() const {
    return {kOutputs, kHeadChannels, 1, 1, 1, 1, pseudo_random(56, 3), pseudo_random(7, 4)};
  }

  // Children and attributes beside those of Detect, for its relatives.
  Pickle detect(std::int64_t index, const Pickle& from, std::string_view class_name = "Detect",
                const Items& children = {}, const Items& attributes = {}) {
    Items all_children = {{"m", module_list({conv2d(writer, head_conv())})}};
    all_children.insert(all_children.end(), children.begin(), children.end());
    Items all_attributes = placed(index, from,
                                  {{"nc", integer(kClasses)},
                                   {"no", integer(kOutputs)},
                                   {"nl", integer(1)},
                                   {"na", integer(1)},
                                   {"stride", writer.tensor({2}, {1})}});
    all_attributes.insert(all_attributes.end(), attributes.begin(), attributes.end());
    return module("models.yolo", class_name, {},
                  {{"anchor_grid", writer.tensor({10, 13}, {1, 1, 1, 1, 1, 2})}}, all_children,
                  all_attributes);
  }

  [[nodiscard]] Pickle model() const {
    return module("models.yolo", "Model", {}, {}, {{"model", sequential(layers)}},
                  {{"names", names}});
  }
  [[nodiscard]] std::string checkpoint() const {
    return writer.archive(dict({{"epoch", integer(-1)}, {"model", model()}, {"ema", none()}}));
  }
};

}  // namespace qyolo::testing
