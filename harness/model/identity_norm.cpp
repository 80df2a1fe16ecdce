#include "harness/model/identity_norm.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <tuple>
#include <vector>

namespace qyolo::model {
namespace {

// All positive finite numbers of a 16-bit type, ascending: those of FP16 are also FP32 and FP64
// numbers.
std::vector<float> positive_numbers(const StorageType& type) {
  const StorageType& half = *find_storage_type("HalfStorage");
  const StorageType& numbers = type.item_size == 2 ? type : half;
  std::vector<float> found;
  for (std::uint16_t bits = 1; bits < 0x8000U; ++bits) {
    std::byte bytes[sizeof bits];
    std::memcpy(bytes, &bits, sizeof bits);
    float value = 0;
    numbers.decode(bytes, 0, {&value, 1});
    if (!std::isfinite(value)) break;
    found.push_back(value);
  }
  return found;
}

struct Candidate {
  IdentityNorm norm;
  double error64 = std::numeric_limits<double>::infinity();
  float error32 = std::numeric_limits<float>::infinity();

  Candidate() = default;
  Candidate(IdentityNorm pair, double eps) : norm(pair) {
    error64 = std::fabs(pair.gamma / std::sqrt(pair.variance + eps) - 1);
    const float deviation = std::sqrt(pair.variance + static_cast<float>(eps));
    error32 = std::max(std::fabs(pair.gamma / deviation - 1.0F),
                       std::fabs(pair.gamma * (1.0F / deviation) - 1.0F));
    if (!std::isfinite(error32) || !std::isfinite(error64)) *this = Candidate();
  }

  [[nodiscard]] auto rank() const {
    const bool exact = error32 == 0 && error64 <= 0x1p-25;
    return std::tuple(exact ? 0 : 1, exact ? 0 : error32, exact ? 0 : error64,
                      std::fabs(norm.gamma - 1.0F));
  }
};

}  // namespace

Result<IdentityNorm> identity_norm(const StorageType& type, double eps) {
  constexpr double kHalfUnit = 0x1p-12;
  const std::vector<float> numbers = positive_numbers(type);
  Candidate best;
  for (const float gamma : numbers) {
    // The variance next to gamma^2 - eps, on either side.
    const double ideal = double{gamma} * gamma - eps;
    const auto above = std::ranges::lower_bound(numbers, ideal);
    for (const auto variance : {above - (above == numbers.begin() ? 0 : 1), above}) {
      if (variance == numbers.end()) continue;
      const Candidate candidate({gamma, *variance}, eps);
      if (candidate.rank() < best.rank()) best = candidate;
    }
  }
  if (!(best.error64 <= kHalfUnit)) {
    return error("no numbers of a {} make a batch normalization with eps = {} do nothing",
                 type.name, eps);
  }
  return best.norm;
}

}  // namespace qyolo::model
