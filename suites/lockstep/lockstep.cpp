#include "suites/lockstep/lockstep.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <ctime>
#include <optional>
#include <random>
#include <utility>

#include "bench/pace.h"
#include "probes/sandbox/elapsed.h"
#include "reports/printable.h"
#include "suites/lockstep/record.h"
#include "suites/lockstep/side.h"

namespace nsbench {
namespace lockstep {

std::vector<std::size_t> turn_order(std::size_t sides, std::size_t turn) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < sides; ++i) order.push_back((i + turn) % sides);
  for (std::size_t i = sides; i > 0; --i) order.push_back(order[i - 1]);
  return order;
}

namespace {

using Clock = std::chrono::steady_clock;

std::string random_letters() {
  constexpr int count = 12;
  std::random_device random;
  std::uniform_int_distribution<int> letter('a', 'z');
  std::string text;
  for (int i = 0; i < count; ++i) text += static_cast<char>(letter(random));
  return text;
}

// Until it ends, writing to a worker that is gone is an error and no signal.
class WithoutSigpipe {
 public:
  WithoutSigpipe() {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &before_);
  }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;
  ~WithoutSigpipe() { ::sigaction(SIGPIPE, &before_, nullptr); }

 private:
  struct sigaction before_ {};
};

class Measurement {
 public:
  Measurement(std::span<const SidePeer> peers, std::span<const CaseId> cases,
              const LockstepOptions& options)
      : peers_(peers), options_(options), random_(options.seed) {
    for (const SidePeer& peer : peers) records_.emplace_back(peer.side, cases, random_());
    for (const CaseId& id : cases) lanes_.push_back({.id = id.str()});
    const double batches = options.seconds_per_side / options.batch_seconds;
    turns_ = static_cast<std::size_t>(std::clamp(std::round(batches / 2), 1.0, 1e6));
    starts_ =
        std::clamp<std::size_t>(static_cast<std::size_t>(std::max(options.starts, 1)), 1, turns_);
  }

  Result<std::vector<Report>> run() {
    const std::time_t started = std::time(nullptr);
    for (std::size_t share = 0; share < starts_;) {
      if (over_ || !any_alive()) break;
      if (Status begun = begin(); !begun) {
        if (workers_begun_ == 0 && begun.error().err != EINTR) return begun.error();
        if (is_stopped()) let_go();
        end_early(begun.error());
        break;
      }
      one_start(turns_ * (share + 1) / starts_);
      part();
      ++workers_begun_;
      // The rest of the share of one that died is for the next.
      if (!std::exchange(died_, false)) ++share;
    }
    restore();
    return reports(started);
  }

 private:
  // One case, on all sides.
  struct Lane {
    std::string id;
    bool alive = true;
    double overhead = 0;  // seconds that a batch takes other than for its calls
    // Of the batches since that was last reckoned:
    double spent = 0;
    std::size_t batches = 0;

    void add(double seconds) {
      spent += std::max(seconds, 0.0);
      ++batches;
    }
    void reckon() {
      if (batches > 0) overhead = spent / static_cast<double>(batches);
      spent = 0;
      batches = 0;
    }
  };

