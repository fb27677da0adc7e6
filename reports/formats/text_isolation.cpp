// The isolation matrix of the text report, and what is said of failures below it.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "reports/formats/table.h"
#include "reports/formats/text_parts.h"
#include "reports/formats/words.h"
#include "reports/gate.h"
#include "reports/printable.h"

namespace nsbench::text {
namespace {

using Privileges = std::vector<Privilege>;
// A column: who, and by which way.
using Column = std::tuple<Privilege, WayKey>;

struct RowOrder {
  bool operator()(const CaseId& a, const CaseId& b) const {
    if (a.family != b.family) {
      return std::tuple(rank(a.family), a.family) < std::tuple(rank(b.family), b.family);
    }
    return natural_order(a.subject(), b.subject()) < 0;
  }
};

// How often each verdict was given in one cell.
using Verdicts = std::map<VerdictKind, int>;
using Cells = std::map<Column, Verdicts>;

struct Matrix {
  std::set<Column> columns;
  std::map<CaseId, Cells, RowOrder> rows;
  bool by_family = false;  // a row of no name stands for its whole family
};

Matrix matrix_of(const Report& report) {
  Matrix matrix;
  for (const CaseResult& result : report.cases) {
    if (result.id.control) continue;
    const Column column{result.id.privilege, way_key(result.id)};
    matrix.columns.insert(column);
    ++matrix.rows[result.id][column][result.verdict];
  }
  return matrix;
}

bool is_wrong(const Cells& cells) {
  return std::any_of(cells.begin(), cells.end(), [](const auto& cell) {
    return cell.second.contains(VerdictKind::Fail) || cell.second.contains(VerdictKind::Broken);
  });
}

// A row a family, followed by the checks in which something is wrong.
Matrix folded(const Matrix& matrix) {
  Matrix fold{.columns = matrix.columns, .rows = {}, .by_family = true};
  for (const auto& [id, cells] : matrix.rows) {
    CaseId family = id;
    family.name.clear();
    family.params.clear();
    for (const auto& [column, verdicts] : cells) {
      for (const auto& [verdict, count] : verdicts) fold.rows[family][column][verdict] += count;
    }
    if (is_wrong(cells)) fold.rows.emplace(id, cells);
  }
  return fold;
}

Matrix shown(Matrix matrix, const TextOptions& options) {
  constexpr std::size_t many = 40;
  return options.every_check || matrix.rows.size() <= many ? std::move(matrix) : folded(matrix);
}

// One check: its verdict. Of a family: how many failed, or else hold; "9/12" if the rest is
// skipped.
Cell cell_of(const Verdicts& verdicts, bool counts) {
  const auto number = [&verdicts](VerdictKind kind) {
    const auto found = verdicts.find(kind);
    return found == verdicts.end() ? 0 : found->second;
  };
  const auto worded = [&](VerdictKind kind, std::string_view word, Tone tone) {
    return Cell{.text = counts ? fmt::format("{} {}", number(kind), word) : std::string(word),
                .tone = tone};
  };
  const int pass = number(VerdictKind::Pass);
  const int skip = number(VerdictKind::Skip);
  if (number(VerdictKind::Fail) > 0) return worded(VerdictKind::Fail, "FAIL", Tone::Bad);
  if (number(VerdictKind::Broken) > 0) return worded(VerdictKind::Broken, "BROKEN", Tone::Doubt);
  if (pass == 0) return {.text = "skip", .tone = Tone::Left};
  if (!counts) return {.text = "ok", .tone = Tone::Good};
  if (skip == 0) return {.text = fmt::format("{}", pass), .tone = Tone::Good};
  return {.text = fmt::format("{}/{}", pass, pass + skip), .tone = Tone::Left};
}

// A variant is named by its own word where it stands to the right of the plain form.
std::string column_title(const Column& column, const Matrix& matrix) {
  const auto& [privilege, way] = column;
  const auto& [method, variant] = way;
  if (variant.empty()) return std::string(id(method));
  const bool beside = matrix.columns.contains({privilege, WayKey{method, ""}});
  return fmt::format("{}.{}", beside ? "" : id(method), variant);
}

// An empty column keeps the two privileges apart.
bool begins_group(const std::vector<Column>& columns, std::size_t i) {
  return i > 0 && std::get<Privilege>(columns[i - 1]) != std::get<Privilege>(columns[i]);
}

void add_titles(Table& table, const Matrix& matrix, const std::vector<Column>& columns) {
  Table::Row who{{}};
  Table::Row ways{{}};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const bool first = i == 0 || begins_group(columns, i);
    if (begins_group(columns, i)) {
      who.push_back({});
      ways.push_back({});
    }
    const std::string_view name = first ? id(std::get<Privilege>(columns[i])) : "";
    who.push_back({.text = std::string(name), .tone = Tone::Strong, .spans = true});
    ways.push_back({.text = column_title(columns[i], matrix), .tone = Tone::Faint});
  }
  table.add(std::move(who));
  table.add(std::move(ways));
}

// "uts/hostname"; below its family's row "  hostname".
std::string title_of(const CaseId& id, bool by_family) {
  if (!by_family) return id.subject();
  return id.name.empty() ? id.family : "  " + id.subject().substr(id.family.size() + 1);
}

Table::Row row_of(const CaseId& id, const Cells& cells, const std::vector<Column>& columns,
                  bool by_family) {
  Table::Row row{{.text = title_of(id, by_family)}};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (begins_group(columns, i)) row.push_back({});
    const auto found = cells.find(columns[i]);
    row.push_back(found == cells.end() ? Cell{.text = "-", .tone = Tone::Faint}
                                       : cell_of(found->second, by_family && id.name.empty()));
  }
  return row;
}

