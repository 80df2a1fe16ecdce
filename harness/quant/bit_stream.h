// Fields of a few bits each, one after the other: field i takes the bits [i * width, (i + 1) *
// width) of the stream, bit b of the stream is bit b % 8 of byte b / 8 (so a field's low bit comes
// first), and the bits that fill up the last byte are 0.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/parallel.h"

namespace qyolo::quant {

// Bytes of `count` fields of `width` bits.
[[nodiscard]] constexpr std::int64_t stream_bytes(std::int64_t count, int width) {
  return (count * width + 7) / 8;
}

// Splits the fields of a stream into runs that begin at whole bytes: body(first, count).
template <class Body>
void for_each_run(std::size_t count, int threads, Body&& body) {
  constexpr std::size_t kRun = std::size_t{1} << 18;
  if (count == 0) return;
  parallel_for((count - 1) / kRun + 1, threads,
               [&](std::size_t run) { body(run * kRun, std::min(kRun, count - run * kRun)); });
}

// out: stream_bytes(count, width) bytes. field(i) is below 2^width. REQUIRES: 1 <= width <= 32.
template <class Field>
void write_fields(std::size_t count, int width, std::span<std::byte> out, int threads,
                  Field&& field) {
  const auto bits = static_cast<unsigned>(width);
  for_each_run(count, threads, [&](std::size_t first, std::size_t size) {
    std::byte* to = out.data() + first * bits / 8;
    std::uint64_t waiting = 0;
    unsigned used = 0;
    for (std::size_t i = first; i < first + size; ++i) {
      waiting |= static_cast<std::uint64_t>(field(i)) << used;
      for (used += bits; used >= 8; used -= 8, waiting >>= 8)
        *to++ = static_cast<std::byte>(waiting & 0xFFU);
    }
    if (used > 0) *to = static_cast<std::byte>(waiting);
  });
}

// Calls take(i, field) for every field. REQUIRES: bytes.size() == stream_bytes(count, width), and
// 1 <= width <= 32.
template <class Take>
void read_fields(std::span<const std::byte> bytes, std::size_t count, int width, int threads,
                 Take&& take) {
  const auto bits = static_cast<unsigned>(width);
  const auto mask = static_cast<std::uint32_t>((std::uint64_t{1} << bits) - 1);
  for_each_run(count, threads, [&](std::size_t first, std::size_t size) {
    const std::byte* from = bytes.data() + first * bits / 8;
    std::uint64_t waiting = 0;
    unsigned have = 0;
    for (std::size_t i = first; i < first + size; ++i) {
      for (; have < bits; have += 8) waiting |= std::to_integer<std::uint64_t>(*from++) << have;
      take(i, static_cast<std::uint32_t>(waiting) & mask);
      waiting >>= bits;
      have -= bits;
    }
  });
}

// Whether the bits behind the last field are 0.
[[nodiscard]] inline bool ends_in_zeros(std::span<const std::byte> bytes, std::size_t count,
                                        int width) {
  const std::size_t used = count * static_cast<std::size_t>(width) % 8;
  return used == 0 || std::to_integer<unsigned>(bytes.back()) >> used == 0;
}

}  // namespace qyolo::quant
