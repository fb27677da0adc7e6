// What became of each check and benchmark: does it still hold, is it still asked? And the kernel?
#include <algorithm>
#include <map>
#include <set>

#include "reports/compare_parts.h"

namespace nsbench::comparing {
namespace {

// In order of gravity: of several reports the gravest counts.
enum class State : std::uint8_t { Missing, Held, Skipped, Broken, Failed };

struct Found {
  State before = State::Missing;
  State after = State::Missing;
};
using Outcomes = std::map<CaseId, Found>;

State state_of(const CaseResult& result) {
  switch (result.verdict) {
    case VerdictKind::Pass:
      return State::Held;
    case VerdictKind::Skip:
      return State::Skipped;
    case VerdictKind::Fail:
      return State::Failed;
    case VerdictKind::Broken:
      break;
  }
  return State::Broken;
}

// A benchmark that failed says nothing about isolation: it is broken.
State state_of(const Series& series) {
  return series.skip ? State::Skipped : series.is_result() ? State::Held : State::Broken;
}

void gather(const Reports& reports, State Found::*side, Outcomes& checks, Outcomes& benchmarks) {
  for (const Report* report : reports) {
    for (const CaseResult& result : report->cases) {
      if (result.id.control) continue;  // its verdict is in that of its check already
      State& state = checks[result.id].*side;
      state = std::max(state, state_of(result));
    }
    for (const Series& series : report->series) {
      State& state = benchmarks[series.id].*side;
      const State own = state_of(series);
      // One run that is a result is enough to compare; what failed beside it is a warning.
      const bool timed = state == State::Held || own == State::Held;
      state = timed ? State::Held : std::max(state, own);
    }
  }
}

Outcome outcome_of(const Found& found) {
  const bool was_decided = found.before == State::Held || found.before == State::Failed;
  switch (found.after) {
    case State::Failed:
      return found.before == State::Held     ? Outcome::Regressed
             : found.before == State::Failed ? Outcome::StillFailing
                                             : Outcome::Failing;
    case State::Held:
      return found.before == State::Held      ? Outcome::Unchanged
             : found.before == State::Failed  ? Outcome::Fixed
             : found.before == State::Missing ? Outcome::OnlyAfter
                                              : Outcome::GainedCoverage;
    case State::Missing:
      return was_decided ? Outcome::LostCoverage : Outcome::OnlyBefore;
    case State::Skipped:
    case State::Broken:
      break;
  }
  if (was_decided) return Outcome::LostCoverage;
  return found.before == State::Missing ? Outcome::OnlyAfter : Outcome::Unchanged;
}

std::string name_of(State state, bool benchmark) {
  switch (state) {
    case State::Missing:
      return "missing";
    case State::Held:
      return benchmark ? "timed" : "pass";
    case State::Skipped:
      return "skip";
    case State::Broken:
      return benchmark ? "failed" : "broken";
    case State::Failed:
      break;
  }
  return "fail";
}

}  // namespace

std::vector<ComparedSplat> splats_of(const Input& input) {
  std::set<std::string> known;
  for (const Report* report : input.base) {
    for (const Splat& splat : nsbench::splats_of(report->kernel)) known.insert(splat.kind);
  }
  std::vector<ComparedSplat> all;
  for (const Report* report : input.now) {
    for (Splat& splat : nsbench::splats_of(report->kernel)) {
      const bool is_new = !known.contains(splat.kind);
      all.push_back({std::move(splat), is_new});
    }
  }
  std::stable_partition(all.begin(), all.end(), [](const auto& one) { return one.is_new; });
  if (all.size() > most_splats) all.resize(most_splats);
  return all;
}

std::vector<CaseComparison> outcomes_of(const Input& input, std::size_t& joined) {
  Outcomes checks;
  Outcomes benchmarks;
  gather(input.base, &Found::before, checks, benchmarks);
  gather(input.now, &Found::after, checks, benchmarks);
  std::vector<CaseComparison> all;
  joined = 0;
  for (const bool benchmark : {false, true}) {
    for (const auto& [id, found] : benchmark ? benchmarks : checks) {
      if (found.before != State::Missing && found.after != State::Missing) ++joined;
      const Outcome outcome = outcome_of(found);
      if (benchmark && outcome == Outcome::Unchanged) continue;
      all.push_back({id, outcome, benchmark, name_of(found.before, benchmark),
                     name_of(found.after, benchmark)});
    }
  }
  return all;
}

}  // namespace nsbench::comparing
