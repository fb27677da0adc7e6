// calls: making and leaving namespaces over and over leaves nothing behind.
#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>

#include "probes/calls/probes.h"
#include "probes/nsfs/limits.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/proc_text.h"
#include "reports/number.h"

namespace nsbench::probes {

namespace {

constexpr int cycles = 60;       // of one round
constexpr int most_rounds = 24;  // a leak grows in each; anything else will not, so often

// The slab cache of what a namespace of this kind is made of; ipc, cgroup and time have none.
std::string_view slab_of(Kind kind) {
  switch (kind) {
    case Kind::User:
      return "user_namespace";
    case Kind::Pid:
      return "pid_namespace";
    case Kind::Uts:
      return "uts_namespace";
    case Kind::Net:
      return "net_namespace";
    case Kind::Mnt:
      return "mnt_cache";
    default:
      return "";
  }
}

// How much the kernel holds: objects of the slab where it is named and may be read (slabinfo(5)),
// the kernel's memory in bytes else. `least` is what a round of leaks must add.
struct Figure {
  std::int64_t value = 0;
  std::int64_t least = 0;
  std::string unit;
};

Figure measure(Kind kind) {
  const Result<std::string> slabs = read_small_file("/proc/slabinfo");
  const std::string_view slab = slab_of(kind);
  if (slabs && !slab.empty()) {
    const auto active = parse_active_objects(*slabs, slab);
    if (active) return {*active, cycles / 2, fmt::format("{} objects", slab)};
  }
  const Result<std::string> info = read_small_file("/proc/meminfo");
  const std::uint32_t kib =
      info ? parse_first_number<std::uint32_t>(field_of(*info, "SUnreclaim")).value_or(0) : 0;
  constexpr std::int64_t bytes = 256;  // at least, of any namespace
  return {std::int64_t{kib} * 1024, cycles * bytes, "bytes of SUnreclaim"};
}

int own_of(Kind kind) { return kind == Kind::Mnt ? 1 : 0; }  // of the limited process itself

// A round: namespaces made and left, until the kernel counts none. The errno of what failed.
int run_round(Kind kind) {
  ns_limit::allow(kind, own_of(kind) + cycles);
  for (int i = 0; i < cycles; ++i) {
    const int err = ns_limit::try_to_make(kind);
    // Those before may not be gone yet.
    if (err == ENOSPC && ns_limit::await_room(kind) == 0) continue;
    if (err != 0) return err;
  }
  ns_limit::allow(kind, own_of(kind) + 1);
  return ns_limit::await_room(kind);
}

int count_processes() {
  int count = 0;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir("/proc"), ::closedir);
  while (const dirent* entry = dir ? ::readdir(dir.get()) : nullptr) {
    if (std::isdigit(static_cast<unsigned char>(entry->d_name[0])) != 0) ++count;
  }
  return count;
}

// Rounds until one adds less than a leak would. The first one only warms the caches up.
template <Kind kind>
void grow(Observation& seen) {
  seen.result("warm up", run_round(kind));
  seen.number("processes before", count_processes());
  int round = 0;
  for (bool grows = true; grows && round < most_rounds; ++round) {
    const Figure before = measure(kind);
    const int err = run_round(kind);
    seen.result("room after all", err);
    if (err != 0) break;
    const Figure after = measure(kind);
    grows = after.value - before.value >= before.least;
    seen.text("last round", fmt::format("{} {}", after.value - before.value, after.unit));
  }
  seen.number("rounds that grew", round - 1);
  seen.number("processes after", count_processes());
}

template <Kind kind>
constexpr std::array acts{Act{Side::Outside, "outside makes and leaves",
                              [](Scene& s) { ns_limit::in_limited(s, grow<kind>); }}};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside makes and leaves");
  const std::int64_t grew = seen.number_of("limited rounds that grew");
  j.works_errno("namespaces can be made and left", seen.errno_of("limited warm up"));
  j.rule_errno("none of them counts against the limit afterwards", 0,
               seen.errno_of("limited room after all"));
  j.rule("the kernel's memory does not grow in every round",
         fmt::format("from 0 to below {} rounds in a row", most_rounds - 1),
         fmt::format("{}, the last by {}", grew, seen.text_of("limited last round")),
         grew >= 0 && grew < most_rounds - 1);
  j.rule_equal("no process is left", std::to_string(seen.number_of("limited processes before")),
               std::to_string(seen.number_of("limited processes after")));
  j.works("processes are counted", "at least one",
          std::to_string(seen.number_of("limited processes before")),
          seen.number_of("limited processes before") > 0);
  return j;
}

