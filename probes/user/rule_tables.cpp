// Leak tables of rules with a positive control: what the kernel answers, and what a broken one
// does.
#include <linux/capability.h>
#include <linux/securebits.h>

#include <array>
#include <cerrno>
#include <deque>
#include <string>

#include "probes/user/leak_tables.h"
#include "probes/user/probes.h"

namespace nsbench {
namespace {

using namespace probes;

constexpr const char* all = "000001ffffffffff";
constexpr const char* one = "0000000000000400";
constexpr const char* none = "0000000000000000";

// Facts of one act, and names that are put together and stay.
class Table {
 public:
  Table(const Probe& probe, std::string_view act) : table_{&probe, {}, {}}, act_(act) {}
  Table& act(std::string_view name) {
    act_ = name;
    return *this;
  }
  // A refusal that a broken kernel does not give.
  Table& refused(std::string_view name, int err) { return wrong(name, Value::err(err), ok); }
  Table& works(std::string_view name) { return same(name, ok); }
  Table& same(std::string_view name, const Value& value) {
    table_.facts.emplace_back(act_, kept(name), value);
    return *this;
  }
  Table& wrong(std::string_view name, const Value& right, const Value& broken) {
    table_.facts.emplace_back(act_, kept(name), right, broken);
    return *this;
  }
  operator LeakTable() const { return table_; }  // NOLINT(google-explicit-constructor)

