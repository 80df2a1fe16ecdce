#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

#include "common/file.h"
#include "common/json.h"
#include "datasets/coco_json.h"

namespace qyolo::datasets {
namespace {

// A finite number rounded to `decimals`, as text. Correctly rounded from the exact binary value,
// like Python's round().
std::string_view fixed(double value, int decimals, std::span<char> buffer) {
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::fixed, decimals);
  return {buffer.data(), end.ptr};
}

double parse_double(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

using NumberBuffer = std::array<char, 400>;  // 309 digits before the point, a few after it

double round_to(double value, int decimals) {
  NumberBuffer buffer;
  return parse_double(fixed(value, decimals, buffer));
}

// A float's shortest digits with an exponent, as Python writes very small and large ones: "1e-05".
void append_with_exponent(double value, std::string& out) {
  NumberBuffer buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::scientific);
  out.append(buffer.data(), end.ptr);
}

// round(value, decimals) as Python's repr writes it: the shortest digits, at least one decimal.
void append_rounded(double value, int decimals, std::string& out) {
  constexpr double kSmallestFixed = 1e-4;  // Python's repr has an exponent below this
  constexpr double kLargestExact = 1e9;    // up to here, 5 decimals are less than 16 digits
  NumberBuffer buffer;
  std::string_view text = fixed(value, decimals, buffer);
  const double size = std::abs(value);
  if (size >= kLargestExact || (size < 2 * kSmallestFixed && size > 0)) {
    const double rounded = parse_double(text);
    if (std::abs(rounded) >= 1e16 || (std::abs(rounded) < kSmallestFixed && rounded != 0)) {
      append_with_exponent(rounded, out);
      return;
    }
    if (size >= kLargestExact) {
      const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), rounded,
                                     std::chars_format::fixed);
      text = {buffer.data(), end.ptr};
    }
  }
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos) {
    out += text;
    out += ".0";
    return;
  }
  out += text.substr(0, std::max(text.find_last_not_of('0'), point + 1) + 1);
}

constexpr int kBoxDecimals = 3;
constexpr int kScoreDecimals = 5;

bool is_finite(const Detection& detection) {
  return std::isfinite(detection.score) &&
         std::ranges::all_of(detection.bbox, [](double value) { return std::isfinite(value); });
}

void append_detection(const Detection& detection, const DetectionNames& names, std::string& json) {
  fmt::format_to(std::back_inserter(json), "{{\"image_id\": {}, \"category_id\": {}, \"bbox\": [",
                 names.images.json(detection.image_id),
                 names.categories.json(detection.category_id));
  for (std::size_t i = 0; i < detection.bbox.size(); ++i) {
    if (i > 0) json += ", ";
    append_rounded(detection.bbox[i], kBoxDecimals, json);
  }
  json += "], \"score\": ";
  append_rounded(detection.score, kScoreDecimals, json);
  json += '}';
}

}  // namespace

Detection rounded(const Detection& detection) {
  Detection result = detection;
  for (double& value : result.bbox) value = round_to(value, kBoxDecimals);
  result.score = round_to(detection.score, kScoreDecimals);
  return result;
}

Status write_coco_detections(const std::filesystem::path& path,
                             std::span<const Detection> detections, const DetectionNames& names) {
  std::string json = "[";
  for (std::size_t i = 0; i < detections.size(); ++i) {
    const Detection& detection = detections[i];
    if (!is_finite(detection)) {
      return error("{}: detection {} of image {} has a box or score that is not finite",
                   path.string(), i, names.images.text(detection.image_id));
    }
    if (i > 0) json += ", ";
    append_detection(detection, names, json);
  }
  json += ']';
  return write_file(path, json);
}

Status write_coco_detections(const std::filesystem::path& path,
                             std::span<const Detection> detections) {
  return write_coco_detections(path, detections, DetectionNames());
}

Status write_coco_annotations(const std::filesystem::path& path, const GroundTruth& truth) {
  const auto text = [](const std::string& value) {
    return OrderedJson(value).dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  };
  std::string json = "{\n\"images\": [";
  const char* comma = "\n";
  for (const ImageInfo& image : truth.images) {
    json += fmt::format("{}{{\"id\": {}, \"file_name\": {}, \"width\": {}, \"height\": {}}}", comma,
                        truth.image_ids.json(image.id), text(image.file_name), image.width,
                        image.height);
    comma = ",\n";
  }
  json += "\n],\n\"annotations\": [";
  comma = "\n";
  for (const Annotation& one : truth.annotations) {
    json += fmt::format(
        "{}{{\"id\": {}, \"image_id\": {}, \"category_id\": {}, \"bbox\": [{}, {}, {}, {}], "
        "\"area\": {}, \"iscrowd\": {}}}",
        comma, truth.annotation_ids.json(one.id), truth.image_ids.json(one.image_id),
        truth.category_ids.json(one.category_id), one.bbox[0], one.bbox[1], one.bbox[2],
        one.bbox[3], one.area, one.iscrowd ? 1 : 0);
    comma = ",\n";
  }
  json += "\n],\n\"categories\": [";
  comma = "\n";
  for (const Category& category : truth.categories) {
    json += fmt::format("{}{{\"id\": {}, \"name\": {}}}", comma,
                        truth.category_ids.json(category.id), text(category.name));
    comma = ",\n";
  }
  return write_file(path, json + "\n]\n}\n");
}

}  // namespace qyolo::datasets
