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
  if (job.outcome == Outcome::Failed) {
    add_reason(decision, is_base ? ExitCode::Unknown : ExitCode::Failed,
               "the kernel failed, " + boot_of(job));
  } else {
    add_reason(decision, ExitCode::Unknown,
               fmt::format("a report is missing ({}), {}", id(job.outcome), boot_of(job)));
  }
}

// One kernel's reports: of its first boots, and of those behind them.
struct Reports {
  std::vector<Report> first, fresh;
};

Status read(const Fleet& fleet, const Jobs& jobs, int first_boots, Reports& into) {
  for (const PlannedJob* job : jobs) {
    if (job->outcome != Outcome::Collected) continue;
    Result<Report> report = fleet.directory.report(*job);
    if (!report) return report.error();
    (job->boot <= first_boots ? into.first : into.fresh).push_back(std::move(*report));
  }
  return {};
}

// For the first look: every boot's checks count, and the first boots' times.
std::vector<Report> without_fresh_times(Reports reports) {
  for (Report& report : reports.fresh) {
    report.series.clear();
    reports.first.push_back(std::move(report));
  }
  return std::move(reports.first);
}

KernelVerdict verdict_on(const Fleet& fleet, const std::string& kernel, const Jobs& jobs,
                         bool is_base) {
  KernelVerdict verdict{.device_type = fleet.plan.device_type,
                        .kernel = kernel,
                        .release = jobs.front()->release,
                        .is_base = is_base,
                        .jobs = jobs.size()};
  for (const PlannedJob* job : jobs) {
    if (job->outcome == Outcome::Collected) {
      ++verdict.reports;
    } else {
      count_missing(*job, is_base, verdict.decision);
    }
  }
  return verdict;
}

// What a comparison calls slower and is only suspected here can't be told, as far as decisions go.
std::vector<CaseId> take_suspects(Comparison& comparison, const Shares& shares,
                                  const Ruling* ruling) {
  std::vector<CaseId> suspects;
  for (SeriesComparison& series : comparison.series) {
    if (series.change != Change::Slower || shares.is_found(series)) continue;
    if (ruling != nullptr && find(ruling->xfail, series.id) != nullptr) continue;
    series.change = Change::CannotTell;
    suspects.push_back(series.id);
  }
  return suspects;
}

Decision decision_on(const Comparison& comparison, const std::vector<Report>& now,
                     const GateOptions& options) {
  return options.policy != nullptr ? judge(comparison, now, *options.policy, options.today).decision
                                   : decide(comparison);
}

// The gravest first; what is missing is grave where nothing failed.
void add_decision(const Decision& decision, Decision& to) {
  const bool first = worse(decision.code, to.code) != to.code;
  to.reasons.insert(first ? to.reasons.begin() : to.reasons.end(), decision.reasons.begin(),
                    decision.reasons.end());
  to.code = worse(to.code, decision.code);
}

