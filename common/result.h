// common/: what every room uses and none owns: the result type, files, JSON access, threads,
// hashes.
//
// Result<T>: the one way an expected failure (bad input, missing file, unsupported layer) is
// reported. A failure carries one sentence for a person: what, where, what was expected. Libraries
// return it and never print or exit; harness/cli turns it into a message and exit code 2.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace qyolo {

struct Error {
  std::string message;
};

// error("{}: expected {} values, found {}", path, 3, n)
template <class... Args>
[[nodiscard]] Error error(fmt::format_string<Args...> format, Args&&... args) {
  return Error{fmt::format(format, std::forward<Args>(args)...)};
}

// Holds a T or an Error. value() REQUIRES ok(); error() REQUIRES !ok().
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Error failure)
      : state_(std::in_place_index<1>, std::move(failure)) {
  }  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
  [[nodiscard]] T& value() & { return std::get<0>(state_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  [[nodiscard]] const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

// The result of something that yields no value.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error failure) : failure_(std::move(failure)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return !failure_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const { return *failure_; }

 private:
  std::optional<Error> failure_;
};

}  // namespace qyolo

// QYOLO_TRY(auto x, f()): x is f()'s value, or the enclosing function returns f()'s error.
#define QYOLO_CONCAT_(a, b) a##b
#define QYOLO_CONCAT(a, b) QYOLO_CONCAT_(a, b)
#define QYOLO_TRY(declaration, expression) \
  QYOLO_TRY_(QYOLO_CONCAT(qyolo_result_, __LINE__), declaration, expression)
#define QYOLO_TRY_(result, declaration, expression) \
  auto result = (expression);                       \
  if (!result.ok()) return result.error();          \
  declaration = std::move(result).value()

// QYOLO_CHECK_OK(f()): returns f()'s error from the enclosing function, if it failed.
#define QYOLO_CHECK_OK(expression)                                                         \
  do {                                                                                     \
    if (auto qyolo_status = (expression); !qyolo_status.ok()) return qyolo_status.error(); \
  } while (false)
