// nsbench inspect of real sandboxes and containers: those that are isolated, and the same with one
// thing shared on purpose, which must be found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "probes/sandbox/files.h"
#include "suites/testing/in_directory.h"
#include "suites/testing/subprocess.h"

namespace nsbench {
namespace {

namespace fs = std::filesystem;
using testing::Finished;
using ::testing::HasSubstr;
using testing::run_program;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

constexpr auto patience = std::chrono::seconds(20);

Finished nsbench(Words words) {
  words.insert(words.begin(), NSBENCH_PROGRAM);
  return run_program(words);
}

bool is_installed(const char* program) {
  return run_program({"sh", "-c", std::string("command -v ") + program}).exit_code == 0;
}

Words plus(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// A program that starts a sleeping process in namespaces, and is ended with it.
class Started {
 public:
  explicit Started(const Words& command) : pid_(testing::start_program(command)) {}
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;
  ~Started() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  // The process that sleeps, below the program; 0 if none comes.
  [[nodiscard]] pid_t sleeper() const {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < end) {
      if (const pid_t found = sleeper_below(pid_); found != 0) return found;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return 0;
  }

 private:
  static pid_t sleeper_below(pid_t pid) {
    const std::string dir = "/proc/" + std::to_string(pid);
    const Result<std::string> comm = read_small_file(dir + "/comm");
    if (comm && trimmed(*comm) == "sleep") return pid;
    std::ifstream children(dir + "/task/" + std::to_string(pid) + "/children");
    for (pid_t child = 0; children >> child;) {
      if (const pid_t found = sleeper_below(child); found != 0) return found;
    }
    return 0;
  }
  pid_t pid_;
};

Json inspected(pid_t pid, const std::string& expected) {
  const Finished run =
      nsbench({"inspect", std::to_string(pid), "--format", "json", "--expect", expected});
  Json json = Json::parse(run.out, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << run.out << run.err;
  if (json.is_discarded()) return Json::object();
  EXPECT_EQ(json["exit_code"], run.exit_code);
  return json;
}

// The kinds of `expected` that are not isolated: "net,mnt".
std::string open_in(const Json& json) {
  std::string text;
  for (const Json& kind : json.value("not_isolated", Json::array())) {
    text += (text.empty() ? "" : ",") + kind.get<std::string>();
  }
  return text;
}

const Words sleep_long{"sleep", "1000"};

// One line for each sandbox: how it is started, what is expected, and what of that is open.
struct Sandbox {
  const char* name;
  Words command;
  const char* expected;
  const char* open;
};

const Words bwrap{"bwrap",
                  "--die-with-parent",
                  "--unshare-all",
                  "--ro-bind",
                  "/",
                  "/",
                  "--proc",
                  "/proc",
                  "--dev",
                  "/dev",
                  "--tmpfs",
                  "/tmp"};
const Words unshare_all{"unshare", "--fork", "--kill-child", "--mount-proc", "-m", "-u",
                        "-i",      "-n",     "-p",           "-C",           "-T"};

const std::vector<Sandbox>& sandboxes() {
  static const std::vector<Sandbox> all{
      {"unshare", plus(unshare_all, sleep_long), "uts,ipc,net,pid,cgroup,time", ""},
      {"unshare, the file system is writable", plus(unshare_all, sleep_long), "mnt", "mnt"},
      {"unshare without net",
       {"unshare", "--fork", "--kill-child", "--mount-proc", "-u", "-i", "-p", "sleep", "1000"},
       "uts,ipc,net,pid",
       "net"},
      {"unshare without a /proc of its own",
       {"unshare", "--fork", "--kill-child", "-m", "-p", "sleep", "1000"},
       "pid",
       "pid"},
      {"unshare of a user namespace with root in it",
       {"unshare", "-Ur", "-u", "sleep", "1000"},
       "user,uts",
       ::geteuid() == 0 ? "user" : ""},
      {"bubblewrap", plus(bwrap, sleep_long), "pid,uts,ipc,net,cgroup,mnt", ""},
      {"bubblewrap --share-net", plus(plus(bwrap, {"--share-net"}), sleep_long),
       "pid,uts,ipc,net,cgroup,mnt", "net"},
      {"bubblewrap with a writable directory",
       plus(plus(bwrap, {"--bind", "/var", "/var"}), sleep_long), "pid,uts,ipc,net,cgroup,mnt",
       "mnt"},
  };
  return all;
}

TEST(Inspect, FindsWhatIsOpenInSandboxes) {
  int tried = 0;
  for (const Sandbox& sandbox : sandboxes()) {
    if (!is_installed(sandbox.command.front().c_str())) continue;
    Words harmless = sandbox.command;
    harmless.resize(harmless.size() - sleep_long.size());
    harmless.emplace_back("true");
    const Finished works = run_program(harmless);
    if (works.exit_code != 0) {
      std::fprintf(stderr, "%s does not work here: %s", sandbox.name, works.err.c_str());
      continue;
    }
    ++tried;
    const Started started(sandbox.command);
    const pid_t pid = started.sleeper();
    ASSERT_NE(pid, 0) << sandbox.name;
    const Json json = inspected(pid, sandbox.expected);
    EXPECT_EQ(open_in(json), sandbox.open) << sandbox.name << "\n" << json.dump(1);
  }
  if (tried == 0) GTEST_SKIP() << "no sandbox can be made here";
}

// A sandbox with everything read-only, on a machine with an engine's socket and one more /proc. All
// of it is in a mount and a pid namespace of the script's own.
constexpr const char* read_only_sandbox = R"sh(
  mount -t tmpfs none /run && mount -t tmpfs none /mnt || exit 77
  python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("/run/docker.sock")' || exit 77
  mkdir /mnt/proc && mount --bind /proc /mnt/proc
  bwrap --die-with-parent --unshare-all --ro-bind / / --proc /proc --dev /dev sleep 1000 &
  tries=0
  until grep -qx sleep /proc/[0-9]*/comm 2> /dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 400 ] || exit 77
    python3 -c 'import time; time.sleep(0.05)'
  done
  for comm in /proc/[0-9]*/comm; do
    pid=${comm#/proc/} pid=${pid%/comm}
    if grep -qx sleep $comm; then exec "$0" inspect $pid --format json --expect pid,mnt,net; fi
  done
)sh";

TEST(Inspect, FindsWaysOutThroughReadOnlyMounts) {
  if (::geteuid() != 0 || !is_installed("bwrap")) GTEST_SKIP() << "not root, or no bubblewrap";
  const Finished run =
      run_program({"unshare", "--mount", "--propagation", "private", "--pid", "--fork",
                   "--kill-child", "--mount-proc", "sh", "-c", read_only_sandbox, NSBENCH_PROGRAM});
  const Json json = Json::parse(run.out, nullptr, false);
  if (json.is_discarded()) GTEST_SKIP() << "no such machine can be made here: " << run.err;
  EXPECT_EQ(open_in(json), "pid,mnt") << json.dump(1);
  EXPECT_THAT(run.out, HasSubstr("/run/docker.sock is a container engine's socket"));
  EXPECT_THAT(run.out, HasSubstr("/mnt/proc is the outside's /proc"));
}

// crun, and podman by it, want a machine where nothing but cgroup2 is mounted. Where it is not like
// that, they are shown one: in a mount namespace of the command's own. What podman leaves in
// /dev/shm goes with it, too.
Words with_cgroup2(const Words& command) {
  static const bool is_there =
      run_program({"stat", "-f", "-c", "%T", "/sys/fs/cgroup"}).out == "cgroup2fs\n";
  const std::string mounts =
      is_there ? "" : "umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && ";
  return plus({"unshare", "--mount", "--propagation", "private", "sh", "-c",
               mounts + "mount -t tmpfs none /dev/shm && exec \"$@\"", "sh"},
              command);
}

// runc and crun, with a bundle made of busybox.
class Oci : public testing::InDirectory, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    InDirectory::SetUp();
    ASSERT_EQ(::chmod(directory_.c_str(), 0755), 0);
    engine_ = GetParam();
    if (::geteuid() != 0) GTEST_SKIP() << "not root";
    if (!is_installed(engine_.c_str())) GTEST_SKIP() << "there is no " << engine_;
    if (!fs::exists("/bin/busybox")) GTEST_SKIP() << "there is no /bin/busybox";
    fs::create_directories(path("bundle/rootfs/bin"));
    fs::copy_file("/bin/busybox", path("bundle/rootfs/bin/busybox"));
    ASSERT_EQ(run_program({"chown", "-R", "100000:100000", path("bundle/rootfs")}).exit_code, 0);
    ASSERT_EQ(run_program({"sh", "-c", "cd \"$1\" && \"$2\" spec", "-", path("bundle"), engine_})
                  .exit_code,
              0);
    config_ = Json::parse(std::ifstream(path("bundle/config.json")));
    config_["process"]["terminal"] = false;
    config_["process"]["args"] = {"/bin/busybox", "sleep", "1000"};
    Json& linux_part = config_["linux"];
    linux_part["namespaces"] = Json::array();
    for (const char* kind : {"pid", "network", "ipc", "uts", "mount", "user", "cgroup"}) {
      linux_part["namespaces"].push_back({{"type", kind}});
    }
    for (const char* map : {"uidMappings", "gidMappings"}) {
      linux_part[map] = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
    }
  }
  void TearDown() override {
    if (running_) run_program(plus(engine_command(), {"delete", "-f", "it"}));
    InDirectory::TearDown();
  }

