// pid: the way is down only, and calls that go there move the children, not the caller.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>

#include "probes/helpers.h"
#include "probes/pid/probes.h"
#include "probes/pid/processes.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/deadline.h"
#include "probes/sandbox/enter.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"

namespace nsbench::probes {

namespace {

constexpr std::chrono::seconds patience{3};

Fd open_namespace(const std::string& proc_dir) {
  return Fd(::open((proc_dir + "/ns/pid").c_str(), O_RDONLY | O_CLOEXEC));
}

std::string inode_of(const Fd& file) {
  struct stat info {};
  return ::fstat(file.get(), &info) == 0 ? std::to_string(info.st_ino) : errno_name(errno);
}

namespace ascent {

// Descriptors of the namespaces that are not below the inside's, and of a process in one.
void open_others(Scene& scene) {
  Fd own = open_namespace("/proc/self");
  Fd sibling = open_namespace(fmt::format("/proc/{}", scene.sibling_pid()));
  Fd process(calls::pidfd_open(::getpid()));
  if (!own.valid() || !sibling.valid() || !process.valid()) {
    return scene.broken("a namespace can't be opened: " + errno_name(errno));
  }
  scene.seen.number("outer namespace", own.release());
  scene.seen.number("sibling namespace", sibling.release());
  scene.seen.number("outer process", process.release());
}

void try_to_join(Observation& seen, const char* name, int fd) {
  seen.call(name, calls::setns(fd, CLONE_NEWPID));
}

void look_up_and_down(Observation& seen, const Fd& below) {
  const Fd own = open_namespace("/proc/self");
  seen.call("parent of its own", ::ioctl(own.get(), NS_GET_PARENT));
  const Fd parent(::ioctl(below.get(), NS_GET_PARENT));
  seen.text("parent of the one below", inode_of(parent) == inode_of(own) ? "its own" : "another");
}

void try_all(Scene& scene) {
  const Observation& others = scene.saw("outside opens namespaces");
  for (const char* name : {"outer namespace", "sibling namespace", "outer process"}) {
    const auto fd = static_cast<int>(others.number_of(name));
    if (!in_child(scene, [&](Observation& seen) { try_to_join(seen, name, fd); })) return;
  }
  Result<Child> below = hold_open({Kind::Pid}, Deadline::in(patience));
  const Result<std::string> dir = below ? proc_dir(*below) : below.error();
  if (!dir) return scene.broken(dir.error().str());
  const Fd nested = open_namespace(*dir);
  look_up_and_down(scene.seen, nested);
  in_child(scene, [&](Observation& seen) {
    try_to_join(seen, "its own", open_namespace("/proc/self").get());
    try_to_join(seen, "the one below", nested.get());
  });
}

constexpr std::array acts{
    Act{Side::Sibling, "sibling is there", [](Scene& s) { s.seen.number("getpid", ::getpid()); }},
    Act{Side::Outside, "outside opens namespaces", open_others},
    Act{Side::Inside, "inside tries to join", try_all},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside tries to join");
  j.works_errno("a process can join a namespace below", seen.errno_of("the one below"));
  j.works_errno("a process can join the namespace that it is in", seen.errno_of("its own"));
  j.isolated_errno("the namespace outside can't be joined from inside", EINVAL,
                   seen.errno_of("outer namespace"));
  j.isolated_errno("nor by a pidfd of a process there", EINVAL, seen.errno_of("outer process"));
  j.isolated_errno("a sibling's namespace can't be joined", EINVAL,
                   seen.errno_of("sibling namespace"));
  j.rule_equal("NS_GET_PARENT of the one below answers with its own", "its own",
               seen.text_of("parent of the one below"));
  j.rule_errno("NS_GET_PARENT of its own is refused", EPERM, seen.errno_of("parent of its own"));
  return j;
}

}  // namespace ascent

namespace children {

// What the caller and its first two children are, after a call that sends them down.
void look_at_children(Observation& seen, const std::string& before, pid_t pid) {
  seen.text("own namespace", pid_namespace_of("/proc/self") == before ? "kept" : "changed");
  seen.text("own pid", ::getpid() == pid ? "kept" : "changed");
  const std::string planned = pid_namespace_of("/proc/self", "pid_for_children");
  seen.text("children's before the first", planned == before ? "its own" : planned);
  for (const char* which : {"first", "second"}) {
    const Result<Child> child = Child::fork([&] {
      return pid_namespace_of("/proc/self") == before ? 100 : ::getpid() * 10 + ::getppid();
    });
    seen.text(which, child ? end_of(*child) : errno_name(child.error().err));
    if (which[0] != 'f') continue;
    const std::string now = pid_namespace_of("/proc/self", "pid_for_children");
    seen.text("children's", now == before ? "its own" : "another");
  }
}

void unshare_and_look(Observation& seen, const Recipe& recipe) {
  const std::string before = pid_namespace_of("/proc/self");
  const pid_t pid = ::getpid();
  seen.call("unshare", calls::unshare(recipe.namespaces.flags()));
  look_at_children(seen, before, pid);
}

constexpr std::array unshare_way{Way{Method::Unshare, ""}};
constexpr std::array unshare_acts{
    Act{Side::Inside, "inside unshares",
        [](Scene& s) {
          in_child(s, [&s](Observation& seen) { unshare_and_look(seen, s.recipe()); });
        }},
};

void judge_children(Judgement& j, const Observation& seen, int first) {
  j.rule_equal("the caller keeps its namespace", "kept", seen.text_of("own namespace"));
  j.rule_equal("the caller keeps its pid", "kept", seen.text_of("own pid"));
  // The status is ten times the child's pid, and its parent's, which it can't see.
  j.isolated_equal(fmt::format("the first child is number {} and sees no parent", first),
                   fmt::format("exited with {}", first * 10), seen.text_of("first"));
  j.isolated_equal("pid_for_children shows where children go", "another",
                   seen.text_of("children's"));
}

Judgement judge_unshare(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside unshares");
  j.works_errno("unshare(CLONE_NEWPID) works", seen.errno_of("unshare"));
  judge_children(j, seen, 1);
  j.isolated_equal("pid_for_children is empty before the first child", "ENOENT",
                   seen.text_of("children's before the first"));
  j.isolated_equal("when the first child has ended, no other can be made", "ENOMEM",
                   seen.text_of("second"));
  return j;
}

void join_and_look(Observation& seen, const Recipe& recipe, const Child& holder) {
  const std::string before = pid_namespace_of("/proc/self");
  const pid_t pid = ::getpid();
  if (!recipe.namespaces.empty()) {
    const Result<std::string> dir = proc_dir(holder);
    const Fd file = open_namespace(dir ? *dir : "/none");
    const bool by_pidfd = recipe.variant == "pidfd";
    seen.call("setns", calls::setns(by_pidfd ? holder.pidfd() : file.get(), CLONE_NEWPID));
  }
  look_at_children(seen, before, pid);
}

void join(Scene& scene) {
  Result<Child> holder = hold_open(scene.recipe().namespaces, Deadline::in(patience));
  if (!holder) return scene.broken(holder.error().str());
  in_child(scene, [&](Observation& seen) { join_and_look(seen, scene.recipe(), *holder); });
}

constexpr std::array setns_ways{Way{Method::Setns, ""}, Way{Method::Setns, "pidfd"}};
constexpr std::array setns_acts{Act{Side::Inside, "inside joins", join}};

Judgement judge_setns(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside joins");
  judge_children(j, seen, 2);
  j.isolated_equal("a second child is in the same namespace", "exited with 30",
                   seen.text_of("second"));
  return j;
}

}  // namespace children

}  // namespace

constinit const Probe no_ascent{
    .family = "pid",
    .name = "no_ascent",
    .sentence = "a process can join pid namespaces below its own only: EINVAL, and sees none above",
    .source =
        "pid_namespaces(7) \"Nesting PID namespaces\", setns(2), ioctl_nsfs(2); "
        "kernel/pid_namespace.c pidns_install(), pidns_get_parent()",
    .first_kernel = "4.9",
    .namespaces = {Kind::Pid},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = ascent::acts,
    .judge = ascent::judge,
    .why =
        "Descriptors of namespaces leak into containers, and privileged ones hold "
        "CAP_SYS_ADMIN. Even those must not climb back to where all processes are visible.",
    .failure =
        "Somebody inside starts processes in the host's pid namespace, and from there sees "
        "and kills every process.",
    .by_hand =
        "exec 9</proc/self/ns/pid\n"
        "unshare --pid --fork nsenter --pid=/proc/self/fd/9 true   # Invalid argument\n"
        "nsenter --pid=/proc/self/fd/9 true && echo its own can be joined",
};

constinit const Probe unshare_children{
    .family = "pid",
    .name = "unshare_children",
    .sentence = "unshare(CLONE_NEWPID) sends the next child into a new namespace, not the caller",
    .source =
        "pid_namespaces(7) \"setns(2) and unshare(2) semantics\", namespaces(7); "
        "kernel/pid_namespace.c copy_pid_ns(), pidns_for_children_get()",
    .first_kernel = "4.12",
    .namespaces = {Kind::Pid},
    .ways = children::unshare_way,
    .privileges = all_privileges,
    .acts = children::unshare_acts,
    .judge = children::judge_unshare,
    .why =
        "A process whose pid changed would not know itself any more: getpid() is stored by "
        "programs, in lock files and by threads.",
    .failure =
        "A process runs with a pid that is not its own, or its children stay where it "
        "wanted them not to be.",
    .by_hand =
        "unshare --pid sh -c 'readlink /proc/$$/ns/pid /proc/$$/ns/pid_for_children; :'\n"
        "unshare --pid sh -c 'echo $$; sh -c \"echo \\$\\$; :\"; :'   # not 1, then 1",
};

constinit const Probe setns_children{
    .family = "pid",
    .name = "setns_children",
    .sentence = "setns to a pid namespace sends the caller's children there, not the caller",
    .source =
        "pid_namespaces(7) \"setns(2) and unshare(2) semantics\", setns(2); "
        "kernel/pid_namespace.c pidns_install()",
    .first_kernel = "4.12",
    .namespaces = {Kind::Pid},
    .ways = children::setns_ways,
    .privileges = all_privileges,
    .acts = children::setns_acts,
    .judge = children::judge_setns,
    .why =
        "docker exec and nsenter join by setns and fork. The joining process itself stays "
        "outside, where those inside can't signal it.",
    .failure =
        "The process that joins becomes visible and can be killed inside, or its children "
        "run outside the container that they were meant for.",
    .by_hand =
        "unshare --pid --fork --kill-child sleep 1000 & sleep 1\n"
        "nsenter --pid=/proc/$(pgrep -P $!)/ns/pid sh -c 'echo $$'   # not 1\n"
        "kill $!",
};

}  // namespace nsbench::probes
