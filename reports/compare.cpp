#include "reports/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "reports/compare_parts.h"
#include "reports/printable.h"

namespace nsbench {
namespace comparing {

void cannot_tell(SeriesComparison& row, std::string code, std::string reason) {
  row.change = Change::CannotTell;
  row.code = std::move(code);
  row.reason = std::move(reason);
}

std::string percent(double fraction) {
  const double value = 100 * fraction;
  const int decimals = value < 0.995 ? 2 : value < 9.95 ? 1 : 0;
  return fmt::format("{:.{}f} %", value, decimals);
}

void conclude_without_change(SeriesComparison& row, const Interval& interval,
                             const CompareOptions& options) {
  const double margin = options.same_within();
  if (interval.low >= 1 / (1 + margin) && interval.high <= 1 + margin) {
    row.change = Change::Same;
    return;
  }
  std::string reason = fmt::format("a change of {} either way can't be ruled out", percent(margin));
  if (row.detectable)
    reason += fmt::format("; one of {} would have shown", percent(*row.detectable));
  cannot_tell(row, "noisy", std::move(reason));
}

std::vector<Session> sessions_of(const Input& input) {
  std::map<std::string, Session> all;
  const auto add = [&](const Reports& reports, const Report* Session::*side) {
    for (const Report* report : reports) {
      if (!report->run.lockstep.empty()) all[report->run.lockstep].*side = report;
    }
  };
  add(input.base, &Session::base);
  add(input.now, &Session::now);
  add(input.null, &Session::null);
  std::vector<Session> both;
  for (const auto& [id, session] : all) {
    if (session.base != nullptr && session.now != nullptr) both.push_back(session);
  }
  return both;
}

Procedure procedure_of(const Input& input) {
  const auto counts = [](const Report* report) { return report->kernel.clock == "instructions"; };
  if (std::all_of(input.base.begin(), input.base.end(), counts) &&
      std::all_of(input.now.begin(), input.now.end(), counts)) {
    return Procedure::Instructions;
  }
  return sessions_of(input).empty() ? Procedure::Runs : Procedure::LockStep;
}

namespace {

using AllJoined = std::map<CaseId, Joined>;

void add(const Report& report, std::size_t place, std::vector<Timed> Joined::*side,
         AllJoined& all) {
  for (const Series& series : report.series) {
    Joined& joined = all[series.id];
    joined.id = series.id;
    std::vector<Timed>& timed = joined.*side;
    const bool again = !timed.empty() && timed.back().report == &report;  // an id counts once
    if (!again) timed.push_back({&report, &series, place});
  }
}

AllJoined join(const Input& input, Procedure procedure) {
  AllJoined all;
  if (procedure == Procedure::LockStep) {
    std::size_t place = 0;
    for (const Session& session : sessions_of(input)) {
      add(*session.base, place, &Joined::base, all);
      add(*session.now, place, &Joined::now, all);
      if (session.null != nullptr) add(*session.null, place, &Joined::null, all);
      ++place;
    }
  } else {
    for (std::size_t i = 0; i < input.base.size(); ++i) {
      add(*input.base[i], i, &Joined::base, all);
    }
    for (std::size_t i = 0; i < input.now.size(); ++i) add(*input.now[i], i, &Joined::now, all);
  }
  std::erase_if(
      all, [](const auto& entry) { return entry.second.base.empty() || entry.second.now.empty(); });
  return all;
}

// Keeps what is a result; with none left, says why, in the words of the first that is not.
bool keep_results(std::vector<Timed>& side, const char* name, SeriesComparison& row) {
  const Series* const first = side.front().series;
  std::erase_if(side, [](const Timed& timed) { return !timed.series->is_result(); });
  if (!side.empty()) return true;
  const std::string error =
      first->error.empty() ? "no call was timed" : printable(first->error, 200);
  cannot_tell(row, first->skip ? "skipped" : "failed", fmt::format("{}: {}", name, error));
  return false;
}

bool all_skipped(const std::vector<Timed>& side) {
  return std::all_of(side.begin(), side.end(),
                     [](const Timed& timed) { return timed.series->skip.has_value(); });
}

Evidence examine(Joined joined, Procedure procedure, const CompareOptions& options) {
  SeriesComparison row;
  row.id = joined.id;
  row.unit = joined.base.front().series->unit;
  Evidence evidence;
  if (!keep_results(joined.base, "base", row) || !keep_results(joined.now, "new", row) ||
      is_hindered(joined, procedure, options, row)) {
    evidence.row = std::move(row);
    return evidence;
  }
  evidence = procedure == Procedure::LockStep ? measure_pairs(joined, options)
                                              : measure_means(joined, procedure, options);
  evidence.row.id = joined.id;
  evidence.row.unit = row.unit;
  for (const auto* side : {&joined.base, &joined.now}) {
    for (const Timed& timed : *side) evidence.row.drained &= timed.series->drained;
  }
  evidence.may_be_layout =
      is_layout_biased(joined) && std::abs(evidence.log_ratio) < std::log1p(layout_bias);
  return evidence;
}

std::vector<Evidence> examine_all(const Input& input, Procedure procedure) {
  std::vector<Evidence> all;
  for (const auto& [id, joined] : join(input, procedure)) {
    if (all_skipped(joined.base) && all_skipped(joined.now)) continue;
    const CompareOptions options = input.options.of(id);
    all.push_back(examine(joined, procedure, options));
    all.back().row.threshold = options.threshold;
  }
  return all;
}

// Corrects and decides; the number of benchmarks that were tested.
std::size_t conclude(std::vector<Evidence>& all, Procedure procedure,
                     const CompareOptions& options) {
  std::vector<Evidence*> tested;
  std::vector<double> p;
  for (Evidence& evidence : all) {
    if (!evidence.p) continue;
    tested.push_back(&evidence);
    p.push_back(*evidence.p);
  }
  const std::vector<double> corrected = holm(p);
  for (std::size_t i = 0; i < tested.size(); ++i) {
    const CompareOptions own = options.of(tested[i]->row.id);
    if (procedure == Procedure::LockStep) {
      conclude_pairs(*tested[i], corrected[i], tested.size(), own);
    } else {
      conclude_means(*tested[i], corrected[i], tested.size(), own);
    }
    SeriesComparison& row = tested[i]->row;
    if (tested[i]->may_be_layout &&
        (row.change == Change::Slower || row.change == Change::Faster)) {
      cannot_tell(row, "layout-bias",
                  fmt::format("under {}, where an emulator's clock shows how the two builds are "
                              "laid out; let it count instructions",
                              percent(layout_bias)));
    }
  }
  return tested.size();
}

// The same run twice on one side would count as two.
std::optional<Error> twice(const Reports& reports, const char* side) {
  std::map<std::tuple<std::string, std::string, std::uint64_t, std::string, std::string>,
           std::size_t>
      seen;
  std::map<std::string, std::size_t> sessions;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const RunInfo& run = reports[i]->run;
    const auto [same, fresh] = seen.emplace(
        std::tuple(reports[i]->kernel.boot_id, run.started, run.seed, run.lockstep, run.side),
        i + 1);
    if (!fresh) {
      return Error{
          fmt::format("reports {} and {} of {} are the same run", same->second, i + 1, side)};
    }
    if (run.lockstep.empty()) continue;
    const auto [other, first] = sessions.emplace(run.lockstep, i + 1);
    if (!first) {
      return Error{
          fmt::format("reports {} and {} of {} are both sides of one measurement in lock "
                      "step",
                      other->second, i + 1, side)};
    }
  }
  return std::nullopt;
}

Reports pointers(std::span<const Report> reports) {
  Reports all;
  for (const Report& report : reports) all.push_back(&report);
  return all;
}

Input input_of(std::span<const Report> base, std::span<const Report> now,
               const CompareOptions& options) {
  Input input;
  input.options = options;
  input.base = pointers(base);
  input.now = pointers(now);
  if (options.margin <= 0 && by_emulators_clock(*input.base.front())) {
    input.options.margin = std::max(options.same_within(), layout_bias);
  }
  const auto first_null =
      std::stable_partition(input.now.begin(), input.now.end(),
                            [](const Report* report) { return report->run.side != "null"; });
  if (first_null == input.now.begin()) return input;  // the control itself is what is asked about
  input.null.assign(first_null, input.now.end());
  input.now.erase(first_null, input.now.end());
  return input;
}

std::size_t extent(const Reports& reports) {
  std::size_t cases = 0;
  for (const Report* report : reports) cases += report->cases.size() + report->series.size();
  return cases;
}

}  // namespace
}  // namespace comparing

