// Reading values, objects and arrays with simdjson's On-Demand interface; for coco_json*.cpp only.
// The read_ functions say what is wrong with a value; read_objects and its callers add where.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "common/coco_types.h"
#include "common/result.h"
#include "datasets/coco_json_scan.h"

namespace qyolo::datasets {

namespace ondemand = simdjson::ondemand;

inline std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

inline std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return text;
}

// What stands there, for an error.
inline std::string describe(ondemand::value& value) {
  constexpr std::size_t kLongest = 40;
  const std::string_view token = trimmed(value.raw_json_token());
  if (token.starts_with('[')) return "an array";
  if (token.starts_with('{')) return "an object";
  return token.size() <= kLongest ? std::string(token)
                                  : std::string(token.substr(0, kLongest)) + "...";
}

inline Error expected(std::string_view key, std::string_view what, ondemand::value& value) {
  return error("'{}' must be {}, found {}", key, what, describe(value));
}

inline Error not_json(simdjson::error_code code) {
  std::string_view message = simdjson::error_message(code);
  // Newer releases begin with the error's name: "TAPE_ERROR: The JSON document ...".
  const std::size_t name = message.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
  if (name != std::string_view::npos && message.substr(name).starts_with(": ")) {
    message.remove_prefix(name + 2);
  }
  return error("is not valid JSON ({})", message);
}

// Where reading stopped, as half a sentence; empty where it is not known.
inline std::string line_of(std::string_view text, const char* at) {
  if (at < text.data() || at > text.data() + text.size()) return "";
  return fmt::format(" near line {}", 1 + std::count(text.data(), at, '\n'));
}

// Whether the error is that of a text that is no JSON, after which nothing more can be read.
inline bool is_syntax_error(const Error& failure) {
  return failure.message.find("is not valid JSON") != std::string::npos;
}

// Whether nothing follows the value that was read.
inline bool at_end(ondemand::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

inline bool is_null(ondemand::value& value) { return trimmed(value.raw_json_token()) == "null"; }

inline Status read_integer(ondemand::value value, std::string_view key, std::int64_t& out) {
  if (parse_json_integer(trimmed(value.raw_json_token()), out)) return {};
  return expected(key, "an integer", value);
}

// Null is a size that is not known: 0.
inline Status read_size(ondemand::value value, std::string_view key, int& out) {
  std::int64_t number = 0;
  if (is_null(value)) return {};
  if (!read_integer(value, key, number).ok() || number < 0 ||
      number > std::numeric_limits<int>::max()) {
    return expected(key, "a size in pixels", value);
  }
  out = static_cast<int>(number);
  return {};
}

// An id: a number or a text. add(text, json) gives the id of one that is no plain integer, which
// saw_integer() is told of.
template <class Add, class SawInteger>
Status read_id(ondemand::value value, std::string_view key, std::int64_t& out, Add add,
               SawInteger saw_integer) {
  const std::string_view token = trimmed(value.raw_json_token());
  if (is_plain_integer(token, out)) {
    saw_integer();
    return {};
  }
  std::string_view text;
  if (token.starts_with('"')) {
    if (value.get_string().get(text) != simdjson::SUCCESS)
      return expected(key, "a number or a text", value);
    out = add(text, token);
    return {};
  }
  std::int64_t integer = 0;
  double number = 0;
  if (parse_json_integer(token, integer) && !IdNames::is_code(integer)) {
    out = add(std::to_string(integer), token);
    return {};
  }
  if (!parse_json_number(token, number)) return expected(key, "a number or a text", value);
  out = add(token, token);
  return {};
}

// A finite number. Null leaves `out` as it is.
inline Status read_number_or_null(ondemand::value value, std::string_view key, double& out) {
  if (is_null(value)) return {};
  if (parse_json_number(trimmed(value.raw_json_token()), out)) return {};
  return expected(key, "a finite number", value);
}

inline Status read_number(ondemand::value value, std::string_view key, double& out) {
  if (parse_json_number(trimmed(value.raw_json_token()), out)) return {};
  return expected(key, "a finite number", value);
}

inline Status read_string(ondemand::value value, std::string_view key, std::string& out) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return expected(key, "a string", value);
  out = text;
  return {};
}

