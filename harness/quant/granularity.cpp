#include "harness/quant/granularity.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "common/spelling.h"

namespace qyolo::quant {
namespace {

constexpr std::string_view kFamilyPrefix = "group:";

std::int64_t kernel_size(const Shape& shape) { return shape.kh * shape.kw; }
std::int64_t filter_size(const Shape& shape) { return shape.c * kernel_size(shape); }
std::int64_t pieces_per_filter(const Shape& shape, std::int64_t group_size) {
  return (filter_size(shape) - 1) / group_size + 1;
}

Group contiguous(std::int64_t offset, std::int64_t size) {
  return {.offset = offset, .inner = size};
}

Group every(std::int64_t stride, std::int64_t offset, std::int64_t size) {
  return {.offset = offset, .inner = size, .stride_inner = stride};
}

struct Kind {
  Granularity::Description description;
  std::int64_t (*count)(const Shape&, std::int64_t group_size);
  Group (*group)(const Shape&, std::int64_t group_size, std::int64_t index);
};

// The registry: a new granularity is one entry. Layout of a tensor: [n][c][i][j].
constexpr std::array kKinds = {
    Kind{{"layer", "one parameter set per tensor"},
         [](const Shape&, std::int64_t) { return std::int64_t{1}; },
         [](const Shape& s, std::int64_t, std::int64_t) { return contiguous(0, s.size()); }},
    Kind{{"filter", "one per output channel n ('per-channel' in most toolkits)"},
         [](const Shape& s, std::int64_t) { return s.n; },
         [](const Shape& s, std::int64_t, std::int64_t index) {
           return contiguous(index * filter_size(s), filter_size(s));
         }},
    Kind{{"channel", "one per 2-D kernel (n, c); one value per group in a 1x1 layer"},
         [](const Shape& s, std::int64_t) { return s.n * s.c; },
         [](const Shape& s, std::int64_t, std::int64_t index) {
           return contiguous(index * kernel_size(s), kernel_size(s));
         }},
    Kind{{"in-channel", "one per input channel c, over all filters"},
         [](const Shape& s, std::int64_t) { return s.c; },
         [](const Shape& s, std::int64_t, std::int64_t index) {
           return Group{.offset = index * kernel_size(s),
                        .outer = s.n,
                        .stride_outer = filter_size(s),
                        .inner = kernel_size(s)};
         }},
    Kind{{"shape", "one per spatial position (i, j), over all filters and channels"},
         [](const Shape& s, std::int64_t) { return kernel_size(s); },
         [](const Shape& s, std::int64_t, std::int64_t index) {
           return every(kernel_size(s), index, s.n * s.c);
         }},
    Kind{{"shape-ssl", "one per (c, i, j), over all filters (Wen et al. 2016)"},
         [](const Shape& s, std::int64_t) { return filter_size(s); },
         [](const Shape& s, std::int64_t, std::int64_t index) {
           return every(filter_size(s), index, s.n);
         }},
    Kind{{"fshape", "one per (n, i, j): one position of one filter, over its channels"},
         [](const Shape& s, std::int64_t) { return s.n * kernel_size(s); },
         [](const Shape& s, std::int64_t, std::int64_t index) {
           const std::int64_t filter = index / kernel_size(s);
           const std::int64_t position = index % kernel_size(s);
           return every(kernel_size(s), filter * filter_size(s) + position, s.c);
         }},
    Kind{{"group:G", "one per G consecutive weights of a filter; its last group may be shorter"},
         [](const Shape& s, std::int64_t size) { return s.n * pieces_per_filter(s, size); },
         [](const Shape& s, std::int64_t size, std::int64_t index) {
           const std::int64_t filter = index / pieces_per_filter(s, size);
           const std::int64_t begin = index % pieces_per_filter(s, size) * size;
           return contiguous(filter * filter_size(s) + begin,
                             std::min(size, filter_size(s) - begin));
         }},
};

}  // namespace

Granularity::Granularity() : name_(kKinds[0].description.name) {}

const std::vector<Granularity::Description>& Granularity::all() {
  static const std::vector<Description> descriptions = [] {
    std::vector<Description> result;
    for (const Kind& kind : kKinds) result.push_back(kind.description);
    return result;
  }();
  return descriptions;
}

Result<Granularity> Granularity::parse(std::string_view name) {
  Granularity result;
  std::string_view looked_for = name;
  if (name.starts_with(kFamilyPrefix)) {
    const std::string_view digits = name.substr(kFamilyPrefix.size());
    const char* end = digits.data() + digits.size();
    const auto [stop, failure] = std::from_chars(digits.data(), end, result.group_size_);
    if (failure != std::errc{} || stop != end || result.group_size_ <= 0) {
      return error("granularity '{}': expected group:G with a positive integer G", name);
    }
    looked_for = "group:G";
  }
  for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
    if (kKinds[kind].description.name != looked_for) continue;
    result.name_ =
        result.group_size_ > 0 ? fmt::format("group:{}", result.group_size_) : std::string(name);
    result.kind_ = kind;
    return result;
  }
  std::vector<std::string_view> names;
  for (const Description& description : all()) names.push_back(description.name);
  return error("granularity '{}': expected one of {}{}", name, fmt::join(names, ", "),
               did_you_mean(name, names));
}

std::int64_t Granularity::group_count(const Shape& shape) const {
  return kKinds[kind_].count(shape, group_size_);
}

Group Granularity::group(const Shape& shape, std::int64_t index) const {
  return kKinds[kind_].group(shape, group_size_, index);
}

Granularity::OfFilters Granularity::of_filters(const Shape& shape) const {
  const std::int64_t size = shape.c * shape.kh * shape.kw;
  const Shape filter{1, shape.c, shape.kh, shape.kw};
  const std::int64_t all = group_count(shape), of_one = group_count(filter);
  if (all == of_one) {
    for (std::int64_t i = 0; i < all; ++i) {
      if (group(shape, i).size() != group(filter, i).size() * shape.n) return OfFilters::kNeither;
    }
    return OfFilters::kShared;
  }
  if (all != of_one * shape.n) return OfFilters::kNeither;
  // Groups are of one kind: those of the last filter tell those of all.
  for (std::int64_t i = 0; i < of_one; ++i) {
    const Group here = group(shape, (shape.n - 1) * of_one + i), there = group(filter, i);
    if (here.offset != there.offset + (shape.n - 1) * size || here.size() != there.size())
      return OfFilters::kNeither;
  }
  return OfFilters::kByThemselves;
}

}  // namespace qyolo::quant
