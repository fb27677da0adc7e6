// net: who may write the sysctls of a network namespace, and which it can't write at all.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>

#include "probes/helpers.h"
#include "probes/net/looks.h"
#include "probes/net/manual.h"
#include "probes/net/probes.h"
#include "probes/net/sysctl.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/proc_text.h"

namespace nsbench::probes {

namespace {

constexpr std::array one_way{Way{Method::Clone3, ""}};
constexpr std::array userns_only{Privilege::Userns};

// Opened for writing and closed: nothing is written, since elsewhere it would count.
int open_for_writing(const std::string& file) {
  const Fd opened(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  return opened.valid() ? 0 : errno;
}

// Written with what it holds already.
int rewrite(std::string_view name) {
  const Result<std::string> value = read_small_file(sysctl_file(name));
  if (!value) return value.error().err;
  return write_small_file(sysctl_file(name), trimmed(*value)).error().err;
}

// Ends the case with a skip where this process is the machine's root by its uid, whatever that is
// called here: mapped alone into a user namespace it can't become anybody else.
bool is_machines_root(Scene& scene) {
  struct stat owner {};
  if (::stat("/proc/sys/kernel/hostname", &owner) != 0 || owner.st_uid != ::geteuid()) return false;
  scene.skip(SkipReason::NoPrivilege,
             "this process is the machine's root (it owns /proc/sys/kernel/hostname), and no other "
             "uid is mapped");
  return true;
}

namespace globals {

// One value for the whole machine, wherever it may be shown.
constexpr std::array names{"core/netdev_max_backlog",
                           "core/dev_weight",
                           "core/bpf_jit_enable",
                           "core/bpf_jit_limit",
                           "core/rmem_max",
                           "core/wmem_max",
                           "ipv4/tcp_mem",
                           "ipv4/udp_mem",
                           "ipv4/inet_peer_threshold",
                           "ipv4/tcp_allowed_congestion_control",
                           "netfilter/nf_conntrack_max",
                           "netfilter/nf_conntrack_buckets"};

constexpr std::array acts{
    Act{Side::Inside, "inside tries",
        [](Scene& s) {
          if (sysctls_are_masked(s)) return;
          s.seen.result("rewrite ipv4/ip_forward", rewrite("ipv4/ip_forward"));
          for (const char* name : names) {
            s.seen.result(name, open_for_writing(sysctl_file(name)));
          }
        }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside tries");
  j.works_errno("a sysctl of the namespace can be written",
                inside.errno_of("rewrite ipv4/ip_forward"));
  for (const char* name : names) {
    const int err = inside.errno_of(name);
    j.rule(fmt::format("the global {} is read-only or absent", name), "EACCES or ENOENT",
           inside.find(name) == nullptr ? "(not seen)" : inside.find(name)->str(),
           err == EACCES || err == ENOENT);
  }
  return j;
}

}  // namespace globals

namespace owner {

// Inside is the owner of its network namespace. A user namespace below it owns nothing of it.
constexpr std::array acts{
    Act{Side::Inside, "the owner writes",
        [](Scene& s) {
          if (sysctls_are_masked(s) || is_machines_root(s)) return;
          s.seen.result("rewrite", rewrite("ipv4/ip_forward"));
        }},
    Act{Side::Inside, "a user namespace below writes",
        [](Scene& s) {
          in_nested(s, "below", {Kind::User}, [](Observation& seen) {
            seen.result("read", read_small_file(sysctl_file("ipv4/ip_forward")).ok() ? 0 : EIO);
            seen.result("rewrite", rewrite("ipv4/ip_forward"));
          });
        }},
    Act{Side::Inside, "one with a network namespace of its own writes",
        [](Scene& s) {
          in_nested(s, "below", {Kind::User, Kind::Net},
                    [](Observation& seen) { seen.result("rewrite", rewrite("ipv4/ip_forward")); });
        }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& below = t.at("a user namespace below writes");
  j.works_errno("the owner may write", t.at("the owner writes").errno_of("rewrite"));
  j.works_errno("a user namespace below can be entered", below.errno_of("below enter"));
  j.works_errno("it may read", below.errno_of("below read"));
  j.rule_errno("a user namespace that is not the owner may not write", EACCES,
               below.errno_of("below rewrite"));
  const Observation& own = t.at("one with a network namespace of its own writes");
  j.works_errno("with a network namespace of its own it may", own.errno_of("below rewrite"));
  return j;
}

}  // namespace owner

namespace ids {

constexpr uid_t other = 65534;

void give_up_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> none{};
  ::syscall(SYS_capset, &header, none.data());
}

// Writes with these ids and without any capability. The raw calls: the C library's would signal
// other threads, of which there are none.
// Only of the initial user namespace's root it is the uid that counts (fs/proc/proc_sysctl.c
// test_perm()).
bool in_initial_user_namespace() {
  const Result<std::string> text = read_small_file("/proc/self/uid_map");
  const auto map = text ? parse_id_map(*text) : text.error();
  return map && maps_all_to_themselves(*map);
}

void write_as(Scene& scene, std::string_view fact, uid_t real, uid_t effective) {
  in_child(scene, [&](Observation& seen) {
    const gid_t group = effective == 0 ? 0 : other;
    seen.call(fmt::format("{}: setresgid", fact), ::syscall(SYS_setresgid, group, group, group));
    seen.call(fmt::format("{}: setgroups", fact), ::syscall(SYS_setgroups, 0, nullptr));
    seen.call(fmt::format("{}: setresuid", fact),
              ::syscall(SYS_setresuid, real, effective, effective));
    give_up_capabilities();
    seen.result(fact, rewrite("core/somaxconn"));  // ip_forward asks for a capability as well
  });
}

constexpr std::array acts{
    Act{Side::Inside, "inside tries",
        [](Scene& s) {
          if (sysctls_are_masked(s)) return;
          if (!in_initial_user_namespace()) {
            return s.skip(SkipReason::NoPrivilege,
                          "/proc/self/uid_map is not the initial user namespace's");
          }
          write_as(s, "real root", 0, other);
          write_as(s, "effective root", other, 0);
        }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside tries");
  j.works_errno("the ids can be changed", inside.errno_of("real root: setresuid"));
  j.works_errno("an effective uid of the owner's root may write",
                inside.errno_of("effective root"));
  j.rule_errno("a real uid alone does not make anyone the owner's root", EACCES,
               inside.errno_of("real root"));
  return j;
}

}  // namespace ids

namespace foreign {

constexpr const char* file = "/proc/sys/kernel/hostname";

constexpr std::array acts{
    Act{Side::Inside, "inside writes",
        [](Scene& s) {
          if (sysctls_are_masked(s) || is_machines_root(s)) return;
          s.seen.result("open kernel.hostname", open_for_writing(file));
          s.seen.result("rewrite ipv4/ip_forward", rewrite("ipv4/ip_forward"));
        }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside writes");
  j.works_errno("the sysctls of the own network namespace can be written",
                inside.errno_of("rewrite ipv4/ip_forward"));
  j.rule_errno("kernel.hostname of the outside's uts namespace can't", EACCES,
               inside.errno_of("open kernel.hostname"));
  return j;
}

}  // namespace foreign

}  // namespace

constinit const Probe sysctl_globals{
    .family = "net",
    .name = "sysctl_globals",
    .sentence = "what net sysctls hold for the whole machine is read-only or absent inside",
    .source =
        "network_namespaces(7); net/core/sysctl_net_core.c, net/netfilter/"
        "nf_conntrack_standalone.c, net/ipv4/sysctl_net_ipv4.c (read-only inside since 5.13, "
        "5.10.35 and 5.4.117)",
    .first_kernel = "2.6.29",
    .namespaces = {Kind::Net},
    .ways = one_way,
    .privileges = all_privileges,
    .acts = globals::acts,
    .judge = globals::judge,
    .why = manual::sysctl_globals.why,
    .failure = manual::sysctl_globals.failure,
    .by_hand = manual::sysctl_globals.by_hand,
    .control = ControlKind::Positive};

// As an unprivileged user only: the machine's root may write by its uid, in whatever user namespace
// that is.
constinit const Probe proc_sys_owner{
    .family = "net",
    .name = "proc_sys_owner",
    .sentence = "/proc/sys/net is written by who owns that network namespace only",
    .source = "network_namespaces(7); net/sysctl_net.c net_ctl_permissions()",
    .first_kernel = "3.11",
    .namespaces = {Kind::User, Kind::Net},
    .ways = one_way,
    .privileges = userns_only,
    .acts = owner::acts,
    .judge = owner::judge,
    .why = manual::proc_sys_owner.why,
    .failure = manual::proc_sys_owner.failure,
    .by_hand = manual::proc_sys_owner.by_hand,
    .control = ControlKind::Positive};

// Root only: a second uid is needed, and an unprivileged process can map but one.
constinit const Probe proc_sys_effective_ids{
    .family = "net",
    .name = "proc_sys_effective_ids",
    .sentence = "the effective ids decide who may write /proc/sys/net, not the real ones",
    .source = "CVE-2013-4270 (fixed in 3.12 and 3.11.5); net/sysctl_net.c net_ctl_permissions()",
    .first_kernel = "3.11",
    .namespaces = {Kind::Net},
    .ways = one_way,
    .privileges = root_only,
    .acts = ids::acts,
    .judge = ids::judge,
    .why = manual::proc_sys_effective_ids.why,
    .failure = manual::proc_sys_effective_ids.failure,
    .by_hand = manual::proc_sys_effective_ids.by_hand,
    .control = ControlKind::Positive};

// As an unprivileged user only, for the same reason.
constinit const Probe foreign_sysctl{
    .family = "net",
    .name = "foreign_sysctl",
    .sentence = "a user namespace without a uts namespace of its own can't write kernel.hostname",
    .source = "user_namespaces(7); fs/proc/proc_sysctl.c test_perm()",
    .first_kernel = "3.8",
    .namespaces = {Kind::User, Kind::Net},
    .ways = one_way,
    .privileges = userns_only,
    .acts = foreign::acts,
    .judge = foreign::judge,
    .why = manual::foreign_sysctl.why,
    .failure = manual::foreign_sysctl.failure,
    .by_hand = manual::foreign_sysctl.by_hand,
    .control = ControlKind::Positive,
    .arena = {Kind::Uts}};

}  // namespace nsbench::probes