void add_counts(const Comparison& comparison, KernelVerdict& verdict) {
  verdict.benchmarks = comparison.series.size();
  for (const SeriesComparison& series : comparison.series) {
    verdict.decided += series.decided() ? 1 : 0;
    if (series.change == Change::Slower) verdict.slower.push_back(series.id.str());
  }
  if (verdict.decided == 0 && verdict.benchmarks > 0 && verdict.suspected.empty()) {
    add_reason(verdict.decision, ExitCode::Unknown,
               fmt::format("{}: {}", comparison.series.front().id.str(),
                           comparison.series.front().reason));
  }
  for (const CaseComparison& one : comparison.cases) {
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

// A comparison that left a suspicion, and what is needed to look again.
struct Suspect {
  const Fleet* fleet = nullptr;
  Jobs base, now;
  std::size_t verdict = 0;  // its place
  std::vector<CaseId> series;
};

class Gate {
 public:
  Gate(const GateOptions& options, std::size_t comparisons)
      : options_(options), shares_(options.compare.alpha, comparisons) {
    out_.comparisons = comparisons;
    out_.alpha = options.compare.alpha;
  }

  Status look(const Fleet& fleet, const std::function<bool()>& stopped);
  // Behind look() at all fleets.
  Status look_again(const std::function<bool()>& stopped);
  void look_at_all_together();
  FleetVerdict take() {
    for (const KernelVerdict& one : out_.kernels) out_.code = worse(out_.code, one.decision.code);
    if (!out_.together.empty()) out_.code = worse(out_.code, ExitCode::Failed);
    return std::move(out_);
  }

 private:
  std::vector<CaseId> compare_with_base(const std::vector<Report>& base,
                                        const std::vector<Report>& now, KernelVerdict& verdict);
  Status look_again_at(const Suspect& suspect, std::size_t comparisons);

  const GateOptions& options_;
  Shares shares_;
  Pool pool_;
  std::vector<Suspect> suspects_;
  FleetVerdict out_;
};

std::vector<CaseId> Gate::compare_with_base(const std::vector<Report>& base,
                                            const std::vector<Report>& now,
                                            KernelVerdict& verdict) {
  if (now.empty()) return {};  // the reasons for that stand there
  if (base.empty()) {
    add_reason(verdict.decision, ExitCode::Unknown, "there is no report of the base");
    return {};
  }
  Result<Comparison> comparison = compare(base, now, options_.compare);
  if (!comparison) {
    add_reason(verdict.decision, ExitCode::Unknown, comparison.error().str());
    return {};
  }
  std::optional<Ruling> ruling;
  if (options_.policy != nullptr) {
    ruling = judge(*comparison, now, *options_.policy, options_.today);
  }
  if (!shares_.single()) {
    for (const SeriesComparison& series : comparison->series) {
      if (!ruling || find(ruling->xfail, series.id) == nullptr) pool_.add(verdict.kernel, series);
    }
  }
  std::vector<CaseId> suspects = take_suspects(*comparison, shares_, ruling ? &*ruling : nullptr);
  for (const CaseId& id : suspects) verdict.suspected.push_back(id.str());
  add_decision(decision_on(*comparison, now, options_), verdict.decision);
  add_counts(*comparison, verdict);
  return suspects;
}

Status Gate::look(const Fleet& fleet, const std::function<bool()>& stopped) {
  const std::string name = base_of(fleet, options_);
  auto kernels = by_kernel(fleet.plan);
  const auto of_base = std::find_if(kernels.begin(), kernels.end(),
                                    [&name](const auto& kernel) { return kernel.first == name; });
  std::rotate(kernels.begin(), of_base, of_base + 1);
  const Jobs& base_jobs = kernels.front().second;
  Reports of_all;
  if (Status done = read(fleet, base_jobs, options_.first_boots, of_all); !done) return done;
  const std::vector<Report> base = without_fresh_times(std::move(of_all));
  out_.kernels.push_back(verdict_on(fleet, name, base_jobs, true));
  for (std::size_t i = 1; i < kernels.size(); ++i) {
    if (stopped()) return {};
    const Jobs& jobs = kernels[i].second;
    Reports reports;
    if (Status done = read(fleet, jobs, options_.first_boots, reports); !done) return done;
    KernelVerdict verdict = verdict_on(fleet, kernels[i].first, jobs, false);
    std::vector<CaseId> suspects =
        compare_with_base(base, without_fresh_times(std::move(reports)), verdict);
    if (!suspects.empty()) {
      suspects_.push_back({&fleet, base_jobs, jobs, out_.kernels.size(), std::move(suspects)});
    }
    out_.kernels.push_back(std::move(verdict));
  }
  return {};
}

// The fresh boots' times, of what is suspected alone.
std::vector<Report> fresh_times(Reports reports, const std::vector<CaseId>& of) {
  for (Report& report : reports.fresh) {
    report.cases.clear();
    std::erase_if(report.series, [&of](const Series& series) {
      return std::find(of.begin(), of.end(), series.id) == of.end();
    });
  }
  return std::move(reports.fresh);
}

Status Gate::look_again_at(const Suspect& suspect, std::size_t comparisons) {
  Reports base;
  Reports now;
  for (auto [jobs, into] : {std::pair{&suspect.base, &base}, std::pair{&suspect.now, &now}}) {
    if (Status done = read(*suspect.fleet, *jobs, options_.first_boots, *into); !done) return done;
  }
  CompareOptions how = options_.compare;
  how.alpha = shares_.again(comparisons);
  const Result<Comparison> again = compare(fresh_times(std::move(base), suspect.series),
                                           fresh_times(std::move(now), suspect.series), how);
  KernelVerdict& verdict = out_.kernels[suspect.verdict];
  verdict.suspected.clear();
  std::vector<std::string> found;
  for (const CaseId& id : suspect.series) {
    const SeriesComparison* row = nullptr;
    for (std::size_t i = 0; again && i < again->series.size(); ++i) {
      if (again->series[i].id == id) row = &again->series[i];
    }
    // Without as many boots as it takes it is not borne out, and not dropped either.
    if (row == nullptr || !row->p) {
      verdict.suspected.push_back(id.str());
    } else if (row->change == Change::Slower) {
      found.push_back(id.str());
    }
  }
  if (found.empty()) return {};
  Decision decision;
  add_reason(decision, ExitCode::Failed,
             named(found, "benchmark is slower, and so it is in fresh boots",
                   "benchmarks are slower, and so they are in fresh boots"));
  add_decision(decision, verdict.decision);
  verdict.slower.insert(verdict.slower.end(), found.begin(), found.end());
  return {};
}

Status Gate::look_again(const std::function<bool()>& stopped) {
  for (const Suspect& suspect : suspects_) {
    if (stopped()) return {};
    if (Status done = look_again_at(suspect, suspects_.size()); !done) return done;
  }
  return {};
}

void Gate::look_at_all_together() {
  out_.together = pool_.slower(shares_);
  for (KernelVerdict& verdict : out_.kernels) {
    std::erase_if(verdict.suspected, [&](const std::string& id) {
      return std::any_of(out_.together.begin(), out_.together.end(), [&](const Together& one) {
        return one.kernel == verdict.kernel && one.series == id;
      });
    });
    if (verdict.suspected.empty()) continue;
    add_reason(
        verdict.decision, ExitCode::Unknown,
        fmt::format("{}: {} fresh boots of it and of the base would tell (--boots {})",
                    named(verdict.suspected, "benchmark may be slower", "benchmarks may be slower"),
                    runs_needed, options_.first_boots + static_cast<int>(runs_needed)));
  }
}

}  // namespace

Result<FleetVerdict> gate(const std::vector<Fleet>& fleets, const GateOptions& options,
                          const std::function<bool()>& stopped) {
  const Result<std::size_t> comparisons = count_comparisons(fleets, options);
  if (!comparisons) return comparisons.error();
  Gate gate(options, *comparisons);
  for (const Fleet& fleet : fleets) {
    if (Status done = gate.look(fleet, stopped); !done) return done.error();
  }
  if (Status done = gate.look_again(stopped); !done) return done.error();
  gate.look_at_all_together();
  FleetVerdict verdict = gate.take();
  // Nothing was asked, or not all of it.
  if (*comparisons == 0 || stopped()) verdict.code = worse(verdict.code, ExitCode::Unknown);
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
                       {"slower", kernel.slower},
                       {"suspected", kernel.suspected}});
  }
  Json together = Json::array();
  for (const Together& one : verdict.together) {
    together.push_back({{"kernel", one.kernel},
                        {"series", one.series},
                        {"device_types", one.types},
                        {"ratio", one.ratio}});
  }
  Decision all;
  all.code = verdict.code;
  const Json document{{"schema", fleet_schema},
                      {"verdict", all.id()},
                      {"exit", static_cast<int>(verdict.code)},
                      {"comparisons", verdict.comparisons},
                      {"alpha", verdict.alpha},
                      {"slower_together", std::move(together)},
                      {"kernels", std::move(kernels)}};
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace nsbench::fleet
