// The controller against workers that play a part, and the hold it has over commands.
#include "suites/lockstep/lockstep.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "bench/recording.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/fd.h"
#include "reports/json.h"
#include "suites/lockstep/protocol.h"

namespace nsbench {
namespace {

using lockstep::BatchResult;
using lockstep::Connection;
using lockstep::Hello;
using lockstep::LineReader;
using lockstep::RunBatch;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr milliseconds long_enough{10'000};

// What the workers of one test share: how many batches they were asked for, all together.
struct Shared {
  int batches = 0;
  int hellos = 0;
};

// How a worker plays its part.
struct Part {
  std::function<std::string()> greeting = [] {
    return encode(Hello{.nsbench = "0.1.0", .workload = 1, .kernel = "6.18", .clock = "wall"});
  };
  // The answer to the run that is the `place`-th batch of all, from 1; empty: it dies there.
  std::function<std::string(const RunBatch&, int place)> answer;
};

// A batch whose p25 is its place among all batches of all workers, so that it tells the order.
BatchResult measured(const RunBatch& run, int place) {
  BatchResult result{.batch = run.batch, .case_id = run.case_id};
  result.n = 10;
  result.p25 = place;
  result.min = 1;
  result.max = 1e6;
  result.mean = 100;
  result.seconds = run.seconds;
  result.samples = {1, 2, 3};
  return result;
}

Part good_part() {
  Part part;
  part.answer = [](const RunBatch& run, int place) { return encode(measured(run, place)); };
  return part;
}

int play(const Part& part, int fd, Shared& shared) {
  close_all_but(fd);
  const auto say = [fd](const std::string& text) {
    return ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  };
  ++shared.hellos;
  if (!say(part.greeting())) return 1;
  LineReader lines;
  std::string line;
  std::array<char, 4096> block{};
  for (;;) {
    while (lines.next(line) == LineReader::Got::Line) {
      const Result<lockstep::Message> message = lockstep::decode(line);
      if (!message) return 2;
      if (std::holds_alternative<lockstep::Bye>(*message))
        return say(encode(lockstep::Bye{})) ? 0 : 1;
      const std::string answer = part.answer(std::get<RunBatch>(*message), ++shared.batches);
      if (answer.empty() || !say(answer)) return 3;
    }
    const ssize_t got = ::read(fd, block.data(), block.size());
    if (got <= 0) return 0;
    lines.feed({block.data(), static_cast<std::size_t>(got)});
  }
}

class PlayedConnection final : public Connection {
 public:
  PlayedConnection(Fd end, Child child) : end_(std::move(end)), child_(std::move(child)) {}
  [[nodiscard]] int from_worker() const override { return end_.get(); }
  [[nodiscard]] int to_worker() const override { return end_.get(); }
  std::string fate() override { return child_.wait(Deadline::in(long_enough))->str(); }

 private:
  Fd end_;
  Child child_;
};

class Lockstep : public ::testing::Test {
 protected:
  Lockstep() : shared_(std::move(*bench::SharedMemory<Shared>::make())) {
    options_.hello_patience = long_enough;
    options_.batch_patience = long_enough;
    options_.end_patience = milliseconds(2000);
  }

  SidePeer side(const std::string& name, Part part) {
    return {name, [this, part = std::move(part)]() -> Result<std::unique_ptr<Connection>> {
              std::array<int, 2> ends{};
              if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
                return Error::last("socketpair");
              }
              Fd own(ends[0]);
              const Fd other(ends[1]);
              Result<Child> child = Child::fork([&] { return play(part, other.get(), *shared_); });
              if (!child) return child.error();
              return std::unique_ptr<Connection>(
                  std::make_unique<PlayedConnection>(std::move(own), std::move(*child)));
            }};
  }

  // `turns` of each case, of batches that are over at once.
  Result<std::vector<Report>> measure(const std::vector<SidePeer>& sides, std::size_t turns,
                                      std::size_t cases = 1) {
    options_.batch_seconds = 0.001;
    options_.seconds_per_side = 0.002 * static_cast<double>(turns);
    std::vector<CaseId> ids;
    for (std::size_t i = 0; i < cases; ++i) {
      ids.push_back(*CaseId::parse(fmt::format("create/case{}:clone:root", i)));
    }
    return run_lockstep(sides, ids, options_);
  }

  std::vector<Report> reports_of(const std::vector<SidePeer>& sides, std::size_t turns,
                                 std::size_t cases = 1) {
    Result<std::vector<Report>> reports = measure(sides, turns, cases);
    EXPECT_TRUE(reports) << reports.error().str();
    return reports ? std::move(*reports) : std::vector<Report>(sides.size());
  }

  std::string error_of(const std::vector<SidePeer>& sides) {
    const Result<std::vector<Report>> reports = measure(sides, 2);
    EXPECT_FALSE(reports);
    return reports ? "" : reports.error().str();
  }

  bench::SharedMemory<Shared> shared_;
  LockstepOptions options_;
};

std::vector<double> places(const Series& series) {
  std::vector<double> all;
  for (const Batch& batch : series.batches) all.push_back(batch.p25);
  return all;
}

std::vector<std::int64_t> pairs(const Series& series) {
  std::vector<std::int64_t> all;
  for (const Batch& batch : series.batches) all.push_back(batch.pair);
  return all;
}

std::vector<std::int64_t> starts(const Series& series) {
  std::vector<std::int64_t> all;
  for (const Batch& batch : series.batches) all.push_back(batch.start);
  return all;
}

TEST(TurnOrder, EverySideComesTwiceInMirroredOrderAndNoneIsAlwaysFirst) {
  EXPECT_THAT(lockstep::turn_order(2, 0), ElementsAre(0, 1, 1, 0));
  EXPECT_THAT(lockstep::turn_order(2, 1), ElementsAre(1, 0, 0, 1));
  EXPECT_THAT(lockstep::turn_order(2, 2), ElementsAre(0, 1, 1, 0));
  EXPECT_THAT(lockstep::turn_order(3, 0), ElementsAre(0, 1, 2, 2, 1, 0));
  EXPECT_THAT(lockstep::turn_order(3, 1), ElementsAre(1, 2, 0, 0, 2, 1));
  EXPECT_THAT(lockstep::turn_order(3, 2), ElementsAre(2, 0, 1, 1, 0, 2));
}

TEST_F(Lockstep, BatchesAreTakenInTurnAndPairedWithTheirNeighbours) {
  options_.starts = 1;
  const std::vector<Report> reports =
      reports_of({side("base", good_part()), side("new", good_part())}, 3);
  const Series& base = reports[0].series.front();
  const Series& now = reports[1].series.front();
  // 1 and 2 warm up; then A B B A, B A A B, A B B A.
  EXPECT_THAT(places(base), ElementsAre(3, 6, 8, 9, 11, 14));
  EXPECT_THAT(places(now), ElementsAre(4, 5, 7, 10, 12, 13));
  EXPECT_THAT(pairs(base), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(pairs(now), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_EQ(base.warmup_batches, 1U);
  EXPECT_EQ(now.warmup_batches, 1U);
  EXPECT_EQ(base.calls, 60U);
  EXPECT_THAT(base.samples, SizeIs(18));
  EXPECT_EQ(base.mean, 100);
  EXPECT_TRUE(std::is_sorted(base.batches.begin(), base.batches.end(),
                             [](const Batch& a, const Batch& b) { return a.t < b.t; }));
}

TEST_F(Lockstep, EachStartHasItsShareAndItsOwnWarmUp) {
  options_.starts = 3;
  const std::vector<Report> reports =
      reports_of({side("base", good_part()), side("new", good_part())}, 4);
  EXPECT_EQ(shared_->hellos, 6);
  for (const Report& report : reports) {
    EXPECT_THAT(starts(report.series.front()), ElementsAre(0, 0, 1, 1, 2, 2, 2, 2));
    EXPECT_THAT(pairs(report.series.front()), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
    EXPECT_EQ(report.series.front().warmup_batches, 3U);
  }
}

TEST_F(Lockstep, ThereAreNoMoreStartsThanTurns) {
  options_.starts = 50;
  reports_of({side("base", good_part()), side("new", good_part())}, 2);
  EXPECT_EQ(shared_->hellos, 4);
}

TEST_F(Lockstep, CasesAreInterleavedInAnOrderOfTheSeed) {
  options_.starts = 1;
  const auto order = [this] {
    shared_->batches = 0;
    const std::vector<Report> reports =
        reports_of({side("base", good_part()), side("new", good_part())}, 8, 4);
    std::vector<std::vector<double>> all;
    for (const Series& series : reports[0].series) all.push_back(places(series));
    return all;
  };
  const std::vector<std::vector<double>> first = order();
  for (const std::vector<double>& places : first) {
    ASSERT_THAT(places, SizeIs(16));
    for (std::size_t turn = 0; turn < 8; ++turn) {
      // 8 batches warm up; a round of four turns has 16.
      EXPECT_GT(places[2 * turn], 8 + 16 * turn);
      EXPECT_LE(places[2 * turn + 1], 8 + 16 * (turn + 1));
    }
  }
  EXPECT_EQ(order(), first);
  options_.seed = 2;
  EXPECT_NE(order(), first);
}

TEST_F(Lockstep, ANullSideIsOneMoreReport) {
  const std::vector<Report> reports = reports_of(
      {side("base", good_part()), side("new", good_part()), side("null", good_part())}, 6);
  ASSERT_THAT(reports, SizeIs(3));
  EXPECT_EQ(reports[2].run.side, "null");
  for (const Report& report : reports) {
    EXPECT_THAT(pairs(report.series.front()), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
    EXPECT_EQ(report.run.lockstep, reports[0].run.lockstep);
  }
}

TEST_F(Lockstep, ReportsSayWhoAnsweredAndReadBackAsTheyAre) {
  Part part = good_part();
  part.greeting = [greeting = part.greeting] {
    return greeting() + encode(lockstep::About{"cpus", "7"}) +
           encode(lockstep::About{"boot_id", "b"}) +
           encode(lockstep::Note{"one-cpu", "they \x1b[2J share"});
  };
  options_.command = "nsbench compare --run";
  const std::vector<Report> reports = reports_of({side("base", part), side("new", good_part())}, 2);
  EXPECT_EQ(reports[0].run.side, "base");
  EXPECT_EQ(reports[0].run.version, "0.1.0");
  EXPECT_EQ(reports[0].kernel.release, "6.18");
  EXPECT_EQ(reports[0].kernel.boot_id, "b");
  EXPECT_EQ(reports[0].environment.cpus, 7);
  ASSERT_THAT(reports[0].warnings, SizeIs(1));
  EXPECT_EQ(reports[0].warnings[0].code, "one-cpu");
  EXPECT_EQ(reports[0].warnings[0].text.find('\x1b'), std::string::npos);
  EXPECT_THAT(reports[1].warnings, IsEmpty());
  EXPECT_FALSE(reports[0].run.interrupted);
  EXPECT_THAT(reports[0].run.lockstep, SizeIs(12));
  const Result<Report> read = from_json(to_json(reports[0]));
  ASSERT_TRUE(read) << read.error().str();
  EXPECT_EQ(pairs(read->series.front()), pairs(reports[0].series.front()));
  EXPECT_EQ(starts(read->series.front()), starts(reports[0].series.front()));
}

TEST_F(Lockstep, AllBatchesOfATurnAreAsLong) {
  Part part;
  part.answer = [](const RunBatch& run, int place) {
    BatchResult result = measured(run, place);
    result.mean = run.seconds;
    // As if the other half of the warm-up's time were a teardown.
    if (run.warmup) result.seconds = run.seconds / 2;
    return encode(result);
  };
  options_.starts = 1;
  const std::vector<Report> reports = reports_of({side("base", part), side("new", good_part())}, 3);
  EXPECT_GE(reports[0].series.front().mean, 0.001 / 4);
  EXPECT_LE(reports[0].series.front().mean, 0.001);
}

// The workers make their arenas then.
TEST_F(Lockstep, ASlowWarmUpDoesNotShortenTheBatches) {
  Part part;
  part.answer = [](const RunBatch& run, int place) {
    BatchResult result = measured(run, place);
    result.mean = run.seconds;
    result.drain = 0;
    result.seconds = run.warmup ? 1e-6 : run.seconds;
    if (run.warmup) std::this_thread::sleep_for(milliseconds(120));
    return encode(result);
  };
  options_.starts = 1;
  options_.batch_seconds = 0.1;
  options_.seconds_per_side = 0.4;
  const Result<std::vector<Report>> reports =
      run_lockstep(std::vector{side("base", part), side("new", part)},
                   std::vector{*CaseId::parse("create/case0:clone:root")}, options_);
  ASSERT_TRUE(reports) << reports.error().str();
  EXPECT_NEAR(reports->front().series.front().mean, 0.1, 1e-6);
}

TEST_F(Lockstep, ACaseThatCanNotRunOnOneSideRunsNoFurtherOnAny) {
  Part part;
  part.answer = [](const RunBatch& run, int place) {
    BatchResult result = measured(run, place);
    if (run.case_id == "create/case0:clone:root") {
      result.outcome = BatchResult::Outcome::Skipped;
      result.skip = "limit";
      result.error = "unshare(CLONE_NEWNET): ENOSPC";
    }
    return encode(result);
  };
  const std::vector<Report> reports =
      reports_of({side("base", good_part()), side("new", part)}, 2, 2);
  EXPECT_EQ(reports[1].series[0].skip, SkipReason::Limit);
  EXPECT_EQ(reports[1].series[0].error, "unshare(CLONE_NEWNET): ENOSPC");
  EXPECT_THAT(reports[0].series[0].batches, IsEmpty());
  EXPECT_THAT(reports[0].series[0].error, HasSubstr("side new"));
  EXPECT_THAT(reports[0].series[1].batches, SizeIs(4));
  EXPECT_THAT(reports[1].series[1].batches, SizeIs(4));
  EXPECT_FALSE(reports[0].run.interrupted);
}

TEST_F(Lockstep, AFailureInTheMiddleKeepsWholePairsAndIsNoResult) {
  Part part;
  part.answer = [](const RunBatch& run, int place) {
    BatchResult result = measured(run, place);
    if (place > 6) {
      result.outcome = BatchResult::Outcome::Failed;
      result.error = "unshare(CLONE_NEWNET): ENOSPC";
    }
    return encode(result);
  };
  options_.starts = 1;
  const std::vector<Report> reports = reports_of({side("base", good_part()), side("new", part)}, 9);
  EXPECT_THAT(pairs(reports[0].series[0]), ElementsAre(0, 1));
  EXPECT_THAT(pairs(reports[1].series[0]), ElementsAre(0, 1));
  EXPECT_FALSE(reports[1].series[0].is_result());
  EXPECT_TRUE(reports[0].series[0].is_result());
}

TEST_F(Lockstep, AWorkerThatDiesCostsItsCaseAlone) {
  Part part;
  part.answer = [](const RunBatch& run, int place) {
    if (place > 20 && run.case_id == "create/case0:clone:root") std::abort();
    return encode(measured(run, place));
  };
  options_.starts = 2;
  const std::vector<Report> reports =
      reports_of({side("base", good_part()), side("new", part)}, 9, 2);
  const Series& died = reports[1].series[0];
  EXPECT_EQ(pairs(died), pairs(reports[0].series[0]));
  EXPECT_FALSE(died.batches.empty());
  EXPECT_FALSE(died.is_result());
  EXPECT_THAT(died.error, HasSubstr("killed by SIGABRT, in batch 2"));
  // It may have taken its turn in that round before, and not after.
  EXPECT_THAT(reports[1].series[1].batches, SizeIs(::testing::AnyOf(16, 18)));
  EXPECT_EQ(starts(reports[1].series[1]).back(), 2);
  EXPECT_TRUE(reports[1].series[1].is_result());
  EXPECT_EQ(shared_->hellos, 6);
  ASSERT_THAT(reports[1].warnings, SizeIs(1));
  EXPECT_EQ(reports[1].warnings[0].code, "worker-died");
  EXPECT_THAT(reports[1].warnings[0].text, HasSubstr("side new"));
  EXPECT_THAT(reports[1].warnings[0].text, HasSubstr(died.id.str()));
  EXPECT_FALSE(reports[0].run.interrupted);
}

TEST_F(Lockstep, WhereEveryCaseEndsItsWorkerThereIsAnEnd) {
  Part part;
  part.answer = [](const RunBatch&, int) { return std::string(); };
  const std::vector<Report> reports =
      reports_of({side("base", part), side("new", good_part())}, 2, 2);
  EXPECT_THAT(reports[0].series[0].error, HasSubstr("the worker exited with 3, in batch 1"));
  EXPECT_THAT(reports[0].series[1].error, HasSubstr("the worker exited with 3, in batch 2"));
  EXPECT_THAT(reports[1].series[1].error, HasSubstr("not measured further: side base: "));
  EXPECT_EQ(shared_->hellos, 4);
}

TEST_F(Lockstep, AWorkerThatCanNotBeStartedAgainEndsTheMeasurement) {
  Part part;
  part.greeting = [this, greeting = part.greeting] {
    return shared_->hellos > 2 ? std::string("hello protocol=9 nsbench=7.0\n") : greeting();
  };
  part.answer = [](const RunBatch& run, int place) {
    return place < 8 ? encode(measured(run, place)) : std::string();
  };
  options_.starts = 1;
  const std::vector<Report> reports =
      reports_of({side("base", good_part()), side("new", part)}, 9, 2);
  EXPECT_TRUE(reports[0].run.interrupted);
  EXPECT_THAT(reports[0].warnings[0].text, HasSubstr("protocol 9"));
}

TEST_F(Lockstep, ABabblingWorkerIsBelievedNoFurther) {
  for (const std::string babble :
       {"Kernel panic - not syncing\n", "result batch=1\n",
        "hello protocol=1 workload=1 kernel=6 clock=wall\n", "run batch=1 case=a seconds=1\n"}) {
    shared_->batches = 0;
    Part part;
    part.answer = [&](const RunBatch& run, int place) {
      return place < 5 ? encode(measured(run, place)) : babble;
    };
    const std::vector<Report> reports = reports_of({side("base", part), side("new", part)}, 4);
    EXPECT_FALSE(reports[0].series[0].is_result() && reports[1].series[0].is_result()) << babble;
    EXPECT_THAT(reports[0].warnings, SizeIs(1)) << babble;
    EXPECT_THAT(pairs(reports[0].series[0]), ElementsAre(0)) << babble;
  }
}

TEST_F(Lockstep, AnAnswerToAnotherQuestionIsNone) {
  Part part;
  part.answer = [](RunBatch run, int place) {
    if (place > 4) ++run.batch;
    return encode(measured(run, place));
  };
  const std::vector<Report> reports = reports_of({side("base", part), side("new", part)}, 4);
  EXPECT_THAT(reports[0].warnings[0].text, HasSubstr("answered to batch"));
}

TEST_F(Lockstep, AnEndlessLineIsNotWaitedFor) {
  Part part;
  part.answer = [](const RunBatch&, int) { return std::string(3 * lockstep::max_line, 'x'); };
  const std::vector<Report> reports = reports_of({side("base", part), side("new", part)}, 1);
  EXPECT_THAT(reports[0].warnings[0].text, HasSubstr("babbles"));
}

TEST_F(Lockstep, ASilentWorkerHasADeadline) {
  Part part;
  part.answer = [](const RunBatch&, int) -> std::string {
    for (;;) ::pause();
  };
  options_.batch_patience = milliseconds(50);
  options_.end_patience = milliseconds(50);
  const std::vector<Report> reports = reports_of({side("base", good_part()), side("new", part)}, 1);
  EXPECT_THAT(reports[1].series[0].error, HasSubstr("fell silent"));
}

// From within an answer: the connection is the only descriptor that is left open.
void send_to_controller(const std::string& text) {
  constexpr int enough = 64;
  for (int fd = 3; fd < enough; ++fd) {
    static_cast<void>(::send(fd, text.data(), text.size(), MSG_NOSIGNAL));
  }
}

TEST_F(Lockstep, HalfALineIsNotWaitedFor) {
  Part part;
  part.answer = [](const RunBatch& run, int place) -> std::string {
    send_to_controller(encode(measured(run, place)).substr(0, 20));
    for (;;) ::pause();
  };
  options_.batch_patience = milliseconds(50);
  options_.end_patience = milliseconds(50);
  const std::vector<Report> reports = reports_of({side("base", good_part()), side("new", part)}, 1);
  EXPECT_THAT(reports[1].series[0].error, HasSubstr("fell silent"));
}

TEST_F(Lockstep, TalkThatNeverEndsHasTheDeadlineOfItsBatch) {
  Part part;
  part.answer = [](const RunBatch&, int) -> std::string {
    for (int i = 0;; ++i) {
      send_to_controller(encode(lockstep::Note{"n" + std::to_string(i), "and again"}));
    }
  };
  options_.batch_patience = milliseconds(50);
  options_.end_patience = milliseconds(50);
  const std::vector<Report> reports = reports_of({side("base", good_part()), side("new", part)}, 1);
  EXPECT_THAT(reports[1].series[0].error, HasSubstr("fell silent"));
  EXPECT_LT(reports[1].warnings.size(), 100U);
}

TEST_F(Lockstep, NoiseBeforeTheHelloIsPassedOver) {
  Part part = good_part();
  part.greeting = [greeting = part.greeting] {
    return "SeaBIOS\r\n\x1b[2J" + std::string(10'000, '#') + "\n[    0.0] Linux\r\nresult x\n" +
           "hello\n" + greeting();
  };
  const std::vector<Report> reports = reports_of({side("base", part), side("new", good_part())}, 1);
  EXPECT_THAT(reports[0].series[0].batches, SizeIs(2));
}

TEST_F(Lockstep, SidesThatCanNotBeMeasuredAreAnError) {
  Part other = good_part();
  other.greeting = [] { return std::string("hello protocol=9 nsbench=7.0\n"); };
  EXPECT_THAT(error_of({side("base", good_part()), side("new", other)}),
              HasSubstr("side new: the worker (nsbench 7.0) speaks protocol 9"));
  other.greeting = [] { return encode(Hello{.workload = 2, .kernel = "6.18", .clock = "wall"}); };
  EXPECT_THAT(error_of({side("base", good_part()), side("new", other)}), HasSubstr("workloads 2"));
  other.greeting = [] {
    return encode(Hello{.workload = 1, .kernel = "6.18", .clock = "instructions"});
  };
  EXPECT_THAT(error_of({side("base", good_part()), side("new", other)}), HasSubstr("instructions"));
  other.greeting = [] { return std::string("login: "); };
  options_.hello_patience = milliseconds(50);
  EXPECT_THAT(error_of({side("base", other), side("new", good_part())}),
              HasSubstr("did not say hello"));
}

TEST_F(Lockstep, TheMachineIsMadeASidesBeforeEachOfItsBatches) {
  std::string seen;
  SidePeer base = side("base", good_part());
  SidePeer now = side("new", good_part());
  base.before = [&seen]() -> Status { return seen += 'A', Status{}; };
  now.before = [&seen]() -> Status { return seen += 'B', Status{}; };
  options_.starts = 1;
  reports_of({base, now}, 2);
  EXPECT_EQ(seen, "ABABBABAABA");
  now.before = []() -> Status { return Error{"sysctl exited with 255"}; };
  const std::vector<Report> reports = reports_of({base, now}, 2);
  EXPECT_THAT(reports[1].series[0].error, HasSubstr("sysctl exited with 255, in batch"));
  EXPECT_TRUE(reports[0].run.interrupted);
}

TEST_F(Lockstep, AWishToStopKeepsWhatWasMeasured) {
  volatile std::sig_atomic_t stop = 0;
  options_.stop = &stop;
  options_.on_progress = [&stop](const LockstepProgress& progress) {
    if (progress.turns_done == 3) stop = SIGINT;
  };
  const std::vector<Report> reports =
      reports_of({side("base", good_part()), side("new", good_part())}, 9);
  EXPECT_TRUE(reports[0].run.interrupted);
  EXPECT_THAT(pairs(reports[0].series[0]), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(reports[0].warnings, IsEmpty());
  EXPECT_TRUE(reports[0].series[0].is_result());
}

// A command whose processes write their ids into a file.
class Command : public ::testing::Test {
 protected:
  Command()
      : directory_(std::filesystem::temp_directory_path() /
                   fmt::format("nsbench-lockstep-{}", ::getpid())) {
    std::filesystem::create_directory(directory_);
  }
  ~Command() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::string pids() const { return directory_ / "pids"; }

  // A worker with descendants that no process group and no session holds together.
  [[nodiscard]] std::vector<std::string> clinging(const std::string& then) const {
    return {
        "sh", "-c",
        "echo $$ >>\"$0\"; sleep 1000 & echo $! >>\"$0\"; setsid sh -c 'echo $$ >>\"$0\"; sleep "
        "1000 & echo "
        "$! >>\"$0\"; wait' \"$0\" & echo 'hello protocol=1 workload=1 kernel=6.18 clock=wall'; " +
            then,
        pids()};
  }
  // The ids in the file, once there are `count`.
  [[nodiscard]] std::vector<pid_t> written(std::size_t count) const {
    std::vector<pid_t> all;
    const Deadline deadline = Deadline::in(long_enough);
    while (all.size() < count && !deadline.passed()) {
      std::ifstream file(pids());
      all.clear();
      for (pid_t pid = 0; file >> pid;) all.push_back(pid);
      std::this_thread::sleep_for(milliseconds(5));
    }
    return all;
  }
  static bool all_gone(const std::vector<pid_t>& pids) {
    const Deadline deadline = Deadline::in(long_enough);
    while (!deadline.passed()) {
      if (std::all_of(pids.begin(), pids.end(), [](pid_t pid) { return ::kill(pid, 0) != 0; }))
        return true;
      std::this_thread::sleep_for(milliseconds(5));
    }
    return false;
  }

  std::filesystem::path directory_;
};

TEST_F(Command, EndsWithItsInputAndMayPutThingsBack) {
  const std::string file = directory_ / "restored";
  {
    auto connection = lockstep::connect_to_command(
        {"sh", "-c", "cat >/dev/null; echo done >\"$0\"", file}, long_enough);
    ASSERT_TRUE(connection);
  }
  EXPECT_TRUE(std::filesystem::exists(file));
}

TEST_F(Command, ItsFateIsTold) {
  auto connection = lockstep::connect_to_command({"sh", "-c", "exit 3"}, long_enough);
  ASSERT_TRUE(connection);
  EXPECT_EQ((*connection)->fate(), "exited with 3");
  connection = lockstep::connect_to_command({"sh", "-c", "kill -9 $$"}, long_enough);
  ASSERT_TRUE(connection);
  EXPECT_EQ((*connection)->fate(), "killed by SIGKILL");
}

TEST_F(Command, OneIsRunToItsEnd) {
  EXPECT_TRUE(lockstep::run_command({"true"}, Deadline::in(long_enough)));
  const Status failed = lockstep::run_command({"sh", "-c", "exit 3"}, Deadline::in(long_enough));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().str(), "sh exited with 3");
  const Status late = lockstep::run_command({"sleep", "1000"}, Deadline::in(milliseconds(20)));
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().str(), HasSubstr("too long"));
}

TEST_F(Command, NothingOfItIsLeft) {
  std::vector<pid_t> all;
  {
    auto connection = lockstep::connect_to_command(clinging("wait"), milliseconds(20));
    ASSERT_TRUE(connection);
    all = written(4);
    ASSERT_THAT(all, SizeIs(4));
  }
  EXPECT_TRUE(all_gone(all));
}

TEST_F(Command, NothingIsLeftOfOneThatEndsByItself) {
  auto connection = lockstep::connect_to_command(clinging("sleep 0.1"), long_enough);
  ASSERT_TRUE(connection);
  const std::vector<pid_t> all = written(4);
  EXPECT_EQ((*connection)->fate(), "exited with 0");
  EXPECT_TRUE(all_gone(all));
}

TEST_F(Command, NothingIsLeftWhenTheControllerIsKilled) {
  const std::array sides{SideSpec{"base", clinging("wait")}, SideSpec{"new", clinging("wait")}};
  const std::array cases{*CaseId::parse("create/uts:unshare:root")};
  // A process of its own, since it is to be killed.
  Result<Child> controller = Child::fork([&] {
    LockstepOptions options;
    options.end_patience = milliseconds(20);
    static_cast<void>(run_lockstep(sides, cases, options).ok());
    return 0;
  });
  ASSERT_TRUE(controller);
  const std::vector<pid_t> all = written(8);
  ASSERT_THAT(all, SizeIs(8));
  controller->kill();
  EXPECT_TRUE(all_gone(all));
}

TEST_F(Command, OneThatCanNotBeStartedIsAnErrorThatNamesTheSide) {
  const std::array sides{SideSpec{"base", {"sh", "-c", "exit 4"}},
                         SideSpec{"new", {"/no/such/program"}}};
  const std::array cases{*CaseId::parse("create/uts:unshare:root")};
  Result<std::vector<Report>> reports = run_lockstep(sides, cases, {});
  ASSERT_FALSE(reports);
  EXPECT_THAT(reports.error().str(), HasSubstr("side base: the worker exited with 4"));
  ::testing::internal::CaptureStderr();
  reports = run_lockstep(std::span(sides).subspan(1), cases, {});
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("exec(/no/such/program): ENOENT"));
  ASSERT_FALSE(reports);
  EXPECT_THAT(reports.error().str(), HasSubstr("side new: the worker exited with 127"));
}

}  // namespace
}  // namespace nsbench
