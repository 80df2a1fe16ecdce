// Typed access to JSON documents: every complaint names the place ("latency.warmup") and what was
// expected.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/result.h"

namespace qyolo {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;  // keeps the order in which keys were written

// What becomes of an object that has one key twice: its last value stays, or it is refused.
enum class DuplicateKeys { kLastWins, kRefused };

// Parses one document; `where` names it in the error. Documents nested deeper than 64 levels are
// refused.
Result<Json> parse_json(std::string_view text, std::string_view where,
                        DuplicateKeys duplicates = DuplicateKeys::kLastWins);
Result<Json> read_json(const std::filesystem::path& path,
                       DuplicateKeys duplicates = DuplicateKeys::kLastWins);

// An id as its file writes it: a number or a text.
OrderedJson id_json(const IdNames& names, std::int64_t id);

// The member of that name, or null where there is none or `object` is none.
const Json& member(const Json& object, std::string_view key);

// An object inside a document, with its place. Getters fail with a sentence that names place and
// key. The document must outlive the view.
class JsonObject {
 public:
  // Fails unless `value` is an object.
  static Result<JsonObject> from(const Json& value, std::string place);

  [[nodiscard]] const std::string& place() const { return place_; }
  [[nodiscard]] bool has(std::string_view key) const;
  [[nodiscard]] std::string place_of(std::string_view key) const;

  // Fails on the first key that is not in `allowed`, listing the allowed ones.
  Status only(std::initializer_list<std::string_view> allowed) const;

  Result<const Json*> at(std::string_view key) const;
  Result<std::string> string(std::string_view key) const;
  Result<double> number(std::string_view key) const;  // finite
  Result<std::int64_t> integer(std::string_view key, std::int64_t low, std::int64_t high) const;
  Result<bool> boolean(std::string_view key) const;
  Result<JsonObject> object(std::string_view key) const;

 private:
  JsonObject(const Json& value, std::string place) : value_(&value), place_(std::move(place)) {}
  const Json* value_;
  std::string place_;
};

}  // namespace qyolo
