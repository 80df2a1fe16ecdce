// Writes a COCO annotation file and a results file of a wanted size, the same for the same
// arguments on every machine: what benchmarks/score/compare.py times evaluators on.
//
//   make_coco_problem --out DIR                      the size of val2017
//   make_coco_problem --out DIR --images 118287 --segmentation-points 22 --detections-per-image 0
//                                                    the size of train2017's annotations
//
// Images have 640 x 480 pixels and ids in a random order; classes are as unequally common as
// COCO's; 1% of the boxes are crowds. Of the detections of an image some are ground truth with a
// jitter and a higher score, the others anywhere and of any class; as detectors do, several are
// given for one object, and scores have 5 digits, so that ties are common.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/coco_types.h"
#include "common/file.h"
#include "datasets/coco_json.h"

namespace {

using namespace qyolo;

struct Options {
  std::string out;
  int images = 5000;
  int classes = 80;
  double boxes_per_image = 7.35;
  double detections_per_image = 102.75;
  int segmentation_points = 0;
  std::uint64_t seed = 2017;
};

// SplitMix64 (Steele et al. 2014). The distributions of the standard library differ between
// implementations, and so do logarithms; this needs neither.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  // In [0, 1).
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  double between(double low, double high) { return low + (high - low) * uniform(); }
  // 0..count-1.
  std::size_t below(std::size_t count) { return bits() % count; }
  // A whole number with this mean: below twice of it.
  int count(double mean) { return static_cast<int>(2 * mean * uniform() + 0.5); }

 private:
  std::uint64_t state_;
};

constexpr double kWidth = 640, kHeight = 480;

double in_hundredths(double value) {
  return static_cast<double>(static_cast<std::int64_t>(value * 100)) / 100;
}

BoxXywh inside_image(double x, double y, double width, double height) {
  const double left = std::clamp(x, 0.0, kWidth - 1), top = std::clamp(y, 0.0, kHeight - 1);
  return {left, top, std::clamp(width, 1.0, kWidth - left), std::clamp(height, 1.0, kHeight - top)};
}

// Small boxes are the most common.
BoxXywh random_box(Random& random) {
  const double size = random.uniform() * random.uniform();
  const double width = 4 + size * kWidth * random.between(0.5, 1.0);
  const double height = 4 + size * kHeight * random.between(0.5, 1.0);
  return inside_image(random.between(0, kWidth - width), random.between(0, kHeight - height), width,
                      height);
}

BoxXywh near_box(Random& random, const BoxXywh& box) {
  const double jitter = 0.4 * random.uniform() * random.uniform();
  const auto off = [&](double size) { return size * jitter * random.between(-1, 1); };
  const double x = box[0] + off(box[2]), y = box[1] + off(box[3]);
  return inside_image(x, y, box[2] + off(box[2]), box[3] + off(box[3]));
}

class Problem {
 public:
  explicit Problem(const Options& options) : options_(options), random_(options.seed) {}

  void make() {
    for (int k = 0; k < options_.classes; ++k) {
      truth_.categories.push_back({k + 1 + k / 8, "class " + std::to_string(k + 1)});
    }
    for (int i = 0; i < options_.images; ++i) truth_.images.push_back({1 + 5 * i, "", 640, 480});
    for (std::size_t i = truth_.images.size(); i > 1; --i) {
      std::swap(truth_.images[i - 1], truth_.images[random_.below(i)]);
    }
    for (const ImageInfo& image : truth_.images) add_image(image.id);
  }

  Status write(const std::filesystem::path& folder) {
    QYOLO_CHECK_OK(create_folder(folder));
    QYOLO_CHECK_OK(write_file(folder / "annotations.json", annotation_file()));
    return datasets::write_coco_detections(folder / "detections.json", detections_);
  }

 private:
  // The class of place k is about 1 / (1 + k) as common as the first.
  std::int64_t random_category() {
    const double u = random_.uniform();
    const auto k = static_cast<std::size_t>(u * u * u * options_.classes);
    return truth_.categories[k].id;
  }

