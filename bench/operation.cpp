#include "bench/operation.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "bench/held.h"
#include "bench/small_root.h"
#include "probes/sandbox/calls.h"

namespace nsbench::bench {
namespace {

class AndBack final : public Operation {
 public:
  AndBack(std::unique_ptr<Act> act, Home home)
      : act_(std::move(act)),
        home_(std::move(home)),
        back_(fmt::format("setns(fd, {}) back", home_.changed().flag_names())) {}

  Status arrange() override {
    Status ready = home_.arrange();
    return ready ? act_->arrange() : ready;
  }
  Status begin() override { return home_.enter(); }

  Timing time_one() override {
    const Timing ns = act_->run();
    return ns ? back(*ns) : ns;
  }

  [[nodiscard]] Libraries libraries() const override { return act_->libraries(); }
  [[nodiscard]] bool repeatable() const override { return act_->repeatable(); }
  Timing time_many(std::size_t count) override {
    const Timing ns = act_->run_many(count);
    return ns ? back(*ns) : ns;
  }

 private:
  Timing back(double ns) { return home_.join_each() ? Timing(ns) : Timing::failed(back_.c_str()); }

  std::unique_ptr<Act> act_;
  Home home_;
  std::string back_;
};

class InFreshChild final : public Operation {
 public:
  InFreshChild(std::unique_ptr<Act> act, Home home)
      : act_(std::move(act)), home_(std::move(home)) {}

  Status arrange() override {
    Status ready = home_.arrange();
    return ready ? act_->arrange() : ready;
  }

  // In the batch's process: in the worker it would be one more mapping for every fork to copy.
  Status begin() override {
    Result<SharedMemory<Answer>> memory = SharedMemory<Answer>::make();
    if (!memory) return memory.error();
    answer_ = std::move(*memory);
    return home_.enter();
  }

  Timing time_one() override {
    answer_->ns = -1;
    answer_->error.clear();
    const pid_t pid = calls::clone(0, nullptr);
    if (pid < 0) return Timing::failed("fork");
    if (pid == 0) answer_and_exit();
    reap(pid);
    if (answer_->error.is_set()) {
      return Timing::failed(answer_->error.step(), answer_->error.err());
    }
    if (answer_->ns < 0) return Timing::failed("the process of one call died", 0);
    return answer_->ns;
  }

  [[nodiscard]] Libraries libraries() const override { return act_->libraries(); }

 private:
  struct Answer {
    double ns = -1;
    SharedError error;
  };

  [[noreturn]] void answer_and_exit() {
    act_->rehearse();
    const Timing ns = act_->run();
    if (ns) {
      answer_->ns = *ns;
    } else {
      answer_->error.set(ns);
    }
    ::_exit(0);
  }

  std::unique_ptr<Act> act_;
  Home home_;
  SharedMemory<Answer> answer_;
};

}  // namespace

Timing Operation::time_many(std::size_t /*count*/) {
  return Timing::failed("this call can't be repeated", 0);
}

Timing Act::run_many(std::size_t /*count*/) {
  return Timing::failed("this call can't be repeated", 0);
}

FromHome::FromHome(Method method, NamespaceSet set, const Stopwatch& stopwatch)
    : flags_(set.flags()),
      step_(fmt::format("{}({})", id(method), set.flag_names())),
      stopwatch_(stopwatch),
      home_(set.empty() && method == Method::Unshare ? NamespaceSet{Kind::Uts} : set) {}

std::unique_ptr<Operation> and_back(std::unique_ptr<Act> act, Home home) {
  return std::make_unique<AndBack>(std::move(act), std::move(home));
}

std::unique_ptr<Operation> in_fresh_child(std::unique_ptr<Act> act, Home home) {
  return std::make_unique<InFreshChild>(std::move(act), std::move(home));
}

std::unique_ptr<Operation> repeated(std::unique_ptr<Act> act, NamespaceSet entered,
                                    std::size_t mounts) {
  Home home(entered, mounts);
  return entered.has(Kind::User) ? in_fresh_child(std::move(act), std::move(home))
                                 : and_back(std::move(act), std::move(home));
}

Status Home::arrange() {
  if (!changed_.has(Kind::Mnt)) return {};
  Result<Fd> mounts = small_mount_namespace(mounts_);
  if (!mounts) return mounts.error();
  small_mounts_ = std::move(*mounts);
  return {};
}

Status Home::enter() {
  const NamespaceSet mnt{Kind::Mnt};
  Result<NamespaceFds> own =
      NamespaceFds::open("/proc/self", changed_ - NamespaceSet{Kind::Mnt, Kind::User});
  if (!own) return own.error();
  fds_ = std::move(*own);
  if (!changed_.has(Kind::Mnt)) return {};
  if (calls::setns(small_mounts_.get(), mnt.flags()) != 0) {
    return Error::last("setns(fd, CLONE_NEWNS)");
  }
  Fd again(::fcntl(small_mounts_.get(), F_DUPFD_CLOEXEC, 3));
  if (!again.valid()) return Error::last("fcntl(F_DUPFD_CLOEXEC)");
  fds_.add(Kind::Mnt, std::move(again));
  return {};
}

Result<NamespaceFds> NamespaceFds::open(const std::string& proc_dir, NamespaceSet set) {
  NamespaceFds opened;
  for (const Kind kind : set.kinds()) {
    const std::string path = fmt::format("{}/ns/{}", proc_dir, row(kind).name);
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return Error::last(fmt::format("open(/proc/PID/ns/{})", row(kind).name));
    opened.targets_.push_back(
        {.fd = std::move(fd), .flag = row(kind).flag, .flag_name = row(kind).flag_name});
  }
  return opened;
}

NamespaceFds NamespaceFds::none() {
  NamespaceFds fds;
  fds.targets_.push_back({.fd = Fd(), .flag = row(Kind::Uts).flag, .flag_name = {}});
  return fds;
}

Status NamespaceFds::join() const {
  for (const Target& target : targets_) {
    if (calls::setns(target.fd.get(), target.flag) != 0) {
      return Error::last(fmt::format("setns(fd, {})", target.flag_name));
    }
  }
  return {};
}

Status new_network() {
  if (calls::unshare(row(Kind::Net).flag) != 0) return Error::last("unshare(CLONE_NEWNET)");
  return {};
}

std::unique_ptr<Operation> make_operation(const BenchCase& bench_case, const Stopwatch& stopwatch) {
  return bench_case.workload->make(bench_case, stopwatch);
}

}  // namespace nsbench::bench
