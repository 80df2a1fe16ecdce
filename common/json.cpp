#include "common/json.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "common/file.h"
#include "common/spelling.h"

namespace qyolo {
namespace {

constexpr int kMaxDepth = 64;

// Nesting depth by counting brackets outside strings, before anything is built.
bool too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

// Finds a key that an object has twice, in time linear in the text. (nlohmann's parser with a
// callback, which could say the same, looks through all the elements of an array behind each one.)
class KeyWatch final : public nlohmann::json_sax<Json> {
 public:
  bool start_object(std::size_t /*elements*/) override {
    open_.emplace_back();
    return true;
  }
  bool end_object() override {
    open_.pop_back();
    return true;
  }
  bool key(std::string& key) override {
    if (open_.back().insert(key).second) return true;
    duplicate_ = key;
    return false;
  }
  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(std::int64_t /*value*/) override { return true; }
  bool number_unsigned(std::uint64_t /*value*/) override { return true; }
  bool number_float(double /*value*/, const std::string& /*text*/) override { return true; }
  bool string(std::string& /*value*/) override { return true; }
  bool binary(Json::binary_t& /*value*/) override { return true; }
  bool start_array(std::size_t /*elements*/) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t /*position*/, const std::string& /*last_token*/,
                   const Json::exception& /*failure*/) override {
    return false;  // parsing it once more says what is wrong
  }

  [[nodiscard]] const std::optional<std::string>& duplicate() const { return duplicate_; }

 private:
  std::vector<std::set<std::string>> open_;  // the keys of the objects around the current place
  std::optional<std::string> duplicate_;
};

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view where, DuplicateKeys duplicates) {
  if (too_deep(text)) return error("{} is nested deeper than {} levels", where, kMaxDepth);
  try {
    KeyWatch watch;
    if (duplicates == DuplicateKeys::kRefused && !Json::sax_parse(text, &watch) &&
        watch.duplicate()) {
      return error("{} has the key '{}' twice", where, *watch.duplicate());
    }
    return Json::parse(text);
  } catch (const Json::exception& failure) {
    std::string_view reason = failure.what();
    if (const auto end = reason.find("] "); end != std::string_view::npos)
      reason.remove_prefix(end + 2);
    return error("{} is not valid JSON: {}", where, reason);
  }
}

Result<Json> read_json(const std::filesystem::path& path, DuplicateKeys duplicates) {
  QYOLO_TRY(const std::string text, read_file(path));
  return parse_json(text, path.string(), duplicates);
}

OrderedJson id_json(const IdNames& names, std::int64_t id) {
  OrderedJson json = OrderedJson::parse(names.json(id), nullptr, false);
  return json.is_discarded() ? OrderedJson(names.text(id)) : json;
}

const Json& member(const Json& object, std::string_view key) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}

Result<JsonObject> JsonObject::from(const Json& value, std::string place) {
  if (!value.is_object()) return error("{} is {}, expected an object", place, value.type_name());
  return JsonObject(value, std::move(place));
}

bool JsonObject::has(std::string_view key) const { return value_->contains(key); }

std::string JsonObject::place_of(std::string_view key) const {
  return fmt::format("{}: '{}'", place_, key);
}

Status JsonObject::only(std::initializer_list<std::string_view> allowed) const {
  for (const auto& [key, value] : value_->items()) {
    if (std::find(allowed.begin(), allowed.end(), key) == allowed.end()) {
      return error("{}: unknown key '{}', expected one of: {}{}", place_, key,
                   fmt::join(allowed, ", "), did_you_mean(key, allowed));
    }
  }
  return {};
}

Result<const Json*> JsonObject::at(std::string_view key) const {
  const auto found = value_->find(key);
  if (found == value_->end()) return error("{}: the key '{}' is missing", place_, key);
  return &*found;
}

Result<std::string> JsonObject::string(std::string_view key) const {
  QYOLO_TRY(const Json* value, at(key));
  if (!value->is_string())
    return error("{} is {}, expected a string", place_of(key), value->type_name());
  return value->get<std::string>();
}

Result<double> JsonObject::number(std::string_view key) const {
  QYOLO_TRY(const Json* value, at(key));
  if (!value->is_number() || !std::isfinite(value->get<double>())) {
    return error("{} is {}, expected a number", place_of(key), value->dump());
  }
  return value->get<double>();
}

Result<std::int64_t> JsonObject::integer(std::string_view key, std::int64_t low,
                                         std::int64_t high) const {
  QYOLO_TRY(const Json* value, at(key));
  const bool fits = value->is_number_integer() &&
                    (!value->is_number_unsigned() || value->get<std::uint64_t>() <= INT64_MAX);
  if (!fits || value->get<std::int64_t>() < low || value->get<std::int64_t>() > high) {
    return error("{} is {}, expected an integer from {} to {}", place_of(key), value->dump(), low,
                 high);
  }
  return value->get<std::int64_t>();
}

Result<bool> JsonObject::boolean(std::string_view key) const {
  QYOLO_TRY(const Json* value, at(key));
  if (!value->is_boolean())
    return error("{} is {}, expected true or false", place_of(key), value->dump());
  return value->get<bool>();
}

Result<JsonObject> JsonObject::object(std::string_view key) const {
  QYOLO_TRY(const Json* value, at(key));
  return from(*value, place_of(key));
}

}  // namespace qyolo
