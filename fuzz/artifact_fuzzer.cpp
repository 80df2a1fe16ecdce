// Packed artifacts: the safetensors container, the description, the graph, the packed weights. The
// header's own checksum is mended, which would else keep the fuzzer from what lies behind it.
#include <cstring>
#include <vector>

#include "common/sha256.h"
#include "fuzz/fuzz.h"
#include "harness/artifact/packed_artifact.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qyolo;
  constexpr std::string_view kBefore = "\"header_sha256\":\"";
  constexpr std::size_t kDigits = 64;
  std::vector<std::uint8_t> file(data, data + size);
  (void)harness::load_artifact(std::as_bytes(std::span(file)), "fuzzed", 1, true);
  std::uint64_t length = 0;
  if (size < sizeof length) return 0;
  std::memcpy(&length, file.data(), sizeof length);
  if (length > size - sizeof length) return 0;
  std::string header(fuzz::text_of(file.data(), sizeof length + length));
  const std::size_t found = header.find(kBefore);
  if (found == std::string::npos || header.size() - found - kBefore.size() < kDigits) return 0;
  const std::size_t at = found + kBefore.size();
  header.replace(at, kDigits, kDigits, '0');
  const std::string sum = sha256_hex(header);
  std::memcpy(file.data() + at, sum.data(), kDigits);
  (void)harness::load_artifact(std::as_bytes(std::span(file)), "fuzzed", 1, true);
  return 0;
}