  void add_image(std::int64_t image) {
    const std::size_t first = truth_.annotations.size();
    // Few classes in one image, as in photographs.
    const std::array<std::int64_t, 3> categories = {random_category(), random_category(),
                                                    random_category()};
    const int boxes = random_.count(options_.boxes_per_image);
    for (int i = 0; i < boxes; ++i) {
      BoxXywh box = random_box(random_);
      for (double& value : box) value = in_hundredths(value);
      const double area = in_hundredths(box[2] * box[3] * random_.between(0.4, 1));
      truth_.annotations.push_back({static_cast<std::int64_t>(truth_.annotations.size()) + 1, image,
                                    categories[random_.below(categories.size())], box, area,
                                    random_.uniform() < 0.01});
    }
    const int found = random_.count(options_.detections_per_image);
    for (int i = 0; i < found; ++i) {
      const double u = random_.uniform();
      if (boxes > 0 && random_.uniform() < 0.4) {
        const Annotation& near =
            truth_.annotations[first + random_.below(static_cast<std::size_t>(boxes))];
        detections_.push_back(
            {image, near.category_id, near_box(random_, near.bbox), 0.001 + 0.998 * u * u});
      } else {
        const std::int64_t category =
            random_.uniform() < 0.5 ? categories[random_.below(3)] : random_category();
        detections_.push_back(
            {image, category, random_box(random_), 0.001 + 0.998 * u * u * u * u});
      }
    }
  }

  std::string polygon(const BoxXywh& box) {
    std::string text = "[[";
    for (int i = 0; i < options_.segmentation_points; ++i) {
      fmt::format_to(std::back_inserter(text), "{}{:.2f}, {:.2f}", i == 0 ? "" : ", ",
                     random_.between(box[0], box[0] + box[2]),
                     random_.between(box[1], box[1] + box[3]));
    }
    return text + "]]";
  }

  std::string annotation_file() {
    std::string json = R"({"info": {}, "licenses": [], "images": [)";
    const auto add = [&json]<class... Arguments>(fmt::format_string<Arguments...> text,
                                                 Arguments&&... arguments) {
      fmt::format_to(std::back_inserter(json), text, std::forward<Arguments>(arguments)...);
    };
    for (std::size_t i = 0; i < truth_.images.size(); ++i) {
      const ImageInfo& image = truth_.images[i];
      add(R"({}{{"license": 1, "file_name": "{:012}.jpg", "height": 480, "width": 640, "id": {}}})",
          i == 0 ? "" : ", ", image.id, image.id);
    }
    json += R"(], "annotations": [)";
    for (std::size_t i = 0; i < truth_.annotations.size(); ++i) {
      const Annotation& annotation = truth_.annotations[i];
      const BoxXywh& box = annotation.bbox;
      json += i == 0 ? "{" : ", {";
      if (options_.segmentation_points > 0) json += "\"segmentation\": " + polygon(box) + ", ";
      add(R"("area": {}, "iscrowd": {}, "image_id": {}, "bbox": [{}, {}, {}, {}], )",
          annotation.area, annotation.iscrowd ? 1 : 0, annotation.image_id, box[0], box[1], box[2],
          box[3]);
      add(R"("category_id": {}, "id": {}}})", annotation.category_id, annotation.id);
    }
    json += R"(], "categories": [)";
    for (std::size_t i = 0; i < truth_.categories.size(); ++i) {
      const Category& category = truth_.categories[i];
      add(R"({}{{"supercategory": "thing", "id": {}, "name": "{}"}})", i == 0 ? "" : ", ",
          category.id, category.name);
    }
    return json + "]}";
  }

  Options options_;
  Random random_;
  GroundTruth truth_;
  std::vector<Detection> detections_;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("make_coco_problem: annotations.json and detections.json of a wanted size");
  app.add_option("--out", options.out, "Folder")->required();
  app.add_option("--images", options.images)->check(CLI::Range(1, 10000000))->capture_default_str();
  app.add_option("--classes", options.classes)->check(CLI::Range(1, 100000))->capture_default_str();
  app.add_option("--boxes-per-image", options.boxes_per_image, "Mean")
      ->check(CLI::Range(0.0, 1000.0))
      ->capture_default_str();
  app.add_option("--detections-per-image", options.detections_per_image, "Mean")
      ->check(CLI::Range(0.0, 10000.0))
      ->capture_default_str();
  app.add_option("--segmentation-points", options.segmentation_points,
                 "Corners of each box's polygon; 0: no polygons")
      ->check(CLI::Range(0, 10000))
      ->capture_default_str();
  app.add_option("--seed", options.seed)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  Problem problem(options);
  problem.make();
  const Status status = problem.write(options.out);
  if (!status.ok()) {
    fmt::print(stderr, "make_coco_problem: {}\n", status.error().message);
    return 2;
  }
  return 0;
}
