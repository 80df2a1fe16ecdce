// A restricted unpickler: pickle protocols 2 to 4 to a plain tree of values. It runs no code: a
// class becomes an inert record, an allow-list of constructors is understood, and any other call is
// an error that names it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/result.h"

namespace qyolo::model {

struct Value;
using ValuePtr = std::shared_ptr<Value>;  // shared: pickles refer to the same object twice

struct None {};
struct List {
  std::vector<ValuePtr> items;
};
struct Tuple {
  std::vector<ValuePtr> items;
};
struct Dict {
  std::vector<std::pair<ValuePtr, ValuePtr>> items;
};  // dict and OrderedDict, in order
struct Global {
  std::string module, name;
};  // a class, never instantiated as code
struct Object {
  std::string module, name;
  ValuePtr state;
};  // an instance: its class name and state
struct StorageRef {
  std::string type, key;
  std::int64_t numel = 0;
};
struct TensorRef {  // _rebuild_tensor_v2
  StorageRef storage;
  std::int64_t offset = 0;
  std::vector<std::int64_t> size, stride;
};
struct Value {
  std::variant<None, bool, std::int64_t, double, std::string, List, Tuple, Dict, Global, Object,
               StorageRef, TensorRef>
      data;
};

// `where` names the source in errors.
Result<ValuePtr> unpickle(std::span<const std::byte> bytes, std::string_view where);

}  // namespace qyolo::model
