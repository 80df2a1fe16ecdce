// Inside the unpickler: what the few constructors that a checkpoint may call mean as plain values.
#pragma once

#include <deque>

#include "common/result.h"
#include "harness/model/pickle.h"

namespace qyolo::model {

// Where values live until their document dies; addresses stay valid.
using ValueArena = std::deque<Value>;

template <class T>
Value* add_value(ValueArena& arena, T data) {
  return &arena.emplace_back(Value{std::move(data)});
}

// callable(*arguments), as REDUCE asks for. Whatever is not on the allow-list becomes an inert
// record of the call: nothing is ever called. Copies nothing that could be large.
Result<Value*> call(ValueArena& arena, const Value& callable, Value* arguments);

// The storage that a persistent id names: ('storage', type, key, location, numel).
Result<Value*> persistent_load(ValueArena& arena, const Value& id);

}  // namespace qyolo::model
