#include "suites/runner.h"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "bench/session.h"
#include "probes/sandbox/elapsed.h"

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
  Checks(const Plan& plan, const RunnerOptions& options, const Support& support)
      : plan_(plan), options_(options), support_(support) {
    constexpr std::size_t waiting_per_job = 4;
    ordinary_.places = static_cast<std::size_t>(options.jobs);
    waiting_.places = ordinary_.places * waiting_per_job;
    for (const CheckCase& c : plan.checks) {
      queue_of(*c.probe, *this).checks.push_back(&c);
      ++to_come_[c.id().with_control(false)];
    }
  }

  std::vector<CaseResult> run() {
    while (!stopped(options_) && !enough_ && (start_what_can() || !running_.empty())) {
      wait_for_one();
      finish_ready();
    }
    running_.clear();  // kills what an interruption left
    end_resting();
    ending_.clear();
    return in_order();
  }

 private:
  // The plan's checks of one kind that are still to be run, in its order.
  struct Queue {
    std::vector<const CheckCase*> checks;
    std::size_t next = 0;
    std::size_t running = 0;
    std::size_t places = 1;
    [[nodiscard]] bool empty() const { return next == checks.size(); }
  };

  static Queue& queue_of(const Probe& probe, Checks& checks) {
    return probe.alone ? checks.alone_ : probe.waits ? checks.waiting_ : checks.ordinary_;
  }

  // Checks that mostly wait need little CPU: they have places of their own. Those that must run
  // alone come last. False if nothing is left to be started.
  bool start_what_can() {
    for (Queue* queue : {&waiting_, &ordinary_}) {
      while (!queue->empty() && queue->running < queue->places) start(*queue);
    }
    if (!waiting_.empty() || !ordinary_.empty()) return true;
    if (alone_.empty() || !running_.empty()) return !alone_.empty();
    end_resting();
    ending_.clear();
    start(alone_);
    return true;
  }

  void start(Queue& queue) {
    ++queue.running;
    options_.on_begin(queue.checks[queue.next]->id());
    running_.push_back(CheckRun::start(*queue.checks[queue.next++], support_));
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
      options_.on_end(result.id);
      keep(std::move(result));
      --queue_of(*running_[i].what().probe, *this).running;
      let_end(running_[i].take_arena());
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  // The next check need not wait until the kernel has torn the last one's arena down. Arenas are
  // ended many at once: what takes long then, waiting for RCU grace periods and the clean-up of
  // network namespaces, is done for all of them together.
  void let_end(std::optional<Arena> arena) {
    if (arena) resting_.push_back(std::move(*arena));
    constexpr std::size_t per_job = 16;
    if (resting_.size() >= per_job * static_cast<std::size_t>(options_.jobs)) end_resting();
  }
  void end_resting() {
    ending_.clear();  // waits for those before
    for (Arena& one : resting_) one.begin_end();
    ending_ = std::exchange(resting_, {});
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
      }
    }
    return ordered;
  }

  const Plan& plan_;
  const RunnerOptions& options_;
  const Support& support_;
  Clock::time_point start_ = Clock::now();
  Queue ordinary_;
  Queue waiting_;
  Queue alone_;
  std::size_t done_ = 0;
  bool enough_ = false;
  std::vector<CheckRun> running_;
  std::vector<Arena> resting_;  // of checks that are done
  std::vector<Arena> ending_;   // killed, but maybe not gone yet
  std::map<CaseId, CaseResult> results_;
  std::map<CaseId, std::size_t> to_come_;  // runs of a real case and its control
};

void run_benchmarks(const Plan& plan, const RunnerOptions& options, const Support& support,
                    Clock::time_point start, Report& report) {
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
        tell(event.running);
        Progress progress{.phase = Progress::Phase::Benchmarks,
                          .running = event.running != nullptr ? event.running->id().str() : "",
                          .done = event.batches_done,
                          .total = event.batches_total};
        progress.seconds_left = std::max(0.0, event.seconds_expected - event.seconds);
        options.on_progress(progress);
        return !stopped(options);
      });
  tell(nullptr);
  name_units(report);
}

}  // namespace

void run_plan(const Plan& plan, const RunnerOptions& options, const Support& support,
              Report& report) {
  const Clock::time_point start = Clock::now();
  report.cases = Checks(plan, options, support).run();
  settle_controls(report.cases);
  if (!stopped(options) && !plan.benchmarks.empty()) {
    run_benchmarks(plan, options, support, start, report);
  }
  report.run.interrupted = stopped(options);
  report.run.seconds = seconds_since(start);
}

}  // namespace nsbench
