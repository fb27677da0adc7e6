// nsbench ls and nsbench enter on this system, beside lsns and nsenter of util-linux.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "probes/sandbox/enter.h"
#include "probes/sandbox/files.h"
#include "suites/testing/subprocess.h"

namespace nsbench {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using testing::run_program;

constexpr auto patience = std::chrono::seconds(10);

Finished nsbench(std::vector<std::string> words) {
  words.insert(words.begin(), NSBENCH_PROGRAM);
  return run_program(words);
}

nlohmann::json listed(const std::vector<std::string>& options = {}) {
  std::vector<std::string> words{"ls", "--json"};
  words.insert(words.end(), options.begin(), options.end());
  const Finished run = nsbench(words);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  return nlohmann::json::parse(run.out, nullptr, false);
}

std::uint64_t id_of(const Child& child, const char* kind) {
  struct stat status {};
  const Result<std::string> dir = proc_dir(child);
  EXPECT_TRUE(dir) << dir.error().str();
  EXPECT_EQ(::stat((*dir + "/ns/" + kind).c_str(), &status), 0);
  return status.st_ino;
}

nlohmann::json found(std::uint64_t id) {
  const nlohmann::json all = listed();
  for (const auto& one : all["namespaces"]) {
    if (one["id"] == id) return one;
  }
  return nullptr;
}

// In a pid namespace with a /proc of its own, where nothing starts or ends meanwhile: sandboxes of
// all kinds, and two namespaces that were leaked. $1 is a directory, $2 nsbench.
constexpr const char* a_busy_system = R"sh(
  mount -t tmpfs none /mnt || exit 77
  unshare --net sleep 1000 &
  unshare --fork --pid --uts sleep 1000 &
  unshare --user sleep 1000 &
  unshare --user --mount --ipc --cgroup sleep 1000 &
  unshare --fork --pid unshare --fork --pid --mount sleep 1000 &
  sandboxes=5
  if bwrap --unshare-all --ro-bind / / true 2> /dev/null; then
    bwrap --unshare-all --ro-bind / / sleep 1000 &
    sandboxes=6
  fi
  : > /mnt/leaked && unshare --net=/mnt/leaked true || exit 77
  unshare --uts sleep 1001 &
  leaked=$!
  tries=0
  until [ "$(cat /proc/[0-9]*/comm 2> /dev/null | grep -cx sleep)" = $((sandboxes + 1)) ]; do
    tries=$((tries + 1))
    [ $tries -lt 400 ] || exit 77  # one of them does not work here
    sleep 0.05
  done
  exec 9< /proc/$leaked/ns/uts
  kill $leaked
  wait $leaked
  lsns -rno TYPE,NS,NPROCS,PID > "$1/before"
  "$2" ls --json > "$1/ours"
  lsns -rno TYPE,NS,NPROCS,PID > "$1/after"
)sh";

TEST(Ls, AgreesWithLsns) {
  if (run_program({"lsns", "-V"}).exit_code != 0) GTEST_SKIP() << "there is no lsns";
  std::string dir = (std::filesystem::temp_directory_path() / "nsbench-ls-XXXXXX").string();
  ASSERT_NE(::mkdtemp(dir.data()), nullptr);
  std::vector<std::string> words{"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"};
  if (::geteuid() != 0) words.insert(words.end(), {"--user", "--map-root-user"});
  words.insert(words.end(), {"sh", "-c", a_busy_system, "sh", dir, NSBENCH_PROGRAM});
  const Finished run = run_program(words);
  const auto lines_of = [&dir](const char* name) {
    std::ifstream file(dir + "/" + name);
    std::set<std::string> lines;
    // Later versions of lsns list what has no process, too.
    for (std::string line; std::getline(file, line);) {
      if (line.find(" 0 ") == std::string::npos) lines.insert(line);
    }
    return lines;
  };
  const std::set<std::string> before = lines_of("before");
  const std::set<std::string> after = lines_of("after");
  std::ifstream file(dir + "/ours");
  const auto all = nlohmann::json::parse(file, nullptr, false);
  std::filesystem::remove_all(dir);
  if (all.is_discarded()) GTEST_SKIP() << "no such system can be made here: " << run.err;
  std::set<std::string> ours;
  std::map<std::string, std::string> leaked;
  for (const auto& one : all["namespaces"]) {
    const std::string type = one["type"];
    if (one["processes"] != 0) {
      ours.insert(type + " " + one["id"].dump() + " " + one["processes"].dump() + " " +
                  one["pid"].dump());
    } else if (!one["held_by"].empty()) {
      leaked[type] = one["held_by"][0]["by"];
    }
  }
  EXPECT_EQ(before, after);
  EXPECT_EQ(ours, before);
  EXPECT_GE(ours.size(), 8U + 11U);
  EXPECT_EQ(leaked, (std::map<std::string, std::string>{{"net", "mount"}, {"uts", "descriptor"}}));
}

