// mnt: fs.mount-max bounds the number of mounts of one namespace, and of that one alone.
#include <fmt/format.h>
#include <sys/mount.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/mnt/mounts.h"
#include "probes/mnt/probes.h"
#include "probes/sandbox/files.h"
#include "reports/number.h"

namespace nsbench::probes {

namespace {

constexpr const char* limit_file = "/proc/sys/fs/mount-max";
// Filling a namespace takes memory for every mount and time for everybody who mounts meanwhile. So
// it is done where the limit was set low, as nsbench does in a virtual machine of its own.
constexpr std::int64_t most_tried = 10'000;
constexpr int doublings = 14;

std::int64_t limit() {
  const Result<std::string> text = read_small_file(limit_file);
  return text ? parse_number<std::int64_t>(*text).value_or(-1) : -1;
}

void look_at_limit(Scene& scene) {
  const std::int64_t most = limit();
  if (most < 0) return scene.skip(SkipReason::KernelTooOld, std::string("no ") + limit_file);
  if (most > most_tried) {
    return scene.skip(SkipReason::Limit,
                      fmt::format("{} is {}; it is tried up to {}", limit_file, most, most_tried));
  }
  scene.seen.number("limit", most);
  make_dir("one-more");
}

std::string copy_of(int step) { return fmt::format("tree/{}", step); }

// Copies a tree of mounts into itself until it does not fit: the copy of step N has 2^N mounts.
// Then what is left is filled with the smaller copies, the largest first.
void fill(Scene& scene) {
  mount_at("tree");
  int step = 0;
  for (; step < doublings; ++step) {
    if (mount_bind(place("tree"), make_dir(copy_of(step)), MS_REC) != 0) break;
  }
  scene.seen.result("the last copy", step < doublings ? errno : 0);
  mount_tmpfs(make_dir("rest"));
  for (int part = step - 1; part >= 0; --part) {
    mount_bind(place(copy_of(part)), make_dir(fmt::format("rest/{}", part)), MS_REC);
  }
  scene.seen.call("one more", mount_tmpfs(make_dir("one-more")));
  scene.seen.number("mounts", static_cast<std::int64_t>(read_mounts().size()));
}

constexpr std::array acts{
    Act{Side::Outside, "outside looks at the limit", look_at_limit},
    Act{Side::Inside, "inside mounts as much as it can", fill},
    Act{Side::Outside, "outside mounts",
        [](Scene& s) { s.seen.call("mount", mount_tmpfs(place("one-more"))); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside mounts as much as it can");
  const std::int64_t most = t.at("outside looks at the limit").number_of("limit");
  j.works("there is a limit", "a number over 0", std::to_string(most), most > 0);
  j.rule_errno("a tree that does not fit is refused as a whole", ENOSPC,
               inside.errno_of("the last copy"));
  j.rule_errno("in a full namespace one more mount is refused", ENOSPC,
               inside.errno_of("one more"));
  // mountinfo leaves out what is not below the root directory.
  const std::int64_t mounts = inside.number_of("mounts");
  j.rule("it is full with no more mounts than the limit says",
         fmt::format("{} to {}", most / 2, most), std::to_string(mounts),
         mounts > most / 2 && mounts <= most);
  j.isolated_errno("another namespace is not full", 0, t.at("outside mounts").errno_of("mount"));
  return j;
}

}  // namespace

// Root is left out: the arena of an unprivileged process can be filled by anybody, and once is
// enough.
constinit const Probe mount_max{
    .family = "mnt",
    .name = "mount_max",
    .sentence = "fs.mount-max bounds the mounts of each namespace by itself",
    .source = "proc_sys_fs(5); fs/namespace.c count_mounts()",
    .first_kernel = "4.9",
    .namespaces = {Kind::Mnt},
    .ways = one_way,
    .privileges = userns_only,
    .acts = acts,
    .judge = judge,
    .why =
        "A few recursive bind mounts double the number of mounts each, so that without a limit "
        "an unprivileged user fills the memory in a second.",
    .failure = "A user uses up the kernel's memory, or fills the limit of everybody else.",
    .by_hand =
        "cat /proc/sys/fs/mount-max\n"
        "unshare -Urm sh -c '\n"
        "  mount -t tmpfs none /mnt; i=0\n"
        "  while mkdir /mnt/$i && mount --rbind /mnt /mnt/$i; do i=$((i + 1)); done\n"
        "  wc -l /proc/self/mountinfo'",
};

}  // namespace nsbench::probes
