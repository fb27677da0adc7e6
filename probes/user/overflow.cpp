// user: ids without a mapping read as the overflow id, and nobody can take them.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/sandbox/arena.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/fd.h"
#include "probes/user/further.h"
#include "probes/user/probes.h"

namespace nsbench::probes {

namespace {

constexpr NamespaceSet user_set{Kind::User};
constexpr int inner = 7;  // what the own id is mapped to: unlike any id outside

void look_at_ids(Observation& seen) {
  seen.number("getuid", ::getuid());
  seen.number("geteuid", ::geteuid());
  seen.number("getgid", ::getgid());
  seen.number("getegid", ::getegid());
  struct stat info {};
  seen.call("stat", ::stat((scratch_dir() + "/own").c_str(), &info));
  seen.number("owner", info.st_uid);
  seen.number("group", info.st_gid);
  seen.result("unshare",
              errno_in_child([] { return as_errno(calls::unshare(row(Kind::User).flag)); }));
}

void make_file(Scene& scene, const std::string& name, uid_t owner, gid_t group, mode_t mode) {
  const std::string path = scratch_dir() + name;
  const Fd file(::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode));
  if (!file.valid() || ::fchown(file.get(), owner, group) != 0 || ::fchmod(file.get(), mode) != 0) {
    scene.broken(fmt::format("make {}: {}", path, errno_name(errno)));
  }
}

constexpr auto own = static_cast<uid_t>(-1);  // chown(2): leave it

void unmapped_ids_act(Scene& scene) {
  if (!own_id_is_mappable(scene)) return;
  make_file(scene, "/own", own, own, 0644);
  scene.seen.number("overflow id", overflow_id());
  Further process(scene.seen, "process", scene.recipe().method, user_set,
                  {look_at_ids, look_at_ids});
  process.look(scene.seen, "before");
  process.map_own_ids(scene.seen, inner);
  process.look(scene.seen, "mapped");
}

constexpr std::array unmapped_acts{
    Act{Side::Outside, "a process is mapped late", unmapped_ids_act},
};

Judgement judge_unmapped(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(unmapped_acts[0].name);
  const auto number = [&seen](const std::string& name) {
    return std::to_string(seen.number_of(name));
  };
  for (const char* fact : {"getuid", "geteuid", "getgid", "getegid", "owner", "group"}) {
    const std::string name(fact);
    j.rule_equal(name + " without a map is the overflow id", number("overflow id"),
                 number("before " + name));
    j.works_equal(name + " with a map is the mapped id", std::to_string(inner),
                  number("mapped " + name));
  }
  j.rule_errno("a process without mapped ids can't make a user namespace", EPERM,
               seen.errno_of("before unshare"));
  j.works_errno("with mapped ids it can", seen.errno_of("mapped unshare"));
  return j;
}

struct IdCall {
  const char* name;
  int (*call)(unsigned id);
};

int chown_own(uid_t uid, gid_t gid) { return ::chown((scratch_dir() + "/own").c_str(), uid, gid); }

constexpr std::array id_calls{
    IdCall{"setuid", [](unsigned id) { return ::setuid(id); }},
    IdCall{"setreuid", [](unsigned id) { return ::setreuid(id, own); }},
    IdCall{"setresuid", [](unsigned id) { return ::setresuid(own, id, own); }},
    IdCall{"setgid", [](unsigned id) { return ::setgid(id); }},
    IdCall{"setregid", [](unsigned id) { return ::setregid(own, id); }},
    IdCall{"setresgid", [](unsigned id) { return ::setresgid(own, own, id); }},
    IdCall{"chown (owner)", [](unsigned id) { return chown_own(id, own); }},
    IdCall{"chown (group)", [](unsigned id) { return chown_own(own, id); }},
};

void take_ids(Observation& seen) {
  for (const IdCall& one : id_calls) {
    seen.call(fmt::format("{} unmapped", one.name), one.call(inner + 1));
    seen.call(fmt::format("{} mapped", one.name), one.call(inner));
  }
  ::setfsuid(inner + 1);
  seen.number("fsuid", ::setfsuid(own));
}

constexpr std::array taking_acts{
    Act{Side::Outside, "a process takes ids",
        [](Scene& s) {
          if (!own_id_is_mappable(s)) return;
          make_file(s, "/own", own, own, 0644);
          Further process(s.seen, "process", s.recipe().method, user_set, {take_ids});
          process.map_own_ids(s.seen, inner);
          process.look(s.seen, "it");
        }},
};

Judgement judge_taking(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(taking_acts[0].name);
  for (const IdCall& one : id_calls) {
    j.rule_errno(fmt::format("{} to an id that is not mapped is EINVAL", one.name), EINVAL,
                 seen.errno_of(fmt::format("it {} unmapped", one.name)));
    j.works_errno(fmt::format("{} to a mapped id", one.name),
                  seen.errno_of(fmt::format("it {} mapped", one.name)));
  }
  j.rule_equal("setfsuid() to an id that is not mapped changes nothing", std::to_string(inner),
               std::to_string(seen.number_of("it fsuid")));
  return j;
}

// Somebody else's file, on a filesystem that both sides see.
void act_on_foreign_file(Scene& scene) {
  const std::string path = scratch_dir() + "/foreign";
  struct stat info {};
  scene.seen.number("overflow id", overflow_id());
  scene.seen.call("stat", ::stat(path.c_str(), &info));
  scene.seen.number("owner", info.st_uid);
  scene.seen.number("group", info.st_gid);
  scene.seen.call("open", Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)).get());
  scene.seen.call("chmod", ::chmod(path.c_str(), 0640));
  scene.seen.call("chown", ::chown(path.c_str(), ::geteuid(), own));
  const std::string mine = scratch_dir() + "/mine";
  const Fd made(::open(mine.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0000));
  scene.seen.call("open its own without any mode bits", ::open(mine.c_str(), O_RDWR | O_CLOEXEC));
}

