// The family `create`: what making namespaces costs, by clone, clone3 and unshare.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "bench/footprint.h"
#include "bench/operation.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/child.h"

namespace nsbench::bench {
namespace {

// Timed in the parent, around a fork-like call: what it costs to have a child inside. The child
// waits until the time is taken, so its own end and the namespaces' teardown are outside.
class CreateByClone final : public Operation {
 public:
  CreateByClone(Method method, NamespaceSet set, const Stopwatch& stopwatch)
      : call_(method == Method::Clone ? calls::clone : calls::clone3),
        flags_(set.flags()),
        step_(fmt::format("{}({})", id(method), set.flag_names())),
        stopwatch_(stopwatch) {}

  Status begin() override {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Error::last("pipe2");
    released_ = Fd(ends[0]);
    release_ = Fd(ends[1]);
    leave_heap_out_of_children();
    return {};
  }

  Result<double> time_one() override {
    // The child has no heap, so neither `this`.
    const int released = released_.get();
    const Ticks started = stopwatch_.start();
    const pid_t pid = call_(flags_, nullptr);
    if (pid == 0) wait_and_exit(released);
    const Ticks stopped = stopwatch_.stop();
    if (pid < 0) return Error::last(step_);
    if (::write(release_.get(), "", 1) != 1) return Error::last("write(pipe)");
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return stopwatch_.ns(started, stopped);
  }

 private:
  [[noreturn]] static void wait_and_exit(int released) {
    stay_tied_to_parent();
    char byte = 0;
    while (::read(released, &byte, 1) < 0 && errno == EINTR) {
    }
    ::_exit(0);
  }

  Child::Call call_;
  std::uint64_t flags_;
  std::string step_;
  Stopwatch stopwatch_;
  Fd released_, release_;
};

class Unshare final : public Act {
 public:
  Unshare(NamespaceSet set, const Stopwatch& stopwatch)
      : flags_(set.flags()),
        step_(fmt::format("unshare({})", set.flag_names())),
        stopwatch_(stopwatch) {}

  void rehearse() override { static_cast<void>(time_call(0)); }
  Result<double> run() override { return time_call(flags_); }

  // A second unshare would drop what the first has made.
  [[nodiscard]] bool repeatable() const override { return flags_ == 0; }
  Result<double> run_many(std::size_t count) override {
    int result = 0;
    const Ticks started = stopwatch_.start();
    for (std::size_t i = 0; i < count; ++i) result |= calls::unshare(flags_);
    const Ticks stopped = stopwatch_.stop();
    if (result != 0) return Error::last(step_);
    return stopwatch_.ns(started, stopped) / static_cast<double>(count);
  }

 private:
  Result<double> time_call(std::uint64_t flags) {
    const Ticks started = stopwatch_.start();
    const int result = calls::unshare(flags);
    const Ticks stopped = stopwatch_.stop();
    if (result != 0) return Error::last(step_);
    return stopwatch_.ns(started, stopped);
  }

  std::uint64_t flags_;
  std::string step_;
  Stopwatch stopwatch_;
};

}  // namespace

std::unique_ptr<Operation> make_create(const BenchCase& bench_case, const Stopwatch& stopwatch) {
  const NamespaceSet set = bench_case.workload->namespaces;
  if (bench_case.way.method == Method::Unshare) {
    return repeated(std::make_unique<Unshare>(set, stopwatch), set);
  }
  return std::make_unique<CreateByClone>(bench_case.way.method, set, stopwatch);
}

}  // namespace nsbench::bench
