#include "probes/sandbox/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "probes/sandbox/calls.h"

namespace nsbench {

namespace {

constexpr int exit_software = 70;  // EX_SOFTWARE of sysexits.h

[[noreturn]] void run_and_exit(const Child::Body& body, Fd parent) {
  stay_tied_to_parent();
  // The parent may have died before the line above. getppid() can't tell (it is 0 in a new pid
  // namespace); a pidfd of the parent can.
  pollfd gone{.fd = parent.get(), .events = POLLIN, .revents = 0};
  if (::poll(&gone, 1, 0) > 0) ::_exit(exit_software);
  parent.reset();
  int status = exit_software;
  try {
    status = body();
  } catch (...) {
    status = exit_software;
  }
  ::_exit(status);
}

}  // namespace

std::string ExitStatus::str() const {
  if (signal == 0) return fmt::format("exited with {}", code);
  const char* name = sigabbrev_np(signal);
  return name != nullptr ? fmt::format("killed by SIG{}", name)
                         : fmt::format("killed by signal {}", signal);
}

void stay_tied_to_parent() { ::prctl(PR_SET_PDEATHSIG, SIGKILL); }

Result<Child> Child::start(std::string step, Call call, std::uint64_t flags, const Body& body) {
  Fd self(calls::pidfd_open(::getpid()));
  if (!self.valid()) return Error::last("pidfd_open(self)");
  int pidfd = -1;
  const pid_t pid = call(flags | CLONE_PIDFD, &pidfd);
  if (pid < 0) return Error::last(std::move(step));
  if (pid == 0) run_and_exit(body, std::move(self));
  Child child;
  child.pid_ = pid;
  child.pidfd_ = Fd(pidfd);
  return child;
}

Result<Child> Child::fork(const Body& body) { return start("fork", calls::clone, 0, body); }

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    kill();
    pid_ = std::exchange(other.pid_, -1);
    pidfd_ = std::move(other.pidfd_);
  }
  return *this;
}

Child::~Child() { kill(); }

void Child::begin_end() const {
  if (running()) ::kill(pid_, SIGKILL);  // not yet reaped, so the number is still ours
}

bool Child::ended() {
  if (!running()) return true;
  const Result<std::optional<ExitStatus>> ended = reap(WNOHANG);
  return !ended || ended->has_value();
}

ExitStatus Child::kill() {
  if (!running()) return {};
  begin_end();
  // A process that hangs in the kernel can't be killed: it is left, so that the caller can say so.
  constexpr auto killing_time = std::chrono::seconds(5);
  const Result<ExitStatus> ended = wait(Deadline::in(killing_time));
  if (!ended) disown();
  return ended ? *ended : ExitStatus{};
}

Result<ExitStatus> Child::wait(Deadline deadline) {
  if (!running()) return Error{"wait for a child that was reaped", ECHILD};
  pollfd end{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
  for (;;) {
    const Result<std::optional<ExitStatus>> ended = reap(WNOHANG);
    if (!ended) return ended.error();
    if (*ended) return **ended;
    if (deadline.passed()) return Error{"wait for child", ETIMEDOUT};
    if (::poll(&end, 1, deadline.poll_ms()) < 0 && errno != EINTR) {
      return Error::last("poll(pidfd)");
    }
  }
}

Result<ExitStatus> Child::wait() {
  if (!running()) return Error{"wait for a child that was reaped", ECHILD};
  const Result<std::optional<ExitStatus>> ended = reap(0);
  if (!ended) return ended.error();
  return ended->value_or(ExitStatus{});
}

// With WNOHANG, nothing while it runs. An Error if its status is lost: the kernel itself reaps the
// children of a process that ignores SIGCHLD, as one started by a careless parent may.
Result<std::optional<ExitStatus>> Child::reap(int options) {
  int status = 0;
  pid_t got = 0;
  do {
    got = ::waitpid(pid_, &status, options);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return std::optional<ExitStatus>{};
  const Error lost = Error::last("waitpid(child)");
  pid_ = -1;
  pidfd_.reset();
  if (got < 0) return lost;
  if (WIFSIGNALED(status)) {
    return std::optional(ExitStatus{.code = 0, .signal = WTERMSIG(status)});
  }
  return std::optional(ExitStatus{.code = WEXITSTATUS(status), .signal = 0});
}

int become(const std::vector<std::string>& argv) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_DFL);
  std::vector<char*> words;
  words.reserve(argv.size() + 1);
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words.front(), words.data());
  fmt::print(stderr, "nsbench: {}\n", Error::last(fmt::format("exec({})", argv.front())).str());
  return exit_not_found;
}

}  // namespace nsbench
