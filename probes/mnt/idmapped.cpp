// mnt: an idmapped mount shows and takes mapped owners, and not everybody can make one.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>

#include "probes/mnt/mounts.h"
#include "probes/mnt/probes.h"
#include "probes/sandbox/enter.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"

namespace nsbench::probes {

namespace {

constexpr std::chrono::seconds patience{5};
constexpr uid_t overflow = 65534;

// A user namespace whose map is what the door writes: inside_id() there is the caller's id here.
Result<Fd> make_map() {
  const Result<Child> holder = hold_open({Kind::User}, Deadline::in(patience));
  if (!holder) return holder.error();
  const Result<std::string> dir = proc_dir(*holder);
  if (!dir) return dir.error();
  Fd map(::open((*dir + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  if (!map.valid()) return Error::last("open(/proc/HOLDER/ns/user)");
  return map;
}

Fd clone_mount(const std::string& path) {
  return Fd(static_cast<int>(
      ::syscall(SYS_open_tree, AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | O_CLOEXEC)));
}

int set_map(const Fd& mount, const Fd& map) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<std::uint64_t>(map.get());
  return static_cast<int>(
      ::syscall(SYS_mount_setattr, mount.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes));
}

int attach(const Fd& mount, const std::string& path) {
  return static_cast<int>(
      ::syscall(SYS_move_mount, mount.get(), "", AT_FDCWD, path.c_str(), MOVE_MOUNT_F_EMPTY_PATH));
}

std::int64_t owner(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<std::int64_t>(info.st_uid) : -1;
}

// The map, or an end of the case with the reason why there is none.
Fd map_or_end(Scene& scene) {
  Result<Fd> map = make_map();
  if (map) return std::move(*map);
  if (const auto skip = scene.support().explain(map.error(), true)) {
    scene.skip(skip->reason, skip->text);
  }
  scene.seen.result("make a map", map.error().err);
  return Fd();
}

// "plain" with two files, and its idmapped copy "mapped".
void make_mapped(Scene& scene) {
  const Fd map = map_or_end(scene);
  if (!map.valid()) return;
  mount_at("plain");
  const Fd mount = clone_mount(place("plain"));
  scene.seen.call("mount_setattr", set_map(mount, map));
  scene.seen.call("move_mount", attach(mount, make_dir("mapped")));
}

void create(Observation& seen, const std::string& path) {
  const Fd file(::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644));
  seen.call("create", file.get());
}

namespace owners {

constexpr std::string_view inside_maps = "inside makes an idmapped mount";

void map_and_look(Scene& scene) {
  const uid_t mapped = inside_id(::geteuid());
  make_mapped(scene);
  if (scene.ended()) return;
  const std::string theirs = make_file("plain/theirs");
  // The directory too: nothing is made in one whose owner is not mapped.
  const int given = ::chown(theirs.c_str(), mapped, mapped) == 0
                        ? ::chown(place("plain").c_str(), mapped, mapped)
                        : -1;
  if (given != 0 && errno == EINVAL) {
    return scene.skip(SkipReason::NoPrivilege,
                      fmt::format("id {} is not mapped in this user namespace", mapped));
  }
  scene.seen.result("chown", given == 0 ? 0 : errno);
  scene.seen.number("shows", owner(place("mapped/theirs")));
  create(scene.seen, place("mapped/new"));
  scene.seen.number("new shows", owner(place("mapped/new")));
  scene.seen.number("new is", owner(place("plain/new")));
}

constexpr std::array acts{Act{Side::Inside, inside_maps, map_and_look}};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(inside_maps);
  const auto number = [&seen](std::string_view fact) {
    return std::to_string(seen.number_of(fact));
  };
  j.works_errno("a copy of a mount can be idmapped", seen.errno_of("mount_setattr"));
  j.works_errno("and attached", seen.errno_of("move_mount"));
  j.works_errno("a file below can be given to the mapped id", seen.errno_of("chown"));
  j.works_errno("a file can be made on the idmapped mount", seen.errno_of("create"));
  j.rule_equal("the mapped id's file is shown as root's", "0", number("shows"));
  j.rule_equal("the new file is shown as root's", "0", number("new shows"));
  j.rule_equal("and is the mapped id's below", std::to_string(inside_id(0)), number("new is"));
  return j;
}

}  // namespace owners

namespace unmapped {

constexpr std::string_view inside_maps = "inside makes an idmapped mount";

void map_and_look(Scene& scene) {
  make_mapped(scene);
  if (scene.ended()) return;
  scene.seen.number("plain shows", owner(place("plain/on-the-mount")));
  scene.seen.number("mapped shows", owner(place("mapped/on-the-mount")));
  scene.seen.call("write plain", ::access(place("plain/on-the-mount").c_str(), W_OK));
  scene.seen.call("write mapped", ::access(place("mapped/on-the-mount").c_str(), W_OK));
}

constexpr std::array acts{Act{Side::Inside, inside_maps, map_and_look}};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(inside_maps);
  j.works_errno("a copy of a mount can be idmapped", seen.errno_of("mount_setattr"));
  j.works_errno("and attached", seen.errno_of("move_mount"));
  j.works_equal("root's file is root's on the plain mount", "0",
                std::to_string(seen.number_of("plain shows")));
  j.works_errno("where root can write it", seen.errno_of("write plain"));
  j.rule_equal("an owner that the map does not have is shown as the overflow id",
               std::to_string(overflow), std::to_string(seen.number_of("mapped shows")));
  j.rule_errno("and its file can't be written, by root either", EACCES,
               seen.errno_of("write mapped"));
  return j;
}

}  // namespace unmapped

namespace privilege {

constexpr std::string_view nested_maps = "inside, the less privileged makes idmapped mounts";

// The file system decides: the outside's is not theirs, their own is.
void try_both(Observation& seen) {
  const Result<Fd> map = make_map();
  seen.result("make a map", map ? 0 : map.error().err);
  if (!map) return;
  const Fd theirs = clone_mount(place("theirs"));
  seen.call("open_tree", theirs.get());
  seen.call("map the outside's", set_map(theirs, *map));
  mount_at("own");
  const Fd own = clone_mount(place("own"));
  seen.call("map one's own", set_map(own, *map));
  seen.call("map it twice", set_map(own, *map));
  const Fd attached(::open(place("own").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  seen.call("map an attached one", set_map(attached, *map));
}

constexpr std::array acts{
    Act{Side::Outside, "outside mounts",
        [](Scene& s) { s.seen.call("mount", mount_at("theirs")); }},
    Act{Side::Inside, nested_maps, [](Scene& s) { in_less_privileged(s, try_both); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(nested_maps);
  j.works_errno("one can mount outside", t.at("outside mounts").errno_of("mount"));
  j.works_errno("a less privileged namespace can be entered", seen.errno_of("nested enter"));
  j.works_errno("a user namespace with a map can be made", seen.errno_of("nested make a map"));
  j.works_errno("the outside's mount can be cloned", seen.errno_of("nested open_tree"));
  j.works_errno("a mount of one's own file system can be idmapped",
                seen.errno_of("nested map one's own"));
  j.rule_errno("one of the outside's file system can't", EPERM,
               seen.errno_of("nested map the outside's"));
  j.rule_errno("a map can't be replaced", EPERM, seen.errno_of("nested map it twice"));
  j.rule_errno("a mount that is attached can't be mapped any more", EINVAL,
               seen.errno_of("nested map an attached one"));
  return j;
}

}  // namespace privilege

constexpr Probe idmapped_probe(std::string_view name, std::string_view sentence,
                               std::string_view source, std::span<const Act> acts,
                               Judgement (*judge)(const Transcript&)) {
  Probe probe{.family = "mnt",
              .name = name,
              .sentence = sentence,
              .source = source,
              .first_kernel = "6.3",  // tmpfs; the call is from 5.12
              .namespaces = {Kind::Mnt},
              .ways = one_way,
              .privileges = all_privileges,
              .acts = acts,
              .judge = judge,
              .control = ControlKind::Positive};
  probe.why =
      "Run times give one image to many containers through idmapped mounts, instead of changing "
      "the owner of each file. Whoever could map another's file system would own its files.";
  probe.failure =
      "Files are created on the host with the container's ids as they are, root's among them, or a "
      "user takes over the files of others by mapping their owners to their own id.";
  probe.by_hand =
      "# util-linux 2.39: mount -o X-mount.idmap\n"
      "unshare -m sh -c '\n"
      "  mount -t tmpfs none /mnt; mkdir /mnt/a /mnt/b; touch /mnt/a/f; chown 1000 /mnt/a/f\n"
      "  mount --bind -o X-mount.idmap=u:1000:0:1 /mnt/a /mnt/b; stat -c %u /mnt/b/f'";
  return probe;
}

// The mapped id is one more than an unprivileged user namespace has.
constexpr Probe for_root(Probe probe) {
  probe.privileges = root_only;
  return probe;
}

}  // namespace

constinit const Probe idmapped_owners = for_root(
    idmapped_probe("idmapped_owners", "an idmapped mount shows and creates with mapped owners",
                   "mount_setattr(2), \"ID-mapped mounts\"; fs/mnt_idmapping.c make_vfsuid()",
                   owners::acts, owners::judge));
constinit const Probe idmapped_unmapped = idmapped_probe(
    "idmapped_unmapped", "on an idmapped mount owners that are not mapped belong to nobody",
    "mount_setattr(2), \"ID-mapped mounts\"; fs/mnt_idmapping.c make_vfsuid()", unmapped::acts,
    unmapped::judge);
constinit const Probe idmapped_privilege = idmapped_probe(
    "idmapped_privilege", "only who owns a file system can make idmapped mounts of it, and once",
    "mount_setattr(2): EPERM, EINVAL; fs/namespace.c can_idmap_mount()", privilege::acts,
    privilege::judge);

}  // namespace nsbench::probes
