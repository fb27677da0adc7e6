// calls: what setns and the ioctls of a pidfd do with another process's namespaces.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

#include "probes/calls/probes.h"
#include "probes/helpers.h"
#include "probes/nsfs/ns_file.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/channel.h"
#include "probes/sandbox/enter.h"

namespace nsbench::probes {

namespace {

constexpr std::chrono::seconds patience{5};
constexpr std::array pidfd_way{Way{Method::Setns, "pidfd"}};

// Where a change by setns shows: pid is for children.
std::string moved_link(Kind kind) {
  return ns_file::link(kind == Kind::Pid ? "pid_for_children" : row(kind).name);
}

void record_moved(Observation& seen, const std::string& when) {
  for (const Kind kind : ns_file::present_kinds().kinds()) {
    seen.text(when + " " + std::string(row(kind).name), moved_link(kind));
  }
}

constexpr NamespaceSet some{Kind::Uts, Kind::Ipc, Kind::Net};

void join(Scene& scene, const std::string& how, const Child& holder, NamespaceSet set) {
  in_child(scene, [&](Observation& seen) {
    seen.call("join " + how, calls::setns(holder.pidfd(), set.flags()));
    record_moved(seen, how);
  });
}

// A process has all kinds of its own. Some are joined by one call, and all by one call.
void join_several(Scene& scene) {
  ns_file::record_kinds(scene.seen);
  const NamespaceSet kinds = ns_file::present_kinds();
  Result<Child> holder = hold_open(kinds, Deadline::in(patience));
  if (!holder) return scene.broken(holder.error().str());
  for (const Kind kind : kinds.kinds()) {
    const std::string name(row(kind).name);
    scene.seen.text("own " + name, ns_file::link(name));
    scene.seen.text("target's " + name, ns_file::name_of(ns_file::open(kind, *holder).get()));
  }
  join(scene, "some", *holder, kinds & some);
  if (!scene.ended()) join(scene, "all", *holder, kinds);
}

constexpr std::array join_acts{Act{Side::Outside, "outside joins", join_several}};

Judgement judge_join(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside joins");
  const NamespaceSet kinds = ns_file::recorded_kinds(seen);
  j.works("/proc/self/ns has files", "at least one", seen.text_of("kinds"), !kinds.empty());
  j.works_errno("setns(pidfd) of some kinds succeeds", seen.errno_of("join some"));
  j.works_errno("setns(pidfd) of all kinds succeeds", seen.errno_of("join all"));
  for (const Kind kind : kinds.kinds()) {
    const std::string name(row(kind).name);
    const std::string own = seen.text_of("own " + name);
    const std::string target = seen.text_of("target's " + name);
    j.works("the two are different: " + name, own + " and another", target,
            own.find(":[") != std::string::npos && own != target);
    j.rule_equal("what was asked for, and no more, is joined: " + name,
                 some.has(kind) ? target : own, seen.text_of("some " + name));
    j.rule_equal("all at once are joined: " + name, target, seen.text_of("all " + name));
  }
  return j;
}

// In a pid namespace below, the outside's own can't be joined; what is asked for beside it could.
void join_with_a_refusal(Scene& scene) {
  constexpr NamespaceSet legal{Kind::Uts, Kind::Ipc};
  Result<Child> holder = hold_open(legal, Deadline::in(patience));
  if (!holder) return scene.broken(holder.error().str());
  const int pidfd = holder->pidfd();
  scene.seen.text("target's uts", ns_file::name_of(ns_file::open(Kind::Uts, *holder).get()));
  scene.seen.text("target's ipc", ns_file::name_of(ns_file::open(Kind::Ipc, *holder).get()));
  in_nested(scene, "below", {Kind::Pid}, [&](Observation& seen) {
    record_moved(seen, "before");
    seen.call("join with pid", calls::setns(pidfd, (legal | NamespaceSet{Kind::Pid}).flags()));
    record_moved(seen, "refused");
    seen.call("join", calls::setns(pidfd, legal.flags()));
    record_moved(seen, "joined");
  });
}

constexpr std::array refused_acts{
    Act{Side::Outside, "outside sends one below", join_with_a_refusal}};

Judgement judge_refused(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside sends one below");
  j.works_errno("a pid namespace below can be entered", seen.errno_of("below enter"));
  j.rule_errno("setns(pidfd) of three kinds, one of which is not to be had, is refused", EINVAL,
               seen.errno_of("below join with pid"));
  j.works_errno("setns(pidfd) of the other two succeeds", seen.errno_of("below join"));
  for (const std::string name : {"uts", "ipc"}) {
    j.rule_equal("a refused call joins none: " + name, seen.text_of("below before " + name),
                 seen.text_of("below refused " + name));
    j.works_equal("the legal one joins: " + name, seen.text_of("target's " + name),
                  seen.text_of("below joined " + name));
  }
  return j;
}

bool has_ended(int pidfd) {
  pollfd end{.fd = pidfd, .events = POLLIN, .revents = 0};
  return ::poll(&end, 1, Deadline::in(patience).poll_ms()) == 1;
}

// A process that is alive, then a zombie, then gone.
void try_each_state(Scene& scene) {
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return scene.broken(ends.error().str());
  Result<Child> child = Child::fork([&ends] {
    ends->first.close();
    return ends->second.receive() ? 0 : 1;
  });
  if (!child) return scene.broken(child.error().str());
  const Fd pidfd(::fcntl(child->pidfd(), F_DUPFD_CLOEXEC, 3));
  const auto join = [&](const std::string& step) {
    in_child(scene, [&](Observation& seen) {
      seen.call(step, calls::setns(pidfd.get(), row(Kind::Uts).flag));
    });
  };
  join("of a live one");
  child->begin_end();
  if (!has_ended(pidfd.get())) return scene.broken("a killed process does not end");
  join("of a zombie");
  child->kill();
  join("of none");
}

constexpr std::array state_acts{Act{Side::Outside, "outside joins", try_each_state}};

Judgement judge_state(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside joins");
  j.works_errno("setns to a live process succeeds", seen.errno_of("of a live one"));
  j.rule_errno("setns to a zombie", ESRCH, seen.errno_of("of a zombie"));
  j.rule_errno("setns to a process that was reaped", ESRCH, seen.errno_of("of none"));
  return j;
}

}  // namespace

constinit const Probe pidfd_join{
    .family = "calls",
    .name = "pidfd_join",
    .sentence = "setns(pidfd) joins all namespaces that are asked for, and no other",
    .source = "setns(2); kernel/nsproxy.c validate_nsset(), commit_nsset()",
    .first_kernel = "5.8",
    .ways = pidfd_way,
    .privileges = all_privileges,
    .acts = join_acts,
    .judge = judge_join,
    .why =
        "Runtimes that run a command in a container join by one call, so that it can't be half "
        "inside.",
    .failure = "A command that was to run in a container runs outside in some respect.",
    .by_hand =
        "unshare --uts --ipc --net --fork sleep 60 &\n"
        "nsenter --target $(pgrep -n sleep) --uts --ipc --net ls -l /proc/self/ns",
    .control = ControlKind::Positive,
};

constinit const Probe pidfd_refused{
    .family = "calls",
    .name = "pidfd_refused",
    .sentence = "setns(pidfd) that is refused for one namespace joins none of the others",
    .source = "setns(2); kernel/nsproxy.c validate_nsset()",
    .first_kernel = "5.8",
    .ways = pidfd_way,
    .privileges = all_privileges,
    .acts = refused_acts,
    .judge = judge_refused,
    .why = "A caller that is told EINVAL goes on as if nothing had happened.",
    .failure = "After a refusal a process is left in a mixture of namespaces.",
    .by_hand =
        "unshare --uts --fork sleep 60 &\n"
        "nsenter --target $(pgrep -n sleep) --user --uts true; echo $?",
    .control = ControlKind::Positive,
    .arena = {Kind::Uts, Kind::Ipc},
};

constinit const Probe pidfd_exited{
    .family = "calls",
    .name = "pidfd_exited",
    .sentence = "setns to a pidfd whose process has ended is ESRCH",
    .source = "setns(2); kernel/nsproxy.c validate_nsset()",
    .first_kernel = "5.8",
    .ways = pidfd_way,
    .privileges = all_privileges,
    .acts = state_acts,
    .judge = judge_state,
    .why = "The promise of a pidfd: it never means another process that got the same number.",
    .failure = "A command is run in the namespaces of a process that nobody named.",
    .by_hand =
        "perl -e '$p = fork or exit; $fd = syscall(434, $p, 0); waitpid $p, 0; "
        "$r = syscall(308, $fd, 0x04000000); print \"$r $!\\n\"'",
    .control = ControlKind::Positive,
    .arena = {Kind::Uts},
};

}  // namespace nsbench::probes
