// Google Benchmark as the driver of a session. The harness' side is run_session(); the other side,
// drive(), runs in the arena.
#include "bench/session.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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
#include "probes/sandbox/slow_machine.h"
#include "probes/sandbox/storm.h"

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

// More than a worker that is one has to say.
constexpr std::size_t most_notes = 256;
constexpr std::chrono::milliseconds killing_time{10'000};
// Who stopped us waits: what is killed may end behind our back.
constexpr std::chrono::milliseconds hardly{300};
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
  Rounds(std::span<const BenchCase> cases, Pace pace, std::uint64_t seed, bench::Worker::Send send)
      : cases_(cases),
        pace_(std::move(pace)),
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
        on_event_(on_event),
        storms_(options.most_processes) {
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
    for (const Lot& lot : lots) run_all_of(lot);
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

  // By one worker; where that comes to a bad end, the others go on with another one.
  void run_all_of(Lot lot) {
    while (!lot.cases.empty()) {
      if (stopped_) return interrupt(lot, "the run was stopped before this benchmark");
      if (!run_lot(lot)) return;
      const std::size_t ended = batches_of_lot_ - (in_batch_ ? 1 : 0);
      batches_total_ -= lot.pace().total_batches() - ended;
      lot = rest_of(lot);
      batches_total_ += lot.pace().total_batches();
    }
  }

  // True: a case took its worker down, and others are left.
  bool run_lot(const Lot& lot) {
    lot_ = &lot;
    running_.reset();
    event_.running = nullptr;
    batches_of_lot_ = 0;
    most_batches_ = lot.pace().total_batches();
    tell();
    const Pace pace = lot.pace();
    Result<Arena> arena =
        Arena::start(bench::arena_for(lot.privilege, lot.cases),
                     [&](StagePort& port) { drive(port, lot.cases, pace, options_); });
    Status ended = arena ? receive_all(*arena) : Status(arena.error());
    event_.running = nullptr;
    if (arena) {
      const Status gone = arena->end(Deadline::in(stopped_ ? hardly : killing_time));
      if (!gone && !stopped_) {
        warnings_.push_back({"not-killed", "the benchmarks' worker: " + gone.error().str()});
      }
    }
    if (!ended) return blame(lot, ended.error());
    interrupt(lot, stopped_ ? "the run was stopped" : "no batch was measured");
    return false;
  }

  // What a worker that came to no good end leaves to the next, with the time that is left of its.
  [[nodiscard]] Lot rest_of(const Lot& lot) {
    Lot rest{.privilege = lot.privilege};
    const Pace pace = lot.pace();
    for (std::size_t i = 0; i < lot.cases.size(); ++i) {
      SeriesBuilder& builder = builders_[lot.indices[i]];
      const std::size_t wanted = pace.batches(i) - pace.warmup_batches(i);
      if (builder.has_trouble() || builder.batches() >= wanted) continue;
      rest.cases.push_back(lot.cases[i]);
      rest.indices.push_back(lot.indices[i]);
      rest.seconds.push_back(lot.seconds[i] * static_cast<double>(wanted - builder.batches()) /
                             static_cast<double>(wanted));
    }
    const Pace next = rest.pace();
    for (std::size_t i = 0; i < rest.indices.size(); ++i) {
      builders_[rest.indices[i]].warm_up_again(next.warmup_batches(i));
    }
    return rest;
  }

  // A worker that came to no good end: what ran then is to blame, and keeps the batches it has.
  // True: the others can be tried without it.
  bool blame(const Lot& lot, const Error& error) {
    if (!running_) {
      for (const std::size_t index : lot.indices) builders_[index].fail(error, support_);
      return false;
    }
    if (support_.explain(error, lot.privilege == Privilege::Userns)) {
      builders_[*running_].fail(error, support_);
    } else {
      builders_[*running_].crash({fmt::format("{} while this benchmark ran", error.str())});
    }
    return true;
  }

  void interrupt(const Lot& lot, const std::string& reason) {
    for (const std::size_t index : lot.indices) {
      if (!builders_[index].has_batches()) builders_[index].interrupt(reason);
    }
  }

  // Until the worker is done, dead, silent for too long, or no longer wanted.
  Status receive_all(Arena& arena) {
    silence_ = Deadline::in(patience_here() * options_.patience);
    Deadline next_event = Deadline::in(between_events);
    const std::array root{arena.pid()};
    finished_ = false;
    in_batch_ = false;
    notes_ = 0;
    while (!stopped_ && !finished_) {
      if (const auto storm = storms_.look(root)) return Error{storm->str()};
      if (next_event.passed()) {
        tell();
        next_event = Deadline::in(between_events);
      }
      // However much it talks, a batch that does not end is one.
      if (silence_.passed()) return Error{"the benchmarks' worker fell silent"};
      const Result<std::string> bytes = arena.receive(next_event);
      if (!bytes && bytes.error().err == ETIMEDOUT) continue;
      if (!bytes) return bytes.error();
      const Result<WorkerMessage> message = bench::decode(*bytes);
      if (!message) return message.error();
      if (Status taken = std::visit([this](const auto& m) { return take(m); }, *message); !taken) {
        return taken;
      }
    }
    return {};
  }

  Status take(const BatchBegins& m) {
    if (m.case_index >= lot_->indices.size()) return Error{"the worker named no case of its own"};
    if (std::exchange(in_batch_, true)) return Error{"the worker began a batch within another"};
    if (++batches_of_lot_ > most_batches_) return Error{"the worker began more batches than asked"};
    silence_ = Deadline::in(patience_here() * options_.patience);
    running_ = lot_->indices[m.case_index];
    builders_[*running_].begin(options_.started_at + seconds_since(start_));
    event_.running = &cases_[*running_];
    event_.case_index = *running_;
    tell();
    return {};
  }
  Status take(const BatchTimes& m) {
    if (!in_batch_) return Error{"the worker sent times of no batch"};
    return builders_[*running_].add(m.ns);
  }
  Status take(const BatchEnds& m) {
    if (!std::exchange(in_batch_, false)) return Error{"the worker ended no batch"};
    silence_ = Deadline::in(patience_here() * options_.patience);
    builders_[*running_].end(m, support_);
    ++event_.batches_done;
    return {};
  }
  Status take(const Note& m) {
    if (++notes_ > most_notes) return Error{"the worker has too much to say"};
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
  bool stopped_ = false;  // by the caller
  // Of the worker that runs:
  bool finished_ = false;  // it says so
  bool in_batch_ = false;
  std::size_t batches_of_lot_ = 0;  // that began
  std::size_t most_batches_ = 0;
  std::size_t notes_ = 0;
  Deadline silence_ = Deadline::in(std::chrono::seconds(0));
  StormWatch storms_;
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
