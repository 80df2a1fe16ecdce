#include "common/crc32.h"

#include <array>

namespace qyolo {
namespace {

constexpr std::size_t kSlices = 16;
using Tables = std::array<std::array<std::uint32_t, 256>, kSlices>;

// tables[k][b]: the CRC of byte b followed by k zero bytes, so that 16 bytes are done at a time
// (slicing-by-16, Kounavis and Berry 2005).
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
    tables[0][byte] = crc;
  }
  for (std::size_t slice = 1; slice < kSlices; ++slice) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t previous = tables[slice - 1][byte];
      tables[slice][byte] = (previous >> 8) ^ tables[0][previous & 0xFFU];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

std::uint32_t crc32(std::span<const std::byte> bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  const std::byte* data = bytes.data();
  std::size_t left = bytes.size();
  const auto at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(data[i]); };
  for (; left >= kSlices; left -= kSlices, data += kSlices) {
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < kSlices; ++i) {
      const std::uint32_t mixed = i < 4 ? at(i) ^ ((crc >> (8 * i)) & 0xFFU) : at(i);
      next ^= kTables[kSlices - 1 - i][mixed];
    }
    crc = next;
  }
  for (std::size_t i = 0; i < left; ++i) crc = (crc >> 8) ^ kTables[0][(crc ^ at(i)) & 0xFFU];
  return ~crc;
}

}  // namespace qyolo
