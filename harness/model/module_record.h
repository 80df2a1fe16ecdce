// A pickled torch.nn.Module as data: typed access to its class, attributes, parameters and
// children. Every complaint names the module's path in the network ("model.17.conv").
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "harness/model/pickle.h"

namespace qyolo::model {

// A view: the document must outlive it.
class ModuleRecord {
 public:
  // Fails unless `value` is an instance whose state is that of an nn.Module. The path of the whole
  // network is empty.
  static Result<ModuleRecord> from(const Value& value, std::string path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path_of(std::string_view name) const;  // of a child or tensor
  [[nodiscard]] const Value& value() const { return *value_; }
  [[nodiscard]] const Global& type() const { return *type_; }
  [[nodiscard]] std::string type_name() const;  // "models.common.Conv", printable
  [[nodiscard]] bool is(std::string_view module, std::string_view name) const {
    return type_->is(module, name);
  }

  // Plain attributes. Null if absent; the others fail.
  [[nodiscard]] const Value* attribute(std::string_view name) const;
  [[nodiscard]] Result<std::int64_t> integer(std::string_view name, std::int64_t low,
                                             std::int64_t high) const;
  // A number, or a pair of them: [rows, columns].
  [[nodiscard]] Result<std::array<int, 2>> pair(std::string_view name, int low, int high) const;
  [[nodiscard]] Result<double> number(std::string_view name) const;  // finite
  // Fails if the attribute is there and is not `expected` (False, None or text).
  [[nodiscard]] Status expect_false(std::string_view name) const;
  [[nodiscard]] Status expect_text(std::string_view name, std::string_view expected) const;

  // Children; None counts as absent.
  [[nodiscard]] bool has_child(std::string_view name) const;
  [[nodiscard]] Result<ModuleRecord> child(std::string_view name) const;
  [[nodiscard]] Result<std::vector<ModuleRecord>> children() const;

  // A parameter or buffer; null if absent or None.
  [[nodiscard]] const TensorRef* find_tensor(std::string_view name) const;
  [[nodiscard]] Result<const TensorRef*> tensor(std::string_view name) const;
  // All parameters and buffers, by name, in order.
  [[nodiscard]] std::vector<std::pair<std::string_view, const TensorRef*>> tensors() const;

  // The error that `text` describes, with the path before it.
  template <class... Args>
  [[nodiscard]] Error complain(fmt::format_string<Args...> text, Args&&... args) const {
    return error("{}: {}", place(), fmt::format(text, std::forward<Args>(args)...));
  }

 private:
  ModuleRecord(const Value& value, const Global& type, const Dict& state, std::string path)
      : value_(&value), type_(&type), state_(&state), path_(std::move(path)) {}

  [[nodiscard]] std::string_view place() const;  // the path, or words for the empty one
  [[nodiscard]] const Dict* dict(std::string_view name) const;

  const Value* value_;
  const Global* type_;
  const Dict* state_;
  std::string path_;
};

}  // namespace qyolo::model
