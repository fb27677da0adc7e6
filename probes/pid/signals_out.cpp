// pid: no signal from inside reaches a process outside.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include "probes/helpers.h"
#include "probes/pid/probes.h"
#include "probes/pid/processes.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/fd.h"

namespace nsbench::probes {

namespace {

// Higher than any number that the inside gives out, so that it means nobody there.
constexpr pid_t used_up_outside = 24;

pid_t victim_of(const Scene& scene, std::string_view act) {
  return static_cast<pid_t>(scene.saw(act).number_of("listener"));
}

int socket_of(const Scene& scene, std::string_view act) {
  return static_cast<int>(scene.saw(act).number_of("listener's socket"));
}

// The victim, and that a signal does reach it from where it is visible.
void make_victim(Scene& scene) {
  scene.seen.number("contained", arena_contains_us() ? 1 : 0);
  if (!use_up_pids(used_up_outside)) return scene.broken("fork failed");
  if (!start_listener(scene)) return;
  const auto victim = static_cast<pid_t>(scene.seen.number_of("listener"));
  scene.seen.call("kill", ::kill(victim, harmless));
  scene.seen.number("it heard", hears(static_cast<int>(scene.seen.number_of("listener's socket"))));
}

void ask_victim(Scene& scene) {
  scene.seen.number("it heard", hears(socket_of(scene, "outside has a victim")));
}

namespace numbers {

long queue_signal(pid_t pid) {
  siginfo_t info{};
  info.si_signo = harmless;
  info.si_code = SI_QUEUE;
  info.si_pid = ::getpid();
  info.si_uid = ::getuid();
  return ::syscall(SYS_rt_sigqueueinfo, pid, harmless, &info);
}

void send_by_number(Scene& scene) {
  const pid_t victim = victim_of(scene, "outside has a victim");
  if (victim <= 0) return scene.broken("there is no victim");
  scene.seen.call("kill", ::kill(victim, harmless));
  scene.seen.call("kill its group", ::kill(-victim, harmless));
  scene.seen.call("tkill", ::syscall(SYS_tkill, victim, harmless));
  scene.seen.call("tgkill", ::syscall(SYS_tgkill, victim, victim, harmless));
  scene.seen.call("rt_sigqueueinfo", queue_signal(victim));
}

constexpr std::array acts{
    Act{Side::Outside, "outside has a victim", make_victim},
    Act{Side::Inside, "inside sends by number", send_by_number},
    Act{Side::Outside, "outside asks the victim", ask_victim},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& outside = t.at("outside has a victim");
  const Observation& inside = t.at("inside sends by number");
  j.works_errno("the outside can signal its own process", outside.errno_of("kill"));
  j.works_equal("that signal arrives", "1", std::to_string(outside.number_of("it heard")));
  for (const char* call : {"kill", "kill its group", "tkill", "tgkill", "rt_sigqueueinfo"}) {
    j.isolated_errno(fmt::format("a process outside is nobody inside: {}", call), ESRCH,
                     inside.errno_of(call));
  }
  j.isolated_equal("no signal sent inside to a number of the outside arrives there", "0",
                   std::to_string(t.at("outside asks the victim").number_of("it heard")));
  return j;
}

}  // namespace numbers

namespace everybody {

// kill(-1) spares the caller and PID 1 (kill_something_info()). In a control it reaches the rest of
// the arena; hence a signal that nobody minds, and none at all where the arena might not hold.
void send_to_all(Scene& scene) {
  if (scene.saw("outside has a victim").number_of("contained") != 1 || !contained()) {
    return scene.broken("not in a pid namespace that contains kill(-1)");
  }
  if (!start_listener(scene)) return;
  scene.seen.call("kill(-1)", ::kill(-1, harmless));
  scene.seen.number("own process heard",
                    hears(static_cast<int>(scene.seen.number_of("listener's socket"))));
}

constexpr std::array acts{
    Act{Side::Outside, "outside has a victim", make_victim},
    Act{Side::Inside, "inside signals everybody", send_to_all},
    Act{Side::Outside, "outside asks the victim", ask_victim},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& outside = t.at("outside has a victim");
  const Observation& inside = t.at("inside signals everybody");
  j.works_errno("the outside can signal its own process", outside.errno_of("kill"));
  j.works_equal("that signal arrives", "1", std::to_string(outside.number_of("it heard")));
  j.works_errno("kill(-1) inside finds the inside's own processes", inside.errno_of("kill(-1)"));
  j.rule_equal("kill(-1) inside reaches a process there", "1",
               std::to_string(inside.number_of("own process heard")));
  j.isolated_equal("kill(-1) inside reaches no process outside", "0",
                   std::to_string(t.at("outside asks the victim").number_of("it heard")));
  return j;
}

}  // namespace everybody

namespace by_pidfd {

void open_victim(Scene& scene) {
  make_victim(scene);
  if (scene.ended()) return;
  const auto victim = static_cast<pid_t>(scene.seen.number_of("listener"));
  Fd pidfd(calls::pidfd_open(victim));
  Fd directory(::open(fmt::format("/proc/{}", victim).c_str(), O_DIRECTORY | O_CLOEXEC));
  if (!pidfd.valid() || !directory.valid()) return scene.broken("the victim can't be opened");
  scene.seen.call("pidfd_send_signal", calls::pidfd_send_signal(pidfd.get(), harmless));
  scene.seen.number("it heard that",
                    hears(static_cast<int>(scene.seen.number_of("listener's socket"))));
  scene.seen.number("pidfd", pidfd.release());
  scene.seen.number("directory", directory.release());
}

void send_by_descriptor(Scene& scene) {
  const Observation& outside = scene.saw("outside has a victim");
  for (const char* name : {"pidfd", "directory"}) {
    scene.seen.call(name,
                    calls::pidfd_send_signal(static_cast<int>(outside.number_of(name)), harmless));
  }
  Result<Child> own = Child::fork([] {
    for (;;) ::pause();
    return 0;
  });
  if (!own) return scene.broken(own.error().str());
  scene.seen.call("own", calls::pidfd_send_signal(own->pidfd(), harmless));
}

constexpr std::array acts{
    Act{Side::Outside, "outside has a victim", open_victim},
    Act{Side::Inside, "inside sends by descriptor", send_by_descriptor},
    Act{Side::Outside, "outside asks the victim", ask_victim},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& outside = t.at("outside has a victim");
  const Observation& inside = t.at("inside sends by descriptor");
  j.works_errno("pidfd_send_signal works outside", outside.errno_of("pidfd_send_signal"));
  j.works_equal("that signal arrives", "1", std::to_string(outside.number_of("it heard that")));
  j.works_errno("pidfd_send_signal works inside on a process there", inside.errno_of("own"));
  j.isolated_errno("a pidfd of a process outside carries no signal from inside", EINVAL,
                   inside.errno_of("pidfd"));
  j.isolated_errno("nor does its directory in /proc", EINVAL, inside.errno_of("directory"));
  j.isolated_equal("no signal sent inside by a descriptor arrives outside", "0",
                   std::to_string(t.at("outside asks the victim").number_of("it heard")));
  return j;
}

}  // namespace by_pidfd

}  // namespace

constinit const Probe no_signal_out{
    .family = "pid",
    .name = "no_signal_out",
    .sentence = "no signal sent inside to a number of the outside reaches a process there",
    .source =
        "pid_namespaces(7), kill(2), tgkill(2); kernel/signal.c kill_something_info(), "
        "do_send_specific()",
    .first_kernel = "2.6.24",
    .namespaces = {Kind::Pid},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = numbers::acts,
    .judge = numbers::judge,
    .why =
        "Root in a container may signal every process that it can name, whoever owns it. That "
        "it can name none of the host's is all that protects those.",
    .failure = "Somebody inside can stop or kill processes of the host and of other containers.",
    .by_hand =
        "sleep 1000 & victim=$!\n"
        "unshare --pid --fork kill -URG $victim   # No such process\n"
        "kill -URG $victim && echo reached        # from outside it works\n"
        "kill $victim",
};

constinit const Probe no_signal_to_all{
    .family = "pid",
    .name = "no_signal_to_all",
    .sentence = "kill(-1) inside signals the namespace's own processes and no others",
    .source = "kill(2), pid_namespaces(7); kernel/signal.c kill_something_info()",
    .first_kernel = "2.6.24",
    .namespaces = {Kind::Pid},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = everybody::acts,
    .judge = everybody::judge,
    .why =
        "A container's init ends its processes by kill(-1, SIGTERM) and kill(-1, SIGKILL) when "
        "it shuts down. On the host that call would end everything.",
    .failure = "A container that shuts down takes the processes of the host with it.",
    .by_hand =
        "sh -c 'trap \"echo heard it\" URG; sleep 3; :' & sleep 1\n"
        "unshare --pid --fork sh -c 'sleep 2 & kill -URG -1 && echo reached its own'\n"
        "wait; echo the other heard nothing",
};

constinit const Probe no_signal_by_pidfd{
    .family = "pid",
    .name = "no_signal_by_pidfd",
    .sentence = "a pidfd of a process outside carries no signal from inside",
    .source = "pidfd_send_signal(2); kernel/signal.c access_pidfd_pidns()",
    .first_kernel = "5.1",
    .namespaces = {Kind::Pid},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = by_pidfd::acts,
    .judge = by_pidfd::judge,
    .why =
        "Descriptors cross the border of a pid namespace: they are inherited, and sent over "
        "sockets. One of a process outside must not become a way to signal it.",
    .failure =
        "Somebody inside who gets hold of a pidfd, or of a directory in a /proc of the "
        "outside, can kill that process of the host.",
    .by_hand =
        "python3 - <<'EOF'\n"
        "import ctypes, os, signal\n"
        "pidfd = os.pidfd_open(os.getpid())\n"
        "ctypes.CDLL(None).unshare(0x20000000)   # CLONE_NEWPID\n"
        "if os.fork() == 0:\n"
        "    try: signal.pidfd_send_signal(pidfd, signal.SIGURG)\n"
        "    except OSError as refusal: print(refusal)   # Invalid argument\n"
        "else: os.wait()\n"
        "EOF",
};

}  // namespace nsbench::probes
