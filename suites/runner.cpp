#include "suites/runner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "bench/session.h"
#include "probes/sandbox/elapsed.h"
#include "probes/sandbox/slow_machine.h"
#include "probes/sandbox/storm.h"
#include "suites/precedence.h"

namespace nsbench {

namespace {

using Clock = std::chrono::steady_clock;

bool stopped(const RunnerOptions& options) { return options.stop != nullptr && *options.stop != 0; }

int gravity(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::Pass:
      return 0;
    case VerdictKind::Skip:
      return 1;
    case VerdictKind::Broken:
      return 2;
    case VerdictKind::Fail:
      return 3;
  }
  return 3;
}

// Runs checks side by side and keeps, of a repeated one, the gravest result.
class Checks {
 public:
  Checks(const Plan& plan, const RunnerOptions& options, const Support& support,
         std::chrono::seconds limit, std::vector<Warning>& warnings)
      : plan_(plan),
        options_(options),
        support_(support),
        warnings_(warnings),
        limit_(limit),
        deadline_(Deadline::in(limit)),
        storms_(options.most_processes) {
    constexpr std::size_t waiting_per_job = 4;
    ordinary_.places = static_cast<std::size_t>(options.jobs);
    waiting_.places = ordinary_.places * waiting_per_job;
    constexpr std::size_t resting_per_job = 16;
    most_resting_ = ordinary_.places * resting_per_job;
    for (const CheckCase& c : plan.checks) {
      queue_of(*c.probe, *this).checks.push_back(&c);
      ++to_come_[c.id().with_control(false)];
    }
  }

  std::vector<CaseResult> run() {
    while (!stopped(options_) && !enough_ && !late_ && (start_what_can() || !running_.empty())) {
      options_.on_tick();
      wait_for_one();
      end_storms();
      finish_ready();
      give_up_if_late();
    }
    if (stopped(options_)) leave();
    for (auto& [id, result] : failed_once_) keep(std::move(result));  // there was no time to ask
    running_.clear();  // kills what was not waited for
    end_resting();
    wait_for_ending();
    return in_order();
  }
  // Whether the time was up before all were run.
  [[nodiscard]] bool late() const { return late_; }

 private:
  // The plan's checks of one kind that are still to be run, in its order.
  struct Queue {
    std::vector<const CheckCase*> checks;
    std::size_t next = 0;
    std::size_t running = 0;
    std::size_t places = 1;
    [[nodiscard]] bool empty() const { return next == checks.size(); }
  };

  // The arena of a check that has answered.
  struct Rest {
    CaseId id;
    Arena arena;
  };

  static Queue& queue_of(const Probe& probe, Checks& checks) {
    return probe.alone ? checks.alone_ : probe.waits ? checks.waiting_ : checks.ordinary_;
  }

  // Checks that mostly wait need little CPU: they have places of their own. Those that must run
  // alone come last, and behind them those for which there was no room beside others. False if
  // nothing is left to be started.
  bool start_what_can() {
    for (Queue* queue : {&waiting_, &ordinary_}) {
      while (!queue->empty() && queue->running < queue->places && !stopped(options_)) {
        start(*queue);
      }
    }
    if (!waiting_.empty() || !ordinary_.empty()) return true;
    Queue& last = alone_.empty() ? again_ : alone_;
    if (last.empty() || !running_.empty()) return !last.empty() || !running_.empty();
    end_resting();
    wait_for_ending();
    exclusive_ = &last;
    start(last);
    return true;
  }

  // A limit was met at the door: less side by side, and less that is not gone yet.
  void make_room() {
    for (Queue* queue : {&waiting_, &ordinary_}) {
      queue->places = std::max<std::size_t>(queue->places / 2, 1);
    }
    most_resting_ /= 2;
  }

  // What a limit refused may have found no room beside others of ours, and what failed may have
  // been disturbed.
  bool try_again(const CheckCase& check, CaseResult& result) {
    if (exclusive_ == &again_) {
      doubt(result);
      return false;
    }
    const bool failed =
        options_.asks_again && result.verdict == VerdictKind::Fail && !result.id.control;
    const bool refused = result.skip == SkipReason::Limit && exclusive_ == nullptr;
    if (!failed && !refused) return false;
    if (refused && result.err != 0) make_room();
    if (failed) failed_once_.insert_or_assign(result.id, result);
    again_.checks.push_back(&refused_.emplace_back(check));
    return true;
  }

  // Of what failed before: it fails, or cannot be told.
  void doubt(CaseResult& result) {
    const auto first = failed_once_.find(result.id);
    if (first == failed_once_.end()) return;
    if (result.verdict != VerdictKind::Fail) {
      result = first->second;
      result.verdict = VerdictKind::Broken;
      result.observed = "it failed once, and not when it was run again, alone: " + result.observed;
    }
    failed_once_.erase(first);
  }

  void start(Queue& queue) {
    ++queue.running;
    options_.on_begin(queue.checks[queue.next]->id());
    running_.push_back(CheckRun::start(*queue.checks[queue.next++], support_, options_.times));
  }

