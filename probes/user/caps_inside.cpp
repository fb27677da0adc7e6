// user: whoever makes a user namespace has every capability in it, and none outside.
#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/reboot.h>
#include <netinet/in.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/sandbox/arena.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"
#include "probes/user/further.h"
#include "probes/user/probes.h"

namespace nsbench::probes {

namespace {

// Acts on namespaces: of the arena, which are not the inside's, and then of the inside's own.
void act_on_namespaces(Observation& seen) {
  constexpr std::string_view name = "nsb-inside";
  seen.call("sethostname", ::sethostname(name.data(), name.size()));
  seen.call("setdomainname", ::setdomainname(name.data(), name.size()));
  seen.call("mount", ::mount("nsbench", scratch_dir().c_str(), "tmpfs", 0, nullptr));
  seen.call("raw socket", Fd(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP)).get());
}

constexpr std::array own_acts{
    Act{Side::Inside, "inside looks",
        [](Scene& s) {
          look_at_capabilities(s.seen);
          s.seen.text("all", every_capability());
          act_on_namespaces(s.seen);
        }},
    Act{Side::Inside, "inside makes its own",
        [](Scene& s) {
          in_nested(s, "own", {Kind::User, Kind::Uts, Kind::Mnt, Kind::Net}, act_on_namespaces);
        }},
};

Judgement judge_own(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside looks");
  const Observation& own = t.at("inside makes its own");
  for (const char* set : {"CapPrm", "CapEff", "CapBnd"}) {
    j.rule_equal(fmt::format("{} inside holds every capability", set), seen.text_of("all"),
                 seen.text_of(set));
  }
  for (const char* act : {"sethostname", "setdomainname", "mount", "raw socket"}) {
    j.rule_errno(fmt::format("{} in a namespace of the outside is EPERM", act), EPERM,
                 seen.errno_of(act));
    j.works_errno(fmt::format("{} in a namespace of its own", act),
                  own.errno_of(fmt::format("own {}", act)));
  }
  return j;
}

// Calls that concern the whole machine, in a form that does no harm where they are allowed: with an
// argument that is refused only after the capability was asked for.
struct HostCall {
  const char* name;
  int capability;
  long (*call)();
  int privileged;  // the errno of whoever has it
};

constexpr std::array host_calls_made{
    HostCall{"reboot with a bad magic", CAP_SYS_BOOT,
             [] { return ::syscall(SYS_reboot, 1, 2, LINUX_REBOOT_CMD_CAD_OFF, nullptr); }, EINVAL},
    HostCall{"settimeofday with a bad time zone", CAP_SYS_TIME,
             [] {
               const struct timezone bad { 100000, 0 };
               return ::syscall(SYS_settimeofday, nullptr, &bad);
             },
             EINVAL},
    HostCall{"swapon of a missing path", CAP_SYS_ADMIN,
             [] { return static_cast<long>(::swapon("/nsbench-no-such-file", 0)); }, ENOENT},
    HostCall{"init_module of nothing", CAP_SYS_MODULE,
             [] { return ::syscall(SYS_init_module, nullptr, 0, ""); }, ENOEXEC},
    HostCall{"syslog with a bad level", CAP_SYSLOG,
             [] { return static_cast<long>(::klogctl(8, nullptr, 0)); }, EINVAL},
};

void call_host(Observation& seen) {
  for (const HostCall& one : host_calls_made) seen.call(one.name, one.call());
}

// What whoever is root of the whole machine gets; nobody else's answer says anything.
void call_host_outside(Scene& scene) {
  // PROC_USER_INIT_INO of include/uapi/linux/nsfs.h: the number of the initial user namespace
  const bool initial = own_user_namespace() == "user:[4026531837]";
  call_host(scene.seen);
  const Result<std::string> off = read_small_file("/proc/sys/kernel/modules_disabled");
  scene.seen.number("modules disabled", off && trimmed(*off) != "0" ? 1 : 0);
  for (const HostCall& one : host_calls_made) {
    scene.seen.number(fmt::format("may {}", one.name), initial && has_capability(one.capability));
  }
}

constexpr std::array host_acts{
    Act{Side::Outside, "outside calls", call_host_outside},
    Act{Side::Inside, "inside calls",
        [](Scene& s) {
          call_host(s.seen);
          for (const HostCall& one : host_calls_made) {
            s.seen.number(fmt::format("has {}", one.name), has_capability(one.capability));
          }
        }},
};

// A kernel without modules has no init_module(); one told to take no more refuses everybody.
int privileged_errno(const HostCall& one, const Observation& outside) {
  if (one.capability != CAP_SYS_MODULE) return one.privileged;
  if (outside.number_of("modules disabled") == 1) return EPERM;
  return outside.errno_of(one.name) == ENOSYS ? ENOSYS : one.privileged;
}

Judgement judge_host(const Transcript& t) {
  Judgement j;
  const Observation& outside = t.at("outside calls");
  const Observation& inside = t.at("inside calls");
  for (const HostCall& one : host_calls_made) {
    const std::string name(one.name);
    const bool missing = inside.errno_of(name) == ENOSYS && outside.errno_of(name) == ENOSYS;
    j.rule_errno(name + " is EPERM inside", missing ? ENOSYS : EPERM, inside.errno_of(name));
    j.works_equal("the inside has the capability for " + name, "1",
                  std::to_string(inside.number_of("has " + name)));
    const std::int64_t may = outside.number_of("may " + name);
    const int expected = privileged_errno(one, outside);
    j.works(fmt::format("{} by the machine's root gets past the capability", name),
            may == 0 ? "(nobody here is)" : errno_name(expected),
            may == 0 ? "(nobody here is)" : errno_name(outside.errno_of(name)),
            (may == 0 && outside.errno_of(name) >= 0) ||
                (may == 1 && outside.errno_of(name) == expected));
  }
  return j;
}

}  // namespace

