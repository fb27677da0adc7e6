#include "reports/formats/markdown.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "reports/detectable.h"
#include "reports/formats/amount.h"
#include "reports/formats/comparison_parts.h"
#include "reports/formats/markup.h"
#include "reports/formats/splats.h"
#include "reports/formats/text_parts.h"
#include "reports/formats/words.h"
#include "reports/gate.h"
#include "reports/statistics.h"

namespace nsbench {
namespace {

using markup::code;
using text::amount;
using text::grouped;
using text::Unit;
using text::unit_for;

// Our own words and numbers need no escaping; what is not ours is escaped where it is put in.
std::string plain(std::string_view text) { return markup::markdown(text); }

std::string row(const std::vector<std::string>& cells) {
  return fmt::format("| {} |\n", fmt::join(cells, " | "));
}

// A title and whether its column holds numbers.
struct Column {
  const char* title;
  bool number = true;
};

std::string head(std::span<const Column> columns) {
  std::vector<std::string> titles;
  std::vector<std::string> lines;
  for (const Column& column : columns) {
    titles.emplace_back(column.title);
    lines.emplace_back(column.number ? "---:" : "---");
  }
  return row(titles) + row(lines);
}

std::string title(const std::string& headline, const Decision& decision) {
  std::string out = fmt::format("## nsbench: {}\n\n", plain(headline));
  for (std::size_t i = 1; i < decision.reasons.size(); ++i) {
    out += fmt::format("- also: {}\n", plain(decision.reasons[i]));
  }
  return out + fmt::format("{}Exit status {}.\n", decision.reasons.size() > 1 ? "\n" : "",
                           static_cast<int>(decision.code));
}

// Some ids, each as code.
std::string ids(const std::vector<std::string>& all, std::size_t limit) {
  std::string out;
  for (std::size_t i = 0; i < std::min(all.size(), limit); ++i) {
    out += (i > 0 ? " " : "") + code(all[i]);
  }
  if (all.size() > limit) out += fmt::format(" and {} more", grouped(all.size() - limit));
  return out;
}

// What the checks of one family came to.
struct Tally {
  int pass = 0, fail = 0, broken = 0, skip = 0, leaked = 0, controls = 0;

