// nsfs: the 64-bit ids of namespaces, which are never used twice.
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <string>

#include "probes/helpers.h"
#include "probes/nsfs/ns_file.h"
#include "probes/nsfs/probes.h"

namespace nsbench::probes {

namespace {

// As text: Observation's numbers are signed.
std::string id_of(Observation& seen, const std::string& name, int fd, unsigned request) {
  std::uint64_t id = 0;
  if (seen.call(name, ::ioctl(fd, request, &id)) != 0) return errno_name(errno);
  return std::to_string(id);
}

void look(Observation& seen, const std::string& process) {
  ns_file::record_kinds(seen);
  for (const Kind kind : ns_file::present_kinds().kinds()) {
    const std::string name(row(kind).name);
    const Fd ns = ns_file::open(kind, process);
    seen.text(name + " id", id_of(seen, name, ns.get(), ns_file::get_id));
  }
}

constexpr std::array id_acts{
    Act{Side::Outside, "outside asks", [](Scene& s) { look(s.seen, "self"); }},
    Act{Side::Inside, "inside asks", [](Scene& s) { look(s.seen, "self"); }},
    Act{Side::Outside, "outside asks about the inside",
        [](Scene& s) { look(s.seen, std::to_string(s.inside_pid())); }},
};

bool is_number(const std::string& text) { return std::isdigit(text.front()) != 0; }

Judgement judge_ids(const Transcript& t) {
  Judgement j;
  const Observation& outside = t.at("outside asks");
  const Observation& inside = t.at("inside asks");
  const NamespaceSet kinds = ns_file::recorded_kinds(outside);
  j.works("/proc/self/ns has files", "at least one", outside.text_of("kinds"), !kinds.empty());
  for (const Kind kind : kinds.kinds()) {
    const std::string name(row(kind).name);
    j.works_errno("NS_GET_ID works for " + name, inside.errno_of(name));
    j.works_errno("NS_GET_ID works outside for " + name, outside.errno_of(name));
    j.works("the outside's " + name + " has an id", "a number", outside.text_of(name + " id"),
            is_number(outside.text_of(name + " id")));
    j.works_equal("the id of " + name + " is the same to everybody", inside.text_of(name + " id"),
                  t.at("outside asks about the inside").text_of(name + " id"));
    j.isolated_differ("two namespaces have two ids: " + name, outside.text_of(name + " id"),
                      inside.text_of(name + " id"));
  }
  return j;
}

// One after the other: the second may get the first one's inode, not its id. Ids need not grow:
// each processor counts its own.
void make_two(Scene& scene) {
  const auto look_at_own = [](Observation& seen) {
    seen.text("id", id_of(seen, "NS_GET_ID", ns_file::open(Kind::Uts).get(), ns_file::get_id));
  };
  if (!in_nested(scene, "first", {Kind::Uts}, look_at_own)) return;
  in_nested(scene, "second", {Kind::Uts}, look_at_own);
}

constexpr std::array fresh_acts{Act{Side::Outside, "outside makes two", make_two}};

Judgement judge_fresh(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside makes two");
  j.works_errno("the first one can be made", seen.errno_of("first enter"));
  j.works_errno("NS_GET_ID works in it", seen.errno_of("first NS_GET_ID"));
  j.works_errno("a second one can be made", seen.errno_of("second enter"));
  j.works_errno("NS_GET_ID works in that", seen.errno_of("second NS_GET_ID"));
  for (const char* which : {"first id", "second id"}) {
    j.works(std::string("there is a ") + which, "a number", seen.text_of(which),
            is_number(seen.text_of(which)));
  }
  j.rule_differ("the second one has an id of its own", seen.text_of("first id"),
                seen.text_of("second id"));
  return j;
}

constexpr std::array mount_acts{
    Act{Side::Outside, "outside asks",
        [](Scene& s) {
          const Fd mnt = ns_file::open(Kind::Mnt);
          const Fd uts = ns_file::open(Kind::Uts);
          s.seen.text("id", id_of(s.seen, "of mnt", mnt.get(), ns_file::get_mntns_id));
          id_of(s.seen, "of uts", uts.get(), ns_file::get_mntns_id);
        }},
    Act{Side::Inside, "inside asks",
        [](Scene& s) {
          const Fd mnt = ns_file::open(Kind::Mnt);
          s.seen.text("id", id_of(s.seen, "of mnt", mnt.get(), ns_file::get_mntns_id));
        }},
    Act{Side::Outside, "outside asks about the inside",
        [](Scene& s) {
          const Fd mnt = ns_file::open(Kind::Mnt, std::to_string(s.inside_pid()));
          s.seen.text("id", id_of(s.seen, "of mnt", mnt.get(), ns_file::get_mntns_id));
        }},
};

Judgement judge_mount(const Transcript& t) {
  Judgement j;
  const Observation& outside = t.at("outside asks");
  const Observation& inside = t.at("inside asks");
  j.works_errno("NS_GET_MNTNS_ID works", inside.errno_of("of mnt"));
  j.works("the outside has an id", "a number", outside.text_of("id"),
          is_number(outside.text_of("id")));
  j.works_equal("the id is the same to everybody", inside.text_of("id"),
                t.at("outside asks about the inside").text_of("id"));
  j.isolated_differ("two mount namespaces have two ids", outside.text_of("id"),
                    inside.text_of("id"));
  j.rule_errno("a namespace of another kind has none", EINVAL, outside.errno_of("of uts"));
  return j;
}

// listns(2), since 6.19: include/uapi/linux/nsfs.h struct ns_id_req, version 0.
struct ListRequest {
  std::uint32_t size = sizeof(ListRequest);
  std::uint32_t spare = 0;
  std::uint64_t ns_id = 0;
  std::uint32_t ns_type = 0;
  std::uint32_t spare2 = 0;
  std::uint64_t user_ns_id = 0;
};
constexpr long listns = 470;  // the same number on every architecture

void list(Scene& scene) {
  Observation& seen = scene.seen;
  const ListRequest request{.ns_type = static_cast<std::uint32_t>(row(Kind::Uts).flag)};
  std::array<std::uint64_t, 512> ids{};
  const long count = seen.call("listns", ::syscall(listns, &request, ids.data(), ids.size(), 0));
  const std::string own = id_of(seen, "NS_GET_ID", ns_file::open(Kind::Uts).get(), ns_file::get_id);
  seen.text("own id", own);
  const std::string outside = scene.saw("outside lists").text_of("own id");
  const auto listed = [&](const std::string& id) {
    return count > 0 && std::any_of(ids.begin(), ids.begin() + count,
                                    [&id](std::uint64_t one) { return std::to_string(one) == id; });
  };
  seen.number("own is listed", listed(own) ? 1 : 0);
  seen.number("outside's is listed", listed(outside) ? 1 : 0);
}

constexpr std::array list_acts{
    Act{Side::Outside, "outside lists", list},
    Act{Side::Inside, "inside lists", list},
};

Judgement judge_list(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside lists");
  j.works_errno("listns works outside", t.at("outside lists").errno_of("listns"));
  j.works_errno("listns works inside", inside.errno_of("listns"));
  j.works_equal("the caller's own namespace is listed", "1",
                std::to_string(inside.number_of("own is listed")));
  j.isolated_equal("the outside's is not listed", "0",
                   std::to_string(inside.number_of("outside's is listed")));
  return j;
}

constexpr std::array one_way{Way{Method::Clone, ""}};

}  // namespace

constinit const Probe ns_id{
    .family = "nsfs",
    .name = "id",
    .sentence = "NS_GET_ID tells any two namespaces apart, and is the same to everybody",
    .source = "fs/nsfs.c ns_ioctl(), kernel/nstree.c",
    .first_kernel = "6.18",
    .namespaces = NamespaceSet::all(),
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = id_acts,
    .judge = judge_ids,
    .look = [](Observation& seen) { look(seen, "self"); },
    .why =
        "Inode numbers of namespaces are reused; service managers and tracers tell namespaces "
        "apart by these ids over the whole run of the machine.",
    .failure = "Records of one container are credited to another.",
    .by_hand = "ls -l /proc/self/ns\nlsns",
    .arena = {Kind::User},
};

constinit const Probe ns_id_fresh{
    .family = "nsfs",
    .name = "id_fresh",
    .sentence = "the id of a namespace that is gone is not given to a later one",
    .source = "kernel/nstree.c ns_tree_gen_id()",
    .first_kernel = "6.18",
    .ways = one_way,
    .privileges = all_privileges,
    .acts = fresh_acts,
    .judge = judge_fresh,
    .why = "The ids were made because inode numbers come back at once, to another namespace.",
    .failure = "What was granted to a container that is gone is taken up by a newer one.",
    .by_hand = "unshare --uts readlink /proc/self/ns/uts\nunshare --uts readlink /proc/self/ns/uts",
    .control = ControlKind::Positive,
    .arena = {Kind::Uts},
};

constinit const Probe mntns_id{
    .family = "nsfs",
    .name = "mntns_id",
    .sentence = "NS_GET_MNTNS_ID tells two mount namespaces apart, and is EINVAL for other kinds",
    .source = "fs/nsfs.c ns_ioctl(), include/uapi/linux/nsfs.h",
    .first_kernel = "6.11",
    .namespaces = {Kind::Mnt},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = mount_acts,
    .judge = judge_mount,
    .why = "statmount(2) and listmount(2) are told by this id which mounts to show.",
    .failure = "A tool shows the mounts of another container.",
    .by_hand = "readlink /proc/self/ns/mnt\nunshare --mount readlink /proc/self/ns/mnt",
};

constinit const Probe ns_list{
    .family = "nsfs",
    .name = "listns",
    .sentence = "listns lists the caller's own namespaces and none that it is not in",
    .source =
        "kernel/nstree.c may_list_ns(); \"nstree: tighten permission checks for listing\", "
        "2026, in 7.0 and stable 6.19",
    .first_kernel = "6.19",
    .namespaces = {Kind::Uts},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = list_acts,
    .judge = judge_list,
    .why =
        "At first root of any container was shown the namespaces of every service beside it, "
        "wherever it was privileged over their owner.",
    .failure = "A process in a pid namespace learns which other containers run on the host.",
    .by_hand = "unshare --pid --fork --mount-proc lsns",
};

}  // namespace nsbench::probes
