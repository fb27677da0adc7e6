#include "bench/power/load.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include "probes/sandbox/calls.h"
#include "probes/sandbox/namespace_set.h"

namespace nsbench::power {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

[[noreturn]] void compute_in_bursts() {
  std::mt19937_64 random{std::random_device{}()};
  std::uniform_int_distribution<int> length(20, 400);
  for (;;) {
    const Clock::time_point end = Clock::now() + milliseconds(length(random));
    while (Clock::now() < end) {
    }
    std::this_thread::sleep_for(milliseconds(length(random)));
  }
}

[[noreturn]] void fork_all_the_time() {
  for (;;) {
    Result<Child> child = Child::fork([] { return 0; });
    if (child) static_cast<void>(child->wait().ok());
    if (!child) std::this_thread::sleep_for(milliseconds(10));
  }
}

[[noreturn]] void copy_memory() {
  constexpr std::size_t bytes = std::size_t{32} << 20U;  // beyond any CPU's cache
  std::vector<std::uint8_t> from(bytes, 1);
  std::vector<std::uint8_t> to(bytes, 2);
  for (;;) {
    std::copy(from.begin(), from.end(), to.begin());
    asm volatile("" : : "r"(to.data()) : "memory");
    std::swap(from, to);
  }
}

// PID 1 of the namespace: when it ends, the kernel ends the others (pid_namespaces(7)).
[[noreturn]] void hold(int sets) {
  std::vector<Child> load;
  for (int i = 0; i < sets; ++i) {
    for (void (*const kind)() : {compute_in_bursts, fork_all_the_time, copy_memory}) {
      Result<Child> child = Child::fork([kind]() -> int {
        kind();
        return 0;
      });
      if (!child) ::_exit(1);
      load.push_back(std::move(*child));
    }
  }
  for (;;) ::pause();
}

}  // namespace

Result<Child> start_load(int sets) {
  return Child::start("clone(CLONE_NEWPID)", calls::clone, row(Kind::Pid).flag,
                      [sets]() -> int { hold(sets); });
}

}  // namespace nsbench::power
