#include "reports/formats/html/isolation.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "reports/formats/html/document.h"
#include "reports/formats/markup.h"
#include "reports/formats/splats.h"
#include "reports/formats/text_parts.h"
#include "reports/formats/words.h"
#include "reports/printable.h"

namespace nsbench::html {
namespace {

using markup::xml;

struct RowOrder {
  bool operator()(const CaseId& a, const CaseId& b) const {
    const auto family = [](const CaseId& id) {
      return std::tuple(text::rank(id.family), id.family);
    };
    if (family(a) != family(b)) return family(a) < family(b);
    return text::natural_order(a.subject(), b.subject()) < 0;
  }
};

Grid::Column column_of(const CaseId& id) { return {id.privilege, id.method, id.variant}; }

struct Tally {
  int pass = 0, fail = 0, broken = 0, skip = 0, leaked = 0, controls = 0;

  void add(const Check& check) {
    if (check.real == nullptr) return;
    const VerdictKind verdict = check.real->verdict;
    pass += verdict == VerdictKind::Pass ? 1 : 0;
    fail += verdict == VerdictKind::Fail ? 1 : 0;
    broken += verdict == VerdictKind::Broken ? 1 : 0;
    skip += verdict == VerdictKind::Skip ? 1 : 0;
    if (check.control == nullptr || check.control->verdict == VerdictKind::Skip) return;
    ++controls;
    leaked += check.control->verdict == VerdictKind::Pass ? 1 : 0;
  }
  [[nodiscard]] bool wrong() const { return fail + broken > 0; }
};

Tally tally_of(const Grid::Family& family) {
  Tally tally;
  for (const Grid::Row& row : family.rows) {
    for (const Check& check : row.checks) tally.add(check);
  }
  return tally;
}

// A sign besides the colour.
std::string_view sign(VerdictKind verdict) {
  switch (verdict) {
    case VerdictKind::Pass:
      return "✓";
    case VerdictKind::Fail:
      return "✗";
    case VerdictKind::Broken:
      return "!";
    case VerdictKind::Skip:
      break;
  }
  return "–";
}

std::string count_cell(int count, std::string_view css_class) {
  return count == 0 ? "<td class=zero>0" : fmt::format("<td class={}>{}", css_class, count);
}

std::string overview(const Grid& grid) {
  std::string out =
      "<table class=overview>\n<thead><tr><th scope=col>namespace<th scope=col "
      "class=minor>properties"
      "<th scope=col>hold<th scope=col>failed<th scope=col>broken<th scope=col>skipped"
      "<th scope=col>controls leaked</thead>\n<tbody>\n";
  for (const Grid::Family& family : grid.families) {
    const Tally tally = tally_of(family);
    out += fmt::format("<tr><th scope=row><a href=\"#in-{}\">{}</a><td class=minor>{}",
                       xml(family.name), xml(family.name), family.rows.size());
    out += count_cell(tally.pass, "pass") + count_cell(tally.fail, "fail") +
           count_cell(tally.broken, "broken") + count_cell(tally.skip, "skip");
    out += tally.controls == 0 ? "<td class=zero>none"
                               : fmt::format("<td>{} of {}", tally.leaked, tally.controls);
    out += '\n';
  }
  return out + "</tbody></table>\n";
}

std::string titles(const std::vector<Grid::Column>& columns) {
  std::string who = "<thead><tr><td>";
  std::string ways = "<tr><th scope=col>property";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const bool first = i == 0 || columns[i].privilege != columns[i - 1].privilege;
    if (first) {
      const auto span = std::count_if(columns.begin(), columns.end(), [&](const auto& other) {
        return other.privilege == columns[i].privilege;
      });
      who += fmt::format("<th scope=colgroup colspan={} class=first>{}", span,
                         id(columns[i].privilege));
    }
    CaseId way;
    way.method = columns[i].method;
    way.variant = columns[i].variant;
    ways +=
        fmt::format("<th scope=col{}><span>{}</span>", first ? " class=first" : "", xml(way.way()));
  }
  return who + '\n' + ways + "</thead>\n";
}

std::string row_of(const Grid::Row& row, const std::vector<Grid::Column>& columns) {
  const std::string property = row.id.subject().substr(row.id.family.size() + 1);
  std::string out = fmt::format("<tr><th scope=row>{}", name(property));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const CaseResult* const real = row.checks[i].real;
    const bool first = i > 0 && columns[i].privilege != columns[i - 1].privilege;
    if (real == nullptr) {
      out += first ? "<td data-first>" : "<td>";
    } else {
      out += fmt::format("<td class={}{}>{}", id(real->verdict), first ? " data-first" : "",
                         sign(real->verdict));
    }
  }
  return out + '\n';
}

