// pid: with its first process, PID 1, the whole namespace dies.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

#include "probes/helpers.h"
#include "probes/pid/probes.h"
#include "probes/pid/processes.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/channel.h"
#include "probes/sandbox/deadline.h"
#include "probes/sandbox/enter.h"
#include "probes/sandbox/fd.h"

namespace nsbench::probes {

namespace {

constexpr std::chrono::seconds patience{3};

// A socket to each of the processes that must not survive PID 1.
struct Wire {
  Wire() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return;
    ours = Fd(ends[0]);
    theirs = Fd(ends[1]);
    constexpr timeval limit{2, 0};
    ::setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  Fd ours;
  Fd theirs;
};
struct Wires {
  Wire child, orphan, nested;
};

// Lives on without its parent, and hands out a pidfd of itself.
int live(Wire& wire) {
  ::prctl(PR_SET_PDEATHSIG, 0);
  const Fd self(calls::pidfd_open(::getpid()));
  if (!send_fd(wire.theirs.get(), self.get())) return 1;
  for (;;) ::pause();
}

// Ends when its child is ready to live on.
int leave_orphan(Wire& wire) {
  Result<std::pair<Channel, Channel>> told = Channel::pair();
  if (!told) return 1;
  Result<Child> orphan = Child::fork([&] {
    ::prctl(PR_SET_PDEATHSIG, 0);
    return told->second.send("ready") ? live(wire) : 1;
  });
  if (!orphan || !told->first.receive(Deadline::in(patience))) return 1;
  orphan->disown();
  return 0;
}

// The first process: has a child, a grandchild without a parent and, where namespaces are made, a
// child in a namespace below.
int rule_over(const Recipe& recipe, Wires& wires) {
  Result<Child> child = Child::fork([&] { return live(wires.child); });
  Result<Child> parent = Child::fork([&] { return leave_orphan(wires.orphan); });
  if (parent) static_cast<void>(parent->wait());
  Result<Child> nested = Child::start("clone", calls::clone, recipe.namespaces.flags(),
                                      [&] { return live(wires.nested); });
  for (;;) ::pause();
}

bool has_ended(const Fd& pidfd) {
  pollfd end{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  return ::poll(&end, 1, 0) == 1;
}

// Makes this process's next children members of the namespace, where its own unshare has not.
bool aim_children_at(const Recipe& recipe, const Child& first) {
  if (recipe.namespaces.empty() || recipe.method == Method::Unshare) return true;
  const Result<std::string> dir = proc_dir(first);
  if (!dir) return false;
  const Fd file(::open((*dir + "/ns/pid").c_str(), O_RDONLY | O_CLOEXEC));
  return calls::setns(file.get(), recipe.namespaces.flags()) == 0;
}

void kill_first(Observation& seen, const Recipe& recipe) {
  Wires wires;
  Result<Child> first = make_first(seen, recipe, [&] { return rule_over(recipe, wires); });
  if (!first) return;
  const Fd child = receive_fd(wires.child.ours.get());
  const Fd orphan = receive_fd(wires.orphan.ours.get());
  const Fd nested = receive_fd(wires.nested.ours.get());
  const bool all = child.valid() && orphan.valid() && nested.valid();
  seen.number("members", all && aim_children_at(recipe, *first) ? 3 : 0);
  ::kill(first->pid(), SIGKILL);
  const Result<ExitStatus> ended = first->wait(Deadline::in(patience));
  seen.text("PID 1", ended ? ended->str() : ended.error().str());
  seen.text("child", has_ended(child) ? "ended" : "lives");
  seen.text("orphan", has_ended(orphan) ? "ended" : "lives");
  seen.text("nested", has_ended(nested) ? "ended" : "lives");
  const Result<Child> late = Child::fork([] { return 0; });
  seen.result("fork", late ? 0 : late.error().err);
}

constexpr std::array acts{
    Act{Side::Inside, "inside makes and kills a PID 1",
        [](Scene& s) { in_child(s, [&s](Observation& seen) { kill_first(seen, s.recipe()); }); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside makes and kills a PID 1");
  j.works_errno("a first process can be made", seen.errno_of("make the first process"));
  j.works_equal("it has a child, an orphan and a nested namespace to rule over", "3",
                std::to_string(seen.number_of("members")));
  j.works_equal("an ancestor can kill it", "killed by SIGKILL", seen.text_of("PID 1"));
  j.isolated_equal("its child ends with it", "ended", seen.text_of("child"));
  j.isolated_equal("an orphan of the namespace ends with it", "ended", seen.text_of("orphan"));
  j.isolated_equal("a namespace below ends with it", "ended", seen.text_of("nested"));
  j.isolated_errno("no process can be made in the dead namespace", ENOMEM, seen.errno_of("fork"));
  return j;
}

}  // namespace

constinit const Probe init_death{
    .family = "pid",
    .name = "init_death",
    .sentence =
        "the death of PID 1 ends every process of the namespace and of those below, and "
        "no new one can be made there",
    .source =
        "pid_namespaces(7) \"The namespace init process\"; kernel/pid_namespace.c "
        "zap_pid_ns_processes(), kernel/pid.c alloc_pid()",
    .first_kernel = "3.8",
    .namespaces = {Kind::Pid},
    .ways = making_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "Container managers end a container by killing its PID 1 and count on nothing being "
        "left: no daemon that changed its session, no container within the container.",
    .failure =
        "A process inside outlives its container, unseen by whoever ended that, and keeps "
        "its mounts, memory and network.",
    .by_hand =
        "unshare --pid --fork --kill-child sh -c 'setsid sleep 4711 & sleep 1000' & "
        "sleep 1\n"
        "kill -KILL $(pgrep -P $!); sleep 1\n"
        "pgrep -f 'sleep 4711' || echo nothing is left\n"
        "unshare --pid sh -c '/bin/true; /bin/true'   # Cannot allocate memory",
};

}  // namespace nsbench::probes
