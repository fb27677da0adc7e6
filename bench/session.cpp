// Google Benchmark as the driver of a session. The harness' side is run_session(); the other side,
// drive(), runs in the arena.
#include "bench/session.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <optional>
#include <ostream>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bench/assembly.h"
#include "bench/conditions.h"
#include "bench/google_benchmark.h"
#include "bench/pace.h"
#include "bench/protocol.h"
#include "bench/stage.h"
#include "bench/worker.h"
#include "probes/sandbox/arena.h"
#include "probes/sandbox/elapsed.h"

namespace nsbench {
namespace {

using bench::BatchBegins;
using bench::BatchEnds;
using bench::BatchTimes;
using bench::Finished;
using bench::Note;
using bench::Pace;
using bench::SeriesBuilder;
using bench::WorkerMessage;
using Clock = std::chrono::steady_clock;

// A worker is silent for one batch at the longest, and gives up on a hanging one sooner.
constexpr std::chrono::seconds worker_patience{30};
// How soon a wish to stop is heard.
constexpr std::chrono::milliseconds between_events{100};

// One iteration is one batch, and the time it reports the batch's p25.
void iterate(benchmark::State& state, bench::Worker& worker, std::size_t index, double seconds) {
  for ([[maybe_unused]] auto _ : state) {
    const bench::BatchSummary batch = worker.run_batch(index, seconds);
    if (!batch.failure.empty()) {
      state.SkipWithError(batch.failure.c_str());
      break;
    }
    state.SetIterationTime(batch.p25_ns * 1e-9);
  }
}

// All rounds of a session, in the arena. Google Benchmark's own random interleaving takes no seed
// (it asks std::random_device), so each round is registered anew, in an order of ours.
class Rounds {
 public:
  Rounds(std::span<const BenchCase> cases, const Pace& pace, std::uint64_t seed,
         bench::Worker::Send send)
      : cases_(cases),
        pace_(pace),
        random_(seed),
        send_(send),
        worker_(cases, std::move(send)),
        batches_done_(cases.size()),
        seconds_spent_(cases.size()) {}

  Status run() {
    if (Status ready = worker_.set_up(); !ready) return ready;
    for (std::size_t round = 0; round < pace_.rounds(); ++round) run_round(round);
    benchmark::ClearRegisteredBenchmarks();
    return {};
  }

 private:
  void run_round(std::size_t round) {
    std::vector<std::size_t> order = bench::shuffled(cases_.size(), random_);
    std::erase_if(order, [this, round](std::size_t index) {
      return !goes_on(index) || !pace_.takes_part(index, round);
    });
    if (order.empty()) return;
    look_ahead();
    benchmark::ClearRegisteredBenchmarks();
    for (const std::size_t index : order) {
      benchmark::RegisterBenchmark(
          cases_[index].id().str().c_str(),
          [this, index](benchmark::State& state) { run_batch(state, index); })
          ->UseManualTime()
          ->Iterations(1);
    }
    benchmark::RunSpecifiedBenchmarks(&reporter_, ".");
  }

  [[nodiscard]] bool goes_on(std::size_t index) const {
    return !worker_.has_failed(index) &&
           !pace_.is_overdrawn(index, batches_done_[index], seconds_spent_[index]);
  }

  // What is to come, of the cases that go on.
  void look_ahead() {
    batches_left_ = 0;
    overhead_left_ = 0;
    planned_left_ = 0;
    for (std::size_t index = 0; index < cases_.size(); ++index) {
      if (!goes_on(index)) continue;
      const std::size_t left = pace_.batches(index) - batches_done_[index];
      batches_left_ += left;
      overhead_left_ += worker_.overhead(index) * static_cast<double>(left);
      planned_left_ += pace_.planned(index) * static_cast<double>(left);
    }
  }

  void run_batch(benchmark::State& state, std::size_t index) {
    send_(BatchBegins{.case_index = static_cast<std::uint32_t>(index),
                      .batches_left = static_cast<std::uint32_t>(batches_left_)});
    const bool warming_up = batches_done_[index] < pace_.warmup_batches(index);
    const double seconds =
        warming_up ? pace_.least_for_calls(index)
                   : pace_.for_calls(index, seconds_since(start_), overhead_left_, planned_left_);
    overhead_left_ -= worker_.overhead(index);
    planned_left_ -= pace_.planned(index);
    const Clock::time_point began = Clock::now();
    iterate(state, worker_, index, seconds);
    seconds_spent_[index] += seconds_since(began);
    --batches_left_;
    ++batches_done_[index];
  }

