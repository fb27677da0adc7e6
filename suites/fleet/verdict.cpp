#include "suites/fleet/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "reports/printable.h"

namespace nsbench::fleet {
namespace {

using Jobs = std::vector<const PlannedJob*>;

// In the plan's order.
std::vector<std::pair<std::string, Jobs>> by_kernel(const Plan& plan) {
  std::vector<std::pair<std::string, Jobs>> kernels;
  std::map<std::string_view, std::size_t> places;
  for (const PlannedJob& job : plan.jobs) {
    const auto [place, is_new] = places.emplace(job.kernel, kernels.size());
    if (is_new) kernels.emplace_back(job.kernel, Jobs());
    kernels[place->second].second.push_back(&job);
  }
  return kernels;
}

std::string boot_of(const PlannedJob& job) {
  return fmt::format("boot {}{}{}", job.boot, job.why.empty() ? "" : ": ", printable(job.why, 400));
}

// What a job without a report says of its kernel.
void count_missing(const PlannedJob& job, bool is_base, Decision& decision) {
  switch (job.outcome) {
    case Outcome::Failed:
      add_reason(decision, is_base ? ExitCode::Unknown : ExitCode::Failed,
                 "the kernel failed, " + boot_of(job));
      return;
    default:
      add_reason(decision, ExitCode::Unknown,
                 fmt::format("a report is missing ({}), {}", id(job.outcome), boot_of(job)));
  }
}

struct Read {
  std::vector<Report> reports;
  KernelVerdict verdict;
};

Result<Read> read(const Fleet& fleet, const std::string& kernel, const Jobs& jobs, bool is_base) {
  Read read;
  read.verdict = {.device_type = fleet.plan.device_type,
                  .kernel = kernel,
                  .release = jobs.front()->release,
                  .is_base = is_base,
                  .jobs = jobs.size()};
  for (const PlannedJob* job : jobs) {
    if (job->outcome != Outcome::Collected) {
      count_missing(*job, is_base, read.verdict.decision);
      continue;
    }
    Result<Report> report = fleet.directory.report(*job);
    if (!report) return report.error();
    read.reports.push_back(std::move(*report));
  }
  read.verdict.reports = read.reports.size();
  return read;
}

void compare_with_base(const std::vector<Report>& base, const std::vector<Report>& now,
                       const GateOptions& options, KernelVerdict& verdict) {
  if (now.empty()) return;  // the reasons for that stand there
  if (base.empty()) {
    add_reason(verdict.decision, ExitCode::Unknown, "there is no report of the base");
    return;
  }
  const Result<Comparison> comparison = compare(base, now, options.compare);
  if (!comparison) {
    add_reason(verdict.decision, ExitCode::Unknown, comparison.error().str());
    return;
  }
  const Decision decision = options.policy != nullptr
                                ? judge(*comparison, now, *options.policy, options.today).decision
                                : decide(*comparison);
  // The gravest first; what is missing is grave where nothing failed.
  std::vector<std::string>& reasons = verdict.decision.reasons;
  const bool first = worse(decision.code, verdict.decision.code) != verdict.decision.code;
  reasons.insert(first ? reasons.begin() : reasons.end(), decision.reasons.begin(),
                 decision.reasons.end());
  verdict.decision.code = worse(verdict.decision.code, decision.code);
  verdict.benchmarks = comparison->series.size();
  for (const SeriesComparison& series : comparison->series) {
    verdict.decided += series.decided() ? 1 : 0;
    if (series.change == Change::Slower) verdict.slower.push_back(series.id.str());
  }
  for (const CaseComparison& one : comparison->cases) {
    if (one.outcome == nsbench::Outcome::Regressed) verdict.regressed.push_back(one.id.str());
  }
}

std::string base_of(const Fleet& fleet, const GateOptions& options) {
  return options.base.empty() ? fleet.plan.base : options.base;
}

// How many comparisons there will be.
Result<std::size_t> count_comparisons(const std::vector<Fleet>& fleets,
                                      const GateOptions& options) {
  std::size_t count = 0;
  std::set<std::string> types;
  for (const Fleet& fleet : fleets) {
    const std::string where = printable(fleet.directory.path().string());
    const std::string base = base_of(fleet, options);
    if (!types.insert(fleet.plan.device_type).second) {
      return Error{fmt::format("{}: a second fleet of {}: give each type of machine once", where,
                               fleet.plan.device_type)};
    }
    if (base.empty()) return Error{fmt::format("{}: which kernel is the base? --base", where)};
    const auto kernels = by_kernel(fleet.plan);
    if (std::none_of(kernels.begin(), kernels.end(),
                     [&base](const auto& kernel) { return kernel.first == base; })) {
      return Error{fmt::format("{}: there is no kernel {} in it", where, printable(base, 100))};
    }
    count += kernels.size() - 1;
  }
  return count;
}

class Gate {
 public:
  Gate(GateOptions options, const std::function<void(const KernelVerdict&)>& tell)
      : options_(std::move(options)), tell_(tell) {}

