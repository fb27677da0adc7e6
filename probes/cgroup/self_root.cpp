// cgroup: paths are shown relative to the cgroup in which the namespace was made, in both versions.
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/cgroup/hierarchy.h"
#include "probes/cgroup/probes.h"
#include "probes/evidence.h"
#include "probes/sandbox/arena.h"
#include "probes/sandbox/child.h"

namespace nsbench::probes {

namespace {

using own_cgroup::Version;

// What /proc/self/cgroup says, where it is looked at with no other arrangement.
void look(Observation& seen) { seen.text("unified", own_cgroup::path_of("self", "0::")); }

// A process that stays in another cgroup; or 0.
pid_t start_in(const std::string& directory) {
  Result<Child> child =
      Child::fork([&directory] { return own_cgroup::move_to(directory) == 0 ? ::pause() : 1; });
  if (!child) return 0;
  const pid_t pid = child->pid();
  child->disown();  // it ends with the arena
  return pid;
}

// Until the kernel has moved it: the process does that by itself.
bool await_path(pid_t pid, const std::string& head, std::string_view end) {
  for (const auto limit = Deadline::in(std::chrono::seconds(5)); !limit.passed();) {
    if (own_cgroup::path_of(std::to_string(pid), head).ends_with(end)) return true;
    ::usleep(1000);
  }
  return false;
}

template <Version version>
void arrange(Scene& scene) {
  if (!own_cgroup::is_there(scene, version)) return;
  if (skip_if_foreign_proc(scene)) return;
  const std::string base = own_cgroup::directory(version);
  const std::string head = own_cgroup::line_head(version);
  for (const char* below : {"/inner", "/inner/mark", "/other"}) {
    if (::mkdir((base + below).c_str(), 0755) != 0) {
      return scene.broken("mkdir in the own cgroup: " + errno_name(errno));
    }
  }
  const pid_t other = start_in(base + "/other");
  if (other == 0 || !await_path(other, head, "/other")) return scene.broken("no process beside");
  scene.seen.number("pid beside", other);
  scene.seen.text("line", head);
  scene.seen.result("move", own_cgroup::move_to(base + "/inner"));
  scene.seen.text("path", own_cgroup::path_of("self", head));
  scene.seen.text("mount root", own_cgroup::mount_root(head));
}

std::string head_of(const Scene& scene) { return scene.saw("outside arranges").text_of("line"); }

template <Version version>
void look_inside(Scene& scene) {
  const std::string head = head_of(scene);
  const auto beside = scene.saw("outside arranges").number_of("pid beside");
  Observation& seen = scene.seen;
  seen.text("path", own_cgroup::path_of("self", head));
  seen.text("path beside", own_cgroup::path_of(std::to_string(beside), head));
  seen.text("mount root", own_cgroup::mount_root(head));
  const std::string point = scratch_dir() + "/mounted";
  ::mkdir(point.c_str(), 0755);
  const char* const type = version == Version::Unified ? "cgroup2" : "cgroup";
  seen.call("mount",
            ::mount("nsbench", point.c_str(), type, 0, own_cgroup::mount_option(head).c_str()));
  seen.text("fresh mount's root", own_cgroup::mount_root(head, point));
  seen.call("access(mark)", ::access((point + "/mark").c_str(), F_OK));
}

template <Version version>
void move_up(Scene& scene) {
  const std::string head = head_of(scene);
  scene.seen.result("move", own_cgroup::move_to(own_cgroup::directory(version)));
  scene.seen.text("inside's path", own_cgroup::path_of(std::to_string(scene.inside_pid()), head));
}

void look_up(Scene& scene) {
  scene.seen.text("path above", own_cgroup::path_of("1", head_of(scene)));
}

template <Version version>
constexpr std::array acts{
    Act{Side::Outside, "outside arranges", arrange<version>},
    Act{Side::Inside, "inside looks", look_inside<version>},
    Act{Side::Outside, "outside moves up", move_up<version>},
    Act{Side::Inside, "inside looks up", look_up},
};

// As far up from a mount's root as from `path` to the outside's own namespace root.
std::string further_up(const std::string& mount_root, const std::string& path) {
  std::string up = mount_root == "/" ? "" : mount_root;
  for (const char c : path) up += c == '/' ? "/.." : "";
  return up;
}

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& outside = t.at("outside arranges");
  const Observation& inside = t.at("inside looks");
  const std::string path = outside.text_of("path");
  const std::string mount_root = outside.text_of("mount root");
  j.works_errno("the outside can move to a cgroup of its own", outside.errno_of("move"));
  j.works("the outside is in it", ".../inner", path, path.ends_with("/inner"));
  j.works_equal("the outside sees the inside there, by setns too", path,
                t.at("outside moves up").text_of("inside's path"));
  j.works_errno("the outside can move up", t.at("outside moves up").errno_of("move"));
  j.isolated_equal("/proc/self/cgroup inside reads /", "/", inside.text_of("path"));
  j.isolated_equal("a process in a cgroup beside is shown relative to that", "/../other",
                   inside.text_of("path beside"));
  j.isolated_equal("a process above is shown as /..", "/..",
                   t.at("inside looks up").text_of("path above"));
  j.works("the outside's mount has a root", "/ or /..", mount_root, mount_root.starts_with("/"));
  j.isolated_equal("the root of an inherited mount is relative too, and further up",
                   further_up(mount_root, path), inside.text_of("mount root"));
  j.works_errno("a cgroup file system can be mounted inside", inside.errno_of("mount"));
  j.works_equal("its root reads /", "/", inside.text_of("fresh mount's root"));
  j.isolated_errno("it starts at the namespace's root", 0, inside.errno_of("access(mark)"));
  return j;
}

template <Version version>
constexpr Probe self_root_probe(std::string_view name, std::string_view sentence) {
  return {.family = "cgroup",
          .name = name,
          .sentence = sentence,
          .source =
              "cgroup_namespaces(7); kernel/cgroup/namespace.c copy_cgroup_ns(), "
              "kernel/cgroup/cgroup.c cgroup_path_ns(), cgroup_show_path()",
          .first_kernel = "4.6",
          .namespaces = {Kind::Cgroup},
          .ways = all_ways,
          .privileges = all_privileges,
          .acts = acts<version>,
          .judge = judge,
          .look = look,
          .why =
              "systemd and other managers inside a container take what they see as the root for "
              "the root of the machine, and a path like /docker/3f2a... tells the container's "
              "name to whatever runs in it.",
          .failure =
              "A process inside learns where in the host's tree it is, and a mount made "
              "inside shows the host's other cgroups.",
          .by_hand =
              "cat /proc/self/cgroup\nunshare --cgroup cat /proc/self/cgroup\n"
              "unshare --cgroup grep cgroup /proc/self/mountinfo",
          .own_cgroup = true};
}

}  // namespace

constinit const Probe self_root = self_root_probe<Version::Unified>(
    "self_root", "the cgroup2 tree inside begins at the cgroup in which the namespace was made");
constinit const Probe self_root_v1 = self_root_probe<Version::V1>(
    "self_root_v1",
    "a version 1 hierarchy inside begins at the cgroup in which the namespace was "
    "made");

}  // namespace nsbench::probes
