#include "harness/model/pickle_calls.h"

#include <algorithm>
#include <array>
#include <utility>

#include "harness/model/printable.h"

namespace qyolo::model {
namespace {

constexpr std::size_t kMaxDimensions = 16;

using Call = Result<Value*> (*)(ValueArena&, const Global&, Value* arguments);

const std::vector<const Value*>& items_of(const Value* arguments) {
  return std::get<Tuple>(arguments->data).items;
}

Error bad_arguments(const Global& callable) {
  return error("{}.{} is called with arguments it does not take", printable(callable.module),
               printable(callable.name));
}

Result<std::vector<std::int64_t>> integers(const Value& value, const Global& callable) {
  const Tuple* tuple = value.as<Tuple>();
  if (tuple == nullptr || tuple->items.size() > kMaxDimensions) return bad_arguments(callable);
  std::vector<std::int64_t> numbers;
  for (const Value* item : tuple->items) {
    const std::int64_t* number = item->as<std::int64_t>();
    if (number == nullptr) return bad_arguments(callable);
    numbers.push_back(*number);
  }
  return numbers;
}

// A record of the call, which nothing ever makes.
Result<Value*> inert(ValueArena& arena, const Global& callable, Value* arguments) {
  return add_value(arena, Object{&callable, arguments, nullptr});
}

// (storage, offset, size, stride, requires_grad, hooks[, metadata])
Result<Value*> rebuild_tensor(ValueArena& arena, const Global& callable, Value* arguments) {
  const auto& items = items_of(arguments);
  if (items.size() < 4) return bad_arguments(callable);
  const StorageRef* storage = items[0]->as<StorageRef>();
  const std::int64_t* offset = items[1]->as<std::int64_t>();
  if (storage == nullptr || offset == nullptr) return bad_arguments(callable);
  QYOLO_TRY(std::vector<std::int64_t> size, integers(*items[2], callable));
  QYOLO_TRY(std::vector<std::int64_t> stride, integers(*items[3], callable));
  if (size.size() != stride.size()) return bad_arguments(callable);
  return add_value(arena, TensorRef{*storage, *offset, std::move(size), std::move(stride)});
}

// (tensor, requires_grad, hooks[, state]): the tensor
Result<Value*> rebuild_parameter(ValueArena&, const Global& callable, Value* arguments) {
  const auto& items = items_of(arguments);
  if (items.empty() || items[0]->as<TensorRef>() == nullptr) return bad_arguments(callable);
  return const_cast<Value*>(items[0]);  // every value of the arena is ours and mutable
}

Result<Value*> make_dict(ValueArena& arena, const Global& callable, Value* arguments) {
  if (!items_of(arguments).empty() && callable.name != "defaultdict")
    return inert(arena, callable, arguments);
  return add_value(arena, Dict{});
}

// set([...]), torch.Size((...)): the sequence itself
Result<Value*> same_sequence(ValueArena& arena, const Global& callable, Value* arguments) {
  const auto& items = items_of(arguments);
  if (items.empty()) return add_value(arena, List{});
  const bool sequence = items[0]->as<List>() != nullptr || items[0]->as<Tuple>() != nullptr;
  if (items.size() != 1 || !sequence) return bad_arguments(callable);
  return const_cast<Value*>(items[0]);
}

struct Allowed {
  std::string_view module, name;
  Call call;
};

constexpr std::array kAllowed = {
    Allowed{"torch._utils", "_rebuild_tensor_v2", rebuild_tensor},
    Allowed{"torch._utils", "_rebuild_parameter", rebuild_parameter},
    Allowed{"torch._utils", "_rebuild_parameter_with_state", rebuild_parameter},
    Allowed{"collections", "OrderedDict", make_dict},
    Allowed{"collections", "defaultdict", make_dict},
    Allowed{"builtins", "set", same_sequence},
    Allowed{"__builtin__", "set", same_sequence},
    Allowed{"builtins", "frozenset", same_sequence},
    Allowed{"__builtin__", "frozenset", same_sequence},
    Allowed{"torch", "Size", same_sequence},
};

}  // namespace

Result<Value*> call(ValueArena& arena, const Value& callable, Value* arguments) {
  const Global* global = callable.as<Global>();
  // What an uncalled call would have given is as inert when it is called.
  if (const Object* object = callable.as<Object>()) global = object->type;
  if (global == nullptr)
    return error("the pickle would call {}, which is refused", describe(callable));
  if (arguments->as<Tuple>() == nullptr) return bad_arguments(*global);
  if (callable.as<Object>() != nullptr) return inert(arena, *global, arguments);
  const auto* allowed = std::find_if(kAllowed.begin(), kAllowed.end(), [&](const Allowed& entry) {
    return global->is(entry.module, entry.name);
  });
  // Nothing is called: whoever needs the value (a network, a tensor) complains that it is none.
  if (allowed == kAllowed.end()) return inert(arena, *global, arguments);
  return allowed->call(arena, *global, arguments);
}

Result<Value*> persistent_load(ValueArena& arena, const Value& id) {
  const Tuple* tuple = id.as<Tuple>();
  if (tuple != nullptr && tuple->items.size() >= 5) {
    const auto* kind = tuple->items[0]->as<std::string_view>();
    const auto* type = tuple->items[1]->as<Global>();
    const auto* key = tuple->items[2]->as<std::string_view>();
    const auto* numel = tuple->items[4]->as<std::int64_t>();
    if (kind != nullptr && *kind == "storage" && type != nullptr && key != nullptr &&
        numel != nullptr) {
      return add_value(arena, StorageRef{type->name, *key, *numel});
    }
  }
  return error("a persistent id of the pickle is not ('storage', type, key, location, count)");
}

}  // namespace qyolo::model