Result<Comparison> compare(std::span<const Report> base, std::span<const Report> now,
                           const CompareOptions& options) {
  using namespace comparing;
  if (base.empty() || now.empty()) {
    return Error{fmt::format("no report is given as {}", base.empty() ? "base" : "new")};
  }
  const Input input = input_of(base, now, options);
  if (auto error = twice(input.base, "base")) return std::move(*error);
  if (auto error = twice(input.now, "new")) return std::move(*error);
  Comparison out;
  std::size_t joined = 0;
  out.cases = outcomes_of(input, joined);
  if (joined == 0) {
    return Error{fmt::format("the two sides have no case in common: {} in base, {} in new",
                             extent(input.base), extent(input.now))};
  }
  out.options = input.options;
  out.procedure = procedure_of(input);
  out.base = side_of(input.base);
  out.now = side_of(input.now);
  if (out.procedure == Procedure::LockStep) out.sessions = sessions_of(input).size();
  out.has_null = !input.null.empty();
  for (const auto* side : {&base, &now}) {
    for (const Report& report : *side) out.interrupted |= report.run.interrupted;
  }
  std::vector<Evidence> all = examine_all(input, out.procedure);
  out.tested = conclude(all, out.procedure, input.options);
  out.families = families_of(all, out.procedure, options.alpha);
  for (Evidence& evidence : all) out.series.push_back(std::move(evidence.row));
  out.splats = splats_of(input);
  out.warnings = warnings_of(input, out.procedure);
  return out;
}

