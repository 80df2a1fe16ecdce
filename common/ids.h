// Ids of images, categories and annotations. Files have any scalar as an id (7, "scene_0001", 3.5);
// ids are only ever compared. An integer is itself; anything else gets a code from a range of its
// own, so that whoever handles ids handles 64-bit integers, and an IdNames knows what they are
// called. The text "7" and the number 7 are the same id.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace qyolo {

class IdNames {
 public:
  static constexpr std::int64_t kFirstCode = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t kCodes = std::int64_t{1} << 32;
  // Whether the id is a code, not an integer that a file holds.
  [[nodiscard]] static bool is_code(std::int64_t id) { return id < kFirstCode + kCodes; }

  // The id that a file writes as `json` (as it stands there) and that reads `text`: of a JSON
  // string its content. `declared`: by the entry that has the id, whose spelling is kept.
  std::int64_t add(std::string_view text, std::string_view json, bool declared);
  // The same, of an integer in its plain spelling.
  void saw_number() { numbers_ = true; }
  // kUnknown where no id reads so.
  static constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::max();
  [[nodiscard]] std::int64_t find(std::string_view text) const;

  // As its file writes it; as a person reads it.
  [[nodiscard]] std::string json(std::int64_t id) const;
  [[nodiscard]] std::string text(std::int64_t id) const;

  // Whether some ids are written as texts and some as numbers.
  [[nodiscard]] bool mixed() const { return texts_ && numbers_; }
  [[nodiscard]] bool writes_texts() const { return texts_; }
  void forget_kinds() { texts_ = numbers_ = false; }
  [[nodiscard]] bool has_codes() const { return !names_.empty(); }

  // Renumbers the codes so that they ascend as their texts do, which is the order in which
  // pycocotools goes through them. Gives the new code of each old one by its place.
  std::vector<std::int64_t> sort();
  [[nodiscard]] static std::size_t place_of(std::int64_t code) {
    return static_cast<std::size_t>(code - kFirstCode);
  }

 private:
  struct Name {
    std::string text, json;
  };
  std::vector<Name> names_;  // by code
  std::unordered_map<std::string, std::int64_t> codes_;
  std::unordered_map<std::int64_t, std::string> spellings_;  // of integers: "7", 7.0
  bool texts_ = false, numbers_ = false;
};

// Whether `text` is an integer in its plain spelling (no sign but '-', no leading zeros) that is no
// code; then `id` is it.
[[nodiscard]] bool is_plain_integer(std::string_view text, std::int64_t& id);

}  // namespace qyolo