  std::span<const BenchCase> cases_;
  Pace pace_;
  std::mt19937_64 random_;
  bench::Worker::Send send_;
  bench::Worker worker_;
  std::vector<std::size_t> batches_done_;  // by case
  std::vector<double> seconds_spent_;
  bench::SilentReporter reporter_;
  // Of the batches to come:
  std::size_t batches_left_ = 0;
  double overhead_left_ = 0;  // seconds, by each case's last batch
  double planned_left_ = 0;   // seconds
  Clock::time_point start_ = Clock::now();
};

void drive(StagePort& port, std::span<const BenchCase> cases, const Pace& pace,
           const SessionOptions& options) {
  const auto send = [&port](const WorkerMessage& message) {
    // Without a harness there is nothing left to do.
    if (!port.send(encode(message))) ::_exit(1);
  };
  bench::initialise_google_benchmark(options.benchmark_flags);
  Rounds rounds(cases, pace, options.seed, send);
  if (Status ran = rounds.run(); !ran) {
    port.fail(ran.error());
    return;
  }
  send(Finished{});
}

// The harness' side of one session.
class Session {
 public:
  Session(std::span<const BenchCase> cases, const SessionOptions& options, const Support& support,
          std::vector<Warning>& warnings, const OnSessionEvent& on_event)
      : cases_(cases),
        options_(options),
        support_(support),
        warnings_(warnings),
        on_event_(on_event) {
    std::mt19937_64 seeds(options.seed);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      const Pace pace(1, seconds_of(i));
      builders_.emplace_back(cases[i], pace.warmup_batches(0), seeds());
    }
  }

  std::vector<Series> run() {
    const std::vector<Lot> lots = make_lots();
    for (const Lot& lot : lots) {
      const Pace pace = lot.pace();
      runnable_ += lot.cases.size();
      batches_total_ += pace.total_batches();
      event_.seconds_expected += pace.total_seconds();
    }
    const bool any = !lots.empty();
    if (any) watch_.emplace();
    for (const Lot& lot : lots) run_lot(lot);
    event_.running = nullptr;
    tell();
    std::vector<Series> series;
    for (SeriesBuilder& builder : builders_) series.push_back(builder.take());
    if (any) add_warnings(series);
    return series;
  }

 private:
  void add_warnings(const std::vector<Series>& series) {
    std::vector<Warning> found;
    if (auto warning = bench::about_frequency(bench::Frequency::look())) found.push_back(*warning);
    watch_->finish(found);
    if (auto warning = bench::about_samples(series)) found.push_back(*warning);
    for (const Warning& warning : found) warn_once(warning);
  }

  void warn_once(const Warning& warning) {
    const auto same = [&warning](const Warning& known) { return known.code == warning.code; };
    if (std::none_of(warnings_.begin(), warnings_.end(), same)) warnings_.push_back(warning);
  }

  // The cases of one privilege that can run, or one that has to be alone: one worker's work.
  struct Lot {
    Privilege privilege = Privilege::Root;
    std::vector<BenchCase> cases{};
    std::vector<std::size_t> indices{};  // of `cases` in all cases
    std::vector<double> seconds{};
    [[nodiscard]] Pace pace() const { return Pace(seconds); }
  };

  [[nodiscard]] double seconds_of(std::size_t index) const {
    return index < options_.seconds_of_case.size() ? options_.seconds_of_case[index]
                                                   : options_.seconds_per_case;
  }

  std::vector<Lot> make_lots() {
    std::vector<Lot> together;
    for (const Privilege privilege : all_privileges) together.push_back({.privilege = privilege});
    std::vector<Lot> alone;
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      if (const std::optional<Skip> skip = bench::missing(cases_[i], support_)) {
        builders_[i].skip(*skip);
        continue;
      }
      const Privilege privilege = cases_[i].privilege;
      const bool by_itself = options_.one_by_one || cases_[i].workload->alone;
      if (by_itself) alone.push_back({.privilege = privilege});
      Lot& lot = by_itself ? alone.back() : together[static_cast<std::size_t>(privilege)];
      lot.cases.push_back(cases_[i]);
      lot.indices.push_back(i);
      lot.seconds.push_back(seconds_of(i));
    }
    together.insert(together.end(), std::make_move_iterator(alone.begin()),
                    std::make_move_iterator(alone.end()));
    std::erase_if(together, [](const Lot& lot) { return lot.cases.empty(); });
    return together;
  }

