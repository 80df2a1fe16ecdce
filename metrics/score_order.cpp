#include "metrics/score_order.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <numeric>

namespace qyolo::metrics {
namespace {

constexpr int kDigitBits = 11;
constexpr int kDigits = 3;
constexpr std::size_t kRadix = std::size_t{1} << kDigitBits;
constexpr std::size_t kFewScores = 256;  // below this a comparison sort is faster

struct Entry {
  std::uint32_t key;
  std::uint32_t position;
};

// The leading 32 bits of a number that ascends as the score descends.
std::uint32_t descending_key(double score) {
  const auto bits = std::bit_cast<std::uint64_t>(score + 0.0);  // -0 becomes 0
  const std::uint64_t sign = std::uint64_t{1} << 63;
  const std::uint64_t ascending = (bits & sign) != 0 ? ~bits : bits | sign;
  return static_cast<std::uint32_t>(~ascending >> 32);
}

std::size_t digit(std::uint32_t key, int index) {
  return (key >> (index * kDigitBits)) & (kRadix - 1);
}

void radix_sort(std::vector<Entry>& entries) {
  std::array<std::array<std::uint32_t, kRadix>, kDigits> starts{};
  for (const Entry& entry : entries) {
    for (int i = 0; i < kDigits; ++i) ++starts[static_cast<std::size_t>(i)][digit(entry.key, i)];
  }
  std::vector<Entry> sorted(entries.size());
  for (int i = 0; i < kDigits; ++i) {
    auto& start = starts[static_cast<std::size_t>(i)];
    if (start[digit(entries.front().key, i)] == entries.size()) continue;  // all digits equal
    std::exclusive_scan(start.begin(), start.end(), start.begin(), std::uint32_t{0});
    for (const Entry& entry : entries) sorted[start[digit(entry.key, i)]++] = entry;
    entries.swap(sorted);
  }
}

}  // namespace

std::vector<std::uint32_t> descending_order(std::span<const double> scores) {
  std::vector<std::uint32_t> order(scores.size());
  const auto before = [scores](std::uint32_t a, std::uint32_t b) { return scores[a] > scores[b]; };
  if (scores.size() < kFewScores) {
    std::iota(order.begin(), order.end(), std::uint32_t{0});
    std::stable_sort(order.begin(), order.end(), before);
    return order;
  }
  std::vector<Entry> entries(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    entries[i] = {descending_key(scores[i]), static_cast<std::uint32_t>(i)};
  }
  radix_sort(entries);
  for (std::size_t i = 0; i < entries.size(); ++i) order[i] = entries[i].position;
  for (std::size_t begin = 0; begin < entries.size();) {
    std::size_t end = begin + 1;
    while (end < entries.size() && entries[end].key == entries[begin].key) ++end;
    const auto first = order.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = order.begin() + static_cast<std::ptrdiff_t>(end);
    if (end - begin > 1 && !std::is_sorted(first, last, before)) {
      std::stable_sort(first, last, before);
    }
    begin = end;
  }
  return order;
}

}  // namespace qyolo::metrics
