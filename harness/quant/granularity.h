// harness/quant/: weight quantization: schemes, granularities, encoded tensors. No LibTorch.
//
// Granularity: which weights of a conv tensor W[N, C, Kh, Kw] share one set of parameters. A
// granularity is a view: it yields groups of strided positions and copies nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace qyolo::quant {

// Filters, input channels seen by one filter (channels / groups of a grouped convolution), kernel
// height and width.
struct Shape {
  std::int64_t n = 0, c = 0, kh = 0, kw = 0;
  [[nodiscard]] std::int64_t size() const { return n * c * kh * kw; }
  bool operator==(const Shape&) const = default;
};

// The positions of one group: offset + i * stride_outer + j * stride_inner,
// i in [0, outer), j in [0, inner). Positions are visited in ascending memory order.
struct Group {
  std::int64_t offset = 0;
  std::int64_t outer = 1, stride_outer = 0;
  std::int64_t inner = 1, stride_inner = 1;
  [[nodiscard]] std::int64_t size() const { return outer * inner; }
  // Whether the positions are [offset, offset + size()).
  [[nodiscard]] bool contiguous() const { return outer == 1 && (inner == 1 || stride_inner == 1); }
};

// Every granularity puts each position of a tensor into exactly one group, and groups are not
// empty. The granularity `layer` is what a default-constructed object is.
class Granularity {
 public:
  Granularity();

  // By name: layer, filter, channel, in-channel, shape, shape-ssl, fshape, group:G (G > 0).
  static Result<Granularity> parse(std::string_view name);
  // The registered names, with one line of help each ("group:G" stands for the family).
  struct Description {
    std::string_view name;
    std::string_view help;
  };
  static const std::vector<Description>& all();

  [[nodiscard]] const std::string& name() const { return name_; }
  // REQUIRES: every dimension of the shape is positive.
  [[nodiscard]] std::int64_t group_count(const Shape& shape) const;
  // REQUIRES: 0 <= index < group_count(shape).
  [[nodiscard]] Group group(const Shape& shape, std::int64_t index) const;

  // How the groups of a tensor are those of its filters, one after the other, if they are.
  enum class OfFilters { kByThemselves, kShared, kNeither };
  [[nodiscard]] OfFilters of_filters(const Shape& shape) const;

 private:
  std::string name_;
  std::size_t kind_ = 0;         // index into the registry
  std::int64_t group_size_ = 0;  // group:G
};

}  // namespace qyolo::quant
