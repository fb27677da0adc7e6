// One benchmarked operation, as the process that makes a batch of its calls sees it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/footprint.h"
#include "bench/recording.h"
#include "bench/stopwatch.h"
#include "bench/timing.h"
#include "bench/workload.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/namespace_set.h"
#include "reports/result.h"

namespace nsbench::bench {

class Operation {
 public:
  Operation() = default;
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  virtual ~Operation() = default;

  // In the worker, once, before the first batch: what outlives batches.
  virtual Status arrange() { return {}; }
  // In the fresh process of a batch, before its first call.
  virtual Status begin() { return {}; }
  // Makes and times one call, then undoes it, untimed. Nanoseconds; an Error if the call or its
  // undoing failed.
  virtual Timing time_one() = 0;
  // Whether calls can follow each other with nothing undone in between, and each is still the same
  // call: not where a call also drops what the one before has made.
  [[nodiscard]] virtual bool repeatable() const { return false; }
  // Only if repeatable(): makes `count` calls within one timing, then undoes them, untimed.
  // Nanoseconds per call.
  virtual Timing time_many(std::size_t count);
  // What the calls and their errors need; all else is unmapped before the first one.
  [[nodiscard]] virtual Libraries libraries() const { return Libraries::Fmt; }
  // After the last call of the batch, in the same process: for processes that would outlive it.
  virtual void end() {}
};

// A timed call that can't be repeated in one process before something is undone.
class Act {
 public:
  Act() = default;
  Act(const Act&) = delete;
  Act& operator=(const Act&) = delete;
  virtual ~Act() = default;

  virtual Status arrange() { return {}; }
  // Goes through run()'s code with a call that changes nothing. A forked process finds no page of
  // code mapped (fork copies no page tables of files) and its stack to be copied on the first
  // write: without this the first call would pay for both.
  virtual void rehearse() = 0;
  virtual Timing run() = 0;
  // As of Operation.
  [[nodiscard]] virtual Libraries libraries() const { return Libraries::Fmt; }
  [[nodiscard]] virtual bool repeatable() const { return false; }
  virtual Timing run_many(std::size_t count);
};

// Descriptors of namespaces, in the order in which they are to be joined.
class NamespaceFds {
 public:
  // Those of the process with this directory in /proc ("/proc/self").
  static Result<NamespaceFds> open(const std::string& proc_dir, NamespaceSet set);
  // One that can't be joined: EBADF.
  static NamespaceFds none();
  // The first one's descriptor, -1 if there is none.
  [[nodiscard]] int first() const { return targets_.empty() ? -1 : targets_.front().fd.get(); }
  // One more, to be joined last.
  void add(Kind kind, Fd fd) {
    targets_.push_back(
        {.fd = std::move(fd), .flag = row(kind).flag, .flag_name = row(kind).flag_name});
  }
  // setns into each.
  [[nodiscard]] Status join() const;
  // The same with nothing but the calls. False: errno says why the last one failed.
  [[nodiscard]] bool join_each() const {
    for (const Target& target : targets_) {
      if (calls::setns(target.fd.get(), target.flag) != 0) return false;
    }
    return true;
  }

 private:
  struct Target {
    Fd fd;
    std::uint64_t flag = 0;
    std::string_view flag_name;
  };
  std::vector<Target> targets_;
};

// Where a batch's process is when it makes its calls, and where it is again after each: the
// namespaces of the kinds that the calls change. Those are the arena's own, but for mnt: that one
// has a known number of mounts.
class Home {
 public:
  // `changed`: what a call makes or enters; `mounts`: beside the root.
  explicit Home(NamespaceSet changed, std::size_t mounts = 0)
      : changed_(changed), mounts_(mounts) {}
  // In the worker, once.
  Status arrange();
  // In the process of a batch. Without a /proc from then on, if mnt is changed.
  Status enter();
  [[nodiscard]] Status join() const { return fds_.join(); }
  [[nodiscard]] bool join_each() const { return fds_.join_each(); }
  [[nodiscard]] NamespaceSet changed() const { return changed_; }

 private:
  NamespaceSet changed_;
  std::size_t mounts_;
  Fd small_mounts_;
  NamespaceFds fds_;
};

// An operation whose calls begin and end at home, and change the kinds in `set`.
class FromHome : public Operation {
 public:
  // `method` makes the namespaces. unshare's baseline, which makes none, goes home to the uts
  // namespace that the process is in already.
  FromHome(Method method, NamespaceSet set, const Stopwatch& stopwatch);
  Status arrange() override { return home_.arrange(); }
  Status begin() override { return home_.enter(); }

 protected:
  std::uint64_t flags_;
  std::string step_;  // "unshare(CLONE_NEWUTS)"
  Stopwatch stopwatch_;
  Home home_;
};

// Runs `act` in the batch's process, and goes home again after each call.
std::unique_ptr<Operation> and_back(std::unique_ptr<Act> act, Home home);
// Runs each call of `act` in a process of its own: for user namespaces, which can't be left again,
// and which nest no deeper than 32.
std::unique_ptr<Operation> in_fresh_child(std::unique_ptr<Act> act, Home home);
// and_back() where there is a way back, else in_fresh_child().
std::unique_ptr<Operation> repeated(std::unique_ptr<Act> act, NamespaceSet entered,
                                    std::size_t mounts = 0);

// Into a network namespace of its own, for what a batch's process makes and goes with it.
Status new_network();

// The operation of a case, by its row.
std::unique_ptr<Operation> make_operation(const BenchCase& bench_case, const Stopwatch& stopwatch);

}  // namespace nsbench::bench
