// Reading an array of objects in pieces, on several threads; for coco_json*.cpp only.
//
// The text is cut where an object seems to end and the next one to begin ("}, {"). Inside a string
// or a nested array such a place is no boundary; but then the piece before it is cut off and cannot
// be read. So if all pieces up to the array's end can be read, each of them began and ended between
// two objects of the array; and if one cannot, all before it were right.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <string_view>
#include <vector>

#include "common/parallel.h"
#include "datasets/coco_json_scan.h"

namespace qyolo::datasets {

inline constexpr std::size_t kPieceSize = std::size_t{256} << 10;  // fits a core's cache

// The comma of the first "}, {" at or after `from`; npos if there is none.
inline std::size_t find_boundary(std::string_view text, std::size_t from) {
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

// How a piece ended.
enum class PieceEnd {
  kCut,      // after an object, where the piece was cut
  kArray,    // after an object, at the array's closing bracket
  kUnknown,  // the piece cannot be read
};

// Up to where an array was read: behind its last object, or to where a piece that cannot be read
// begins.
struct ArrayEnd {
  PieceEnd end = PieceEnd::kUnknown;
  const char* at = nullptr;
};

// Collects an array's items in order, whichever thread is first.
template <class Item>
class PieceReader {
 public:
  // `text` begins at the array's first object, and goes at least to its last one.
  PieceReader(std::string_view text, std::vector<Item>& items) : rest_(text), items_(items) {}

  // Appends what scan(piece, items) -> ArrayEnd appends for each piece in turn; done(at) is called
  // when nothing before `at` is needed any more. `threads` 0: all the host offers.
  template <class Scan, class Done>
  ArrayEnd read(int threads, Scan scan, Done done) {
    const std::size_t pieces = rest_.size() / kPieceSize + 1;
    const std::size_t most = static_cast<std::size_t>(threads > 0 ? threads : default_threads());
    const std::size_t workers = std::min(most, pieces);
    parallel_for(workers, static_cast<int>(workers), [&](std::size_t) { work(scan, done); });
    return end_;
  }

 private:
  struct Piece {
    std::string_view text;
    std::size_t index = 0;
  };

  bool take_piece(Piece& piece) {
    const std::scoped_lock lock(rest_mutex_);
    if (rest_.empty()) return false;
    const std::size_t comma =
        rest_.size() > kPieceSize ? find_boundary(rest_, kPieceSize) : std::string_view::npos;
    piece = {rest_.substr(0, comma), taken_++};
    rest_.remove_prefix(comma == std::string_view::npos ? rest_.size() : comma + 1);
    return true;
  }

  void stop() {
    const std::scoped_lock lock(rest_mutex_);
    rest_ = {};
  }

  template <class Scan, class Done>
  void work(Scan& scan, Done& done) {
    std::vector<Item> found;
    for (Piece piece; take_piece(piece);) {
      found.clear();
      ArrayEnd end;
      std::exception_ptr failure;  // out of memory; the other threads wait for this piece
      try {
        end = scan(piece.text, found);
      } catch (...) {
        failure = std::current_exception();
      }
      collect(piece, end, found, done);
      if (failure) std::rethrow_exception(failure);
    }
  }

  template <class Done>
  void collect(const Piece& piece, ArrayEnd end, const std::vector<Item>& found, Done& done) {
    std::unique_lock lock(items_mutex_);
    turn_.wait(lock, [&] { return collected_ == piece.index; });
    ++collected_;
    turn_.notify_all();  // whoever is next waits for the lock
    if (finished_) return;
    finished_ = true;
    if (end.end == PieceEnd::kUnknown) {
      end_ = {end.end, piece.text.data()};
    } else {
      append(piece, found);
      end_ = end;
      done(end.at);
    }
    finished_ = end.end != PieceEnd::kCut;
    if (finished_) stop();
  }

  void append(const Piece& piece, const std::vector<Item>& found) {
    // As if the whole text had as many items as the first piece; what is unused is not touched.
    if (items_.empty() && !found.empty()) {
      const std::size_t pieces = text_size_ / piece.text.size() + 1;
      items_.reserve(pieces * (found.size() + found.size() / 16) + 16);
    }
    items_.insert(items_.end(), found.begin(), found.end());
  }

  std::mutex rest_mutex_;
  std::string_view rest_;
  std::size_t taken_ = 0;  // pieces

  std::mutex items_mutex_;
  std::condition_variable turn_;
  std::vector<Item>& items_;
  const std::size_t text_size_ = rest_.size();
  std::size_t collected_ = 0;  // pieces
  bool finished_ = false;
  ArrayEnd end_;
};

}  // namespace qyolo::datasets
