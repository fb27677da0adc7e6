// The table of times in the text report.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "reports/detectable.h"
#include "reports/formats/amount.h"
#include "reports/formats/table.h"
#include "reports/formats/text_parts.h"
#include "reports/printable.h"
#include "reports/statistics.h"

namespace nsbench::text {
namespace {

std::string percent(double fraction) {
  const double value = fraction * 100;
  return fmt::format("±{:.{}f}%", value, value < 9.95 ? 1 : 0);
}

// More than twice is no number that helps.
std::string plus_percent(double fraction) {
  const double value = fraction * 100;
  if (value > 100) return ">+100%";
  return fmt::format("+{:.{}f}%", value, value < 9.95 ? 1 : 0);
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
  bool rate = true;
  bool p90 = true;
  bool max = true;
  bool finds = true;
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
  if (layout.finds) row.push_back(right("finds", Tone::Faint));
  if (layout.rate) row.push_back(right("rate", Tone::Faint));
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
  const Unit unit = unit_for(times.p50, series.unit);
  const std::string p99 = times.has_p99() ? amount(times.p99, unit) : "-";
  Table::Row row = name_cells(series);
  row.push_back(right(grouped(times.calls), Tone::Plain));
  row.push_back(right(amount(times.p50, unit), Tone::Strong));
  if (layout.p90) row.push_back(right(amount(times.p90, unit), Tone::Plain));
  row.push_back(right(p99, Tone::Plain));
  if (layout.max) row.push_back(right(amount(times.max, unit), Tone::Plain));
  row.push_back({.text = std::string(unit.name) + (series.calls_per_timing > 1 ? "+" : "")});
  row.push_back(right(series.batches.size() < 2 ? "-" : percent(times.spread), Tone::Faint));
  if (layout.finds) {
    const std::optional<double> detectable = detectable_in(series);
    row.push_back(right(detectable ? plus_percent(*detectable) : "-", Tone::Faint));
  }
  if (layout.rate) row.push_back(right(rate(times.sustained), Tone::Plain));
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

constexpr std::size_t table_indent = 2;

// The widest that fits.
Layout layout_for(const std::vector<const Series*>& shown, std::size_t width) {
  constexpr std::array layouts{
      Layout{2, true, true, true, true},    Layout{1, true, true, true, true},
      Layout{1, true, false, true, true},   Layout{1, true, false, true, false},
      Layout{1, false, false, true, false}, Layout{1, false, false, false, false}};
  const auto* const found = std::find_if(layouts.begin(), layouts.end(), [&](const Layout& layout) {
    return table_indent + table_of(shown, layout).width(layout.gap) <= width;
  });
  return found == layouts.end() ? layouts.back() : *found;
}

std::string notes(const std::vector<const Series*>& shown, const Layout& layout,
                  const Report& report, const TextOptions& options) {
  const auto width = static_cast<std::size_t>(options.width);
  const auto note = [&](std::string_view text) {
    return paint("  " + wrap(text, width, 2, 2), Tone::Faint, options.color) + '\n';
  };
  std::string out =
      note("time of one call; spread: median deviation of the batches' p25 from their median");
  if (layout.finds) {
    out += note(
        "finds: the smallest slowdown that a comparison in lock step as long as this would have "
        "found, by how much neighbouring batches differ here");
  }
  if (layout.rate) {
    out += note(
        "rate: calls that can be sustained, with what undoes each, and the wait until what was "
        "dropped is gone");
  }
  if (std::any_of(shown.begin(), shown.end(),
                  [](const Series* s) { return s->calls_per_timing > 1; })) {
    out += note("+ several calls were timed at once, so that p90 and above are of their means");
  }
  if (std::any_of(shown.begin(), shown.end(), [](const Series* s) { return !s->drained; })) {
    out += note("* a batch began before the namespaces of the one before were gone");
  }
  if (report.kernel.clock == "instructions") {
    out += note("the clock of this kernel counts instructions: times are not wall time");
  }
  return out;
}

// Bars an eighth of a line high to a whole one, linear in the counts; what is not empty shows.
std::string bars(const std::vector<std::size_t>& counts) {
  constexpr std::array<std::string_view, 9> blocks{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::size_t most = *std::max_element(counts.begin(), counts.end());
  std::string out;
  for (const std::size_t count : counts) {
    const double share = static_cast<double>(count) / static_cast<double>(most);
    const auto height = static_cast<std::size_t>(std::lround(share * 8));
    out += blocks.at(count == 0 ? 0 : std::max<std::size_t>(height, 1));
  }
  return out;
}

Table::Row histogram_row(const Series& series, std::size_t width) {
  Table::Row row = name_cells(series);
  const LogHistogram histogram = log_histogram(series.samples, width);
  const auto end = [&series](double value) {
    const Unit unit = unit_for(value, series.unit);
    return fmt::format("{} {}", amount(value, unit), unit.name);
  };
  row.push_back(right(end(histogram.low), Tone::Plain));
  row.push_back({.text = bars(histogram.counts), .tone = Tone::Strong});
  row.push_back({.text = end(histogram.high)});
  return row;
}

Table histogram_table(const std::vector<const Series*>& shown, std::size_t width) {
  Table table;
  for (const Series* series : shown) {
    if (series->is_result() && !series->samples.empty()) table.add(histogram_row(*series, width));
  }
  return table;
}

}  // namespace

std::string rate(double per_second) {
  if (!(per_second > 0)) return "-";
  if (per_second < 10) return fmt::format("{:.2f}/s", per_second);
  if (per_second < 1e5) return grouped(static_cast<std::uint64_t>(std::lround(per_second))) + "/s";
  return grouped(static_cast<std::uint64_t>(std::lround(per_second / 1000))) + "k/s";
}

std::vector<const Series*> timed_in_order(const Report& report) {
  std::vector<const Series*> shown;
  for (const Series& series : report.series) {
    if (!series.skip) shown.push_back(&series);
  }
  std::stable_sort(shown.begin(), shown.end(), comes_before);
  return shown;
}

std::string histograms(const Report& report, const TextOptions& options) {
  constexpr std::size_t indent = 2;
  constexpr std::size_t gap = 1;
  constexpr std::size_t least = 10;
  constexpr std::size_t most = 60;
  const std::vector<const Series*> shown = timed_in_order(report);
  const auto width = static_cast<std::size_t>(options.width);
  const std::size_t beside = indent + histogram_table(shown, least).width(gap) - least;
  const Table table =
      histogram_table(shown, width < beside + least ? least : std::min(most, width - beside));
  if (!options.histogram || table.empty()) return {};
  return heading("Distribution of times", options) + table.str(indent, gap, width, options.color) +
         paint("  " + wrap("from the fastest to the slowest of the kept times, in steps of equal "
                           "ratio; each line by its own scale",
                           width, 2, 2),
               Tone::Faint, options.color) +
         '\n';
}

std::string timings(const Report& report, const TextOptions& options) {
  const std::vector<const Series*> shown = timed_in_order(report);
  if (shown.empty()) return {};
  const auto width = static_cast<std::size_t>(options.width);
  const Layout layout = layout_for(shown, width);
  return heading("Timings", options) +
         table_of(shown, layout).str(table_indent, layout.gap, width, options.color) +
         notes(shown, layout, report, options);
}

}  // namespace nsbench::text
