// The registers of a stopped thread that belong to a system call. The one file that knows the
// architecture.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace nsbench::selftest {

// What seccomp(2) filters see as the architecture; 0 where stopped calls can't be read here.
std::uint32_t seccomp_architecture();

// Of one thread that is stopped at the entry or the exit of a call.
class Registers {
 public:
  // False where the thread is gone (ESRCH: killed while it was stopped).
  bool load(pid_t thread);
  // Writes changes back, if there were any.
  bool store(pid_t thread);

  [[nodiscard]] long number() const;  // at the entry
  [[nodiscard]] std::uint64_t arg(std::size_t index) const;
  void set_arg(std::size_t index, std::uint64_t value);
  // All that a call leaves as they were: where the first one's register is the result's, not it.
  void restore_args(const std::array<std::uint64_t, 6>& args);
  // At the entry: the call is not made and ends with `result`.
  void skip_call(long result);

  [[nodiscard]] long result() const;  // at the exit
  void set_result(long result);

 private:
  std::array<std::uint64_t, 64> words_{};  // as PTRACE_GETREGSET(NT_PRSTATUS) orders them
  std::size_t size_ = 0;
  bool changed_ = false;
  bool skipped_ = false;
};

}  // namespace nsbench::selftest