  [[nodiscard]] bool any_alive() const {
    return std::any_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.alive; });
  }

  // Starts all workers, no side always first.
  Status begin() {
    tell("");
    sides_.resize(peers_.size());
    for (std::size_t i = 0; i < peers_.size(); ++i) {
      const std::size_t place = (i + workers_begun_) % peers_.size();
      Result<Side> side =
          Side::start(peers_[place].connect, Deadline::in(options_.hello_patience), options_.stop);
      if (!side) {
        return Error{fmt::format("side {}: {}", peers_[place].side, side.error().step),
                     side.error().err};
      }
      records_[place].meet(side->hello());
      sides_[place] = std::move(*side);
    }
    return same_work();
  }

  [[nodiscard]] Status same_work() const {
    for (std::size_t i = 1; i < sides_.size(); ++i) {
      const Hello& first = sides_.front()->hello();
      const Hello& other = sides_[i]->hello();
      if (first.workload == other.workload && first.clock == other.clock) continue;
      return Error{fmt::format(
          "side {} (workloads {}, clock {}) and side {} (workloads {}, clock {}) can't be compared",
          peers_.front().side, first.workload, printable(first.clock, 32), peers_[i].side,
          other.workload, printable(other.clock, 32))};
    }
    return {};
  }

  // Up to turn `last`.
  void one_start(std::size_t last) {
    for (std::size_t lane = 0; lane < lanes_.size() && goes_on(); ++lane) warm_up(lane);
    for (; turn_ < last && goes_on(); ++turn_) {
      for (const std::size_t lane : bench::shuffled(lanes_.size(), random_)) {
        if (lanes_[lane].alive && goes_on()) one_turn(lane);
      }
    }
  }

  [[nodiscard]] bool goes_on() const { return !over_ && !died_; }

  void warm_up(std::size_t lane) {
    if (!lanes_[lane].alive) return;
    tell(lanes_[lane].id);
    lanes_[lane].reckon();  // what is left of the start before
    for (std::size_t side = 0; side < sides_.size(); ++side) {
      if (!one_batch(side, lane, true)) return;
    }
    for (SideRecord& record : records_) record.add_warmup(lane);
  }

  void one_turn(std::size_t lane) {
    tell(lanes_[lane].id);
    const std::vector<std::size_t> order = turn_order(sides_.size(), turn_);
    lanes_[lane].reckon();
    const double seconds = seconds_for_calls(lanes_[lane]);
    for (std::size_t half = 0; half < 2; ++half) {
      std::vector<std::pair<BatchResult, Place>> taken(sides_.size());
      for (std::size_t i = 0; i < sides_.size(); ++i) {
        const std::size_t side = order[half * sides_.size() + i];
        taken[side].second = {.t = seconds_since(start_),
                              .pair = static_cast<std::int64_t>(2 * turn_ + half),
                              .start = static_cast<std::int64_t>(workers_begun_)};
        std::optional<BatchResult> result = one_batch(side, lane, false, seconds);
        if (!result) return;
        taken[side].first = std::move(*result);
      }
      for (std::size_t side = 0; side < sides_.size(); ++side) {
        records_[side].add(lane, taken[side].first, taken[side].second);
      }
    }
    ++turns_done_;
  }

  // All batches of a turn are as long, on all sides.
  [[nodiscard]] double seconds_for_calls(const Lane& lane) const {
    constexpr double least_share = 0.25;
    return std::max(options_.batch_seconds - lane.overhead, options_.batch_seconds * least_share);
  }

  // Nothing: there is no measurement, and why not is recorded.
  std::optional<BatchResult> one_batch(std::size_t side, std::size_t lane, bool warmup,
                                       double seconds = 0) {
    RunBatch run{.batch = ++batches_, .case_id = lanes_[lane].id, .warmup = warmup};
    run.seconds = warmup ? options_.batch_seconds / 2 : seconds;
    if (peers_[side].before) {
      if (Status prepared = peers_[side].before(); !prepared) {
        blame(side, lane, run, prepared.error());
        end_early(prepared.error());
        return std::nullopt;
      }
    }
    const auto started = Clock::now();
    const auto patience = options_.batch_patience + std::chrono::ceil<std::chrono::milliseconds>(
                                                        std::chrono::duration<double>(run.seconds));
    Result<BatchResult> result = sides_[side]->run(run, Deadline::in(patience));
    if (!result) {
      blame(side, lane, run, result.error());
      return std::nullopt;
    }
    if (result->outcome != BatchResult::Outcome::Measured) {
      drop(side, lane, *result);
      return std::nullopt;
    }
    // Unless the worker tells how long its calls took, they took what they were given.
    const double calls = result->seconds > 0 ? result->seconds : run.seconds;
    // The first batch of a worker also pays for what is made once: only its teardown is typical.
    lanes_[lane].add(warmup ? result->drain : seconds_since(started) - calls);
    return std::move(*result);
  }

  void drop(std::size_t side, std::size_t lane, const BatchResult& result) {
    lanes_[lane].alive = false;
    records_[side].refuse(lane, result);
    for (SideRecord& record : records_) {
      record.leave_out(lane, fmt::format("not measured, since it can't be on side {}: {}",
                                         peers_[side].side, result.error));
    }
  }

  // What a case had a hand in that ended a worker is not tried again, on no side.
  void blame(std::size_t side, std::size_t lane, const RunBatch& run, const Error& error) {
    if (error.err == EINTR) return end_early(error);
    lanes_[lane].alive = false;
    died_ = true;
    records_[side].crash(lane, fmt::format("{}, in batch {}", error.str(), run.batch));
    const std::string death = fmt::format("side {}: {}, in batch {}, of {}", peers_[side].side,
                                          error.str(), run.batch, run.case_id);
    for (SideRecord& record : records_) {
      record.leave_out(lane, "not measured further: " + death);
    }
    deaths_.push_back(death);
  }

  void end_early(const Error& error) {
    over_ = true;
    if (error.err != EINTR) deaths_.push_back(error.str());
  }

  [[nodiscard]] bool is_stopped() const { return options_.stop != nullptr && *options_.stop != 0; }
  // Of all at once: who stops us waits.
  void let_go() {
    for (std::optional<Side>& side : sides_) {
      if (side) side->let_go();
    }
  }

  // A worker at fault need not be asked twice.
  void part() {
    if (is_stopped()) let_go();
    const auto patience = !goes_on()
                              ? std::min(options_.end_patience, std::chrono::milliseconds(1000))
                              : options_.end_patience;
    for (std::size_t i = 0; i < sides_.size(); ++i) {
      records_[i].learn(sides_[i]->facts());
      for (const Note& note : sides_[i]->notes()) {
        records_[i].warn({printable(note.code, 64), printable(note.text)});
      }
      if (!is_stopped()) sides_[i]->part(patience);
      sides_[i].reset();
    }
  }

  // Leaves the machine as the first side has it.
  void restore() {
    if (!peers_.front().before) return;
    if (Status restored = peers_.front().before(); !restored) {
      for (SideRecord& record : records_) record.warn({"not-restored", restored.error().str()});
    }
  }

  std::vector<Report> reports(std::time_t started) {
    const std::string id = random_letters();
    std::vector<Report> all;
    for (SideRecord& record : records_) {
      if (!deaths_.empty())
        record.warn({"worker-died", fmt::format("{}", fmt::join(deaths_, "; "))});
      for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
        record.leave_out(lane, "the measurement ended before this benchmark");
      }
      Report report = record.take();
      report.run.command = options_.command;
      report.run.seed = options_.seed;
      report.run.started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(started));
      report.run.seconds = seconds_since(start_);
      report.run.interrupted = over_;
      report.run.lockstep = id;
      all.push_back(std::move(report));
    }
    return all;
  }

  void tell(const std::string& running) {
    if (!options_.on_progress) return;
    LockstepProgress progress{.running = running, .turns_done = turns_done_};
    const auto dead = static_cast<std::size_t>(
        std::count_if(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return !lane.alive; }));
    progress.turns_total = std::max(turns_done_, turns_ * (lanes_.size() - dead));
    if (turns_done_ > 0) {
      progress.seconds_left = seconds_since(start_) / static_cast<double>(turns_done_) *
                              static_cast<double>(progress.turns_total - turns_done_);
    }
    options_.on_progress(progress);
  }

  std::span<const SidePeer> peers_;
  const LockstepOptions& options_;
  std::mt19937_64 random_;
  std::vector<SideRecord> records_;
  std::vector<std::optional<Side>> sides_;  // of the current start
  std::vector<Lane> lanes_;
  std::size_t turns_ = 1;  // of each case
  std::size_t starts_ = 1;
  std::size_t turn_ = 0;  // the next of all cases
  std::size_t turns_done_ = 0;
  std::size_t workers_begun_ = 0;  // how often, of each side
  std::vector<std::string> deaths_;
  bool died_ = false;  // a worker of this start
  std::uint64_t batches_ = 0;
  bool over_ = false;
  Clock::time_point start_ = Clock::now();
};

}  // namespace
}  // namespace lockstep

Result<std::vector<Report>> run_lockstep(std::span<const SidePeer> sides,
                                         std::span<const CaseId> cases,
                                         const LockstepOptions& options) {
  const lockstep::WithoutSigpipe quiet;
  return lockstep::Measurement(sides, cases, options).run();
}

Result<std::vector<Report>> run_lockstep(std::span<const SideSpec> sides,
                                         std::span<const CaseId> cases,
                                         const LockstepOptions& options) {
  std::vector<SidePeer> peers;
  for (const SideSpec& spec : sides) {
    SidePeer peer{spec.side, [argv = spec.argv, grace = options.end_patience] {
                    return lockstep::connect_to_command(argv, grace);
                  }};
    if (!spec.before.empty()) {
      peer.before = [argv = spec.before, patience = options.before_patience] {
        return lockstep::run_command(argv, Deadline::in(patience));
      };
    }
    peers.push_back(std::move(peer));
  }
  return run_lockstep(peers, cases, options);
}

}  // namespace nsbench
