// The entropy coding of regions: no bytes but the coding of some bits decode, and to those.
#include <vector>

#include "fuzz/fuzz.h"
#include "harness/quant/region_coding.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qyolo;
  if (size < 4) return 0;
  const auto side = [&](std::size_t i, int most) { return std::int64_t{1} + data[i] % most; };
  const quant::Shape shape{side(0, 16), side(1, 16), side(2, 3), side(3, 3)};
  const auto weights = static_cast<std::size_t>(shape.size());
  if (size - 4 < weights) return 0;
  const std::span<const std::uint8_t> fields(data + 4, weights);
  const auto coded = std::as_bytes(std::span(data + 4 + weights, size - 4 - weights));
  std::vector<std::uint8_t> tails(weights);
  if (!quant::decode_regions(coded, fields, shape, tails).ok()) return 0;
  const std::vector<std::byte> again = quant::encode_regions(tails, fields, shape);
  fuzz::require(std::ranges::equal(again, coded));
  return 0;
}
