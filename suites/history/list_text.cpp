// nsbench history list and show, as text.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/formats/amount.h"
#include "reports/formats/table.h"
#include "reports/printable.h"
#include "suites/history/history_text.h"

namespace nsbench::history {
namespace {

constexpr std::size_t most = 40;  // bytes of a name in a table

std::string count_of(int count) { return count == 0 ? "-" : std::to_string(count); }

Cell number(int count, Tone tone) {
  return {count_of(count), count == 0 ? Tone::Faint : tone, true};
}

Table::Row heading(const std::vector<std::string>& names, std::size_t left) {
  Table::Row row;
  for (std::size_t i = 0; i < names.size(); ++i) row.push_back({names[i], Tone::Strong, i >= left});
  return row;
}

std::string result_word(int exit_code) {
  switch (exit_code) {
    case 0:
      return "ok";
    case 1:
      return "fail";
    default:
      return "unknown";
  }
}

std::string suite_of(const Run& run) {
  std::string text = printable(run.suite, most);
  if (!run.side.empty()) text += fmt::format(" ({})", printable(run.side, 10));
  if (run.interrupted) text += " (interrupted)";
  return text;
}

Table::Row row_of(const Run& run) {
  const Summary& sum = run.summary;
  const int timed = sum.series - sum.series_failed - sum.series_skipped;
  return {{std::to_string(run.id), Tone::Plain, true},
          {printable(run.started, most)},
          {printable(run.release, most)},
          {printable(run.host_name, most)},
          {printable(run.engine, most)},
          {suite_of(run)},
          {result_word(run.exit_code), run.exit_code == 0   ? Tone::Good
                                       : run.exit_code == 1 ? Tone::Bad
                                                            : Tone::Doubt},
          number(sum.pass, Tone::Plain),
          number(sum.fail, Tone::Bad),
          number(sum.skip, Tone::Left),
          number(sum.broken, Tone::Doubt),
          number(timed, Tone::Plain)};
}

std::string facts(const Run& run, const TextOptions& options) {
  Table table;
  const auto add = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    table.add({{name, Tone::Faint}, {printable(value, 300), Tone::Plain, false, true}});
  };
  const std::string side =
      run.side.empty() ? "" : fmt::format(", side {} of {}", run.side, run.lockstep);
  add("kernel", fmt::format("{} {} {}", run.release, run.version, run.machine));
  add("machine", fmt::format("{}, {}, {} CPUs, id {}", run.host_name, run.cpu_model, run.cpus,
                             run.machine_id.empty() ? "not known" : run.machine_id));
  add("where", fmt::format("{}, {} clock, boot {}, taint {}", run.engine, run.clock,
                           run.boot_id.empty() ? "not known" : run.boot_id, run.taint));
  add("run",
      fmt::format("nsbench {} ({}), workloads of version {}, suite {}, seed {}, {:.1f} s{}{}",
                  run.nsbench_version, run.build_type, run.workload_version, run.suite, run.seed,
                  run.seconds, side, run.interrupted ? ", interrupted" : ""));
  add("command", run.command);
  add("warnings", run.warnings);
  return table.str(2, 2, options.width, options.color);
}

// Every check but those that pass. A control that is skipped says what its case says.
std::string checks(const Record& record, const TextOptions& options) {
  Table table;
  for (const Check& check : record.checks) {
    const bool control = check.id.ends_with(":control");
    if (check.verdict == "pass" || (control && check.verdict == "skip")) continue;
    const Tone tone = check.verdict == "fail"   ? Tone::Bad
                      : check.verdict == "skip" ? Tone::Left
                                                : Tone::Doubt;
    table.add({{printable(check.verdict, 10), tone},
               {printable(check.id, 200)},
               {printable(check.note.empty() ? check.reason : check.note, 300), Tone::Faint, false,
                true}});
  }
  if (table.empty()) return "";
  return "\nChecks that did not pass\n" + table.str(2, 2, options.width, options.color);
}

std::string timings(const Record& record, const TextOptions& options) {
  if (record.timings.empty()) return "";
  Table table;
  table.add(heading({"", "typical", "p25", "p50", "p90", "p99", "min", "unit", "calls"}, 1));
  for (const Timing& timing : record.timings) {
    const std::string name = printable(timing.id, 200);
    if (!timing.verdict.empty()) {
      table.add({{name},
                 {fmt::format("{}: {}", timing.verdict == "skip" ? "skipped" : "failed",
                              printable(timing.note, 300)),
                  timing.verdict == "skip" ? Tone::Left : Tone::Bad, false, true}});
      continue;
    }
    const text::Unit unit = text::unit_for(timing.p50, timing.unit);
    Table::Row row{{name}};
    for (const double value :
         {timing.typical, timing.p25, timing.p50, timing.p90, timing.p99, timing.min}) {
      row.push_back({text::amount(value, unit), Tone::Plain, true});
    }
    row.push_back({printable(unit.name, 20)});
    row.push_back({std::to_string(timing.calls), Tone::Plain, true});
    table.add(std::move(row));
  }
  return "\nBenchmarks (typical: the median of the batches' p25)\n" +
         table.str(2, 2, options.width, options.color);
}

}  // namespace

std::string list_text(const std::vector<Run>& runs, std::int64_t of, const TextOptions& options) {
  if (runs.empty()) return "no runs\n";
  Table table;
  Table::Row names = heading({"ID", "started", "kernel", "host", "engine", "suite", "result",
                              "pass", "fail", "skip", "broken", "timed"},
                             7);
  names.front().right = true;
  table.add(std::move(names));
  for (const Run& run : runs) table.add(row_of(run));
  std::string text = table.str(0, 2, options.width, options.color);
  const auto shown = static_cast<std::int64_t>(runs.size());
  if (of > shown) {
    text += fmt::format("{} older {} not shown (--limit 0: all)\n", of - shown,
                        of - shown == 1 ? "run is" : "runs are");
  }
  return text;
}

std::string show_text(const Record& record, const TextOptions& options) {
  const Run& run = record.run;
  const Summary& sum = run.summary;
  return fmt::format(
             "run {}, {}: {}; {} checks pass, {} fail, {} skipped, {} broken; {} benchmarks "
             "({} failed, {} skipped)\n",
             run.id, printable(run.started, most), result_word(run.exit_code), sum.pass, sum.fail,
             sum.skip, sum.broken, sum.series, sum.series_failed, sum.series_skipped) +
         facts(run, options) + checks(record, options) + timings(record, options);
}

}  // namespace nsbench::history
