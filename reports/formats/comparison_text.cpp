#include "reports/formats/comparison_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "reports/formats/comparison_parts.h"
#include "reports/formats/terminal.h"
#include "reports/formats/text_parts.h"
#include "reports/formats/words.h"
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

std::string header(const Comparison& comparison, const TextOptions& options) {
  std::string out = field("base", words::side(comparison.base, comparison.sessions), 7, options) +
                    field("new", words::side(comparison.now, comparison.sessions), 7, options) +
                    field("decided", words::procedure(comparison.procedure), 7, options);
  for (const std::string& text : words::said_first(comparison)) {
    out += "  " +
           paint(wrap("BEWARE   " + text, static_cast<std::size_t>(options.width), 11, 2),
                 Tone::Bad, options.color) +
           '\n';
  }
  return out;
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
    const std::string_view advice = words::advice(warning.code);
    if (!advice.empty()) out += field("", advice, key_width, options);
  }
  return out;
}

std::string verdict(const Comparison& comparison, const TextOptions& options) {
  const Decision decision = decide(comparison);
  const auto width = static_cast<std::size_t>(options.width);
  const std::string line = fmt::format("{}; exit {}", words::headline(comparison, decision),
                                       static_cast<int>(decision.code));
  std::string out = paint(wrap(line, width, 2, 0), tone_of(decision.code), options.color) + '\n';
  for (std::size_t i = 1; i < decision.reasons.size(); ++i) {
    out += wrap("also: " + decision.reasons[i], width, 6, 0) + '\n';
  }
  if (decision.code != ExitCode::Ok) out += wrap(words::extent(comparison), width, 2, 0) + '\n';
  return out;
}

}  // namespace

Untold untold_of(const Comparison& comparison) {
  Untold all;
  for (const SeriesComparison& row : comparison.series) {
    if (!row.decided()) all[row.code][row.reason].push_back(row.id.str());
  }
  return all;
}

Outcomes outcomes_of(const Comparison& comparison) {
  constexpr Outcome changed[] = {
      Outcome::Regressed,      Outcome::Failing,      Outcome::LostCoverage, Outcome::Fixed,
      Outcome::GainedCoverage, Outcome::StillFailing, Outcome::OnlyBefore,   Outcome::OnlyAfter};
  Outcomes all;
  for (const Outcome outcome : changed) {
    std::map<std::string, std::vector<std::string>> states;
    for (const CaseComparison& one : comparison.cases) {
      if (one.outcome != outcome) continue;
      states[fmt::format("{}, now {}", one.before, one.after)].push_back(one.id.str());
    }
    if (!states.empty()) all.emplace_back(outcome, std::move(states));
  }
  return all;
}

std::string untold(const Comparison& comparison, const TextOptions& options) {
  const Untold all = untold_of(comparison);
  if (all.empty()) return {};
  std::size_t key_width = 0;
  for (const auto& [code, reasons] : all) key_width = std::max(key_width, code.size());
  std::string out = heading("Can't tell", options);
  for (const auto& [code, reasons] : all) {
    std::string key = code;
    for (const auto& [reason, ids] : reasons) {
      out +=
          field(key, fmt::format("{}: {}", ids_of(ids, 3), printable(reason)), key_width, options);
      key.clear();
    }
    if (const std::string_view text = words::advice(code); !text.empty()) {
      out += field("", text, key_width, options);
    }
  }
  return out;
}

std::string outcomes(const Comparison& comparison, const TextOptions& options) {
  const auto unchanged = static_cast<std::uint64_t>(
      std::count_if(comparison.cases.begin(), comparison.cases.end(),
                    [](const auto& one) { return one.outcome == Outcome::Unchanged; }));
  const Outcomes all = outcomes_of(comparison);
  if (all.empty() && unchanged == 0) return {};
  std::string out = heading("Coverage and checks", options);
  for (const auto& [outcome, by_states] : all) {
    std::string key(id(outcome));
    for (const auto& [states, ids] : by_states) {
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
       {text::outcomes(comparison, fitting), text::changes(comparison, fitting),
        text::untold(comparison, fitting), text::families(comparison, fitting),
        text::warnings(comparison, fitting), text::kernel(comparison, fitting),
        text::verdict(comparison, fitting)}) {
    if (!part.empty()) out += '\n' + part;
  }
  return out;
}

}  // namespace nsbench
