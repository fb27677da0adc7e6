// user: what may be written to uid_map, gid_map and projid_map, and by whom.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>

#include "probes/sandbox/calls.h"
#include "probes/sandbox/enter.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"
#include "probes/sandbox/proc_text.h"
#include "probes/user/further.h"
#include "probes/user/probes.h"

namespace nsbench::probes {

namespace {

constexpr NamespaceSet user_set{Kind::User};
constexpr int most_extents = 340;

struct BadMap {
  const char* name;
  const char* text;
};
// All of outer ids that exist everywhere, so that nothing but the form is wrong.
constexpr std::array malformed{
    BadMap{"an extent of length zero", "0 0 0\n"},
    BadMap{"overlapping inner ids", "0 0 2\n1 5 1\n"},
    BadMap{"overlapping outer ids", "0 0 2\n5 1 1\n"},
    BadMap{"inner ids that wrap around", "1 0 4294967295\n"},
    BadMap{"outer ids that wrap around", "0 1 4294967295\n"},
    BadMap{"the inner id -1", "4294967295 0 1\n"},
    BadMap{"the outer id -1", "0 4294967295 1\n"},
    BadMap{"a line without a length", "0 0\n"},
    BadMap{"a word", "root 0 1\n"},
};

std::string extents(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += fmt::format("{} {} 1\n", i, i);
  return text;
}

// The process in the new namespace writes its own map: it has no rights in the parent, and may
// name its own id only. `outer` is that id in the parent.
void write_all(Observation& seen, const std::string& file, unsigned outer, bool any_id) {
  const std::string path = "/proc/self/" + file;
  const std::string right = fmt::format("0 {} 1\n", outer);
  for (const BadMap& bad : malformed) seen.result(bad.name, write_errno(path, bad.text));
  seen.result("too many extents", write_errno(path, extents(most_extents + 1)));
  if (!any_id) {
    seen.result("another's id", write_errno(path, fmt::format("0 {} 1\n", outer + 1)));
    seen.result("a second id", write_errno(path, fmt::format("0 {} 2\n", outer)));
    if (file == "gid_map") seen.result("deny", write_errno("/proc/self/setgroups", "deny"));
  }
  seen.result("the right map", write_errno(path, right));
  seen.result("the same again", write_errno(path, right));
  seen.result("another one", write_errno(path, fmt::format("1 {} 1\n", outer)));
  const Result<std::string> text = read_small_file(path);
  const auto map = text ? parse_id_map(*text) : text.error();
  const IdExtent first = map && !map->empty() ? map->front() : IdExtent{1, 1, 0};
  seen.text("reads", fmt::format("{} {} {}\n", first.inside, first.outside, first.count));
  seen.text("right", right);
}

// A project id can be mapped only if the parent has it; the arena's user namespace has none yet.
bool project_id_is_mapped(Scene& scene) {
  constexpr const char* path = "/proc/self/projid_map";
  if (scene.recipe().privilege == Privilege::Userns) {
    scene.seen.result("map the arena's project id", write_errno(path, "0 0 1\n"));
  }
  const Result<std::string> map = read_small_file(path);
  if (map && map->find_first_not_of(" \t\n") != std::string::npos) return true;
  scene.skip(SkipReason::NoPrivilege, "/proc/self/projid_map is empty: no project id is mapped");
  return false;
}

template <int which>
void play_rules(Scene& scene) {
  static constexpr std::array files{"uid_map", "gid_map", "projid_map"};
  const OuterIds outer = OuterIds::current();
  if (!own_id_is_mappable(scene)) return;
  unsigned id = which == 0 ? outer.uid : which == 1 ? outer.gid : 0;
  if (which == 2 && !project_id_is_mapped(scene)) return;
  Further process(scene.seen, "process", scene.recipe().method, user_set,
                  {[id](Observation& seen) { write_all(seen, files.at(which), id, which == 2); }});
  process.look(scene.seen, "write");
}

constexpr std::string_view writes = "a process writes its map";
template <int which>
constexpr std::array rules_acts{Act{Side::Outside, writes, play_rules<which>}};

Judgement judge_any(const Transcript& t, bool any_id) {
  Judgement j;
  const Observation& seen = t.at(writes);
  const auto err = [&seen](std::string_view name) {
    return seen.errno_of(fmt::format("write {}", name));
  };
  for (const BadMap& bad : malformed) {
    j.rule_errno(fmt::format("{} is EINVAL", bad.name), EINVAL, err(bad.name));
  }
  j.rule_errno("more than 340 extents are EINVAL", EINVAL, err("too many extents"));
  if (!any_id) {
    j.rule_errno("another's id needs privilege in the parent", EPERM, err("another's id"));
    j.rule_errno("a second id needs privilege in the parent", EPERM, err("a second id"));
  }
  j.works_errno("a right map can be written", err("the right map"));
  j.rule_errno("the same map can't be written twice", EPERM, err("the same again"));
  j.rule_errno("a map can't be replaced", EPERM, err("another one"));
  j.works_equal("what was written is read", seen.text_of("write right"),
                seen.text_of("write reads"));
  return j;
}

Judgement judge_ids(const Transcript& t) { return judge_any(t, false); }
Judgement judge_projids(const Transcript& t) { return judge_any(t, true); }

// The rights of whoever opened the file count, not those of whoever writes: a set-user-ID program
// may be tricked into writing to a descriptor of its caller's.
void open_without_rights(Observation& seen, const std::string& right) {
  const std::uint64_t all = permitted_capabilities();
  seen.result("drop", set_capabilities(all & ~capability_bit(CAP_SYS_ADMIN), all, 0));
  const Fd weak(::open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC));
  seen.result("raise", set_capabilities(all, all, 0));
  const Fd strong(::open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC));
  seen.call("open", weak.get());
  seen.call("write to the weak one", ::write(weak.get(), right.data(), right.size()));
  seen.call("write to the strong one", ::write(strong.get(), right.data(), right.size()));
}

