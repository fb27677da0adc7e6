// pid: the first process is PID 1, and nobody sees a parent that is outside.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <string>

#include "probes/pid/probes.h"
#include "probes/pid/processes.h"
#include "probes/sandbox/files.h"

namespace nsbench::probes {

namespace {

void look(Observation& seen) {
  seen.number("pid", ::getpid());
  seen.number("ppid", ::getppid());
  seen.number("sid", ::getsid(0));
  seen.number("pgid", ::getpgid(0));
}

// The pids that a /proc/PID/status lists for one process, from the reader's namespace inwards.
std::string ns_pids(const std::string& status_file) {
  const Result<std::string> status = read_small_file(status_file);
  return status ? field_of(*status, "NSpid") : status.error().str();
}

void look_through_own_proc(Scene& scene) {
  look(scene.seen);
  const std::string proc = mount_own_proc(scene);
  if (!proc.empty()) scene.seen.text("NSpid", ns_pids(proc + "/self/status"));
}

constexpr std::array pid_one_acts{
    Act{Side::Inside, "inside looks", look_through_own_proc},
    Act{Side::Outside, "outside looks",
        [](Scene& s) {
          s.seen.number("pid of the inside", s.inside_pid());
          s.seen.text("NSpid", ns_pids(fmt::format("/proc/{}/status", s.inside_pid())));
        }},
};

Judgement judge_pid_one(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside looks");
  const Observation& outside = t.at("outside looks");
  const auto number = [&inside](std::string_view name) {
    return std::to_string(inside.number_of(name));
  };
  j.isolated_equal("the first process inside is PID 1", "1", number("pid"));
  j.isolated_equal("PID 1's parent is not visible: getppid() is 0", "0", number("ppid"));
  j.isolated_equal("NSpid in /proc/PID/status shows both pids to the outside",
                   fmt::format("{}\t1", outside.number_of("pid of the inside")),
                   outside.text_of("NSpid"));
  j.isolated_equal("NSpid shows only its own pid to the inside", "1", inside.text_of("NSpid"));
  return j;
}

constexpr std::array parent_acts{
    Act{Side::Outside, "outside looks", [](Scene& s) { look(s.seen); }},
    Act{Side::Inside, "inside looks", [](Scene& s) { look(s.seen); }},
};

Judgement judge_parent(const Transcript& t) {
  Judgement j;
  const auto number = [&t](std::string_view name) {
    return std::to_string(t.at("inside looks").number_of(name));
  };
  j.works("the outside has a session to be seen", "> 0",
          std::to_string(t.at("outside looks").number_of("sid")),
          t.at("outside looks").number_of("sid") > 0);
  j.isolated_equal("getppid() of a process whose parent is outside is 0", "0", number("ppid"));
  j.isolated_equal("getsid() of a session led from outside is 0", "0", number("sid"));
  j.isolated_equal("getpgid() of a process group led from outside is 0", "0", number("pgid"));
  return j;
}

}  // namespace

constinit const Probe pid_one{
    .family = "pid",
    .name = "pid_one",
    .sentence =
        "the first process in a pid namespace is PID 1, has no parent it can see, and has "
        "two pids outside",
    .source = "pid_namespaces(7), proc_pid_status(5); kernel/pid.c alloc_pid()",
    .first_kernel = "4.1",
    .namespaces = {Kind::Pid},
    .ways = making_ways,
    .privileges = all_privileges,
    .acts = pid_one_acts,
    .judge = judge_pid_one,
    .look = look,
    .why =
        "Container images hold systems whose init expects to be PID 1, and which start counting "
        "there. From outside, the same process is one among many, and /proc says which.",
    .failure =
        "Programs inside run with the host's pids: they see how busy it is, collide with "
        "it, and an init in a container does not start.",
    .by_hand =
        "unshare --pid --fork sh -c 'echo pid $$ of parent $PPID; grep NSpid /proc/$$/status'\n"
        "unshare --pid --fork --mount-proc grep NSpid /proc/self/status   # 1 alone\n"
        "unshare --pid --fork --kill-child sleep 1000 & sleep 1\n"
        "grep NSpid /proc/$(pgrep -P $!)/status; kill $!   # both",
};

constinit const Probe parent_invisible{
    .family = "pid",
    .name = "parent_invisible",
    .sentence = "the ids of a parent, session and process group outside read as 0",
    .source = "pid_namespaces(7), getppid(2), getsid(2); kernel/pid.c pid_nr_ns()",
    .first_kernel = "2.6.24",
    .namespaces = {Kind::Pid},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = parent_acts,
    .judge = judge_parent,
    .look = look,
    .why =
        "What is outside has no number inside. 0 stands for it, which no process has, so that a "
        "program can't take some process of its own for its parent.",
    .failure =
        "Somebody inside learns numbers of the outside, or signals a wrong process or group "
        "in place of its parent's.",
    .by_hand =
        "unshare --pid --fork --kill-child sleep 1000 & sleep 1\n"
        "nsenter --pid=/proc/$(pgrep -P $!)/ns/pid python3 -c\\\n"
        "  'import os; print(os.getppid(), os.getsid(0))'   # 0 0\n"
        "kill $!",
};

}  // namespace nsbench::probes
