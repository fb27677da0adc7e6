// What a timed call comes to.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "reports/result.h"

namespace nsbench::bench {

// As much of `text` as there is room for, and an end to it.
template <std::size_t size>
void copy_text(std::string_view text, std::array<char, size>& to) {
  const std::size_t length = std::min(text.size(), size - 1);
  std::memcpy(to.data(), text.data(), length);
  to[length] = '\0';
}

// Nanoseconds, or why there are none. Unlike a Result it is made, passed on and dropped without the
// C++ library, which a process that makes calls may have unmapped (bench/footprint.h).
class [[nodiscard]] Timing {
 public:
  Timing(double ns) : ns_(ns) {}  // NOLINT(google-explicit-constructor)
  // Keeps what is said for this process's next Error, too: it makes one call at a time.
  Timing(const Error& error) : step_(kept(error.step)), err_(error.err) {}  // NOLINT
  // The system call `step`, which outlives this, has failed just now; reads errno.
  static Timing failed(const char* step) { return failed(step, errno); }
  static Timing failed(const char* step, int err) {
    Timing timing(0);
    timing.step_ = step;
    timing.err_ = err;
    return timing;
  }

  [[nodiscard]] bool ok() const { return step_ == nullptr; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] double operator*() const { return ns_; }
  // Only if not ok().
  [[nodiscard]] const char* step() const { return step_; }
  [[nodiscard]] int err() const { return err_; }
  [[nodiscard]] Error error() const { return {step_, err_}; }

 private:
  static const char* kept(std::string_view step) {
    static std::array<char, 160> text;
    copy_text(step, text);
    return text.data();
  }

  double ns_ = 0;
  const char* step_ = nullptr;
  int err_ = 0;
};

}  // namespace nsbench::bench
