#include "bench/operation.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "probes/sandbox/calls.h"

namespace nsbench::bench {
namespace {

class AndBack final : public Operation {
 public:
  AndBack(std::unique_ptr<Act> act, NamespaceSet undone) : act_(std::move(act)), undone_(undone) {}

  Status arrange() override { return act_->arrange(); }

  Status begin() override {
    Result<NamespaceFds> own = NamespaceFds::open("/proc/self", undone_);
    if (!own) return own.error();
    own_ = std::move(*own);
    return {};
  }

  Result<double> time_one() override {
    Result<double> ns = act_->run();
    if (!ns) return ns;
    return back(*ns);
  }

  [[nodiscard]] bool repeatable() const override { return act_->repeatable(); }
  Result<double> time_many(std::size_t count) override {
    Result<double> ns = act_->run_many(count);
    if (!ns) return ns;
    return back(*ns);
  }

 private:
  Result<double> back(double ns) {
    if (Status joined = own_.join(); !joined) {
      return Error{joined.error().step + " back", joined.error().err};
    }
    return ns;
  }

  std::unique_ptr<Act> act_;
  NamespaceSet undone_;
  NamespaceFds own_;
};

class InFreshChild final : public Operation {
 public:
  explicit InFreshChild(std::unique_ptr<Act> act) : act_(std::move(act)) {}

  Status arrange() override {
    Result<SharedMemory<Answer>> memory = SharedMemory<Answer>::make();
    if (!memory) return memory.error();
    answer_ = std::move(*memory);
    return act_->arrange();
  }

  Result<double> time_one() override {
    answer_->ns = -1;
    answer_->error.clear();
    const pid_t pid = calls::clone(0, nullptr);
    if (pid < 0) return Error::last("fork");
    if (pid == 0) answer_and_exit();
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (answer_->error.is_set()) return answer_->error.get();
    if (answer_->ns < 0) return Error{"the process of one call died"};
    return answer_->ns;
  }

 private:
  struct Answer {
    double ns = -1;
    SharedError error;
  };

  [[noreturn]] void answer_and_exit() {
    act_->rehearse();
    const Result<double> ns = act_->run();
    if (ns) {
      answer_->ns = *ns;
    } else {
      answer_->error.set(ns.error());
    }
    ::_exit(0);
  }

  std::unique_ptr<Act> act_;
  SharedMemory<Answer> answer_;
};

}  // namespace

Result<double> Operation::time_many(std::size_t /*count*/) {
  return Error{"this call can't be repeated"};
}

Result<double> Act::run_many(std::size_t /*count*/) { return Error{"this call can't be repeated"}; }

std::unique_ptr<Operation> and_back(std::unique_ptr<Act> act, NamespaceSet undone) {
  return std::make_unique<AndBack>(std::move(act), undone);
}

std::unique_ptr<Operation> in_fresh_child(std::unique_ptr<Act> act) {
  return std::make_unique<InFreshChild>(std::move(act));
}

std::unique_ptr<Operation> repeated(std::unique_ptr<Act> act, NamespaceSet entered) {
  return entered.has(Kind::User) ? in_fresh_child(std::move(act))
                                 : and_back(std::move(act), entered);
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

std::unique_ptr<Operation> make_operation(const BenchCase& bench_case, const Stopwatch& stopwatch) {
  if (bench_case.workload->family == "create") return make_create(bench_case, stopwatch);
  if (bench_case.workload->family == "join") return make_join(bench_case, stopwatch);
  return nullptr;
}

}  // namespace nsbench::bench