inline Status read_flag(ondemand::value value, std::string_view key, bool& out) {
  if (is_null(value)) return {};
  if (value.get_bool().get(out) == simdjson::SUCCESS) return {};
  std::int64_t number = 0;
  if (!read_integer(value, key, number).ok() || (number != 0 && number != 1)) {
    return expected(key, "0 or 1", value);
  }
  out = number == 1;
  return {};
}

inline Status read_bbox(ondemand::value value, BoxXywh& out) {
  constexpr std::string_view kWanted = "'bbox' must be an array of 4 finite numbers";
  ondemand::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS) {
    return error("{}, found {}", kWanted, describe(value));
  }
  std::size_t count = 0;
  for (auto element : array) {
    ondemand::value item;
    if (const auto code = std::move(element).get(item)) return not_json(code);
    if (count == out.size()) return error("{}, found more", kWanted);
    if (!parse_json_number(trimmed(item.raw_json_token()), out[count])) {
      return error("{}, found {}", kWanted, describe(item));
    }
    ++count;
  }
  if (count != out.size()) return error("{}, found {}", kWanted, count);
  if (out[2] < 0 || out[3] < 0) {
    return error("'bbox' must have a width and height that are not negative, found {} and {}",
                 out[2], out[3]);
  }
  return {};
}

// A set of keys of interest, in the order in which they are usually written.
template <std::size_t N>
class Keys {
 public:
  constexpr explicit Keys(std::array<std::string_view, N> names) : names_(names) {}

  // The place of the field's key, or N. `guess`: where it probably is.
  std::size_t find(ondemand::field& field, std::size_t guess) const {
    const auto raw = field.key();
    if (guess < N && raw == names_[guess]) return guess;
    for (std::size_t i = 0; i < N; ++i) {
      if (raw == names_[i]) return i;
    }
    // Unknown, unless it is written with escapes.
    const char* end = raw.raw();
    while (*end != '"' && *end != '\\') ++end;
    std::string_view key;
    if (*end == '"' || field.unescaped_key().get(key) != simdjson::SUCCESS) return N;
    return static_cast<std::size_t>(std::ranges::find(names_, key) - names_.begin());
  }

  [[nodiscard]] std::string_view name(std::size_t i) const { return names_[i]; }

 private:
  std::array<std::string_view, N> names_;
};

// Calls on_field(place of the key, value) for each field with one of the keys. As in Python, the
// last of equal keys counts. Fails if one of the first `required` keys is absent.
template <std::size_t N, class OnField>
Status read_fields(ondemand::object object, const Keys<N>& keys, std::size_t required,
                   OnField on_field) {
  std::array<bool, N> seen{};
  std::size_t guess = 0;
  for (auto item : object) {
    ondemand::field field;
    if (const auto code = std::move(item).get(field)) return not_json(code);
    const std::size_t found = keys.find(field, guess);
    guess = found + 1;
    if (found == N) continue;
    seen[found] = true;
    QYOLO_CHECK_OK(on_field(found, field.value()));
  }
  for (std::size_t i = 0; i < required; ++i) {
    if (!seen[i]) return error("'{}' is missing", keys.name(i));
  }
  return {};
}

// Calls on_object for each object of the array, entries being named "<name>[<base + index>]".
template <class OnObject>
Status read_objects(ondemand::array array, std::string_view where, std::string_view name,
                    std::size_t base, OnObject on_object) {
  std::size_t index = base;
  for (auto element : array) {
    const auto problem = [&](const Error& what) {
      return error("{}: {}[{}]: {}", where, name, index, what.message);
    };
    ondemand::value value;
    if (const auto code = std::move(element).get(value)) return problem(not_json(code));
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) {
      return problem(error("expected an object, found {}", describe(value)));
    }
    if (const Status status = on_object(object); !status.ok()) return problem(status.error());
    ++index;
  }
  return {};
}

}  // namespace qyolo::datasets
