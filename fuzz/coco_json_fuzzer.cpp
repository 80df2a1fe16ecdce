// Annotation and results files from arbitrary bytes. What the fast path reads in pieces must be
// what the general parser reads: a key with an escape in front makes a file unusual, and is not
// used.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/coco_json.h"

namespace {

using namespace qyolo;

bool same(double a, double b) { return a == b && std::signbit(a) == std::signbit(b); }

bool same(const BoxXywh& a, const BoxXywh& b) {
  return same(a[0], b[0]) && same(a[1], b[1]) && same(a[2], b[2]) && same(a[3], b[3]);
}

bool same(const Annotation& a, const Annotation& b) {
  return a.id == b.id && a.image_id == b.image_id && a.category_id == b.category_id &&
         same(a.bbox, b.bbox) && same(a.area, b.area) && a.iscrowd == b.iscrowd;
}

bool same(const ImageInfo& a, const ImageInfo& b) {
  return a.id == b.id && a.file_name == b.file_name && a.width == b.width && a.height == b.height;
}

bool same(const Category& a, const Category& b) { return a.id == b.id && a.name == b.name; }

template <class Item>
bool same(const std::vector<Item>& a, const std::vector<Item>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!same(a[i], b[i])) return false;
  }
  return true;
}

void read_annotations(std::string_view json) {
  const auto truth = datasets::parse_coco_annotations(json, "fuzzed", 1);
  const std::size_t begin = json.find('{');
  if (!truth.ok() || begin == std::string_view::npos) return;
  const std::string unusual =
      "{\"\\u0061\": 0, " + std::string(json.substr(begin + 1));  // no object is empty here
  const auto generally = datasets::parse_coco_annotations(unusual, "fuzzed", 1);
  // What the fast path skips, a parser may find wrong; what both read is the same.
  if (generally.ok() && !(same(truth->images, generally->images) &&
                          same(truth->annotations, generally->annotations) &&
                          same(truth->categories, generally->categories))) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  read_annotations(json);
  [[maybe_unused]] const auto detections = datasets::parse_coco_detections(json, "fuzzed", 1);
  return 0;
}
