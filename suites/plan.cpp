#include "suites/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <regex>

namespace nsbench {

namespace {

class Filter {
 public:
  explicit Filter(const std::string& text) : all_(text.empty()), regex_(text) {}
  [[nodiscard]] bool matches(const CaseId& id) const {
    return all_ || std::regex_search(id.with_control(false).str(), regex_);
  }

 private:
  bool all_;
  std::regex regex_;
};

std::vector<CheckCase> select_checks(const Selection& selection, const Filter& filter) {
  std::vector<CheckCase> all = all_check_cases();
  std::erase_if(all, [&filter](const CheckCase& c) { return !filter.matches(c.id()); });
  std::vector<CheckCase> repeated;
  for (int round = 0; round < selection.repeat; ++round) {
    repeated.insert(repeated.end(), all.begin(), all.end());
  }
  std::mt19937_64 random(selection.seed);
  std::shuffle(repeated.begin(), repeated.end(), random);
  return repeated;
}

// A suite without every privilege times what this process can do best: as root if it is root. A
// filter that names a privilege gets it.
std::vector<BenchCase> select_benchmarks(const Selection& selection, const Filter& filter) {
  const Privilege first = selection.sys_admin ? Privilege::Root : Privilege::Userns;
  std::vector<BenchCase> selected = all_bench_cases();
  std::erase_if(selected, [&filter](const BenchCase& c) { return !filter.matches(c.id()); });
  const bool any_first = std::any_of(selected.begin(), selected.end(),
                                     [first](const BenchCase& c) { return c.privilege == first; });
  if (!selection.suite->every_privilege && any_first) {
    std::erase_if(selected, [first](const BenchCase& c) { return c.privilege != first; });
  }
  return selected;
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

Result<Plan> make_plan(const Selection& selection) {
  try {
    const Filter filter(selection.filter);
    Plan plan;
    plan.seconds_per_benchmark =
        selection.seconds > 0 ? selection.seconds : selection.suite->seconds_per_benchmark;
    plan.seconds_per_benchmark *= selection.repeat;
    if (selection.checks) plan.checks = select_checks(selection, filter);
    if (selection.benchmarks) plan.benchmarks = select_benchmarks(selection, filter);
    return plan;
  } catch (const std::regex_error& error) {
    return Error{fmt::format("--filter \"{}\" is no regular expression: {}", selection.filter,
                             error.what())};
  }
}

}  // namespace nsbench
