// nsbench inside bubblewrap, runc and crun, as their users start programs.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "probes/sandbox/namespace_set.h"
#include "reports/gate.h"
#include "reports/json.h"
#include "suites/hostile/rows.h"
#include "suites/testing/in_directory.h"

namespace nsbench {
namespace {

using enum SkipReason;
using nlohmann::json;
using testing::Ended;
using testing::Lost;
using testing::run_there;

// Docker's default: what root of a container has.
const std::vector<std::string> usual_capabilities{
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE",     "CAP_FOWNER",     "CAP_FSETID",     "CAP_KILL",
    "CAP_SETGID",  "CAP_SETUID",           "CAP_MKNOD",      "CAP_SETPCAP",    "CAP_SETFCAP",
    "CAP_NET_RAW", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_AUDIT_WRITE"};

struct Container {
  const char* name;
  std::string runtime;
  std::vector<std::string> capabilities;
  bool seccomp = false;  // Docker's default profile, as far as it matters
  std::vector<Lost> lost;
  bool nothing = false;  // nothing can be checked
};

void PrintTo(const Container& container, std::ostream* out) { *out << container.name; }

json filter_profile() {
  const std::vector<std::string> refused{
      "unshare",     "setns",  "mount",      "umount2",       "pivot_root",
      "open_tree",   "fsopen", "move_mount", "mount_setattr", "fsmount",
      "sethostname", "keyctl", "add_key",    "request_key",   "setdomainname"};
  json calls = json::array();
  calls.push_back({{"names", refused}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", EPERM}});
  calls.push_back({{"names", {"clone3"}}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", ENOSYS}});
  for (const KindRow& kind : all_kinds) {
    if (kind.kind == Kind::Time) continue;  // not by clone
    calls.push_back({{"names", {"clone"}},
                     {"action", "SCMP_ACT_ERRNO"},
                     {"errnoRet", EPERM},
                     {"args",
                      {{{"index", 0},
                        {"value", kind.flag},
                        {"valueTwo", kind.flag},
                        {"op", "SCMP_CMP_MASKED_EQ"}}}}});
  }
  return {{"defaultAction", "SCMP_ACT_ALLOW"},
          {"architectures", {"SCMP_ARCH_X86_64"}},
          {"syscalls", calls}};
}

// The host's programs and libraries, nsbench's directory, and what Docker mounts beside them.
json mounts_for(const std::string& directory) {
  json mounts = json::array();
  mounts.push_back({{"destination", "/proc"}, {"type", "proc"}, {"source", "proc"}});
  mounts.push_back({{"destination", "/dev"},
                    {"type", "tmpfs"},
                    {"source", "tmpfs"},
                    {"options", {"nosuid", "mode=755", "size=65536k"}}});
  mounts.push_back({{"destination", "/sys"},
                    {"type", "sysfs"},
                    {"source", "sysfs"},
                    {"options", {"nosuid", "noexec", "nodev", "ro"}}});
  mounts.push_back({{"destination", "/tmp"}, {"type", "tmpfs"}, {"source", "tmpfs"}});
  for (const char* place : {"/usr", "/lib", "/lib64", "/bin"}) {
    if (!std::filesystem::exists(place)) continue;
    mounts.push_back({{"destination", place},
                      {"type", "bind"},
                      {"source", place},
                      {"options", {"rbind", "ro"}}});
  }
  mounts.push_back({{"destination", directory},
                    {"type", "bind"},
                    {"source", directory},
                    {"options", {"rbind", "ro"}}});
  return mounts;
}

json config_of(const Container& container, const std::vector<std::string>& command) {
  const std::string directory = std::filesystem::path(NSBENCH_PROGRAM).parent_path();
  json namespaces = json::array();
  for (const char* kind : {"pid", "network", "ipc", "uts", "mount"}) {
    namespaces.push_back({{"type", kind}});
  }
  json linux_part{{"namespaces", namespaces},
                  {"maskedPaths",
                   {"/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                    "/proc/timer_list", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"}},
                  {"readonlyPaths",
                   {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}}};
  if (container.seccomp) linux_part["seccomp"] = filter_profile();
  return {{"ociVersion", "1.0.2"},
          {"hostname", "oci"},
          {"root", {{"path", "rootfs"}, {"readonly", true}}},
          {"process",
           {{"terminal", false},
            {"user", {{"uid", 0}, {"gid", 0}}},
            {"args", command},
            {"env", {"PATH=/usr/bin:/bin"}},
            {"cwd", "/"},
            {"noNewPrivileges", true},
            {"capabilities",
             {{"bounding", container.capabilities},
              {"effective", container.capabilities},
              {"permitted", container.capabilities}}}}},
          {"mounts", mounts_for(directory)},
          {"linux", linux_part}};
}

class OciTest : public testing::InDirectory, public ::testing::WithParamInterface<Container> {
 protected:
  // crun does not take a hybrid of both versions of cgroups, and shall make none.
  static testing::Surroundings around() {
    if (GetParam().runtime != "crun") return {};
    return {.by = {"unshare", "-m", "--propagation", "private"},
            .shell = "umount -R -l /sys/fs/cgroup\nmount -t cgroup2 none /sys/fs/cgroup"};
  }
  static std::vector<std::string> runtime(const std::vector<std::string>& arguments) {
    std::vector<std::string> words{GetParam().runtime};
    if (words.front() == "crun") words.emplace_back("--cgroup-manager=disabled");
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
  }
  // Runs the command in a container of its own.
  Ended run_inside(const std::vector<std::string>& command) {
    static int count = 0;
    const std::string name = fmt::format("nsbench-test-{}-{}", ::getpid(), ++count);
    std::filesystem::create_directories(path("rootfs"));
    saved("config.json", config_of(GetParam(), command).dump());
    Ended ended =
        run_there(around(), runtime({"--root", path("state"), "run", "--bundle", directory_, name}),
                  std::chrono::seconds{300});
    // Whatever became of it, its cgroups go.
    run_there(around(), runtime({"--root", path("state"), "delete", "--force", name}));
    return ended;
  }
};

TEST_P(OciTest, IsTold) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to make a container";
  const std::string missing = testing::missing_program({GetParam().runtime});
  if (!missing.empty()) GTEST_SKIP() << missing;
  const Ended possible = run_inside({"/bin/true"});
  if (possible.exit_code != 0) GTEST_SKIP() << "no container here: " << possible.err;
  const std::vector<std::string> command{NSBENCH_PROGRAM, "run",    "--json", "--filter",
                                         testing::some,   "--time", "0.02"};
  const Result<Report>& here = testing::undisturbed(command);
  ASSERT_TRUE(here) << here.error().str();
  const Ended ended = run_inside(command);
  SCOPED_TRACE(ended.str());
  const Result<Report> there = from_json(ended.out);
  ASSERT_TRUE(there) << there.error().str();
  testing::expect_the_same_but(GetParam().lost, *there, *here);
  EXPECT_EQ(ended.exit_code, static_cast<int>(decide(*there).code));
  EXPECT_EQ(summarise(*there).pass == 0, GetParam().nothing);
}

std::vector<Container> containers() {
  std::vector<std::string> with_admin = usual_capabilities;
  with_admin.emplace_back("CAP_SYS_ADMIN");
  const std::vector<Lost> no_admin{{":root", {NoPrivilege}, true},
                                   {"", {NoPrivilege, Policy, NoFeature}}};
  std::vector<Container> all;
  for (const char* runtime : {"runc", "crun"}) {
    const bool is_runc = std::string_view(runtime) == "runc";
    all.push_back({is_runc ? "runc" : "crun", runtime, usual_capabilities, false, no_admin});
    all.push_back({is_runc ? "runc_seccomp" : "crun_seccomp", runtime, usual_capabilities, true,
                   no_admin, true});
    all.push_back({is_runc ? "runc_sys_admin" : "crun_sys_admin",
                   runtime,
                   with_admin,
                   false,
                   {{"", {NoPrivilege, Policy, NoFeature}}}});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Hostile, OciTest, ::testing::ValuesIn(containers()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace nsbench