  // crun's own cgroups would want rights that not every machine gives.
  [[nodiscard]] Words engine_command() const {
    const Words command{engine_, "--root", path("run/" + engine_)};
    return engine_ == "crun" ? with_cgroup2(plus(command, {"--cgroup-manager=disabled"})) : command;
  }

  // Its first process; 0 where the engine does not get it up, which is said.
  pid_t start() {
    std::ofstream(path("bundle/config.json")) << config_;
    fs::create_directories(path("run"));
    running_ = true;
    const Finished run =
        run_program(plus({"sh", "-c", "exec \"$@\" > \"$0\" 2>&1", path("pid.log")},
                         plus(engine_command(), {"run", "-d", "--bundle", path("bundle"),
                                                 "--pid-file", path("pid"), "it"})));
    const Result<std::string> pid = read_small_file(path("pid"));
    if (run.exit_code == 0 && pid) return std::stoi(*pid);
    const Result<std::string> log = read_small_file(path("pid.log"));
    std::fprintf(stderr, "%s: %s\n", engine_.c_str(), log ? log->c_str() : "no log");
    return 0;
  }

  std::string engine_;
  Json config_;
  bool running_ = false;
};

constexpr const char* of_a_container = "user,pid,uts,ipc,net,cgroup,mnt";

TEST_P(Oci, AContainerOfItsOwnIsIsolated) {
  const pid_t pid = start();
  if (pid == 0) GTEST_SKIP() << engine_ << " does not start a container here";
  const Json json = inspected(pid, of_a_container);
  EXPECT_EQ(open_in(json), "") << json.dump(1);
  const Finished by_name = run_program({"env", "XDG_RUNTIME_DIR=" + path("run"), NSBENCH_PROGRAM,
                                        "inspect", "--container", "it", "--expect", "pid,net"});
  EXPECT_EQ(by_name.exit_code, 0) << by_name.err;
  EXPECT_THAT(by_name.out, HasSubstr("process " + std::to_string(pid)));
}

// What is the container's alone, nobody else adds a process to while it is counted.
TEST_P(Oci, LsAndLsnsSayTheSameOfIt) {
  if (!is_installed("lsns")) GTEST_SKIP() << "there is no lsns";
  const pid_t pid = start();
  if (pid == 0) GTEST_SKIP() << engine_ << " does not start a container here";
  const Finished theirs =
      run_program({"lsns", "-rno", "TYPE,NS,NPROCS,PID", "-p", std::to_string(pid)});
  const Finished ours = nsbench({"ls", "--json", "--pid", std::to_string(pid)});
  const Json json = Json::parse(ours.out, nullptr, false);
  ASSERT_FALSE(json.is_discarded()) << ours.err;
  int own = 0;
  for (const Json& one : json["namespaces"]) {
    if (one["type"] == "time") continue;  // that one it shares
    ++own;
    const std::string row = one["type"].get<std::string>() + " " + one["id"].dump() + " 1 " +
                            std::to_string(pid) + "\n";
    EXPECT_EQ(one["processes"], 1);
    EXPECT_THAT(theirs.out, HasSubstr(row));
  }
  EXPECT_EQ(own, 7);
}

TEST_P(Oci, WhatIsSharedOnPurposeIsFound) {
  Json& namespaces = config_["linux"]["namespaces"];
  namespaces.erase(1);  // network
  Json& mounts = config_["mounts"];
  mounts.push_back({{"destination", "/shared"},
                    {"type", "bind"},
                    {"source", "/var"},
                    {"options", {"rbind", "rw"}}});
  // sysfs can't be mounted by whom the network namespace does not belong to.
  for (std::size_t i = 0; i < mounts.size();) {
    if (mounts[i]["type"] == "sysfs" || mounts[i]["type"] == "cgroup") {
      mounts.erase(i);
    } else {
      ++i;
    }
  }
  const pid_t pid = start();
  if (pid == 0) GTEST_SKIP() << engine_ << " does not start a container here";
  const Json json = inspected(pid, of_a_container);
  EXPECT_EQ(open_in(json), "net,mnt") << json.dump(1);
}

INSTANTIATE_TEST_SUITE_P(Engines, Oci, ::testing::Values("runc", "crun"));

// podman, with the same busybox as its root, without an image, cgroups or a network to set up.
class Podman : public testing::InDirectory {
 protected:
  void SetUp() override {
    InDirectory::SetUp();
    if (::geteuid() != 0) GTEST_SKIP() << "not root";
    if (!is_installed("podman")) GTEST_SKIP() << "there is no podman";
    if (!fs::exists("/bin/busybox")) GTEST_SKIP() << "there is no /bin/busybox";
    fs::create_directories(path("rootfs/bin"));
    fs::copy_file("/bin/busybox", path("rootfs/bin/busybox"));
  }
  void TearDown() override {
    if (running_) run_program(podman({"rm", "-t", "0", "-f", "it"}));
    EXPECT_TRUE(is_left_alone()) << "processes of podman still name " << directory_;
    InDirectory::TearDown();
  }