constinit const Probe caps_inside{
    .family = "user",
    .name = "caps_inside",
    .sentence = "inside, every capability is had, and counts for the namespaces made there only",
    .source =
        "user_namespaces(7) \"Capabilities\"; kernel/capability.c ns_capable(), "
        "kernel/user_namespace.c set_cred_user_ns()",
    .first_kernel = "3.8",
    .namespaces = {Kind::User},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = own_acts,
    .judge = judge_own,
    .why =
        "Unprivileged containers rest on it: root inside sets the container up with all of "
        "root's calls, and none of them reaches the host.",
    .failure = "Any user renames the host, mounts over its files or sends forged packets.",
    .by_hand =
        "unshare --user --map-root-user sh -c 'grep Cap /proc/self/status; hostname x'\n"
        "unshare --user --map-root-user mount -t tmpfs none /mnt\n"
        "unshare --user --map-root-user --uts sh -c 'hostname x && hostname'",
    .control = ControlKind::Positive,
    .arena = {Kind::Uts},
};

constinit const Probe host_calls{
    .family = "user",
    .name = "host_calls",
    .sentence = "calls that concern the whole machine need a capability of the initial namespace",
    .source = "user_namespaces(7), capabilities(7); kernel/capability.c capable()",
    .first_kernel = "3.8",
    .namespaces = {Kind::User},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = host_acts,
    .judge = judge_host,
    .why =
        "Whatever has no namespace of its own belongs to the machine: its clock, its swap, its "
        "modules, its power.",
    .failure = "Any user reboots the machine, sets its clock or loads a module into its kernel.",
    .by_hand =
        "unshare --user --map-root-user python3 -c 'import ctypes, os; libc = ctypes.CDLL(None, "
        "use_errno=True); libc.swapon(b\"/no-such-file\", 0); "
        "print(os.strerror(ctypes.get_errno()))'\n"
        "python3 -c 'import ctypes, os; libc = ctypes.CDLL(None, use_errno=True); "
        "libc.swapon(b\"/no-such-file\", 0); print(os.strerror(ctypes.get_errno()))'",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
