// nsbench fleet as its users run it, with kernels and an init that are made up, and a server of
// LAVA that is one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "ci/kernel/testing/made_up.h"
#include "reports/file.h"
#include "reports/frames.h"
#include "reports/json.h"
#include "reports/received.h"
#include "reports/testdata/sample_report.h"
#include "suites/fleet/directory.h"
#include "suites/fleet/testing/fake_lava.h"
#include "suites/fleet/testing/served.h"
#include "suites/testing/in_directory.h"
#include "suites/testing/subprocess.h"

namespace nsbench {
namespace {

namespace fs = std::filesystem;
using testing::Finished;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class FleetJobs : public testing::InDirectory {
 protected:
  void SetUp() override {
    InDirectory::SetUp();
    fs::create_directories(path("kernels/old"));
    fs::create_directories(path("kernels/new"));
    fs::create_directories(path("kernels/empty"));
    saved("kernels/old/vmlinuz", kernel::testing::made_bzimage({.release = "6.1.0-old"}));
    saved("kernels/new/bzImage", kernel::testing::made_bzimage({.release = "6.2.0-new"}));
    saved("kernels/README", "no kernel");
    init_ = saved("init", kernel::testing::made_elf(kernel::testing::own_elf()));
    fs::permissions(init_, fs::perms::all);
  }
  Finished jobs(std::vector<std::string> words) const {
    const std::vector<std::string> all{NSBENCH_PROGRAM, "fleet", "jobs", "--init", init_};
    words.insert(words.begin(), all.begin(), all.end());
    return testing::run_program(words);
  }
  std::vector<std::string> usual(std::vector<std::string> more) const {
    const std::vector<std::string> all{"--kernels", path("kernels"), "--device-type",
                                       "qemu",      "--out",         path("out")};
    more.insert(more.begin(), all.begin(), all.end());
    return more;
  }
  std::string content(const std::string& name) const {
    const Result<std::string> text = read_file(path(name));
    EXPECT_TRUE(text) << name;
    return text ? *text : "";
  }

  std::string init_;
};

TEST_F(FleetJobs, OnePerKernelAndBoot) {
  const Finished run = jobs(usual({"--boots", "2", "--base", "old"}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(path("out/jobs"))) {
    files.push_back(entry.path().filename());
  }
  EXPECT_THAT(files, ::testing::UnorderedElementsAre("old.boot-1.yaml", "old.boot-2.yaml",
                                                     "new.boot-1.yaml", "new.boot-2.yaml"));
  EXPECT_EQ(content("out/kernels/old/kernel"), content("kernels/old/vmlinuz"));
  const std::string job = content("out/jobs/new.boot-2.yaml");
  EXPECT_THAT(job, HasSubstr("nsbench.release: \"6.2.0-new\""));
  EXPECT_THAT(job, HasSubstr("nsbench.base: \"old\""));
  EXPECT_THAT(job, HasSubstr("url: \"file://" + path("out/kernels/new/kernel") + "\""));
  // The id is told, and is the job's.
  const std::string id = run.out.substr(0, run.out.find(' '));
  EXPECT_THAT(content("out/jobs/new.boot-1.yaml"), HasSubstr("nsbench.job: \"" + id + "\""));
}

TEST_F(FleetJobs, ASecondCallChangesNothing) {
  const Finished first = jobs(usual({"--", "--filter", "^uts/"}));
  ASSERT_EQ(first.exit_code, 0) << first.err;
  struct stat before {
  }, after{};
  ASSERT_EQ(::stat(path("out/jobs/old.boot-1.yaml").c_str(), &before), 0);
  const Finished second = jobs(usual({"--", "--filter", "^uts/"}));
  EXPECT_EQ(second.out, first.out);
  ASSERT_EQ(::stat(path("out/jobs/old.boot-1.yaml").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
  // Another kernel under the same name is another job.
  saved("kernels/old/vmlinuz",
        kernel::testing::made_bzimage({.release = "6.1.0-old", .payload = "changed"}));
  const Finished changed = jobs(usual({"--", "--filter", "^uts/"}));
  EXPECT_NE(changed.out, first.out);
  EXPECT_EQ(changed.out.substr(0, changed.out.find('\n')),
            first.out.substr(0, first.out.find('\n')));  // new's
}

TEST_F(FleetJobs, WhatIsLeftOfAnEarlierCallIsNotSubmittedWithIt) {
  ASSERT_EQ(jobs(usual({"--boots", "2"})).exit_code, 0);
  const Finished fewer = jobs(usual({}));
  EXPECT_EQ(fewer.exit_code, 2);
  EXPECT_THAT(fewer.err, HasSubstr(".boot-2.yaml' is none of these jobs"));
  EXPECT_THAT(fewer.out, IsEmpty());
}

TEST_F(FleetJobs, AListATemplateAndAnUrlOfTheirOwn) {
  const std::string list = saved("list.json", R"({"schema": 1, "kernels": [
      {"name": "a", "image": "kernels/old/vmlinuz", "append": "quiet"},
      {"name": "b", "image": "kernels/new/bzImage"}]})");
  const std::string own =
      saved("own.yaml", "@JOB_NAME@|@JOB_ID@|@KERNEL_URL@|@INITRAMFS_URL@|@APPEND@|@COMMAND@\n");
  const Finished run =
      jobs({"--kernels", list, "--device-type", "board", "--out", path("out"), "--url",
            "http://lab/x y/", "--template", own, "--append", "a=b", "--", "--checks-only"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(
      content("out/jobs/a.boot-1.yaml"),
      HasSubstr("|http://lab/x%20y/kernels/a/kernel|http://lab/x%20y/kernels/a/initramfs|a=b "
                "quiet|nsbench run --checks-only\n"));
}

TEST_F(FleetJobs, BadUsageIsNamedAndWritesNothing) {
  const auto refused = [this](const std::vector<std::string>& words) {
    const Finished run = jobs(words);
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.out, IsEmpty());
    EXPECT_FALSE(fs::exists(path("out/jobs")));
    return run.err;
  };
  EXPECT_THAT(refused(usual({"--base", "none"})),
              HasSubstr("--base none: there is no such kernel"));
  EXPECT_THAT(refused(usual({"--append", "a'b"})), HasSubstr("a'b"));
  EXPECT_THAT(refused(usual({"--", "--json"})), HasSubstr("--json stands before --"));
  EXPECT_THAT(refused(usual({"--template", path("none.yaml")})), HasSubstr("none.yaml"));
  EXPECT_THAT(refused(usual({"--template", saved("bad.yaml", "@KERNAL@")})),
              HasSubstr("@KERNAL@ stands for nothing"));
  EXPECT_THAT(
      refused({"--kernels", path("kernels/empty"), "--device-type", "qemu", "--out", path("out")}),
      HasSubstr("no kernel is in '"));
  EXPECT_THAT(refused({"--kernels", path("kernels"), "--device-type", "a b", "--out", path("out")}),
              HasSubstr("--device-type \"a b\""));
  saved("kernels/old/vmlinuz", "garbage");
  EXPECT_THAT(refused(usual({})), HasSubstr("kernels/old/vmlinuz"));
}

// The console of a guest whose run came to its end.
std::string console_of(const Report& report) {
  FrameWriter writer;
  return "[    0.000000] Linux version " + report.kernel.release + " (x) #1\n" +
         writer.lines_of({message_kind::part, to_json(report)}) +
         writer.lines_of({message_kind::end, "0"});
}

class FleetServer : public FleetJobs {
 protected:
  static constexpr const char* token = "S3cret";

  void SetUp() override {
    FleetJobs::SetUp();
    token_file_ = saved("token", std::string(token) + "\n");
  }
  Finished fleet(const std::string& command, const std::vector<std::string>& words) const {
    std::vector<std::string> all{NSBENCH_PROGRAM, "fleet", command};
    all.insert(all.end(), words.begin(), words.end());
    return testing::run_program(all);
  }
  std::vector<std::string> submitting(std::vector<std::string> more) const {
    std::vector<std::string> words{NSBENCH_PROGRAM, "fleet",    "submit",      "--init",
                                   init_,           "--server", served_.url(), "--token-file",
                                   token_file_,     "--base",   "old"};
    const std::vector<std::string> rest = usual(std::move(more));
    words.insert(words.end(), rest.begin(), rest.end());
    return words;
  }
  Finished submit(std::vector<std::string> more = {}) const {
    return testing::run_program(submitting(std::move(more)));
  }
  Finished on_fleet(const std::string& command, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"--fleet", path("out")};
    if (command != "gate") words.insert(words.end(), {"--token-file", token_file_});
    words.insert(words.end(), more.begin(), more.end());
    return fleet(command, words);
  }
  // Each job's run of a healthy kernel comes to its end.
  void complete_all() {
    for (fleet::testing::FakeJob& job : server_.jobs) {
      if (job.state == "Finished") continue;
      const bool is_new = job.name.find(" new ") != std::string::npos;
      Report report = healthy_report();
      report.series.clear();
      report.kernel.release = is_new ? "6.2.0-new" : "6.1.0-old";
      report.run.seed += static_cast<std::uint64_t>(job.number);
      job.stored = 1;
      server_.complete(job.number, console_of(report));
    }
  }

  fleet::testing::FakeLava server_;
  fleet::testing::Served served_{server_, token};
  std::string token_file_;
};

TEST_F(FleetServer, FromKernelsToAVerdict) {
  const Finished submitted = submit({"--boots", "2"});
  ASSERT_EQ(submitted.exit_code, 0) << submitted.err;
  EXPECT_THAT(submitted.err, IsEmpty());
  EXPECT_THAT(submitted.out, HasSubstr("old boot 2: submitted as "));
  EXPECT_THAT(submitted.out, HasSubstr("4 jobs: 4 waiting\n"));
  EXPECT_THAT(content("out/fleet.json"), Not(HasSubstr(token)));
  EXPECT_EQ(server_.jobs.size(), 4U);
  EXPECT_EQ(on_fleet("status").exit_code, 3);
  complete_all();
  const Finished status = on_fleet("status");
  EXPECT_EQ(status.exit_code, 0) << status.err;
  EXPECT_THAT(status.out, HasSubstr("4 jobs: 4 ended\n"));
  // Without a report nothing passes.
  EXPECT_EQ(on_fleet("gate").exit_code, 3);

  const Finished collected = on_fleet("collect", {"--db", path("lab.db")});
  EXPECT_EQ(collected.exit_code, 0) << collected.err;
  EXPECT_THAT(collected.out, HasSubstr("qemu: 4 jobs: 4 collected\n"));
  EXPECT_THAT(collected.out, HasSubstr("LAVA stored 1 of "));
  EXPECT_THAT(collected.out, HasSubstr("lab.db: 4 reports are new\n"));
  const Finished again = on_fleet("collect", {"--db", path("lab.db")});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("lab.db: 0 reports are new\n"));

  const Finished gate = on_fleet("gate");
  EXPECT_EQ(gate.exit_code, 0) << gate.out << gate.err;
  EXPECT_THAT(gate.out, HasSubstr("PASS  new on qemu, 2 of 2 reports\n"));
  const Finished json = on_fleet("gate", {"--json"});
  EXPECT_EQ(json.exit_code, 0);
  EXPECT_THAT(json.out, HasSubstr("\"verdict\": \"ok\""));

  // The plan is thrown away, and found again.
  fs::remove(path("out/fleet.json"));
  EXPECT_EQ(on_fleet("gate").exit_code, 2);
  const Finished found = submit({"--boots", "2"});
  EXPECT_EQ(found.exit_code, 0) << found.err;
  EXPECT_THAT(found.out, HasSubstr("4 jobs: 4 collected\n"));
  EXPECT_EQ(server_.jobs.size(), 4U);
  EXPECT_EQ(on_fleet("gate").exit_code, 0);

  // A report is removed: it is missing, and comes back from the server.
  const fs::path reports = path("out/reports/new");
  fs::remove(fs::directory_iterator(reports)->path());
  const Finished missing = on_fleet("gate");
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_THAT(missing.out, HasSubstr("a report is missing"));
  EXPECT_EQ(on_fleet("collect").exit_code, 0);
  EXPECT_EQ(on_fleet("gate").exit_code, 0);
}

TEST_F(FleetServer, KernelsTakeTurns) {
  ASSERT_EQ(submit({"--boots", "3"}).exit_code, 0);
  ASSERT_EQ(server_.jobs.size(), 6U);
  for (std::size_t i = 0; i < server_.jobs.size(); ++i) {
    EXPECT_THAT(server_.jobs[i].name, HasSubstr("boot " + std::to_string(i / 2 + 1)));
  }
}

TEST_F(FleetServer, APanicFailsTheGateAndALostJobIsSubmittedAgain) {
  ASSERT_EQ(submit().exit_code, 0);
  ASSERT_EQ(server_.jobs.size(), 2U);
  const auto number_of = [this](const char* kernel) {
    return std::find_if(
               server_.jobs.begin(), server_.jobs.end(),
               [kernel](const auto& job) { return job.name.find(kernel) != std::string::npos; })
        ->number;
  };
  server_.fail(number_of(" new "), "[    1.000000] Kernel panic - not syncing: no init\n",
               "Infrastructure", "Connection closed");
  server_.fail(number_of(" old "), "", "Infrastructure", "no tty");
  const Finished again = submit();
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("old boot 1: submitted as 3 again\n"));
  EXPECT_EQ(server_.jobs.size(), 3U);
  complete_all();
  const Finished collected = on_fleet("collect");
  EXPECT_EQ(collected.exit_code, 0) << collected.out << collected.err;
  EXPECT_THAT(collected.out, HasSubstr("new boot 1: no report: failed: Kernel panic"));
  const Finished gate = on_fleet("gate");
  EXPECT_EQ(gate.exit_code, 1);
  EXPECT_THAT(gate.out, HasSubstr("the kernel failed, boot 1: Kernel panic - not syncing"));
  EXPECT_TRUE(fs::exists(path("out/logs")));
}

TEST_F(FleetServer, AReportThatLostLinesIsNamedAndRunAgain) {
  ASSERT_EQ(submit().exit_code, 0);
  complete_all();
  std::string& log = server_.job(1).log;
  const std::size_t line = log.find("nsbench-frame 1 ");
  ASSERT_NE(line, std::string::npos);
  log.erase(log.rfind('\n', line), log.find('\n', line) - log.rfind('\n', line));
  const Finished collected = on_fleet("collect");
  EXPECT_EQ(collected.exit_code, 3);
  EXPECT_THAT(collected.out, HasSubstr("no report: damaged: "));
  EXPECT_EQ(on_fleet("gate").exit_code, 3);
  const Finished again = submit();
  EXPECT_THAT(again.out, HasSubstr("submitted as 3 again\n"));
  complete_all();
  EXPECT_EQ(on_fleet("collect").exit_code, 0);
  EXPECT_EQ(on_fleet("gate").exit_code, 0);
}

TEST_F(FleetServer, MoreBootsOfSomeKernels) {
  ASSERT_EQ(submit().exit_code, 0);
  fs::remove_all(path("kernels/new"));
  EXPECT_EQ(submit({"--boots", "2"}).exit_code, 2) << "new's job is there";
  const Finished more = submit({"--boots", "2", "--add"});
  EXPECT_EQ(more.exit_code, 0) << more.err;
  EXPECT_THAT(more.out, HasSubstr("3 jobs: 3 waiting\n"));
  EXPECT_EQ(server_.jobs.size(), 3U);
}

TEST_F(FleetServer, KilledAtAnyMomentItGoesOnAndSubmitsNothingTwice) {
  constexpr int kills = 25;
  constexpr int jobs = 2 * 20;  // kernels, boots
  std::mt19937 random(::testing::UnitTest::GetInstance()->random_seed());
  std::uniform_int_distribution<int> microseconds(1000, 150'000);
  int in_between = 0;
  for (int i = 0; i < kills; ++i) {
    const pid_t child = testing::start_program(submitting({"--boots", "20"}));
    ::usleep(static_cast<useconds_t>(microseconds(random)));
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    const std::lock_guard<std::mutex> lock(server_.mutex);
    in_between += !server_.jobs.empty() && server_.jobs.size() < jobs ? 1 : 0;
  }
  const Finished last = submit({"--boots", "20"});
  EXPECT_EQ(last.exit_code, 0) << last.err;
  EXPECT_THAT(last.out, HasSubstr("40 jobs: 40 waiting\n"));
  std::set<std::string> names;
  for (const fleet::testing::FakeJob& job : server_.jobs) names.insert(job.name);
  EXPECT_EQ(names.size(), jobs);
  EXPECT_EQ(server_.jobs.size(), jobs) << in_between << " were killed while they submitted";
  // And no other file, but for what a kill between link and rename may leave (file.h).
  int others = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path("out"))) {
    const std::string name = entry.path().filename();
    const bool ours = entry.is_directory() || name == "fleet.json" || name == "kernel" ||
                      name == "initramfs" || name.ends_with(".yaml");
    others += ours ? 0 : 1;
  }
  EXPECT_LE(others, 1);
}