TEST(Ls, FindsWhatOnlyADescriptorHolds) {
  Result<Child> holder = hold_open({Kind::Net}, Deadline::in(patience));
  if (!holder) GTEST_SKIP() << holder.error().str();
  const std::uint64_t id = id_of(*holder, "net");
  const Result<std::string> dir = proc_dir(*holder);
  const Fd kept(::open((*dir + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(kept.valid());
  EXPECT_EQ(found(id)["processes"], 1);
  holder->kill();
  const nlohmann::json one = found(id);
  ASSERT_FALSE(one.is_null());
  EXPECT_EQ(one["processes"], 0);
  EXPECT_EQ(one["held_by"][0]["by"], "descriptor");
  EXPECT_EQ(one["held_by"][0]["pid"], ::getpid());
  EXPECT_EQ(one["held_by"][0]["fd"], kept.get());
  EXPECT_THAT(nsbench({"ls", "-t", "net"}).out,
              HasSubstr("kept by descriptor " + std::to_string(kept.get()) + " of " +
                        std::to_string(::getpid())));
}

// In a mount namespace of its own, so that the mount ends with it.
TEST(Ls, FindsWhatOnlyAMountHolds) {
  Result<Child> net = hold_open({Kind::Net}, Deadline::in(patience));
  if (!net) GTEST_SKIP() << net.error().str();
  const std::uint64_t id = id_of(*net, "net");
  const Result<std::string> dir = proc_dir(*net);
  ASSERT_TRUE(dir);
  const Result<Member> mounter = enter(
      {.namespaces = {Kind::Mnt}},
      [&dir] {
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
        if (::mount("none", "/mnt", "tmpfs", 0, nullptr) != 0) return 1;
        const Fd file(::open("/mnt/kept", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        if (::mount((*dir + "/ns/net").c_str(), "/mnt/kept", nullptr, MS_BIND, nullptr) != 0) {
          return 1;
        }
        for (;;) ::pause();
      },
      Deadline::in(patience));
  ASSERT_TRUE(mounter) << mounter.error().str();
  nlohmann::json one;
  for (int tries = 0; tries < 100; ++tries) {
    one = found(id);
    if (!one.is_null() && !one["held_by"].empty()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  net->kill();
  one = found(id);
  ASSERT_FALSE(one.is_null());
  EXPECT_EQ(one["processes"], 0);
  ASSERT_FALSE(one["held_by"].empty());
  EXPECT_EQ(one["held_by"][0]["by"], "mount");
  EXPECT_EQ(one["held_by"][0]["path"], "/mnt/kept");
  EXPECT_EQ(one["held_by"][0]["pid"], mounter->body);
}

TEST(Ls, KnowsOwnersAndParents) {
  Result<Child> holder = hold_open({Kind::User, Kind::Pid, Kind::Net}, Deadline::in(patience));
  if (!holder) GTEST_SKIP() << holder.error().str();
  const std::uint64_t user = id_of(*holder, "user");
  struct stat own {};
  ASSERT_EQ(::stat("/proc/self/ns/user", &own), 0);
  EXPECT_EQ(found(user)["parent"], own.st_ino);
  EXPECT_EQ(found(id_of(*holder, "net"))["owner"], user);
  ASSERT_EQ(::stat("/proc/self/ns/pid", &own), 0);
  EXPECT_EQ(found(id_of(*holder, "pid"))["parent"], own.st_ino);
  const auto of_process = listed({"--pid", std::to_string(holder->pid()), "-t", "net,user"});
  ASSERT_EQ(of_process["namespaces"].size(), 2U);
  EXPECT_EQ(of_process["namespaces"][0]["id"], user);
  EXPECT_THAT(nsbench({"ls", "--tree"}).out, HasSubstr("─ user:[" + std::to_string(user) + "]"));
}

// Many at once, and more than there may be descriptors: each has an owner all the same.
TEST(Ls, ACrowdIsCountedRight) {
  constexpr int many = 40;
  std::vector<Child> held;
  for (int i = 0; i < many; ++i) {
    Result<Child> one = hold_open({Kind::Uts, Kind::Ipc}, Deadline::in(patience));
    if (!one) GTEST_SKIP() << one.error().str();
    held.push_back(std::move(*one));
  }
  const Finished run = run_program(
      {"sh", "-c", "ulimit -n 24 && exec \"$0\" ls --json -t uts,ipc", NSBENCH_PROGRAM});
  const auto all = nlohmann::json::parse(run.out, nullptr, false);
  ASSERT_FALSE(all.is_discarded()) << run.err;
  std::map<std::uint64_t, nlohmann::json> by_id;
  for (const auto& one : all["namespaces"]) by_id[one["id"]] = one;
  struct stat user {};
  ASSERT_EQ(::stat("/proc/self/ns/user", &user), 0);
  for (const Child& one : held) {
    for (const char* kind : {"uts", "ipc"}) {
      const auto row = by_id[id_of(one, kind)];
      EXPECT_EQ(row["processes"], 1) << kind;
      EXPECT_EQ(row["pid"], one.pid());
      EXPECT_EQ(row["owner"], user.st_ino);
    }
  }
}

TEST(Ls, LeavesNothingOutForWantOfDescriptors) {
  for (const char* limit : {"13", "12", "11", "10", "9", "8", "7", "6"}) {
    const Finished run =
        run_program({"sh", "-c", "ulimit -n $1 && exec \"$0\" ls --json", NSBENCH_PROGRAM, limit});
    if (run.exit_code == 0) continue;
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, HasSubstr("EMFILE")) << limit;
    return;
  }
  ADD_FAILURE() << "no limit was too low";
}

TEST(Ls, RefusesWhatItDoesNotKnow) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"ls", "-t", "nets"},
                                                {"ls", "--pid", "4194304"},
                                                {"ls", "--pid", "0"},
                                                {"ls", "--tree", "--json"},
                                                {"enter", "4194304", "--", "true"},
                                                {"enter"},
                                                {"enter", "1", "-a", "-n"}}) {
    const Finished run = nsbench(words);
    EXPECT_EQ(run.exit_code, 2) << words.back();
    EXPECT_EQ(run.out, "");
    EXPECT_NE(run.err, "");
  }
}

// Without /proc nothing would differ, and the command would run where it was.
TEST(Enter, NeverRunsTheCommandInTheWrongPlace) {
  const Finished run = run_program(
      {"unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
       "mount -t tmpfs none /proc || exit 77; exec \"$0\" enter \"$1\" -n -- echo wrong",
       NSBENCH_PROGRAM, std::to_string(::getpid())});
  if (run.exit_code == 77 || run.exit_code == 127) GTEST_SKIP() << run.err;
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("/proc/self"));
}

// Where /proc is of another pid namespace, the number is what that /proc shows.
TEST(Enter, TakesTheNumberThatProcShows) {
  Result<Child> holder = hold_open({Kind::Net}, Deadline::in(patience));
  if (!holder) GTEST_SKIP() << holder.error().str();
  const std::string net = "net:[" + std::to_string(id_of(*holder, "net")) + "]\n";
  const Finished run =
      run_program({"unshare", "--pid", "--fork", NSBENCH_PROGRAM, "enter",
                   std::to_string(holder->pid()), "-n", "--", "readlink", "/proc/self/ns/net"});
  if (run.err.find("unshare failed") != std::string::npos) GTEST_SKIP() << run.err;
  EXPECT_EQ(run.out, net) << run.err;
}

TEST(Enter, SaysThatAZombieHasEnded) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t ended{};
  ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);
  const Finished run = nsbench({"enter", std::to_string(child), "-n", "--", "true"});
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("zombie"));
}