constexpr std::array opener_acts{
    Act{Side::Outside, "a process opens its map",
        [](Scene& s) {
          if (!own_id_is_mappable(s)) return;
          const std::string right = fmt::format("0 {} 1\n", OuterIds::current().uid);
          Further process(s.seen, "process", s.recipe().method, user_set,
                          {[right](Observation& seen) { open_without_rights(seen, right); }});
          process.look(s.seen, "map");
        }},
};

Judgement judge_opener(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("a process opens its map");
  j.works_errno("the map can be opened without CAP_SYS_ADMIN", seen.errno_of("map open"));
  j.works_errno("and the capability is had again", seen.errno_of("map raise"));
  j.works_errno("it had been dropped", seen.errno_of("map drop"));
  j.rule_errno("a map opened without CAP_SYS_ADMIN can't be written with it", EPERM,
               seen.errno_of("map write to the weak one"));
  j.works_errno("one opened with it can", seen.errno_of("map write to the strong one"));
  return j;
}

// The same of CAP_SETUID in the parent: this process opens as somebody, and writes as root.
void open_as_somebody(Observation& seen) {
  constexpr std::string_view ten_ids = "0 0 10\n";
  if (seen.call("seteuid", ::seteuid(somebody)) < 0) return;
  ::prctl(PR_SET_DUMPABLE, 1);
  const Result<Child> child = Child::start("clone", calls::clone, row(Kind::User).flag, [] {
    for (;;) ::pause();
    return 0;
  });
  seen.result("clone", child ? 0 : child.error().err);
  if (!child) return;
  const Result<std::string> dir = proc_dir(*child);
  const std::string path = (dir ? *dir : "/proc/none") + "/uid_map";
  const Fd weak(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  seen.call("open", weak.get());
  seen.call("seteuid(0)", ::seteuid(0));
  seen.call("write to somebody's", ::write(weak.get(), ten_ids.data(), ten_ids.size()));
  seen.result("write to root's", write_errno(path, ten_ids));
}

constexpr std::array parent_opener_acts{
    Act{Side::Outside, "somebody opens a map for root",
        [](Scene& s) {
          if (ids_are_mapped(s, somebody) && own_id_is_mappable(s)) in_child(s, open_as_somebody);
        }},
};

Judgement judge_parent_opener(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("somebody opens a map for root");
  j.works_errno("somebody opens the map of his namespace", seen.errno_of("open"));
  j.works_errno("root is root again", seen.errno_of("seteuid(0)"));
  j.rule_errno("root can't map ten ids through somebody's descriptor", EPERM,
               seen.errno_of("write to somebody's"));
  j.works_errno("root can through its own", seen.errno_of("write to root's"));
  return j;
}

// A process without CAP_SETFCAP, and what it makes.
void map_zero_without_setfcap(Observation& seen) {
  const std::uint64_t less = permitted_capabilities() & ~capability_bit(CAP_SETFCAP);
  seen.result("drop", set_capabilities(less, less, 0));
  seen.result("itself", errno_in_child([] {
                if (calls::unshare(row(Kind::User).flag) != 0) return errno;
                return write_errno("/proc/self/uid_map", "0 0 1\n");
              }));
}

void map_zero(Scene& scene) {
  if (!own_id_is_mappable(scene)) return;
  if (::geteuid() != 0) return scene.skip(SkipReason::NoPrivilege, "this process is not uid 0");
  in_child(scene, map_zero_without_setfcap);
  const std::uint64_t all = permitted_capabilities();
  Further process(scene.seen, "process", Method::Clone, user_set, {[](Observation&) {}});
  scene.seen.result("lower", set_capabilities(all & ~capability_bit(CAP_SETFCAP), all, 0));
  process.write(scene.seen, "parent without", "uid_map", "0 0 1\n");
  scene.seen.result("raise", set_capabilities(all, all, 0));
  process.write(scene.seen, "parent with", "uid_map", "0 0 1\n");
}

constexpr std::array zero_acts{
    Act{Side::Outside, "outside maps its uid 0", map_zero},
};

Judgement judge_zero(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside maps its uid 0");
  j.works_errno("CAP_SETFCAP can be dropped", seen.errno_of("drop"));
  j.works_errno("and taken out of the effective set", seen.errno_of("lower"));
  j.works_errno("and be raised again", seen.errno_of("raise"));
  j.rule_errno("a process that had no CAP_SETFCAP can't map the parent's uid 0", EPERM,
               seen.errno_of("itself"));
  j.rule_errno("nor can a parent without it", EPERM, seen.errno_of("parent without"));
  j.works_errno("a parent with it can", seen.errno_of("parent with"));
  return j;
}

// Three generations: the map of the youngest is the middle's to write, not the eldest's.
void write_for_a_grandchild(Scene& scene) {
  if (!own_id_is_mappable(scene)) return;
  const auto young = std::make_shared<std::unique_ptr<Further>>();
  const Look make_child = [young](Observation& seen) {
    *young = std::make_unique<Further>(seen, "child", Method::Clone, user_set,
                                       std::vector<Look>{[](Observation&) {}});
    seen.text("child's map", (*young)->file("uid_map"));
  };
  const Look map_child = [young](Observation& seen) {
    (*young)->write(seen, "write", "uid_map", "0 0 1\n");
  };
  Further middle(scene.seen, "middle", Method::Clone, user_set, {make_child, map_child});
  middle.map_own_ids(scene.seen, 0);
  middle.look(scene.seen, "middle's");
  scene.seen.result("grandparent",
                    write_errno(scene.seen.text_of("middle's child's map"), "0 0 1\n"));
  middle.look(scene.seen, "parent");
}

constexpr std::array place_acts{
    Act{Side::Outside, "three generations", write_for_a_grandchild},
};

Judgement judge_place(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("three generations");
  j.works_errno("the map of a child can be written", seen.errno_of("write uid_map"));
  j.rule_errno("the map of a grandchild can't", EPERM, seen.errno_of("grandparent"));
  j.works_errno("its own parent can write it", seen.errno_of("parent write"));
  return j;
}

template <int which>
constexpr Probe rules_probe(std::string_view name, std::string_view sentence,
                            std::string_view by_hand) {
  return {.family = "user",
          .name = name,
          .sentence = sentence,
          .source =
              "user_namespaces(7) \"Defining user and group ID mappings\"; "
              "kernel/user_namespace.c map_write(), new_idmap_permitted()",
          .first_kernel = "3.8",
          .ways = clone_only,
          .privileges = all_privileges,
          .acts = rules_acts<which>,
          .judge = which == 2 ? judge_projids : judge_ids,
          .why =
              "A map is written once, by whoever sets a container up, and everything that a "
              "container may do to files and processes follows from it.",
          .failure =
              "An unprivileged user gives himself other ids of the host, or changes a map "
              "after it was checked; overlapping ids make two users one.",
          .by_hand = by_hand,
          .control = ControlKind::Positive};
}

}  // namespace

