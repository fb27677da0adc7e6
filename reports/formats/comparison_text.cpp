#include "reports/formats/comparison_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "reports/formats/comparison_parts.h"
#include "reports/formats/terminal.h"
#include "reports/formats/text_parts.h"
#include "reports/printable.h"

namespace nsbench {
namespace text {
namespace {

constexpr std::size_t ids_named = 8;

std::string ids_of(const std::vector<std::string>& ids, std::size_t limit) {
  std::string out;
  for (std::size_t i = 0; i < std::min(ids.size(), limit); ++i) out += (i > 0 ? " " : "") + ids[i];
  if (ids.size() > limit) out += fmt::format(" and {} more", grouped(ids.size() - limit));
  return out;
}

// What would help, said once for each code.
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
  };
  for (const auto& [name, text] : all) {
    if (name == code) return text;
  }
  return "";
}

std::string sentence_of(Procedure procedure) {
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

std::string side_text(const ComparedSide& side, std::size_t sessions) {
  std::string text = fmt::format("Linux {} {}", printable(side.release), printable(side.machine));
  if (side.engine != "bare") text += fmt::format(", booted by {}", printable(side.engine));
  if (side.reports > 1) {
    text += fmt::format(", {} from {}", counted(side.reports, "report", "reports"),
                        counted(side.boots, "boot", "boots"));
  }
  return sessions > 1 ? text + fmt::format(", {} sessions", sessions) : text;
}

std::string header(const Comparison& comparison, const TextOptions& options) {
  return field("base", side_text(comparison.base, comparison.sessions), 7, options) +
         field("new", side_text(comparison.now, comparison.sessions), 7, options) +
         field("decided", sentence_of(comparison.procedure), 7, options);
}

std::string warnings(const Comparison& comparison, const TextOptions& options) {
  if (comparison.warnings.empty()) return {};
  std::size_t key_width = 0;
  for (const Warning& warning : comparison.warnings) {
    key_width = std::max(key_width, display_width(printable(warning.code)));
  }
  std::string out = heading("Warnings", options);
  for (const Warning& warning : comparison.warnings) {
    out += field(printable(warning.code), printable(warning.text), key_width, options);
  }
  return out;
}

// "3 slower, 1 faster, 12 the same, 2 can't be told"
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

std::string verdict(const Comparison& comparison, const TextOptions& options) {
  const Decision decision = decide(comparison);
  const auto width = static_cast<std::size_t>(options.width);
  std::string line;
  Tone tone = Tone::Good;
  switch (decision.code) {
    case ExitCode::Ok:
      line = "nothing is known to be worse: " + extent(comparison);
      break;
    case ExitCode::Failed:
      line = "WORSE: " + decision.reasons.front();
      tone = Tone::Bad;
      break;
    case ExitCode::Usage:
    case ExitCode::Unknown:
      line = "could not tell: " + decision.reasons.front();
      tone = Tone::Doubt;
      break;
  }
  line += fmt::format("; exit {}", static_cast<int>(decision.code));
  std::string out = paint(wrap(line, width, 2, 0), tone, options.color) + '\n';
  for (std::size_t i = 1; i < decision.reasons.size(); ++i) {
    out += wrap("also: " + decision.reasons[i], width, 6, 0) + '\n';
  }
  if (decision.code != ExitCode::Ok) out += wrap(extent(comparison), width, 2, 0) + '\n';
  return out;
}

}  // namespace

std::string untold(const Comparison& comparison, const TextOptions& options) {
  // By code, then by reason: many have the same.
  std::map<std::string, std::map<std::string, std::vector<std::string>>> all;
  std::size_t key_width = 0;
  for (const SeriesComparison& row : comparison.series) {
    if (row.decided()) continue;
    all[row.code][row.reason].push_back(row.id.str());
    key_width = std::max(key_width, row.code.size());
  }
  if (all.empty()) return {};
  std::string out = heading("Can't tell", options);
  for (const auto& [code, reasons] : all) {
    std::string key = code;
    for (const auto& [reason, ids] : reasons) {
      out +=
          field(key, fmt::format("{}: {}", ids_of(ids, 3), printable(reason)), key_width, options);
      key.clear();
    }
    if (const std::string_view text = advice(code); !text.empty()) {
      out += field("", text, key_width, options);
    }
  }
  return out;
}

std::string outcomes(const Comparison& comparison, const TextOptions& options) {
  constexpr Outcome changed[] = {
      Outcome::Regressed,      Outcome::Failing,      Outcome::LostCoverage, Outcome::Fixed,
      Outcome::GainedCoverage, Outcome::StillFailing, Outcome::OnlyBefore,   Outcome::OnlyAfter};
  std::map<Outcome, std::map<std::string, std::vector<std::string>>> all;
  std::uint64_t unchanged = 0;
  for (const CaseComparison& one : comparison.cases) {
    if (one.outcome == Outcome::Unchanged) {
      ++unchanged;
    } else {
      all[one.outcome][fmt::format("{}, now {}", one.before, one.after)].push_back(one.id.str());
    }
  }
  if (all.empty() && unchanged == 0) return {};
  std::string out = heading("Coverage and checks", options);
  for (const Outcome outcome : changed) {
    std::string key(id(outcome));
    for (const auto& [states, ids] : all[outcome]) {
      const std::string list = ids_of(
          ids, options.every_check || outcome == Outcome::Regressed ? ids.size() : ids_named);
      out += field(key, fmt::format("{} ({}): {}", grouped(ids.size()), states, list), 15, options);
      key.clear();
    }
  }
  if (unchanged > 0) out += field("unchanged", counted(unchanged, "check", "checks"), 15, options);
  return out;
}

}  // namespace text

std::string to_text(const Comparison& comparison, const TextOptions& options) {
  TextOptions fitting = options;
  fitting.width = std::clamp(options.width, 40, 400);
  std::string out = text::header(comparison, fitting);
  for (const std::string& part :
       {text::changes(comparison, fitting), text::untold(comparison, fitting),
        text::families(comparison, fitting), text::outcomes(comparison, fitting),
        text::warnings(comparison, fitting), text::verdict(comparison, fitting)}) {
    if (!part.empty()) out += '\n' + part;
  }
  return out;
}

}  // namespace nsbench
