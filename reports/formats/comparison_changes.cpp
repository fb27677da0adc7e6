// The table of benchmarks in the text of a comparison, and that of their families.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "reports/formats/amount.h"
#include "reports/formats/comparison_parts.h"
#include "reports/formats/table.h"
#include "reports/formats/text_parts.h"
#include "reports/printable.h"

namespace nsbench::text {
namespace {

constexpr std::size_t rows_without_folding = 40;
constexpr std::size_t indent = 2;

using Rows = std::vector<const SeriesComparison*>;

// In the order of the table.
constexpr std::array shown_first{Change::Slower, Change::Faster, Change::CannotTell, Change::Same};

bool comes_before(const SeriesComparison* a, const SeriesComparison* b) {
  const auto place = [](const SeriesComparison* row) {
    return std::find(shown_first.begin(), shown_first.end(), row->change);
  };
  if (place(a) != place(b)) return place(a) < place(b);
  const auto size = [](const SeriesComparison* row) { return std::abs(std::log(*row->ratio)); };
  if (a->change == Change::Slower || a->change == Change::Faster) return size(a) > size(b);
  const auto order = natural_order(a->id.subject(), b->id.subject());
  if (order != 0) return order < 0;
  return std::tuple(way_key(a->id), a->id.privilege) < std::tuple(way_key(b->id), b->id.privilege);
}

Tone tone_of(Change change) {
  switch (change) {
    case Change::Slower:
      return Tone::Bad;
    case Change::Faster:
      return Tone::Good;
    case Change::CannotTell:
      return Tone::Doubt;
    case Change::Same:
      break;
  }
  return Tone::Plain;
}

// A narrow terminal does without some columns.
struct Layout {
  std::size_t gap = 2;
  bool p = true;
  bool n = true;
  bool sides = true;
};

Cell right(std::string text, Tone tone = Tone::Plain) {
  return {.text = std::move(text), .tone = tone, .right = true};
}

Table::Row titles(const Comparison& comparison, const Layout& layout) {
  Table::Row row{{}, {}};
  const auto title = [&](std::string text) { row.push_back(right(std::move(text), Tone::Faint)); };
  if (layout.sides) {
    title("base");
    title("new");
    row.emplace_back();
  }
  title("change");
  title(fmt::format("{:g}% interval", 100 * (1 - comparison.options.alpha)));
  if (layout.p) title("p");
  if (layout.n) title("n");
  title("shows");
  return row;
}

Table::Row row_of(const SeriesComparison& series, const Comparison& comparison,
                  const Layout& layout) {
  const Tone tone = tone_of(series.change);
  Table::Row row{{.text = change_word(series.change), .tone = tone}, {.text = series.id.str()}};
  if (!series.ratio) {
    row.push_back({.text = series.code, .tone = Tone::Doubt, .spans = true});
    return row;
  }
  if (layout.sides) {
    const Unit unit = unit_for(std::min(series.base, series.now), series.unit);
    row.push_back(right(amount(series.base, unit)));
    row.push_back(right(amount(series.now, unit)));
    row.push_back({.text = std::string(unit.name)});
  }
  row.push_back(right(change_of(*series.ratio), series.decided() ? tone : Tone::Plain));
  row.push_back(right(series.interval ? interval_of(*series.interval) : "-"));
  if (layout.p) row.push_back(right(probability(series.p)));
  if (layout.n) row.push_back(right(count_of(series, comparison.procedure)));
  row.push_back(right(series.detectable ? short_percent(*series.detectable) : "-", Tone::Faint));
  if (!series.drained) row.push_back({.text = "*", .tone = Tone::Left});
  return row;
}

Table table_of(const Rows& rows, const Comparison& comparison, const Layout& layout) {
  Table table;
  table.add(titles(comparison, layout));
  for (const SeriesComparison* row : rows) table.add(row_of(*row, comparison, layout));
  return table;
}

Layout fitting(const Rows& rows, const Comparison& comparison, const TextOptions& options) {
  const auto width = static_cast<std::size_t>(options.width);
  Layout layout;
  for (const Layout narrower : {Layout{}, Layout{1}, Layout{1, true, false},
                                Layout{1, false, false}, Layout{1, false, false, false}}) {
    layout = narrower;
    if (indent + table_of(rows, comparison, layout).width(layout.gap) <= width) break;
  }
  return layout;
}

std::string_view test_of(Procedure procedure) {
  return procedure == Procedure::LockStep ? "the sign test" : "Welch's t test";
}

std::string_view counted_by(Procedure procedure) {
  switch (procedure) {
    case Procedure::LockStep:
      return "pairs of batches";
    case Procedure::Runs:
      return "runs";
    case Procedure::Instructions:
      break;
  }
  return "batches, or reports where there are several";
}

std::string notes(const Comparison& comparison, const Layout& layout, bool undrained,
                  const TextOptions& options) {
  const auto width = static_cast<std::size_t>(options.width);
  std::string out;
  const auto note = [&](const std::string& text) {
    out += paint("  " + wrap(text, width, 2, 2), Tone::Faint, options.color) + '\n';
  };
  const CompareOptions& rule = comparison.options;
  note("change: of what a call typically costs; less is better");
  note(fmt::format("slower, faster: over {}, and p < {:g} by {} with Holm's correction for {}",
                   short_percent(rule.threshold), rule.alpha, test_of(comparison.procedure),
                   counted(comparison.tested, "benchmark", "benchmarks")));
  note(fmt::format("same: changes over {} are ruled out", short_percent(rule.same_within())));
  note("shows: the smallest change that would have been found 95 times of 100");
  if (layout.n) note(fmt::format("n: {}", counted_by(comparison.procedure)));
  if (undrained) note("* a batch began before the namespaces of the one before were gone");
  return out;
}

}  // namespace

std::string change_word(Change change) {
  return change == Change::CannotTell ? "can't tell" : std::string(id(change));
}

std::vector<const SeriesComparison*> in_order(const Comparison& comparison) {
  Rows rows;
  for (const SeriesComparison& row : comparison.series) rows.push_back(&row);
  std::stable_sort(rows.begin(), rows.end(), comes_before);
  return rows;
}

std::string probability(const std::optional<double>& p) {
  if (!p) return "-";
  if (*p < 0.0001) return "<.0001";
  return *p >= 0.9995 ? "1" : fmt::format("{:.{}f}", *p, *p < 0.001 ? 4 : 3).substr(1);
}

std::string count_of(const SeriesComparison& row, Procedure procedure) {
  if (procedure == Procedure::LockStep) return grouped(row.pairs);
  return row.base_n == row.now_n ? fmt::format("2x{}", row.base_n)
                                 : fmt::format("{}+{}", row.base_n, row.now_n);
}

std::string change_of(double ratio) {
  const double value = 100 * (ratio - 1);
  return fmt::format("{:+.{}f}%", value, std::abs(value) < 99.95 ? 1 : 0);
}

std::string interval_of(const Interval& interval) {
  std::string low = change_of(interval.low);
  low.pop_back();  // one % is enough
  return low + ".." + change_of(interval.high);
}

std::string short_percent(double fraction) {
  const double value = 100 * fraction;
  return fmt::format("{:.{}f}%", value, value < 9.95 && value != std::round(value) ? 1 : 0);
}

std::string changes(const Comparison& comparison, const TextOptions& options) {
  Rows rows = in_order(comparison);
  if (rows.empty()) return {};
  const bool undrained =
      std::any_of(rows.begin(), rows.end(), [](const auto* row) { return !row->drained; });
  std::size_t folded = 0;
  if (rows.size() > rows_without_folding && !options.every_check) {
    folded = std::erase_if(rows, [](const auto* row) { return row->change == Change::Same; });
  }
  std::string out = heading("Timings", options);
  const Layout layout = fitting(rows, comparison, options);
  if (!rows.empty()) {
    out += table_of(rows, comparison, layout)
               .str(indent, layout.gap, static_cast<std::size_t>(options.width), options.color);
  }
  if (folded > 0) {
    out += fmt::format("  {} the same; --verbose: each\n",
                       rows.empty() ? fmt::format("all {} are", folded)
                                    : fmt::format("{} more are", grouped(folded)));
  }
  return out + notes(comparison, layout, undrained, options);
}

std::string families(const Comparison& comparison, const TextOptions& options) {
  if (comparison.families.empty()) return {};
  Table table;
  for (const FamilyComparison& family : comparison.families) {
    const std::string unit =
        family.unit == "ns" ? "" : fmt::format(" ({})", printable(family.unit));
    table.add({{.text = family.family + unit},
               right(counted(family.cases, "case", "cases")),
               right(change_of(family.ratio)),
               right(family.interval ? interval_of(*family.interval) : "-")});
  }
  return heading("Families: geometric mean of the changes", options) +
         table.str(2, 2, static_cast<std::size_t>(options.width), options.color);
}

}  // namespace nsbench::text