  void add(const CaseResult& result) {
    if (result.id.control) {
      controls += result.verdict == VerdictKind::Skip ? 0 : 1;
      leaked += result.verdict == VerdictKind::Pass ? 1 : 0;
      return;
    }
    pass += result.verdict == VerdictKind::Pass ? 1 : 0;
    fail += result.verdict == VerdictKind::Fail ? 1 : 0;
    broken += result.verdict == VerdictKind::Broken ? 1 : 0;
    skip += result.verdict == VerdictKind::Skip ? 1 : 0;
  }
};

constexpr std::size_t splats_shown = 5;

// Inline code, a line each: a fence could be closed by what the kernel printed.
std::string splat(const Splat& one, std::string_view note) {
  constexpr std::size_t lines_shown = 20;
  std::string out = fmt::format("- **{}**{}\n", plain(splats::title(one)), note);
  for (const std::string& line : splats::lines(one, lines_shown)) {
    out += fmt::format("  - {}\n", code(line, 500));
  }
  return out;
}

std::string kernel(const std::vector<Splat>& all) {
  if (all.empty()) return {};
  std::string out = "\n### The kernel was not well\n\n";
  for (std::size_t i = 0; i < std::min(all.size(), splats_shown); ++i) out += splat(all[i], "");
  if (all.size() > splats_shown) out += fmt::format("- and {} more\n", all.size() - splats_shown);
  return out;
}

std::string kernel(const std::vector<ComparedSplat>& all) {
  if (all.empty()) return {};
  std::string out = "\n### The new kernel was not well\n\n";
  for (std::size_t i = 0; i < std::min(all.size(), splats_shown); ++i) {
    out += splat(all[i].splat, all[i].is_new ? " (new)" : " (as in base)");
  }
  if (all.size() > splats_shown) out += fmt::format("- and {} more\n", all.size() - splats_shown);
  return out;
}

std::string known(const Ruling& judged) {
  std::string out;
  for (const auto& [word, cases] : {std::pair("XFAIL", &judged.xfail),
                                    {"XPASS", &judged.xpass},
                                    {"expired", &judged.expired}}) {
    for (const KnownCase& one : *cases) {
      out += fmt::format("- {}: {}: {}\n", word, code(one.id.str()), plain(one.str()));
    }
  }
  for (const std::string& one : judged.allowed_splats)
    out += fmt::format("- allowed: {}\n", code(one));
  return out.empty() ? out : "\n### Known to the policy\n\n" + out;
}

std::string isolation(const Report& report) {
  std::map<std::pair<std::size_t, std::string>, Tally> families;
  for (const CaseResult& result : report.cases) {
    families[{text::rank(result.id.family), result.id.family}].add(result);
  }
  if (families.empty()) return {};
  constexpr std::array columns{Column{"", false}, Column{"holds"},   Column{"failed"},
                               Column{"broken"},  Column{"skipped"}, Column{"controls leaked"}};
  std::string out = "\n### Isolation\n\n" + head(columns);
  const auto loud = [](int count) { return count > 0 ? fmt::format("**{}**", count) : "0"; };
  for (const auto& [key, tally] : families) {
    out += row({code(key.second), std::to_string(tally.pass), loud(tally.fail), loud(tally.broken),
                std::to_string(tally.skip), fmt::format("{} of {}", tally.leaked, tally.controls)});
  }
  return out;
}

std::string wrong(const Report& report, VerdictKind verdict, const char* heading) {
  constexpr std::size_t shown = 20;  // a step summary has a limit; the rest is in the JSON report
  const std::vector<text::Alike> all = text::alike(report, verdict);
  if (all.empty()) return {};
  std::string out = fmt::format("\n### {}\n\n", heading);
  for (std::size_t i = 0; i < std::min(shown, all.size()); ++i) {
    out += fmt::format("- {}\n", ids(all[i].ids, 8));
    for (const words::Finding& found : words::findings(*all[i].first)) {
      if (!found.rule.empty()) out += fmt::format("  - {}\n", plain(found.rule));
      out += fmt::format("    - expected {}, observed {}\n", code(found.expected, 500),
                         code(found.observed, 500));
    }
  }
  if (all.size() > shown) out += fmt::format("- and {} more\n", all.size() - shown);
  return out;
}

std::string timed_row(const Series& series) {
  const SeriesStatistics times = statistics_of(series);
  const Unit unit = unit_for(times.p50, series.unit);
  const auto value = [&](double v) { return fmt::format("{} {}", amount(v, unit), unit.name); };
  const std::optional<double> finds = detectable_in(series);
  return row({code(series.id.str()), grouped(times.calls), value(times.p50), value(times.p90),
              times.has_p99() ? value(times.p99) : "-", value(times.max),
              text::rate(times.sustained),
              finds ? fmt::format("+{}", text::short_percent(*finds)) : "-"});
}

std::string timings(const Report& report) {
  const std::vector<const Series*> series = text::timed_in_order(report);
  if (series.empty()) return {};
  constexpr std::array columns{Column{"", false}, Column{"calls"}, Column{"p50"},  Column{"p90"},
                               Column{"p99"},     Column{"max"},   Column{"rate"}, Column{"finds"}};
  std::string out = "\n### Timings\n\n" + head(columns);
  for (const Series* one : series) {
    if (one->is_result()) {
      out += timed_row(*one);
    } else {
      out += row({code(one->id.str()), "**failed**", code(one->error, 500), "", "", "", "", ""});
    }
  }
  return out +
         "\nfinds: the smallest slowdown that a comparison in lock step as long as this "
         "would have found.\n";
}

std::string skipped(const Report& report) {
  std::string out;
  for (const SkipReasonName& reason : skip_reasons) {
    const text::Skipped group = text::skipped_for(reason.reason, report);
    if (group.ids.empty()) continue;
    out += fmt::format("- {}: {}", text::skip_counts(group), plain(reason.title));
    if (!group.obstacles.empty()) out += fmt::format(" ({})", ids(group.obstacles, 4));
    out += '\n';
  }
  return out.empty() ? out : "\n### Skipped\n\n" + out;
}

std::string warnings(const std::vector<Warning>& all) {
  if (all.empty()) return {};
  std::string out = "\n### Warnings\n\n";
  for (const Warning& warning : all) {
    out += fmt::format("- {}: {}\n", code(warning.code), plain(warning.text));
    const std::string_view advice = words::advice(warning.code);
    if (!advice.empty()) out += fmt::format("  - {}\n", plain(advice));
  }
  return out;
}

std::string environment(const Report& report) {
  std::string out = "\n<details><summary>Environment</summary>\n\n";
  constexpr std::array columns{Column{"", false}, Column{"", false}};
  out += head(columns);
  for (const auto& [key, value] : text::surroundings(report)) out += row({key, plain(value)});
  return out + "\n</details>\n";
}

std::string outcomes(const Comparison& comparison) {
  const text::Outcomes all = text::outcomes_of(comparison);
  if (all.empty()) return {};
  std::string out = "\n### Coverage and checks\n\n";
  for (const auto& [outcome, by_states] : all) {
    const std::size_t limit = outcome == Outcome::Regressed ? 100 : 8;
    for (const auto& [states, cases] : by_states) {
      out += fmt::format("- **{}**: {} ({}): {}\n", id(outcome), grouped(cases.size()),
                         plain(states), ids(cases, limit));
    }
  }
  return out;
}

std::string change_row(const SeriesComparison& series, Procedure procedure) {
  const std::string word = series.change == Change::Same || series.change == Change::CannotTell
                               ? text::change_word(series.change)
                               : fmt::format("**{}**", text::change_word(series.change));
  if (!series.ratio)
    return row({word, code(series.id.str()), "", "", code(series.code), "", "", ""});
  const Unit unit = unit_for(std::min(series.base, series.now), series.unit);
  const auto value = [&](double v) { return fmt::format("{} {}", amount(v, unit), unit.name); };
  return row({word, code(series.id.str()), value(series.base), value(series.now),
              text::change_of(*series.ratio),
              series.interval ? text::interval_of(*series.interval) : "-",
              text::count_of(series, procedure),
              series.detectable ? text::short_percent(*series.detectable) : "-"});
}

std::string changes(const Comparison& comparison) {
  constexpr std::size_t shown = 60;
  const std::vector<const SeriesComparison*> all = text::in_order(comparison);
  if (all.empty()) return {};
  const std::string interval = fmt::format("{:g} % interval", 100 * (1 - comparison.options.alpha));
  const std::array columns{Column{"", false}, Column{"", false},   Column{"base"},
                           Column{"new"},     Column{"change"},    Column{interval.c_str()},
                           Column{"n"},       Column{"would find"}};
  std::string out = "\n### Timings\n\n" + head(columns);
  for (std::size_t i = 0; i < std::min(shown, all.size()); ++i) {
    out += change_row(*all[i], comparison.procedure);
  }
  if (all.size() > shown) out += fmt::format("\nand {} more\n", all.size() - shown);
  return out + fmt::format("\nLess is better. Decided {}.\n",
                           plain(words::procedure(comparison.procedure)));
}

std::string untold(const Comparison& comparison) {
  const text::Untold all = text::untold_of(comparison);
  if (all.empty()) return {};
  std::string out = "\n### Can't tell\n\n";
  for (const auto& [reason_code, reasons] : all) {
    for (const auto& [reason, cases] : reasons) {
      out += fmt::format("- {}: {}: {}\n", code(reason_code), ids(cases, 3), plain(reason));
    }
    const std::string_view advice = words::advice(reason_code);
    if (!advice.empty()) out += fmt::format("  - {}\n", plain(advice));
  }
  return out;
}

std::string families(const Comparison& comparison) {
  if (comparison.families.empty()) return {};
  constexpr std::array columns{Column{"family", false}, Column{"cases"}, Column{"geometric mean"},
                               Column{"interval"}};
  std::string out = "\n### Families\n\n" + head(columns);
  for (const FamilyComparison& family : comparison.families) {
    const std::string unit = family.unit == "ns" ? "" : fmt::format(" ({})", plain(family.unit));
    out += row({code(family.family) + unit, std::to_string(family.cases),
                text::change_of(family.ratio),
                family.interval ? text::interval_of(*family.interval) : "-"});
  }
  return out;
}

}  // namespace

std::string to_markdown(const Report& report, const Judging& by) {
  const Ruling judged = judge(report, by);
  const Decision& decision = judged.decision;
  std::string out = title(words::headline(report, decision), decision);
  out += fmt::format("\n{}\n{}\n", plain(words::machine(report)), plain(words::run(report.run)));
  const std::string next = words::next_command(report, decision);
  if (!next.empty()) out += fmt::format("\nNext: {}\n", code(next));
  return out + kernel(splats_of(report.kernel)) + known(judged) + isolation(report) +
         wrong(report, VerdictKind::Fail, "Failed") + wrong(report, VerdictKind::Broken, "Broken") +
         timings(report) + skipped(report) + warnings(report.warnings) + environment(report);
}

std::string to_markdown(const Comparison& comparison) {
  const Decision decision = decide(comparison);
  std::string out = title(words::headline(comparison, decision), decision);
  out += fmt::format(
      "\n- base: {}\n- new: {}\n\n{}\n", plain(words::side(comparison.base, comparison.sessions)),
      plain(words::side(comparison.now, comparison.sessions)), plain(words::extent(comparison)));
  return out + kernel(comparison.splats) + outcomes(comparison) + changes(comparison) +
         untold(comparison) + families(comparison) + warnings(comparison.warnings);
}

}  // namespace nsbench
