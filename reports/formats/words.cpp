#include "reports/formats/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "reports/formats/text_parts.h"
#include "reports/printable.h"

namespace nsbench::words {

using text::counted;
using text::grouped;
using text::joined;

namespace {

// All of the capabilities that the kernel knows: a run of ones from bit 0.
bool is_full_set(std::string_view hex) {
  std::uint64_t bits = 0;
  const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), bits, 16);
  return error == std::errc() && end == hex.data() + hex.size() && bits != 0 &&
         (bits & (bits + 1)) == 0;
}

std::string privileges(const Environment& environment) {
  std::string who = environment.uid == 0 ? "root" : fmt::format("uid {}", environment.uid);
  if (!environment.missing_capabilities.empty()) {
    who += fmt::format(" without {}", printable(environment.missing_capabilities));
  } else if (environment.uid == 0 && !is_full_set(environment.capabilities)) {
    who += fmt::format(" with capabilities {}", printable(environment.capabilities));
  }
  if (!environment.initial_user_namespace) who += ", inside a user namespace";
  return who;
}

template <class Results, class Predicate>
std::optional<std::string> first_id(const Results& results, Predicate wanted) {
  const auto found = std::find_if(results.begin(), results.end(), wanted);
  if (found == results.end()) return std::nullopt;
  return found->id.with_control(false).str();  // a rerun brings the control along
}

// The first of what explains the decision: a failure, then a broken case or control, then a
// benchmark that failed.
std::optional<std::string> worth_a_rerun(const Report& report) {
  const auto with = [&](VerdictKind verdict) {
    return first_id(report.cases,
                    [&](const CaseResult& result) { return result.verdict == verdict; });
  };
  if (auto failed = with(VerdictKind::Fail)) return failed;
  if (auto broken = with(VerdictKind::Broken)) return broken;
  return first_id(report.series,
                  [](const Series& series) { return !series.skip && !series.is_result(); });
}

// A case that was running when the kernel first said that it was not well; empty if none is known.
std::string at_a_splat(const KernelInfo& kernel) {
  for (const Splat& splat : kernel.splats) {
    const Result<CaseId> id = CaseId::parse(splat.running.substr(0, splat.running.find(' ')));
    if (id) return id->with_control(false).str();
  }
  return {};
}

std::string with_errno(const std::string& observed, int err) {
  const bool known = err == 0 || observed.find(errno_name(err)) != std::string::npos;
  return known ? observed : fmt::format("{} ({})", observed, errno_name(err));
}

}  // namespace

std::string machine(const Report& report) {
  const KernelInfo& kernel = report.kernel;
  const std::string& hypervisor = report.environment.virtualisation;
  std::string machine =
      fmt::format("Linux {} {}", printable(kernel.release), printable(kernel.machine));
  if (hypervisor == "none") {
    machine += ", not virtualised";
  } else if (!hypervisor.empty()) {
    machine += fmt::format(", on {}", printable(hypervisor));
  }
  if (kernel.engine != "bare") machine += fmt::format(", booted by {}", printable(kernel.engine));
  if (kernel.clock == "instructions") machine += ", times are instructions";
  return machine + ", " + privileges(report.environment);
}

std::string run(const RunInfo& run) {
  std::string text = fmt::format("nsbench {}", printable(run.version));
  if (!run.suite.empty()) text += fmt::format(", suite {}", printable(run.suite));
  return text +
         fmt::format(", seed {}, {:.1f} s, {}", run.seed, run.seconds, printable(run.started));
}

std::string extent(const Summary& summary) {
  std::vector<std::string> parts;
  const int cases = summary.pass + summary.fail + summary.broken;
  const int timed = summary.series - summary.series_failed - summary.series_skipped;
  const auto number = [](int count) { return static_cast<std::uint64_t>(count); };
  if (cases > 0) parts.push_back(counted(number(cases), "case", "cases"));
  if (summary.controls_total > 0) {
    parts.push_back(fmt::format("{} of {} leaked", grouped(number(summary.controls_leaked)),
                                counted(number(summary.controls_total), "control", "controls")));
  }
  if (timed > 0) {
    parts.push_back(counted(number(timed), "benchmark", "benchmarks") + " timed");
  }
  const int skipped = summary.skip + summary.series_skipped;
  if (skipped > 0) parts.push_back(fmt::format("{} skipped", grouped(number(skipped))));
  return joined(parts, ", ");
}

std::vector<Finding> findings(const CaseResult& result) {
  std::vector<Finding> found;
  if (result.verdict == VerdictKind::Fail) {
    for (const Statement& statement : result.statements) {
      if (statement.holds) continue;
      found.push_back(
          {statement.text, statement.expected, with_errno(statement.observed, statement.err)});
    }
  }
  if (found.empty())
    found.push_back({"", result.expected, with_errno(result.observed, result.err)});
  return found;
}

std::string headline(const Report& report, const Decision& decision) {
  if (decision.code == ExitCode::Failed && decision.about_kernel) {
    return "THE KERNEL WAS NOT WELL: " + decision.reasons.front();
  }
  if (decision.code == ExitCode::Failed) {
    return "ISOLATION IS BROKEN: " + decision.reasons.front();
  }
  if (decision.code != ExitCode::Ok) return "could not tell: " + decision.reasons.front();
  const Summary summary = summarise(report);
  return fmt::format("{}: {}", summary.pass > 0 ? "isolation holds" : "timed, nothing checked",
                     extent(summary));
}

