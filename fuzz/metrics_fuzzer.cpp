// COCO mAP of hostile numbers: boxes, areas and scores of any bits.
#include <cstring>

#include "fuzz/fuzz.h"
#include "metrics/coco_map.h"

namespace {

class Reader {
 public:
  Reader(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}
  template <class T>
  T take() {
    T value{};
    if (static_cast<std::size_t>(end_ - at_) < sizeof value) {
      at_ = end_;
      return value;
    }
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  qyolo::BoxXywh box() { return {take<float>(), take<float>(), take<float>(), take<float>()}; }
  [[nodiscard]] bool empty() const { return at_ == end_; }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qyolo;
  Reader reader(data, size);
  GroundTruth truth;
  for (int i = 1; i <= 2; ++i) {
    truth.images.push_back({.id = i, .file_name = "a", .width = 9, .height = 9});
    truth.categories.push_back({.id = i, .name = "c"});
  }
  std::vector<Detection> detections;
  for (int i = 1; !reader.empty() && i < 200; ++i) {
    const auto kind = reader.take<std::uint8_t>();
    const std::int64_t image = 1 + (kind >> 1) % 2, category = 1 + (kind >> 2) % 3;
    if (kind % 2 == 0) {
      Annotation annotation;
      annotation.id = i % 7;
      annotation.image_id = image;
      annotation.category_id = category;
      annotation.bbox = reader.box();
      annotation.area = reader.take<float>();
      annotation.iscrowd = (kind >> 4) % 2;
      truth.annotations.push_back(annotation);
    } else {
      Detection detection;
      detection.image_id = image;
      detection.category_id = category;
      detection.bbox = reader.box();
      detection.score = reader.take<float>();
      detections.push_back(detection);
    }
  }
  metrics::CocoParams params;
  params.threads = 1;
  const auto evaluation = metrics::evaluate_coco(truth, detections, params);
  if (!evaluation.ok()) return 0;
  for (const double value : evaluation->precision)
    fuzz::require(value == -1 || (value >= 0 && value <= 1));
  for (const double value : evaluation->recall)
    fuzz::require(value == -1 || (value >= 0 && value <= 1));
  return 0;
}
