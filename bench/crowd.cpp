#include "bench/crowd.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <climits>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <utility>
#include <vector>

#include "bench/recording.h"
#include "probes/sandbox/child.h"

namespace nsbench::bench {
namespace {

using Number = std::atomic<std::uint32_t>;
static_assert(Number::is_always_lock_free);

// Shared between processes, which std::atomic's own wait() is not made for.
void wait_while(const Number& number, std::uint32_t value) {
  const timespec soon{.tv_sec = 1, .tv_nsec = 0};
  while (number.load(std::memory_order_acquire) == value) {
    ::syscall(SYS_futex, &number, FUTEX_WAIT, value, &soon, nullptr, 0);
  }
}

void wake_all(const Number& number) {
  ::syscall(SYS_futex, &number, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

// What a round of one worker has brought.
struct Take {
  SharedError error;
  std::array<double, most_calls_in_a_row> ns{};
};

struct Square {
  Number round{0};  // raised to begin the next
  Number busy{0};   // workers that are not done with it
  std::array<Take, most_workers> takes{};
};

// All CPUs that the process may be tied to, whatever it is tied to now.
std::vector<int> usable_cpus() {
  cpu_set_t now;
  cpu_set_t all;
  std::memset(&all, 0xff, sizeof all);
  if (::sched_getaffinity(0, sizeof now, &now) != 0) return {};
  std::vector<int> cpus;
  if (::sched_setaffinity(0, sizeof all, &all) == 0) {
    ::sched_getaffinity(0, sizeof all, &all);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &all)) cpus.push_back(cpu);
    }
  }
  ::sched_setaffinity(0, sizeof now, &now);
  // The batch's own comes first.
  const auto own =
      std::find_if(cpus.begin(), cpus.end(), [&now](int cpu) { return CPU_ISSET(cpu, &now); });
  if (own != cpus.end()) std::rotate(cpus.begin(), own, cpus.end());
  return cpus;
}

void tie_to(int cpu) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  ::sched_setaffinity(0, sizeof one, &one);
}

class Crowd final : public Operation {
 public:
  Crowd(std::unique_ptr<Operation> operation, std::size_t workers, std::size_t in_a_row)
      : operation_(std::move(operation)),
        workers_(std::min(workers, most_workers)),
        in_a_row_(std::min(in_a_row, most_calls_in_a_row)) {}

  Status arrange() override {
    Result<SharedMemory<Square>> memory = SharedMemory<Square>::make();
    if (!memory) return memory.error();
    square_ = std::move(*memory);
    return operation_->arrange();
  }

  // The others are made first: what begin() may do to the heap would leave them without one.
  Status begin() override {
    square_->round = 0;
    square_->busy = static_cast<std::uint32_t>(workers_ - 1);
    next_ = workers_ * in_a_row_;
    const std::vector<int> cpus = usable_cpus();
    for (Take& take : square_->takes) take.error.clear();
    for (std::size_t k = 1; k < workers_; ++k) {
      const int cpu = cpus.empty() ? -1 : cpus[k % cpus.size()];
      Result<Child> child = Child::fork([this, k, cpu] { return work(k, cpu); });
      if (!child) return child.error();
      others_.push_back(std::move(*child));
    }
    Status begun = operation_->begin();
    if (!begun) return begun;
    wait_for_others();
    return first_error();
  }

  Timing time_one() override {
    if (next_ == workers_ * in_a_row_) {
      run_round();
      if (Status all = first_error(); !all) return all.error();
      next_ = 0;
    }
    const std::size_t i = next_++;
    return square_->takes.at(i % workers_).ns.at(i / workers_);
  }

  void end() override {
    for (Child& other : others_) other.begin_end();
    others_.clear();
    operation_->end();
  }

 private:
  // Of the k-th worker, until it is killed with the batch's process.
  int work(std::size_t k, int cpu) {
    if (cpu >= 0) tie_to(cpu);
    if (Status begun = operation_->begin(); !begun) square_->takes.at(k).error.set(begun.error());
    for (std::uint32_t round = 0;; ++round) {
      if (square_->busy.fetch_sub(1, std::memory_order_acq_rel) == 1) wake_all(square_->busy);
      wait_while(square_->round, round);
      make_calls(square_->takes.at(k));
    }
  }

  void make_calls(Take& take) {
    for (std::size_t i = 0; i < in_a_row_ && !take.error.is_set(); ++i) {
      const Timing ns = operation_->time_one();
      if (ns) {
        take.ns.at(i) = *ns;
      } else {
        take.error.set(ns);
      }
    }
  }

  void run_round() {
    square_->busy.store(static_cast<std::uint32_t>(workers_ - 1), std::memory_order_release);
    square_->round.fetch_add(1, std::memory_order_acq_rel);
    wake_all(square_->round);
    make_calls(square_->takes.front());
    wait_for_others();
  }

  void wait_for_others() {
    for (std::uint32_t busy = square_->busy; busy != 0; busy = square_->busy) {
      wait_while(square_->busy, busy);
    }
  }

  [[nodiscard]] Status first_error() const {
    for (std::size_t k = 0; k < workers_; ++k) {
      const SharedError& error = square_->takes.at(k).error;
      if (error.is_set()) return error.get();
    }
    return {};
  }

  std::unique_ptr<Operation> operation_;
  std::size_t workers_;
  std::size_t in_a_row_;
  SharedMemory<Square> square_;
  std::vector<Child> others_;
  std::size_t next_ = 0;  // time of the last round that has not been told yet
};

}  // namespace

std::unique_ptr<Operation> in_a_crowd(std::unique_ptr<Operation> operation, std::size_t workers,
                                      std::size_t in_a_row) {
  return std::make_unique<Crowd>(std::move(operation), workers, in_a_row);
}

}  // namespace nsbench::bench
