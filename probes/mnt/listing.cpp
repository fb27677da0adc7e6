// mnt: listmount, statmount and the walk through mount namespaces tell of one's own mounts only.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/mnt/mounts.h"
#include "probes/mnt/probes.h"
#include "probes/mnt/statmount.h"
#include "probes/sandbox/fd.h"

namespace nsbench::probes {

namespace {

std::uint64_t id_of(const Scene& scene, std::string_view act) {
  return static_cast<std::uint64_t>(scene.saw(act).number_of("mount id"));
}

// Mounts one and looks at it the way that the others will.
void mount_and_look(Scene& scene, std::string_view name) {
  scene.seen.call("mount", mount_at(name));
  const std::uint64_t id = mount_id(place(name));
  scene.seen.number("mount id", static_cast<std::int64_t>(id));
  const MountPoint point = stat_mount(id);
  scene.seen.result("statmount", point.err);
  scene.seen.text("mount point", point.path);
  const MountList list = list_mounts();
  scene.seen.result("listmount", list.err);
  scene.seen.text("its list", list.has(id) ? "has it" : "does not have it");
  scene.seen.number("mount namespace", static_cast<std::int64_t>(mount_namespace_id()));
}

void look_for(Scene& scene, std::string_view maker) {
  const std::uint64_t id = id_of(scene, maker);
  scene.seen.result("statmount", stat_mount(id).err);
  const MountList list = list_mounts();
  scene.seen.result("listmount", list.err);
  scene.seen.text("its list", list.has(id) ? "has it" : "does not have it");
}

namespace own {

constexpr std::array acts{
    Act{Side::Inside, "inside mounts", [](Scene& s) { mount_and_look(s, "by-inside"); }},
    Act{Side::Outside, "outside looks", [](Scene& s) { look_for(s, "inside mounts"); }},
    Act{Side::Outside, "outside mounts", [](Scene& s) { mount_and_look(s, "by-outside"); }},
    Act{Side::Inside, "inside looks", [](Scene& s) { look_for(s, "outside mounts"); }},
};

void judge_unknown(Judgement& j, const Observation& seen, const std::string& what) {
  j.works_errno(what + ": listmount works", seen.errno_of("listmount"));
  j.isolated_errno(what + ": unknown to statmount", ENOENT, seen.errno_of("statmount"));
  j.isolated_equal(what + ": not in the list", "does not have it", seen.text_of("its list"));
}

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside mounts");
  j.works_errno("one can mount inside", inside.errno_of("mount"));
  j.works_errno("statmount knows the mount inside", inside.errno_of("statmount"));
  j.works_equal("and where it is", place("by-inside"), inside.text_of("mount point"));
  j.works_equal("listmount lists it inside", "has it", inside.text_of("its list"));
  judge_unknown(j, t.at("outside looks"), "outside, a mount made inside");
  judge_unknown(j, t.at("inside looks"), "inside, a mount made outside");
  return j;
}

}  // namespace own

namespace foreign {

constexpr std::string_view nested_looks = "inside, the less privileged looks at the outside's";
constexpr std::string_view outside_looks = "outside looks at the inside's";

void look_at(Observation& seen, std::uint64_t mount, std::uint64_t mount_namespace) {
  seen.result("statmount", stat_mount(mount, mount_namespace).err);
  seen.result("listmount", list_mounts(mount_namespace).err);
}

void look_from_below(Scene& scene) {
  const Observation& outside = scene.saw("outside mounts");
  const auto mount = id_of(scene, "outside mounts");
  const auto in = static_cast<std::uint64_t>(outside.number_of("mount namespace"));
  in_less_privileged(scene, [&](Observation& seen) { look_at(seen, mount, in); });
}

void look_from_above(Scene& scene) {
  const std::uint64_t in = mount_namespace_id(std::to_string(scene.inside_pid()));
  look_at(scene.seen, id_of(scene, "inside mounts"), in);
}

constexpr std::array acts{
    Act{Side::Outside, "outside mounts", [](Scene& s) { mount_and_look(s, "by-outside"); }},
    Act{Side::Inside, "inside mounts", [](Scene& s) { mount_and_look(s, "by-inside"); }},
    Act{Side::Outside, outside_looks, look_from_above},
    Act{Side::Inside, nested_looks, look_from_below},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& above = t.at(outside_looks);
  const Observation& below = t.at(nested_looks);
  j.works_errno("root may ask statmount about another mount namespace",
                above.errno_of("statmount"));
  j.works_errno("root may ask listmount about another mount namespace",
                above.errno_of("listmount"));
  j.works_errno("a less privileged namespace can be entered", below.errno_of("nested enter"));
  // It was ENOENT until a fix of the errno in 6.18's time.
  const int refused = below.errno_of("nested statmount");
  j.isolated("from there statmount tells nothing of the outside's", "EPERM or ENOENT",
             refused > 0 ? errno_name(refused) : std::to_string(refused),
             refused == EPERM || refused == ENOENT);
  j.isolated_errno("from there the outside's are unknown to listmount", ENOENT,
                   below.errno_of("nested listmount"));
  return j;
}

}  // namespace foreign

namespace walking {

// The arena is outside of the initial pid namespace, whatever its privilege.
void walk(Scene& scene) {
  const Fd own(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
  MountNamespaceInfo info;
  scene.seen.call("NS_MNT_GET_INFO", ::ioctl(own.get(), get_info, &info));
  scene.seen.text("its id", info.id == mount_namespace_id() ? "its own" : "another");
  scene.seen.text("its mounts", info.mounts > 0 ? "some" : "none");
  const Fd next(::ioctl(own.get(), get_next, &info));
  scene.seen.call("NS_MNT_GET_NEXT", next.get());
  const Fd previous(::ioctl(own.get(), get_previous, &info));
  scene.seen.call("NS_MNT_GET_PREV", previous.get());
}

constexpr std::array acts{Act{Side::Inside, "inside walks", walk}};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside walks");
  j.works_errno("NS_MNT_GET_INFO works", seen.errno_of("NS_MNT_GET_INFO"));
  j.works_equal("and names the namespace", "its own", seen.text_of("its id"));
  j.works_equal("and counts its mounts", "some", seen.text_of("its mounts"));
  j.rule_errno("NS_MNT_GET_NEXT is for the initial namespaces", EPERM,
               seen.errno_of("NS_MNT_GET_NEXT"));
  j.rule_errno("NS_MNT_GET_PREV too", EPERM, seen.errno_of("NS_MNT_GET_PREV"));
  return j;
}

}  // namespace walking

constexpr std::string_view why =
    "What is mounted where tells of a machine's disks, users and containers. statmount and "
    "listmount take plain numbers, which anybody can count through.";
constexpr std::string_view failure =
    "Somebody in a container reads the list of the host's or another container's mounts.";

}  // namespace