constexpr std::array unshare_way{Way{Method::Unshare, ""}};

template <Kind kind>
constexpr Probe growth_probe(std::string_view name, std::string_view by_hand) {
  return {.family = "calls",
          .name = name,
          .sentence = "namespaces that were made and left leave no memory, count or process behind",
          .source =
              "namespaces(7), \"Namespace lifetime\"; kernel/nsproxy.c free_nsproxy(), "
              "kernel/ucount.c dec_ucount()",
          .first_kernel = "4.9",
          .namespaces = {kind},
          .ways = unshare_way,
          .privileges = all_privileges,
          .acts = acts<kind>,
          .judge = judge,
          .why =
              "A build server or a function platform makes millions of namespaces between two "
              "boots.",
          .failure =
              "Whoever may make namespaces, which is every user, uses the machine's memory "
              "or limits up.",
          .by_hand = by_hand,
          .control = ControlKind::Positive,
          .arena = {Kind::User},
          .alone = true};
}

}  // namespace

constinit const Probe no_growth_user =
    growth_probe<Kind::User>("no_growth_user",
                             "grep user_namespace /proc/slabinfo\n"
                             "for i in $(seq 200); do unshare --user true; done\n"
                             "grep user_namespace /proc/slabinfo");
constinit const Probe no_growth_pid =
    growth_probe<Kind::Pid>("no_growth_pid",
                            "grep pid_namespace /proc/slabinfo\n"
                            "for i in $(seq 200); do unshare --pid --fork true; done\n"
                            "grep pid_namespace /proc/slabinfo");
constinit const Probe no_growth_uts =
    growth_probe<Kind::Uts>("no_growth_uts",
                            "grep uts_namespace /proc/slabinfo\n"
                            "for i in $(seq 200); do unshare --uts true; done\n"
                            "grep uts_namespace /proc/slabinfo");
constinit const Probe no_growth_ipc =
    growth_probe<Kind::Ipc>("no_growth_ipc",
                            "grep SUnreclaim /proc/meminfo\n"
                            "for i in $(seq 200); do unshare --ipc true; done\n"
                            "grep SUnreclaim /proc/meminfo");
constinit const Probe no_growth_net =
    growth_probe<Kind::Net>("no_growth_net",
                            "grep net_namespace /proc/slabinfo\n"
                            "for i in $(seq 200); do unshare --net true; done\n"
                            "grep net_namespace /proc/slabinfo");
constinit const Probe no_growth_cgroup =
    growth_probe<Kind::Cgroup>("no_growth_cgroup",
                               "grep SUnreclaim /proc/meminfo\n"
                               "for i in $(seq 200); do unshare --cgroup true; done\n"
                               "grep SUnreclaim /proc/meminfo");
constinit const Probe no_growth_time =
    growth_probe<Kind::Time>("no_growth_time",
                             "grep SUnreclaim /proc/meminfo\n"
                             "for i in $(seq 200); do unshare --time true; done\n"
                             "grep SUnreclaim /proc/meminfo");
constinit const Probe no_growth_mnt =
    growth_probe<Kind::Mnt>("no_growth_mnt",
                            "grep mnt_cache /proc/slabinfo\n"
                            "for i in $(seq 200); do unshare --mount true; done\n"
                            "grep mnt_cache /proc/slabinfo");

}  // namespace nsbench::probes