  // Until a check has something to say or its deadline has passed; at most a tenth of a second.
  void wait_for_one() {
    std::vector<pollfd> waits;
    for (const CheckRun& run : running_) {
      if (run.fd() < 0) return;
      waits.push_back({.fd = run.fd(), .events = POLLIN, .revents = 0});
    }
    constexpr int tick_ms = 100;
    ::poll(waits.data(), waits.size(), tick_ms);
  }

  static bool ready(const CheckRun& run) {
    if (run.fd() < 0 || run.deadline().passed()) return true;
    pollfd now{.fd = run.fd(), .events = POLLIN, .revents = 0};
    return ::poll(&now, 1, 0) > 0;
  }

  void finish_ready() {
    for (std::size_t i = 0; i < running_.size();) {
      if (!ready(running_[i])) {
        ++i;
        continue;
      }
      CaseResult result = running_[i].finish();
      const CaseId id = result.id;
      options_.on_end(id);
      const CheckCase& check = running_[i].what();
      --(exclusive_ != nullptr ? *exclusive_ : queue_of(*check.probe, *this)).running;
      if (!try_again(check, result)) keep(std::move(result));
      exclusive_ = nullptr;
      let_end(id, running_[i].take_arena());
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  // The next check need not wait until the kernel has torn the last one's arena down. Arenas are
  // ended many at once: what takes long then, waiting for RCU grace periods and the clean-up of
  // network namespaces, is done for all of them together.
  void let_end(const CaseId& id, std::optional<Arena> arena) {
    if (arena) resting_.push_back({id, std::move(*arena)});
    if (resting_.size() >= most_resting_) end_resting();
  }
  void end_resting() {
    wait_for_ending();
    for (const Rest& one : resting_) one.arena.begin_end();
    ending_ = std::exchange(resting_, {});
  }

  // What the kernel does not let go of is named, and the run goes on without it.
  void wait_for_ending() {
    constexpr std::chrono::seconds killing_time{5};
    const Deadline deadline = Deadline::in(killing_time * patience_here());
    for (Rest& one : ending_) {
      const Status gone = one.arena.end(deadline);
      if (gone) continue;
      const std::string what = fmt::format("{}: {}", one.id.str(), gone.error().str());
      warnings_.push_back({"not-killed", what});
      const auto found = results_.find(one.id);
      if (found == results_.end() || gravity(found->second.verdict) >= gravity(VerdictKind::Broken))
        continue;
      found->second.verdict = VerdictKind::Broken;
      found->second.observed = gone.error().str();
    }
    ending_.clear();
  }

  // All are killed at once, and hardly waited for: who stopped us waits.
  void leave() {
    for (CheckRun& run : running_) {
      if (std::optional<Arena> arena = run.take_arena()) {
        resting_.push_back({run.what().id(), std::move(*arena)});
      }
    }
    for (Rest& one : resting_) {
      one.arena.begin_end();
      ending_.push_back(std::move(one));
    }
    resting_.clear();
    constexpr std::chrono::milliseconds hardly{300};
    const Deadline deadline = Deadline::in(hardly);
    for (Rest& one : ending_) static_cast<void>(one.arena.end(deadline).ok());
    ending_.clear();
  }

  // A case that forks without end is ended before the others find no room.
  void end_storms() {
    std::vector<pid_t> roots;
    for (const CheckRun& run : running_) roots.push_back(run.pid());
    for (const Rest& one : resting_) roots.push_back(one.arena.pid());
    const std::optional<StormWatch::Storm> storm = storms_.look(roots);
    if (!storm) return;
    if (storm->root < running_.size()) return running_[storm->root].give_up(storm->str());
    const Rest& resting = resting_[storm->root - running_.size()];
    resting.arena.begin_end();
    const auto found = results_.find(resting.id);
    if (found == results_.end()) return;
    found->second.verdict = VerdictKind::Broken;
    found->second.observed = storm->str() + ", after it had answered";
  }

  void give_up_if_late() {
    if (!deadline_.passed() || (all_started() && running_.empty())) return;
    late_ = true;
    std::vector<std::string> running;
    for (const CheckRun& run : running_) running.push_back(run.what().id().str());
    warnings_.push_back(
        {"deadline",
         fmt::format("the checks were given up after {} s, {} of {} runs done; "
                     "running then: {}",
                     limit_.count(), done_, plan_.checks.size(),
                     running.empty() ? "none" : fmt::format("{}", fmt::join(running, ", ")))});
  }
  [[nodiscard]] bool all_started() const {
    return ordinary_.empty() && waiting_.empty() && alone_.empty() && again_.empty();
  }

  void keep(CaseResult result) {
    ++done_;
    Progress progress{.phase = Progress::Phase::Checks,
                      .running = result.id.str(),
                      .done = done_,
                      .total = plan_.checks.size()};
    progress.seconds_left = seconds_since(start_) / static_cast<double>(done_) *
                            static_cast<double>(plan_.checks.size() - done_);
    options_.on_progress(progress);
    enough_ = enough_ || (options_.is_enough && options_.is_enough(result));
    const CaseId real = result.id.with_control(false);
    const auto [known, is_new] = results_.try_emplace(result.id, result);
    if (!is_new && gravity(result.verdict) > gravity(known->second.verdict)) {
      known->second = std::move(result);
    }
    if (--to_come_[real] == 0 && options_.on_settled) settle(real);
  }

  void settle(const CaseId& real) const {
    std::vector<CaseResult> both;
    for (const bool control : {false, true}) {
      const auto found = results_.find(real.with_control(control));
      if (found != results_.end()) both.push_back(found->second);
    }
    settle_controls(both);
    options_.on_settled(both.front());
  }

  std::vector<CaseResult> in_order() {
    std::vector<CaseResult> ordered;
    for (const CheckCase& c : all_check_cases()) {
      if (const auto found = results_.find(c.id()); found != results_.end()) {
        ordered.push_back(std::move(found->second));
        results_.erase(found);
      }
    }
    // Those of no family: a test's own.
    for (auto& [id, result] : results_) ordered.push_back(std::move(result));
    return ordered;
  }

  const Plan& plan_;
  const RunnerOptions& options_;
  const Support& support_;
  std::vector<Warning>& warnings_;
  std::chrono::seconds limit_;
  Deadline deadline_;
  bool late_ = false;
  StormWatch storms_;
  Clock::time_point start_ = Clock::now();
  Queue ordinary_;
  Queue waiting_;
  Queue alone_;
  Queue again_;                    // what a limit refused; by itself, too
  std::deque<CheckCase> refused_;  // those of again_
  Queue* exclusive_ = nullptr;     // of the check that runs alone now; else null
  std::size_t done_ = 0;
  bool enough_ = false;
  std::vector<CheckRun> running_;
  std::vector<Rest> resting_;  // of checks that are done
  std::size_t most_resting_ = 1;
  std::vector<Rest> ending_;  // killed, but maybe not gone yet
  std::map<CaseId, CaseResult> results_;
  std::map<CaseId, CaseResult> failed_once_;  // to be run again
  std::map<CaseId, std::size_t> to_come_;     // runs of a real case and its control
};

// False: the time was up before all were measured.
bool run_benchmarks(const Plan& plan, const RunnerOptions& options, const Support& support,
                    Clock::time_point start, std::chrono::seconds limit, Report& report) {
  const Deadline deadline = Deadline::in(limit);
  bool late = false;
  const bool counts = report.kernel.clock == "instructions";
  const SessionOptions session{.seconds_of_case = plan.seconds,
                               .seed = options.seed,
                               .one_by_one = counts,
                               .started_at = seconds_since(start),
                               .benchmark_flags = {}};
  std::optional<CaseId> current;
  const auto tell = [&](const BenchCase* running) {
    const std::optional<CaseId> id =
        running == nullptr ? std::nullopt : std::optional(running->id());
    if (id == current) return;
    if (current) options.on_end(*current);
    if (id) options.on_begin(*id);
    current = id;
  };
  report.series = run_session(
      plan.benchmarks, session, support, report.warnings, [&](const SessionEvent& event) {
        options.on_tick();
        tell(event.running);
        Progress progress{.phase = Progress::Phase::Benchmarks,
                          .running = event.running != nullptr ? event.running->id().str() : "",
                          .done = event.batches_done,
                          .total = event.batches_total};
        progress.seconds_left = std::max(0.0, event.seconds_expected - event.seconds);
        options.on_progress(progress);
        const bool over = event.batches_done == event.batches_total && event.running == nullptr;
        if (!late && !over && deadline.passed()) {
          late = true;
          report.warnings.push_back(
              {"deadline", fmt::format("the benchmarks were given up after {} s, {} of {} batches "
                                       "done; running then: {}",
                                       limit.count(), event.batches_done, event.batches_total,
                                       progress.running.empty() ? "none" : progress.running)});
        }
        return !stopped(options) && !late;
      });
  tell(nullptr);
  name_units(report);
  return !late;
}

}  // namespace

void run_plan(const Plan& plan, const RunnerOptions& options, const Support& support,
              Report& report) {
  const Precedence first;
  const Clock::time_point start = Clock::now();
  RunLimits limits = limits_of(plan, patience_here());
  if (options.timeout.count() > 0) limits = {options.timeout, options.timeout};
  Checks checks(plan, options, support, limits.checks, report.warnings);
  report.cases = checks.run();
  settle_controls(report.cases);
  bool late = checks.late();
  if (options.timeout.count() > 0) {  // what the checks have left of it
    const auto used = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - start);
    limits.benchmarks = std::max(limits.benchmarks - used, std::chrono::seconds(0));
  }
  if (!stopped(options) && !late && !plan.benchmarks.empty()) {
    late = !run_benchmarks(plan, options, support, start, limits.benchmarks, report);
  }
  report.run.interrupted = stopped(options) || late;
  report.run.seconds = seconds_since(start);
}

}  // namespace nsbench
