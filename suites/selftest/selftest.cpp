#include "suites/selftest/selftest.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>

#include "suites/plan.h"
#include "suites/selftest/traced_run.h"

namespace nsbench::selftest {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

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

// Every case that any of the plans has, once.
Plan union_of(const std::vector<Plan>& plans) {
  Plan all;
  std::set<CaseId> known;
  for (const Plan& plan : plans) {
    for (const CheckCase& one : plan.checks) {
      if (known.insert(one.id()).second) all.checks.push_back(one);
    }
  }
  return all;
}

std::vector<long> calls_of(const std::vector<const Lie*>& lies) {
  std::set<long> calls;
  for (const Lie* lie : lies) calls.insert(lie->calls.begin(), lie->calls.end());
  return {calls.begin(), calls.end()};
}

// Tells lies side by side.
class Telling {
 public:
  Telling(const SelftestOptions& options, std::vector<Plan> plans, const Support& support,
          SelftestReport& report)
      : options_(options), plans_(std::move(plans)), support_(support), report_(report) {}

  void run() {
    report_.lies.resize(options_.lies.size());
    while (!stopped(options_) && (next_ < plans_.size() || !running_.empty())) {
      while (next_ < plans_.size() && has_room_for(plans_[next_])) start(next_++);
      wait_for_one();
      finish_ended();
    }
    for (const One& one : running_) report_.lies[one.place].lie = nullptr;
    std::erase_if(report_.lies, [](const LieOutcome& outcome) { return outcome.lie == nullptr; });
    report_.complete = report_.lies.size() == plans_.size();
  }

 private:
  // A probe that looks at figures of the whole machine wants nothing beside it.
  static bool wants_to_be_alone(const Plan& plan) {
    return std::any_of(plan.checks.begin(), plan.checks.end(),
                       [](const CheckCase& one) { return one.probe->alone; });
  }
  [[nodiscard]] bool has_room_for(const Plan& plan) const {
    if (running_.empty()) return true;
    return running_.size() < static_cast<std::size_t>(options_.jobs) && !wants_to_be_alone(plan) &&
           !wants_to_be_alone(plans_[running_.front().place]);
  }

  struct One {
    std::size_t place;
    Clock::time_point start;
    TracedRun run;
  };

  void start(std::size_t place) {
    const Lie& lie = *options_.lies[place];
    const Clock::time_point now = Clock::now();
    Plan& plan = plans_[place];
    const bool any = !plan.checks.empty();
    std::erase_if(plan.checks, [this](const CheckCase& one) {
      return !report_.baseline.fit(one.id().with_control(false));
    });
    if (any && plan.checks.empty()) {
      report_.lies[place] =
          judge_lie(lie, report_.baseline, Error{"its cases go wrong without it, too"});
      ++done_;
      return;
    }
    Result<TracedRun> run = TracedRun::start({.lie = &lie,
                                              .calls = lie.calls,
                                              .plan = &plan,
                                              .jobs = 1,
                                              .until_first = options_.until_first,
                                              .time = time_for(plan, 1)},
                                             support_);
    if (run) {
      running_.push_back({place, now, std::move(*run)});
    } else {
      report_.lies[place] = judge_lie(lie, report_.baseline, run.error());
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
      const Lie& lie = *options_.lies[one.place];
      LieOutcome& outcome = report_.lies[one.place];
      outcome = judge_lie(lie, report_.baseline, one.run.finish());
      outcome.seconds = seconds_since(one.start);
      if (options_.on_progress) {
        options_.on_progress(std::string(lie.name), ++done_, plans_.size());
      }
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  const SelftestOptions& options_;
  std::vector<Plan> plans_;
  const Support& support_;
  SelftestReport& report_;
  std::size_t next_ = 0;
  std::size_t done_ = 0;
  std::vector<One> running_;
};

}  // namespace

Result<SelftestReport> run_selftest(const SelftestOptions& options, const Support& support) {
  const Clock::time_point start = Clock::now();
  std::vector<Plan> plans;
  for (const Lie* lie : options.lies) {
    Result<Plan> plan = plan_of(*lie, options);
    if (!plan) return plan.error();
    plans.push_back(std::move(*plan));
  }
  const Plan all = options.whole && !plans.empty() ? plans.front() : union_of(plans);
  const std::vector<long> calls = calls_of(options.lies);
  if (options.on_progress) options.on_progress("without a lie", 0, plans.size());
  Result<TracedRun> baseline = TracedRun::start({.lie = nullptr,
                                                 .calls = calls,
                                                 .plan = &all,
                                                 .jobs = options.jobs,
                                                 .time = time_for(all, options.jobs)},
                                                support);
  if (!baseline) return baseline.error();
  Result<TracedResult> seen = baseline->finish();
  if (!seen) return seen.error();
  SelftestReport report;
  report.baseline = Baseline(std::move(seen->cases));
  report.thorough = !options.until_first;
  Telling(options, std::move(plans), support, report).run();
  report.seconds = seconds_since(start);
  return report;
}

}  // namespace nsbench::selftest
