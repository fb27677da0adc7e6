// A lie: one thing that a broken kernel would do, told on the way between a case's processes and
// the kernel by a tracer. The suite must notice each one.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/probe.h"

namespace nsbench::selftest {

// One system call of a process of a case, stopped at its entry or at its exit. Processes of the
// arena and all that they fork are traced; the harness and the call that makes the arena are not.
class Call {
 public:
  virtual ~Call() = default;

  [[nodiscard]] virtual long number() const = 0;  // SYS_sethostname, ..
  [[nodiscard]] virtual std::uint64_t arg(int index) const = 0;
  // The side whose process, or whose process's descendant, makes the call.
  [[nodiscard]] virtual Side side() const = 0;
  [[nodiscard]] virtual pid_t pid() const = 0;  // of the thread, as the tracer numbers it

  // At the entry. The process finds its arguments, and its memory where write() changed it, as
  // they were when the call ends; at the exit, arg() is what the process had passed.
  virtual void set_arg(int index, std::uint64_t value) = 0;
  // At the entry: the call is not made, and answers this: a value, or -errno. at_exit is not
  // asked, and what write() changed stays.
  virtual void answer(long result) = 0;

  // At the exit. A failed call's result is -errno.
  [[nodiscard]] virtual long result() const = 0;
  virtual void set_result(long result) = 0;

  // The process's memory. What can't be read is "", what can't be written is false.
  [[nodiscard]] virtual std::string read(std::uint64_t address, std::size_t size) const = 0;
  virtual bool write(std::uint64_t address, std::string_view bytes) = 0;
  [[nodiscard]] virtual std::string text(std::uint64_t address) const = 0;  // up to its NUL
  // What a descriptor is open on, as /proc/PID/fd has it: "/proc/sys/kernel/hostname".
  [[nodiscard]] virtual std::string file_of(std::uint64_t fd) const = 0;

  // What lies remember from call to call, kept for each case apart.
  virtual std::map<std::string, std::string>& memory() = 0;
};

struct Lie {
  std::string_view name;      // "sethostname_without_privilege"
  std::string_view sentence;  // what this kernel does: "sethostname() needs no privilege"
  std::string_view row;       // the property that it breaks: "uts/no_privilege"
  std::string_view cases;     // a regular expression: the cases that may notice (without controls)
  std::span<const long> calls;        // the system calls that are stopped for it
  void (*at_entry)(Call&) = nullptr;  // null: not needed
  void (*at_exit)(Call&) = nullptr;
  bool harness = false;  // told to the harness too, and to the call that makes the arena
};

// Each family's, in lies_FAMILY.cpp; general_lies() are flags that are ignored, and setns and
// unshare without any effect.
std::span<const Lie> general_lies();
std::span<const Lie> pid_lies();
std::span<const Lie> uts_lies();
std::span<const Lie> mnt_lies();
std::span<const Lie> ipc_lies();
std::span<const Lie> user_lies();
std::span<const Lie> net_lies();
std::span<const Lie> cgroup_lies();
std::span<const Lie> time_lies();
std::span<const Lie> nsfs_lies();
std::span<const Lie> calls_lies();
std::span<const Lie> whole_lies();

// All of them, in that order.
std::vector<const Lie*> all_lies();

}  // namespace nsbench::selftest
