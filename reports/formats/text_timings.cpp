// The table of times in the text report.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/formats/table.h"
#include "reports/formats/text_parts.h"
#include "reports/printable.h"
#include "reports/statistics.h"

namespace nsbench::text {
namespace {

struct Unit {
  double ns;
  std::string_view name;
};

// One for a whole row, so that its numbers can be compared by eye.
Unit unit_for(double ns) {
  for (const Unit unit : {Unit{1e9, "s"}, Unit{1e6, "ms"}, Unit{1e3, "us"}}) {
    if (ns >= unit.ns) return unit;
  }
  return {1, "ns"};
}

// Three digits that mean something; whole numbers are never rounded further.
std::string amount(double ns, Unit unit) {
  if (!std::isfinite(ns)) return "-";
  const double value = ns / unit.ns;
  if (std::abs(value) < 9.995) return fmt::format("{:.2f}", value);
  if (std::abs(value) < 99.95) return fmt::format("{:.1f}", value);
  return fmt::format("{:.0f}", value);
}

std::string percent(double fraction) {
  const double value = fraction * 100;
  return fmt::format("±{:.{}f}%", value, value < 9.95 ? 1 : 0);
}

// By kind of namespace: first what enters none (a baseline), then one kind, then several.
std::size_t kind_rank(const Series& series) {
  if (series.namespaces.empty()) return 0;
  constexpr std::size_t after_all_kinds = 20;
  return series.namespaces.size() > 1 ? after_all_kinds : 1 + rank(series.namespaces.front());
}

bool comes_before(const Series* a, const Series* b) {
  const auto family = [](const Series* series) {
    return std::tuple(rank(series->id.family), series->id.family);
  };
  if (family(a) != family(b)) return family(a) < family(b);
  if (kind_rank(*a) != kind_rank(*b)) return kind_rank(*a) < kind_rank(*b);
  const auto order = natural_order(a->id.subject(), b->id.subject());
  if (order != 0) return order < 0;
  return std::tuple(way_key(a->id), a->id.privilege) < std::tuple(way_key(b->id), b->id.privilege);
}

// A narrow terminal does without some columns.
struct Layout {
  std::size_t gap = 2;
  bool p90 = true;
  bool max = true;
};

Cell right(std::string text, Tone tone) {
  return {.text = std::move(text), .tone = tone, .right = true};
}

Table::Row titles(const Layout& layout) {
  Table::Row row;
  for (const char* title : {"", "way", "as"}) row.push_back({.text = title, .tone = Tone::Faint});
  row.push_back(right("calls", Tone::Faint));
  row.push_back(right("p50", Tone::Faint));
  if (layout.p90) row.push_back(right("p90", Tone::Faint));
  row.push_back(right("p99", Tone::Faint));
  if (layout.max) row.push_back(right("max", Tone::Faint));
  row.push_back({});
  row.push_back(right("spread", Tone::Faint));
  return row;
}

Table::Row name_cells(const Series& series) {
  return {{.text = series.id.subject()},
          {.text = series.id.way()},
          {.text = std::string(id(series.id.privilege))}};
}

Table::Row failed_row(const Series& series) {
  Table::Row row = name_cells(series);
  const std::string error = series.error.empty() ? "" : ": " + printable(series.error, 400);
  const std::string sentence =
      series.failures == 0
          ? "failed: timed no call" + error
          : fmt::format("failed: {} of {}{}", grouped(series.failures),
                        counted(series.calls + series.failures, "call", "calls"), error);
  row.push_back({.text = sentence, .tone = Tone::Bad, .spans = true});
  return row;
}

Table::Row timed_row(const Series& series, const Layout& layout) {
  const SeriesStatistics times = statistics_of(series);
  const Unit unit = unit_for(times.p50);
  const std::string p99 = times.has_p99() ? amount(times.p99, unit) : "-";
  Table::Row row = name_cells(series);
  row.push_back(right(grouped(times.calls), Tone::Plain));
  row.push_back(right(amount(times.p50, unit), Tone::Strong));
  if (layout.p90) row.push_back(right(amount(times.p90, unit), Tone::Plain));
  row.push_back(right(p99, Tone::Plain));
  if (layout.max) row.push_back(right(amount(times.max, unit), Tone::Plain));
  row.push_back({.text = std::string(unit.name)});
  row.push_back(right(series.batches.size() < 2 ? "-" : percent(times.spread), Tone::Faint));
  if (!series.drained) row.push_back({.text = "*", .tone = Tone::Left});
  return row;
}

Table table_of(const std::vector<const Series*>& shown, const Layout& layout) {
  Table table;
  table.add(titles(layout));
  for (const Series* series : shown) {
    table.add(series->is_result() ? timed_row(*series, layout) : failed_row(*series));
  }
  return table;
}

std::string fitted(const std::vector<const Series*>& shown, const TextOptions& options) {
  constexpr std::size_t indent = 2;
  const auto width = static_cast<std::size_t>(options.width);
  Layout layout;
  for (const Layout narrower : {Layout{2, true, true}, Layout{1, true, true},
                                Layout{1, false, true}, Layout{1, false, false}}) {
    layout = narrower;
    if (indent + table_of(shown, layout).width(layout.gap) <= width) break;
  }
  return table_of(shown, layout).str(indent, layout.gap, width, options.color);
}

std::string notes(const std::vector<const Series*>& shown, const Report& report,
                  const TextOptions& options) {
  const auto width = static_cast<std::size_t>(options.width);
  const auto note = [&](std::string_view text) {
    return paint("  " + wrap(text, width, 2, 2), Tone::Faint, options.color) + '\n';
  };
  std::string out =
      note("time of one call; spread: median deviation of the batches' p25 from their median");
  if (std::any_of(shown.begin(), shown.end(), [](const Series* s) { return !s->drained; })) {
    out += note("* a batch began before the namespaces of the one before were gone");
  }
  if (report.kernel.clock == "instructions") {
    out += note("the clock of this kernel counts instructions: times are not wall time");
  }
  return out;
}

}  // namespace

std::string timings(const Report& report, const TextOptions& options) {
  std::vector<const Series*> shown;
  for (const Series& series : report.series) {
    if (!series.skip) shown.push_back(&series);
  }
  if (shown.empty()) return {};
  std::stable_sort(shown.begin(), shown.end(), comes_before);
  return heading("Timings", options) + fitted(shown, options) + notes(shown, report, options);
}

}  // namespace nsbench::text
