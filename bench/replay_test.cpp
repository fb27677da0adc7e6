#include "bench/replay.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>

namespace nsbench {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(GoogleFlags, ArePassedOnIfTheyMakeSense) {
  EXPECT_TRUE(check_google_flags({}));
  EXPECT_TRUE(check_google_flags({"--benchmark_format=json", "--benchmark_color=false"}));
  EXPECT_FALSE(check_google_flags({"--benchmark_format=nonsense"}));
  EXPECT_FALSE(check_google_flags({"--benchmark_nonsense=1"}));
  const Status refused = check_google_flags({"--benchmark_repetitions=3"});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().step, HasSubstr("--time"));
  EXPECT_FALSE(check_google_flags({"--benchmark_out=/nonexistent/file"}));
}

TEST(GoogleFlags, OfAFileAskForNoDisplay) {
  EXPECT_FALSE(wants_display({}));
  EXPECT_FALSE(wants_display({"--benchmark_out=a", "--benchmark_out_format=csv"}));
  EXPECT_TRUE(wants_display({"--benchmark_out=a", "--benchmark_format=csv"}));
}

Series two_batches() {
  Series series;
  series.id = *CaseId::parse("create/uts:unshare:root");
  series.calls = 500;
  series.samples = std::vector<double>(500, 1600);
  series.batches = {{.p25 = 1500, .cpu = 1700, .calls = 200},
                    {.p25 = 1510, .cpu = 1710, .calls = 300}};
  return series;
}

// In a process of its own: Google Benchmark is set up once.
std::string replayed(const std::vector<Series>& series, const std::string& format) {
  const std::string path = testing::TempDir() + "/replay." + std::to_string(::getpid());
  const pid_t pid = ::fork();
  if (pid == 0) {
    const Status written =
        replay(series, {"--benchmark_out=" + path, "--benchmark_out_format=" + format});
    ::_exit(written ? 0 : 1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  std::remove(path.c_str());
  return text;
}

TEST(Replay, ShowsBatchesAsRepetitions) {
  const std::string csv = replayed({two_batches()}, "csv");
  EXPECT_THAT(csv, HasSubstr("\"create/uts:unshare:root\",200,1500,1700,ns"));
  EXPECT_THAT(csv, HasSubstr("\"create/uts:unshare:root\",300,1510,1710,ns"));
  EXPECT_THAT(csv, HasSubstr("\"create/uts:unshare:root_median\",2,1505,1705,ns"));
}

TEST(Replay, WritesJson) {
  const std::string json = replayed({two_batches()}, "json");
  EXPECT_THAT(json, HasSubstr("\"name\": \"create/uts:unshare:root\""));
  EXPECT_THAT(json, HasSubstr("\"p50\": 1.6000000000000000e+03"));
}

TEST(Replay, TellsWhatFailedAndLeavesOutWhatIsNoTime) {
  Series failed = two_batches();
  failed.failures = 1;
  failed.error = "unshare(CLONE_NEWUTS): ENOSPC";
  Series bytes = two_batches();
  bytes.id = *CaseId::parse("memory/uts:unshare:root");
  bytes.unit = "bytes";
  const std::string csv = replayed({failed, bytes}, "csv");
  EXPECT_THAT(csv, HasSubstr("unshare(CLONE_NEWUTS): ENOSPC"));
  EXPECT_THAT(csv, Not(HasSubstr("memory/")));
}

}  // namespace
}  // namespace nsbench
