// CRC-32 of ISO 3309 (polynomial 0x04C11DB7, reflected), as ZIP archives and PNG chunks have it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace qyolo {

[[nodiscard]] std::uint32_t crc32(std::span<const std::byte> bytes);

}  // namespace qyolo
