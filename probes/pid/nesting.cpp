// pid: how deep namespaces nest, and which calls can't make one.
#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <memory>
#include <string>

#include "probes/helpers.h"
#include "probes/pid/probes.h"
#include "probes/pid/processes.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/channel.h"
#include "probes/sandbox/deadline.h"

namespace nsbench::probes {

namespace {

constexpr int limit = 32;       // MAX_PID_NS_LEVEL, counted from the initial namespace
constexpr int far_enough = 40;  // where a kernel without a limit is stopped
constexpr int some = 4;         // what is left to nest even within containers and this arena

// Makes one namespace in the other until it is refused; the last process reports how many and why.
int nest(const Recipe& recipe, int level, Channel& report) {
  const auto tell = [&](int err) { return report.send(fmt::format("{} {}", err, level)) ? 0 : 1; };
  if (level == far_enough) return tell(0);
  Result<Child> below = make_first(recipe, [&] { return nest(recipe, level + 1, report); });
  if (!below) return tell(below.error().err);
  return below->wait() ? 0 : 1;
}

void nest_to_the_limit(Scene& scene) {
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return scene.broken(ends.error().str());
  Result<Child> first = Child::fork([&] { return nest(scene.recipe(), 0, ends->second); });
  if (!first) return scene.broken(first.error().str());
  ends->second.close();
  const Result<std::string> told = ends->first.receive(Deadline::in(std::chrono::seconds(6)));
  if (!told) return scene.broken("nesting: " + told.error().str());
  int err = -1;
  int levels = -1;
  const char* const end = told->data() + told->size();
  const auto parsed = std::from_chars(told->data(), end, err);
  if (parsed.ptr < end) std::from_chars(parsed.ptr + 1, end, levels);
  scene.seen.number("levels", levels);
  scene.seen.result("one more", err);
}

constexpr std::array nesting_acts{
    Act{Side::Inside, "inside nests", nest_to_the_limit},
};

Judgement judge_nesting(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside nests");
  const std::int64_t levels = seen.number_of("levels");
  j.works("pid namespaces can be nested", fmt::format("at least {} levels", some),
          std::to_string(levels), levels >= some);
  j.rule("there are at most 32 levels, with the inside's and the arena's",
         fmt::format("at most {}", limit - 2), std::to_string(levels), levels <= limit - 2);
  j.rule_errno("one level more is refused", ENOSPC, seen.errno_of("one more"));
  return j;
}

namespace twice {

void* nothing(void*) { return nullptr; }

// The C library hands on the errno of the clone(2) that makes the thread.
int make_thread() {
  pthread_t thread{};
  const int err = ::pthread_create(&thread, nullptr, nothing, nullptr);
  if (err == 0) ::pthread_join(thread, nullptr);
  return err;
}

long make_and_end(pid_t (*call)(std::uint64_t, int*)) {
  const pid_t pid = call(CLONE_NEWPID, nullptr);
  if (pid == 0) ::_exit(0);
  return pid;
}

void unshare_twice(Observation& seen) {
  seen.result("a thread before", make_thread());
  seen.call("unshare", calls::unshare(CLONE_NEWPID));
  seen.result("a thread after", make_thread());
  seen.call("unshare again", calls::unshare(CLONE_NEWPID));
  seen.call("clone after", make_and_end(calls::clone));
  seen.call("clone3 after", make_and_end(calls::clone3));
  const Result<Child> child = Child::fork([] { return 0; });
  seen.result("fork", child ? 0 : child.error().err);
  seen.call("unshare after the fork", calls::unshare(CLONE_NEWPID));
}

constexpr std::array ways{Way{Method::Unshare, ""}};
constexpr std::array acts{
    Act{Side::Inside, "inside unshares twice", [](Scene& s) { in_child(s, unshare_twice); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside unshares twice");
  j.works_errno("unshare(CLONE_NEWPID) works once", seen.errno_of("unshare"));
  j.works_errno("a child can be made after it", seen.errno_of("fork"));
  j.works_errno("a thread can be made before it", seen.errno_of("a thread before"));
  for (const char* call :
       {"unshare again", "clone after", "clone3 after", "unshare after the fork"}) {
    j.rule_errno(fmt::format("no second namespace before one is entered: {}", call), EINVAL,
                 seen.errno_of(call));
  }
  j.rule_errno("no thread can be made after it", EINVAL, seen.errno_of("a thread after"));
  return j;
}

}  // namespace twice

namespace threads {

constexpr std::size_t stack_size = 64UL * 1024;
constexpr int thread_flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;

int leave(void*) { return 0; }

// CLONE_VFORK makes the caller wait until the thread, which does nothing, is gone.
void make_threads(Observation& seen) {
  const auto stack = std::make_unique<char[]>(stack_size);
  char* const top = stack.get() + stack_size;
  seen.call("thread", calls::clone_on_stack(leave, top, thread_flags | CLONE_VFORK));
  seen.call("thread in a new namespace",
            calls::clone_on_stack(leave, top, thread_flags | CLONE_VFORK | CLONE_NEWPID));
  seen.call("process sharing memory",
            calls::clone_on_stack(leave, top, CLONE_VM | CLONE_VFORK | CLONE_NEWPID | SIGCHLD));
}

constexpr std::array ways{Way{Method::Clone, ""}};
constexpr std::array acts{
    Act{Side::Inside, "inside makes threads", [](Scene& s) { in_child(s, make_threads); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside makes threads");
  j.works_errno("CLONE_THREAD makes a thread", seen.errno_of("thread"));
  j.rule_errno("CLONE_THREAD with CLONE_NEWPID is refused", EINVAL,
               seen.errno_of("thread in a new namespace"));
  j.works_errno("CLONE_VM with CLONE_NEWPID is not", seen.errno_of("process sharing memory"));
  return j;
}

}  // namespace threads

namespace siblings {

// With CLONE_PARENT the new process would be a sibling of the caller, which its parent, outside,
// had to reap.
void make_sibling(Scene& scene) {
  const pid_t pid = calls::clone(CLONE_PARENT, nullptr);
  if (pid == 0) ::_exit(0);
  scene.seen.call("CLONE_PARENT", pid);
}

// A child of PID 1 may.
void let_child_make_sibling(Observation& seen) {
  const pid_t pid = calls::clone(CLONE_PARENT, nullptr);
  if (pid == 0) ::_exit(0);
  seen.call("CLONE_PARENT by a child", pid);
}

constexpr std::array acts{
    Act{Side::Inside, "inside makes a sibling", make_sibling},
    Act{Side::Inside, "a child makes one", [](Scene& s) { in_child(s, let_child_make_sibling); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  j.works_errno("a child of PID 1 can make a sibling",
                t.at("a child makes one").errno_of("CLONE_PARENT by a child"));
  j.isolated_errno("PID 1 can't make a sibling, which would be a child of the outside", EINVAL,
                   t.at("inside makes a sibling").errno_of("CLONE_PARENT"));
  return j;
}

}  // namespace siblings

}  // namespace

constinit const Probe nesting{
    .family = "pid",
    .name = "nesting",
    .sentence = "pid namespaces nest 32 levels deep; one more is ENOSPC",
    .source =
        "pid_namespaces(7) \"Nesting PID namespaces\"; kernel/pid_namespace.c "
        "create_pid_namespace()",
    .first_kernel = "3.8",
    .namespaces = {Kind::Pid},
    .ways = making_ways,
    .privileges = all_privileges,
    .acts = nesting_acts,
    .judge = judge_nesting,
    .why =
        "Containers run in containers. The limit bounds what a process costs the kernel, which "
        "keeps a number for each level; before 3.7 a chain without end was possible.",
    .failure =
        "Somebody inside can nest until the kernel's stack or memory is used up, or can't "
        "nest as deep as promised.",
    .by_hand =
        "export deeper='echo $level; export level=$((level + 1))\n"
        "exec unshare --pid --fork sh -c \"$deeper\"'\n"
        "level=0 sh -c \"$deeper\"   # 32 is followed by: No space left on device",
    .control = ControlKind::Positive,
};

constinit const Probe unshare_once{
    .family = "pid",
    .name = "unshare_once",
    .sentence = "after unshare(CLONE_NEWPID) no second one and no thread can be made: EINVAL",
    .source =
        "pid_namespaces(7) \"setns(2) and unshare(2) semantics\", clone(2); "
        "kernel/pid_namespace.c copy_pid_ns(), kernel/fork.c copy_process()",
    .first_kernel = "3.8",
    .namespaces = {Kind::Pid},
    .ways = twice::ways,
    .privileges = all_privileges,
    .acts = twice::acts,
    .judge = twice::judge,
    .why =
        "The parents of processes mirror the parents of their namespaces, and all threads of a "
        "process are in one. Signals and /proc rely on both.",
    .failure =
        "A process comes to be in a namespace that its parent can't see, or has threads in "
        "two of them, and signals name wrong senders.",
    .by_hand =
        "python3 - <<'EOF'\n"
        "import ctypes, threading\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "print(libc.unshare(0x20000000))   # CLONE_NEWPID: 0\n"
        "print(libc.unshare(0x20000000), ctypes.get_errno())   # -1 22, which is EINVAL\n"
        "try: threading.Thread(target=print).start()\n"
        "except RuntimeError as refusal: print(refusal)\n"
        "EOF",
    .control = ControlKind::Positive,
};

constinit const Probe no_foreign_thread{
    .family = "pid",
    .name = "no_foreign_thread",
    .sentence = "CLONE_NEWPID with CLONE_THREAD is EINVAL",
    .source =
        "pid_namespaces(7) \"Compatibility of CLONE_NEWPID with other CLONE_* flags\"; "
        "kernel/fork.c copy_process()",
    .first_kernel = "3.12",
    .namespaces = {Kind::Pid},
    .ways = threads::ways,
    .privileges = all_privileges,
    .acts = threads::acts,
    .judge = threads::judge,
    .why = "Threads of one process share its signal queue, in which senders are stored by number.",
    .failure =
        "A process has a thread that /proc does not show with it and that its signals name "
        "by a wrong number.",
    .by_hand =
        "# clone(2) with these flags has no command; the nearest is unshare, which is "
        "refused\n# from then on: see nsbench explain pid/unshare_once",
    .control = ControlKind::Positive,
};

constinit const Probe init_no_sibling{
    .family = "pid",
    .name = "init_no_sibling",
    .sentence = "PID 1 can't make a sibling by CLONE_PARENT, only its children can",
    .source = "clone(2) EINVAL; kernel/fork.c copy_process()",
    .first_kernel = "2.6.32",
    .namespaces = {Kind::Pid},
    .ways = making_ways,
    .privileges = all_privileges,
    .acts = siblings::acts,
    .judge = siblings::judge,
    .why =
        "A sibling of PID 1 would be in the namespace and have a parent outside, which does not "
        "expect it and leaves it a zombie. While it is there, the namespace can't be torn down.",
    .failure =
        "Somebody inside makes children for a manager outside, as many as he likes, and "
        "keeps his namespace from ending.",
    .by_hand =
        "# CLONE_PARENT has no command. What such a process would be is seen by:\n"
        "unshare --pid --fork sh -c 'sleep 5' & sleep 1; pstree -p $!",
};

}  // namespace nsbench::probes
