// Environments that give less than root has: users, namespaces, limits, filters, containers'
// shells.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "probes/sandbox/namespace_set.h"
#include "probes/sandbox/testing/call_filter.h"
#include "suites/hostile/rows.h"

namespace nsbench {
namespace {

using enum SkipReason;
using testing::every_family_by_setns;
using testing::FilterRule;
using testing::HostileTo;
using testing::Lost;
using testing::Row;
using testing::some;
using testing::Surroundings;

// Of root in a shell of unshare(1): one id is mapped, and the machine's own files are not root's.
const Lost few_ids{"", {NoPrivilege}};
const Lost filtered{"", {Policy}};

std::vector<std::string> as_somebody() {
  return {"setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", "--bounding-set=-all"};
}

Surroundings in_user_namespace(const std::string& shell) {
  return {.by = {"unshare", "-Ur"}, .shell = shell};
}

Surroundings behind(const std::vector<FilterRule>& rules, std::vector<std::string> by = {}) {
  return {.prepare = [rules] { return testing::install_filter(rules); }, .by = std::move(by)};
}

std::vector<FilterRule> docker(bool with_sys_admin) {
  const auto rules = testing::docker_default(with_sys_admin);
  return {rules.begin(), rules.end()};
}

// As Docker starts a container's root.
std::vector<std::string> with_capabilities(const std::string& more) {
  return {"setpriv",
          "--bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,"
          "+setuid,+setpcap,+net_bind_service,+net_raw,+sys_chroot,+mknod,"
          "+audit_write,+setfcap" +
              more};
}

std::vector<Row> user_rows() {
  return {
      {.name = "NoRoot",
       .where = {.by = as_somebody()},
       .lost = {{":root", {NoPrivilege}, true}, {"^cgroup/", {NoPrivilege}}},
       .root = true},
      {.name = "UserNamespacesOff",
       .where = in_user_namespace("echo 0 >/proc/sys/user/max_user_namespaces"),
       .lost = {{"^[^:]+:[^:]+:userns$", {UserNamespacesOff, NoPrivilege}, true},
                {"", {UserNamespacesOff, NoPrivilege}}}},
      {.name = "UnshareUr", .where = in_user_namespace(""), .lost = {few_ids}},
      {.name = "UnshareOfAll",
       .where = {.by = {"unshare", "-Urmpuinf", "--mount-proc"}},
       .lost = {few_ids},
       .cases = some},
      // The host's /proc is still mounted there, and knows other pids.
      {.name = "UnshareOfPidsWithAForeignProc",
       .where = {.by = {"unshare", "-Urmpf"}},
       .lost = {few_ids, filtered},
       .cases = some},
      {.name = "Bubblewrap",
       .where = {.by = {"bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc",
                        "--unshare-all"}},
       // Its /proc and /sys are masked in part, so that none of its own can be mounted.
       .lost = {{"", {NoPrivilege, NoFeature, Policy}}},
       .cases = some,
       .programs = {"bwrap"}},
      {.name = "BubblewrapWithoutCapabilities",
       .where = {.by = {"bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc",
                        "--unshare-pid", "--unshare-net", "--cap-drop", "ALL"}},
       .lost = {{":root", {NoPrivilege}, true}, {"", {NoPrivilege, Policy}}},
       .cases = some,
       .programs = {"bwrap"},
       .root = true,
       // The map of uid 0 takes CAP_SETFCAP.
       .nothing = true},
  };
}

// A limit of none, and one that holds what one case needs, but not what several do side by side.
std::vector<Row> limit_rows() {
  static std::vector<std::string> names;  // of rows; they are const char*
  names.reserve(2 * all_kinds.size());
  std::vector<Row> rows;
  for (const KindRow& kind : all_kinds) {
    if (kind.kind == Kind::User) continue;  // its row stands above
    for (const int limit : {0, 6}) {
      names.push_back(fmt::format("{}_{}", kind.limit, limit));
      const std::string file = fmt::format("/proc/sys/user/{}", kind.limit);
      rows.push_back({.name = names.back().c_str(),
                      .where = in_user_namespace(fmt::format("echo {} >{}", limit, file)),
                      .lost = {{"", {Limit, NoPrivilege}}},
                      .cases = some,
                      // Every arena has a pid and a mount namespace of its own.
                      .nothing = limit == 0 && (kind.kind == Kind::Pid || kind.kind == Kind::Mnt)});
    }
  }
  return rows;
}

std::vector<Row> filter_rows() {
  static std::vector<std::string> names;
  std::vector<Row> rows;
  struct Call {
    const char* name;
    FilterRule rule;
  };
  const std::array calls{Call{"unshare", testing::rule_of(Method::Unshare, 0)},
                         Call{"setns", testing::rule_of(Method::Setns, 0)},
                         Call{"clone3", testing::rule_of(Method::Clone3, 0)},
                         Call{"clone", testing::rule_of(Method::Clone, 0)},
                         Call{"mount", testing::rule_of_mount(0)}};
  names.reserve(calls.size() * 3);
  for (const Call& call : calls) {
    for (const int err : {EPERM, ENOSYS, 0}) {
      FilterRule rule = call.rule;
      rule.err = err;
      names.push_back(fmt::format("{}_{}", call.name, err == 0 ? "kills" : errno_name(err)));
      const std::string_view name(call.name);
      const bool whole = name == "unshare" && err == EPERM;
      rows.push_back({.name = names.back().c_str(),
                      .where = behind({rule}),
                      .lost = {filtered},
                      .cases = whole ? every_family_by_setns : some,
                      // What has a time namespace of its own is made by clone3.
                      .nothing = name == "mount" || (name == "clone" && err == 0)});
    }
  }
  rows.push_back({.name = "DockerDefault",
                  .where = behind(docker(false), with_capabilities("")),
                  .lost = {{":root", {NoPrivilege, Policy}, true}, {"", {Policy, NoPrivilege}}},
                  .root = true,
                  .nothing = true});
  rows.push_back({.name = "DockerWithSysAdmin",
                  .where = behind(docker(true), with_capabilities(",+sys_admin")),
                  .lost = {{"", {NoPrivilege, Policy}}},
                  .root = true});
  return rows;
}

// What refused_here() knows of capabilities was found by these: each taken away alone, and all but
// one.
std::vector<Row> capability_rows() {
  std::vector<Row> rows{{.name = "OnlySysAdmin",
                         .where = {.by = {"setpriv", "--bounding-set=-all,+sys_admin"}},
                         .lost = {{"", {NoPrivilege}}},
                         .root = true}};
  if (std::getenv("NSBENCH_CI_FULL") == nullptr) return rows;
  for (const char* name :
       {"chown",      "dac_override", "dac_read_search", "fowner",    "fsetid",     "ipc_lock",
        "ipc_owner",  "kill",         "mknod",           "net_admin", "net_raw",    "setfcap",
        "setgid",     "setpcap",      "setuid",          "sys_boot",  "sys_chroot", "sys_nice",
        "sys_ptrace", "sys_time"}) {
    rows.push_back({.name = name,
                    .where = {.by = {"setpriv", fmt::format("--bounding-set=-{}", name)}},
                    .lost = {{":root", {NoPrivilege}}},
                    .cases = every_family_by_setns,
                    .root = true});
  }
  return rows;
}

class PrivilegeTest : public HostileTo {};
TEST_P(PrivilegeTest, IsTold) { run(); }
INSTANTIATE_TEST_SUITE_P(User, PrivilegeTest, ::testing::ValuesIn(user_rows()), testing::name_of);
INSTANTIATE_TEST_SUITE_P(Limit, PrivilegeTest, ::testing::ValuesIn(limit_rows()), testing::name_of);
INSTANTIATE_TEST_SUITE_P(Capability, PrivilegeTest, ::testing::ValuesIn(capability_rows()),
                         testing::name_of);
INSTANTIATE_TEST_SUITE_P(Filter, PrivilegeTest, ::testing::ValuesIn(filter_rows()),
                         testing::name_of);

}  // namespace
}  // namespace nsbench
