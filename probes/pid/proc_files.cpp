// pid: what files of /proc and /proc/sys show and take, by whose namespace.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/helpers.h"
#include "probes/pid/probes.h"
#include "probes/pid/processes.h"
#include "probes/sandbox/files.h"
#include "reports/number.h"

namespace nsbench::probes {

namespace {

std::string link_of(const std::string& path) {
  const Result<std::string> link = read_link(path);
  return link ? *link : errno_name(link.error().err);
}

// Whether /proc is the arena's own; where an outer one had to stay, its numbers are others.
bool has_own_proc(Scene& scene) {
  if (link_of("/proc/self") == std::to_string(::getpid())) return true;
  scene.skip(SkipReason::Policy, "the arena could not mount a /proc of its own (/proc is masked)");
  return false;
}

namespace owner {

// Both sides mount a proc; each looks for itself in the other's.
void mount_for_others(Scene& scene) {
  const std::string proc = mount_own_proc(scene);
  scene.seen.text("proc", proc);
  scene.seen.text("self", link_of(proc + "/self"));
}

void look_into_others(Scene& scene) {
  scene.seen.number("getpid", ::getpid());
  scene.seen.text("self in the outside's", link_of("/proc/self"));
  const std::string siblings = scene.saw("sibling mounts proc").text_of("proc");
  scene.seen.text("self in the sibling's", link_of(siblings + "/self"));
  mount_for_others(scene);
}

constexpr std::array acts{
    Act{Side::Outside, "outside has a proc",
        [](Scene& s) {
          if (has_own_proc(s)) s.seen.text("self", link_of("/proc/self"));
        }},
    Act{Side::Sibling, "sibling mounts proc", mount_for_others},
    Act{Side::Inside, "inside looks into others", look_into_others},
    Act{Side::Outside, "outside looks into the inside's",
        [](Scene& s) {
          const std::string proc = s.saw("inside looks into others").text_of("proc");
          s.seen.text("self in the inside's", link_of(proc + "/self"));
          s.seen.number("inside", s.inside_pid());
        }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside looks into others");
  const Observation& outside = t.at("outside looks into the inside's");
  const std::string own = std::to_string(inside.number_of("getpid"));
  j.works_errno("proc can be mounted inside", inside.errno_of("mount(proc)"));
  j.works_errno("proc can be mounted in a sibling",
                t.at("sibling mounts proc").errno_of("mount(proc)"));
  j.rule_equal("self in the own proc is the own number", own, inside.text_of("self"));
  isolated_number(j, "self in the outside's proc is the number that the outside knows",
                  outside.number_of("inside"),
                  parse_number<std::int64_t>(inside.text_of("self in the outside's")).value_or(-1),
                  inside.number_of("getpid"));
  j.isolated_equal("a proc of the inside has no self for a process outside", "ENOENT",
                   outside.text_of("self in the inside's"));
  j.isolated_equal("a proc of a sibling has no self for a process inside", "ENOENT",
                   inside.text_of("self in the sibling's"));
  return j;
}

}  // namespace owner

namespace status {

constexpr std::array names{"NStgid", "NSpid", "NSpgid", "NSsid"};

// A process that leads a session of its own, as the outside's /proc shows it.
void lead_and_look(Observation& seen) {
  seen.call("setsid", ::setsid());
  const Result<std::string> file = read_small_file("/proc/self/status");
  for (const char* name : names) {
    seen.text(name, file ? field_of(*file, name) : file.error().str());
  }
  seen.text("both", fmt::format("{}\t{}", link_of("/proc/self"), ::getpid()));
}

constexpr std::array acts{
    Act{Side::Outside, "outside has a proc", [](Scene& s) { has_own_proc(s); }},
    Act{Side::Inside, "inside leads a session", [](Scene& s) { in_child(s, lead_and_look); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside leads a session");
  j.works_errno("setsid works", seen.errno_of("setsid"));
  for (const char* name : names) {
    j.isolated_equal(fmt::format("{} shows the number outside and the one inside", name),
                     seen.text_of("both"), seen.text_of(name));
  }
  return j;
}

}  // namespace status

namespace last_pid {

constexpr const char* file = "/proc/sys/kernel/ns_last_pid";
constexpr int wanted = 250;

// Why the file can't be written, if that is the environment's doing.
bool is_writable(Scene& scene) {
  struct statvfs info {};
  if (::access(file, F_OK) != 0 && errno == ENOENT) {
    scene.skip(SkipReason::NoFeature, "no ns_last_pid (CONFIG_CHECKPOINT_RESTORE)");
  } else if (::statvfs(file, &info) == 0 && (info.f_flag & ST_RDONLY) != 0) {
    scene.skip(SkipReason::Policy, "/proc/sys is mounted read-only here");
  }
  return !scene.ended();
}

pid_t next_pid() {
  const Result<Child> child = Child::fork([] { return 0; });
  return child ? child->pid() : -1;
}

void write_last(Scene& scene) {
  if (!contained()) return scene.broken("not in a pid namespace of its own");
  if (!is_writable(scene)) return;
  scene.seen.result("write", write_small_file(file, std::to_string(wanted)).error().err);
  scene.seen.number("next", next_pid());
  in_nested(scene, "below", {Kind::User}, [](Observation& seen) {
    const Status written = write_small_file(file, std::to_string(wanted));
    seen.result("write", written ? 0 : written.error().err);
  });
}

constexpr std::array acts{
    Act{Side::Inside, "inside writes", write_last},
    Act{Side::Outside, "outside goes on",
        [](Scene& s) {
          const Result<std::string> last = read_small_file(file);
          s.seen.number("ns_last_pid", last ? parse_number<std::int64_t>(*last).value_or(-1) : -1);
          s.seen.number("next", next_pid());
        }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside writes");
  const Observation& outside = t.at("outside goes on");
  const auto below_wanted = [&](std::string_view name) {
    return outside.number_of(name) > 0 && outside.number_of(name) < wanted;
  };
  j.works_errno("ns_last_pid can be written by the namespace's owner", inside.errno_of("write"));
  j.rule_equal("the next process inside has the number after it", std::to_string(wanted + 1),
               std::to_string(inside.number_of("next")));
  j.isolated("ns_last_pid outside is not what was written inside",
             fmt::format("from 1 to below {}", wanted),
             std::to_string(outside.number_of("ns_last_pid")), below_wanted("ns_last_pid"));
  j.isolated("the next process outside does not have a number after that",
             fmt::format("from 1 to below {}", wanted), std::to_string(outside.number_of("next")),
             below_wanted("next"));
  j.works_errno("a user namespace below can be made", inside.errno_of("below enter"));
  j.rule_errno("root of a user namespace below may not write it", EPERM,
               inside.errno_of("below write"));
  return j;
}

}  // namespace last_pid

}  // namespace

constinit const Probe proc_owner{
    .family = "pid",
    .name = "proc_owner",
    .sentence = "a /proc shows the numbers of the namespace it was mounted in, whoever reads it",
    .source = "pid_namespaces(7) \"/proc and PID namespaces\"; fs/proc/self.c proc_self_get_link()",
    .first_kernel = "2.6.24",
    .namespaces = {Kind::Pid},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = owner::acts,
    .judge = owner::judge,
    .why =
        "Programs that enter a container's mount namespace alone, or keep the host's /proc in "
        "view, read /proc/self there. It must name them, or nobody.",
    .failure =
        "A process reads, or writes, the files of another process as its own: its "
        "oom_score_adj, its maps, its attributes of a security module.",
    .by_hand =
        "unshare --pid --fork sh -c 'echo $$; readlink /proc/self'   # two numbers\n"
        "unshare --pid --fork --mount-proc --kill-child sleep 1000 & sleep 1\n"
        "nsenter --mount=/proc/$(pgrep -P $!)/ns/mnt ls /proc/self   # no such file\n"
        "kill $!",
};

constinit const Probe status_ids{
    .family = "pid",
    .name = "status_ids",
    .sentence = "NStgid, NSpid, NSpgid and NSsid of /proc/PID/status show each namespace's number",
    .source = "proc_pid_status(5); fs/proc/array.c task_state()",
    .first_kernel = "4.1",
    .namespaces = {Kind::Pid},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = status::acts,
    .judge = status::judge,
    .why =
        "Debuggers and profilers translate pids between host and container by these lines; "
        "nothing else tells all of them.",
    .failure = "perf, gdb and bpftrace name, or attach to, a wrong process of a container.",
    .by_hand = "unshare --pid --fork setsid grep NS /proc/self/status   # two numbers each",
};

constinit const Probe last_pid_written{
    .family = "pid",
    .name = "last_pid_written",
    .sentence = "a number written to ns_last_pid decides the next pid of its own namespace only",
    .source = "pid_namespaces(7) \"/proc files\"; kernel/pid_namespace.c pid_ns_ctl_handler()",
    .first_kernel = "3.3",
    .namespaces = {Kind::Pid},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = last_pid::acts,
    .judge = last_pid::judge,
    .why =
        "Checkpoint and restore chooses pids by this file, within a container. It is writable "
        "there by root of the user namespace that owns the pid namespace.",
    .failure =
        "Somebody inside chooses the pids of the host's next processes, and can stand in "
        "for one that has just ended.",
    .by_hand =
        "unshare --pid --fork --mount-proc sh -c\\\n"
        "  'echo 20000 > /proc/sys/kernel/ns_last_pid; cat /proc/sys/kernel/ns_last_pid'\n"
        "cat /proc/sys/kernel/ns_last_pid   # not near 20000, but by chance",
};

}  // namespace nsbench::probes
