// Class maps: category name -> class name.
#include "common/class_rules.h"
#include "datasets/dataset.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qyolo;
  const auto document = parse_json(fuzz::text_of(data, size), "fuzzed");
  if (!document.ok()) return 0;
  const auto map = class_map_from(*document, "fuzzed");
  if (!map.ok()) return 0;
  GroundTruth truth;
  truth.images = {{1, "a.jpg", 1, 1}};
  truth.categories = {{1, "nut"}, {2, "bolt"}, {3, "nut"}};
  truth.annotations = {{1, 1, 1, {}, 1, false}, {2, 1, 2, {}, 1, false}};
  const std::vector<std::string> classes = {"nut", "bolt", "gear"};
  const auto paired = datasets::map_classes(classes, truth, {false, *map});
  fuzz::require(!paired.ok() || paired->category_of_class.size() == classes.size());
  return 0;
}
