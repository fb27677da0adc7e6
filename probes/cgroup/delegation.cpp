// cgroup: what a namespace may do with the tree that it is given, and with whose rights.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/cgroup/hierarchy.h"
#include "probes/cgroup/probes.h"
#include "probes/helpers.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"
#include "probes/sandbox/proc_text.h"

namespace nsbench::probes {

namespace {

using own_cgroup::Version;

// A mount option of the whole machine, so it is taken as it is found.
bool nsdelegate() {
  return fmt::format(",{},", own_cgroup::unified_options()).find(",nsdelegate,") !=
         std::string::npos;
}

void arrange(Scene& scene) {
  if (!own_cgroup::is_there(scene, Version::Unified)) return;
  if (!nsdelegate()) {
    return scene.skip(SkipReason::NoFeature, "cgroup2 is mounted without nsdelegate here: " +
                                                 own_cgroup::unified_options());
  }
  const std::string base = own_cgroup::directory(Version::Unified);
  for (const char* below : {"/inner", "/inner/leaf"}) {
    if (::mkdir((base + below).c_str(), 0755) != 0) {
      return scene.broken("mkdir in the own cgroup: " + errno_name(errno));
    }
  }
  scene.seen.result("move", own_cgroup::move_to(base + "/inner"));
}

// The root's limit is the parent's to set; "max" changes nothing.
void try_to_get_out(Scene& scene) {
  const std::string base = own_cgroup::directory(Version::Unified);
  const auto limit = [&base](const char* where) {
    return write_small_file(base + where + "/cgroup.max.depth", "max").error().err;
  };
  scene.seen.result("limit at the root", limit("/inner"));
  scene.seen.result("limit below", limit("/inner/leaf"));
  scene.seen.result("move below", own_cgroup::move_to(base + "/inner/leaf"));
  scene.seen.result("move out", own_cgroup::move_to(base));
}

constexpr std::array acts{
    Act{Side::Outside, "outside arranges", arrange},
    Act{Side::Inside, "inside tries to get out", try_to_get_out},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside tries to get out");
  j.works_errno("the outside can move to a cgroup of its own",
                t.at("outside arranges").errno_of("move"));
  j.works_errno("a limit below the root can be set inside", inside.errno_of("limit below"));
  j.works_errno("a move below the root works inside", inside.errno_of("move below"));
  j.isolated_errno("a limit at the root can't be set inside", EPERM,
                   inside.errno_of("limit at the root"));
  j.isolated_errno("a move out of the namespace's root is refused", ENOENT,
                   inside.errno_of("move out"));
  return j;
}

// A descriptor of `file`, opened for writing by a process without privileges.
Fd opened_by_nobody(const std::string& file) {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return Fd();
  const Fd ours(ends[0]);
  Fd theirs(ends[1]);
  Result<Child> child = Child::fork([&] {
    if (!drop_privilege()) return 1;
    const Fd opened(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    return opened.valid() && send_fd(theirs.get(), opened.get()) ? 0 : 1;
  });
  theirs.reset();
  return child ? receive_fd(ours.get()) : Fd();
}

// Where one id is mapped only, there is no other user to open anything.
bool has_another_user(Scene& scene) {
  in_child(scene, [](Observation& seen) {
    seen.result("drop", drop_privilege().error().err);
    seen.number("nobody's euid", ::geteuid());
  });
  if (scene.ended()) return false;
  if (scene.seen.number_of("nobody's euid") != ::geteuid()) return true;
  const Result<std::string> map = read_small_file("/proc/self/uid_map");
  scene.skip(SkipReason::NoPrivilege,
             "no other uid can be taken on here; uid_map: " + (map ? trimmed(*map) : "unread"));
  return false;
}

template <Version version>
void write_for_another(Scene& scene) {
  if (!own_cgroup::is_there(scene, version) || !has_another_user(scene)) return;
  const std::string head = own_cgroup::line_head(version);
  const std::string inner = own_cgroup::directory(version) + "/inner";
  const std::string file = inner + "/cgroup.procs";
  Observation& seen = scene.seen;
  seen.call("mkdir", ::mkdir(inner.c_str(), 0755));
  seen.call("chmod", ::chmod(file.c_str(), 0666));
  const Fd foreign = opened_by_nobody(file);
  if (!foreign.valid()) return scene.broken("nobody can't open " + file);
  const std::string before = own_cgroup::path_of("self", head);
  seen.call("write what nobody opened", ::write(foreign.get(), "0", 1));
  seen.number("stays", own_cgroup::path_of("self", head) == before ? 1 : 0);
  seen.result("write what root opened", own_cgroup::move_to(inner));
  seen.number("moves", own_cgroup::path_of("self", head) == before + "/inner" ? 1 : 0);
}

template <Version version>
constexpr std::array opener_acts{Act{Side::Outside, "outside writes", write_for_another<version>}};

Judgement judge_opener(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside writes");
  j.works_errno("privileges can be given up", seen.errno_of("drop"));
  j.works_errno("a cgroup can be made", seen.errno_of("mkdir"));
  j.works_errno("and its cgroup.procs opened to all", seen.errno_of("chmod"));
  j.rule_errno("root's write to a file that nobody opened moves with nobody's rights", EACCES,
               seen.errno_of("write what nobody opened"));
  j.rule_equal("and the process stays", "1", std::to_string(seen.number_of("stays")));
  j.works_errno("root's write to a file that root opened moves",
                seen.errno_of("write what root opened"));
  j.works_equal("the process", "1", std::to_string(seen.number_of("moves")));
  return j;
}

constexpr std::array one_way{Way{Method::Clone, ""}};

template <Version version>
constexpr Probe opener_probe(std::string_view name, std::string_view source) {
  return {.family = "cgroup",
          .name = name,
          .sentence =
              "a process is moved with the rights of who opened cgroup.procs, not of who "
              "writes to it",
          .source = source,
          .first_kernel = "4.6",
          .ways = one_way,
          // Root of a user namespace has one id there, so nobody else could open the file.
          .privileges = root_only,
          .acts = opener_acts<version>,
          .judge = judge_opener,
          .why =
              "An unprivileged process opens the file and lets a set-user-ID program write to "
              "it, as its standard error for example (CVE-2021-4197).",
          .failure =
              "A process moves others, or itself, between cgroups that it has no right to, "
              "and so escapes its limits. The kernel lacks the fix of CVE-2021-4197 (5.16 "
              "and stable updates).",
          .by_hand = "ls -l /sys/fs/cgroup/cgroup.procs",
          .control = ControlKind::Positive,
          .own_cgroup = true};
}

// The agent runs as root of the host when a cgroup empties. What is written is what is there.
std::string release_agent() {
  const Result<std::string> mounts = read_small_file("/proc/self/mounts");
  for (std::size_t at = 0; mounts && at < mounts->size();) {
    const std::size_t end = std::min(mounts->find('\n', at), mounts->size());
    const std::string line = mounts->substr(at, end - at);
    at = end + 1;
    if (line.find(" cgroup ") == std::string::npos) continue;
    const std::size_t point = line.find(' ') + 1;
    std::string file = line.substr(point, line.find(' ', point) - point) + "/release_agent";
    if (::access(file.c_str(), F_OK) == 0) return file;
  }
  return "";
}

int write_back(const std::string& file) {
  const Result<std::string> value = read_small_file(file);
  if (!value) return value.error().err;
  return write_small_file(file, value->empty() ? "\n" : *value).error().err;
}

bool in_initial_user_namespace() {
  const Result<std::string> text = read_small_file("/proc/self/uid_map");
  const auto map = text ? parse_id_map(*text) : text.error();
  return map && maps_all_to_themselves(*map) && has_capability(CAP_SYS_ADMIN);
}

void write_outside(Scene& scene) {
  const std::string file = release_agent();
  if (file.empty()) {
    return scene.skip(SkipReason::NoFeature,
                      "no root of a version 1 hierarchy is mounted here (release_agent)");
  }
  if (!in_initial_user_namespace()) {
    return scene.skip(SkipReason::NoPrivilege, "not root of the initial user namespace");
  }
  scene.seen.text("file", file);
  scene.seen.result("write", write_back(file));
}

constexpr std::array agent_acts{
    Act{Side::Outside, "outside writes", write_outside},
    Act{Side::Inside, "inside writes",
        [](Scene& s) {
          s.seen.result("write", write_back(s.saw("outside writes").text_of("file")));
        }},
};

Judgement judge_agent(const Transcript& t) {
  Judgement j;
  j.works_errno("root of the host may write release_agent",
                t.at("outside writes").errno_of("write"));
  j.isolated_errno("root of a user namespace may not", EPERM,
                   t.at("inside writes").errno_of("write"));
  return j;
}

}  // namespace

constinit const Probe delegation{
    .family = "cgroup",
    .name = "delegation",
    .sentence =
        "with nsdelegate nobody inside moves out of the namespace's root or sets its limits",
    .source =
        "cgroups(7), \"Cgroup delegation\"; kernel/cgroup/cgroup.c cgroup_file_write(), "
        "cgroup_procs_write_permission()",
    .first_kernel = "4.13",
    .namespaces = {Kind::Cgroup},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "Where this option is set, as systemd sets it, the namespace is a boundary of "
        "delegation: a container gets a subtree and manages it by itself.",
    .failure =
        "A process inside lifts its own memory or pids limit, or leaves the cgroup that "
        "limits it.",
    .by_hand =
        "grep nsdelegate /proc/self/mountinfo\n"
        "unshare --cgroup sh -c 'echo 0 > /sys/fs/cgroup/cgroup.procs'",
    .own_cgroup = true,
};

constinit const Probe opener_rights = opener_probe<Version::Unified>(
    "opener_rights", "CVE-2021-4197; kernel/cgroup/cgroup.c cgroup_procs_write_permission()");
constinit const Probe opener_rights_v1 = opener_probe<Version::V1>(
    "opener_rights_v1", "CVE-2021-4197; kernel/cgroup/cgroup-v1.c __cgroup1_procs_write()");

constinit const Probe release_agent_probe{
    .family = "cgroup",
    .name = "release_agent",
    .sentence = "root of a user namespace can't set a version 1 hierarchy's release_agent",
    .source = "CVE-2022-0492; kernel/cgroup/cgroup-v1.c cgroup_release_agent_write()",
    .first_kernel = "4.6",
    .namespaces = {Kind::User, Kind::Cgroup},
    .ways = all_ways,
    // Only root of the host owns the file, so that its mode lets nobody else come so far.
    .privileges = root_only,
    .acts = agent_acts,
    .judge = judge_agent,
    .why =
        "The kernel starts the program named there as root, outside of every namespace. It was "
        "enough to own the file (CVE-2022-0492).",
    .failure =
        "Root in a container runs any program as root of the host. The kernel lacks the fix "
        "of CVE-2022-0492 (5.17, 5.16.6, 5.15.20, 5.10.97, 5.4.177, 4.19.229).",
    .by_hand = "cat /sys/fs/cgroup/*/release_agent",
};

}  // namespace nsbench::probes
