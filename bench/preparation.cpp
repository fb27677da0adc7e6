#include "bench/preparation.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "probes/sandbox/calls.h"
#include "probes/sandbox/child.h"

namespace nsbench::bench {
namespace {

constexpr int exit_software = 70;  // EX_SOFTWARE of sysexits.h

Status call(const std::function<Status()>& step) { return step ? step() : Status{}; }

class Prepared final : public Operation {
 public:
  Prepared(std::unique_ptr<Operation> operation, Preparation preparation)
      : operation_(std::move(operation)), preparation_(std::move(preparation)) {}

  Status arrange() override {
    Status done = call(preparation_.arrange);
    return done ? operation_->arrange() : done;
  }
  Status begin() override {
    Status done = call(preparation_.before);
    if (done) done = operation_->begin();
    return done ? call(preparation_.after) : done;
  }
  Timing time_one() override { return operation_->time_one(); }
  [[nodiscard]] Libraries libraries() const override { return operation_->libraries(); }
  void end() override { operation_->end(); }

 private:
  std::unique_ptr<Operation> operation_;
  Preparation preparation_;
};

[[noreturn]] void end_as(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : exit_software);
}

}  // namespace

std::unique_ptr<Operation> prepared(std::unique_ptr<Operation> operation, Preparation preparation) {
  return std::make_unique<Prepared>(std::move(operation), std::move(preparation));
}

Status continue_in_child(std::uint64_t flags) {
  const pid_t child = calls::clone3(flags, nullptr);
  if (child < 0) return Error::last("clone3(one level deeper)");
  if (child > 0) end_as(child);
  stay_tied_to_parent();
  return {};
}

}  // namespace nsbench::bench
