// user: what becomes of capabilities by execve and by changes of ids, inside.
#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "probes/sandbox/arena.h"
#include "probes/sandbox/id_map.h"
#include "probes/user/further.h"
#include "probes/user/probes.h"
#include "probes/user/program.h"

namespace nsbench::probes {

namespace {

constexpr NamespaceSet user_set{Kind::User};
constexpr int kept = CAP_NET_BIND_SERVICE;

std::string program() { return scratch_dir() + "/program"; }

int raise_ambient() {
  const std::uint64_t all = permitted_capabilities();
  if (const int err = set_capabilities(all, all, capability_bit(kept)); err != 0) return err;
  return as_errno(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept, 0, 0));
}

void exec_plainly(Observation& seen) {
  look_at_capabilities(seen);
  run_program(seen, "then", program());
}

void exec_with_ambient(Observation& seen) { run_program(seen, "then", program(), raise_ambient); }

// A process in a fresh namespace, with its own id mapped to `inside`, or not at all, execs.
void exec_as(Scene& scene, const char* name, int inside, const Look& look) {
  Further process(scene.seen, name, Method::Clone, user_set, {look});
  if (inside >= 0) {
    process.write(scene.seen, fmt::format("{} map", name), "uid_map",
                  fmt::format("{} {} 1\n", inside, ::geteuid()));
  }
  process.look(scene.seen, name);
}

constexpr std::array exec_acts{
    Act{Side::Outside, "processes inside exec",
        [](Scene& s) {
          if (!own_id_is_mappable(s)) return;
          if (const int err = write_program(program()); err != 0) {
            return s.broken("write a program: " + errno_name(err));
          }
          s.seen.text("all", every_capability());
          s.seen.text("one", one_capability(kept));
          exec_as(s, "root", 0, exec_plainly);
          exec_as(s, "user", 1000, exec_plainly);
          exec_as(s, "ambient", 1000, exec_with_ambient);
          exec_as(s, "unmapped", -1, exec_plainly);
        }},
};

Judgement judge_exec(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(exec_acts[0].name);
  const std::string all = seen.text_of("all");
  for (const char* who : {"root", "user", "unmapped"}) {
    const std::string name(who);
    j.works_equal(name + " has every capability at first", all, seen.text_of(name + " CapEff"));
    j.works_errno(name + " can exec", seen.errno_of(name + " then exec"));
  }
  j.works_errno("a user with an ambient capability can exec", seen.errno_of("ambient then exec"));
  for (const char* set : {"CapPrm", "CapEff"}) {
    const auto then = [&](const char* who) {
      return seen.text_of(fmt::format("{} then {}", who, set));
    };
    j.works_equal(fmt::format("uid 0 inside keeps {} over execve", set), all, then("root"));
    j.rule_equal(fmt::format("another uid loses {} by execve", set), no_capabilities, then("user"));
    j.rule_equal(fmt::format("a uid without a mapping loses {} by execve", set), no_capabilities,
                 then("unmapped"));
    j.works_equal(fmt::format("an ambient capability stays in {}", set), seen.text_of("one"),
                  then("ambient"));
  }
  return j;
}

// set*uid() away from the namespace's uid 0 and back to it, as credentials(7) has it for root.
void change_ids(Observation& seen) {
  const auto effective = [&seen](const char* when) {
    Observation sets;
    look_at_capabilities(sets);
    seen.text(fmt::format("CapEff {}", when), sets.text_of("CapEff"));
    seen.text(fmt::format("CapPrm {}", when), sets.text_of("CapPrm"));
  };
  seen.call("setresuid(0)", ::setresuid(0, 0, 0));
  effective("as root");
  seen.call("seteuid(5)", ::seteuid(5));
  effective("as 5 for a while");
  seen.call("seteuid(0)", ::seteuid(0));
  effective("as root again");
  seen.call("setresuid(5)", ::setresuid(5, 5, 5));
  effective("as 5 for good");
  seen.call("setuid(0)", ::setuid(0));
}

constexpr std::array setuid_acts{
    Act{Side::Outside, "a process changes its ids",
        [](Scene& s) {
          constexpr int first = 100000;
          if (!ids_are_mapped(s, first + 10)) return;
          s.seen.text("all", every_capability());
          Further process(s.seen, "process", Method::Clone, user_set, {change_ids});
          process.write(s.seen, "uid_map", "uid_map", fmt::format("0 {} 10\n", first));
          process.look(s.seen, "it");
        }},
};

Judgement judge_setuid(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(setuid_acts[0].name);
  const auto set = [&seen](const char* name) { return seen.text_of(fmt::format("it {}", name)); };
  const std::string all = seen.text_of("all");
  j.works_errno("a process inside becomes uid 0", seen.errno_of("it setresuid(0)"));
  j.works_equal("uid 0 has every capability", all, set("CapEff as root"));
  j.works_errno("and takes another effective uid", seen.errno_of("it seteuid(5)"));
  j.rule_equal("which has none effective", no_capabilities, set("CapEff as 5 for a while"));
  j.works_equal("and keeps the permitted ones", all, set("CapPrm as 5 for a while"));
  j.works_errno("it goes back to uid 0", seen.errno_of("it seteuid(0)"));
  j.works_equal("which has every capability again", all, set("CapEff as root again"));
  j.works_errno("and leaves uid 0 for good", seen.errno_of("it setresuid(5)"));
  j.rule_equal("which leaves none effective", no_capabilities, set("CapEff as 5 for good"));
  j.rule_equal("and none permitted", no_capabilities, set("CapPrm as 5 for good"));
  j.rule_errno("from there nothing leads to uid 0", EPERM, seen.errno_of("it setuid(0)"));
  return j;
}

// Version 3 file capabilities, which name the root uid of the namespaces they count in.
namespace file {

constexpr const char* xattr = "security.capability";
constexpr uid_t root = 100000;      // the uid 0 of the namespace they are for
constexpr uid_t stranger = 200000;  // of another one
constexpr int given = CAP_NET_RAW;

vfs_ns_cap_data capability(std::uint32_t revision, std::uint32_t rootid) {
  vfs_ns_cap_data data{};
  data.magic_etc = revision | VFS_CAP_FLAGS_EFFECTIVE;
  data.data[0].permitted = 1U << given;
  data.rootid = rootid;
  return data;
}

// On a tmpfs of the arena's own: its scratch directory is nosuid.
std::string path(const char* name) { return scratch_dir() + "/suid/" + name; }

int give(const char* name, std::uint32_t revision, std::uint32_t rootid) {
  const vfs_ns_cap_data data = capability(revision, rootid);
  const std::size_t size = revision == VFS_CAP_REVISION_2 ? XATTR_CAPS_SZ_2 : sizeof data;
  return as_errno(::setxattr(path(name).c_str(), xattr, &data, size, 0));
}

void read_back(Observation& seen, const char* name) {
  vfs_ns_cap_data data{};
  const ssize_t size = ::getxattr(path(name).c_str(), xattr, &data, sizeof data);
  seen.call(fmt::format("getxattr {}", name), size);
  seen.number(fmt::format("size of {}", name), size);
  seen.number(fmt::format("rootid of {}", name), data.rootid);
}

int become_user() {
  if (::setresgid(5, 5, 5) != 0 || ::setresuid(5, 5, 5) != 0) return errno;
  return 0;
}

void look(Observation& seen) {
  seen.call("setresgid", ::setresgid(0, 0, 0));
  seen.call("setresuid", ::setresuid(0, 0, 0));
  read_back(seen, "tool");
  seen.result("give", give("made-inside", VFS_CAP_REVISION_2, 0));
  run_program(seen, "user's", path("tool"), become_user);
}

void make_files(Scene& scene) {
  ::mkdir(path("").c_str(), 0755);
  if (::mount("nsbench", path("").c_str(), "tmpfs", 0, "mode=0755") != 0) {
    return scene.broken("mount(tmpfs): " + errno_name(errno));
  }
  for (const char* name : {"tool", "made-inside"}) {
    if (const int err = write_program(path(name)); err != 0) {
      return scene.broken("write a program: " + errno_name(err));
    }
  }
  if (::chown(path("made-inside").c_str(), root, root) != 0) {
    return scene.broken("chown(made-inside): " + errno_name(errno));
  }
  const int given = give("tool", VFS_CAP_REVISION_3, root);
  if (given == EOPNOTSUPP && ::setxattr(path("tool").c_str(), "trusted.nsbench", "", 0, 0) != 0 &&
      errno == EOPNOTSUPP) {
    return scene.skip(SkipReason::NoFeature, "tmpfs has no extended attributes here");
  }
  scene.seen.result("give", given);
}

void look_from(Scene& scene, const char* name, uid_t first) {
  Further process(scene.seen, name, Method::Clone, user_set, {look});
  const std::string map = fmt::format("0 {} 10\n", first);
  process.write(scene.seen, fmt::format("{} gid_map", name), "gid_map", map);
  process.write(scene.seen, fmt::format("{} uid_map", name), "uid_map", map);
  process.look(scene.seen, name);
}

constexpr std::array acts{
    Act{Side::Outside, "outside makes files",
        [](Scene& s) {
          if (ids_are_mapped(s, stranger + 10)) make_files(s);
        }},
    Act{Side::Outside, "others run them",
        [](Scene& s) {
          s.seen.text("one", one_capability(given));
          look_from(s, "its", root);
          look_from(s, "another", stranger);
          run_program(s.seen, "outside's user's", path("tool"), become_user);
          read_back(s.seen, "tool");
          read_back(s.seen, "made-inside");
        }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("others run them");
  const auto number = [&seen](const char* name) { return std::to_string(seen.number_of(name)); };
  const std::string version2 = std::to_string(XATTR_CAPS_SZ_2);
  const std::string version3 = std::to_string(XATTR_CAPS_SZ_3);
  j.works_errno("version 3 file capabilities can be set",
                t.at("outside makes files").errno_of("give"));
  for (const char* who : {"its", "another", "outside's"}) {
    j.works_errno(fmt::format("{} user runs the file", who),
                  seen.errno_of(fmt::format("{} user's exec", who)));
  }
  j.works_equal("they count where their rootid is uid 0", seen.text_of("one"),
                seen.text_of("its user's CapEff"));
  j.rule_equal("they do not count in another namespace", no_capabilities,
               seen.text_of("another user's CapEff"));
  j.rule_equal("they do not count outside", no_capabilities,
               seen.text_of("outside's user's CapEff"));
  j.works_equal("their own namespace sees version 2", version2, number("its size of tool"));
  j.rule_errno("another namespace can't read them", EOVERFLOW,
               seen.errno_of("another getxattr tool"));
  j.works_equal("the outside sees version 3", version3, number("size of tool"));
  j.works_equal("and whose they are", std::to_string(root), number("rootid of tool"));
  j.works_errno("root inside gives capabilities to a file of its own", seen.errno_of("its give"));
  j.rule_equal("which are version 3 outside", version3, number("size of made-inside"));
  j.rule_equal("with its uid as rootid", std::to_string(root), number("rootid of made-inside"));
  j.rule_errno("root of another namespace can't", EPERM, seen.errno_of("another give"));
  return j;
}

}  // namespace file

}  // namespace

constinit const Probe exec_caps{
    .family = "user",
    .name = "exec_caps",
    .sentence = "execve inside keeps capabilities for the namespace's uid 0 only",
    .source =
        "user_namespaces(7) \"Capabilities\", capabilities(7); security/commoncap.c "
        "handle_privileged_root()",
    .first_kernel = "4.3",
    .ways = clone_only,
    .privileges = all_privileges,
    .acts = exec_acts,
    .judge = judge_exec,
    .why =
        "Inside, capabilities follow from the uid as they do on a machine. A process whose uid "
        "is not root's, or not mapped, starts programs that have none.",
    .failure = "Programs of ordinary users in a container run with root's capabilities there.",
    .by_hand =
        "unshare --user grep CapEff /proc/self/status\n"
        "unshare --user --map-root-user grep CapEff /proc/self/status\n"
        "unshare --user --map-user=1000 grep CapEff /proc/self/status",
    .control = ControlKind::Positive,
};

constinit const Probe setuid_caps{
    .family = "user",
    .name = "setuid_caps",
    .sentence = "leaving the namespace's uid 0 gives capabilities up, for a while or for good",
    .source =
        "capabilities(7) \"Effect of user ID changes on capabilities\"; security/commoncap.c "
        "cap_emulate_setxuid()",
    .first_kernel = "3.8",
    .ways = clone_only,
    .privileges = root_only,  // it needs more ids than one inside
    .acts = setuid_acts,
    .judge = judge_setuid,
    .why = "Daemons in containers drop root by setuid(), and rely on it as they do outside.",
    .failure =
        "A daemon that dropped root inside still has root's capabilities, or gets them back.",
    .by_hand =
        "unshare --user sleep 9 & sleep 1; p=$!\n"
        "echo 0 100000 10 >/proc/$p/uid_map; echo 0 100000 10 >/proc/$p/gid_map\n"
        "nsenter -t $p -U sh -c 'grep CapEff /proc/self/status; setpriv --reuid 5 --regid 5 "
        "--clear-groups grep CapEff /proc/self/status'",
    .control = ControlKind::Positive,
};

constinit const Probe file_caps{
    .family = "user",
    .name = "file_caps",
    .sentence = "version 3 file capabilities count only in namespaces whose root is their rootid",
    .source =
        "capabilities(7) \"Namespaced file capabilities\"; security/commoncap.c "
        "get_vfs_caps_from_disk(), cap_inode_getsecurity()",
    .first_kernel = "4.14",
    .ways = clone_only,
    .privileges = root_only,  // an unprivileged process has no second namespace root to tell apart
    .acts = file::acts,
    .judge = file::judge,
    .why =
        "Package managers inside containers set file capabilities. The file is on a filesystem "
        "that the host sees too.",
    .failure = "Root of a container makes a program that gives any user of the host capabilities.",
    .by_hand =
        "cp /bin/sleep /var/tmp/tool; setcap -n 100000 cap_net_raw+ep /var/tmp/tool\n"
        "getcap -n /var/tmp/tool\n"
        "setpriv --reuid 5 --clear-groups /var/tmp/tool 9 & sleep 1; grep CapEff /proc/$(pgrep -x "
        "tool)/status\n"
        "rm /var/tmp/tool",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
