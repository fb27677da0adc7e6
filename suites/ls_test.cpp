// nsbench ls and nsbench enter on this system, beside lsns and nsenter of util-linux.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
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

// A namespace's row: "net 3 1234", processes and the lowest of them, by id.
using Rows = std::map<std::uint64_t, std::string>;

Rows rows_of_lsns() {
  Rows rows;
  std::istringstream lines(run_program({"lsns", "-rno", "NS,TYPE,NPROCS,PID"}).out);
  std::uint64_t id = 0;
  for (std::string type, count, pid; lines >> id >> type >> count >> pid;) {
    if (count != "0") rows[id] = type + " " + count + " " + pid;
  }
  return rows;
}

Rows rows_of_ours() {
  Rows rows;
  const nlohmann::json all = listed();
  for (const auto& one : all["namespaces"]) {
    if (one["processes"] == 0) continue;
    rows[one["id"]] =
        one["type"].get<std::string>() + " " + one["processes"].dump() + " " + one["pid"].dump();
  }
  return rows;
}

TEST(Ls, AgreesWithLsns) {
  if (run_program({"lsns", "-V"}).exit_code != 0) GTEST_SKIP() << "there is no lsns";
  std::vector<Child> held;
  for (const NamespaceSet set :
       {NamespaceSet{Kind::Net}, NamespaceSet{Kind::Pid, Kind::Uts}, NamespaceSet{Kind::User},
        NamespaceSet{Kind::User, Kind::Mnt, Kind::Ipc, Kind::Cgroup}}) {
    Result<Child> one = hold_open(set, Deadline::in(patience));
    if (!one) one = hold_open(set | NamespaceSet{Kind::User}, Deadline::in(patience));
    if (!one) GTEST_SKIP() << one.error().str();
    held.push_back(std::move(*one));
  }
  // Others start and end meanwhile, and each of the two counts itself: what lsns says before and
  // after is what counts, but for the namespaces of this process.
  Rows before = rows_of_lsns();
  const Rows ours = rows_of_ours();
  const Rows after = rows_of_lsns();
  for (const KindRow& kind : all_kinds) {
    struct stat own {};
    ::stat(("/proc/self/ns/" + std::string(kind.name)).c_str(), &own);
    before.erase(own.st_ino);
  }
  int steady = 0;
  for (const auto& [id, row] : before) {
    const auto same = after.find(id);
    if (same == after.end() || same->second != row) continue;
    ++steady;
    const auto here = ours.find(id);
    EXPECT_EQ(here == ours.end() ? "not listed" : here->second, row) << id;
  }
  EXPECT_GE(steady, 8);
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
