// pid: the sender of a signal, and the child of a wait, as the receiver's namespace numbers them.
#include <fmt/format.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>

#include "probes/helpers.h"
#include "probes/pid/probes.h"
#include "probes/pid/processes.h"

namespace nsbench::probes {

namespace {

constexpr pid_t forged_pid = 4242;

// A signal with data, which says of itself that somebody else sent it (rt_sigqueueinfo(2)).
long queue_forged(pid_t target) {
  siginfo_t info{};
  info.si_signo = harmless;
  info.si_code = SI_QUEUE;
  info.si_pid = forged_pid;
  return ::syscall(SYS_rt_sigqueueinfo, target, harmless, &info);
}

void hear_descendant(Scene& scene) {
  const pid_t self = ::getpid();
  Result<Child> child = Child::fork([self] { return ::kill(self, harmless) == 0 ? 0 : 1; });
  if (!child) return scene.broken(child.error().str());
  scene.seen.number("child", child->pid());
  if (!child->wait()) return scene.broken("the child could not be waited for");
  take(scene.seen, "its", harmless);
}

constexpr std::array acts{
    Act{Side::Inside, "inside holds signals back", [](Scene&) { hold_back(harmless); }},
    Act{Side::Outside, "outside sends",
        [](Scene& s) { s.seen.call("kill", ::kill(s.inside_pid(), harmless)); }},
    Act{Side::Inside, "inside takes it", [](Scene& s) { take(s.seen, "the", harmless); }},
    Act{Side::Outside, "outside forges",
        [](Scene& s) { s.seen.call("rt_sigqueueinfo", queue_forged(s.inside_pid())); }},
    Act{Side::Inside, "inside takes the forged", [](Scene& s) { take(s.seen, "the", harmless); }},
    Act{Side::Inside, "inside hears a child", hear_descendant},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const auto number = [&t](std::string_view act, std::string_view fact) {
    return std::to_string(t.at(act).number_of(fact));
  };
  j.works_errno("a signal can be sent in from outside", t.at("outside sends").errno_of("kill"));
  j.works_equal("it arrives", "1", number("inside takes it", "the arrived"));
  j.isolated_equal("si_pid of a signal from outside is 0", "0",
                   number("inside takes it", "the si_pid"));
  j.works_errno("a signal with data can be sent in",
                t.at("outside forges").errno_of("rt_sigqueueinfo"));
  j.isolated_equal("a si_pid that its sender outside made up is 0 too", "0",
                   number("inside takes the forged", "the si_pid"));
  const Observation& own = t.at("inside hears a child");
  j.rule("si_pid of a signal from inside is the sender's number there",
         std::to_string(own.number_of("child")), std::to_string(own.number_of("its si_pid")),
         own.number_of("child") > 0 && own.number_of("child") == own.number_of("its si_pid"));
  return j;
}

namespace waiting {

// Waits for a first process, whose status is its own number, by all means there are.
void wait_for_first(Observation& seen, const Recipe& recipe) {
  hold_back(SIGCHLD);
  const Result<Child> first = make_first(seen, recipe, [] { return ::getpid() & 0xff; });
  if (!first) return;
  seen.number("clone", first->pid());
  siginfo_t info{};
  seen.call("waitid", ::waitid(P_PID, static_cast<id_t>(first->pid()), &info, WEXITED | WNOWAIT));
  seen.number("waitid's", info.si_pid);
  seen.number("own", info.si_code == CLD_EXITED ? info.si_status : -1);
  take(seen, "SIGCHLD's", SIGCHLD);
  siginfo_t any{};
  ::waitid(P_ALL, 0, &any, WEXITED | WNOWAIT);
  seen.number("waitid(P_ALL)'s", any.si_pid);
  seen.call("waitid(1)", ::waitid(P_PID, 1, &any, WEXITED | WNOWAIT | WNOHANG));
}

constexpr std::array acts{
    Act{Side::Inside, "inside waits for a first process",
        [](Scene& s) {
          in_child(s, [&s](Observation& seen) { wait_for_first(seen, s.recipe()); });
        }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside waits for a first process");
  const std::int64_t clone = seen.number_of("clone");
  j.works_errno("a first process can be made", seen.errno_of("make the first process"));
  j.works_errno("waitid(2) on its number works", seen.errno_of("waitid"));
  j.works("the number it was made with is none of the inside's", "> 1", std::to_string(clone),
          clone > 1);
  for (const char* name : {"waitid's", "waitid(P_ALL)'s", "SIGCHLD's si_pid"}) {
    isolated_number(j, fmt::format("{} number is the one it was made with", name), clone,
                    seen.number_of(name), seen.number_of("own"));
  }
  j.isolated_equal("the process itself is number 1", "1", std::to_string(seen.number_of("own")));
  j.rule_errno("its own number is nobody's for the parent", ECHILD, seen.errno_of("waitid(1)"));
  return j;
}

}  // namespace waiting

}  // namespace

constinit const Probe sender_pid{
    .family = "pid",
    .name = "si_pid",
    .sentence = "si_pid is the sender's number in the receiver's namespace, 0 if it has none there",
    .source =
        "pid_namespaces(7) \"The namespace init process\", sigaction(2); kernel/signal.c "
        "send_signal_locked()",
    .first_kernel = "2.6.24",
    .namespaces = {Kind::Pid},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "Daemons answer to si_pid, or check who sent a signal by it. A number of another "
        "namespace names a wrong process, or one that must stay unknown.",
    .failure =
        "A handler inside learns numbers of the outside, or takes a signal from there for "
        "one of a process inside that has the same number.",
    .by_hand =
        "unshare --pid --fork python3 -c 'import signal\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGURG])\n"
        "print(signal.sigwaitinfo([signal.SIGURG]).si_pid)' & sleep 1\n"
        "kill -URG $(pgrep -P $!)   # it prints 0",
};

constinit const Probe wait_pid{
    .family = "pid",
    .name = "wait_pid",
    .sentence = "waitid and SIGCHLD tell a parent its own number of the child, which inside is 1",
    .source =
        "pid_namespaces(7), waitid(2); kernel/exit.c wait_task_zombie(), kernel/signal.c "
        "do_notify_parent()",
    .first_kernel = "2.6.24",
    .namespaces = {Kind::Pid},
    .ways = making_ways,
    .privileges = all_privileges,
    .acts = waiting::acts,
    .judge = waiting::judge,
    .why =
        "A process has a number in each namespace, and two processes may have the same number "
        "in different ones. Whoever waits must get the one that it knows the child by.",
    .failure =
        "A container manager mistakes the end of one container for that of another, or "
        "signals a process of the host in place of its child.",
    .by_hand =
        "unshare --pid --fork sh -c 'echo inside: $$' & outside=$!\n"
        "wait $outside; echo outside: $outside",
};

}  // namespace nsbench::probes
