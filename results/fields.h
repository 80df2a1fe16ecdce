// One description of a record's members serves writing and reading: a function
//
//   template <class Fields>
//   void describe(Fields& fields, Of<Fields, Thing>& thing) {
//     fields("name", thing.name);
//     fields("AP", thing.ap);
//   }
//
// found by its argument's type, is called with a FieldWriter or a FieldReader. Numbers, texts,
// booleans, Json, optionals (null), lists, arrays and described types are members.
#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/json.h"
#include "common/result.h"

namespace qyolo::results {

template <class Fields, class T>
using Of = typename Fields::template Qualified<T>;

// For a member that a number which is not finite leaves without a value.
[[nodiscard]] inline std::optional<double> finite_or_none(double value) {
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

template <class T>
inline constexpr bool kIsJson = std::same_as<T, Json> || std::same_as<T, OrderedJson>;

class FieldWriter {
 public:
  template <class T>
  using Qualified = const T;
  static constexpr bool kReads = false;

  template <class T>
  void operator()(std::string_view key, const T& value) {
    json_[std::string(key)] = json_of(value);
  }
  // Left out where there is none, or an empty text or list.
  template <class T>
  void if_any(std::string_view key, const T& value) {
    if constexpr (requires { value.has_value(); }) {
      if (value) (*this)(key, *value);
    } else {
      if (!value.empty()) (*this)(key, value);
    }
  }
  // What follows from other members; `value_of` is called where it is written.
  template <class ValueOf>
  void derived(std::string_view key, const ValueOf& value_of) {
    (*this)(key, value_of());
  }
  // -1 in memory is null in the record.
  void fraction(std::string_view key, double value) {
    json_[std::string(key)] = value < 0 ? OrderedJson() : OrderedJson(value);
  }
  template <class Values>
  void fractions(std::string_view key, const Values& values) {
    OrderedJson list = OrderedJson::array();
    for (const double value : values)
      list.push_back(value < 0 ? OrderedJson() : OrderedJson(value));
    json_[std::string(key)] = std::move(list);
  }
  // An object whose keys are names from the data.
  template <class T>
  void named(std::string_view key, const std::vector<std::pair<std::string, T>>& items) {
    OrderedJson object = OrderedJson::object();
    for (const auto& [name, value] : items) object[name] = json_of(value);
    json_[std::string(key)] = std::move(object);
  }
  // Members of the same thing in an object of their own: `describe_inside(inner)`.
  template <class DescribeInside>
  void object(std::string_view key, const DescribeInside& describe_inside) {
    FieldWriter inner;
    describe_inside(inner);
    json_[std::string(key)] = std::move(inner).json();
  }

  [[nodiscard]] OrderedJson json() && { return std::move(json_); }

 private:
  template <class T>
  static OrderedJson json_of(const T& value) {
    if constexpr (std::floating_point<T>) {
      return std::isfinite(value) ? OrderedJson(value) : OrderedJson();
    } else if constexpr (kIsJson<T>) {
      return OrderedJson(value);
    } else if constexpr (std::is_arithmetic_v<T> || std::convertible_to<T, std::string_view>) {
      return OrderedJson(value);
    } else if constexpr (requires { value.has_value(); }) {
      return value ? json_of(*value) : OrderedJson();
    } else if constexpr (requires { value.begin(); }) {
      OrderedJson list = OrderedJson::array();
      for (const auto& item : value) list.push_back(json_of(item));
      return list;
    } else {
      FieldWriter inner;
      describe(inner, value);
      return std::move(inner).json();
    }
  }

  OrderedJson json_ = OrderedJson::object();
};

// Keeps the first complaint, which names the place. A member that is missing is one, unless it was
// described by if_any().
class FieldReader {
 public:
  template <class T>
  using Qualified = T;
  static constexpr bool kReads = true;

  // `object` and `complaint` must outlive it.
  FieldReader(const Json& object, std::string place, std::optional<Error>& complaint)
      : object_(object), place_(std::move(place)), complaint_(complaint) {
    if (!object.is_object()) complain(place_, "an object");
  }

  template <class T>
  void operator()(std::string_view key, T& value) {
    if (const Json* found = find(key)) {
      read(*found, place_of(key), value);
    } else {
      complain(place_of(key), "a value, there is none");
    }
  }
  template <class T>
  void if_any(std::string_view key, T& value) {
    if (const Json* found = find(key)) read(*found, place_of(key), value);
  }
  template <class ValueOf>
  void derived(std::string_view, const ValueOf&) {}
  void fraction(std::string_view key, double& value) {
    std::optional<double> found;
    (*this)(key, found);
    value = found.value_or(-1);
  }
  template <class Values>
  void fractions(std::string_view key, Values& values) {
    std::array<std::optional<double>, std::tuple_size_v<Values>> found;
    (*this)(key, found);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = found[i].value_or(-1);
  }
  // By name, ascending.
  template <class T>
  void named(std::string_view key, std::vector<std::pair<std::string, T>>& items) {
    const Json* found = find(key);
    if (found == nullptr || !found->is_object()) return complain(place_of(key), "an object");
    items.clear();
    for (const auto& [name, value] : found->items()) {
      auto& item = items.emplace_back();
      item.first = name;
      read(value, place_of(key) + ": " + name, item.second);
    }
  }
  template <class DescribeInside>
  void object(std::string_view key, const DescribeInside& describe_inside) {
    static const Json kNone = Json::object();
    const Json* found = find(key);
    if (found == nullptr) complain(place_of(key), "an object, there is none");
    FieldReader inner(found == nullptr ? kNone : *found, place_of(key), complaint_);
    describe_inside(inner);
  }

  void complain(const std::string& place, std::string_view expected) {
    if (!complaint_) complaint_ = error("{}: expected {}", place, expected);
  }
  [[nodiscard]] std::string place_of(std::string_view key) const {
    return place_ + ": " + std::string(key);
  }

 private:
  [[nodiscard]] const Json* find(std::string_view key) const {
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
  }

  template <class T>
  void read(const Json& json, const std::string& place, T& value) {
    if constexpr (kIsJson<T>) {
      value = json;
    } else if constexpr (std::same_as<T, bool>) {
      json.is_boolean() ? void(value = json.get<bool>()) : complain(place, "true or false");
    } else if constexpr (std::integral<T>) {
      json.is_number_integer() && in_range<T>(json) ? void(value = json.get<T>())
                                                    : complain(place, "an integer");
    } else if constexpr (std::floating_point<T>) {
      json.is_number() ? void(value = json.get<T>()) : complain(place, "a number");
    } else if constexpr (std::same_as<T, std::string>) {
      json.is_string() ? void(value = json.get<std::string>()) : complain(place, "a text");
    } else if constexpr (requires { value.has_value(); }) {
      value.reset();
      if (!json.is_null()) read(json, place, value.emplace());
    } else if constexpr (requires { value.emplace_back(); }) {
      if (!json.is_array()) return complain(place, "a list");
      value.clear();
      value.resize(json.size());
      for (std::size_t i = 0; i < value.size(); ++i)
        read(json[i], fmt::format("{}[{}]", place, i), value[i]);
    } else if constexpr (requires { std::tuple_size<T>::value; }) {
      if (!json.is_array() || json.size() != value.size())
        return complain(place, fmt::format("a list of {}", value.size()));
      for (std::size_t i = 0; i < value.size(); ++i)
        read(json[i], fmt::format("{}[{}]", place, i), value[i]);
    } else {
      FieldReader inner(json, place, complaint_);
      describe(inner, value);
    }
  }

  template <class T>
  static bool in_range(const Json& json) {
    if (json.is_number_unsigned()) return std::in_range<T>(json.get<std::uint64_t>());
    return std::in_range<T>(json.get<std::int64_t>());
  }

  const Json& object_;
  std::string place_;
  std::optional<Error>& complaint_;
};

inline constexpr std::string_view kSchemaKey = "schema", kKindKey = "kind";

// A whole document of a kind, with the schema on top.
template <class Record>
OrderedJson document_json(std::string_view kind, int schema, const Record& record) {
  FieldWriter writer;
  writer(kSchemaKey, schema);
  writer(kKindKey, kind);
  describe(writer, record);
  return std::move(writer).json();
}

// The inverse. Fails, with the place, on another kind, a newer schema, and on a member that is
// missing or not of its type. Members that are not described are left alone.
template <class Record>
Result<Record> read_document(std::string_view kind, int schema, const Json& document,
                             const std::string& place) {
  std::optional<Error> complaint;
  FieldReader reader(document, place, complaint);
  std::string found_kind;
  int found_schema = 0;
  Record record;
  reader(kSchemaKey, found_schema);
  reader(kKindKey, found_kind);
  if (complaint) return *complaint;
  if (found_kind != kind)
    return error("{} is of the kind '{}', expected '{}'", place, found_kind, kind);
  if (found_schema > schema)
    return error("{} has schema {}, this version reads up to {}", place, found_schema, schema);
  describe(reader, record);
  if (complaint) return *complaint;
  return record;
}

}  // namespace qyolo::results
