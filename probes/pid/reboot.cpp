// pid: reboot(2) inside ends the namespace's PID 1, not the machine.
#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/helpers.h"
#include "probes/pid/probes.h"
#include "probes/pid/processes.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"

namespace nsbench::probes {

namespace {

constexpr int survived = 7;
constexpr int not_contained = 11;
constexpr int not_diverted = 12;

// The magic numbers are those of linux/reboot.h, or for a call that must do nothing wrong ones.
long call_reboot(unsigned command, bool magic = true) {
  const unsigned first = magic ? LINUX_REBOOT_MAGIC1 : 1;
  return ::syscall(SYS_reboot, first, LINUX_REBOOT_MAGIC2, command, nullptr);
}

// Whether a reboot from here can't be the machine's: this process is in another pid namespace than
// its maker and than the machine's first; and the kernel says that it diverts the call, by refusing
// the one command that would do no harm if it did not (reboot_pid_ns()).
int make_sure(const std::string& outside) {
  const std::string own = pid_namespace_of("/proc/self");
  if (!contained() || own == outside || !own.starts_with("pid:[")) return not_contained;
  if (call_reboot(LINUX_REBOOT_CMD_CAD_OFF) == 0 || errno != EINVAL) return not_diverted;
  return 0;
}

// The first process: has a child that reboots, if it may at all.
int live_with_rebooter(unsigned command, const std::string& outside) {
  Result<Child> rebooter = Child::fork([&] {
    if (const int doubt = make_sure(outside); doubt != 0) return doubt;
    if (command != LINUX_REBOOT_CMD_CAD_OFF) call_reboot(command);
    return survived;
  });
  if (!rebooter) return 1;
  const Result<ExitStatus> ended = rebooter->wait();
  return ended ? ended->code : 1;
}

struct Command {
  const char* name;
  unsigned command;
};
// CAD_OFF stands for none: that case's PID 1 ends as it likes.
constexpr std::array commands{
    Command{"none", LINUX_REBOOT_CMD_CAD_OFF},
    Command{"RESTART", LINUX_REBOOT_CMD_RESTART},
    Command{"HALT", LINUX_REBOOT_CMD_HALT},
    Command{"POWER_OFF", LINUX_REBOOT_CMD_POWER_OFF},
};

void reboot_below(Scene& scene) {
  if (scene.saw("outside is contained").number_of("contained") != 1 || !contained()) {
    return scene.broken("not in a pid namespace of its own: no reboot is tried");
  }
  if (!has_capability(CAP_SYS_BOOT)) {
    return scene.skip(SkipReason::NoPrivilege, "this process has no CAP_SYS_BOOT");
  }
  const std::string here = pid_namespace_of("/proc/self");
  scene.seen.call("bad magic", call_reboot(LINUX_REBOOT_CMD_CAD_OFF, false));
  scene.seen.call("CAD_OFF", call_reboot(LINUX_REBOOT_CMD_CAD_OFF));
  for (const Command& one : commands) {
    const auto look = [&](Observation& seen) {
      const auto body = [&] { return live_with_rebooter(one.command, here); };
      const Result<Child> first = make_first(seen, scene.recipe(), body);
      if (first) seen.text(one.name, end_of(*first));
    };
    if (!in_child(scene, look)) return;
  }
  in_nested(scene, "below", {Kind::User}, [](Observation& seen) {
    seen.call("bad magic", call_reboot(LINUX_REBOOT_CMD_CAD_OFF, false));
  });
}

constexpr std::array ways{Way{Method::Clone, ""}};
constexpr std::array acts{
    Act{Side::Outside, "outside is contained",
        [](Scene& s) { s.seen.number("contained", arena_contains_us() ? 1 : 0); }},
    Act{Side::Inside, "inside reboots below", reboot_below},
    Act{Side::Outside, "outside goes on", [](Scene& s) { s.seen.number("getpid", ::getpid()); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside reboots below");
  j.works_errno("a first process can be made", seen.errno_of("make the first process"));
  j.works_equal("it lives as long as it likes where nobody reboots", "exited with 7",
                seen.text_of("none"));
  j.rule_errno("LINUX_REBOOT_CMD_CAD_OFF is refused inside", EINVAL, seen.errno_of("CAD_OFF"));
  j.rule_equal("LINUX_REBOOT_CMD_RESTART ends PID 1 by SIGHUP", "killed by SIGHUP",
               seen.text_of("RESTART"));
  j.rule_equal("LINUX_REBOOT_CMD_HALT ends PID 1 by SIGINT", "killed by SIGINT",
               seen.text_of("HALT"));
  j.rule_equal("LINUX_REBOOT_CMD_POWER_OFF ends PID 1 by SIGINT", "killed by SIGINT",
               seen.text_of("POWER_OFF"));
  j.rule_errno("its owner, who may reboot, is told of a wrong magic number", EINVAL,
               seen.errno_of("bad magic"));
  j.works_errno("a user namespace below can be made", seen.errno_of("below enter"));
  j.rule_errno("root of a user namespace below may not reboot", EPERM,
               seen.errno_of("below bad magic"));
  j.works_equal("the outside goes on", "1",
                std::to_string(t.at("outside goes on").number_of("getpid")));
  return j;
}

}  // namespace

constinit const Probe reboot{
    .family = "pid",
    .name = "reboot",
    .sentence = "reboot(2) inside ends PID 1 by SIGHUP (restart) or SIGINT (halt), nothing else",
    .source =
        "reboot(2) \"Behavior inside PID namespaces\", pid_namespaces(7); "
        "kernel/pid_namespace.c reboot_pid_ns()",
    .first_kernel = "3.8",
    .namespaces = {Kind::Pid},
    .ways = ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "A system in a container reboots like any other. Its manager reads from the signal "
        "whether to start it again. Before 3.4 such a call was the machine's.",
    .failure =
        "Somebody inside restarts or halts the host, or a container that asked to be "
        "restarted is not.",
    .by_hand =
        "unshare --pid --fork python3 -c 'import ctypes\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "print(libc.reboot(0), ctypes.get_errno())   # CAD_OFF: -1 22, which is EINVAL'\n"
        "# Where that printed 0, the call was the machine's: go no further.",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
