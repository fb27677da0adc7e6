#include "reports/formats/lkp.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <string_view>
#include <vector>

#include "reports/formats/amount.h"
#include "reports/formats/comparison_parts.h"
#include "reports/formats/dotted.h"
#include "reports/formats/splats.h"
#include "reports/formats/text_parts.h"
#include "reports/inference.h"
#include "reports/printable.h"
#include "reports/statistics.h"

namespace nsbench {
namespace {

// Widths of the robot's columns: a value, its deviation, a change.
constexpr std::size_t first_width = 10 + 6;
constexpr std::size_t second_width = first_width + 10 + 1;

std::string unit_word(const std::string& unit) {
  const std::string word = id_text(unit, 40);
  return word.empty() ? "units" : word;
}

void number_line(std::string& out, const std::string& key, double value) {
  if (std::isfinite(value)) out += fmt::format("{}: {}\n", key, text::decimal(value));
}

std::string lines_of(const Report& report) {
  std::string out;
  for (const CaseResult& result : report.cases) {
    if (result.id.control) continue;
    out += fmt::format("{}.{}: 1\n", dotted(result.id), id(result.verdict));
  }
  for (const Series& series : report.series) {
    const std::string key = dotted(series.id);
    if (!series.is_result()) {
      out += fmt::format("{}.{}: 1\n", key, series.skip ? "skip" : "broken");
      continue;
    }
    const std::string unit = unit_word(series.unit);
    const SeriesStatistics all = statistics_of(series);
    number_line(out, fmt::format("{}.p25_{}", key, unit), all.p25);
    number_line(out, fmt::format("{}.p50_{}", key, unit), all.p50);
    number_line(out, fmt::format("{}.p90_{}", key, unit), all.p90);
    if (all.has_p99()) number_line(out, fmt::format("{}.p99_{}", key, unit), all.p99);
    number_line(out, fmt::format("{}.min_{}", key, unit), all.min);
    number_line(out, fmt::format("{}.mean_{}", key, unit), all.mean);
  }
  if (!splats::is_told(report.kernel)) return out;
  std::map<std::string, int> kinds;
  for (const Splat& splat : splats_of(report.kernel)) ++kinds[id_text(splat.kind, 60)];
  out +=
      fmt::format("{}.{}.{}: 1\n", splats::family, splats::probe, kinds.empty() ? "pass" : "fail");
  for (const auto& [kind, count] : kinds) out += fmt::format("dmesg.{}: {}\n", kind, count);
  return out;
}

// One side's benchmark, or check, in all of its reports.
struct Timed {
  std::vector<std::vector<double>> reports;  // the batches of each
};
struct Checked {
  std::size_t failed = 0, runs = 0;
};
struct Side {
  std::map<CaseId, Timed> timed;
  std::map<CaseId, Checked> checked;
};

Side side_of(std::span<const Report> reports) {
  Side side;
  for (const Report& report : reports) {
    if (report.run.side == "null") continue;  // the A/A control is not the new kernel
    for (const Series& series : report.series) {
      if (!series.is_result()) continue;
      std::vector<double> batches;
      for (const Batch& batch : series.batches) batches.push_back(batch.p25);
      side.timed[series.id].reports.push_back(std::move(batches));
    }
    for (const CaseResult& result : report.cases) {
      Checked& checked = side.checked[result.id];
      ++checked.runs;
      if (result.verdict == VerdictKind::Fail) ++checked.failed;
    }
  }
  return side;
}

// In percent of the mean; 0 where it is not known.
double deviation(const Side& side, const CaseId& id) {
  const auto found = side.timed.find(id);
  if (found == side.timed.end()) return 0;
  const auto& reports = found->second.reports;
  std::vector<double> values;
  for (const std::vector<double>& batches : reports) values.push_back(median(batches));
  if (reports.size() == 1) values = reports.front();
  double mean = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double relative = 100 * std::sqrt(squares / static_cast<double>(values.size())) / mean;
  return std::isfinite(relative) ? relative : 0;
}

std::string value_text(double value, double percent) {
  std::string text;
  if (std::abs(value) < 1000) {
    text = fmt::format("{:10.2f}", value);
  } else if (std::abs(value) > 1e8) {
    text = fmt::format("{:10.4g}", value);
  } else {
    text = fmt::format("{:10.0f}", std::trunc(value));
  }
  return text + (percent > 2 ? fmt::format(" ±{:3.0f}%", std::trunc(percent)) : "      ");
}

std::string change_text(double percent) {
  return std::abs(percent) < 1e5 ? fmt::format("{:+10.1f}% ", percent)
                                 : fmt::format("{:+10.2g}% ", percent);
}

std::string fails_text(const Checked& checked) {
  const std::string failed =
      checked.failed == 0 ? std::string(11, ' ') : fmt::format("{:11}", checked.failed);
  return fmt::format("{}:{:<4}", failed, checked.runs);
}

double failing_percent(const Checked& checked) {
  return checked.runs == 0
             ? 0
             : 100 * static_cast<double>(checked.failed) / static_cast<double>(checked.runs);
}

// What both sides have in common, then what makes the two columns.
std::string header(const Comparison& comparison) {
  const ComparedSide& base = comparison.base;
  std::string out(89, '=');
  out += fmt::format("\ncpu/machine/engine/clock/testcase:\n  {}/{}/{}/{}/nsbench\n\nkernel: \n",
                     id_text(base.cpu_model), id_text(base.machine), id_text(base.engine),
                     id_text(base.clock));
  for (const ComparedSide* side : {&base, &comparison.now}) {
    out += fmt::format("  {} ({})\n", printable(side->release), printable(side->version));
  }
  out += fmt::format("\n{:>{}} {:>{}} \n", id_text(base.release, first_width), first_width,
                     id_text(comparison.now.release, second_width), second_width);
  return out +
         fmt::format("{} {} \n", std::string(first_width, '-'), std::string(second_width, '-'));
}

bool is_about_failing(Outcome outcome) {
  return outcome == Outcome::Fixed || outcome == Outcome::Regressed ||
         outcome == Outcome::Failing || outcome == Outcome::StillFailing;
}

std::string failure_table(const Comparison& comparison, const Side& base, const Side& now) {
  std::string rows;
  for (const CaseComparison& row : comparison.cases) {
    if (!is_about_failing(row.outcome)) continue;
    const auto count = [&row](const Side& side) {
      const auto found = side.checked.find(row.id);
      return found == side.checked.end() ? Checked{} : found->second;
    };
    const Checked before = count(base);
    const Checked after = count(now);
    rows += fmt::format("{}{:10.0f}% {}  nsbench.{}.fail  ({})\n", fails_text(before),
                        failing_percent(after) - failing_percent(before), fails_text(after),
                        dotted(row.id), id(row.outcome));
  }
  if (rows.empty()) return {};
  return "       fail:runs  %reproduction    fail:runs  (less is better)\n"
         "           |             |             |    \n" +
         rows;
}

std::string times_table(const Comparison& comparison, const Side& base, const Side& now) {
  std::string rows;
  for (const SeriesComparison& row : comparison.series) {
    if (!row.ratio || !std::isfinite(*row.ratio)) continue;
    const std::string verdict =
        text::change_word(row.change) + (row.decided() ? "" : ": " + row.code);
    rows += fmt::format(
        "{}{}{}  nsbench.{}.{}  ({})\n", value_text(row.base, deviation(base, row.id)),
        change_text(100 * (*row.ratio - 1)), value_text(row.now, deviation(now, row.id)),
        dotted(row.id), unit_word(row.unit), verdict);
  }
  if (rows.empty()) return {};
  return "         %stddev     %change         %stddev  (less is better)\n"
         "             \\          |                \\  \n" +
         rows;
}

std::string rest(const Comparison& comparison) {
  std::string out;
  for (const ComparedSplat& one : comparison.splats) {
    out += fmt::format("dmesg.{} ({}): {}\n", id_text(one.splat.kind, 60),
                       one.is_new ? "new" : "as in base", headline(one.splat));
  }
  for (const auto& [outcome, states] : text::outcomes_of(comparison)) {
    for (const auto& [state, ids] : states) {
      if (is_about_failing(outcome)) continue;
      out += fmt::format("{} ({}): {}\n", id(outcome), state, text::joined(ids, " "));
    }
  }
  std::map<std::string, std::vector<std::string>> untold;
  for (const SeriesComparison& row : comparison.series) {
    if (row.ratio) continue;
    untold[fmt::format("{}: {}", row.code, printable(row.reason))].push_back(row.id.str());
  }
  for (const auto& [why, ids] : untold) {
    out += fmt::format("{}: {}\n", why, text::joined(ids, " "));
  }
  for (const Warning& warning : comparison.warnings) {
    out += fmt::format("warning: {}: {}\n", printable(warning.code), printable(warning.text));
  }
  return out;
}

}  // namespace

std::string to_lkp(std::span<const Report> reports) {
  std::string out;
  for (const Report& report : reports) {
    if (!out.empty()) out += '\n';
    out += lines_of(report);
  }
  return out;
}

std::string to_lkp(const Comparison& comparison, std::span<const Report> base,
                   std::span<const Report> now) {
  const Side before = side_of(base);
  const Side after = side_of(now);
  std::string out = header(comparison);
  out += failure_table(comparison, before, after);
  out += times_table(comparison, before, after);
  const std::string others = rest(comparison);
  return others.empty() ? out : out + '\n' + others;
}

}  // namespace nsbench
