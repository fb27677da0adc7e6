// calls: what it takes to make a namespace of each kind, and to join one.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>

#include "probes/calls/probes.h"
#include "probes/helpers.h"
#include "probes/nsfs/ns_file.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/enter.h"
#include "probes/sandbox/id_map.h"
#include "probes/sandbox/support.h"

namespace nsbench::probes {

namespace {

constexpr std::chrono::seconds patience{5};

// -1, as for what was not seen, of a process that a signal ended.
int status_of(Result<Child>& child) {
  if (!child) return child.error().err;
  const Result<ExitStatus> ended = child->wait(Deadline::in(patience));
  if (!ended) return ended.error().err;
  return ended->signal == 0 ? ended->code : -1;
}

// The errno with which a process that ends at once makes a namespace, by the way of the case.
int try_to_make(Method method, Kind kind) {
  const std::uint64_t flag = row(kind).flag;
  Result<Child> child = Error{"not made"};
  if (method == Method::Clone || method == Method::Clone3) {
    child = Child::start("make", method == Method::Clone ? calls::clone : calls::clone3, flag,
                         [] { return 0; });
  } else {
    child = Child::fork([flag] { return calls::unshare(flag) == 0 ? 0 : errno; });
  }
  return status_of(child);
}

template <Kind kind>
void make_without_rights(Scene& scene) {
  const Method method = scene.recipe().method;
  scene.seen.result("with", try_to_make(method, kind));
  in_child(scene, [method](Observation& seen) {
    seen.result("drop", drop_privilege().error().err);
    seen.result("without", try_to_make(method, kind));
  });
  // User namespaces are for everybody, unless the machine's owner says otherwise.
  const Support& support = scene.support();
  if (kind != Kind::User || scene.seen.errno_of("without") == 0) return;
  if (!support.userns_switch.empty()) {
    scene.skip(SkipReason::UserNamespacesOff, support.userns_switch);
  } else if (!support.userns_lsm.empty()) {
    scene.skip(SkipReason::Policy, support.userns_lsm);
  }
}

template <Kind kind>
constexpr std::array make_acts{Act{Side::Outside, "outside makes", make_without_rights<kind>}};

template <Kind kind>
Judgement judge_make(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside makes");
  const std::string name(row(kind).name);
  j.works_errno("privileges can be given up", seen.errno_of("drop"));
  j.works_errno("with CAP_SYS_ADMIN a " + name + " namespace can be made", seen.errno_of("with"));
  j.rule_errno("without it", kind == Kind::User ? 0 : EPERM, seen.errno_of("without"));
  return j;
}

// Joins a namespace held by another process, in a process of its own.
int try_to_join(const Recipe& recipe, Kind kind, const Child& holder, const Fd& ns) {
  Result<Child> child = Child::fork([&] {
    const int fd = recipe.variant == "pidfd" ? holder.pidfd() : ns.get();
    return calls::setns(fd, row(kind).flag) == 0 ? 0 : errno;
  });
  return status_of(child);
}

template <Kind kind>
void join_without_rights(Scene& scene) {
  const Recipe& recipe = scene.recipe();
  Result<Child> holder = hold_open({kind}, Deadline::in(patience));
  if (!holder) return scene.broken(holder.error().str());
  const Fd ns = ns_file::open(kind, *holder);
  if (!ns.valid()) return scene.broken("open(/proc/HOLDER/ns): " + errno_name(errno));
  scene.seen.result("with", try_to_join(recipe, kind, *holder, ns));
  if (!in_child(scene, [&](Observation& seen) {
        seen.result("drop", drop_privilege().error().err);
        seen.result("without", try_to_join(recipe, kind, *holder, ns));
      })) {
    return;
  }
  // With every capability in a user namespace below the owner of what is joined.
  in_nested(scene, "below", {Kind::User}, [&](Observation& seen) {
    seen.result("join", try_to_join(recipe, kind, *holder, ns));
  });
}

template <Kind kind>
constexpr std::array join_acts{Act{Side::Outside, "outside joins", join_without_rights<kind>}};

template <Kind kind>
Judgement judge_join(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside joins");
  const std::string name(row(kind).name);
  j.works_errno("privileges can be given up", seen.errno_of("drop"));
  j.works_errno("with CAP_SYS_ADMIN a " + name + " namespace can be joined", seen.errno_of("with"));
  j.rule_errno("without it", EPERM, seen.errno_of("without"));
  j.works_errno("a user namespace can be made below", seen.errno_of("below enter"));
  j.rule_errno("with every capability in a user namespace below its owner", EPERM,
               seen.errno_of("below join"));
  return j;
}

constexpr std::array join_ways{Way{Method::Setns, ""}, Way{Method::Setns, "pidfd"}};

template <Kind kind>
constexpr Probe make_probe(std::string_view name, std::string_view by_hand) {
  constexpr bool free = kind == Kind::User;
  return {.family = "calls",
          .name = name,
          .sentence = free ? "making a user namespace needs no privilege"
                           : "making a namespace of this kind needs CAP_SYS_ADMIN",
          .source = "clone(2), unshare(2), namespaces(7); kernel/nsproxy.c copy_namespaces()",
          .first_kernel = row(kind).first_kernel,
          .namespaces = {kind},
          .ways = making_ways,
          .privileges = all_privileges,
          .acts = make_acts<kind>,
          .judge = judge_make<kind>,
          .why = free ? "Rootless containers and browsers' sandboxes start here. Where a "
                        "distribution forbids it, it says so by a sysctl or an LSM."
                      : "A set-user-ID program trusts its mounts, its network and its pids; "
                        "only who has the right to change them for everybody may change them "
                        "for it.",
          .failure = free ? "Software that isolates itself without root runs without isolation."
                          : "Any user can run a set-user-ID program in surroundings of their own "
                            "making.",
          .by_hand = by_hand,
          .control = ControlKind::Positive};
}

template <Kind kind>
constexpr Probe join_probe(std::string_view name, std::string_view by_hand) {
  return {.family = "calls",
          .name = name,
          .sentence = "joining a namespace of this kind needs CAP_SYS_ADMIN over its owner",
          .source =
              "setns(2); the install() functions behind kernel/nsproxy.c SYSCALL_DEFINE2("
              "setns)",
          .first_kernel = "3.8",
          .namespaces = {kind},
          .ways = join_ways,
          .privileges = all_privileges,
          .acts = join_acts<kind>,
          .judge = judge_join<kind>,
          .why =
              "Root of a container often holds descriptors of the host's namespaces, or can "
              "get them; joining must depend on rights over the target's owner.",
          .failure =
              "Whoever makes a user namespace of their own walks out into the host's "
              "namespaces.",
          .by_hand = by_hand,
          .control = ControlKind::Positive};
}

}  // namespace

constinit const Probe privilege_user = make_probe<Kind::User>(
    "privilege_user", "setpriv --reuid 65534 --clear-groups unshare --user id");
constinit const Probe privilege_pid = make_probe<Kind::Pid>(
    "privilege_pid", "setpriv --reuid 65534 --clear-groups unshare --pid --fork true; echo $?");
constinit const Probe privilege_uts = make_probe<Kind::Uts>(
    "privilege_uts", "setpriv --reuid 65534 --clear-groups unshare --uts true; echo $?");
constinit const Probe privilege_ipc = make_probe<Kind::Ipc>(
    "privilege_ipc", "setpriv --reuid 65534 --clear-groups unshare --ipc true; echo $?");
constinit const Probe privilege_net = make_probe<Kind::Net>(
    "privilege_net", "setpriv --reuid 65534 --clear-groups unshare --net true; echo $?");
constinit const Probe privilege_cgroup = make_probe<Kind::Cgroup>(
    "privilege_cgroup", "setpriv --reuid 65534 --clear-groups unshare --cgroup true; echo $?");
constinit const Probe privilege_time = make_probe<Kind::Time>(
    "privilege_time", "setpriv --reuid 65534 --clear-groups unshare --time true; echo $?");
constinit const Probe privilege_mnt = make_probe<Kind::Mnt>(
    "privilege_mnt", "setpriv --reuid 65534 --clear-groups unshare --mount true; echo $?");

constinit const Probe join_privilege_pid = join_probe<Kind::Pid>(
    "join_privilege_pid", "unshare --user --map-root-user nsenter --pid=/proc/1/ns/pid true");
constinit const Probe join_privilege_uts = join_probe<Kind::Uts>(
    "join_privilege_uts", "unshare --user --map-root-user nsenter --uts=/proc/self/ns/uts true");
constinit const Probe join_privilege_ipc = join_probe<Kind::Ipc>(
    "join_privilege_ipc", "unshare --user --map-root-user nsenter --ipc=/proc/self/ns/ipc true");
constinit const Probe join_privilege_net = join_probe<Kind::Net>(
    "join_privilege_net", "unshare --user --map-root-user nsenter --net=/proc/self/ns/net true");
constinit const Probe join_privilege_cgroup = join_probe<Kind::Cgroup>(
    "join_privilege_cgroup",
    "unshare --user --map-root-user nsenter --cgroup=/proc/self/ns/cgroup true");
constinit const Probe join_privilege_time = join_probe<Kind::Time>(
    "join_privilege_time", "unshare --user --map-root-user nsenter --time=/proc/self/ns/time true");
constinit const Probe join_privilege_mnt = join_probe<Kind::Mnt>(
    "join_privilege_mnt", "unshare --user --map-root-user nsenter --mount=/proc/self/ns/mnt true");

}  // namespace nsbench::probes
