// A fast path for annotation files.
//
// The sections' objects are read in pieces (coco_json_pieces.h); where a section ends is only known
// once that has been reached. What is not used, such as segmentations, is skipped without a copy.
#include <algorithm>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/json.h"
#include "datasets/coco_json_pieces.h"
#include "datasets/coco_json_scan.h"
#include "datasets/coco_json_scanner.h"

namespace qyolo::datasets {
namespace {

bool scan_string(Scanner& scanner, std::string& out) {
  std::string_view written;
  if (!scanner.string(written)) return false;
  const auto is_plain = [](char c) { return c >= ' ' && c < '\x7f' && c != '\\'; };
  if (std::all_of(written.begin(), written.end(), is_plain)) {
    out = written;
    return true;
  }
  // Escapes and UTF-8 are left to a parser.
  auto parsed = parse_json({written.data() - 1, written.size() + 2}, "");
  if (!parsed.ok() || !parsed->is_string()) return false;
  out = parsed->get<std::string>();
  return true;
}

bool scan_size(Scanner& scanner, int& out) {
  std::int64_t size = 0;
  if (!scanner.integer(size) || size < 0 || size > std::numeric_limits<int>::max()) return false;
  out = static_cast<int>(size);
  return true;
}

bool scan_flag(Scanner& scanner, bool& out) {
  std::int64_t number = 0;
  if (*scanner.at() == 't' || *scanner.at() == 'f') {
    out = *scanner.at() == 't';
    return scanner.take_text(out ? "true" : "false");
  }
  if (!scanner.integer(number) || (number != 0 && number != 1)) return false;
  out = number == 1;
  return true;
}

// Reads an object; on_field(key) reads the value of a key, and gives that key's bit, 0 for a key
// that is not used, whose value is then skipped, or kBad. Gives the bits seen, or kBad.
constexpr unsigned kBad = ~0U;

template <class OnField>
unsigned scan_fields(Scanner& scanner, OnField on_field) {
  if (!scanner.take('{')) return kBad;
  unsigned seen = 0;
  do {
    std::string_view key;
    if (!scanner.string(key) || key.find('\\') != std::string_view::npos) return kBad;
    if (!scanner.take(':')) return kBad;
    const unsigned bit = on_field(key);
    if (bit == kBad || (bit == 0 && !scanner.skip_value())) return kBad;
    seen |= bit;
  } while (scanner.take(','));
  return scanner.take_last('}') ? seen : kBad;
}

unsigned bit_if(bool read, unsigned bit) { return read ? bit : kBad; }

bool scan(Scanner& scanner, ImageInfo& image) {
  const unsigned seen = scan_fields(scanner, [&](std::string_view key) -> unsigned {
    if (key == "id") return bit_if(scanner.integer(image.id), 1);
    if (key == "file_name") return bit_if(scan_string(scanner, image.file_name), 2);
    if (key == "width") return bit_if(scan_size(scanner, image.width), 4);
    if (key == "height") return bit_if(scan_size(scanner, image.height), 8);
    return 0;
  });
  return seen != kBad && (seen & 1) != 0;
}

bool scan(Scanner& scanner, Category& category) {
  const unsigned seen = scan_fields(scanner, [&](std::string_view key) -> unsigned {
    if (key == "id") return bit_if(scanner.integer(category.id), 1);
    if (key == "name") return bit_if(scan_string(scanner, category.name), 2);
    return 0;
  });
  return seen == 3;
}

bool scan(Scanner& scanner, Annotation& annotation) {
  annotation.area = kNoArea;
  const unsigned seen = scan_fields(scanner, [&](std::string_view key) -> unsigned {
    if (key == "image_id") return bit_if(scanner.integer(annotation.image_id), 1);
    if (key == "category_id") return bit_if(scanner.integer(annotation.category_id), 2);
    if (key == "id") return bit_if(scanner.integer(annotation.id), 4);
    if (key == "bbox") return bit_if(scan_box(scanner, annotation.bbox), 8);
    if (key == "iscrowd") return bit_if(scan_flag(scanner, annotation.iscrowd), 16);
    if (key == "area") return bit_if(scanner.number(annotation.area) && annotation.area >= 0, 32);
    return 0;
  });
  return seen != kBad && (seen & 15) == 15;
}

template <class Item>
ArrayEnd scan_piece(std::string_view piece, const char* text_end, std::vector<Item>& items) {
  const char* end = piece.data() + piece.size();
  Scanner scanner(piece.data(), text_end);
  for (;;) {
    scanner.skip_blanks();
    if (!scan(scanner, items.emplace_back()) || scanner.at() > text_end) return {};
    scanner.skip_blanks();
    if (scanner.at() == end) return {PieceEnd::kCut, end};
    if (*scanner.at() == ']') return {PieceEnd::kArray, scanner.at()};
    if (scanner.at() > end || !scanner.take(',')) return {};
  }
}

class TruthScanner {
 public:
  TruthScanner(const char* begin, const char* end, int threads,
               const std::function<void(const char*)>& done)
      : begin_(begin), end_(end), threads_(threads), done_(done) {}

  bool scan_file(GroundTruth& truth) {
    Scanner scanner(begin_, end_);
    unsigned seen = 0;
    if (!scanner.take('{')) return false;
    do {
      std::string_view key;
      if (!scanner.string(key) || key.find('\\') != std::string_view::npos) return false;
      if (!scanner.take(':')) return false;
      if (key == "images") {
        if (!scan_array(scanner, truth.images)) return false;
        seen |= 1;
      } else if (key == "annotations") {
        if (!scan_array(scanner, truth.annotations)) return false;
        seen |= 2;
      } else if (key == "categories") {
        if (!scan_array(scanner, truth.categories)) return false;
        seen |= 4;
      } else if (!scanner.skip_value()) {
        return false;
      }
    } while (scanner.take(','));
    scanner.skip_blanks();
    return scanner.at() == end_ && seen == 7;
  }

 private:
  template <class Item>
  bool scan_array(Scanner& scanner, std::vector<Item>& items) {
    items.clear();
    if (!scanner.take('[')) return false;
    if (scanner.take(']')) return true;
    PieceReader<Item> reader({scanner.at(), end_}, items);
    const auto scan_one = [this](std::string_view piece, std::vector<Item>& found) {
      return scan_piece(piece, end_, found);
    };
    const ArrayEnd array = reader.read(threads_, scan_one, done_);
    if (array.end != PieceEnd::kArray) return false;
    scanner = Scanner(array.at, end_);
    return scanner.take(']');
  }

  const char* begin_;
  const char* end_;
  int threads_;
  const std::function<void(const char*)>& done_;
};

}  // namespace

bool scan_ground_truth(std::string_view json, int threads,
                       const std::function<void(const char*)>& done, GroundTruth& truth) {
  const std::size_t last = json.find_last_not_of(kBlanks);
  if (last == std::string_view::npos || json[last] != '}') return false;
  return TruthScanner(json.data(), json.data() + last, threads, done).scan_file(truth);
}

}  // namespace qyolo::datasets
