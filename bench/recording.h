// Memory that a measuring process and its parent share, since the one that times a call has to end
// for the next call to be like the first.
#pragma once

#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "bench/timing.h"
#include "reports/result.h"

namespace nsbench::bench {

// One T in an anonymous shared mapping, made before the processes that share it are forked. A fork
// does not copy it, so its size does not slow the timed clone down.
template <class T>
class SharedMemory {
 public:
  static Result<SharedMemory> make() {
    void* const place = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (place == MAP_FAILED) return Error::last("mmap(MAP_SHARED)");
    SharedMemory memory;
    memory.value_ = new (place) T();
    return memory;
  }

  SharedMemory() = default;
  SharedMemory(SharedMemory&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  SharedMemory& operator=(SharedMemory&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory() {
    if (value_ != nullptr) ::munmap(value_, sizeof(T));
  }

  T& operator*() const { return *value_; }
  T* operator->() const { return value_; }

 private:
  T* value_ = nullptr;
};

// An Error in a fixed place.
class SharedError {
 public:
  void set(const Error& error) { set(error.step, error.err); }
  // Without the C++ library.
  void set(const Timing& failed) { set(failed.step(), failed.err()); }
  void clear() { is_set_ = false; }
  [[nodiscard]] bool is_set() const { return is_set_; }
  [[nodiscard]] Error get() const { return {step(), err_}; }
  [[nodiscard]] const char* step() const { return step_.data(); }
  [[nodiscard]] int err() const { return err_; }

 private:
  void set(std::string_view step, int err) {
    err_ = err;
    copy_text(step, step_);
    is_set_ = true;
  }

  bool is_set_ = false;
  int err_ = 0;
  std::array<char, 160> step_{};
};

// What the process that made one batch's calls leaves behind.
struct Recording {
  static constexpr std::size_t max_timings = 16384;

  bool complete = false;                 // the process came to its end
  SharedError not_begun;                 // what kept it from making the first call
  SharedError call_failed;               // the timed call, or what undoes it, that ended the batch
  std::size_t timings = 0;               // how many of `ns` there are
  std::size_t calls_per_timing = 0;      // 0: not chosen yet; outlives clear()
  double seconds = 0;                    // wall time of all calls, with what undoes them
  double cpu_ns = 0;                     // CPU time of the process over the same, per call
  std::array<double, max_timings> ns{};  // per call

  void clear() {
    complete = false;
    not_begun.clear();
    call_failed.clear();
    timings = 0;
    seconds = 0;
    cpu_ns = 0;
  }
};

}  // namespace nsbench::bench
