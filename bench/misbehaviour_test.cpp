// What a benchmark's processes can do to the others of a session: nothing. Workloads made for the
// test, measured beside a good one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/batch_server.h"
#include "bench/operation.h"
#include "bench/protocol.h"
#include "bench/session.h"
#include "probes/sandbox/child.h"

namespace nsbench {
namespace {

using bench::Operation;
using bench::Timing;
using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::HasSubstr;

std::atomic<int>* forks = nullptr;  // shared with every process of the test
constexpr int most_forks = 2'000;   // a belt: no storm goes on for ever

void storm() {
  while (forks->fetch_add(1) < most_forks) {
    Result<Child> child = Child::fork([] {
      storm();
      return 0;
    });
    if (!child) return;
    child->disown();
  }
  for (;;) ::pause();
}

void send_to_all(std::string_view message) {
  for (int fd = 3; fd < 64; ++fd) {
    static_cast<void>(::send(fd, message.data(), message.size(), MSG_NOSIGNAL));
  }
}

void nothing() {}
void spin() {
  volatile bool on = true;
  while (on) {
  }
}
void leave() { ::_exit(9); }
void crash() { __builtin_trap(); }
void stop() { ::raise(SIGSTOP); }
// As the worker would, and with no end: the arena's port puts an M before each message.
void warn_without_end() {
  for (int i = 0;; ++i) send_to_all("M" + encode(bench::Note{std::to_string(i), "again"}));
}
void begin_without_end() {
  for (;;) send_to_all("M" + encode(bench::BatchBegins{}));
}
void talk_rubbish() {
  for (;;) send_to_all("M\xff\xfe rubbish");
}

// What is done once in the worker, and what in the process of a batch.
struct Fault {
  const char* name;
  void (*in_worker)();
  void (*in_batch)();
  const char* error;
};

const std::array faults{
    Fault{"good", nothing, nothing, ""},
    Fault{"spins", nothing, spin, "a batch's process hangs"},
    Fault{"stops", nothing, stop, "a batch's process hangs"},
    Fault{"crashes", nothing, crash, "killed by SIG"},
    Fault{"storms", nothing, storm, "a storm of forks: "},
    Fault{"worker_spins", spin, nothing, "the benchmarks' worker fell silent"},
    Fault{"worker_leaves", leave, nothing, "exited with 9 while this benchmark ran"},
    Fault{"worker_warns", warn_without_end, nothing, "the worker has too much to say"},
    Fault{"worker_begins", begin_without_end, nothing, "began a batch within another"},
    Fault{"worker_babbles", talk_rubbish, nothing, "while this benchmark ran"},
    Fault{"good_too", nothing, nothing, ""},
};

class Misbehaving final : public Operation {
 public:
  explicit Misbehaving(const Fault& fault) : fault_(fault) {}
  Status arrange() override {
    fault_.in_worker();
    return {};
  }
  Timing time_one() override {
    fault_.in_batch();
    ::usleep(100);
    return 100'000.0;
  }

 private:
  const Fault& fault_;
};

std::unique_ptr<Operation> make(const BenchCase& bench_case, const bench::Stopwatch&) {
  const auto* const fault = std::find_if(faults.begin(), faults.end(), [&](const Fault& one) {
    return bench_case.workload->name == one.name;
  });
  return std::make_unique<Misbehaving>(*fault);
}

class MisbehavingBenchmark : public ::testing::Test {
 protected:
  void SetUp() override {
    support_ = Support::look();
    const Privilege privilege = support_.sys_admin ? Privilege::Root : Privilege::Userns;
    for (const Fault& fault : faults) {
      workloads_.push_back({.family = "test",
                            .name = fault.name,
                            .ways = ways_,
                            .make = make,
                            .sentence = "the test's own",
                            .leaves_dropped = false});
    }
    for (const Workload& workload : workloads_) {
      cases_.push_back({&workload, ways_.front(), privilege});
    }
    void* const memory =
        ::mmap(nullptr, sizeof *forks, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    forks = new (memory) std::atomic<int>(0);
  }
  void TearDown() override {
    if (forks != nullptr) ::munmap(forks, sizeof *forks);
    forks = nullptr;
  }

  std::array<Way, 1> ways_{Way{Method::Unshare, ""}};
  Support support_;
  std::vector<Workload> workloads_;
  std::vector<BenchCase> cases_;
};

TEST_F(MisbehavingBenchmark, CostsItsOwnSeriesAlone) {
  SessionOptions options;
  options.seconds_per_case = 0.5;
  options.patience = 20s;  // longer than a worker's own
  options.most_processes = 400;
  std::vector<Warning> warnings;
  const std::vector<Series> all = run_session(cases_, options, support_, warnings);
  if (all.front().skip) GTEST_SKIP() << all.front().error;
  ASSERT_EQ(all.size(), faults.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    SCOPED_TRACE(faults.at(i).name);
    const bool good = *faults.at(i).error == '\0';
    EXPECT_EQ(all[i].is_result(), good) << all[i].error;
    // On a busy machine the worker may be late to say so itself.
    EXPECT_THAT(all[i].error, AnyOf(HasSubstr(faults.at(i).error),
                                    HasSubstr("fell silent while this benchmark ran")));
    EXPECT_EQ(all[i].failures > 0, !good);
    EXPECT_GE(all[i].batches.size(), good ? 4U : 0U);
  }
}

TEST_F(MisbehavingBenchmark, IsReplacedBetweenSingleBatches) {
  bench::BatchServer server(support_, 1, cases_);
  server.patience = 20s;
  server.most_processes = 400;
  const auto run = [&](const BenchCase& one) {
    Result<Series> series = server.run(one, 0.01, [](int fd, Deadline deadline) {
      pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
      static_cast<void>(::poll(&ready, 1, deadline.poll_ms()));
      return true;
    });
    return series ? std::move(*series) : Series{};
  };
  if (const Series first = run(cases_.front()); first.skip) GTEST_SKIP() << first.error;
  for (std::size_t i = 0; i < cases_.size(); ++i) {
    SCOPED_TRACE(faults.at(i).name);
    // It serves no BatchBegins, so that one is said to be out of place.
    const Series series = run(cases_[i]);
    EXPECT_EQ(series.is_result(), *faults.at(i).error == '\0') << series.error;
    EXPECT_NE(series.error.empty(), !series.is_result());
    EXPECT_TRUE(run(cases_.front()).is_result()) << "the next has a worker";
  }
}

}  // namespace
}  // namespace nsbench
