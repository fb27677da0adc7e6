// pid: the highest pid is the namespace's own to limit, since 6.14.
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include "probes/helpers.h"
#include "probes/pid/probes.h"
#include "probes/pid/processes.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/support.h"
#include "reports/number.h"

namespace nsbench::probes {

namespace {

constexpr const char* file = "/proc/sys/kernel/pid_max";

int pid_max() {
  const Result<std::string> text = read_small_file(file);
  return text ? parse_number<int>(*text).value_or(-1) : -1;
}

int write_pid_max(int value) {
  const Status written = write_small_file(file, std::to_string(value));
  return written ? 0 : written.error().err;
}

// A child with these pids, from the caller's namespace outwards (set_tid, clone(2)); or the errno.
int fork_as(const std::vector<pid_t>& pids) {
  const pid_t made = calls::clone3_with_pids(0, pids.data(), pids.size());
  if (made == 0) ::_exit(0);
  if (made < 0) return errno;
  ::waitpid(made, nullptr, 0);
  return 0;
}

// On an older kernel the file is the whole machine's, and is not to be written. On a newer one that
// shares it all the same, one less than before does no harm until it is set back.
bool may_write(Scene& scene) {
  struct statvfs info {};
  if (KernelRelease::running() < KernelRelease{6, 14}) {
    scene.skip(SkipReason::KernelTooOld, "pid_max is the machine's before 6.14: not written");
  } else if (!arena_contains_us()) {
    scene.broken("not in a pid namespace of its own");
  } else if (::statvfs(file, &info) == 0 && (info.f_flag & ST_RDONLY) != 0) {
    scene.skip(SkipReason::Policy, "/proc/sys is mounted read-only here");
  }
  return !scene.ended();
}

void lower_outside(Scene& scene) {
  if (!may_write(scene)) return;
  const int before = pid_max();
  scene.seen.number("before", before);
  scene.seen.result("write", write_pid_max(before - 1));
  scene.seen.number("limit", pid_max());
}

void lower_inside(Scene& scene) {
  const auto outer = static_cast<int>(scene.saw("outside lowers it").number_of("limit"));
  const int before = pid_max();
  scene.seen.number("before", before);
  scene.seen.result("write", write_pid_max(before - 8));
  scene.seen.number("limit", pid_max());
  scene.seen.number("wanted", before - 8);
  scene.seen.result("below the limit", fork_as({before - 9}));
  scene.seen.result("at the limit", fork_as({before - 8}));
  // In a control the next level out is not the arena's: its numbers are left alone.
  const bool fresh = !scene.recipe().namespaces.empty();
  constexpr pid_t any = 210;
  scene.seen.result("below the outer limit",
                    fork_as(fresh ? std::vector{any, outer - 1} : std::vector{any}));
  if (fresh) scene.seen.result("at the outer limit", fork_as({any, outer}));
  constexpr int reserved = 300;  // RESERVED_PIDS of kernel/pid.c
  scene.seen.result("write the reserved", write_pid_max(reserved));
}

void look_again(Scene& scene) {
  const Observation& lowered = scene.saw("outside lowers it");
  scene.seen.number("limit", pid_max());
  scene.seen.result("below the limit",
                    fork_as({static_cast<pid_t>(lowered.number_of("limit")) - 1}));
  write_pid_max(static_cast<int>(lowered.number_of("before")));
}

constexpr std::array ways{Way{Method::Clone, ""}};
constexpr std::array acts{
    Act{Side::Outside, "outside lowers it", lower_outside},
    Act{Side::Inside, "inside lowers it", lower_inside},
    Act{Side::Outside, "outside looks again", look_again},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& outside = t.at("outside lowers it");
  const Observation& inside = t.at("inside lowers it");
  const Observation& again = t.at("outside looks again");
  const auto number = [](const Observation& seen, std::string_view name) {
    return std::to_string(seen.number_of(name));
  };
  j.works_errno("pid_max can be written outside", outside.errno_of("write"));
  j.works_errno("pid_max can be written inside", inside.errno_of("write"));
  j.rule_equal("it is what was written", number(inside, "wanted"), number(inside, "limit"));
  const std::int64_t inherited = inside.number_of("before");
  j.isolated("a limit set outside is not seen inside", "anything but " + number(outside, "limit"),
             std::to_string(inherited), inherited > 0 && inherited != outside.number_of("limit"));
  j.isolated_equal("a limit set inside is not seen outside", number(outside, "limit"),
                   number(again, "limit"));
  j.isolated_errno("a limit set inside does not bind the outside", 0,
                   again.errno_of("below the limit"));
  j.works_errno("the highest pid below the limit can be had", inside.errno_of("below the limit"));
  j.rule_errno("the limit itself can't", EINVAL, inside.errno_of("at the limit"));
  j.works_errno("the highest pid that the outside allows can be had there",
                inside.errno_of("below the outer limit"));
  j.rule_errno("the limit of the outside binds the inside's pids there", EINVAL,
               inside.errno_of("at the outer limit"));
  j.rule_errno("a limit that leaves no pid is refused", EINVAL,
               inside.errno_of("write the reserved"));
  return j;
}

}  // namespace

constinit const Probe pid_max_own{
    .family = "pid",
    .name = "pid_max",
    .sentence = "kernel.pid_max is the namespace's own, and an outer one's binds the inner",
    .source =
        "pid_namespaces(7), proc_sys_kernel(5); kernel/pid.c alloc_pid(), "
        "register_pidns_sysctls()",
    .first_kernel = "6.14",
    .namespaces = {Kind::Pid},
    .ways = ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "Old programs in containers need pids of 15 bits. Before 6.14 one had to lower the "
        "limit of the whole machine for them.",
    .failure =
        "Somebody inside sets how many processes the host may have, and can keep it from "
        "starting any.",
    .by_hand =
        "unshare --pid --fork --mount-proc sh -c\\\n"
        "  'echo 5000 > /proc/sys/kernel/pid_max; cat /proc/sys/kernel/pid_max'  # 6.14\n"
        "cat /proc/sys/kernel/pid_max",
};

}  // namespace nsbench::probes