CompareOptions CompareOptions::of(const CaseId& id) const {
  CompareOptions own{.threshold = threshold, .margin = margin, .alpha = alpha, .force = force};
  const auto found =
      std::find_if(thresholds.begin(), thresholds.end(),
                   [&id](const CaseThreshold& one) { return one.cases.matches(id); });
  if (found != thresholds.end()) own.threshold = found->threshold;
  return own;
}

std::string_view id(Procedure procedure) {
  switch (procedure) {
    case Procedure::LockStep:
      return "lock step";
    case Procedure::Runs:
      return "runs";
    case Procedure::Instructions:
      break;
  }
  return "instructions";
}

std::string_view id(Change change) {
  switch (change) {
    case Change::Same:
      return "same";
    case Change::Faster:
      return "faster";
    case Change::Slower:
      return "slower";
    case Change::CannotTell:
      break;
  }
  return "cannot-tell";
}

std::string_view id(Outcome outcome) {
  switch (outcome) {
    case Outcome::Unchanged:
      return "unchanged";
    case Outcome::Fixed:
      return "fixed";
    case Outcome::Regressed:
      return "regressed";
    case Outcome::Failing:
      return "failing";
    case Outcome::StillFailing:
      return "still-failing";
    case Outcome::LostCoverage:
      return "lost-coverage";
    case Outcome::GainedCoverage:
      return "gained-coverage";
    case Outcome::OnlyBefore:
      return "only-before";
    case Outcome::OnlyAfter:
      break;
  }
  return "only-after";
}

}  // namespace nsbench
