// nsbench history trend, as text.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/formats/amount.h"
#include "reports/formats/table.h"
#include "reports/printable.h"
#include "suites/history/history_text.h"
#include "suites/history/sparkline.h"

namespace nsbench::history {
namespace {

using text::amount;
using text::Unit;
using text::unit_for;

constexpr std::size_t most_lines = 8;

std::string with_unit(double value, std::string_view measured_in) {
  const Unit unit = unit_for(value, measured_in);
  return std::isfinite(value) ? amount(value, unit) + ' ' + printable(unit.name, 20) : "-";
}

std::string day(const Run& run) { return printable(run.started, 40).substr(0, 10); }

std::string minute(const Run& run) {
  std::string text = printable(run.started, 40).substr(0, 16);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

std::string counted(std::size_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

// "40 runs of 12 kernels, 2026-10-01 to 2026-11-24; 2 without a result"
std::string extent(const TrendLine& line, const std::vector<KernelGroup>& groups) {
  std::vector<std::string> kernels;
  for (const KernelGroup& group : groups) {
    const Run& run = line.points[group.begin].run;
    kernels.push_back(run.release + '\n' + run.version);
  }
  std::sort(kernels.begin(), kernels.end());
  kernels.erase(std::unique(kernels.begin(), kernels.end()), kernels.end());
  std::string text =
      fmt::format("{} of {}, {}", counted(line.points.size(), "run", "runs"),
                  counted(kernels.size(), "kernel", "kernels"), day(line.points.front().run));
  if (day(line.points.front().run) != day(line.points.back().run)) {
    text += " to " + day(line.points.back().run);
  }
  if (!line.key.unit.empty() && line.changes.missing > 0) {
    text += fmt::format("; {} without a result", line.changes.missing);
  }
  return text;
}

// What a bar of several verdicts shows: the gravest.
char letter(const TrendLine& line, const Bucket& bucket) {
  char worst = '.';
  constexpr std::string_view order = ".sBF";
  for (std::size_t i = bucket.begin; i < bucket.end; ++i) {
    const std::string& verdict = line.points[i].verdict;
    const char own = verdict == "pass"   ? '.'
                     : verdict == "skip" ? 's'
                     : verdict == "fail" ? 'F'
                                         : 'B';
    if (order.find(own) > order.find(worst)) worst = own;
  }
  return worst;
}

// "^" under the bars at which a change is.
std::string marks(const std::vector<std::size_t>& points, const std::vector<Bucket>& bars) {
  std::string text(bars.size(), ' ');
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const bool here = std::any_of(points.begin(), points.end(), [&](std::size_t point) {
      return bars[i].begin <= point && point < bars[i].end;
    });
    if (here) text[i] = '^';
  }
  const std::size_t last = text.find_last_not_of(' ');
  return last == std::string::npos ? "" : "  " + text.substr(0, last + 1) + '\n';
}

std::string bars_of(const TrendLine& line, const TextOptions& options) {
  constexpr std::size_t beside = 34;  // columns that the scale takes
  const std::size_t columns = options.width > 2 * beside ? options.width - beside : beside;
  std::string text;
  std::vector<std::size_t> changed;
  const std::vector<Bucket> all = buckets(line.points.size(), columns);
  if (line.key.unit.empty()) {
    for (const Bucket& bucket : all) text += letter(line, bucket);
    for (const VerdictTurn& turn : line.turns) changed.push_back(turn.after);
    return "  " + text + "  (. pass, F fail, s skip, B broken)\n" + marks(changed, all);
  }
  std::vector<double> values;
  for (const Point& point : line.points) values.push_back(point.value);
  const Sparkline bars = sparkline(values, columns);
  for (const Step& step : line.changes.steps) changed.push_back(step.first_after);
  text = "  " + bars.bars;
  if (bars.high > 0) {
    text += fmt::format("  ▁ {}, █ {}", with_unit(bars.low, line.key.unit),
                        with_unit(bars.high, line.key.unit));
  }
  return text + '\n' + marks(changed, all);
}

// Less is better, always.
std::string_view direction(bool more, std::string_view unit) {
  if (unit == "ns") return more ? "slower" : "faster";
  return more ? "more" : "less";
}

std::string change_word(double before, double after) {
  return fmt::format("{:+.1f} %", 100 * relative(before, after));
}

void add_changes(const TrendLine& line, const KernelLabels& labels, Table& table) {
  const auto between = [&](std::size_t before, std::size_t after) {
    return fmt::format("between {} ({}) and {} ({})", labels.of(line.points[before].run),
                       minute(line.points[before].run), labels.of(line.points[after].run),
                       minute(line.points[after].run));
  };
  for (const Step& step : line.changes.steps) {
    const bool worse = step.after > step.before;
    table.add({{std::string(direction(worse, line.key.unit)), worse ? Tone::Bad : Tone::Good},
               {change_word(step.before, step.after), Tone::Plain, true},
               {fmt::format("{} to {} {}, p {:.3f}", with_unit(step.before, line.key.unit),
                            with_unit(step.after, line.key.unit),
                            between(step.last_before, step.first_after), step.p),
                Tone::Plain, false, true}});
  }
  for (const Drift& drift : line.changes.drifts) {
    const bool worse = drift.after > drift.before;
    table.add(
        {{fmt::format("{}, bit by bit", direction(worse, line.key.unit)),
          worse ? Tone::Bad : Tone::Good},
         {change_word(drift.before, drift.after), Tone::Plain, true},
         {fmt::format("{} to {} {}", with_unit(drift.before, line.key.unit),
                      with_unit(drift.after, line.key.unit), between(drift.first, drift.last)),
          Tone::Plain, false, true}});
  }
  for (const VerdictTurn& turn : line.turns) {
    const Point& after = line.points[turn.after];
    const bool worse = turn.turn == Turn::Broke || turn.turn == Turn::Lost;
    std::string text = fmt::format("{} to {} {}", printable(line.points[turn.before].verdict, 10),
                                   printable(after.verdict, 10), between(turn.before, turn.after));
    const std::string& why = after.note.empty() ? after.reason : after.note;
    if (!why.empty()) text += ": " + printable(why, 300);
    table.add({{std::string(id(turn.turn)), worse ? Tone::Bad : Tone::Good},
               {text, Tone::Plain, false, true}});
  }
}

std::string changes_text(const TrendLine& line, const KernelLabels& labels, const Trend& trend,
                         const TextOptions& options) {
  Table table;
  add_changes(line, labels, table);
  if (!table.empty()) return '\n' + table.str(2, 2, options.width, options.color);
  if (line.key.unit.empty()) return "  no change of verdict\n";
  const std::size_t needed = change_points_need(trend.options);
  if (line.changes.used < needed) {
    return fmt::format("  too few results for a change to be told: {} of {}\n", line.changes.used,
                       needed);
  }
  return fmt::format("  no change of {:.3g} % or more\n", 100 * trend.options.threshold);
}

std::string verdicts_of(const TrendLine& line, const KernelGroup& group) {
  std::vector<std::string> seen;
  for (std::size_t i = group.begin; i < group.end; ++i) {
    const std::string verdict = printable(line.points[i].verdict, 10);
    if (std::find(seen.begin(), seen.end(), verdict) == seen.end()) seen.push_back(verdict);
  }
  std::string text;
  for (const std::string& verdict : seen) text += (text.empty() ? "" : ", ") + verdict;
  return text;
}

std::string kernels_text(const TrendLine& line, const std::vector<KernelGroup>& groups,
                         const KernelLabels& labels, const TextOptions& options) {
  const bool timed = !line.key.unit.empty();
  Table table;
  Table::Row names{{"kernel", Tone::Strong},
                   {"first run", Tone::Strong},
                   {"ID", Tone::Strong, true},
                   {"runs", Tone::Strong, true}};
  if (timed) {
    names.push_back({"median", Tone::Strong, true});
    names.push_back({"range", Tone::Strong});
  } else {
    names.push_back({"verdict", Tone::Strong});
  }
  table.add(std::move(names));
  const std::size_t left_out =
      options.limit > 0 && groups.size() > options.limit ? groups.size() - options.limit : 0;
  for (std::size_t i = left_out; i < groups.size(); ++i) {
    const KernelGroup& group = groups[i];
    const Run& run = line.points[group.begin].run;
    Table::Row row{{labels.of(run)},
                   {minute(run)},
                   {std::to_string(run.id), Tone::Plain, true},
                   {std::to_string(group.end - group.begin), Tone::Plain, true}};
    if (timed) {
      row.push_back({with_unit(group.median, line.key.unit), Tone::Plain, true});
      if (group.results > 1) {
        row.push_back({fmt::format("{} to {}", with_unit(group.least, line.key.unit),
                                   with_unit(group.most, line.key.unit)),
                       Tone::Faint});
      }
    } else {
      row.push_back({verdicts_of(line, group)});
    }
    table.add(std::move(row));
  }
  std::string text = '\n' + table.str(2, 2, options.width, options.color);
  if (left_out > 0) {
    text += fmt::format("  {} before not shown (--limit 0: all)\n",
                        counted(left_out, "row is", "rows are"));
  }
  return text;
}

}  // namespace

std::string trend_text(const Trend& trend, const TextOptions& options) {
  std::string text = paint(printable(trend.name, 200), Tone::Strong, options.color);
  text += trend.benchmark ? ": the median of each run's batches (p25); less is better\n"
                          : ": verdicts\n";
  if (trend.lines.empty()) text += "\nno runs\n";
  const std::size_t shown = std::min(trend.lines.size(), most_lines);
  if (trend.lines.size() > 1) {
    text += fmt::format("{} lines: runs that can't be compared with each other are kept apart{}\n",
                        trend.lines.size(),
                        trend.lines.size() > shown
                            ? fmt::format("; the {} with the newest runs are shown (--machine "
                                          "narrows it, --json has all)",
                                          shown)
                            : "");
  }
  for (std::size_t i = 0; i < shown; ++i) {
    const TrendLine& line = trend.lines[i];
    const std::vector<KernelGroup> groups = kernel_groups(line);
    const KernelLabels labels(line);
    text +=
        fmt::format("\n{}\n{}\n", wrap(describe(line), options.width, 2, 0), extent(line, groups));
    text += bars_of(line, options) + changes_text(line, labels, trend, options) +
            kernels_text(line, groups, labels, options);
  }
  if (trend.nulls > 0) {
    text += fmt::format("\n{} left out: the second copy of the base in lock step\n",
                        counted(trend.nulls, "A/A control is", "A/A controls are"));
  }
  return text;
}

}  // namespace nsbench::history