TEST(Enter, JoinsWhatIsNamed) {
  Result<Child> holder = hold_open({Kind::Net, Kind::Uts}, Deadline::in(patience));
  if (!holder) GTEST_SKIP() << holder.error().str();
  const std::string pid = std::to_string(holder->pid());
  const std::string net = "net:[" + std::to_string(id_of(*holder, "net")) + "]\n";
  const std::string uts = "uts:[" + std::to_string(id_of(*holder, "uts")) + "]\n";
  const Result<std::string> own_uts = read_link("/proc/self/ns/uts");
  ASSERT_TRUE(own_uts);
  EXPECT_EQ(nsbench({"enter", "-t", pid, "-n", "--", "readlink", "/proc/self/ns/net"}).out, net);
  EXPECT_EQ(nsbench({"enter", "-t", pid, "-n", "--", "readlink", "/proc/self/ns/uts"}).out,
            *own_uts + "\n");
  EXPECT_EQ(nsbench({"enter", pid, "--", "readlink", "/proc/self/ns/net", "/proc/self/ns/uts"}).out,
            net + uts);
}

TEST(Enter, ReturnsTheCommandsStatus) {
  Result<Child> holder = hold_open({Kind::Pid, Kind::Net}, Deadline::in(patience));
  if (!holder) GTEST_SKIP() << holder.error().str();
  const std::string pid = std::to_string(holder->pid());
  for (const char* kind : {"-n", "-p"}) {  // without and with a fork
    EXPECT_EQ(nsbench({"enter", pid, kind, "--", "sh", "-c", "exit 37"}).exit_code, 37);
    EXPECT_EQ(nsbench({"enter", pid, kind, "--", "/no/such/program"}).exit_code, 127);
  }
  EXPECT_EQ(nsbench({"enter", pid, "-p", "--", "sh", "-c", "kill -TERM $$"}).exit_code, 128 + 15);
  EXPECT_EQ(nsbench({"enter", pid, "-p", "--", "sh", "-c", "test $$ -lt 100"}).exit_code, 0);
}

TEST(Enter, BecomesRootOfAUserNamespace) {
  Result<Child> holder = hold_open({Kind::User}, Deadline::in(patience));
  if (!holder) GTEST_SKIP() << holder.error().str();
  const std::string pid = std::to_string(holder->pid());
  const std::string inside = nsbench({"enter", pid, "-U", "--", "id", "-u"}).out;
  const std::string map = run_program({"cat", "/proc/" + pid + "/uid_map"}).out;
  // Where nobody is mapped to 0, the ids stay.
  const bool has_root = map.find_first_not_of(' ') == map.find('0');
  EXPECT_EQ(inside == "0\n", has_root) << map;
}

}  // namespace
}  // namespace nsbench
