// Reading results files: in pieces (coco_json_pieces.h). What is behind the first piece that cannot
// be read is parsed again as one, which also finds the true error.
#include <cstring>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "common/file_kind.h"
#include "datasets/coco_json.h"
#include "datasets/coco_json_content.h"
#include "datasets/coco_json_fields.h"
#include "datasets/coco_json_pieces.h"
#include "datasets/coco_json_scan.h"

namespace qyolo::datasets {
namespace {

constexpr Keys<4> kDetectionKeys({"image_id", "category_id", "bbox", "score"});

// The names of ids that are no plain integers, of all threads.
class SharedNames {
 public:
  explicit SharedNames(DetectionNames& names) : names_(names) {}

  Status read(ondemand::value value, std::string_view key, IdNames& names, std::int64_t& id) {
    return read_id(
        value, key, id,
        [&](std::string_view text, std::string_view json) {
          const std::scoped_lock lock(mutex_);
          return names.add(text, json, false);
        },
        [] {});
  }
  [[nodiscard]] DetectionNames& names() { return names_; }

 private:
  std::mutex mutex_;
  DetectionNames& names_;
};

Status read_detection(ondemand::object object, SharedNames& shared, Detection& detection) {
  return read_fields(
      object, kDetectionKeys, 4, [&](std::size_t key, ondemand::value value) -> Status {
        switch (key) {
          case 0:
            return shared.read(value, "image_id", shared.names().images, detection.image_id);
          case 1:
            return shared.read(value, "category_id", shared.names().categories,
                               detection.category_id);
          case 2:
            return read_bbox(value, detection.bbox);
          default:
            return read_number(value, "score", detection.score);
        }
      });
}

// Parses objects separated by commas.
class PieceParser {
 public:
  explicit PieceParser(SharedNames& names) : names_(names) {}

  // Appends the objects to `detections`. REQUIRES: as scan_detections.
  Status parse(std::string_view objects, std::string_view where,
               std::vector<Detection>& detections) {
    if (scan_detections(objects, detections)) return {};
    return parse_generally(objects, where, detections);
  }

  // Where, in the text last parsed, it ceased to be JSON, if it did.
  [[nodiscard]] std::optional<std::size_t> stopped() const { return stopped_; }

 private:
  Status parse_generally(std::string_view objects, std::string_view where,
                         std::vector<Detection>& detections) {
    const std::size_t size = objects.size() + 2;
    if (buffer_.size() < size + simdjson::SIMDJSON_PADDING) {
      buffer_.resize(size + simdjson::SIMDJSON_PADDING);
    }
    buffer_[0] = '[';
    std::memcpy(buffer_.data() + 1, objects.data(), objects.size());
    buffer_[size - 1] = ']';
    std::memset(buffer_.data() + size, 0, simdjson::SIMDJSON_PADDING);

    ondemand::document document;
    ondemand::array array;
    const simdjson::padded_string_view view(buffer_.data(), size, buffer_.size());
    auto code = parser_.iterate(view).get(document);
    if (!code) code = document.get_array().get(array);
    if (code) return error("{}: {}", where, not_json(code).message);
    const Status status =
        read_objects(array, where, "detections", detections.size(), [&](ondemand::object object) {
          return read_detection(object, names_, detections.emplace_back());
        });
    if (!status.ok()) {
      const char* at = nullptr;
      if (is_syntax_error(status.error()) &&
          document.current_location().get(at) == simdjson::SUCCESS && at > buffer_.data())
        stopped_ = static_cast<std::size_t>(at - buffer_.data()) - 1;
      return status;
    }
    if (at_end(document)) return {};
    return error("{}: has something after the end of its array", where);
  }

  SharedNames& names_;
  ondemand::parser parser_;
  std::vector<char> buffer_;
  std::optional<std::size_t> stopped_;
};

// What is between the brackets of the array that the whole text must be.
Result<std::string_view> array_content(std::string_view json, std::string_view where) {
  if (const auto kind = kind_of_file(json)) {
    return error("{} is {}, expected JSON{}{}", where, kind->name, kind->advice.empty() ? "" : ": ",
                 kind->advice);
  }
  json = trimmed(without_byte_order_mark(json));
  if (!json.starts_with('[')) {
    return error("{}: expected an array of detections, found {}", where,
                 json.empty()            ? "nothing"
                 : json.starts_with('{') ? "an object"
                                         : "something else");
  }
  if (!json.ends_with(']') || json.size() < 2) {
    return error("{}: the array of detections has no end; the file is cut off", where);
  }
  return trimmed(json.substr(1, json.size() - 2));
}

Result<std::vector<Detection>> parse(std::string_view json, const std::string& where, int threads,
                                     DetectionNames& names,
                                     const std::function<void(const char*)>& done) {
  QYOLO_TRY(const std::string_view objects, array_content(json, where));
  std::vector<Detection> detections;
  if (objects.empty()) return detections;
  SharedNames shared(names);
  const auto scan = [&](std::string_view piece, std::vector<Detection>& found) {
    const bool ok = PieceParser(shared).parse(piece, where, found).ok();
    return ok ? ArrayEnd{PieceEnd::kCut, piece.data() + piece.size()} : ArrayEnd{};
  };
  const ArrayEnd end = PieceReader<Detection>(objects, detections).read(threads, scan, done);
  if (end.end == PieceEnd::kUnknown) {
    const auto begin = static_cast<std::size_t>(end.at - objects.data());
    PieceParser rest(shared);
    const Status status = rest.parse(objects.substr(begin), where, detections);
    if (!status.ok()) {
      if (!rest.stopped()) return status.error();
      return error("{}{}", status.error().message,
                   line_of(json, objects.data() + begin + *rest.stopped()));
    }
  }
  return detections;
}

}  // namespace

Result<std::vector<Detection>> parse_coco_detections(std::string_view json,
                                                     const std::string& where, int threads) {
  DetectionNames names;
  return parse(json, where, threads, names, [](const char*) {});
}

Result<std::vector<Detection>> read_coco_detections(const std::filesystem::path& path, int threads,
                                                    DetectionNames& names) {
  QYOLO_TRY(Content content, Content::open(path));
  return parse(content.text(), path.string(), threads, names,
               [&content](const char* at) { content.release_before(at); });
}

Result<std::vector<Detection>> read_coco_detections(const std::filesystem::path& path,
                                                    int threads) {
  DetectionNames names;
  return read_coco_detections(path, threads, names);
}

}  // namespace qyolo::datasets