 private:
  static std::string_view kept(std::string_view name) {
    static std::deque<std::string> names;
    return names.emplace_back(name);
  }
  LeakTable table_;
  std::string_view act_;
};

LeakTable unmapped_ids_table() {
  Table table(unmapped_ids, "a process is mapped late");
  table.same("overflow id", 65534).refused("before unshare", EPERM).works("mapped unshare");
  for (const char* fact : {"getuid", "geteuid", "getgid", "getegid", "owner", "group"}) {
    table.wrong("before " + std::string(fact), 65534, 0).same("mapped " + std::string(fact), 7);
  }
  return table;
}

LeakTable unmapped_targets_table() {
  Table table(unmapped_targets, "a process takes ids");
  for (const char* call : {"setuid", "setreuid", "setresuid", "setgid", "setregid", "setresgid",
                           "chown (owner)", "chown (group)"}) {
    const std::string it = "it " + std::string(call);
    table.refused(it + " unmapped", EINVAL).works(it + " mapped");
  }
  return table.wrong("it fsuid", 7, 8);
}

LeakTable map_rules_table(const Probe& probe, bool any_id) {
  Table table(probe, "a process writes its map");
  for (const char* bad :
       {"an extent of length zero", "overlapping inner ids", "overlapping outer ids",
        "inner ids that wrap around", "outer ids that wrap around", "the inner id -1",
        "the outer id -1", "a line without a length", "a word", "too many extents"}) {
    table.refused("write " + std::string(bad), EINVAL);
  }
  if (!any_id) table.refused("write another's id", EPERM).refused("write a second id", EPERM);
  return table.works("write the right map")
      .refused("write the same again", EPERM)
      .refused("write another one", EPERM)
      .same("write reads", "0 0 1\n")
      .same("write right", "0 0 1\n");
}

LeakTable many_extents_table() {
  return Table(many_extents, "a map of many extents")
      .works("it write uid_map")
      .works("it write gid_map")
      .works("write 340 extents")
      .works("it nested setuid")
      .wrong("it nested owner of theirs", 80, 65534)
      .wrong("it nested group of theirs", 80, 65534)
      .works("it nested chown theirs")
      .wrong("owner of theirs", 100005, 5)
      .wrong("group of theirs", 100005, 5)
      .wrong("it nested owner of host's", 65534, 80)
      .refused("it nested chown host's", EPERM)
      .refused("it nested chmod host's", EPERM)
      .refused("it nested open host's", EACCES);
}

LeakTable setgroups_denied_table() {
  return Table(setgroups_denied, "a process denies itself setgroups")
      .same("it at first", "allow")
      .refused("it setgroups without a map", EPERM)
      .refused("it gid_map too early", EPERM)
      .works("it deny")
      .same("it then", "deny")
      .refused("it allow too late", EPERM)
      .works("it gid_map")
      .refused("it setgroups", EPERM)
      .refused("it allow later", EPERM)
      .wrong("it in the end", "deny", "allow")
      .wrong("it child state", "deny", "allow")
      .refused("it child allow", EPERM);
}

LeakTable setgroups_allowed_table() {
  return Table(setgroups_allowed, "root maps groups")
      .works("gid_map")
      .refused("it early", EPERM)
      .same("it state", "allow")
      .works("it mapped")
      .same("it groups", 1)
      .same("it the group", 1)
      .refused("it unmapped", EINVAL)
      .refused("it deny", EPERM);
}

LeakTable caps_inside_table() {
  Table table(caps_inside, "inside looks");
  table.same("all", all).wrong("CapPrm", all, one).wrong("CapEff", all, one);
  table.wrong("CapBnd", all, one);
  for (const char* call : {"sethostname", "setdomainname", "mount", "raw socket"}) {
    table.act("inside looks").refused(call, EPERM);
    table.act("inside makes its own").works("own " + std::string(call));
  }
  return table;
}

LeakTable host_calls_table() {
  Table table(host_calls, "inside calls");
  const std::array calls{
      std::pair{"reboot with a bad magic", EINVAL}, std::pair{"swapon of a missing path", ENOENT},
      std::pair{"settimeofday with a bad time zone", EINVAL},
      std::pair{"init_module of nothing", ENOEXEC}, std::pair{"syslog with a bad level", EINVAL}};
  for (const auto& [call, err] : calls) {
    const std::string name(call);
    table.act("inside calls").wrong(name, Value::err(EPERM), Value::err(err));
    table.same("has " + name, 1);
    table.act("outside calls").same(name, Value::err(err)).same("may " + name, 1);
  }
  return table;
}

LeakTable caps_reset_table() {
  Table table(caps_reset, "a process changes its sets");
  table.same("all", all).same("one", one);
  for (const char* set : {"CapInh", "CapAmb"}) {
    table.act("it forks").same(set, one);
    table.act("it enters").wrong("it " + std::string(set), none, one);
  }
  for (const char* set : {"CapPrm", "CapEff", "CapBnd"}) {
    table.act("it forks").same(set, one);
    table.act("it enters").wrong("it " + std::string(set), all, one);
  }
  table.act("it forks").same("securebits", SECBIT_NOROOT);
  return table.act("it enters").wrong("it securebits", 0, SECBIT_NOROOT);
}

LeakTable caps_owner_table() {
  return Table(caps_owner, "others try to join")
      .works("uid_map")
      .works("open both")
      .works("owner")
      .works("owner by its euid")
      .refused("another", EPERM)
      .refused("owner by its real uid", EPERM)
      .works("ancestor's owner")
      .refused("same id outside the parent", EPERM);
}

LeakTable exec_caps_table() {
  Table table(exec_caps, "processes inside exec");
  table.same("all", all).same("one", one).works("ambient then exec");
  for (const char* who : {"root", "user", "unmapped"}) {
    table.same(std::string(who) + " CapEff", all).works(std::string(who) + " then exec");
  }
  for (const std::string set : {"CapPrm", "CapEff"}) {
    table.same("root then " + set, all).wrong("user then " + set, none, all);
    table.wrong("unmapped then " + set, none, all).same("ambient then " + set, one);
  }
  return table;
}

LeakTable setuid_caps_table() {
  return Table(setuid_caps, "a process changes its ids")
      .same("all", all)
      .works("it setresuid(0)")
      .same("it CapEff as root", all)
      .works("it seteuid(5)")
      .wrong("it CapEff as 5 for a while", none, all)
      .same("it CapPrm as 5 for a while", all)
      .works("it seteuid(0)")
      .same("it CapEff as root again", all)
      .works("it setresuid(5)")
      .wrong("it CapEff as 5 for good", none, all)
      .wrong("it CapPrm as 5 for good", none, all)
      .refused("it setuid(0)", EPERM);
}

LeakTable file_caps_table() {
  Table table(file_caps, "outside makes files");
  table.works("give").act("others run them");
  for (const char* who : {"its", "another", "outside's"}) {
    table.works(std::string(who) + " user's exec");
  }
  return table.same("one", one)
      .same("its user's CapEff", one)
      .wrong("another user's CapEff", none, one)
      .wrong("outside's user's CapEff", none, one)
      .same("its size of tool", 20)
      .refused("another getxattr tool", EOVERFLOW)
      .same("size of tool", 24)
      .same("rootid of tool", 100000)
      .works("its give")
      .wrong("size of made-inside", 24, 20)
      .wrong("rootid of made-inside", 100000, 0)
      .refused("another give", EPERM);
}

LeakTable refused_tables(const Probe& probe, std::string_view act, std::string_view illegal,
                         int err, std::initializer_list<const char*> legal) {
  Table table(probe, act);
  table.refused(illegal, err);
  for (const char* name : legal) table.works(name);
  return table;
}

LeakTable relatives_table() {
  return Table(join_relatives, "inside tries to join")
      .works("child")
      .refused("own", EINVAL)
      .refused("from a child own", EINVAL)
      .refused("from a child sibling", EPERM)
      .refused("from a child parent", EPERM);
}

LeakTable depth_table() {
  return Table(nesting_depth, "a process nests")
      .same("user namespace", "user:[4026531837]")
      .wrong("levels", 33, 34)
      .wrong("then", Value::err(ENOSPC), ok);
}

LeakTable limit_table(const Probe& probe) {
  Table table(probe, "outside looks");
  table.same("limit", "1000").act("outside looks again").wrong("limit", "1000", "2");
  table.act("inside fills its limit").same("own user namespace", 1).works("set the limit");
  table.same("limit inside", "2").works("first enter").works("second enter");
  table.refused("third enter", ENOSPC).refused("from below", ENOSPC);
  return table.act("inside makes and destroys")
      .wrong("cycles", 20, 1)
      .wrong("ended with", ok, Value::err(ENOSPC));
}

LeakTable keyrings_table() {
  Table table(keyrings, "inside makes keys");
  table.same("own user namespace", 1).works("join a session keyring").works("setperm");
  table.works("add").same("listed", 1).same("named session", 11).same("user keyring", 12);
  table.act("a child looks").works("search").same("user keyring", 12).same("named session", 11);
  table.works("search for the other's");
  return table.act("a namespace below looks")
      .works("below add")
      .same("below session", 11)
      .wrong("below user keyring", 22, 12)
      .refused("below search", ENOKEY)
      .wrong("below named session", 21, 11)
      .refused("search for the other's", ENOKEY);
}

}  // namespace

std::vector<LeakTable> user_rule_tables() {
  std::vector<LeakTable> tables{
      unmapped_ids_table(),
      unmapped_targets_table(),
      map_rules_table(map_rules, false),
      map_rules_table(gid_map_rules, false),
      map_rules_table(projid_map_rules, true),
      refused_tables(map_opener, "a process opens its map", "map write to the weak one", EPERM,
                     {"map open", "map raise", "map drop", "map write to the strong one"}),
      refused_tables(map_opener_parent, "somebody opens a map for root", "write to somebody's",
                     EPERM, {"open", "seteuid(0)", "write to root's"}),
      Table(map_root, "outside maps its uid 0")
          .works("drop")
          .works("lower")
          .works("raise")
          .refused("itself", EPERM)
          .refused("parent without", EPERM)
          .works("parent with"),
      refused_tables(map_place, "three generations", "grandparent", EPERM,
                     {"write uid_map", "parent write"}),
      many_extents_table(),
      setgroups_denied_table(),
      setgroups_allowed_table(),
      caps_inside_table(),
      host_calls_table(),
      caps_reset_table(),
      caps_owner_table(),
      exec_caps_table(),
      setuid_caps_table(),
      file_caps_table(),
      refused_tables(newuser_with_fs, "outside calls", "with CLONE_FS", EINVAL,
                     {"without", "unshare of both"}),
      refused_tables(newuser_in_chroot, "a process changes its root", "in a chroot", EPERM,
                     {"before", "chroot"}),
      Table(newuser_with_threads, "threads try")
          .refused("unshare with a thread", EINVAL)
          .works("unshare")
          .refused("setns with a thread", EINVAL)
          .works("setns"),
      relatives_table(),
      depth_table(),
      keyrings_table(),
  };
  for (const Probe* probe : {&limit_user, &limit_pid, &limit_uts, &limit_ipc, &limit_net,
                             &limit_cgroup, &limit_time, &limit_mnt}) {
    tables.push_back(limit_table(*probe));
  }
  return tables;
}

}  // namespace nsbench