std::string counts(const Tally& tally) {
  std::vector<std::string> parts;
  const auto add = [&parts](int count, std::string_view name, std::string_view css_class) {
    if (count > 0) {
      parts.push_back(fmt::format("<span class={}>{} {}</span>", css_class, count, name));
    }
  };
  add(tally.fail, "failed", "fail");
  add(tally.broken, "broken", "broken");
  add(tally.pass, "hold", "pass");
  add(tally.skip, "skipped", "skip");
  return text::joined(parts, ", ");
}

// Open, so that all is there without a script; page.js closes those in which all is well.
std::string family_matrix(const Grid::Family& family, const std::vector<Grid::Column>& columns) {
  const Tally tally = tally_of(family);
  std::string out = fmt::format(
      "<details id=\"in-{}\" class=\"family{}\" open>\n<summary><h3>{}</h3> {}"
      "</summary>\n<div class=wide><table class=matrix data-family=\"{}\">\n",
      xml(family.name), tally.wrong() ? " wrong" : "", xml(family.name), counts(tally),
      xml(family.name));
  out += titles(columns) + "<tbody>\n";
  for (const Grid::Row& row : family.rows) out += row_of(row, columns);
  return out + "</tbody></table></div>\n</details>\n";
}

std::string alike(const std::vector<text::Alike>& all, std::string_view css_class) {
  constexpr std::size_t shown = 60;
  std::string out;
  for (std::size_t i = 0; i < std::min(shown, all.size()); ++i) {
    const CaseId& first = all[i].first->id;
    out += fmt::format(
        "<article class=\"finding {}\" data-id=\"{}\">\n<h3>{} <small>{}</small></h3>\n", css_class,
        xml(text::joined(all[i].ids, " ")), xml(first.subject()),
        css_class == "fail" ? "failed" : "broken");
    out += "<ul class=ids>";
    for (const std::string& id : all[i].ids) out += fmt::format("<li><code>{}</code>", xml(id));
    out += "</ul>\n" + findings(words::findings(*all[i].first));
    if (first.control) out += "<p>So what passes beside it proves nothing.</p>\n";
    out += fmt::format("<p class=next>Again: {}</p>\n</article>\n",
                       command("nsbench rerun " + first.with_control(false).str()));
  }
  if (all.size() > shown) {
    out += fmt::format("<p>and {} more, in the matrix below</p>\n", all.size() - shown);
  }
  return out;
}

// Texts and statements of all cases, each kept once.
class Interned {
 public:
  std::size_t text(const std::string& text) {
    const auto [at, is_new] = texts_.emplace(text, texts_.size());
    if (is_new) data_["texts"].push_back(printable(text, 1000));
    return at->second;
  }
  // A list of statements, as the differences of their numbers: methods differ in little else.
  std::size_t list(const std::vector<Statement>& statements) {
    std::vector<std::int64_t> numbers;
    std::int64_t before = 0;
    for (const Statement& one : statements) {
      const auto number = static_cast<std::int64_t>(statement(one));
      numbers.push_back(number - before);
      before = number;
    }
    const auto [at, is_new] = lists_.emplace(numbers, lists_.size());
    if (is_new) data_["lists"].push_back(numbers);
    return at->second;
  }
  nlohmann::json take() { return std::move(data_); }

 private:
  using Key = std::tuple<int, std::size_t, std::size_t, std::size_t>;
  std::size_t statement(const Statement& one) {
    const Key key{2 * static_cast<int>(one.kind) + (one.holds ? 1 : 0), text(one.text),
                  text(one.expected), text(one.observed)};
    const auto [at, is_new] = statements_.emplace(key, statements_.size());
    if (is_new) data_["statements"].push_back(key);
    return at->second;
  }

  nlohmann::json data_ = {{"texts", nlohmann::json::array()},
                          {"statements", nlohmann::json::array()},
                          {"lists", nlohmann::json::array()}};
  std::map<std::string, std::size_t> texts_;
  std::map<Key, std::size_t> statements_;
  std::map<std::vector<std::int64_t>, std::size_t> lists_;
};

// Milliseconds; list of statements; and of what didn't pass what was expected and observed.
nlohmann::json case_data(const CaseResult& result, Interned& interned) {
  nlohmann::json data = {std::lround(result.seconds * 1e3), interned.list(result.statements)};
  if (result.verdict != VerdictKind::Pass || result.statements.empty()) {
    const std::vector<words::Finding> found = words::findings(result);
    data.push_back(interned.text(result.skip ? std::string(title(*result.skip)) : result.expected));
    data.push_back(
        interned.text(result.statements.empty() ? found.front().observed : result.observed));
  }
  return data;
}

}  // namespace

