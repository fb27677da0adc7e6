// The program as its users run it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>

#include "probes/probe.h"
#include "probes/view.h"

namespace nsbench {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

struct Finished {
  int exit_code = -1;
  std::string out;  // and standard error, where the arguments lead it there
};

Finished run(const std::string& arguments) {
  FILE* pipe = ::popen((NSPROBE_PROGRAM " " + arguments).c_str(), "r");
  if (pipe == nullptr) return {};
  Finished finished;
  std::array<char, 4096> block{};
  for (;;) {
    const std::size_t got = std::fread(block.data(), 1, block.size(), pipe);
    if (got == 0) break;
    finished.out.append(block.data(), got);
  }
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) finished.exit_code = WEXITSTATUS(status);
  return finished;
}

std::string own_host_name() {
  utsname names{};
  ::uname(&names);
  return names.nodename;
}

std::string own_link(const char* kind) {
  std::array<char, 64> target{};
  const std::string path = std::string("/proc/self/ns/") + kind;
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  return length < 0 ? "" : std::string(target.data(), static_cast<std::size_t>(length));
}

TEST(Nsprobe, ShowsEveryFamilyAsText) {
  const Finished all = run("");
  EXPECT_EQ(all.exit_code, 0);
  for (const KindRow& kind : all_kinds) EXPECT_THAT(all.out, HasSubstr(kind.name));
  EXPECT_THAT(all.out, AllOf(HasSubstr(own_host_name()), HasSubstr(own_link("uts"))));
}

TEST(Nsprobe, ShowsWhatIsTheSameOnce) {
  const std::string text = run("pid_one parent_invisible").out;
  const std::regex parent("ppid");
  EXPECT_EQ(std::distance(std::sregex_iterator(text.begin(), text.end(), parent), {}), 1);
  EXPECT_THAT(text, HasSubstr("\npid/pid_one,parent_invisible\n"));
}

TEST(Nsprobe, TakesSubjectsNamesAndFamilies) {
  EXPECT_THAT(run("uts/hostname").out, HasSubstr("\nuts/hostname\n"));
  EXPECT_THAT(run("hostname").out, HasSubstr("\nuts/hostname\n"));
  EXPECT_THAT(run("net").out, AllOf(HasSubstr("/interfaces"), Not(HasSubstr("hostname"))));
  EXPECT_THAT(run("net pid_one").out, AllOf(HasSubstr("/interfaces"), HasSubstr("pid/pid_one")));
}

TEST(Nsprobe, PrintsOneJsonDocument) {
  const Finished all = run("--json");
  ASSERT_EQ(all.exit_code, 0);
  const Json document = Json::parse(all.out);
  EXPECT_EQ(document["nsprobe"]["version"], NSBENCH_VERSION);
  EXPECT_EQ(document["nsprobe"]["schema"], 1);
  EXPECT_GT(document["pid"], 0);
  EXPECT_FALSE(document["kernel"]["release"].get<std::string>().empty());
  const auto viewable = std::count_if(all_probes().begin(), all_probes().end(),
                                      [](const Probe* probe) { return is_viewable(*probe); });
  ASSERT_EQ(document["probes"].size(), static_cast<std::size_t>(viewable));
  for (const Json& probe : document["probes"]) {
    EXPECT_NE(
        find_probe(probe["family"].get<std::string>() + "/" + probe["name"].get<std::string>()),
        nullptr);
    EXPECT_FALSE(probe["sentence"].get<std::string>().empty());
    EXPECT_FALSE(probe["source"].get<std::string>().empty());
    EXPECT_FALSE(probe["seen"].empty()) << probe.dump();
  }
}

TEST(Nsprobe, JsonHoldsWhatTheCallerSees) {
  const Json hostname = Json::parse(run("--json uts/hostname").out)["probes"][0]["seen"];
  EXPECT_EQ(hostname["nodename"], own_host_name());
  EXPECT_EQ(hostname["uname"], "ok");
  const Json ids = Json::parse(run("--json uid_map").out)["probes"][0]["seen"];
  EXPECT_EQ(ids["uid"], ::getuid());
  const Json links = Json::parse(run("--json net/identity").out)["probes"][0]["seen"];
  EXPECT_EQ(links["net"], own_link("net"));
}

TEST(Nsprobe, ListsTheProbesWithTheirRules) {
  const Finished list = run("--list");
  EXPECT_EQ(list.exit_code, 0);
  for (const Probe* probe : all_probes()) {
    if (!is_viewable(*probe)) continue;
    EXPECT_THAT(list.out, AllOf(HasSubstr(probe->name), HasSubstr(probe->sentence)));
  }
}

TEST(Nsprobe, AnUnknownNameIsNamedWithItsNeighbours) {
  const Finished wrong = run("hostnme 2>&1 >/dev/null");
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.out, AllOf(HasSubstr("\"hostnme\""), HasSubstr("nearest: hostname")));
  EXPECT_THAT(run("init_death 2>&1").out, HasSubstr("without acting"));
  EXPECT_THAT(run("utz 2>&1").out, HasSubstr("uts"));
  EXPECT_THAT(run("\"$(printf '\\033[31m')\" 2>&1").out, Not(HasSubstr("\033")));
}

TEST(Nsprobe, WrongUseIsExit2) {
  EXPECT_EQ(run("--no-such-option 2>/dev/null").exit_code, 2);
  EXPECT_EQ(run("--json --list 2>/dev/null").exit_code, 2);
  EXPECT_EQ(run("--help").exit_code, 0);
  EXPECT_THAT(run("--version").out, HasSubstr(NSBENCH_VERSION));
}

TEST(Nsprobe, OutputThatCannotBeWrittenIsAnError) {
  const Finished full = run("uts 2>&1 >/dev/full");
  EXPECT_EQ(full.exit_code, 3);
  EXPECT_THAT(full.out, HasSubstr("ENOSPC"));
}

}  // namespace
}  // namespace nsbench