constinit const Probe mount_listing{
    .family = "mnt",
    .name = "listmount",
    .sentence = "listmount and statmount know the mounts of one's own namespace only",
    .source = "listmount(2), statmount(2); fs/namespace.c lookup_mnt_in_ns()",
    .first_kernel = "6.8",
    .namespaces = {Kind::Mnt},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = own::acts,
    .judge = own::judge,
    .why = why,
    .failure = failure,
    .by_hand =
        "# the ids of the mounts, which no other namespace has\n"
        "count='\n"
        "import ctypes, struct\n"
        "ids = (ctypes.c_uint64 * 999)()\n"
        "all = struct.pack(\"IIQQ\", 24, 0, 2**64 - 1, 0)\n"
        "found = ctypes.CDLL(None).syscall(458, all, ids, 999, 0)\n"
        "print(found, \"mounts from id\", ids[0])'\n"
        "python3 -c \"$count\"; unshare -m python3 -c \"$count\"",
};

constinit const Probe statmount_foreign{
    .family = "mnt",
    .name = "statmount_foreign",
    .sentence = "a less privileged namespace is told nothing about another's mounts",
    .source =
        "listmount(2): ENOENT, statmount(2): EPERM, earlier ENOENT; fs/namespace.c do_listmount(), "
        "grab_requested_mnt_ns()",
    .first_kernel = "6.12",
    .namespaces = {Kind::Mnt},
    .ways = nested_ways,
    .privileges = all_privileges,
    .acts = foreign::acts,
    .judge = foreign::judge,
    .why = why,
    .failure = failure,
    .by_hand =
        "ask='\n"
        "import ctypes, fcntl, os, struct, sys\n"
        "file = os.open(\"/proc/%s/ns/mnt\" % sys.argv[1], 0) if len(sys.argv) < 3 else 0\n"
        "ns = int(sys.argv[2]) if file == 0 else struct.unpack(\"Q\", fcntl.ioctl(\n"
        "    file, 0x8008b705, bytes(8)))[0]   # NS_GET_MNTNS_ID\n"
        "ids = (ctypes.c_uint64 * 999)()\n"
        "all = struct.pack(\"IIQQQ\", 32, 0, 2**64 - 1, 0, ns)\n"
        "print(ns, ctypes.CDLL(None).syscall(458, all, ids, 999, 0))'\n"
        "python3 -c \"$ask\" self                    # an id, and a number of mounts\n"
        "id=$(python3 -c \"$ask\" self | cut -d\" \" -f1)\n"
        "unshare -Urm python3 -c \"$ask\" - $id      # -1",
};

constinit const Probe mount_namespace_walk{
    .family = "mnt",
    .name = "mount_namespace_walk",
    .sentence = "in a container nobody walks from its mount namespace to those of others",
    .source = "ioctl_nsfs(2); CVE-2026-43403; fs/nsfs.c ns_ioctl(), may_see_all_namespaces()",
    .first_kernel = "6.12",
    .namespaces = {Kind::Mnt},
    .ways = one_way,
    .privileges = all_privileges,
    .acts = walking::acts,
    .judge = walking::judge,
    .why =
        "NS_MNT_GET_NEXT and NS_MNT_GET_PREV hand out a descriptor of the next mount "
        "namespace. Kernels without the fix gave it to root of any container with a matching "
        "user namespace, which could then join it.",
    .failure =
        "Root in a container without a user namespace of its own enters the mount "
        "namespaces of the host and of other containers.",
    .by_hand =
        "next='import fcntl; fcntl.ioctl(open(\"/proc/self/ns/mnt\"), 0x8010b70b, bytes(16))'\n"
        "unshare -pf --mount-proc python3 -c \"$next\"   # not permitted",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