constexpr std::array foreign_acts{
    Act{Side::Outside, "outside makes a file",
        [](Scene& s) {
          if (ids_are_mapped(s, somebody)) make_file(s, "/foreign", somebody, somebody, 0600);
        }},
    Act{Side::Inside, "inside tries", act_on_foreign_file},
};

Judgement judge_foreign(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside tries");
  const std::string overflow = std::to_string(seen.number_of("overflow id"));
  j.isolated_equal("an owner that is not mapped reads as the overflow id", overflow,
                   std::to_string(seen.number_of("owner")));
  j.isolated_equal("a group that is not mapped reads as the overflow id", overflow,
                   std::to_string(seen.number_of("group")));
  j.isolated_errno("CAP_DAC_OVERRIDE inside does not open it", EACCES, seen.errno_of("open"));
  j.isolated_errno("CAP_FOWNER inside does not change its mode", EPERM, seen.errno_of("chmod"));
  j.isolated_errno("CAP_CHOWN inside does not take it", EPERM, seen.errno_of("chown"));
  j.works_errno("CAP_DAC_OVERRIDE opens a file of a mapped owner",
                seen.errno_of("open its own without any mode bits"));
  return j;
}

std::int64_t mode_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<std::int64_t>(info.st_mode & 07777) : -1;
}

void set_group_ids(Scene& scene) {
  for (const char* name : {"/foreign-group", "/own-group"}) {
    scene.seen.call(fmt::format("chmod {}", name), ::chmod((scratch_dir() + name).c_str(), 02755));
  }
}

constexpr std::array sgid_acts{
    Act{Side::Outside, "outside makes files",
        [](Scene& s) {
          if (!ids_are_mapped(s, somebody)) return;
          make_file(s, "/foreign-group", own, somebody, 0755);
          make_file(s, "/own-group", own, own, 0755);
        }},
    Act{Side::Inside, "inside sets S_ISGID", set_group_ids},
    Act{Side::Outside, "outside looks",
        [](Scene& s) {
          s.seen.number("foreign mode", mode_of(scratch_dir() + "/foreign-group"));
          s.seen.number("own mode", mode_of(scratch_dir() + "/own-group"));
        }},
};

Judgement judge_sgid(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside sets S_ISGID");
  const auto mode = [&t](const char* name) {
    return fmt::format("{:o}", t.at("outside looks").number_of(name));
  };
  j.works_errno("the owner may change the mode", inside.errno_of("chmod /foreign-group"));
  j.works_errno("the owner may change the mode of its other file",
                inside.errno_of("chmod /own-group"));
  j.works_equal("S_ISGID stays on a file of a mapped group", "2755", mode("own mode"));
  j.isolated_equal("S_ISGID is dropped on a file whose group is not mapped", "755",
                   mode("foreign mode"));
  return j;
}

}  // namespace