constinit const Probe map_rules =
    rules_probe<0>("map_rules", "uid_map takes well-formed maps of one's own id, once",
                   "unshare --user --keep-caps bash -c 'cd /proc/self; echo 0 0 0 >uid_map; echo 1 "
                   "0 4294967295 >uid_map; echo 0 1 1 >uid_map'\n"
                   "unshare --user --keep-caps bash -c 'cd /proc/self; echo 0 0 1 >uid_map; cat "
                   "uid_map; echo 0 0 1 >uid_map'");
constinit const Probe gid_map_rules =
    rules_probe<1>("gid_map_rules", "gid_map takes well-formed maps of one's own id, once",
                   "unshare --user --keep-caps bash -c 'cd /proc/self; echo 0 0 0 >gid_map; echo 1 "
                   "0 4294967295 >gid_map; echo 0 1 1 >gid_map'\n"
                   "unshare --user --keep-caps bash -c 'cd /proc/self; echo deny >setgroups; echo "
                   "0 0 1 >gid_map; cat gid_map; echo 0 0 1 >gid_map'");
constinit const Probe projid_map_rules =
    rules_probe<2>("projid_map_rules", "projid_map takes well-formed maps, once",
                   "unshare --user --keep-caps bash -c 'cd /proc/self; echo 0 0 0 >projid_map; "
                   "echo 0 0 1 >projid_map; cat projid_map; echo 0 0 1 >projid_map'");

