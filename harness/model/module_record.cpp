#include "harness/model/module_record.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/model/printable.h"

namespace qyolo::model {
namespace {

constexpr std::string_view kNetwork = "the network";

// Keys become parts of layer names, which are printed and written to JSON.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  });
}

const std::vector<const Value*>* sequence(const Value& value) {
  if (const auto* tuple = value.as<Tuple>()) return &tuple->items;
  if (const auto* list = value.as<List>()) return &list->items;
  return nullptr;
}

}  // namespace

Result<ModuleRecord> ModuleRecord::from(const Value& value, std::string path) {
  // Real modules have some 30 attributes, and the network's list some 260 layers.
  constexpr std::size_t kMaxEntries = 4096;
  const Object* object = value.as<Object>();
  const Dict* state =
      object == nullptr || object->state == nullptr ? nullptr : object->state->as<Dict>();
  if (state == nullptr)
    return error("{}: expected a module, found {}", path.empty() ? kNetwork : path,
                 describe(value));
  ModuleRecord record(value, *object->type, *state, std::move(path));
  bool reasonable = state->items.size() <= kMaxEntries;
  for (const std::string_view kind : {"_modules", "_parameters", "_buffers"}) {
    const Dict* entries = reasonable ? record.dict(kind) : nullptr;
    reasonable = reasonable && (entries == nullptr || entries->items.size() <= kMaxEntries);
  }
  if (!reasonable) return record.complain("more than {} entries in a module", kMaxEntries);
  return record;
}

std::string_view ModuleRecord::place() const { return path_.empty() ? kNetwork : path_; }

std::string ModuleRecord::type_name() const {
  return fmt::format("{}.{}", printable(type_->module), printable(type_->name));
}

std::string ModuleRecord::path_of(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

const Value* ModuleRecord::attribute(std::string_view name) const { return find(*state_, name); }

const Dict* ModuleRecord::dict(std::string_view name) const {
  const Value* value = attribute(name);
  return value == nullptr ? nullptr : value->as<Dict>();
}

Result<std::int64_t> ModuleRecord::integer(std::string_view name, std::int64_t low,
                                           std::int64_t high) const {
  const Value* value = attribute(name);
  if (value == nullptr) return complain("the attribute {} is missing", name);
  const auto* number = value->as<std::int64_t>();
  if (number == nullptr || *number < low || *number > high) {
    return complain("{}: expected an integer from {} to {}, found {}", name, low, high,
                    describe(*value));
  }
  return *number;
}

Result<std::array<int, 2>> ModuleRecord::pair(std::string_view name, int low, int high) const {
  const Value* value = attribute(name);
  if (value == nullptr) return complain("the attribute {} is missing", name);
  std::array<const Value*, 2> parts = {value, value};
  if (const auto* items = sequence(*value); items != nullptr && items->size() == 2)
    parts = {(*items)[0], (*items)[1]};
  std::array<int, 2> numbers{};
  for (std::size_t i = 0; i < 2; ++i) {
    const auto* number = parts[i]->as<std::int64_t>();
    if (number == nullptr || *number < low || *number > high) {
      return complain("{}: expected one or two integers from {} to {}, found {}", name, low, high,
                      describe(*parts[i]));
    }
    numbers[i] = static_cast<int>(*number);
  }
  return numbers;
}

Result<double> ModuleRecord::number(std::string_view name) const {
  const Value* value = attribute(name);
  if (value == nullptr) return complain("the attribute {} is missing", name);
  if (const auto* integer = value->as<std::int64_t>()) return static_cast<double>(*integer);
  const auto* number = value->as<double>();
  if (number == nullptr || !std::isfinite(*number))
    return complain("{}: expected a number, found {}", name, describe(*value));
  return *number;
}

Status ModuleRecord::expect_false(std::string_view name) const {
  const Value* value = attribute(name);
  if (value == nullptr || value->as<None>() != nullptr) return {};
  const auto* flag = value->as<bool>();
  if (flag == nullptr || *flag) return complain("{} = {} is not supported", name, describe(*value));
  return {};
}

Status ModuleRecord::expect_text(std::string_view name, std::string_view expected) const {
  const Value* value = attribute(name);
  if (value == nullptr) return {};
  const auto* text = value->as<std::string_view>();
  if (text == nullptr || *text != expected) {
    return complain("{}: expected '{}', found {}", name, expected, describe(*value));
  }
  return {};
}

bool ModuleRecord::has_child(std::string_view name) const {
  const Dict* modules = dict("_modules");
  const Value* value = modules == nullptr ? nullptr : find(*modules, name);
  return value != nullptr && value->as<None>() == nullptr;
}

Result<ModuleRecord> ModuleRecord::child(std::string_view name) const {
  if (!has_child(name)) return complain("the {} has no module '{}'", type_name(), name);
  return from(*find(*dict("_modules"), name), path_of(name));
}

Result<std::vector<ModuleRecord>> ModuleRecord::children() const {
  std::vector<ModuleRecord> records;
  const Dict* modules = dict("_modules");
  if (modules == nullptr) return complain("the {} is no module", type_name());
  for (const auto& [key, value] : modules->items) {
    if (value->as<None>() != nullptr) continue;
    const auto* name = key->as<std::string_view>();
    if (name == nullptr || !is_name(*name))
      return complain("a module's name is {}", describe(*key));
    QYOLO_TRY(ModuleRecord record, from(*value, path_of(*name)));
    records.push_back(std::move(record));
  }
  return records;
}

const TensorRef* ModuleRecord::find_tensor(std::string_view name) const {
  for (const std::string_view kind : {"_parameters", "_buffers"}) {
    const Dict* tensors = dict(kind);
    const Value* value = tensors == nullptr ? nullptr : find(*tensors, name);
    if (value != nullptr && value->as<TensorRef>() != nullptr) return value->as<TensorRef>();
  }
  return nullptr;
}

Result<const TensorRef*> ModuleRecord::tensor(std::string_view name) const {
  const TensorRef* found = find_tensor(name);
  if (found == nullptr) return complain("the tensor {} is missing", name);
  return found;
}

std::vector<std::pair<std::string_view, const TensorRef*>> ModuleRecord::tensors() const {
  std::vector<std::pair<std::string_view, const TensorRef*>> found;
  for (const std::string_view kind : {"_parameters", "_buffers"}) {
    const Dict* tensors = dict(kind);
    if (tensors == nullptr) continue;
    for (const auto& [key, value] : tensors->items) {
      const auto* name = key->as<std::string_view>();
      if (name != nullptr && is_name(*name) && value->as<TensorRef>() != nullptr)
        found.emplace_back(*name, value->as<TensorRef>());
    }
  }
  return found;
}

}  // namespace qyolo::model
