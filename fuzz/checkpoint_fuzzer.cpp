// Checkpoints from arbitrary bytes, loaded and written: the zip layer, and behind it the pickle and
// the graph, which the archive's checksums would otherwise keep the fuzzer from reaching.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "harness/model/checkpoint_writer.h"
#include "harness/model/graph.h"
#include "tests/support/checkpoint_writer.h"

namespace {

void load(std::span<const std::byte> file) {
  const auto graph = qyolo::model::load_checkpoint(file, "fuzzed");
  if (!graph.ok()) return;
  [[maybe_unused]] const auto written =
      qyolo::model::dequantized_checkpoint(file, "fuzzed", *graph);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qyolo::testing;
  const std::span<const std::byte> input = std::as_bytes(std::span(data, size));
  load(input);

  // The input as the pickle of a small network, whose storages are there.
  static const TinyNetwork network;
  load(bytes_of(network.writer.archive(std::string(reinterpret_cast<const char*>(data), size))));
  return 0;
}
