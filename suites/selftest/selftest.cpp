#include "suites/selftest/selftest.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <utility>

#include "probes/sandbox/elapsed.h"
#include "suites/plan.h"
#include "suites/selftest/traced_run.h"

namespace nsbench::selftest {

namespace {

using Clock = std::chrono::steady_clock;

bool stopped(const SelftestOptions& options) {
  return options.stop != nullptr && *options.stop != 0;
}

// Generous: a case that hears a lie may well hang until its deadline.
std::chrono::seconds time_for(const Plan& plan, int jobs) {
  constexpr std::chrono::seconds least{60};
  return least + std::chrono::seconds(plan.checks.size() / static_cast<std::size_t>(jobs));
}

Result<Plan> plan_of(const Lie& lie, const SelftestOptions& options) {
  Selection selection;
  selection.benchmarks = false;
  selection.seed = options.seed;
  if (!options.whole) selection.filter = lie.cases;
  Result<Plan> plan = make_plan(selection);
  if (!plan) return Error{fmt::format("the lie {}: {}", lie.name, plan.error().str())};
  return plan;
}

std::vector<long> calls_of(const std::vector<const Lie*>& lies) {
  std::set<long> calls;
  for (const Lie* lie : lies) calls.insert(lie->calls.begin(), lie->calls.end());
  return {calls.begin(), calls.end()};
}

// A probe that looks at figures of the whole machine wants nothing beside it.
bool wants_to_be_alone(const Plan& plan) {
  return std::any_of(plan.checks.begin(), plan.checks.end(),
                     [](const CheckCase& one) { return one.probe->alone; });
}

// A lie, its cases, and what they said to it.
struct Hearing {
  const Lie* lie = nullptr;
  Plan plan;
  std::optional<Result<TracedResult>> result;  // none: it was not told yet
  double seconds = 0;
};

// Tells lies side by side.
class Telling {
 public:
  Telling(const SelftestOptions& options, std::vector<Hearing>& hearings, const Support& support)
      : options_(options), hearings_(hearings), support_(support) {}

  // Those that have no result.
  void run() {
    while (!stopped(options_) && (next() != nullptr || !running_.empty())) {
      while (next() != nullptr && has_room_for(next()->plan)) start(*next());
      wait_for_one();
      finish_ended();
    }
    if (!stopped(options_)) return;
    for (One& one : running_) one.run.let_go();
    running_.clear();
  }

 private:
  struct One {
    Hearing* hearing;
    Clock::time_point start;
    TracedRun run;
  };

  [[nodiscard]] bool is_running(const Hearing& hearing) const {
    return std::any_of(running_.begin(), running_.end(),
                       [&hearing](const One& one) { return one.hearing == &hearing; });
  }
  [[nodiscard]] Hearing* next() const {
    for (Hearing& hearing : hearings_) {
      if (!hearing.result && !is_running(hearing)) return &hearing;
    }
    return nullptr;
  }
  [[nodiscard]] bool has_room_for(const Plan& plan) const {
    if (running_.empty()) return true;
    return running_.size() < static_cast<std::size_t>(options_.jobs) && !wants_to_be_alone(plan) &&
           !wants_to_be_alone(running_.front().hearing->plan);
  }

  void start(Hearing& hearing) {
    const Clock::time_point now = Clock::now();
    Result<TracedRun> run = TracedRun::start({.lie = hearing.lie,
                                              .calls = hearing.lie->calls,
                                              .plan = &hearing.plan,
                                              .jobs = 1,
                                              .until_first = options_.until_first,
                                              .time = time_for(hearing.plan, 1)},
                                             support_);
    if (run) {
      running_.push_back({&hearing, now, std::move(*run)});
    } else {
      hearing.result = run.error();
    }
  }

  void wait_for_one() {
    std::vector<pollfd> ends;
    for (const One& one : running_) {
      ends.push_back({.fd = one.run.fd(), .events = POLLIN, .revents = 0});
    }
    constexpr int tick_ms = 200;
    if (!ends.empty()) ::poll(ends.data(), ends.size(), tick_ms);
  }