Table table_of(const Matrix& matrix, const Privileges& privileges) {
  std::vector<Column> columns;
  for (const Column& column : matrix.columns) {
    const Privilege privilege = std::get<Privilege>(column);
    if (std::find(privileges.begin(), privileges.end(), privilege) != privileges.end()) {
      columns.push_back(column);
    }
  }
  Table table;
  if (columns.empty()) return table;
  add_titles(table, matrix, columns);
  for (const auto& row : matrix.rows) {
    const bool any = std::any_of(columns.begin(), columns.end(),
                                 [&](const Column& column) { return row.second.contains(column); });
    if (any) table.add(row_of(row.first, row.second, columns, matrix.by_family));
  }
  return table;
}

// Both privileges side by side where they fit, else one below the other.
std::string fitted(const Matrix& matrix, const TextOptions& options) {
  constexpr std::size_t indent = 2;
  const auto width = static_cast<std::size_t>(options.width);
  const Table whole = table_of(matrix, {Privilege::Root, Privilege::Userns});
  for (const std::size_t gap : {2U, 1U}) {
    if (indent + whole.width(gap) <= width) return whole.str(indent, gap, width, options.color);
  }
  std::string out;
  for (const Privilege privilege : all_privileges) {
    const Table half = table_of(matrix, {privilege});
    const std::size_t gap = indent + half.width(2) <= width ? 2 : 1;
    out += half.str(indent, gap, width, options.color);
  }
  return out;
}

std::string case_counts(const Summary& summary, const TextOptions& options) {
  std::vector<std::string> parts;
  const auto add = [&](int count, std::string_view what, Tone tone) {
    if (count > 0) parts.push_back(paint(fmt::format("{} {}", count, what), tone, options.color));
  };
  add(summary.pass, "ok", Tone::Good);
  add(summary.fail, "failed", Tone::Bad);
  add(summary.broken, "broken", Tone::Doubt);
  add(summary.skip, "skipped", Tone::Left);
  const int cases = summary.pass + summary.fail + summary.broken + summary.skip;
  return fmt::format("  {}: {}\n", counted(static_cast<std::uint64_t>(cases), "case", "cases"),
                     joined(parts, ", "));
}

std::string control_counts(const Summary& summary, const Report& report) {
  if (summary.controls_total == 0) return {};
  const auto skipped =
      std::count_if(report.cases.begin(), report.cases.end(), [](const CaseResult& result) {
        return result.id.control && result.verdict == VerdictKind::Skip;
      });
  return fmt::format(
      "  {} of {} leaked, {}{}\n", summary.controls_leaked,
      counted(static_cast<std::uint64_t>(summary.controls_total), "control", "controls"),
      summary.controls_leaked == summary.controls_total ? "as they must" : "and all must",
      skipped > 0 ? fmt::format("; {} more were skipped", skipped) : "");
}