  // podman's monitor, and what that starts when a container ends, go on writing for a moment.
  [[nodiscard]] bool is_left_alone() const {
    for (int tries = 0; tries < 1000; ++tries) {
      bool named = false;
      for (const fs::directory_entry& process : fs::directory_iterator("/proc")) {
        std::ifstream file(process.path() / "cmdline");
        const std::string words(std::istreambuf_iterator<char>(file), {});
        named = named || words.find(directory_) != std::string::npos;
      }
      if (!named) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    return false;
  }

  // Where it would keep an ordinary user's containers.
  [[nodiscard]] Words podman(const Words& command) const {
    return with_cgroup2(plus(
        {"podman", "--root", path("home/.local/share/containers/storage"), "--runroot",
         path("run/containers"), "--tmpdir", path("tmp"), "--network-config-dir", path("networks"),
         "--runtime-flag", "root=" + path("crun"), "--storage-driver", "vfs"},
        command));
  }
  // The first process of the container "it"; 0 where podman does not get it up, which is said.
  pid_t start(const Words& options) {
    running_ = true;
    const Finished run =
        run_program(podman(plus(plus({"run", "-d", "--name", "it", "--cgroups=disabled", "--ulimit",
                                      "nofile=1024:1024", "--ulimit", "nproc=1000:1000"},
                                     options),
                                {"--rootfs", path("rootfs"), "/bin/busybox", "sleep", "1000"})));
    const Finished pid = run_program(podman({"inspect", "--format", "{{.State.Pid}}", "it"}));
    if (run.exit_code == 0 && pid.exit_code == 0) return std::stoi(pid.out);
    std::fprintf(stderr, "podman: %s\n", run.err.c_str());
    return 0;
  }

  bool running_ = false;
};

TEST_F(Podman, AContainerOfItsOwnIsIsolatedAndHasAName) {
  const pid_t pid = start({"--network", "none"});
  if (pid == 0) GTEST_SKIP() << "podman does not start a container here";
  EXPECT_EQ(open_in(inspected(pid, "pid,uts,ipc,net,mnt")), "");
  // Nobody asked it for a user namespace.
  EXPECT_EQ(open_in(inspected(pid, "user")), "user");
  const Finished by_name =
      run_program({"env", "XDG_RUNTIME_DIR=" + path("run"), "HOME=" + path("home"), NSBENCH_PROGRAM,
                   "inspect", "--container", "it", "--expect", "pid,net"});
  EXPECT_EQ(by_name.exit_code, 0) << by_name.err << by_name.out;
  EXPECT_THAT(by_name.out, HasSubstr("process " + std::to_string(pid)));
}

TEST_F(Podman, WhatIsSharedOnPurposeIsFound) {
  const pid_t pid = start({"--network", "host", "--uts", "host", "--volume", "/var:/host"});
  if (pid == 0) GTEST_SKIP() << "podman does not start a container here";
  EXPECT_EQ(open_in(inspected(pid, "pid,uts,ipc,net,mnt")), "uts,net,mnt");
}

TEST(Inspect, SaysWhatItCantLookAt) {
  const Finished none = nsbench({"inspect", "4194304"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("there is no process 4194304"));
  const Finished nothing = nsbench({"inspect"});
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_THAT(nothing.err, HasSubstr("needs a PID"));
  const Finished unknown = nsbench({"inspect", "1", "--expect", "nets"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("--expect"));
  const Finished container = nsbench({"inspect", "--container", "no-such-container"});
  EXPECT_EQ(container.exit_code, 2);
  EXPECT_THAT(container.err, HasSubstr("no container is called"));
}

TEST(Inspect, AKernelThreadSharesAll) {
  const Result<std::string> comm = read_small_file("/proc/2/comm");
  if (!comm || trimmed(*comm) != "kthreadd") GTEST_SKIP() << "no kernel thread is seen from here";
  const Finished run = nsbench({"inspect", "2", "--expect", "net"});
  EXPECT_EQ(run.exit_code, ::geteuid() == 0 ? 1 : 3) << run.err;
  EXPECT_THAT(run.out, HasSubstr("process 2 ([kthreadd])"));
}

// Whatever becomes of it meanwhile: an answer, or that it has ended; never that it is isolated.
TEST(Inspect, WhatEndsMeanwhileIsNotCalledIsolated) {
  for (int i = 0; i < 12; ++i) {
    const pid_t pid = testing::start_program({"sleep", "0.0" + std::to_string(i)});
    const Finished run = nsbench({"inspect", std::to_string(pid), "--expect", "mnt,pid"});
    ::waitpid(pid, nullptr, 0);
    EXPECT_TRUE(run.exit_code == 1 || run.exit_code == 2 || run.exit_code == 3)
        << run.exit_code << run.out << run.err;
  }
}

TEST(Inspect, AZombieIsNamedAsOne) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t ended{};
  ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);
  const Finished run = nsbench({"inspect", std::to_string(child)});
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("zombie"));
}

// What may not be looked at is said, and nothing is guessed of it.
TEST(Inspect, AnotherUsersProcessIsRefusedNotGuessed) {
  if (::geteuid() != 0) GTEST_SKIP() << "not root";
  const Finished run =
      run_program({"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                   NSBENCH_PROGRAM, "inspect", "1", "--expect", "net"});
  if (run.exit_code == 127) GTEST_SKIP() << run.err;  // nobody may not run our build
  EXPECT_EQ(run.exit_code, 3) << run.out;
  EXPECT_THAT(run.out, HasSubstr("/proc/1/ns/net: EACCES"));
  EXPECT_THAT(run.out, HasSubstr("CAN'T TELL: net"));
}

}  // namespace
}  // namespace nsbench