  void finish_ended() {
    for (std::size_t i = 0; i < running_.size();) {
      One& one = running_[i];
      if (!one.run.over()) {
        ++i;
        continue;
      }
      one.hearing->result = one.run.finish();
      one.hearing->seconds = seconds_since(one.start);
      show(*one.hearing);
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  void show(const Hearing& hearing) const {
    if (!options_.on_progress) return;
    const auto done = std::count_if(hearings_.begin(), hearings_.end(),
                                    [](const Hearing& one) { return one.result.has_value(); });
    options_.on_progress(std::string(hearing.lie->name), static_cast<std::size_t>(done),
                         hearings_.size());
  }

  const SelftestOptions& options_;
  std::vector<Hearing>& hearings_;
  const Support& support_;
  std::vector<One> running_;
};

std::set<CaseId> failed_in(const Hearing& hearing) {
  std::set<CaseId> failed;
  if (!hearing.result || !*hearing.result) return failed;
  for (const CaseResult& one : (*hearing.result)->cases) {
    if (!one.id.control && one.verdict == VerdictKind::Fail) failed.insert(one.id);
  }
  return failed;
}

// Which cases must be run without a lie for a judgement: those that noticed; without any, all.
Plan needed(const std::vector<Hearing>& hearings, const Baseline& known) {
  Plan plan;
  std::set<CaseId> added;
  for (const Hearing& hearing : hearings) {
    const std::set<CaseId> failed = failed_in(hearing);
    for (const CheckCase& one : hearing.plan.checks) {
      const CaseId real = one.id().with_control(false);
      if (known.knows(real) || (!failed.empty() && !failed.contains(real))) continue;
      if (added.insert(one.id()).second) plan.checks.push_back(one);
    }
  }
  return plan;
}

Status look_without_lie(const SelftestOptions& options, const Plan& plan, const Support& support,
                        Baseline& baseline) {
  if (plan.checks.empty()) return {};
  const std::vector<long> calls = calls_of(options.lies);
  if (options.on_progress) options.on_progress("without a lie", 0, options.lies.size());
  Result<TracedRun> run = TracedRun::start({.lie = nullptr,
                                            .calls = calls,
                                            .plan = &plan,
                                            .jobs = options.jobs,
                                            .time = time_for(plan, options.jobs)},
                                           support);
  if (!run) return run.error();
  constexpr int tick_ms = 100;
  for (pollfd end{.fd = run->fd(), .events = POLLIN, .revents = 0}; !run->over();) {
    if (stopped(options)) {
      run->let_go();
      return {};
    }
    ::poll(&end, 1, tick_ms);
  }
  Result<TracedResult> seen = run->finish();
  if (!seen) return seen.error();
  baseline.add(std::move(seen->cases));
  return {};
}

// Takes out the cases that go wrong without a lie. A lie that only those noticed is told once more
// to the others.
void leave_unfit_out(Hearing& hearing, const Baseline& baseline) {
  const std::set<CaseId> failed = failed_in(hearing);
  const auto is_fit = [&baseline](const CaseId& id) { return baseline.fit(id); };
  const bool again = !failed.empty() && std::none_of(failed.begin(), failed.end(), is_fit);
  const std::size_t left_out = std::erase_if(
      hearing.plan.checks,
      [&baseline](const CheckCase& one) { return baseline.unfit(one.id().with_control(false)); });
  if (left_out == 0) return;
  if (hearing.plan.checks.empty()) {
    hearing.result = Error{"its cases go wrong without it, too"};
  } else if (again) {
    hearing.result.reset();
  }
}

bool all_told(const std::vector<Hearing>& hearings) {
  return std::all_of(hearings.begin(), hearings.end(),
                     [](const Hearing& hearing) { return hearing.result.has_value(); });
}

}  // namespace

Result<SelftestReport> run_selftest(const SelftestOptions& options, const Support& support) {
  const Clock::time_point start = Clock::now();
  std::vector<Hearing> hearings;
  for (const Lie* lie : options.lies) {
    if (stopped(options)) break;
    Result<Plan> plan = plan_of(*lie, options);
    if (!plan) return plan.error();
    hearings.push_back({.lie = lie, .plan = std::move(*plan), .result = {}});
  }
  SelftestReport report;
  report.thorough = !options.until_first;
  // Where one case is enough for a lie, only the cases that noticed one are run without it.
  bool look_first = report.thorough;
  while (!stopped(options) && !all_told(hearings)) {
    if (!std::exchange(look_first, false)) Telling(options, hearings, support).run();
    if (stopped(options)) break;
    const Plan plan = needed(hearings, report.baseline);
    if (Status s = look_without_lie(options, plan, support, report.baseline); !s) return s.error();
    if (stopped(options)) break;
    for (Hearing& hearing : hearings) leave_unfit_out(hearing, report.baseline);
  }
  for (const Hearing& hearing : hearings) {
    if (!hearing.result) continue;
    report.lies.push_back(judge_lie(*hearing.lie, report.baseline, *hearing.result));
    report.lies.back().seconds = hearing.seconds;
  }
  report.complete = hearings.size() == options.lies.size() && all_told(hearings);
  report.seconds = seconds_since(start);
  return report;
}

}  // namespace nsbench::selftest
