// apot: additive powers of two (Li, Dong, Wang, arXiv 1909.13144). A magnitude of k - 1 bits is a
// sum of n = (k - 1) / 2 terms of two bits each, p_i in {0, 2^-i, 2^-(i + n), 2^-(i + 2n)} (their
// equation 5). Where k - 1 is odd, their released code adds a term of one bit, {0, 2^-n}, and moves
// the terms' smallest powers down by one; ours is the same pattern for 2, 7 and 8 bits, which it
// does not have. Sums are divided by the largest; the scale is the paper's clipping threshold.
#include <algorithm>
#include <array>
#include <cmath>

#include "harness/quant/level_scheme.h"

namespace qyolo::quant {
namespace {

constexpr int kLeastBits = 2, kMostBits = 8;

std::vector<double> values_of(int bits) {
  const int terms = (bits - 1) / 2;
  const bool odd = (bits - 1) % 2 == 1;
  std::vector<double> sums = {0};
  const auto add = [&](const std::vector<double>& powers) {
    std::vector<double> all;
    for (const double sum : sums)
      for (const double power : powers) all.push_back(sum + power);
    sums = std::move(all);
  };
  for (int i = 0; i < terms; ++i) {
    add({0, std::ldexp(1, -i), std::ldexp(1, -(i + terms)),
         std::ldexp(1, -(i + 2 * terms + (odd ? 1 : 0)))});
  }
  if (odd) add({0, std::ldexp(1, -2 * terms)});
  std::ranges::sort(sums);
  const double largest = sums.back();
  std::vector<double> values;
  for (std::size_t i = sums.size(); i-- > 1;) values.push_back(-sums[i] / largest);
  for (const double sum : sums) values.push_back(sum / largest);
  return values;
}

class Apot final : public LevelScheme {
 public:
  Apot() {
    for (int bits = kLeastBits; bits <= kMostBits; ++bits)
      values_[static_cast<std::size_t>(bits - kLeastBits)] = values_of(bits);
  }
  [[nodiscard]] std::string_view name() const override { return "apot"; }
  [[nodiscard]] std::string_view help() const override {
    return "sums of powers of two, times the largest magnitude";
  }
  [[nodiscard]] SchemeLimits limits() const override { return {kLeastBits, kMostBits, 0, 4}; }

 protected:
  [[nodiscard]] std::span<const double> table(const SchemeOptions& options) const override {
    return values_[static_cast<std::size_t>(options.bits - kLeastBits)];
  }

 private:
  std::array<std::vector<double>, kMostBits - kLeastBits + 1> values_;
};

}  // namespace

const Scheme& apot() {
  static const Apot scheme;
  return scheme;
}

}  // namespace qyolo::quant
