// pid: who becomes the parent of an orphan.
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
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

// Waits until the parent has ended, and tells who the parent is then.
int outlive_parent(pid_t parent, const Fd& parent_pidfd, Channel& report) {
  if (!report.send("ready")) return 1;
  pollfd end{.fd = parent_pidfd.get(), .events = POLLIN, .revents = 0};
  ::poll(&end, 1, 3000);
  const pid_t now = ::getppid();
  return report.send(now == parent ? "the same" : std::to_string(now)) ? 0 : 1;
}

// A process that has one child, and ends: that one is an orphan then. True if it was made.
bool make_orphan(Channel& report) {
  Result<Child> parent = Child::fork([&report] {
    const pid_t self = ::getpid();
    const Fd pidfd(calls::pidfd_open(self));
    Result<std::pair<Channel, Channel>> told = Channel::pair();
    if (!told) return 1;
    Result<Child> orphan = Child::fork([&] {
      ::prctl(PR_SET_PDEATHSIG, 0);
      if (!told->second.send("made")) return 1;
      return outlive_parent(self, pidfd, report);
    });
    if (!orphan || !told->first.receive(Deadline::in(patience))) return 1;
    orphan->disown();
    return 0;
  });
  if (!parent) return false;
  const Result<ExitStatus> ended = parent->wait();
  return ended && ended->code == 0;
}

// How many children this process reaps until it has none left.
int reap_all() {
  int reaped = 0;
  while (::waitpid(-1, nullptr, 0) > 0) ++reaped;
  return reaped;
}

// The next child to end; 0 if none does in time. SIGCHLD is held back.
pid_t reap_one() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  constexpr timespec two_seconds{2, 0};
  for (;;) {
    const pid_t one = ::waitpid(-1, nullptr, WNOHANG);
    if (one != 0 || sigtimedwait(&set, nullptr, &two_seconds) < 0) return one;
  }
}

// Inside: makes an orphan, hears who its parent is, and reaps what is its own to reap.
int father_orphan(Channel& outside) {
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends || !make_orphan(ends->second)) return 1;
  const Result<std::string> ready = ends->first.receive(Deadline::in(patience));
  const Result<std::string> parent = ends->first.receive(Deadline::in(patience));
  if (!ready || !parent || !outside.send(*parent)) return 1;
  return outside.send(std::to_string(reap_all())) ? 0 : 1;
}

std::string heard(Channel& channel) {
  const Result<std::string> text = channel.receive(Deadline::in(patience));
  return text ? *text : text.error().str();
}

// The caller is a subreaper, and must not get the orphan.
void watch_orphan(Observation& seen, const Recipe& recipe) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return;
  Result<Child> first = make_first(seen, recipe, [&] {
    ends->first.close();
    return father_orphan(ends->second);
  });
  if (!first) return;
  ends->second.close();
  seen.text("orphan's parent", heard(ends->first));
  seen.text("reaped inside", heard(ends->first));
  // The first process itself is the only child.
  first->disown();
  seen.number("reaped outside", reap_all());
}

// A subreaper within the namespace, below PID 1, does get it.
void watch_inner_orphan(Observation& seen) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends || !make_orphan(ends->second)) return;
  static_cast<void>(ends->first.receive(Deadline::in(patience)));
  const bool caught = heard(ends->first) == std::to_string(::getpid());
  seen.text("orphan's parent inside", caught ? "the subreaper" : "somebody else");
}

