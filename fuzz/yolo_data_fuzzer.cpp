// YAML as such, and as the data.yaml of a dataset in the YOLO layout.
#include "common/yaml.h"
#include "datasets/yolo.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qyolo;
  const auto document = parse_yaml(fuzz::text_of(data, size), "fuzzed");
  if (!document.ok()) return 0;
  for (const char* split : {"train", "val", "test"}) {
    const auto read = datasets::parse_yolo_data(*document, "fuzzed", split);
    fuzz::require(!read.ok() || !read->sources.empty());
  }
  return 0;
}
