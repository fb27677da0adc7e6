// user: how many namespaces of each kind a user namespace may hold.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <string>

#include "probes/sandbox/calls.h"
#include "probes/sandbox/files.h"
#include "probes/user/further.h"
#include "probes/user/probes.h"

namespace nsbench::probes {

namespace {

constexpr int limit = 2;  // the sum of what this user namespace and those below it hold
constexpr int cycles = 10 * limit;
// How long one namespace that was destroyed may still count. A slow machine (an emulated one) takes
// a second to free a network namespace.
constexpr std::chrono::milliseconds patience{3500};
// No further cycles are begun after this, so that a slow machine keeps the case's deadline.
constexpr std::chrono::milliseconds cycling{1500};

std::string sysctl(Kind kind) { return fmt::format("/proc/sys/user/{}", row(kind).limit); }

std::string read_limit(Kind kind) {
  const Result<std::string> text = read_small_file(sysctl(kind));
  return text ? trimmed(*text) : text.error().str();
}

// A process that holds one namespace of the kind, by the case's method.
Further hold(Observation& seen, const std::string& name, Method method, Kind kind) {
  return {seen, name, method, NamespaceSet{kind}, {}};
}

// The kernel frees namespaces some time after their last process: until then they count. So a
// refusal is tried again until a deadline; a count that leaked is never given back.
Further hold_in_time(Observation& seen, const std::string& name, Method method, Kind kind,
                     std::chrono::milliseconds span) {
  const Deadline deadline = Deadline::in(span);
  for (;;) {
    Further one = hold(seen, name, method, kind);
    if (seen.errno_of(name + " enter") != ENOSPC || deadline.passed()) return one;
    constexpr int pause_ms = 2;
    ::poll(nullptr, 0, pause_ms);
  }
}

// From a user namespace below, which has a limit of its own, far away.
int make_below(Method method, Kind kind) {
  Observation seen;
  Further below(seen, "below", Method::Clone, NamespaceSet{Kind::User},
                {[method, kind](Observation& inner) {
                  const Further one = hold(inner, "one more", method, kind);
                }});
  // Its ids have to be mapped, or it could not nest.
  below.map_own_ids(seen, 0);
  below.look(seen, "it");
  return seen.errno_of(below.made() ? "it one more enter" : "below enter");
}

void set_limit(Scene& scene, Kind kind) {
  const int err = write_errno(sysctl(kind), std::to_string(limit));
  scene.seen.result("set the limit", err);
  if (err == EROFS) scene.skip(SkipReason::Policy, "/proc/sys is read-only here");
}

// Never where the inside is not in a user namespace of its own: the limit would be the outside's.
bool is_private(Scene& scene) {
  const bool own = own_user_namespace() != scene.saw("outside looks").text_of("user namespace");
  scene.seen.number("own user namespace", own ? 1 : 0);
  return own;
}

template <Kind kind>
void fill(Scene& scene) {
  if (!is_private(scene)) return;
  const Method method = scene.recipe().method;
  set_limit(scene, kind);
  if (scene.ended()) return;
  Observation& seen = scene.seen;
  seen.text("limit inside", read_limit(kind));
  const Further first = hold(seen, "first", method, kind);
  // Of user namespaces, the one below is itself the second; when it has ended, it still counts for
  // a while.
  if constexpr (kind == Kind::User) seen.result("from below", make_below(method, kind));
  const Further second = hold_in_time(seen, "second", method, kind, patience);
  const Further third = hold(seen, "third", method, kind);
  if constexpr (kind != Kind::User) seen.result("from below", make_below(method, kind));
}

template <Kind kind>
void drain(Scene& scene) {
  const bool filled = scene.saw("inside fills its limit").errno_of("second enter") == 0;
  if (!is_private(scene) || !filled) return;
  const Deadline deadline = Deadline::in(cycling);
  const Method method = scene.recipe().method;
  Observation one;
  int done = 0;
  int err = 0;
  while (done < cycles && err == 0 && !deadline.passed()) {
    std::array<std::unique_ptr<Further>, limit> held;  // as many as may be, and then none
    for (std::unique_ptr<Further>& place : held) {
      if (err != 0) break;
      place = std::make_unique<Further>(hold_in_time(one, "it", method, kind, patience));
      err = one.errno_of("it enter");
      if (err == 0) ++done;
    }
  }
  scene.seen.number("cycles", done);
  scene.seen.result("ended with", err);
}

template <Kind kind>
constexpr std::array acts{
    Act{Side::Outside, "outside looks",
        [](Scene& s) {
          if (!read_link(fmt::format("/proc/self/ns/{}", row(kind).name))) {
            s.skip(SkipReason::NoNamespace, fmt::format("/proc/self/ns has no {}", row(kind).name));
          }
          s.seen.text("user namespace", own_user_namespace());
          s.seen.text("limit", read_limit(kind));
        }},
    Act{Side::Inside, "inside fills its limit", fill<kind>},
    Act{Side::Inside, "inside makes and destroys", drain<kind>},
    Act{Side::Outside, "outside looks again",
        [](Scene& s) { s.seen.text("limit", read_limit(kind)); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside fills its limit");
  const Observation& drained = t.at("inside makes and destroys");
  j.works_equal("the inside has a user namespace of its own", "1",
                std::to_string(seen.number_of("own user namespace")));
  j.works_errno("its limit can be set", seen.errno_of("set the limit"));
  j.works_equal("and is read", std::to_string(limit), seen.text_of("limit inside"));
  j.rule_equal("the outside's limit stays", t.at("outside looks").text_of("limit"),
               t.at("outside looks again").text_of("limit"));
  j.works_errno("one namespace can be made", seen.errno_of("first enter"));
  j.works_errno("a second can be made", seen.errno_of("second enter"));
  j.rule_errno("a third is ENOSPC", ENOSPC, seen.errno_of("third enter"));
  j.rule_errno("a further one from a user namespace below is ENOSPC", ENOSPC,
               seen.errno_of("from below"));
  const std::int64_t made = drained.number_of("cycles");
  j.rule("the limit can be filled again, when those that filled it are gone",
         fmt::format("{} times, or {} where they go slowly", cycles, limit), std::to_string(made),
         made >= limit);
  j.rule_errno("what was destroyed is not counted any more", 0, drained.errno_of("ended with"));
  return j;
}

template <Kind kind>
constexpr Probe limit_probe(std::string_view name, std::string_view sentence,
                            std::string_view first_kernel, std::string_view by_hand) {
  return {.family = "user",
          .name = name,
          .sentence = sentence,
          .source = "namespaces(7) \"The /proc/sys/user directory\"; kernel/ucount.c inc_ucount()",
          .first_kernel = first_kernel,
          .namespaces = {Kind::User},
          // Classic clone has no flag for time.
          .ways = kind == Kind::Time ? std::span(making_ways).subspan(1) : making_ways,
          .privileges = all_privileges,
          .acts = acts<kind>,
          .judge = judge,
          .why =
              "The limits keep one user, or one container, from filling the kernel's memory with "
              "namespaces. A container has its own below its host's.",
          .failure =
              "A container makes namespaces without end; or, where counts leak, after enough "
              "of them nobody can start a container until the machine is booted again.",
          .by_hand = by_hand,
          .control = ControlKind::Positive,
          // For the kernel to free them.
          .waits = true};
}

}  // namespace

constinit const Probe limit_user = limit_probe<Kind::User>(
    "limit_user", "max_user_namespaces bounds a user namespace and those below it", "4.9",
    "unshare --user --map-root-user sh -c 'echo 1 >/proc/sys/user/max_user_namespaces; unshare "
    "--map-root-user unshare --user true; cat /proc/sys/user/max_user_namespaces'\n"
    "cat /proc/sys/user/max_user_namespaces");
constinit const Probe limit_pid = limit_probe<Kind::Pid>(
    "limit_pid", "max_pid_namespaces bounds a user namespace and those below it", "4.9",
    "unshare --user --map-root-user sh -c 'echo 1 >/proc/sys/user/max_pid_namespaces; unshare "
    "--pid --fork unshare --pid --fork true'\n"
    "cat /proc/sys/user/max_pid_namespaces");
constinit const Probe limit_uts = limit_probe<Kind::Uts>(
    "limit_uts", "max_uts_namespaces bounds a user namespace and those below it", "4.9",
    "unshare --user --map-root-user sh -c 'echo 1 >/proc/sys/user/max_uts_namespaces; unshare "
    "--uts unshare --uts true'\n"
    "cat /proc/sys/user/max_uts_namespaces");
constinit const Probe limit_ipc = limit_probe<Kind::Ipc>(
    "limit_ipc", "max_ipc_namespaces bounds a user namespace and those below it", "4.9",
    "unshare --user --map-root-user sh -c 'echo 1 >/proc/sys/user/max_ipc_namespaces; unshare "
    "--ipc unshare --ipc true'\n"
    "cat /proc/sys/user/max_ipc_namespaces");
constinit const Probe limit_net = limit_probe<Kind::Net>(
    "limit_net", "max_net_namespaces bounds a user namespace and those below it", "4.9",
    "unshare --user --map-root-user sh -c 'echo 1 >/proc/sys/user/max_net_namespaces; unshare "
    "--net unshare --net true'\n"
    "cat /proc/sys/user/max_net_namespaces");
constinit const Probe limit_cgroup = limit_probe<Kind::Cgroup>(
    "limit_cgroup", "max_cgroup_namespaces bounds a user namespace and those below it", "4.9",
    "unshare --user --map-root-user sh -c 'echo 1 >/proc/sys/user/max_cgroup_namespaces; unshare "
    "--cgroup unshare --cgroup true'\n"
    "cat /proc/sys/user/max_cgroup_namespaces");
constinit const Probe limit_time = limit_probe<Kind::Time>(
    "limit_time", "max_time_namespaces bounds a user namespace and those below it", "5.7",
    "unshare --user --map-root-user sh -c 'echo 1 >/proc/sys/user/max_time_namespaces; unshare "
    "--time unshare --time true'\n"
    "cat /proc/sys/user/max_time_namespaces");
constinit const Probe limit_mnt = limit_probe<Kind::Mnt>(
    "limit_mnt", "max_mnt_namespaces bounds a user namespace and those below it", "4.9",
    "unshare --user --map-root-user sh -c 'echo 1 >/proc/sys/user/max_mnt_namespaces; unshare "
    "--mount unshare --mount true'\n"
    "cat /proc/sys/user/max_mnt_namespaces");

}  // namespace nsbench::probes
