// The raw system calls behind the door, thin enough to be timed. They answer as the kernel's manual
// says: -1 and errno on failure. No other file makes these calls.
#pragma once

#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>

namespace nsbench::calls {

// clone(2) without CLONE_VM: returns twice, like fork. `flags` must not hold an exit signal; it is
// SIGCHLD. The child runs on a copy of the caller's memory, so it may allocate if the caller was
// single-threaded. With CLONE_PIDFD in `flags`, `*pidfd` receives the child's pidfd.
inline pid_t clone(std::uint64_t flags, int* pidfd) {
  // stack and the thread pointers are unused; their order differs between architectures.
  return static_cast<pid_t>(
      ::syscall(SYS_clone, flags | SIGCHLD, nullptr, pidfd, nullptr, nullptr));
}

// clone3(2), the same way. Since 5.3.
inline pid_t clone3(std::uint64_t flags, int* pidfd) {
  clone_args args{};
  args.flags = flags;
  args.pidfd = reinterpret_cast<std::uintptr_t>(pidfd);
  args.exit_signal = SIGCHLD;
  return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
}

// clone(2) as the C library wraps it: the child runs `body` on a stack of its own, which may be a
// thread of this process (CLONE_THREAD). Its exit signal is part of `flags`.
inline pid_t clone_on_stack(int (*body)(void*), void* stack_top, int flags) {
  return ::clone(body, stack_top, flags, nullptr);
}

// clone3 with the numbers that the child is to have, from its own pid namespace outwards.
// Since 5.5.
inline pid_t clone3_with_pids(std::uint64_t flags, const pid_t* pids, std::size_t count) {
  clone_args args{};
  args.flags = flags;
  args.exit_signal = SIGCHLD;
  args.set_tid = reinterpret_cast<std::uintptr_t>(pids);
  args.set_tid_size = count;
  return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
}

// The same with arguments of the caller's own making. Where it makes a child after all, that ends
// at once, with a copy of the caller's memory untouched: `args` must not ask for CLONE_VM.
inline pid_t clone3_raw(const void* args, std::size_t size) {
  const pid_t pid = static_cast<pid_t>(::syscall(SYS_clone3, args, size));
  if (pid == 0) ::_exit(0);
  return pid;
}

// clone3 as vfork does it (CLONE_VM|CLONE_VFORK): the child has the caller's memory and `stack` (of
// `size` bytes) for its own, ends at once with status 0, and the caller runs on when it has let go
// of the memory. The child touches nothing, its stack neither. ENOSYS on architectures other than
// x86-64 and arm64.
inline pid_t clone3_vfork(std::uint64_t flags, void* stack, std::size_t size) {
  clone_args args{};
  args.flags = flags | CLONE_VM | CLONE_VFORK;
  args.exit_signal = SIGCHLD;
  args.stack = reinterpret_cast<std::uintptr_t>(stack);
  args.stack_size = size;
#if defined(__x86_64__)
  long result = SYS_clone3;
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%edi, %%edi\n\t"
      "mov %[exit], %%eax\n\t"
      "syscall\n\t"
      "hlt\n"
      "1:"
      : "+a"(result)
      : "D"(&args), "S"(sizeof args), [exit] "i"(SYS_exit_group)
      : "rcx", "r11", "cc", "memory");
#elif defined(__aarch64__)
  register long result asm("x0") = reinterpret_cast<long>(&args);
  register long second asm("x1") = sizeof args;
  register long number asm("x8") = SYS_clone3;
  asm volatile(
      "svc #0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x8, %[exit]\n\t"
      "svc #0\n\t"
      "brk #0\n"
      "1:"
      : "+r"(result)
      : "r"(second), "r"(number), [exit] "i"(SYS_exit_group)
      : "cc", "memory");
#else
  const long result = -ENOSYS;
#endif
  if (result >= 0) return static_cast<pid_t>(result);
  errno = static_cast<int>(-result);
  return -1;
}

inline int unshare(std::uint64_t flags) { return static_cast<int>(::syscall(SYS_unshare, flags)); }

// `fd` is a namespace descriptor (flags: its kind or 0) or a pidfd (flags: any set; since 5.8).
inline int setns(int fd, std::uint64_t flags) {
  return static_cast<int>(::syscall(SYS_setns, fd, flags));
}

// Since 5.3.
inline int pidfd_open(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

inline int pidfd_send_signal(int pidfd, int signal) {
  return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0));
}

// A fork that skips the C library's handlers, as clone above does; with a pidfd.
inline pid_t fork(int* pidfd) { return clone(CLONE_PIDFD, pidfd); }

}  // namespace nsbench::calls