constinit const Probe map_opener{
    .family = "user",
    .name = "map_opener",
    .sentence = "a map can't be written through a descriptor opened without CAP_SYS_ADMIN inside",
    .source = "CVE-2013-1959 (fixed in 3.8.9); kernel/user_namespace.c map_write()",
    .first_kernel = "3.8",
    .ways = clone_only,
    .privileges = all_privileges,
    .acts = opener_acts,
    .judge = judge_opener,
    .why =
        "A descriptor can be handed to a set-user-ID program as its standard output. In "
        "CVE-2013-1959 only the writer was asked for its rights, and such programs write.",
    .failure = "An unprivileged user lets a privileged program write the map that he wants.",
    .by_hand =
        "unshare --user --keep-caps setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin "
        "--ambient-caps=-sys_admin bash -c 'echo 0 0 1 >/proc/self/uid_map'\n"
        "unshare --user --keep-caps bash -c 'echo 0 0 1 >/proc/self/uid_map; cat "
        "/proc/self/uid_map'",
    .control = ControlKind::Positive,
};

constinit const Probe map_opener_parent{
    .family = "user",
    .name = "map_opener_parent",
    .sentence = "root can't map others' ids through a descriptor that somebody else opened",
    .source = "CVE-2013-1959 (fixed in 3.8.9); kernel/user_namespace.c new_idmap_permitted()",
    .first_kernel = "3.8",
    .ways = clone_only,
    .privileges = root_only,  // an unprivileged namespace has one id, so nobody else to open it
    .acts = parent_opener_acts,
    .judge = judge_parent_opener,
    .why =
        "This is what the exploit of CVE-2013-1959 did with newgrp or su: opened by a user, "
        "written by root.",
    .failure = "An unprivileged user maps uid 0 of the host into his namespace, and is root.",
    .by_hand =
        "setpriv --reuid 4711 --regid 4711 --clear-groups unshare --user sleep 9 & sleep 1\n"
        "p=$(pgrep -u 4711 sleep)\n"
        "python3 -c \"import os; os.seteuid(4711); f = os.open('/proc/$p/uid_map', os.O_WRONLY); "
        "os.seteuid(0); os.write(f, b'0 0 10')\"\n"
        "echo 0 0 10 >/proc/$p/uid_map && cat /proc/$p/uid_map",
    .control = ControlKind::Positive,
};

constinit const Probe map_root{
    .family = "user",
    .name = "map_root",
    .sentence = "mapping the parent's uid 0 needs CAP_SETFCAP",
    .source = "user_namespaces(7), capabilities(7); kernel/user_namespace.c verify_root_map()",
    .first_kernel = "5.12",
    .ways = clone_only,
    .privileges = all_privileges,
    .acts = zero_acts,
    .judge = judge_zero,
    .why =
        "File capabilities written inside name the namespace's root. A uid 0 without CAP_SETFCAP "
        "could get around that by a namespace whose root is the same uid 0.",
    .failure =
        "A process with uid 0 and few capabilities writes file capabilities that count in "
        "its own namespace.",
    .by_hand =
        "setpriv --bounding-set=-setfcap --inh-caps=-setfcap unshare --user --keep-caps bash -c "
        "'echo 0 0 1 >/proc/self/uid_map'\n"
        "unshare --user --keep-caps bash -c 'echo 0 0 1 >/proc/self/uid_map; cat "
        "/proc/self/uid_map'",
    .control = ControlKind::Positive,
};

constinit const Probe map_place{
    .family = "user",
    .name = "map_place",
    .sentence = "a map is written from the namespace itself or from its parent, by nobody else",
    .source = "user_namespaces(7); kernel/user_namespace.c proc_uid_map_write()",
    .first_kernel = "3.8",
    .ways = clone_only,
    .privileges = all_privileges,
    .acts = place_acts,
    .judge = judge_place,
    .why =
        "The outer ids of a map are the parent's. Written from further out, they would be other "
        "ids than the writer meant.",
    .failure =
        "A map is interpreted in a namespace other than its writer's, and gives the wrong "
        "users rights.",
    .by_hand =
        "unshare -r sh -c 'unshare --user sleep 8 & sleep 9' & sleep 1; p=$(pgrep -fx 'sleep 8')\n"
        "echo 0 0 1 >/proc/$p/uid_map\n"
        "nsenter -t $! -U sh -c \"echo 0 0 1 >/proc/$p/uid_map; cat /proc/$p/uid_map\"",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
