// net: /proc/PID/net shows the namespace of that process, and a sysfs that of who mounted it.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/net/looks.h"
#include "probes/net/manual.h"
#include "probes/net/probes.h"
#include "probes/sandbox/arena.h"
#include "probes/sandbox/rtnetlink.h"

namespace nsbench::probes {

namespace {

constexpr const char* outside_name = "nsbout0";
constexpr const char* inside_name = "nsbin0";

// lo, whatever it is called by now, gets a name by which the two sides differ.
void rename(Scene& scene, const char* name) {
  const auto links = rtnetlink::links();
  if (!links || links->empty()) return scene.broken("no link to rename");
  scene.seen.result("rename", rtnetlink::rename_link(links->front().name, name).error().err);
}

std::string in_proc(std::string_view pid, const char* name) {
  return written_in(fmt::format("/proc/{}/net/dev", pid), fmt::format("{}:", name));
}

void mark_outside(Scene& scene) {
  rename(scene, outside_name);
  scene.seen.text("/proc/net", in_proc("self", outside_name));
}

// The outside is PID 1, and has the /proc of the arena in common with the inside.
void look_from_inside(Scene& scene) {
  scene.seen.text("/proc/net", in_proc("self", outside_name));
  scene.seen.text("/proc/thread-self/net", in_proc("thread-self", outside_name));
  scene.seen.text("/proc/1/net", in_proc("1", outside_name));
}

void look_at_inside(Scene& scene) {
  const std::string inside = std::to_string(scene.inside_pid());
  scene.seen.text("the outside's lo", in_proc(inside, outside_name));
}

constexpr std::array acts{
    Act{Side::Outside, "outside names its lo", mark_outside},
    Act{Side::Inside, "inside looks", look_from_inside},
    Act{Side::Outside, "outside looks at the inside", look_at_inside},
    Act{Side::Inside, "inside names its lo", [](Scene& s) { rename(s, inside_name); }},
    Act{Side::Outside, "outside looks again",
        [](Scene& s) {
          s.seen.text("the inside's lo", in_proc(std::to_string(s.inside_pid()), inside_name));
          s.seen.text("/proc/net", in_proc("self", inside_name));
        }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside looks");
  const Observation& again = t.at("outside looks again");
  j.works_errno("the outside can name its lo", t.at("outside names its lo").errno_of("rename"));
  j.works_errno("the inside can name its lo", t.at("inside names its lo").errno_of("rename"));
  judge_private(j, "in its own /proc/net the outside's lo",
                t.at("outside names its lo").text_of("/proc/net"), inside.text_of("/proc/net"));
  j.isolated_equal("/proc/thread-self/net is the inside's too", "no",
                   inside.text_of("/proc/thread-self/net"));
  j.works_equal("/proc/PID/net of a process outside shows the outside's", "yes",
                inside.text_of("/proc/1/net"));
  j.isolated_equal("/proc/PID/net of a process inside does not show the outside's", "no",
                   t.at("outside looks at the inside").text_of("the outside's lo"));
  judge_private(j, "in /proc/net the inside's lo", again.text_of("the inside's lo"),
                again.text_of("/proc/net"));
  return j;
}

namespace sysfs {

std::string mount_point() { return scratch_dir() + "/sys"; }

std::string shown(const char* name) {
  const std::string file = fmt::format("{}/class/net/{}", mount_point(), name);
  return ::access(file.c_str(), F_OK) == 0 ? "yes" : errno == ENOENT ? "no" : errno_name(errno);
}

void mount_and_mark(Scene& scene) {
  rename(scene, outside_name);
  ::mkdir(mount_point().c_str(), 0755);
  if (::mount("sysfs", mount_point().c_str(), "sysfs", 0, nullptr) != 0) {
    if (errno == EPERM && ::access("/sys/kernel", F_OK) != 0) {
      return scene.skip(SkipReason::Policy, "mount(sysfs): EPERM, and no whole sysfs is at /sys");
    }
    scene.seen.result("mount", errno);
    return;
  }
  scene.seen.result("mount", 0);
  scene.seen.text("the outside's lo", shown(outside_name));
}

constexpr std::array acts{
    Act{Side::Outside, "outside mounts a sysfs", mount_and_mark},
    Act{Side::Inside, "inside names its lo",
        [](Scene& s) {
          s.seen.text("the outside's lo", shown(outside_name));
          rename(s, inside_name);
          s.seen.text("the inside's lo", shown(inside_name));
        }},
    Act{Side::Outside, "outside looks",
        [](Scene& s) { s.seen.text("the outside's lo", shown(outside_name)); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside names its lo");
  j.works_errno("a sysfs can be mounted", t.at("outside mounts a sysfs").errno_of("mount"));
  j.works_equal("it shows its mounter's lo", "yes",
                t.at("outside mounts a sysfs").text_of("the outside's lo"));
  j.works_equal("it shows that to the inside as well", "yes", inside.text_of("the outside's lo"));
  j.works_errno("the inside can name its lo", inside.errno_of("rename"));
  j.isolated_equal("it shows nothing of the inside, not even to the inside", "no",
                   inside.text_of("the inside's lo"));
  j.isolated_equal("what the inside does changes nothing in it", "yes",
                   t.at("outside looks").text_of("the outside's lo"));
  return j;
}

}  // namespace sysfs

}  // namespace

constinit const Probe proc_net{
    .family = "net",
    .name = "proc_net",
    .sentence = "/proc/PID/net shows the network namespace of that process, whoever reads it",
    .source = "network_namespaces(7), proc_pid_net(5); fs/proc/proc_net.c get_proc_task_net()",
    .first_kernel = "2.6.29",
    .namespaces = {Kind::Net},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why = manual::proc_net.why,
    .failure = manual::proc_net.failure,
    .by_hand = manual::proc_net.by_hand};

constinit const Probe sysfs_mounter{
    .family = "net",
    .name = "sysfs_mounter",
    .sentence = "a sysfs shows the links of the namespace in which it was mounted",
    .source = "network_namespaces(7), sysfs(5); net/core/net-sysfs.c net_grab_current_ns()",
    .first_kernel = "2.6.35",
    .namespaces = {Kind::Net},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = sysfs::acts,
    .judge = sysfs::judge,
    .why = manual::sysfs_mounter.why,
    .failure = manual::sysfs_mounter.failure,
    .by_hand = manual::sysfs_mounter.by_hand};

}  // namespace nsbench::probes
