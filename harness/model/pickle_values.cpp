#include <algorithm>
#include <type_traits>

#include "harness/model/pickle.h"
#include "harness/model/printable.h"

namespace qyolo::model {

const Value* find(const Dict& dict, std::string_view key) {
  const auto found = std::find_if(dict.items.rbegin(), dict.items.rend(), [&](const auto& item) {
    const auto* text = item.first->template as<std::string_view>();
    return text != nullptr && *text == key;
  });
  return found == dict.items.rend() ? nullptr : found->second;
}

std::string describe(const Value& value) {
  return std::visit(
      [](const auto& data) -> std::string {
        using T = std::decay_t<decltype(data)>;
        if constexpr (std::is_same_v<T, None>) return "None";
        if constexpr (std::is_same_v<T, bool>) return data ? "True" : "False";
        if constexpr (std::is_same_v<T, std::int64_t>) return fmt::format("the number {}", data);
        if constexpr (std::is_same_v<T, double>) return fmt::format("the number {}", data);
        if constexpr (std::is_same_v<T, std::string_view>)
          return fmt::format("the text '{}'", printable(data));
        if constexpr (std::is_same_v<T, List>) return "a list";
        if constexpr (std::is_same_v<T, Tuple>) return "a tuple";
        if constexpr (std::is_same_v<T, Dict>) return "a dict";
        if constexpr (std::is_same_v<T, Global>)
          return fmt::format("the class {}.{}", printable(data.module), printable(data.name));
        if constexpr (std::is_same_v<T, Object>)
          return fmt::format("a {}.{}", printable(data.type->module), printable(data.type->name));
        if constexpr (std::is_same_v<T, StorageRef>) return "a tensor storage";
        if constexpr (std::is_same_v<T, TensorRef>) return "a tensor";
      },
      value.data);
}

}  // namespace qyolo::model