  Status run(const Fleet& fleet, const std::function<bool()>& stopped, FleetVerdict& out) const {
    const std::string name = base_of(fleet, options_);
    auto kernels = by_kernel(fleet.plan);
    const auto of_base = std::find_if(kernels.begin(), kernels.end(),
                                      [&name](const auto& kernel) { return kernel.first == name; });
    std::rotate(kernels.begin(), of_base, of_base + 1);
    Result<Read> base = read(fleet, name, kernels.front().second, true);
    if (!base) return base.error();
    take(std::move(base->verdict), out);
    for (std::size_t i = 1; i < kernels.size(); ++i) {
      if (stopped()) return {};
      Result<Read> now = read(fleet, kernels[i].first, kernels[i].second, false);
      if (!now) return now.error();
      compare_with_base(base->reports, now->reports, options_, now->verdict);
      take(std::move(now->verdict), out);
    }
    return {};
  }

 private:
  void take(KernelVerdict verdict, FleetVerdict& out) const {
    out.code = worse(out.code, verdict.decision.code);
    tell_(verdict);
    out.kernels.push_back(std::move(verdict));
  }

  GateOptions options_;
  const std::function<void(const KernelVerdict&)>& tell_;
};

}  // namespace

Result<FleetVerdict> gate(const std::vector<Fleet>& fleets, const GateOptions& options,
                          const std::function<void(const KernelVerdict&)>& tell,
                          const std::function<bool()>& stopped) {
  const Result<std::size_t> comparisons = count_comparisons(fleets, options);
  if (!comparisons) return comparisons.error();
  FleetVerdict verdict;
  verdict.comparisons = *comparisons;
  GateOptions each = options;
  each.compare.alpha /= static_cast<double>(std::max<std::size_t>(1, *comparisons));
  verdict.alpha = each.compare.alpha;
  if (*comparisons == 0) verdict.code = ExitCode::Unknown;  // nothing was asked
  const Gate gate(std::move(each), tell);
  for (const Fleet& fleet : fleets) {
    if (Status done = gate.run(fleet, stopped, verdict); !done) return done.error();
  }
  if (stopped()) verdict.code = worse(verdict.code, ExitCode::Unknown);
  return verdict;
}

std::string verdict_json(const FleetVerdict& verdict) {
  using Json = nlohmann::ordered_json;
  Json kernels = Json::array();
  for (const KernelVerdict& kernel : verdict.kernels) {
    kernels.push_back({{"device_type", kernel.device_type},
                       {"kernel", kernel.kernel},
                       {"release", kernel.release},
                       {"base", kernel.is_base},
                       {"verdict", kernel.decision.id()},
                       {"reasons", kernel.decision.reasons},
                       {"jobs", kernel.jobs},
                       {"reports", kernel.reports},
                       {"benchmarks", kernel.benchmarks},
                       {"decided", kernel.decided},
                       {"regressed", kernel.regressed},
                       {"slower", kernel.slower}});
  }
  Decision all;
  all.code = verdict.code;
  const Json document{{"schema", fleet_schema},
                      {"verdict", all.id()},
                      {"exit", static_cast<int>(verdict.code)},
                      {"comparisons", verdict.comparisons},
                      {"alpha", verdict.alpha},
                      {"kernels", std::move(kernels)}};
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace nsbench::fleet