std::string next_command(const Report& report, const Decision& decision) {
  if (decision.about_kernel) {
    const std::string id = at_a_splat(report.kernel);
    return id.empty() ? "dmesg, for what came before and after" : "nsbench rerun " + id;
  }
  if (const auto id = worth_a_rerun(report)) return fmt::format("nsbench rerun {}", *id);
  if (decision.code == ExitCode::Unknown) {
    return report.environment.uid == 0 ? "" : "sudo nsbench, to check what needs root";
  }
  const bool saved = report.run.command.find("--json") != std::string::npos;
  return saved ? "" : "nsbench --json=base.json, to save a report to compare with";
}

std::string_view advice(std::string_view code) {
  constexpr std::pair<std::string_view, std::string_view> all[] = {
      {"few-runs",
       "saved times differ from run to run by more than one run shows: take that many, in turn, "
       "or measure both in lock step (nsbench compare --run)"},
      {"few-batches", "measure longer"},
      {"noisy", "measure longer, more often, or on a quieter machine"},
      {"starts-differ", "measure with more starts of the workers, or more boots"},
      {"null-fired", "something on this machine favours one side: measure again"},
      {"other-machine", "times of different machines say nothing about a kernel"},
      {"other-clock", "wall time and instruction counts can't be compared"},
      {"other-workload", "what is timed is not the same on both sides: measure base again"},
      {"layout-bias", "boot both with an emulator that counts instructions"},
      {"forced", "measure both on one machine"},
      {"few-starts", "measure with more starts of the workers, or more boots"},
      {"one-boot", "take the runs of each side from several boots"},
      {"not-interleaved", "take runs of both sides in turn"},
      {"left-out", "give both sides of each measurement in lock step"},
      {"environment-differs", "make it alike on both sides"},
      {"debug-build", "measure with a release build"},
      {"interrupted", "measure again, to the end"},
      {"worker-died", "see the kernel's log, and nsbench rerun for the case it was at"},
      {"steal", "measure where the hypervisor has a CPU to spare"},
      {"load", "measure on a quieter machine"},
      {"frequency", "fix the CPU's frequency (cpupower frequency-set -g performance)"},
      {"unpinned", "allow at least one CPU to be pinned to"},
      {"one-cpu", "give it a second CPU, for what the kernel tears down meanwhile"},
      {"clock-step", "stop what sets the clock meanwhile"},
      {"few-samples", "measure longer (--time)"},
  };
  for (const auto& [name, text] : all) {
    if (name == code) return text;
  }
  return "";
}

std::vector<std::string> said_first(const Comparison& comparison) {
  std::vector<std::string> all;
  for (const Warning& warning : comparison.warnings) {
    for (const std::string_view code :
         {"other-machine", "other-clock", "other-workload", "forced"}) {
      if (warning.code == code) all.push_back(printable(warning.text));
    }
  }
  return all;
}

std::string procedure(Procedure procedure) {
  switch (procedure) {
    case Procedure::LockStep:
      return "in lock step: batches of both sides taken in turn; a sign test over the pairs of "
             "neighbours, which the workers' starts have to bear out";
    case Procedure::Runs:
      return "over runs: each report is one value, and the variance between reports is the error";
    case Procedure::Instructions:
      break;
  }
  return "over instructions: their clocks count them, whatever else the machine does";
}

std::string side(const ComparedSide& side, std::size_t sessions) {
  std::string text = fmt::format("Linux {} {}", printable(side.release), printable(side.machine));
  if (side.engine != "bare") text += fmt::format(", booted by {}", printable(side.engine));
  if (side.reports > 1) {
    text += fmt::format(", {} from {}", counted(side.reports, "report", "reports"),
                        counted(side.boots, "boot", "boots"));
  }
  return sessions > 1 ? text + fmt::format(", {} sessions", sessions) : text;
}

std::string extent(const Comparison& comparison) {
  const std::pair<Change, std::string_view> words[] = {{Change::Slower, "slower"},
                                                       {Change::Faster, "faster"},
                                                       {Change::Same, "the same"},
                                                       {Change::CannotTell, "can't be told"}};
  std::vector<std::string> parts;
  for (const auto& [change, word] : words) {
    const auto is = [&, wanted = change](const auto& row) { return row.change == wanted; };
    const auto n = std::count_if(comparison.series.begin(), comparison.series.end(), is);
    if (n > 0) parts.push_back(fmt::format("{} {}", n, word));
  }
  std::string text;
  if (!parts.empty()) {
    text =
        counted(comparison.series.size(), "benchmark", "benchmarks") + ": " + joined(parts, ", ");
  }
  const auto checks = std::count_if(comparison.cases.begin(), comparison.cases.end(),
                                    [](const auto& one) { return !one.benchmark; });
  if (checks == 0) return text;
  return text + fmt::format("{}{}", text.empty() ? "" : "; ",
                            counted(static_cast<std::uint64_t>(checks), "check", "checks"));
}

std::string headline(const Comparison& comparison, const Decision& decision) {
  if (decision.code == ExitCode::Failed) return "WORSE: " + decision.reasons.front();
  if (decision.code != ExitCode::Ok) return "could not tell: " + decision.reasons.front();
  return "nothing is known to be worse: " + extent(comparison);
}

}  // namespace nsbench::words
