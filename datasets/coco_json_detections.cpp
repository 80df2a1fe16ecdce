// Reading results files.
//
// The array is cut where an object seems to end and the next one to begin ("}, {"), and the pieces
// are parsed in parallel. Inside a string such a place is no boundary; but then the piece before it
// ends in an open string and fails. So if all pieces parse, each of them began and ended between
// two objects of the array; and if one fails, all before it were right, and the rest is parsed
// again as one piece, which also finds the true error.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <string_view>
#include <vector>

#include "common/parallel.h"
#include "datasets/coco_json.h"
#include "datasets/coco_json_content.h"
#include "datasets/coco_json_fields.h"
#include "datasets/coco_json_scan.h"

namespace qyolo::datasets {
namespace {

constexpr Keys<4> kDetectionKeys({"image_id", "category_id", "bbox", "score"});
constexpr std::size_t kPieceSize = std::size_t{256} << 10;  // fits a core's cache

Status read_detection(ondemand::object object, Detection& detection) {
  return read_fields(object, kDetectionKeys, 4,
                     [&](std::size_t key, ondemand::value value) -> Status {
                       switch (key) {
                         case 0:
                           return read_integer(value, "image_id", detection.image_id);
                         case 1:
                           return read_integer(value, "category_id", detection.category_id);
                         case 2:
                           return read_bbox(value, detection.bbox);
                         default:
                           return read_number(value, "score", detection.score);
                       }
                     });
}

// Parses objects separated by commas; keeps its buffers from one piece to the next.
class PieceParser {
 public:
  // Appends the objects to `detections`. REQUIRES: as scan_detections.
  Status parse(std::string_view objects, std::string_view where,
               std::vector<Detection>& detections) {
    if (scan_detections(objects, detections)) return {};
    return parse_generally(objects, where, detections);
  }

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
    QYOLO_CHECK_OK(
        read_objects(array, where, "detections", detections.size(), [&](ondemand::object object) {
          return read_detection(object, detections.emplace_back());
        }));
    if (at_end(document)) return {};
    return error("{}: has something after the end of its array", where);
  }

  ondemand::parser parser_;
  std::vector<char> buffer_;
};

// The comma of the first "}, {" at or after `from`; npos if there is none.
std::size_t find_boundary(std::string_view text, std::size_t from) {
  for (std::size_t at = text.find('}', from); at != std::string_view::npos;
       at = text.find('}', at + 1)) {
    const std::size_t comma = text.find_first_not_of(kBlanks, at + 1);
    if (comma == std::string_view::npos) break;
    if (text[comma] != ',') continue;
    const std::size_t next = text.find_first_not_of(kBlanks, comma + 1);
    if (next != std::string_view::npos && text[next] == '{') return comma;
  }
  return std::string_view::npos;
}

std::vector<std::string_view> cut(std::string_view objects) {
  std::vector<std::string_view> pieces;
  while (objects.size() > kPieceSize) {
    const std::size_t comma = find_boundary(objects, kPieceSize);
    if (comma == std::string_view::npos) break;
    pieces.push_back(objects.substr(0, comma));
    objects.remove_prefix(comma + 1);
  }
  pieces.push_back(objects);
  return pieces;
}

// What is between the brackets of the array that the whole text must be.
Result<std::string_view> array_content(std::string_view json, std::string_view where) {
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

// Collects the pieces' detections in order, whichever thread comes first.
class OrderedCollector {
 public:
  explicit OrderedCollector(std::vector<Detection>& detections) : detections_(detections) {}

  // Appends the detections of piece `index` once those of all pieces before it are there. A piece
  // that is not `ok`, and all after it, are left out.
  void add(std::size_t index, bool ok, const std::vector<Detection>& found) {
    std::unique_lock lock(mutex_);
    turn_.wait(lock, [&] { return next_ == index; });
    if (!ok) failed_ = true;
    if (!failed_) {
      detections_.insert(detections_.end(), found.begin(), found.end());
      ++collected_;
    }
    ++next_;
    turn_.notify_all();
  }

  [[nodiscard]] bool failed() {
    const std::scoped_lock lock(mutex_);
    return failed_;
  }
  // Pieces whose detections are there.
  [[nodiscard]] std::size_t collected() const { return collected_; }

 private:
  std::vector<Detection>& detections_;
  std::mutex mutex_;
  std::condition_variable turn_;
  std::size_t next_ = 0;
  std::size_t collected_ = 0;
  bool failed_ = false;
};

// Returns how many of the pieces could be parsed, counted from the first one.
std::size_t parse_pieces(const std::vector<std::string_view>& pieces, std::string_view where,
                         std::size_t threads, std::vector<Detection>& detections) {
  OrderedCollector collector(detections);
  std::atomic<std::size_t> next{0};
  parallel_for(threads, static_cast<int>(threads), [&](std::size_t) {
    PieceParser parser;
    std::vector<Detection> found;
    for (std::size_t i = next++; i < pieces.size(); i = next++) {
      found.clear();
      bool ok = false;
      try {
        ok = !collector.failed() && parser.parse(pieces[i], where, found).ok();
      } catch (...) {  // out of memory; the other threads wait for this piece
        collector.add(i, false, {});
        throw;
      }
      collector.add(i, ok, found);
    }
  });
  return collector.collected();
}

}  // namespace

Result<std::vector<Detection>> parse_coco_detections(std::string_view json,
                                                     const std::string& where, int threads) {
  constexpr std::size_t kShortestObject =
      std::string_view(R"({"image_id":1,"category_id":1,"bbox":[0,0,0,0],"score":0},)").size();
  QYOLO_TRY(const std::string_view objects, array_content(json, where));
  std::vector<Detection> detections;
  if (objects.empty()) return detections;
  detections.reserve(objects.size() / kShortestObject +
                     1);  // never grows; what is unused is not touched
  const std::vector<std::string_view> pieces = cut(objects);
  const std::size_t workers =
      std::min(static_cast<std::size_t>(threads > 0 ? threads : default_threads()), pieces.size());
  const std::size_t parsed = parse_pieces(pieces, where, workers, detections);
  if (parsed < pieces.size()) {
    const auto begin = static_cast<std::size_t>(pieces[parsed].data() - objects.data());
    QYOLO_CHECK_OK(PieceParser().parse(objects.substr(begin), where, detections));
  }
  return detections;
}

Result<std::vector<Detection>> read_coco_detections(const std::filesystem::path& path,
                                                    int threads) {
  QYOLO_TRY(const Content content, Content::open(path));
  return parse_coco_detections(content.text(), path.string(), threads);
}

}  // namespace qyolo::datasets
