// The family `open`: what it costs to get a descriptor of a namespace.
#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <string>

#include "bench/families.h"
#include "bench/held.h"
#include "bench/operation.h"
#include "probes/sandbox/enter.h"

namespace nsbench::bench {
namespace {

class OpenNamespace final : public Operation {
 public:
  OpenNamespace(NamespaceSet set, const Stopwatch& stopwatch) : set_(set), stopwatch_(stopwatch) {}

  Status arrange() override {
    Result<Child> holder = hold_open(set_, Deadline::in(patience_to_arrange));
    if (!holder) return holder.error();
    const Result<std::string> dir = proc_dir(*holder);
    if (!dir) return dir.error();
    // For the baseline another file of the same directory, which is no namespace's.
    path_ = *dir + (set_.empty() ? "/comm" : fmt::format("/ns/{}", row(set_.kinds().front()).name));
    step_ = fmt::format("open({})", path_);
    holder_ = std::move(*holder);
    return {};
  }

  Timing time_one() override {
    const Ticks started = stopwatch_.start();
    const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    const Ticks stopped = stopwatch_.stop();
    if (fd < 0) return Timing::failed(step_.c_str());
    ::close(fd);
    return stopwatch_.ns(started, stopped);
  }

 private:
  NamespaceSet set_;
  Stopwatch stopwatch_;
  Child holder_;
  std::string path_;
  std::string step_;
};

std::unique_ptr<Operation> make_open(const BenchCase& bench_case, const Stopwatch& stopwatch) {
  return std::make_unique<OpenNamespace>(bench_case.workload->namespaces, stopwatch);
}

constexpr std::string_view one =
    "open of /proc/PID/ns/KIND of a waiting process, which setns by descriptor needs first; not "
    "the close. No other descriptor of that namespace is open";
constexpr std::string_view baseline =
    "open of /proc/PID/comm, an ordinary file beside the namespaces': the baseline";

constexpr Workload open_one(std::string_view name, NamespaceSet set, std::string_view sentence,
                            std::string_view cost) {
  return {.family = "open",
          .name = name,
          .namespaces = set,
          .ways = setns_only,
          .make = make_open,
          .sentence = sentence,
          .dominated_by = cost,
          .by_hand = "strace -T -e trace=openat sh -c ': < /proc/1/ns/{name}'",
          .source = "namespaces(7), proc_pid_ns(5)",
          .leaves_dropped = false};
}

constexpr std::string_view cost =
    "the walk of the path: proc_pid_lookup(), pid_revalidate(); then proc_ns_get_link(), "
    "ptrace_may_access() (fs/proc/namespaces.c), and ns_get_path() (fs/nsfs.c), which makes a "
    "dentry and an inode where none are kept";
constexpr std::string_view baseline_cost =
    "the walk of the path: proc_pid_lookup(), pid_revalidate() (fs/proc/base.c)";

constexpr std::array rows{
    open_one("none", {}, baseline, baseline_cost), open_one("user", {Kind::User}, one, cost),
    open_one("pid", {Kind::Pid}, one, cost),       open_one("uts", {Kind::Uts}, one, cost),
    open_one("ipc", {Kind::Ipc}, one, cost),       open_one("net", {Kind::Net}, one, cost),
    open_one("cgroup", {Kind::Cgroup}, one, cost), open_one("time", {Kind::Time}, one, cost),
    open_one("mnt", {Kind::Mnt}, one, cost),
};

}  // namespace

std::span<const Workload> open_workloads() { return rows; }

}  // namespace nsbench::bench
