// pid: which signals reach the first process of a namespace, PID 1.
#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>

#include "probes/helpers.h"
#include "probes/pid/probes.h"
#include "probes/pid/processes.h"
#include "probes/sandbox/fd.h"

namespace nsbench::probes {

namespace {

enum class Sender : std::uint8_t { Descendant, Itself, Ancestor };

// One signal to one first process.
struct Attempt {
  const char* name;
  Sender sender;
  int signal;
  bool handled;
};

constexpr int survived = 7;
constexpr int handler_ran = 9;
constexpr int not_sent = 10;

constexpr std::array from_inside{
    Attempt{"SIGTERM", Sender::Descendant, SIGTERM, false},
    Attempt{"SIGKILL", Sender::Descendant, SIGKILL, false},
    Attempt{"its own SIGKILL", Sender::Itself, SIGKILL, false},
    Attempt{"handled SIGTERM", Sender::Descendant, SIGTERM, true},
};
constexpr std::array stop_from_inside{
    Attempt{"SIGSTOP", Sender::Descendant, SIGSTOP, false},
};
constexpr std::array from_ancestor{
    Attempt{"SIGTERM", Sender::Ancestor, SIGTERM, false},
    Attempt{"handled SIGTERM", Sender::Ancestor, SIGTERM, true},
    Attempt{"SIGKILL", Sender::Ancestor, SIGKILL, false},
    Attempt{"SIGSTOP", Sender::Ancestor, SIGSTOP, false},
};

// Whether the signal could be sent to `target`, which is this process or its parent.
bool send_from_inside(const Attempt& attempt, pid_t target) {
  if (attempt.sender == Sender::Itself) return ::kill(target, attempt.signal) == 0;
  Result<Child> sender = Child::fork([&] { return ::kill(target, attempt.signal) == 0 ? 0 : 1; });
  if (!sender) return false;
  const Result<ExitStatus> ended = sender->wait();
  return ended && ended->code == 0 && ended->signal == 0;
}

// The first process: takes the signal as told, and ends with `survived` when the gate closes. A
// signal that was sent before that is acted on before its read(2) returns.
int live_through(const Attempt& attempt, int gate) {
  // The harness, or who started it, may have it blocked or ignored.
  let_through(attempt.signal);
  if (attempt.handled) std::signal(attempt.signal, [](int) { ::_exit(handler_ran); });
  char byte = 'r';
  if (::send(gate, &byte, 1, MSG_NOSIGNAL) != 1) return not_sent;
  if (attempt.sender != Sender::Ancestor) {
    // Nothing outside the arena could be hit by its number.
    if (!contained() || !send_from_inside(attempt, ::getpid())) return not_sent;
  }
  while (::recv(gate, &byte, 1, 0) > 0) continue;
  return survived;
}

void try_one(Observation& seen, const Recipe& recipe, const Attempt& attempt) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return;
  Fd ours(ends[0]);
  Fd theirs(ends[1]);
  const Result<Child> first = make_first(seen, recipe, [&] {
    ours.reset();
    return live_through(attempt, theirs.get());
  });
  if (!first) return;
  theirs.reset();
  char byte = 0;
  if (::recv(ours.get(), &byte, 1, 0) != 1) return;
  if (attempt.sender == Sender::Ancestor && ::kill(first->pid(), attempt.signal) != 0) return;
  ours.reset();
  seen.text(attempt.name, end_of(*first));
}

template <const auto& attempts>
void try_all(Scene& scene) {
  for (const Attempt& attempt : attempts) {
    const auto one = [&](Observation& seen) { try_one(seen, scene.recipe(), attempt); };
    if (!in_child(scene, one)) return;
  }
}

// A tracer gets to see signals that are ignored otherwise, and a traced PID 1 is stopped by SIGSTOP
// (sig_ignored()). Only who is traced already can't ask for it.
bool is_traced() {
  Result<Child> child = Child::fork(
      [] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0 && errno == EPERM ? 1 : 0; });
  if (!child) return false;
  const Result<ExitStatus> ended = child->wait();
  return ended && ended->code == 1;
}

void try_to_stop(Scene& scene) {
  if (is_traced()) {
    return scene.skip(SkipReason::Policy, "PTRACE_TRACEME: EPERM (a tracer changes the rule)");
  }
  try_all<stop_from_inside>(scene);
}

constexpr std::array stop_acts{
    Act{Side::Inside, "inside makes first processes", try_to_stop},
};

template <const auto& attempts>
constexpr std::array acts{
    Act{Side::Inside, "inside makes first processes", try_all<attempts>},
};

constexpr std::string_view lived = "exited with 7";    // survived
constexpr std::string_view handled = "exited with 9";  // handler_ran

