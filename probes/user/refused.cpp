// user: what may not make or join a user namespace.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <thread>

#include "probes/sandbox/arena.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/enter.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"
#include "probes/user/further.h"
#include "probes/user/probes.h"

namespace nsbench::probes {

namespace {

constexpr NamespaceSet user_set{Kind::User};
constexpr std::uint64_t new_user = row(Kind::User).flag;

// Makes a process or unshares, by the case's method, with these flags; the errno. What is made ends
// at once.
int make(Method method, std::uint64_t flags) {
  if (method == Method::Unshare) {
    return errno_in_child([flags] { return as_errno(calls::unshare(flags)); });
  }
  const auto call = method == Method::Clone3 ? calls::clone3 : calls::clone;
  Result<Child> child = Child::start("clone", call, flags, [] { return 0; });
  return child ? 0 : child.error().err;
}

constexpr std::array fs_acts{
    Act{Side::Outside, "outside calls",
        [](Scene& s) {
          const Method method = s.recipe().method;
          s.seen.result("with CLONE_FS", make(method, new_user | CLONE_FS));
          s.seen.result("without", make(method, new_user));
          s.seen.result("unshare of both", make(Method::Unshare, new_user | CLONE_FS));
        }},
};

Judgement judge_fs(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside calls");
  j.rule_errno("CLONE_NEWUSER with CLONE_FS is EINVAL", EINVAL, seen.errno_of("with CLONE_FS"));
  j.works_errno("CLONE_NEWUSER alone", seen.errno_of("without"));
  j.works_errno("unshare(CLONE_NEWUSER|CLONE_FS), which takes the share away",
                seen.errno_of("unshare of both"));
  return j;
}

constexpr std::array chroot_acts{
    Act{Side::Inside, "a process changes its root",
        [](Scene& s) {
          if (!has_capability(CAP_SYS_CHROOT)) {
            return s.skip(SkipReason::NoPrivilege, "this process has no CAP_SYS_CHROOT");
          }
          s.seen.result("before", make(s.recipe().method, new_user));
          s.seen.call("chroot", ::chroot(scratch_dir().c_str()));
          s.seen.result("in a chroot", make(s.recipe().method, new_user));
        }},
};

Judgement judge_chroot(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("a process changes its root");
  j.works_errno("CLONE_NEWUSER at the root", seen.errno_of("before"));
  j.works_errno("chroot", seen.errno_of("chroot"));
  j.rule_errno("CLONE_NEWUSER in a chroot is EPERM", EPERM, seen.errno_of("in a chroot"));
  return j;
}

// `act` in a process that has a second thread; its errno. The process ends with the thread in it.
int with_a_thread(const std::function<int()>& act) {
  return errno_in_child([&act] {
    std::thread other([] {
      for (;;) ::pause();
    });
    other.detach();
    return act();
  });
}

constexpr std::array thread_acts{
    Act{Side::Outside, "threads try",
        [](Scene& s) {
          const Result<Child> holder = hold_open(user_set, Deadline::in(std::chrono::seconds(5)));
          s.seen.result("hold", holder ? 0 : holder.error().err);
          if (!holder) return;
          const Result<std::string> dir = proc_dir(*holder);
          if (!dir) return s.broken(dir.error().str());
          const Fd target(::open((*dir + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
          const auto unshare = [] { return as_errno(calls::unshare(new_user)); };
          const auto join = [&] { return as_errno(calls::setns(target.get(), new_user)); };
          s.seen.result("unshare with a thread", with_a_thread(unshare));
          s.seen.result("unshare", errno_in_child(unshare));
          s.seen.result("setns with a thread", with_a_thread(join));
          s.seen.result("setns", errno_in_child(join));
        }},
};

Judgement judge_threads(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("threads try");
  for (const char* call : {"unshare", "setns"}) {
    const std::string name(call);
    j.rule_errno(name + " with a second thread is EINVAL", EINVAL,
                 seen.errno_of(name + " with a thread"));
    j.works_errno(name + " without one", seen.errno_of(name));
  }
  return j;
}

Fd user_of(const std::string& dir) {
  return Fd(::open((dir + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
}

int join(const Fd& target) { return as_errno(calls::setns(target.get(), new_user)); }

// From inside, whose children two siblings are: a process in the first tries the second.
void try_relatives(Scene& scene) {
  const Result<Child> sibling = hold_open(user_set, Deadline::in(std::chrono::seconds(5)));
  scene.seen.result("hold", sibling ? 0 : sibling.error().err);
  if (!sibling) return;
  const Result<std::string> dir = proc_dir(*sibling);
  if (!dir) return scene.broken(dir.error().str());
  const Fd own = user_of("/proc/self");
  const Fd other = user_of(*dir);
  scene.seen.result("own", errno_in_child([&own] { return join(own); }));
  scene.seen.result("child", errno_in_child([&other] { return join(other); }));
  in_nested(scene, "from a child", user_set, [&](Observation& seen) {
    seen.result("sibling", join(other));
    seen.result("parent", join(own));
    seen.result("own", join(user_of("/proc/self")));
  });
}

constexpr std::array relative_acts{
    Act{Side::Inside, "inside tries to join", try_relatives},
};

Judgement judge_relatives(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside tries to join");
  j.works_errno("a child's user namespace can be joined", seen.errno_of("child"));
  j.rule_errno("joining one's own again is EINVAL", EINVAL, seen.errno_of("own"));
  j.rule_errno("also in the child", EINVAL, seen.errno_of("from a child own"));
  j.rule_errno("joining a sibling is EPERM", EPERM, seen.errno_of("from a child sibling"));
  j.rule_errno("joining the parent is EPERM", EPERM, seen.errno_of("from a child parent"));
  return j;
}

constexpr int deepest = 33;  // below the initial namespace

// One process goes down until it is refused.
void go_down(Observation& seen) {
  int level = 0;
  int refused = 0;
  while (level <= deepest && refused == 0) {
    const OuterIds outer = OuterIds::current();
    refused = as_errno(calls::unshare(new_user));
    if (refused != 0) break;
    const Status mapped = write_own_maps(outer, outer.uid, outer.gid);
    if (!mapped) return seen.result("write maps", mapped.error().err);
    ++level;
  }
  seen.number("levels", level);
  seen.result("then", refused);
}

constexpr std::array depth_acts{
    Act{Side::Outside, "a process nests",
        [](Scene& s) {
          if (!own_id_is_mappable(s)) return;
          const std::string user = own_user_namespace();
          in_child(s, go_down);
          s.seen.text("user namespace", user);
          const Result<std::string> limit = read_small_file("/proc/sys/user/max_user_namespaces");
          s.seen.text("limit", limit ? trimmed(*limit) : limit.error().str());
        }},
};

Judgement judge_depth(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("a process nests");
  const std::int64_t levels = seen.number_of("levels");
  const bool initial = seen.text_of("user namespace") == "user:[4026531837]";
  const std::string expected =
      initial ? std::to_string(deepest) : fmt::format("1 to {}", deepest - 1);
  j.works("user namespaces can be nested", "1 or more", std::to_string(levels), levels >= 1);
  j.rule("as deep as the kernel allows", expected, std::to_string(levels),
         initial ? levels == deepest : levels < deepest && seen.find("user namespace") != nullptr);
  j.rule_errno("one level more is ENOSPC", ENOSPC, seen.errno_of("then"));
  return j;
}

}  // namespace

constinit const Probe newuser_with_fs{
    .family = "user",
    .name = "newuser_with_fs",
    .sentence = "a user namespace is not made for a process that shares its root directory",
    .source = "clone(2), CVE-2013-1858 (fixed in 3.8.3); kernel/fork.c copy_process()",
    .first_kernel = "3.8",
    .ways = std::span(making_ways).first<2>(),
    .privileges = all_privileges,
    .acts = fs_acts,
    .judge = judge_fs,
    .why =
        "Root inside may chroot. Sharing fs_struct with a process outside, it changed that "
        "process's root directory, and a set-user-ID program found the attacker's files.",
    .failure = "An unprivileged user becomes root of the host.",
    .by_hand =
        "flags=$((0x10000000 | 0x200 | 17))  # CLONE_NEWUSER, CLONE_FS, SIGCHLD; 56 is x86-64's "
        "clone\n"
        "python3 -c \"import ctypes, os; libc = ctypes.CDLL(None, use_errno=True); "
        "print(libc.syscall(56, $flags, 0, 0, 0, 0), os.strerror(ctypes.get_errno()))\"\n"
        "unshare --user true && echo 'without CLONE_FS'",
    .control = ControlKind::Positive,
};

constinit const Probe newuser_in_chroot{
    .family = "user",
    .name = "newuser_in_chroot",
    .sentence = "a user namespace is not made in a chroot",
    .source =
        "clone(2), unshare(2), CVE-2013-1956 (fixed in 3.8.6); kernel/user_namespace.c "
        "create_user_ns()",
    .first_kernel = "3.8",
    .ways = making_ways,
    .privileges = all_privileges,
    .acts = chroot_acts,
    .judge = judge_chroot,
    .why =
        "Some rely on a chroot to confine. A user namespace gives CAP_SYS_CHROOT, which leads "
        "out of a chroot.",
    .failure = "A process confined by chroot gets out of it without privileges.",
    .by_hand =
        "unshare --mount bash -c 'mount -t tmpfs none /mnt; mkdir /mnt/root; mount --rbind / "
        "/mnt/root; chroot /mnt/root unshare --user true'\n"
        "unshare --user true && echo 'without a chroot'",
    .control = ControlKind::Positive,
};

constinit const Probe newuser_with_threads{
    .family = "user",
    .name = "newuser_with_threads",
    .sentence = "a process with threads can neither unshare nor join a user namespace",
    .source =
        "unshare(2), setns(2); kernel/fork.c check_unshare_flags(), kernel/user_namespace.c "
        "userns_install()",
    .first_kernel = "3.8",
    .ways = clone_only,
    .privileges = all_privileges,
    .acts = thread_acts,
    .judge = judge_threads,
    .why =
        "Threads share their memory. One of them with other capabilities would be a way around "
        "every check for the others.",
    .failure =
        "A thread outside is steered by one with every capability inside, and the other way "
        "round.",
    .by_hand =
        "python3 -c 'import threading, time, ctypes; threading.Thread(target=time.sleep, "
        "args=(1,)).start(); c = ctypes.CDLL(None, use_errno=True); "
        "print(c.unshare(0x10000000), ctypes.get_errno())'",
    .control = ControlKind::Positive,
};

constinit const Probe join_relatives{
    .family = "user",
    .name = "join_relatives",
    .sentence = "a process joins its own descendants' user namespaces, and no others",
    .source = "setns(2), user_namespaces(7); kernel/user_namespace.c userns_install()",
    .first_kernel = "3.8",
    .namespaces = {Kind::User},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = relative_acts,
    .judge = judge_relatives,
    .why =
        "Joining gives every capability. Joining one's own again would bring back those that "
        "were dropped; joining a sibling or the parent would be an escape.",
    .failure =
        "Root of one container enters another one or the host; a process that dropped its "
        "capabilities has them back.",
    .by_hand =
        "unshare --user --map-root-user sleep 9 & sleep 1; exec 3</proc/$!/ns/user\n"
        "nsenter --user=/proc/self/fd/3 true && echo 'from the parent'\n"
        "unshare --user --map-root-user nsenter --user=/proc/self/fd/3 true\n"
        "unshare --user --map-root-user nsenter --user=/proc/self/ns/user true",
    .control = ControlKind::Positive,
};

constinit const Probe nesting_depth{
    .family = "user",
    .name = "nesting_depth",
    .sentence = "user namespaces nest 33 levels below the initial one; one more is ENOSPC",
    .source = "user_namespaces(7), clone(2); kernel/user_namespace.c create_user_ns()",
    .first_kernel = "4.9",
    .ways = clone_only,
    .privileges = all_privileges,
    .acts = depth_acts,
    .judge = judge_depth,
    .why =
        "Each level costs kernel memory and makes the walk up the ancestors longer, which is on "
        "the way of every check for a capability.",
    .failure = "An unprivileged user exhausts the kernel's stack or memory.",
    .by_hand =
        "c=true; n=-1\n"
        "while sh -c \"$c\" 2>/dev/null; do n=$((n + 1)); c=\"unshare --user --map-root-user $c\"; "
        "done\n"
        "echo $n; sh -c \"$c\"",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
