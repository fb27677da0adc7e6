// mnt: mounting, unmounting and changing the root stay on their side.

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "probes/mnt/probes.h"
#include "probes/sandbox/arena.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"

namespace nsbench::probes {

namespace {

std::string place(std::string_view name) { return scratch_dir() + "/" + std::string(name); }

// Whether a mount point of this path is listed (field 5 of proc_pid_mountinfo(5)).
bool listed(const std::string& path) {
  const Result<std::string> mounts = read_small_file("/proc/self/mountinfo");
  return mounts && mounts->find(" " + path + " ") != std::string::npos;
}

void look(Observation& seen) {
  const Result<std::string> mounts = read_small_file("/proc/self/mountinfo");
  seen.number("mounts", mounts ? std::count(mounts->begin(), mounts->end(), '\n') : -1);
  struct stat root {};
  seen.call("stat(/)", ::stat("/", &root));
  seen.text("root device:inode", std::to_string(root.st_dev) + ":" + std::to_string(root.st_ino));
}

// Two ways to see a mount: its line in mountinfo, and a file on it.
void look_at(Observation& seen, std::string_view name) {
  const std::string path = place(name);
  seen.number("listed " + std::string(name), listed(path) ? 1 : 0);
  const int got = ::access((path + "/on-the-mount").c_str(), F_OK);
  seen.result("access " + std::string(name), got == 0 ? 0 : errno);
}

void mount_at(Observation& seen, std::string_view name) {
  const std::string path = place(name);
  ::mkdir(path.c_str(), 0755);
  seen.call("mount", ::mount("nsbench", path.c_str(), "tmpfs", 0, "size=64k"));
  const Fd file(::open((path + "/on-the-mount").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  look_at(seen, name);
}

void unmount(Observation& seen, std::string_view name) {
  seen.call("umount", ::umount2(place(name).c_str(), 0));
  look_at(seen, name);
}

constexpr std::array mount_acts{
    Act{Side::Inside, "inside mounts", [](Scene& s) { mount_at(s.seen, "by-inside"); }},
    Act{Side::Outside, "outside looks", [](Scene& s) { look_at(s.seen, "by-inside"); }},
    Act{Side::Sibling, "sibling looks", [](Scene& s) { look_at(s.seen, "by-inside"); }},
    Act{Side::Outside, "outside mounts", [](Scene& s) { mount_at(s.seen, "by-outside"); }},
    Act{Side::Inside, "inside looks", [](Scene& s) { look_at(s.seen, "by-outside"); }},
};

// A mount is on its own side only: the maker lists and reaches it, the others don't.
void judge_unseen(Judgement& j, const Observation& seen, const std::string& name,
                  const std::string& who) {
  j.isolated_equal(who + " does not list it in mountinfo", "0",
                   std::to_string(seen.number_of("listed " + name)));
  j.isolated_errno(who + " does not reach it by its path", ENOENT, seen.errno_of("access " + name));
}

Judgement judge_mount(const Transcript& t) {
  Judgement j;
  j.works_errno("mount works inside", t.at("inside mounts").errno_of("mount"));
  j.works_equal("the inside lists its own mount", "1",
                std::to_string(t.at("inside mounts").number_of("listed by-inside")));
  j.works_errno("the inside reaches its own mount",
                t.at("inside mounts").errno_of("access by-inside"));
  judge_unseen(j, t.at("outside looks"), "by-inside", "a mount made inside: the outside");
  judge_unseen(j, t.at("sibling looks"), "by-inside", "a mount made inside: a sibling born later");
  judge_unseen(j, t.at("inside looks"), "by-outside",
               "a mount made outside afterwards: the inside");
  return j;
}

constexpr std::array umount_acts{
    Act{Side::Outside, "outside mounts", [](Scene& s) { mount_at(s.seen, "first"); }},
    Act{Side::Outside, "outside mounts again", [](Scene& s) { mount_at(s.seen, "second"); }},
    Act{Side::Inside, "inside is born", [](Scene& s) { look_at(s.seen, "first"); }},
    Act{Side::Inside, "inside unmounts", [](Scene& s) { unmount(s.seen, "first"); }},
    Act{Side::Outside, "outside looks", [](Scene& s) { look_at(s.seen, "first"); }},
    Act{Side::Outside, "outside unmounts", [](Scene& s) { unmount(s.seen, "second"); }},
    Act{Side::Inside, "inside looks", [](Scene& s) { look_at(s.seen, "second"); }},
};

Judgement judge_umount(const Transcript& t) {
  Judgement j;
  j.works_errno("mounts are inherited at birth", t.at("inside is born").errno_of("access first"));
  j.works_errno("umount works inside", t.at("inside unmounts").errno_of("umount"));
  j.works_errno("umount works outside", t.at("outside unmounts").errno_of("umount"));
  j.isolated_equal("an umount inside leaves the outside's mount listed", "1",
                   std::to_string(t.at("outside looks").number_of("listed first")));
  j.isolated_errno("an umount inside leaves the outside's mount reachable", 0,
                   t.at("outside looks").errno_of("access first"));
  j.isolated_errno("an umount outside leaves the inside's mount reachable", 0,
                   t.at("inside looks").errno_of("access second"));
  return j;
}

// The new root is a tmpfs with a file that tells it apart; the old one ends up below it and stays.
void change_root(Scene& scene) {
  const std::string root = place("new-root");
  ::mkdir(root.c_str(), 0755);
  if (scene.seen.call("mount", ::mount("nsbench", root.c_str(), "tmpfs", 0, "size=64k")) < 0)
    return;
  const std::string old = root + "/old";
  ::mkdir(old.c_str(), 0755);
  const Fd mark(::open((root + "/nsb-mark").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  scene.seen.call("pivot_root", ::syscall(SYS_pivot_root, root.c_str(), old.c_str()));
  scene.seen.call("access(/nsb-mark)", ::access("/nsb-mark", F_OK));
}

constexpr std::array pivot_acts{
    Act{Side::Outside, "outside looks first", [](Scene& s) { look(s.seen); }},
    Act{Side::Inside, "inside pivots", change_root},
    Act{Side::Outside, "outside looks",
        [](Scene& s) {
          look(s.seen);
          s.seen.call("access(/nsb-mark)", ::access("/nsb-mark", F_OK));
        }},
};

Judgement judge_pivot(const Transcript& t) {
  Judgement j;
  j.works_errno("pivot_root works inside", t.at("inside pivots").errno_of("pivot_root"));
  j.works_errno("the inside sees its new root",
                t.at("inside pivots").errno_of("access(/nsb-mark)"));
  j.isolated_errno("the outside does not see the inside's new root", ENOENT,
                   t.at("outside looks").errno_of("access(/nsb-mark)"));
  j.isolated_equal("pivot_root inside leaves the outside's root directory",
                   t.at("outside looks first").text_of("root device:inode"),
                   t.at("outside looks").text_of("root device:inode"));
  return j;
}

}  // namespace

constinit const Probe mount_view{
    .family = "mnt",
    .name = "mount_view",
    .sentence = "a mount is listed and reached on the side that made it only",
    .source = "mount_namespaces(7); fs/namespace.c copy_mnt_ns()",
    .first_kernel = "2.4.19",
    .namespaces = {Kind::Mnt},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = mount_acts,
    .judge = judge_mount,
    .look = look,
    .why =
        "Containers, services with PrivateTmp= or ProtectSystem=, and sandboxes mount what only "
        "they are to see, secrets among it, over the paths that everybody uses.",
    .failure =
        "What a container mounts covers files of the host or is read there, and the host's "
        "later mounts, a disk that is plugged in for example, turn up in every container.",
    .by_hand =
        "unshare -m sh -c 'mount -t tmpfs none /mnt; grep \" /mnt \" /proc/self/mountinfo'\n"
        "grep \" /mnt \" /proc/self/mountinfo || echo not here\n"
        "lsns -t mnt",
};

constinit const Probe umount_view{
    .family = "mnt",
    .name = "umount_view",
    .sentence = "an umount takes a mount from its own side only",
    .source = "mount_namespaces(7), umount(2); fs/namespace.c copy_mnt_ns()",
    .first_kernel = "2.4.19",
    .namespaces = {Kind::Mnt},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = umount_acts,
    .judge = judge_umount,
    .look = look,
    .why =
        "A container run time unmounts everything of the host's that the container is not to "
        "have. The host goes on with its disks mounted.",
    .failure =
        "Starting a container unmounts the host's file systems, or ending a mount on the "
        "host pulls files away from under running containers.",
    .by_hand =
        "unshare -m sh -c '\n"
        "  mount -t tmpfs none /mnt\n"
        "  unshare -m sh -c \"umount /mnt; findmnt /mnt || echo not here\"\n"
        "  findmnt /mnt'",
};

constinit const Probe pivot_root{
    .family = "mnt",
    .name = "pivot_root",
    .sentence = "pivot_root inside leaves the outside's root directory",
    .source =
        "pivot_root(2), mount_namespaces(7); fs/namespace.c path_pivot_root(), "
        "chroot_fs_refs()",
    .first_kernel = "2.4.19",
    .namespaces = {Kind::Mnt},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = pivot_acts,
    .judge = judge_pivot,
    .look = look,
    .why =
        "pivot_root changes the root directory of every process in the namespace that has the "
        "old one. Run times call it for each container that they start.",
    .failure = "Starting a container gives the host's processes the container's root directory.",
    .by_hand =
        "unshare -m sh -c '\n"
        "  mount -t tmpfs none /mnt; mkdir /mnt/old; touch /mnt/mark\n"
        "  cd /mnt; pivot_root . old; echo /*'   # /mark /old\n"
        "ls -d /mark || echo not here",
};

}  // namespace nsbench::probes
