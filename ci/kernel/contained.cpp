#include "ci/kernel/contained.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "probes/sandbox/child.h"

namespace nsbench::kernel {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds starting{10'000};

// In the child that becomes the program.
int become_contained(const ContainedSpec& spec) {
  ::setsid();
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(spec.output, STDOUT_FILENO);
  ::dup2(spec.output, STDERR_FILENO);
  for (const int fd : spec.inherited) ::fcntl(fd, F_SETFD, 0);
  return become(spec.argv);
}

// Where it can't be mounted the program writes into the host's, as it would without us.
void mount_private_directory() {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return;
  static_cast<void>(
      ::mount("tmpfs", Contained::private_directory(), "tmpfs", 0, "mode=1777,size=100%"));
}

// The first process of the pid namespace. The program is not: the kernel keeps the signals that end
// a program, abort() among them, from the first process.
int live(const ContainedSpec& spec, bool alone) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_IGN);
  if (alone) mount_private_directory();
  Result<Child> program = Child::fork([&spec] { return become_contained(spec); });
  if (!program) return exit_not_found;
  const Result<ExitStatus> ended = program->wait();
  if (!ended) return exit_not_found;
  return ended->signal != 0 ? base_of_signals + ended->signal : ended->code;
}

Result<Member> enter_own(const ContainedSpec& spec, const NamespaceSet& own) {
  const Recipe recipe{.namespaces = own, .method = Method::Clone};
  const bool alone = !own.empty();
  return enter(
      recipe, [&spec, alone] { return live(spec, alone); }, Deadline::in(starting));
}

}  // namespace

Result<Contained> Contained::start(const ContainedSpec& spec) {
  NamespaceSet own{Kind::Pid, Kind::Mnt};
  Result<Member> member = enter_own(spec, own);
  if (!member) member = enter_own(spec, NamespaceSet{Kind::User, Kind::Pid, Kind::Mnt});
  if (!member) member = enter_own(spec, NamespaceSet{});
  if (!member) return member.error();
  Contained contained;
  contained.member_ = std::move(*member);
  return contained;
}

bool Contained::wait(Deadline deadline) {
  if (finished_) return true;
  const Result<ExitStatus> ended = member_.wait(deadline);
  if (!ended) return false;
  finished_ = true;
  ExitStatus status = *ended;
  if (status.signal == 0 && status.code > base_of_signals) {
    status = {.code = 0, .signal = status.code - base_of_signals};
  }
  fate_ = (status.signal != 0 ? "was " : "") + status.str();
  return true;
}

void Contained::kill() {
  if (finished_) return;
  member_.end();
  finished_ = true;
  fate_ = "was killed";
}

}  // namespace nsbench::kernel
