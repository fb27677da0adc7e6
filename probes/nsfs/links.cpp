// nsfs: what `ls -l /proc/PID/ns` and lsns(8) show of a process's namespaces.
#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "probes/evidence.h"
#include "probes/nsfs/ns_file.h"
#include "probes/nsfs/probes.h"

namespace nsbench::probes {

namespace {

constexpr long nsfs_magic = 0x6e736673;  // NSFS_MAGIC of linux/magic.h: "nsfs"

std::string entries_of(const char* path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path), ::closedir);
  while (const dirent* entry = dir ? ::readdir(dir.get()) : nullptr) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  std::sort(names.begin(), names.end());
  return fmt::format("{}", fmt::join(names, " "));
}

// Each file by its link, and by what stat(2) and statfs(2) say of it.
void look(Observation& seen) {
  ns_file::record_kinds(seen);
  seen.text("entries", entries_of("/proc/self/ns"));
  for (const Kind kind : ns_file::present_kinds().kinds()) {
    const std::string name(row(kind).name);
    const std::string path = "/proc/self/ns/" + name;
    struct stat info {};
    struct statfs volume {};
    const bool ok = ::stat(path.c_str(), &info) == 0 && ::statfs(path.c_str(), &volume) == 0;
    seen.text(name, ns_file::link(name));
    seen.text(name + " by stat", ok ? fmt::format("{}:[{}]", name, info.st_ino) : "none");
    seen.number(name + " on nsfs", ok && volume.f_type == nsfs_magic ? 1 : 0);
  }
}

// The outside reads the inside's links, as `lsns` and `ls -l /proc/PID/ns` do.
void look_at_inside(Scene& scene) {
  if (skip_if_foreign_proc(scene)) return;
  for (const Kind kind : ns_file::present_kinds().kinds()) {
    const std::string_view name = row(kind).name;
    scene.seen.text(name, ns_file::link(name, std::to_string(scene.inside_pid())));
  }
}

constexpr std::array acts{
    Act{Side::Outside, "outside looks", [](Scene& s) { look(s.seen); }},
    Act{Side::Inside, "inside looks", [](Scene& s) { look(s.seen); }},
    Act{Side::Outside, "outside looks at the inside", look_at_inside},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& outside = t.at("outside looks");
  const Observation& inside = t.at("inside looks");
  const Observation& across = t.at("outside looks at the inside");
  const NamespaceSet kinds = ns_file::recorded_kinds(outside);
  j.works("/proc/self/ns has files", "at least one", outside.text_of("kinds"), !kinds.empty());
  for (const Kind kind : kinds.kinds()) {
    const std::string name(row(kind).name);
    const std::string listed = inside.text_of("entries");
    j.works("ls /proc/self/ns lists " + name, name, listed,
            fmt::format(" {} ", listed).find(" " + name + " ") != std::string::npos);
    j.rule_equal("the link names the inode: " + name, inside.text_of(name),
                 inside.text_of(name + " by stat"));
    j.rule_equal("the file is on nsfs: " + name, "1",
                 std::to_string(inside.number_of(name + " on nsfs")));
    j.rule_equal("another process's link is what its own says: " + name, inside.text_of(name),
                 across.text_of(name));
    j.works("the outside's link can be read: " + name, name + ":[inode]", outside.text_of(name),
            outside.text_of(name).starts_with(name + ":["));
    j.isolated_differ("the inode tells the namespaces apart: " + name, outside.text_of(name),
                      inside.text_of(name));
  }
  return j;
}

}  // namespace

constinit const Probe ns_links{
    .family = "nsfs",
    .name = "links",
    .sentence = "/proc/PID/ns shows each namespace by kind and inode, the same to everybody",
    .source = "namespaces(7), lsns(8); fs/proc/namespaces.c proc_ns_readlink()",
    .first_kernel = "3.8",
    .namespaces = NamespaceSet::all(),
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .look = look,
    .why =
        "lsns, nsenter, ip netns and every container runtime tell namespaces apart by these "
        "links and their inodes, and join by opening them.",
    .failure = "Tools take one namespace for another: they enter, list or delete the wrong one.",
    .by_hand =
        "ls -l /proc/self/ns\nstat -L -c '%i %d' /proc/self/ns/uts\n"
        "stat -f -L -c %T /proc/self/ns/uts\nlsns",
    .arena = {Kind::User},
};

}  // namespace nsbench::probes
