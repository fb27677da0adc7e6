// user: setgroups, which could drop a group that is there to deny something.
#include <fmt/format.h>
#include <grp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"
#include "probes/user/further.h"
#include "probes/user/probes.h"

namespace nsbench::probes {

namespace {

constexpr NamespaceSet user_set{Kind::User};
constexpr const char* file = "/proc/self/setgroups";

std::string state() {
  const Result<std::string> text = read_small_file(file);
  return text ? trimmed(*text) : text.error().str();
}

int set_no_groups() { return as_errno(::setgroups(0, nullptr)); }

// In a fresh namespace, whose parent gives it no privileges.
void deny(Observation& seen, const OuterIds& outer) {
  const std::string map = fmt::format("0 {} 1\n", outer.gid);
  seen.text("at first", state());
  seen.result("setgroups without a map", set_no_groups());
  seen.result("gid_map too early", write_errno("/proc/self/gid_map", map));
  seen.result("deny", write_errno(file, "deny"));
  seen.text("then", state());
  seen.result("allow too late", write_errno(file, "allow"));
  seen.result("gid_map", write_errno("/proc/self/gid_map", map));
  seen.result("uid_map", write_errno("/proc/self/uid_map", fmt::format("0 {} 1\n", outer.uid)));
  seen.result("setgroups", set_no_groups());
  seen.result("allow later", write_errno(file, "allow"));
  seen.text("in the end", state());
  Further child(seen, "child", Method::Clone, user_set, {[](Observation& inner) {
                  inner.text("state", state());
                  inner.result("allow", write_errno(file, "allow"));
                }});
  child.look(seen, "child");
}

constexpr std::array deny_acts{
    Act{Side::Outside, "a process denies itself setgroups",
        [](Scene& s) {
          if (state() == "deny") {
            s.skip(SkipReason::NoPrivilege, "/proc/self/setgroups reads deny already");
            return;
          }
          if (!own_id_is_mappable(s)) return;
          const OuterIds outer = OuterIds::current();
          Further process(s.seen, "process", Method::Unshare, user_set,
                          {[outer](Observation& seen) { deny(seen, outer); }});
          process.look(s.seen, "it");
        }},
};

Judgement judge_deny(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(deny_acts[0].name);
  const auto err = [&seen](const char* name) { return seen.errno_of(fmt::format("it {}", name)); };
  j.works_equal("a fresh namespace allows setgroups", "allow", seen.text_of("it at first"));
  j.rule_errno("setgroups() needs a gid_map", EPERM, err("setgroups without a map"));
  j.rule_errno("an unprivileged gid_map needs setgroups denied", EPERM, err("gid_map too early"));
  j.works_errno("deny can be written", err("deny"));
  j.works_equal("and is read", "deny", seen.text_of("it then"));
  j.rule_errno("allow can't come back", EPERM, err("allow too late"));
  j.works_errno("the gid_map can be written now", err("gid_map"));
  j.rule_errno("setgroups() is denied", EPERM, err("setgroups"));
  j.rule_errno("allow can't come back after the map", EPERM, err("allow later"));
  j.rule_equal("it stays denied", "deny", seen.text_of("it in the end"));
  j.rule_equal("a nested namespace inherits deny", "deny", seen.text_of("it child state"));
  j.rule_errno("a nested namespace can't allow it", EPERM, err("child allow"));
  return j;
}

// With a gid_map that a privileged parent wrote.
void set_groups(Observation& seen) {
  const gid_t mapped = 1;
  const gid_t unmapped = 11;
  seen.text("state", state());
  seen.call("mapped", ::setgroups(1, &mapped));
  std::array<gid_t, 8> groups{};
  const int count = ::getgroups(groups.size(), groups.data());
  seen.number("groups", count);
  seen.number("the group", groups[0]);
  seen.call("unmapped", ::setgroups(1, &unmapped));
  seen.result("deny", write_errno(file, "deny"));
}

constexpr std::array allow_acts{
    Act{Side::Outside, "root maps groups",
        [](Scene& s) {
          if (!ids_are_mapped(s, somebody + 10) || !own_id_is_mappable(s)) return;
          Further process(
              s.seen, "process", Method::Clone, user_set,
              {[](Observation& seen) { seen.result("early", set_no_groups()); }, set_groups});
          process.look(s.seen, "it");
          process.write(s.seen, "gid_map", "gid_map", fmt::format("0 {} 10\n", somebody));
          process.look(s.seen, "it");
        }},
};

Judgement judge_allow(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(allow_acts[0].name);
  j.works_errno("a privileged parent writes gid_map without denying", seen.errno_of("gid_map"));
  j.rule_errno("setgroups() needs a gid_map", EPERM, seen.errno_of("it early"));
  j.works_equal("setgroups stays allowed", "allow", seen.text_of("it state"));
  j.works_errno("setgroups() takes mapped groups", seen.errno_of("it mapped"));
  j.works_equal("getgroups() shows one group", "1", std::to_string(seen.number_of("it groups")));
  j.works_equal("as the namespace knows it", "1", std::to_string(seen.number_of("it the group")));
  j.rule_errno("setgroups() takes no unmapped group", EINVAL, seen.errno_of("it unmapped"));
  j.rule_errno("deny comes too late after the map", EPERM, seen.errno_of("it deny"));
  return j;
}

}  // namespace

constinit const Probe setgroups_denied{
    .family = "user",
    .name = "setgroups_denied",
    .sentence = "an unprivileged gid_map needs setgroups denied first, for good",
    .source =
        "user_namespaces(7), CVE-2014-8989 (fixed in 3.19 and 3.18.2); "
        "kernel/user_namespace.c proc_setgroups_write(), userns_may_setgroups()",
    .first_kernel = "3.8",
    .namespaces = {Kind::User},
    .ways = clone_only,
    .privileges = all_privileges,
    .acts = deny_acts,
    .judge = judge_deny,
    .why =
        "A mode such as 0604 denies a file to the members of its group. Whoever can leave the "
        "group gets the file; CVE-2014-8989 was a user namespace in which everybody could.",
    .failure = "An unprivileged user drops a group that was there to deny him something.",
    .by_hand =
        "unshare --user --keep-caps bash -c 'cd /proc/self; cat setgroups; echo 0 0 1 >gid_map; "
        "echo deny >setgroups; echo 0 0 1 >gid_map; echo allow >setgroups'\n"
        "unshare --user --map-root-user setpriv --clear-groups true",
    .control = ControlKind::Positive,
};

constinit const Probe setgroups_allowed{
    .family = "user",
    .name = "setgroups_allowed",
    .sentence = "where a privileged parent mapped groups, setgroups takes those and no others",
    .source =
        "user_namespaces(7), setgroups(2); kernel/groups.c set_groups(), "
        "kernel/user_namespace.c userns_may_setgroups()",
    .first_kernel = "3.19",
    .ways = clone_only,
    .privileges = root_only,  // maps more than the own group
    .acts = allow_acts,
    .judge = judge_allow,
    .why =
        "Programs in a container drop their groups when they drop root, and refuse to run where "
        "they can't. What they take must be the container's.",
    .failure = "Root of a container joins groups of the host, or daemons keep root's groups.",
    .by_hand =
        "unshare --user sleep 9 & sleep 1; p=$!\n"
        "echo 0 100000 10 >/proc/$p/uid_map; echo 0 100000 10 >/proc/$p/gid_map\n"
        "nsenter -t $p -U sh -c 'cat /proc/self/setgroups; setpriv --groups 1 id -G; setpriv "
        "--groups 11 id -G'",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