Grid grid_of(const Report& report) {
  Grid grid;
  std::set<Grid::Column> columns;
  std::map<CaseId, std::map<Grid::Column, Check>, RowOrder> rows;
  for (const CaseResult& result : report.cases) {
    if (result.id.control) continue;
    columns.insert(column_of(result.id));
    rows[result.id][column_of(result.id)].real = &result;
  }
  for (const CaseResult& result : report.cases) {
    if (!result.id.control) continue;
    const auto row = rows.find(result.id);
    if (row != rows.end()) row->second[column_of(result.id)].control = &result;
  }
  grid.columns.assign(columns.begin(), columns.end());
  for (const auto& [id, checks] : rows) {
    if (grid.families.empty() || grid.families.back().name != id.family) {
      grid.families.push_back({id.family, {}});
    }
    Grid::Row row{id, {}};
    for (const Grid::Column& column : grid.columns) {
      const auto found = checks.find(column);
      row.checks.push_back(found == checks.end() ? Check{} : found->second);
    }
    grid.families.back().rows.push_back(std::move(row));
  }
  return grid;
}

std::string matrix(const Grid& grid) {
  if (grid.families.empty()) return {};
  std::string out = "<div class=wide>" + overview(grid) + "</div>\n";
  out +=
      "<p class=legend><span class=\"sign pass\">✓</span> holds <span class=\"sign fail\">✗</span> "
      "failed <span class=\"sign broken\">!</span> broken: can't be trusted <span class=\"sign "
      "skip\">–</span> skipped; empty: not asked of that call. <span class=scripted hidden>A click "
      "or Enter on a cell shows what was seen inside and outside; arrows move.</span></p>\n";
  for (const Grid::Family& family : grid.families) out += family_matrix(family, grid.columns);
  return out;
}

std::string failures(const Report& report) {
  return alike(text::alike(report, VerdictKind::Fail), "fail") +
         alike(text::alike(report, VerdictKind::Broken), "broken");
}

std::string kernel(const std::vector<Splat>& splats) {
  constexpr std::size_t lines_shown = 120;
  std::string out;
  for (const Splat& splat : splats) {
    out += fmt::format("<article class=\"finding fail\">\n<h3>{}</h3>\n<pre>",
                       xml(splats::title(splat)));
    for (const std::string& line : splats::lines(splat, lines_shown)) out += xml(line) + '\n';
    out += "</pre>\n</article>\n";
  }
  return out;
}

std::string skipped(const Report& report) {
  std::string out;
  for (const SkipReasonName& reason : skip_reasons) {
    const text::Skipped group = text::skipped_for(reason.reason, report);
    if (group.ids.empty()) continue;
    out += fmt::format("<details class=skips><summary><h3>{}</h3> {}</summary>\n<ul class=ids>",
                       xml(reason.title), xml(text::skip_counts(group)));
    for (const std::string& id : group.ids) out += fmt::format("<li><code>{}</code>", xml(id));
    out += "</ul></details>\n<ul class=obstacles>";
    constexpr std::size_t shown = 8;
    for (std::size_t i = 0; i < std::min(shown, group.obstacles.size()); ++i) {
      out += fmt::format("<li>{}", xml(group.obstacles[i]));
    }
    if (group.obstacles.size() > shown) {
      out += fmt::format("<li>and {} more", group.obstacles.size() - shown);
    }
    out += "</ul>\n";
  }
  return out;
}

nlohmann::json seen(const Grid& grid) {
  Interned interned;
  nlohmann::json cases = nlohmann::json::array();
  for (const Grid::Family& family : grid.families) {
    for (const Grid::Row& row : family.rows) {
      for (const Check& check : row.checks) {
        if (check.real == nullptr) continue;
        // Not in braces: of one value compilers make a copy of it, or an array with it in.
        nlohmann::json one = nlohmann::json::array();
        one.push_back(case_data(*check.real, interned));
        if (check.control != nullptr) {
          one.push_back(id(check.control->verdict));
          one.push_back(case_data(*check.control, interned));
        }
        cases.push_back(std::move(one));
      }
    }
  }
  nlohmann::json data = interned.take();
  data["cases"] = std::move(cases);
  nlohmann::json columns = nlohmann::json::array();
  for (const Grid::Column& column : grid.columns) {
    CaseId way;
    way.method = column.method;
    way.variant = column.variant;
    columns.push_back({way.way(), id(column.privilege)});
  }
  data["columns"] = std::move(columns);
  return data;
}

}  // namespace nsbench::html