constinit const Probe unmapped_ids{
    .family = "user",
    .name = "unmapped_ids",
    .sentence = "without a map every id reads as the overflow id, and no namespace can be nested",
    .source =
        "user_namespaces(7) \"Unmapped user and group IDs\"; kernel/user_namespace.c "
        "from_kuid_munged(), create_user_ns()",
    .first_kernel = "3.9",
    .ways = making_ways,
    .privileges = all_privileges,
    .acts = unmapped_acts,
    .judge = judge_unmapped,
    .why =
        "Programs decide by getuid() and by a file's owner. If an id that has no mapping read as "
        "a real one, even as 0, they would take a stranger for root.",
    .failure =
        "A process in a namespace that is not set up yet is taken for another user, or "
        "builds further namespaces with an owner that nobody can name.",
    .by_hand =
        "unshare --user sh -c 'id; stat -c %u:%g /; cat /proc/self/uid_map'\n"
        "unshare --user sh -c 'unshare --user true'\n"
        "unshare --user --map-root-user sh -c 'id; unshare --user true && echo nested'",
    .control = ControlKind::Positive,
};

constinit const Probe unmapped_targets{
    .family = "user",
    .name = "unmapped_targets",
    .sentence = "an id that is not mapped can be taken by no process and given to no file",
    .source =
        "user_namespaces(7), setuid(2), chown(2); kernel/sys.c __sys_setresuid(), fs/open.c "
        "chown_common()",
    .first_kernel = "3.8",
    .ways = clone_only,
    .privileges = all_privileges,
    .acts = taking_acts,
    .judge = judge_taking,
    .why =
        "The map is the list of users that a container may be. Root of the container has "
        "CAP_SETUID and CAP_CHOWN, so the map alone keeps it from becoming another user of the "
        "host.",
    .failure = "Root of a container becomes any user of the host, or gives files to that user.",
    .by_hand =
        "unshare --user --map-root-user setpriv --reuid 1000 id\n"
        "unshare --user --map-root-user sh -c 'f=$(mktemp); chown 1000 $f; chown 0 $f && echo "
        "mine; rm $f'",
    .control = ControlKind::Positive,
};

constinit const Probe foreign_files{
    .family = "user",
    .name = "foreign_files",
    .sentence = "capabilities inside do not reach files of owners that are not mapped",
    .source =
        "user_namespaces(7), capabilities(7); kernel/capability.c "
        "capable_wrt_inode_uidgid()",
    .first_kernel = "3.8",
    .namespaces = {Kind::User},
    .ways = all_ways,
    .privileges = root_only,  // an unprivileged process can't make a file of somebody else
    .acts = foreign_acts,
    .judge = judge_foreign,
    .why =
        "Containers share filesystems with their host. Their root has every capability, and the "
        "owner of a file decides whether it counts.",
    .failure =
        "Root of a container reads and changes files of every user of the host that it can "
        "name by a path.",
    .by_hand =
        "touch /tmp/theirs; chown 4711:4711 /tmp/theirs; chmod 600 /tmp/theirs\n"
        "unshare --user --map-root-user sh -c 'ls -ln /tmp/theirs; cat /tmp/theirs; "
        "chmod 644 /tmp/theirs'\n"
        "rm /tmp/theirs",
};

constinit const Probe sgid_unmapped{
    .family = "user",
    .name = "sgid_unmapped",
    .sentence = "chmod inside drops S_ISGID on a file whose group is not mapped",
    .source = "chmod(2), CVE-2014-4014 (fixed in 3.14.8 and 3.15); fs/attr.c setattr_copy()",
    .first_kernel = "3.8",
    .namespaces = {Kind::User},
    .ways = all_ways,
    .privileges = root_only,  // an unprivileged process has no file of a foreign group
    .acts = sgid_acts,
    .judge = judge_sgid,
    .why =
        "A set-group-ID program runs with its file's group. In CVE-2014-4014 the check asked for "
        "the owner's mapping only, and CAP_FSETID inside was enough.",
    .failure =
        "Somebody inside makes programs that run with a group of the host that he is not in.",
    .by_hand =
        "touch /tmp/tool; chown 0:4711 /tmp/tool; chmod 755 /tmp/tool\n"
        "unshare --user --map-root-user chmod g+s /tmp/tool\n"
        "stat -c %a /tmp/tool; rm /tmp/tool",
};

}  // namespace nsbench::probes
