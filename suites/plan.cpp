#include "suites/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <regex>
#include <utility>

#include "reports/pattern.h"

namespace nsbench {

namespace {

constexpr double tolerance = 1e-6;  // of a sum of seconds

class Filter {
 public:
  Filter(bool all, std::regex regex) : all_(all), regex_(std::move(regex)) {}
  [[nodiscard]] bool matches(const CaseId& id) const {
    return all_ || std::regex_search(id.with_control(false).str(), regex_);
  }

 private:
  bool all_;
  std::regex regex_;
};

// Leaves what is wanted, or everything where nothing is.
template <class Case, class Wanted>
void keep(std::vector<Case>& cases, const Wanted& wanted) {
  if (std::none_of(cases.begin(), cases.end(), wanted)) return;
  std::erase_if(cases, [&wanted](const Case& c) { return !wanted(c); });
}

std::vector<CheckCase> select_checks(const Selection& selection, const Filter& filter) {
  std::vector<CheckCase> all = all_check_cases();
  std::erase_if(all, [&filter](const CheckCase& c) { return !filter.matches(c.id()); });
  keep(all, [&](const CheckCase& c) {
    return is_listed(selection.suite->checks, c.probe->family, c.probe->name);
  });
  std::vector<CheckCase> repeated;
  for (int round = 0; round < selection.repeat; ++round) {
    repeated.insert(repeated.end(), all.begin(), all.end());
  }
  std::mt19937_64 random(selection.seed);
  std::shuffle(repeated.begin(), repeated.end(), random);
  return repeated;
}

// A suite without every privilege times what this process can do best: as root if it is root. A
// filter that names a privilege gets it, and one that leaves nothing of the suite or its tiers gets
// what it names.
std::vector<BenchCase> select_benchmarks(const Selection& selection, const Filter& filter) {
  const Privilege first = selection.sys_admin ? Privilege::Root : Privilege::Userns;
  std::vector<BenchCase> selected = all_bench_cases();
  std::erase_if(selected, [&filter](const BenchCase& c) { return !filter.matches(c.id()); });
  keep(selected, [&](const BenchCase& c) {
    return is_listed(selection.suite->benchmarks, c.workload->family, c.workload->name);
  });
  keep(selected, [&](const BenchCase& c) { return c.tier() <= selection.suite->last_tier; });
  if (!selection.suite->every_privilege) {
    keep(selected, [first](const BenchCase& c) { return c.privilege == first; });
  }
  return selected;
}

// Raises what has been given to those that `may` have more by the same amount each, to `most` at
// most, as long as there is some of `left`.
void raise_alike(std::vector<double>& given, double& left, double most, const auto& may) {
  std::vector<std::size_t> low;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i] > 0 && given[i] < most && may(i)) low.push_back(i);
  }
  std::sort(low.begin(), low.end(),
            [&given](std::size_t a, std::size_t b) { return given[a] > given[b]; });
  for (std::size_t n = low.size(); n > 0; --n) {
    // The one that has most of those that are left: it is full first.
    const std::size_t i = low[low.size() - n];
    const double share = std::min(left / static_cast<double>(n), most - given[i]);
    given[i] += share;
    left -= share;
  }
}

void spread_budget(const Selection& selection, Plan& plan, double budget) {
  std::vector<Tier> tiers;
  for (const BenchCase& c : plan.benchmarks) tiers.push_back(c.tier());
  const std::vector<double> seconds = deal_out(budget, tiers, selection.suite->seconds_per_core);
  std::vector<BenchCase> kept;
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    if (seconds[i] <= 0) continue;
    kept.push_back(plan.benchmarks[i]);
    plan.seconds.push_back(seconds[i]);
  }
  plan.left_out = plan.benchmarks.size() - kept.size();
  plan.benchmarks = std::move(kept);
}

// A suite's own budget is meant for all of it: what a filter leaves is given what the suite says.
void give_seconds(const Selection& selection, Plan& plan) {
  const Suite& suite = *selection.suite;
  const bool whole = selection.filter.empty() && selection.seconds <= 0 && suite.seconds > 0;
  plan.budget = selection.budget;
  if (selection.budget > 0 || whole) {
    spread_budget(selection, plan, selection.budget > 0 ? selection.budget : suite.seconds);
  } else {
    for (const BenchCase& c : plan.benchmarks) {
      const bool core = c.tier() == Tier::Core;
      plan.seconds.push_back(selection.seconds > 0 ? selection.seconds
                             : core                ? suite.seconds_per_core
                                                   : suite.seconds_per_benchmark);
    }
  }
  for (double& seconds : plan.seconds) seconds *= selection.repeat;
}

}  // namespace

std::vector<CheckCase> all_check_cases() {
  std::vector<CheckCase> cases;
  for (const Probe* probe : all_probes()) {
    for (const Way way : probe->ways) {
      for (const Privilege privilege : probe->privileges) {
        const CheckCase real{probe, way, privilege, false};
        if (!real.recipe().exists()) continue;
        cases.push_back(real);
        if (probe->control == ControlKind::Positive) continue;
        cases.push_back({probe, way, privilege, true});
      }
    }
  }
  return cases;
}

double Plan::benchmark_seconds() const {
  return std::accumulate(seconds.begin(), seconds.end(), 0.0);
}

std::vector<double> deal_out(double budget, const std::vector<Tier>& tiers,
                             double seconds_per_core) {
  std::vector<double> given(tiers.size(), 0.0);
  double left = budget;
  for (const Tier tier : {Tier::Core, Tier::Standard, Tier::Curve}) {
    for (std::size_t i = 0; i < tiers.size(); ++i) {
      if (tiers[i] != tier || left < least_seconds - tolerance) continue;
      given[i] = least_seconds;
      left -= least_seconds;
    }
  }
  const auto is_core = [&tiers](std::size_t i) { return tiers[i] == Tier::Core; };
  raise_alike(given, left, seconds_per_core, is_core);
  raise_alike(given, left, seconds_per_core, [&](std::size_t i) { return !is_core(i); });
  raise_alike(given, left, budget, [](std::size_t) { return true; });
  return given;
}

Result<Plan> make_plan(const Selection& selection) {
  Result<std::regex> regex = parse_pattern(selection.filter);
  if (!regex) return Error{fmt::format("--filter {}", regex.error().str())};
  const Filter filter(selection.filter.empty(), *std::move(regex));
  Plan plan;
  if (selection.checks) plan.checks = select_checks(selection, filter);
  if (selection.benchmarks) plan.benchmarks = select_benchmarks(selection, filter);
  give_seconds(selection, plan);
  return plan;
}

}  // namespace nsbench