// What a reader would call the same: the probe, and all that was seen of it.
std::string sameness(const CaseResult& result) {
  std::string key = fmt::format("{}\n{}\n{}\n{}\n{}", result.id.subject(), result.id.control,
                                result.expected, result.observed, result.err);
  for (const Statement& statement : result.statements) {
    if (!statement.holds) key += fmt::format("\n{}\n{}", statement.text, statement.observed);
  }
  return key;
}

bool holds(const Statement& statement) { return statement.holds; }

// Of a broken control and the passes that it spoils, the control says it all.
bool is_said_by_its_control(const CaseResult& result, const std::set<CaseId>& broken_controls) {
  return !result.id.control && broken_controls.contains(result.id.with_control(true)) &&
         std::all_of(result.statements.begin(), result.statements.end(), holds);
}

std::vector<const CaseResult*> results_with(const Report& report, VerdictKind verdict) {
  std::set<CaseId> broken_controls;
  for (const CaseResult& result : report.cases) {
    if (result.id.control && result.verdict == VerdictKind::Broken) {
      broken_controls.insert(result.id);
    }
  }
  std::vector<const CaseResult*> results;
  for (const CaseResult& result : report.cases) {
    if (result.verdict != verdict || is_said_by_its_control(result, broken_controls)) continue;
    results.push_back(&result);
  }
  std::stable_sort(results.begin(), results.end(), [](const CaseResult* a, const CaseResult* b) {
    return RowOrder{}(a->id, b->id);
  });
  return results;
}

constexpr std::size_t key_width = 10;  // "    observed  "

std::string detail(std::string_view key, std::string_view value, const TextOptions& options) {
  if (value.empty()) return {};
  return field(fmt::format("  {}", key), printable(value, 1000), key_width, options);
}

std::string rules(const CaseResult& result, const TextOptions& options) {
  std::string out;
  for (const words::Finding& finding : words::findings(result)) {
    out += detail("rule", finding.rule, options) + detail("expected", finding.expected, options) +
           detail("observed", finding.observed, options);
  }
  return out;
}

std::string details(std::string_view title, const std::vector<Alike>& findings, Tone tone,
                    const TextOptions& options) {
  constexpr std::size_t shown = 12;  // the rest is in the JSON report
  if (findings.empty()) return {};
  std::string out = paint(title, tone, options.color) + '\n';
  for (std::size_t i = 0; i < std::min(shown, findings.size()); ++i) {
    const Alike& finding = findings[i];
    const auto width = static_cast<std::size_t>(options.width);
    out += "  " + wrap(joined(finding.ids, " "), width, 2, 2) + '\n';
    out += rules(*finding.first, options);
    const CaseId& first = finding.first->id;
    if (first.control) out += detail("so", "what passes beside it proves nothing", options);
    out += detail("again", "nsbench rerun " + first.with_control(false).str(), options);
  }
  if (findings.size() > shown) {
    out += fmt::format("  and {} more, in the JSON report\n", findings.size() - shown);
  }
  return out;
}

}  // namespace

std::vector<Alike> alike(const Report& report, VerdictKind verdict) {
  std::vector<Alike> findings;
  std::map<std::string, std::size_t> known;
  for (const CaseResult* result : results_with(report, verdict)) {
    const auto [at, is_new] = known.emplace(sameness(*result), findings.size());
    if (is_new) findings.push_back({result, {}});
    findings[at->second].ids.push_back(result->id.str());
  }
  return findings;
}

std::string isolation(const Report& report, const TextOptions& options) {
  const Matrix matrix = shown(matrix_of(report), options);
  if (matrix.rows.empty()) return {};
  const std::string_view legend =
      matrix.by_family ? "  number of checks that hold; 9/12: and 3 were skipped; --verbose: each\n"
                       : "";
  return heading("Isolation", options) + fitted(matrix, options) + std::string(legend) +
         case_counts(summarise(report), options) + control_counts(summarise(report), report);
}

std::string failures(const Report& report, const TextOptions& options) {
  const std::string failed =
      details("Failed", alike(report, VerdictKind::Fail), Tone::Bad, options);
  const std::string broken =
      details("Broken", alike(report, VerdictKind::Broken), Tone::Doubt, options);
  return failed + (failed.empty() || broken.empty() ? "" : "\n") + broken;
}

}  // namespace nsbench::text
