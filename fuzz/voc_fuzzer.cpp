// Pascal VOC annotations.
#include "datasets/voc.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qyolo;
  const auto read = datasets::parse_voc(std::as_bytes(std::span(data, size)), "fuzzed");
  if (!read.ok()) return 0;
  fuzz::require(read->width >= 0 && read->height >= 0);
  for (const datasets::VocObject& object : read->objects) {
    fuzz::require(!object.name.empty() && object.box[2] >= 0 && object.box[3] >= 0);
  }
  return 0;
}
