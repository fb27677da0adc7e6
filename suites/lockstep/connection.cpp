#include "suites/lockstep/connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <sstream>
#include <thread>
#include <utility>

#include "probes/sandbox/channel.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"

namespace nsbench::lockstep {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds killing_time{5000};

struct Pipe {
  Fd read;
  Fd write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Error::last("pipe2");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// In the child that becomes the command, in a process group of its own.
int become_leader(const std::vector<std::string>& argv) {
  ::setpgid(0, 0);
  return become(argv);
}

// Sends SIGKILL to every child of this process; false if it has none that is known.
bool kill_children() {
  const Result<std::string> text = read_small_file("/proc/thread-self/children");
  std::istringstream pids(text ? *text : "");
  bool any = false;
  for (pid_t pid = 0; pids >> pid; any = true) ::kill(pid, SIGKILL);
  return any;
}

// Ends what is left of the command: its process group, and as the subreaper of its descendants
// (PR_SET_CHILD_SUBREAPER(2const)) one generation after the other as they become orphans.
void end_all(pid_t group) {
  constexpr milliseconds between_looks{2};
  ::kill(-group, SIGKILL);
  const Deadline deadline = Deadline::in(killing_time);
  while (!deadline.passed()) {
    kill_children();
    const pid_t reaped = ::waitpid(-1, nullptr, WNOHANG);
    if (reaped < 0 && errno == ECHILD) return;
    if (reaped == 0) std::this_thread::sleep_for(between_looks);
  }
}

// Waits until the command ends or nobody wants it; then for its end, at most `grace`.
Result<ExitStatus> watch(Child& command, const Channel& lifeline, milliseconds grace) {
  std::array<pollfd, 2> waits{pollfd{.fd = lifeline.fd(), .events = POLLIN, .revents = 0},
                              pollfd{.fd = command.pidfd(), .events = POLLIN, .revents = 0}};
  while (::poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) {
  }
  return command.wait(Deadline::in(waits[1].revents != 0 ? killing_time : grace));
}

// The guardian's life. The command gets its standard input and output.
int guard(const std::vector<std::string>& argv, Channel& lifeline, milliseconds grace) {
  // It ends when its maker does, but not at once.
  ::prctl(PR_SET_PDEATHSIG, 0);
  ::setsid();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_IGN);
  Result<Child> command = Child::fork([&] { return become_leader(argv); });
  const Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ::dup2(nothing.get(), STDIN_FILENO);
  ::dup2(nothing.get(), STDOUT_FILENO);
  if (!command) {
    static_cast<void>(lifeline.send(command.error().str()).ok());
    return 1;
  }
  const pid_t group = command->pid();
  const Result<ExitStatus> ended = watch(*command, lifeline, grace);
  const ExitStatus status = ended ? *ended : command->kill();
  static_cast<void>(lifeline.send(status.str()).ok());
  end_all(group);
  return 0;
}

class CommandConnection final : public Connection {
 public:
  CommandConnection(Fd from, Fd to, Channel lifeline, Child guardian, milliseconds grace)
      : from_(std::move(from)),
        to_(std::move(to)),
        lifeline_(std::move(lifeline)),
        guardian_(std::move(guardian)),
        grace_(grace) {}
  CommandConnection(const CommandConnection&) = delete;
  CommandConnection& operator=(const CommandConnection&) = delete;
  ~CommandConnection() override {
    close();
    constexpr milliseconds hardly{200};
    // If it does not end in time it hangs in the kernel, or is killed with what it holds.
    const milliseconds patience = let_go_ ? hardly : grace_ + 2 * killing_time;
    if (!guardian_.wait(Deadline::in(patience)) && let_go_) guardian_.disown();
  }

  [[nodiscard]] int from_worker() const override { return from_.get(); }
  [[nodiscard]] int to_worker() const override { return to_.get(); }
  std::string fate() override {
    to_.reset();
    const Result<std::string> said = lifeline_.receive(Deadline::in(grace_));
    return said ? *said : "still running";
  }
  void let_go() override {
    let_go_ = true;
    close();
  }

 private:
  void close() {
    to_.reset();
    from_.reset();
    lifeline_.close();
  }

  Fd from_, to_;
  Channel lifeline_;
  Child guardian_;
  milliseconds grace_;
  bool let_go_ = false;
};

}  // namespace

Result<std::unique_ptr<Connection>> connect_to_command(const std::vector<std::string>& argv,
                                                       milliseconds grace) {
  if (argv.empty()) return Error{"a worker's command has no words"};
  Result<Pipe> to = make_pipe();
  if (!to) return to.error();
  Result<Pipe> from = make_pipe();
  if (!from) return from.error();
  Result<std::pair<Channel, Channel>> lifeline = Channel::pair();
  if (!lifeline) return lifeline.error();
  Result<Child> guardian = Child::fork([&] {
    if (::dup2(to->read.get(), STDIN_FILENO) < 0 || ::dup2(from->write.get(), STDOUT_FILENO) < 0) {
      return 1;
    }
    // Other workers' pipes among them.
    close_all_but(lifeline->second.fd());
    return guard(argv, lifeline->second, grace);
  });
  if (!guardian) return guardian.error();
  lifeline->second.close();
  return std::unique_ptr<Connection>(
      std::make_unique<CommandConnection>(std::move(from->read), std::move(to->write),
                                          std::move(lifeline->first), std::move(*guardian), grace));
}

Status run_command(const std::vector<std::string>& argv, Deadline deadline) {
  if (argv.empty()) return Error{"a command has no words"};
  Result<Child> child = Child::fork([&] {
    const Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ::dup2(nothing.get(), STDIN_FILENO);
    ::dup2(STDERR_FILENO, STDOUT_FILENO);
    return become_leader(argv);
  });
  if (!child) return child.error();
  const Result<ExitStatus> ended = child->wait(deadline);
  if (!ended) return Error{fmt::format("{} takes too long", argv.front())};
  if (ended->signal == 0 && ended->code == 0) return {};
  return Error{fmt::format("{} {}", argv.front(), ended->str())};
}

}  // namespace nsbench::lockstep