  void run_lot(const Lot& lot) {
    if (stopped_) return interrupt(lot, "the run was stopped before this benchmark");
    lot_ = &lot;
    running_.reset();
    event_.running = nullptr;
    tell();
    const Pace pace = lot.pace();
    Result<Arena> arena =
        Arena::start(bench::arena_for(lot.privilege, lot.cases),
                     [&](StagePort& port) { drive(port, lot.cases, pace, options_); });
    Status ended = arena ? receive_all(*arena) : Status(arena.error());
    if (!ended) return blame(lot, ended.error());
    interrupt(lot, stopped_ ? "the run was stopped" : "no batch was measured");
  }

  // A worker that came to no good end. What has batches keeps them.
  void blame(const Lot& lot, const Error& error) {
    if (!running_) {
      for (const std::size_t index : lot.indices) builders_[index].fail(error, support_);
      return;
    }
    const std::string name = cases_[*running_].id().str();
    builders_[*running_].crash({fmt::format("{} while this benchmark ran", error.str())});
    interrupt(lot, fmt::format("{} while {} ran", error.str(), name));
  }

  void interrupt(const Lot& lot, const std::string& reason) {
    for (const std::size_t index : lot.indices) {
      if (!builders_[index].has_batches()) builders_[index].interrupt(reason);
    }
  }

  // Until the worker is done, dead, silent for too long, or no longer wanted.
  Status receive_all(Arena& arena) {
    Deadline silence = Deadline::in(worker_patience);
    finished_ = false;
    while (!stopped_ && !finished_) {
      const Result<std::string> bytes = arena.receive(Deadline::in(between_events));
      if (!bytes && bytes.error().err == ETIMEDOUT && !silence.passed()) {
        tell();
        continue;
      }
      if (!bytes) return silent(bytes.error());
      silence = Deadline::in(worker_patience);
      const Result<WorkerMessage> message = bench::decode(*bytes);
      if (!message) return message.error();
      if (Status taken = std::visit([this](const auto& m) { return take(m); }, *message); !taken) {
        return taken;
      }
    }
    return {};
  }

  static Error silent(const Error& error) {
    return error.err == ETIMEDOUT ? Error{"the benchmarks' worker fell silent"} : error;
  }

  Status take(const BatchBegins& m) {
    if (m.case_index >= lot_->indices.size()) return Error{"the worker named no case of its own"};
    running_ = lot_->indices[m.case_index];
    builders_[*running_].begin(options_.started_at + seconds_since(start_));
    event_.running = &cases_[*running_];
    event_.case_index = *running_;
    tell();
    return {};
  }
  Status take(const BatchTimes& m) {
    if (!running_) return Error{"the worker sent times of no batch"};
    return builders_[*running_].add(m.ns);
  }
  Status take(const BatchEnds& m) {
    if (!running_) return Error{"the worker ended no batch"};
    builders_[*running_].end(m, support_);
    ++event_.batches_done;
    return {};
  }
  Status take(const Note& m) {
    warn_once({m.code, m.text});
    return {};
  }
  Status take(const Finished& /*m*/) {
    finished_ = true;
    return {};
  }

  void tell() {
    if (watch_) watch_->look();
    if (!on_event_) return;
    event_.cases = runnable_;
    event_.batches_total = batches_total_;
    event_.seconds = seconds_since(start_);
    stopped_ = !on_event_(event_) || stopped_;
  }

  std::span<const BenchCase> cases_;
  const SessionOptions& options_;
  const Support& support_;
  std::vector<Warning>& warnings_;
  const OnSessionEvent& on_event_;
  std::vector<SeriesBuilder> builders_;
  std::optional<bench::Watch> watch_;
  const Lot* lot_ = nullptr;
  std::optional<std::size_t> running_;  // in all cases
  std::size_t runnable_ = 0;
  std::size_t batches_total_ = 0;
  bool stopped_ = false;   // by the caller
  bool finished_ = false;  // the worker says so
  SessionEvent event_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace

std::vector<Series> run_session(std::span<const BenchCase> cases, const SessionOptions& options,
                                const Support& support, std::vector<Warning>& warnings,
                                const OnSessionEvent& on_event) {
  return Session(cases, options, support, warnings, on_event).run();
}

}  // namespace nsbench
