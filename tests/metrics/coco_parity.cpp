// Evaluates a stream of cases from standard input and writes the arrays to standard output, for
// parity_fuzz.py, which documents the format (little-endian, 8 bytes per value) and compares them
// with the reference implementation's.
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "metrics/coco_map.h"

namespace {

using namespace qyolo;

static_assert(std::endian::native == std::endian::little);

bool read_bytes(void* out, std::size_t size) { return std::fread(out, 1, size, stdin) == size; }

std::int64_t read_integer() {
  std::int64_t value = 0;
  if (!read_bytes(&value, sizeof value)) std::exit(1);
  return value;
}

double read_double() { return std::bit_cast<double>(read_integer()); }

template <class Item, class Read>
std::vector<Item> read_list(Read read) {
  std::vector<Item> items(static_cast<std::size_t>(read_integer()));
  for (Item& item : items) read(item);
  return items;
}

// An empty list leaves the default.
template <class Item, class Read>
void read_grid(Read read, std::vector<Item>& grid) {
  if (auto list = read_list<Item>(read); !list.empty()) grid = std::move(list);
}

BoxXywh read_box() {
  BoxXywh box;
  for (double& value : box) value = read_double();
  return box;
}

GroundTruth read_truth() {
  GroundTruth truth;
  truth.images = read_list<ImageInfo>([](ImageInfo& image) { image.id = read_integer(); });
  truth.categories = read_list<Category>([](Category& category) { category.id = read_integer(); });
  truth.annotations = read_list<Annotation>([](Annotation& annotation) {
    annotation.id = read_integer();
    annotation.image_id = read_integer();
    annotation.category_id = read_integer();
    annotation.iscrowd = read_integer() != 0;
    annotation.bbox = read_box();
    annotation.area = read_double();
  });
  return truth;
}

std::vector<Detection> read_detections() {
  return read_list<Detection>([](Detection& detection) {
    detection.image_id = read_integer();
    detection.category_id = read_integer();
    detection.bbox = read_box();
    detection.score = read_double();
  });
}

metrics::CocoParams read_params() {
  metrics::CocoParams params;
  params.use_categories = read_integer() != 0;
  params.threads = static_cast<int>(read_integer());
  const auto number = [](double& value) { value = read_double(); };
  read_grid<double>(number, params.iou_thresholds);
  read_grid<double>(number, params.recall_thresholds);
  const std::vector<metrics::AreaRange> named = params.area_ranges;
  const auto bounds = [](metrics::AreaRange& range) {
    range.low = read_double();
    range.high = read_double();
  };
  read_grid<metrics::AreaRange>(bounds, params.area_ranges);
  for (std::size_t i = 0; i < params.area_ranges.size(); ++i) {
    params.area_ranges[i].name = i < named.size() ? named[i].name : std::to_string(i);
  }
  const auto limit = [](int& value) { value = static_cast<int>(read_integer()); };
  read_grid<int>(limit, params.max_detections);
  return params;
}

void write_doubles(const double* values, std::size_t count) {
  const auto size = static_cast<std::int64_t>(count);
  std::fwrite(&size, sizeof size, 1, stdout);
  std::fwrite(values, sizeof(double), count, stdout);
}

}  // namespace

int main() {
  while (read_integer() != 0) {
    const GroundTruth truth = read_truth();
    const std::vector<Detection> detections = read_detections();
    const auto evaluation = metrics::evaluate_coco(truth, detections, read_params());
    if (!evaluation.ok()) {
      std::fprintf(stderr, "%s\n", evaluation.error().message.c_str());
      return 2;
    }
    const auto stats = evaluation->stats();
    for (const auto* array : {&evaluation->precision, &evaluation->recall, &evaluation->scores}) {
      write_doubles(array->data(), array->size());
    }
    write_doubles(stats.data(), stats.size());
    std::fflush(stdout);
  }
}