TEST_F(FleetServer, TwoAtOnceDoNotGetInEachOthersWay) {
  ASSERT_EQ(jobs(usual({"--base", "old"})).exit_code, 0);
  const fleet::Directory directory{fs::path(path("out"))};
  const Result<Fd> lock = directory.lock();
  ASSERT_TRUE(lock) << lock.error().str();
  const Finished second = submit();
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_THAT(second.err, HasSubstr("another nsbench fleet is at work in '"));
  EXPECT_TRUE(server_.jobs.empty());
}

TEST_F(FleetServer, WaitsUntilItsDeadline) {
  const Finished run = submit({"--wait", "0.02", "--poll", "0.2"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.err, HasSubstr("not all has ended after 0.02 minutes"));
}

TEST_F(FleetServer, ReportsFromFilesNeedNoServer) {
  ASSERT_EQ(jobs(usual({"--base", "old"})).exit_code, 0);
  fs::create_directories(path("came"));
  EXPECT_EQ(on_fleet("collect", {"--reports", path("came")}).exit_code, 3);
  Report report = healthy_report();
  report.series.clear();
  const Finished listed = jobs(usual({"--base", "old"}));
  std::size_t at = 0;
  for (const char* release : {"6.2.0-new", "6.1.0-old"}) {
    report.kernel.release = release;
    const std::string id = listed.out.substr(at, listed.out.find(' ', at) - at);
    at = listed.out.find('\n', at) + 1;
    saved("came/" + id + ".json", to_json(report));
    const int whole = on_fleet("collect", {"--reports", path("came")}).exit_code;
    EXPECT_EQ(whole, release == std::string("6.1.0-old") ? 0 : 3);
  }
  EXPECT_EQ(on_fleet("gate").exit_code, 0);
}

TEST_F(FleetServer, WhatIsWrongIsNamed) {
  const auto refused = [](const Finished& run) {
    EXPECT_EQ(run.exit_code, 2) << run.out;
    EXPECT_THAT(run.err, Not(HasSubstr(token)));
    return run.err;
  };
  token_file_ = saved("token", "wrong\n");
  EXPECT_THAT(refused(submit()), HasSubstr("403 (Invalid token.)"));
  EXPECT_TRUE(server_.jobs.empty());
  token_file_ = saved("token", "two words\n");
  EXPECT_THAT(refused(submit()), HasSubstr("token: what is in it is no token"));
  token_file_ = path("none");
  EXPECT_THAT(refused(submit()), HasSubstr("none"));
  token_file_ = saved("token", token);
  ASSERT_EQ(submit().exit_code, 0);
  EXPECT_THAT(refused(on_fleet("status", {"--server", "lab"})), HasSubstr("\"lab\" is no server"));
  EXPECT_THAT(refused(fleet("status", {"--fleet", path("nowhere")})), HasSubstr("nowhere"));
  EXPECT_THAT(refused(fleet("gate", {"--fleet", path("kernels")})),
              HasSubstr("there is no fleet in"));
  EXPECT_THAT(refused(on_fleet("gate", {"--base", "none"})), HasSubstr("no kernel none"));
  const std::string plan = content("out/fleet.json");
  saved("out/fleet.json", plan.substr(0, plan.size() / 2));
  EXPECT_THAT(refused(on_fleet("gate")), HasSubstr("fleet.json: line "));
  // It is not overwritten by who can't read it: it may be somebody's.
  EXPECT_THAT(refused(submit()), HasSubstr("fleet.json: line "));
  EXPECT_EQ(content("out/fleet.json"), plan.substr(0, plan.size() / 2));
}

}  // namespace
}  // namespace nsbench
