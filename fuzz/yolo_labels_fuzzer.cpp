// Label files of the YOLO layout. The first byte is the number of classes.
#include "datasets/yolo.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qyolo;
  if (size == 0) return 0;
  const std::size_t classes = data[0];
  const datasets::YoloLabels read =
      datasets::parse_yolo_labels(fuzz::text_of(data + 1, size - 1), classes, "fuzzed");
  for (const datasets::YoloLabel& label : read.labels) {
    fuzz::require(label.of_class >= 0 && static_cast<std::size_t>(label.of_class) < classes);
    fuzz::require(!(label.width < 0) && !(label.height < 0));
  }
  return 0;
}
