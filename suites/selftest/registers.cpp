#include "suites/selftest/registers.h"

#include <elf.h>
#include <linux/audit.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

namespace nsbench::selftest {

namespace {

#if defined(__x86_64__) && !defined(__ILP32__)
// Places in user_regs_struct of <sys/user.h>, in words.
constexpr std::uint32_t architecture = AUDIT_ARCH_X86_64;
constexpr std::array<std::size_t, 6> arg_words{14, 13, 12, 7, 9, 8};  // rdi rsi rdx r10 r8 r9
constexpr std::size_t number_word = 15;                               // orig_rax
constexpr std::size_t result_word = 10;                               // rax
constexpr bool number_is_a_word = true;
#elif defined(__aarch64__)
// x0 to x5 are the arguments, x8 the number, x0 the result. Another number is written apart.
constexpr std::uint32_t architecture = AUDIT_ARCH_AARCH64;
constexpr std::array<std::size_t, 6> arg_words{0, 1, 2, 3, 4, 5};
constexpr std::size_t number_word = 8;
constexpr std::size_t result_word = 0;
constexpr bool number_is_a_word = false;
#else
constexpr std::uint32_t architecture = 0;
constexpr std::array<std::size_t, 6> arg_words{};
constexpr std::size_t number_word = 0;
constexpr std::size_t result_word = 0;
constexpr bool number_is_a_word = true;
#endif

constexpr int no_call = -1;  // the number that makes the kernel skip the call (seccomp(2))

void* regset(unsigned type) { return reinterpret_cast<void*>(static_cast<std::uintptr_t>(type)); }

}  // namespace

std::uint32_t seccomp_architecture() { return architecture; }

bool Registers::load(pid_t thread) {
  iovec place{.iov_base = words_.data(), .iov_len = sizeof words_};
  changed_ = false;
  skipped_ = false;
  if (::ptrace(PTRACE_GETREGSET, thread, regset(NT_PRSTATUS), &place) != 0) return false;
  size_ = place.iov_len;
  return true;
}

bool Registers::store(pid_t thread) {
  if (!changed_) return true;
  iovec place{.iov_base = words_.data(), .iov_len = size_};
  if (::ptrace(PTRACE_SETREGSET, thread, regset(NT_PRSTATUS), &place) != 0) return false;
  if (skipped_ && !number_is_a_word) {
    constexpr unsigned nt_arm_system_call = 0x404;
    int number = no_call;
    iovec call{.iov_base = &number, .iov_len = sizeof number};
    if (::ptrace(PTRACE_SETREGSET, thread, regset(nt_arm_system_call), &call) != 0) return false;
  }
  changed_ = false;
  return true;
}

long Registers::number() const { return static_cast<long>(words_.at(number_word)); }

std::uint64_t Registers::arg(std::size_t index) const { return words_.at(arg_words.at(index)); }

void Registers::set_arg(std::size_t index, std::uint64_t value) {
  std::uint64_t& word = words_.at(arg_words.at(index));
  changed_ = changed_ || word != value;
  word = value;
}

void Registers::restore_args(const std::array<std::uint64_t, 6>& args) {
  for (std::size_t i = arg_words.front() == result_word ? 1 : 0; i < args.size(); ++i) {
    set_arg(i, args.at(i));
  }
}

void Registers::skip_call(long result) {
  if (number_is_a_word) words_.at(number_word) = static_cast<std::uint64_t>(no_call);
  words_.at(result_word) = static_cast<std::uint64_t>(result);
  skipped_ = true;
  changed_ = true;
}

long Registers::result() const { return static_cast<long>(words_.at(result_word)); }

void Registers::set_result(long result) {
  words_.at(result_word) = static_cast<std::uint64_t>(result);
  changed_ = true;
}

}  // namespace nsbench::selftest