Judgement judge_inside(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside makes first processes");
  j.works_errno("first processes can be made", seen.errno_of("make the first process"));
  for (const char* name : {"SIGTERM", "SIGKILL"}) {
    j.isolated_equal(fmt::format("{} from inside the namespace leaves PID 1 alone", name), lived,
                     seen.text_of(name));
  }
  j.isolated_equal("PID 1 can't kill itself by SIGKILL", lived, seen.text_of("its own SIGKILL"));
  j.rule_equal("a signal that PID 1 handles reaches it", handled, seen.text_of("handled SIGTERM"));
  return j;
}

Judgement judge_stop(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside makes first processes");
  j.works_errno("first processes can be made", seen.errno_of("make the first process"));
  j.isolated_equal("SIGSTOP from inside the namespace leaves PID 1 alone", lived,
                   seen.text_of("SIGSTOP"));
  return j;
}

Judgement judge_ancestor(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside makes first processes");
  j.works_errno("first processes can be made", seen.errno_of("make the first process"));
  j.isolated_equal("SIGTERM from an ancestor is dropped where PID 1 has no handler", lived,
                   seen.text_of("SIGTERM"));
  j.rule_equal("SIGTERM from an ancestor is handled where PID 1 has one", handled,
               seen.text_of("handled SIGTERM"));
  j.rule_equal("SIGKILL from an ancestor kills PID 1", "killed by SIGKILL",
               seen.text_of("SIGKILL"));
  j.rule_equal("SIGSTOP from an ancestor stops PID 1", "stopped by SIGSTOP",
               seen.text_of("SIGSTOP"));
  return j;
}

}  // namespace

constinit const Probe init_protected{
    .family = "pid",
    .name = "init_protected",
    .sentence = "PID 1 ignores SIGKILL and signals it does not handle from its own namespace",
    .source =
        "pid_namespaces(7) \"The namespace init process\"; kernel/signal.c "
        "sig_task_ignored()",
    .first_kernel = "2.6.24",
    .namespaces = {Kind::Pid},
    .ways = making_ways,
    .privileges = all_privileges,
    .acts = acts<from_inside>,
    .judge = judge_inside,
    .why =
        "The namespace dies with its PID 1. No process inside, however privileged, may end all "
        "others by one signal to it.",
    .failure = "Any process inside that may signal PID 1 can kill or stop the whole container.",
    .by_hand =
        "unshare --pid --fork sh -c '(kill -KILL 1; kill -TERM 1)\n"
        "  echo still here'",
};

constinit const Probe init_not_stopped{
    .family = "pid",
    .name = "init_not_stopped",
    .sentence = "PID 1 ignores SIGSTOP from its own namespace",
    .source =
        "pid_namespaces(7) \"The namespace init process\"; kernel/signal.c "
        "sig_task_ignored()",
    .first_kernel = "2.6.24",
    .namespaces = {Kind::Pid},
    .ways = making_ways,
    .privileges = all_privileges,
    .acts = stop_acts,
    .judge = judge_stop,
    .why =
        "A PID 1 that is stopped reaps nobody and answers nobody, and nothing inside can let it "
        "go on if the rest of the container waits for it.",
    .failure = "Any process inside that may signal PID 1 can freeze the whole container.",
    .by_hand = "unshare --pid --fork sh -c '(kill -STOP 1); echo still here'",
};

constinit const Probe init_and_ancestor{
    .family = "pid",
    .name = "init_and_ancestor",
    .sentence = "an ancestor's SIGKILL and SIGSTOP reach PID 1; its SIGTERM only if it is handled",
    .source =
        "pid_namespaces(7) \"The namespace init process\"; kernel/signal.c "
        "sig_task_ignored(), send_signal_locked()",
    .first_kernel = "2.6.24",
    .namespaces = {Kind::Pid},
    .ways = making_ways,
    .privileges = all_privileges,
    .acts = acts<from_ancestor>,
    .judge = judge_ancestor,
    .why =
        "Container managers stop a container by SIGTERM to its PID 1, wait, and then send "
        "SIGKILL. They rely on both: that an unprepared PID 1 is not hurt by the first, and "
        "that the second ends it.",
    .failure =
        "A container can't be ended or stopped from outside, or dies of a signal that it "
        "never asked for.",
    .by_hand =
        "unshare --pid --fork sh -c 'while :; do sleep 1; done' & sleep 1\n"
        "init=$(pgrep -P $!)\n"
        "kill -TERM $init; sleep 1; kill -0 $init && echo SIGTERM was dropped\n"
        "kill -KILL $init; sleep 1; kill -0 $init || echo SIGKILL was not",
};

}  // namespace nsbench::probes
