// mnt: `..` does not lead out of a bind mount, wherever its directories are renamed to.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string>

#include "probes/mnt/mounts.h"
#include "probes/mnt/probes.h"

namespace nsbench::probes {

namespace {

constexpr std::string_view outside_arranges = "outside binds a directory";
constexpr std::string_view inside_enters = "inside goes into it";
constexpr std::string_view inside_climbs = "inside climbs";

// "all/secret" is beside "all/shared", which is bound to "jail".
void arrange(Scene& scene) {
  mount_at("all");
  make_dir("all/shared/below");
  make_file("all/secret");
  make_file("all/shared/public");
  scene.seen.call("bind", mount_bind(place("all/shared"), make_dir("jail")));
}

void go_in(Scene& scene) {
  scene.seen.call("chdir", ::chdir((place("jail") + "/below").c_str()));
  scene.seen.call("..", ::access("..", F_OK));
  scene.seen.call("../public", ::access("../public", F_OK));
}

void move_out(Scene& scene) {
  scene.seen.call("rename",
                  ::rename(place("all/shared/below").c_str(), place("all/below").c_str()));
}

void climb(Scene& scene) {
  scene.seen.call(".", ::access(".", F_OK));
  scene.seen.call("..", ::access("..", F_OK));
  scene.seen.call("../secret", ::access("../secret", F_OK));
  std::array<char, 512> path{};
  scene.seen.call("getcwd", ::syscall(SYS_getcwd, path.data(), path.size()));
  scene.seen.text("working directory", path.data());
}

constexpr std::array acts{
    Act{Side::Outside, outside_arranges, arrange},
    Act{Side::Inside, inside_enters, go_in},
    Act{Side::Outside, "outside renames it out of the mount", move_out},
    Act{Side::Inside, inside_climbs, climb},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& before = t.at(inside_enters);
  const Observation& after = t.at(inside_climbs);
  j.works_errno("a directory can be bound", t.at(outside_arranges).errno_of("bind"));
  j.works_errno("a directory on it can be gone into", before.errno_of("chdir"));
  j.works_errno("`..` leads to the mount's root at first", before.errno_of(".."));
  j.works_errno("where a file is reached", before.errno_of("../public"));
  j.works_errno("the directory can be renamed out of the mount",
                t.at("outside renames it out of the mount").errno_of("rename"));
  j.works_errno("it is still the working directory", after.errno_of("."));
  j.rule_errno("`..` then leads nowhere", ENOENT, after.errno_of(".."));
  j.rule_errno("and to nothing that is outside of the mount", ENOENT, after.errno_of("../secret"));
  const std::string path = after.text_of("working directory");
  j.rule("getcwd says that the directory is not to be reached", "(unreachable)...", path,
         path.starts_with("(unreachable)"));
  return j;
}

}  // namespace

constinit const Probe dotdot{
    .family = "mnt",
    .name = "dotdot",
    .sentence = "`..` does not lead out of a bind mount from a directory that was renamed out",
    .source =
        "CVE-2015-2925 (fixed in 4.2.4); path_resolution(7), getcwd(3); fs/namei.c "
        "path_connected()",
    .first_kernel = "2.6.36",
    .namespaces = {Kind::Mnt},
    .ways = one_way,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "Volumes are bind mounts of directories of the host. Whoever can rename on the other "
        "side, another container with the same volume, could move a directory out of it while "
        "somebody was in it, who then climbed to the host's root.",
    .failure = "A container with a shared volume walks to the host's root directory.",
    .by_hand =
        "unshare -m sh -c '\n"
        "  mount -t tmpfs none /mnt; mkdir -p /mnt/all/shared/below /mnt/jail\n"
        "  touch /mnt/all/secret; mount --bind /mnt/all/shared /mnt/jail\n"
        "  cd /mnt/jail/below; mv /mnt/all/shared/below /mnt/all\n"
        "  ls ..; ls ../secret'   # both: no such file or directory",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
