// A value, or the error that stood in its way: the one way in which nsbench's functions fail.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace nsbench {

// The name of an errno value ("EPERM"), or "errno N" for one the C library has no name for.
std::string errno_name(int err);
// The value of an errno name; 0 if the C library has no such name.
int errno_value(std::string_view name);

// What failed: the step with the arguments that matter, and the errno it failed with (0: not a
// system call's failure; `step` then is the whole sentence).
struct Error {
  std::string step;
  int err = 0;

  // "unshare(CLONE_NEWNET): EPERM"
  [[nodiscard]] std::string str() const;
  // The Error of the system call that failed just now; reads errno.
  static Error last(std::string step);
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }
  T& operator*() & { return std::get<T>(state_); }
  const T& operator*() const& { return std::get<T>(state_); }
  T&& operator*() && { return std::get<T>(std::move(state_)); }
  T* operator->() { return &std::get<T>(state_); }
  const T* operator->() const { return &std::get<T>(state_); }
  [[nodiscard]] const Error& error() const { return std::get<Error>(state_); }

 private:
  std::variant<T, Error> state_;
};

// A Result without a value.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : failed_(true), error_(std::move(error)) {}  // NOLINT

  [[nodiscard]] bool ok() const { return !failed_; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  bool failed_ = false;
  Error error_;
};

using Status = Result<void>;

}  // namespace nsbench