constexpr std::array acts{
    Act{Side::Inside, "inside watches an orphan below",
        [](Scene& s) { in_child(s, [&s](Observation& seen) { watch_orphan(seen, s.recipe()); }); }},
    Act{Side::Inside, "inside has a subreaper", [](Scene& s) { in_child(s, watch_inner_orphan); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside watches an orphan below");
  j.works_errno("a first process can be made", seen.errno_of("make the first process"));
  j.rule_equal("a subreaper catches the orphans of its own namespace", "the subreaper",
               t.at("inside has a subreaper").text_of("orphan's parent inside"));
  j.isolated_equal("an orphan's new parent is PID 1 of its namespace", "1",
                   seen.text_of("orphan's parent"));
  j.isolated_equal("PID 1 reaps it", "1", seen.text_of("reaped inside"));
  j.isolated_equal("a subreaper outside gets PID 1 alone", "1",
                   std::to_string(seen.number_of("reaped outside")));
  return j;
}

namespace joined {

// A process that joins the namespace, has a child there, and ends.
int join_and_leave(const Recipe& recipe, const Child& first, Channel& report) {
  const pid_t self = ::getpid();
  const Fd pidfd(calls::pidfd_open(self));
  if (!recipe.namespaces.empty() && calls::setns(first.pidfd(), recipe.namespaces.flags()) != 0) {
    return 1;
  }
  Result<std::pair<Channel, Channel>> told = Channel::pair();
  if (!told) return 1;
  Result<Child> member = Child::fork([&] {
    ::prctl(PR_SET_PDEATHSIG, 0);
    if (!told->second.send("made")) return 1;
    return outlive_parent(self, pidfd, report);
  });
  if (!member || !told->first.receive(Deadline::in(patience))) return 1;
  member->disown();
  return 0;
}

void watch(Observation& seen, const Recipe& recipe) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  hold_back(SIGCHLD);
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  Result<Child> first = hold_open(recipe.namespaces, Deadline::in(patience));
  seen.result("make the first process", first ? 0 : first.error().err);
  if (!ends || !first) return;
  Result<Child> joiner = Child::fork([&] { return join_and_leave(recipe, *first, ends->second); });
  ends->second.close();
  const Result<ExitStatus> left = joiner ? joiner->wait() : joiner.error();
  seen.text("joiner", left ? left->str() : left.error().str());
  static_cast<void>(heard(ends->first));
  seen.text("orphan's parent", heard(ends->first));
  const pid_t reaped = reap_one();
  seen.number("reaped outside", reaped > 0 && reaped != first->pid() ? 1 : 0);
}

constexpr std::array ways{Way{Method::Setns, "pidfd"}};
constexpr std::array acts{
    Act{Side::Inside, "inside watches a joiner's orphan",
        [](Scene& s) { in_child(s, [&s](Observation& seen) { watch(seen, s.recipe()); }); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside watches a joiner's orphan");
  j.works_errno("a namespace to join can be made", seen.errno_of("make the first process"));
  j.works_equal("a process can join it and have a child there", "exited with 0",
                seen.text_of("joiner"));
  j.isolated_equal("its parent stays invisible to an orphan whose parent had joined", "0",
                   seen.text_of("orphan's parent"));
  j.rule_equal("such an orphan goes to the subreaper of its parent, outside", "1",
               std::to_string(seen.number_of("reaped outside")));
  return j;
}

}  // namespace joined

}  // namespace

constinit const Probe orphans{
    .family = "pid",
    .name = "orphans",
    .sentence = "an orphan goes to PID 1 of its namespace, and to no subreaper outside",
    .source =
        "pid_namespaces(7) \"The namespace init process\", PR_SET_CHILD_SUBREAPER(2const); "
        "kernel/exit.c find_new_reaper()",
    .first_kernel = "4.11",
    .namespaces = {Kind::Pid},
    .ways = making_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "Whoever ends a container waits for its PID 1 alone. Its daemons, whose parents have "
        "ended, must be that process's to reap, not a systemd's or a shim's of the host.",
    .failure =
        "Processes of a container pile up as children of a manager outside, which does not "
        "know them, and outlive what their PID 1 knows of.",
    .by_hand =
        "unshare --pid --fork --mount-proc sh -c\\\n"
        "  '(sleep 5 &); sleep 0.1; ps -eo pid,ppid,args'   # the sleep's parent is 1",
};

constinit const Probe orphans_of_joiner{
    .family = "pid",
    .name = "orphans_of_joiner",
    .sentence = "the child of a process that joined by setns goes to a reaper of its parent's",
    .source =
        "pid_namespaces(7) \"Adoption of orphaned children\"; kernel/exit.c "
        "find_new_reaper()",
    .first_kernel = "4.11",
    .namespaces = {Kind::Pid},
    .ways = joined::ways,
    .privileges = all_privileges,
    .acts = joined::acts,
    .judge = joined::judge,
    .why =
        "docker exec and nsenter leave such children when they are killed. The PID 1 inside "
        "did not start them, and their parent was outside: so is who reaps them.",
    .failure =
        "A child of a process outside turns up as a child of PID 1 inside, or sees the "
        "number of a parent that it must not see.",
    .by_hand =
        "unshare --pid --fork --kill-child sleep 1000 & maker=$!; sleep 1\n"
        "nsenter --pid=/proc/$(pgrep -P $maker)/ns/pid sleep 5 & sleep 1\n"
        "kill -KILL $!; sleep 1\n"
        "ps -eo pid,ppid,args | grep 'sleep [5]'   # its parent is not the PID 1 inside\n"
        "pgrep -P $maker; kill $maker   # which is this one",
};

}  // namespace nsbench::probes
