// A restricted unpickler: pickle protocols 2 to 5 to a plain tree of values. It runs no code: a
// class becomes an inert record, an allow-list of constructors is understood, and any other call
// becomes an inert record, too, about which only who needs its value complains. Opcodes: Python's
// pickletools.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/result.h"

namespace qyolo::model {

struct Value;

struct None {};
struct List {  // also set and frozenset
  std::vector<const Value*> items;
};
struct Tuple {  // also torch.Size
  std::vector<const Value*> items;
};
struct Dict {  // also OrderedDict, in order; a key that was set twice is there twice
  std::vector<std::pair<const Value*, const Value*>> items;
};
// A name of a class or function: never called.
struct Global {
  std::string_view module, name;
  [[nodiscard]] bool is(std::string_view of_module, std::string_view of_name) const {
    return module == of_module && name == of_name;
  }
};
// An instance: its class, and what it would have been constructed from and restored to.
struct Object {
  const Global* type = nullptr;
  const Value* arguments = nullptr;  // a tuple
  const Value* state = nullptr;      // null: none was set
};
struct StorageRef {
  std::string_view type;  // "HalfStorage"
  std::string_view key;   // the zip entry below data/
  std::int64_t numel = 0;
};
// _rebuild_tensor_v2; offset and strides in elements. As the pickle says: not checked against the
// storage (tensor_reader.h does).
struct TensorRef {
  StorageRef storage;
  std::int64_t offset = 0;
  std::vector<std::int64_t> size, stride;
};

struct Value {
  // std::string_view: str and bytes.
  std::variant<None, bool, std::int64_t, double, std::string_view, List, Tuple, Dict, Global,
               Object, StorageRef, TensorRef>
      data;

  template <class T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&data);
  }
};

// Owns every value of one pickle, so that shared, deeply nested and cyclic values need no counting
// and no recursion. Text is viewed, not copied: the bytes must outlive the document.
class PickleDocument {
 public:
  // Memory is at most proportional to the bytes, and bounded.
  static Result<PickleDocument> parse(std::span<const std::byte> bytes);

  [[nodiscard]] const Value& root() const { return *root_; }

 private:
  friend class Unpickler;
  std::deque<Value> values_;
  const Value* root_ = nullptr;
};

// The value of a string key (the last one, as in Python), or null.
[[nodiscard]] const Value* find(const Dict& dict, std::string_view key);

// What a value is, for errors: "None", "a dict", "a models.yolo.Model".
[[nodiscard]] std::string describe(const Value& value);

}  // namespace qyolo::model
