// calls: arguments of clone, clone3, unshare and setns that mean nothing are refused.
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string>
#include <string_view>

#include "probes/calls/probes.h"
#include "probes/helpers.h"
#include "probes/nsfs/ns_file.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/child.h"

namespace nsbench::probes {

namespace {

constexpr std::array making_way{Way{Method::Clone, ""}, Way{Method::Clone3, ""}};
constexpr std::array clone3_way{Way{Method::Clone3, ""}};
constexpr std::array unshare_way{Way{Method::Unshare, ""}};
constexpr std::array setns_way{Way{Method::Setns, ""}};

// One attempt, what it is for people, and the errno that it must end with.
struct Attempt {
  std::string_view name;
  std::uint64_t flags;
  int err;
};

template <std::size_t N>
Judgement judge_attempts(const Transcript& t, const std::array<Attempt, N>& attempts) {
  Judgement j;
  const Observation& seen = t.at("outside tries");
  for (const Attempt& attempt : attempts) {
    const std::string name(attempt.name);
    if (attempt.err == 0) {
      j.works_errno(name + " is legal", seen.errno_of(name));
    } else {
      j.rule_errno(name + " is refused", attempt.err, seen.errno_of(name));
    }
  }
  return j;
}

// What may not be together: a namespace of mounts and a shared root directory, threads or signal
// handlers without what they need.
constexpr std::uint64_t detached = 0x00400000;  // CLONE_DETACHED
constexpr std::array clone_attempts{
    Attempt{"CLONE_NEWNS", CLONE_NEWNS, 0},
    Attempt{"CLONE_FS", CLONE_FS, 0},
    Attempt{"CLONE_NEWNS|CLONE_FS", CLONE_NEWNS | CLONE_FS, EINVAL},
    Attempt{"CLONE_NEWUTS", CLONE_NEWUTS, 0},
    Attempt{"CLONE_NEWUTS|CLONE_SIGHAND", CLONE_NEWUTS | CLONE_SIGHAND, EINVAL},
    Attempt{"CLONE_NEWUTS|CLONE_THREAD", CLONE_NEWUTS | CLONE_THREAD, EINVAL},
    Attempt{"CLONE_PIDFD|CLONE_DETACHED", CLONE_PIDFD | detached, EINVAL},
};

// Classic clone's one child ends at once; Child reaps it.
int try_to_clone(Method method, std::uint64_t flags) {
  Result<Child> child = Child::start(
      "clone", method == Method::Clone ? calls::clone : calls::clone3, flags, [] { return 0; });
  return child ? 0 : child.error().err;
}

void try_clones(Scene& scene) {
  for (const Attempt& attempt : clone_attempts) {
    scene.seen.result(attempt.name, try_to_clone(scene.recipe().method, attempt.flags));
  }
}

constexpr std::array clone_acts{Act{Side::Outside, "outside tries", try_clones}};

constexpr std::array unshare_attempts{
    Attempt{"0", 0, 0},
    Attempt{"CLONE_NEWUTS", CLONE_NEWUTS, 0},
    Attempt{"CLONE_FS|CLONE_FILES|CLONE_SYSVSEM", CLONE_FS | CLONE_FILES | CLONE_SYSVSEM, 0},
    Attempt{"CLONE_NEWNS|CLONE_FS", CLONE_NEWNS | CLONE_FS, 0},
    Attempt{"CLONE_THREAD|CLONE_SIGHAND|CLONE_VM without threads",
            CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, 0},
    Attempt{"CLONE_VFORK", CLONE_VFORK, EINVAL},
    Attempt{"CLONE_PARENT", CLONE_PARENT, EINVAL},
    Attempt{"CLONE_NEWUTS|CLONE_PTRACE", CLONE_NEWUTS | CLONE_PTRACE, EINVAL},
    Attempt{"CLONE_NEWUTS and an unknown bit", CLONE_NEWUTS | 1, EINVAL},
};

// Each in a process of its own; whether a refused one changed anything is seen too.
void try_unshares(Scene& scene) {
  for (const Attempt& attempt : unshare_attempts) {
    const bool more = in_child(scene, [&attempt](Observation& seen) {
      const std::string before = ns_file::link("uts");
      seen.call(attempt.name, calls::unshare(attempt.flags));
      seen.number(std::string(attempt.name) + " stays", ns_file::link("uts") == before ? 1 : 0);
    });
    if (!more) return;
  }
}

constexpr std::array unshare_acts{Act{Side::Outside, "outside tries", try_unshares}};

Judgement judge_unshare(const Transcript& t) {
  Judgement j = judge_attempts(t, unshare_attempts);
  for (const Attempt& attempt : unshare_attempts) {
    if (attempt.err == 0) continue;
    const std::string name(attempt.name);
    j.rule_equal(name + " leaves the uts namespace", "1",
                 std::to_string(t.at("outside tries").number_of(name + " stays")));
  }
  return j;
}

constexpr std::array setns_attempts{
    Attempt{"a namespace", 0, 0},
    Attempt{"a namespace as such", CLONE_NEWUTS, 0},
    Attempt{"a namespace as two kinds", CLONE_NEWUTS | CLONE_NEWIPC, EINVAL},
    Attempt{"a namespace as an unknown kind", 1, EINVAL},
    Attempt{"a file", 0, EINVAL},
    Attempt{"a file as a namespace", CLONE_NEWUTS, EINVAL},
    Attempt{"a pipe", 0, EINVAL},
    Attempt{"a process's directory", CLONE_NEWUTS, EINVAL},
    Attempt{"a closed descriptor", 0, EBADF},
    Attempt{"no descriptor", 0, EBADF},
};

int fd_for(std::string_view attempt) {
  if (attempt.starts_with("a namespace")) return ns_file::open(Kind::Uts).release();
  if (attempt.starts_with("a file")) return ::open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (attempt == "a process's directory") return ::open("/proc/self", O_RDONLY | O_CLOEXEC);
  std::array<int, 2> pipe{-1, -1};
  if (attempt != "no descriptor" && ::pipe2(pipe.data(), O_CLOEXEC) != 0) return -1;
  if (attempt == "a closed descriptor") ::close(pipe[0]);
  return pipe[0];
}

void try_setns(Scene& scene) {
  in_child(scene, [](Observation& seen) {
    for (const Attempt& attempt : setns_attempts) {
      seen.call(attempt.name, calls::setns(fd_for(attempt.name), attempt.flags));
    }
  });
}

constexpr std::array setns_acts{Act{Side::Outside, "outside tries", try_setns}};

// A pidfd wants to be told what to join.
constexpr std::array pidfd_attempts{
    Attempt{"a pidfd as uts", CLONE_NEWUTS, 0},
    Attempt{"a pidfd without a kind", 0, EINVAL},
    Attempt{"a pidfd with an unknown bit", CLONE_NEWUTS | 1, EINVAL},
    Attempt{"a pidfd with CLONE_FS", CLONE_NEWUTS | CLONE_FS, EINVAL},
};

void try_pidfd(Scene& scene) {
  in_child(scene, [](Observation& seen) {
    const Fd self(calls::pidfd_open(::getpid()));
    for (const Attempt& attempt : pidfd_attempts) {
      seen.call(attempt.name, calls::setns(self.get(), attempt.flags));
    }
  });
}

constexpr std::array pidfd_acts{Act{Side::Outside, "outside tries", try_pidfd}};

// clone3's argument, with room for what a later kernel may add.
struct LargeArgs {
  clone_args known{};
  std::array<std::uint64_t, 1024> later{};
};

struct Size {
  std::string_view name;
  std::size_t size;
  int err;
  std::uint64_t flags = CLONE_NEWUTS;
  std::uint64_t exit_signal = SIGCHLD;
  std::uint64_t behind = 0;  // the first word that no kernel here knows
};
constexpr std::array sizes{
    Size{"CLONE_ARGS_SIZE_VER0", 64, 0},
    Size{"a larger size with zeros behind", sizeof(clone_args) + 256, 0},
    Size{"a smaller size", 63, EINVAL},
    Size{"size 0", 0, EINVAL},
    Size{"a larger size with more than zeros behind", sizeof(clone_args) + 256, E2BIG, CLONE_NEWUTS,
         SIGCHLD, 1},
    Size{"a size above a page", 8192, E2BIG},
    Size{"an unknown flag", 64, EINVAL, CLONE_NEWUTS | (1ULL << 62U)},
    Size{"CLONE_DETACHED", 64, EINVAL, CLONE_NEWUTS | detached},
    Size{"CLONE_NEWNS|CLONE_FS", 64, EINVAL, CLONE_NEWNS | CLONE_FS},
    Size{"an exit signal that there is not", 64, EINVAL, CLONE_NEWUTS, 200},
};

void try_sizes(Scene& scene) {
  for (const Size& attempt : sizes) {
    LargeArgs args;
    args.known.flags = attempt.flags;
    args.known.exit_signal = attempt.exit_signal;
    args.later.at(16) = attempt.behind;
    const pid_t made = calls::clone3_raw(&args, attempt.size);
    scene.seen.call(attempt.name, made);
    if (made > 0) ::waitpid(made, nullptr, 0);
  }
  scene.seen.call("no address", calls::clone3_raw(nullptr, sizeof(clone_args)));
}

constexpr std::array size_acts{Act{Side::Outside, "outside tries", try_sizes}};

Judgement judge_sizes(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside tries");
  for (const Size& attempt : sizes) {
    const std::string name(attempt.name);
    if (attempt.err == 0) {
      j.works_errno(name + " is legal", seen.errno_of(name));
    } else {
      j.rule_errno(name + " is refused", attempt.err, seen.errno_of(name));
    }
  }
  j.rule_errno("no address is refused", EFAULT, seen.errno_of("no address"));
  return j;
}

constexpr Probe arguments_probe(std::string_view name, std::string_view sentence,
                                std::string_view source, std::string_view first_kernel,
                                std::span<const Way> ways, std::span<const Act> acts,
                                Judgement (*judge)(const Transcript&), std::string_view by_hand) {
  return {.family = "calls",
          .name = name,
          .sentence = sentence,
          .source = source,
          .first_kernel = first_kernel,
          .ways = ways,
          .privileges = all_privileges,
          .acts = acts,
          .judge = judge,
          .why =
              "A program learns what a kernel can do by being refused. What is accepted and "
              "ignored leaves it less isolated than it believes.",
          .failure = "A caller is told that it got what the kernel did not do.",
          .by_hand = by_hand,
          .control = ControlKind::Positive,
          .arena = {Kind::Uts}};
}

}  // namespace

constinit const Probe clone_flags = arguments_probe(
    "clone_flags", "flags that contradict each other are EINVAL for clone and clone3",
    "clone(2), \"ERRORS\"; kernel/fork.c copy_process()", "5.3", making_way, clone_acts,
    [](const Transcript& t) { return judge_attempts(t, clone_attempts); },
    "perl -e '$p = syscall(56, 0x20000 | 0x200 | 17, 0, 0, 0, 0); print \"$p $!\\n\"'");
constinit const Probe unshare_flags = arguments_probe(
    "unshare_flags", "unshare refuses flags that it does not know, and 0 does nothing",
    "unshare(2), \"ERRORS\"; kernel/fork.c check_unshare_flags()", "3.8", unshare_way, unshare_acts,
    judge_unshare,
    "perl -e 'for $f (0, 0x4000, 1 | 0x04000000) { $r = syscall(272, $f); print \"$r $!\\n\"; }'");
constinit const Probe setns_errors = arguments_probe(
    "setns_errors", "setns refuses what is no namespace, and kinds that there are not",
    "setns(2), \"ERRORS\"; kernel/nsproxy.c SYSCALL_DEFINE2(setns)", "3.8", setns_way, setns_acts,
    [](const Transcript& t) { return judge_attempts(t, setns_attempts); },
    "nsenter --uts=/etc/passwd true; echo $?");
constinit const Probe setns_pidfd_errors = arguments_probe(
    "setns_pidfd_errors", "setns refuses a pidfd without a kind, and kinds that there are not",
    "setns(2), \"ERRORS\"; kernel/nsproxy.c check_setns_flags()", "5.8", setns_way, pidfd_acts,
    [](const Transcript& t) { return judge_attempts(t, pidfd_attempts); },
    "perl -e '$fd = syscall(434, $$, 0); $r = syscall(308, $fd, 0); print \"$r $!\\n\"'");
constinit const Probe clone3_args = arguments_probe(
    "clone3_args", "clone3 refuses sizes and flags that it does not know",
    "clone(2), \"ERRORS\"; kernel/fork.c copy_clone_args_from_user(), clone3_args_valid()", "5.5",
    clone3_way, size_acts, judge_sizes,
    "perl -e '$a = \"\\0\" x 64; for $s (0, 63, 8192) { $r = syscall(435, $a, $s); "
    "print \"$r $!\\n\"; }'");

}  // namespace nsbench::probes
